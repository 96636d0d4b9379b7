//! Operators that test a value.

use throughline::Value;
use throughline::internals::condition::padded_version;
use throughline::internals::json::ValueRef;
use throughline::internals::plan::Op;
use throughline::internals::text::lowercase;

use super::{Keys, LOGIC, Reader};
use crate::condition::tree::{Operator, ValueTest};
use crate::condition::vocabulary::KnownAttribute;
use crate::regex::{self, RegexError};
use crate::source::cursor::Cursor;
use crate::source::tree::{Entry, Kind, Span};

/// Every operator that tests a value.
const OPERATORS: [&str; 31] = [
    "$eq",
    "$ne",
    "$lt",
    "$lte",
    "$gt",
    "$gte",
    "$in",
    "$nin",
    "$ini",
    "$nini",
    "$inGroup",
    "$notInGroup",
    "$inCidr",
    "$ninCidr",
    "$inHashed",
    "$ninHashed",
    "$regex",
    "$regexi",
    "$exists",
    "$type",
    "$size",
    "$all",
    "$alli",
    "$elemMatch",
    "$not",
    "$veq",
    "$vne",
    "$vgt",
    "$vgte",
    "$vlt",
    "$vlte",
];

/// The types that `$type` knows.
const TYPES: [&str; 6] = ["string", "number", "boolean", "array", "object", "null"];

impl<'a> Reader<'_, 'a> {
    /// The test after an attribute's name: a bare value, or operators. All of them have to hold.
    pub(super) fn value(&mut self, cursor: &Cursor<'a>, attribute: Option<&KnownAttribute>) -> ValueTest<'a> {
        let entries = cursor.node.entries();
        let operators = entries.iter().filter(|entry| entry.key.starts_with('$')).count();
        if operators > 0 && operators == entries.len() {
            let part = |entry| self.operator(entry, &cursor.member(entry), attribute);
            return ValueTest::All(entries.iter().map(part).collect());
        }
        if operators > 0 && self.is_strict() {
            let error = self.error(cursor, "mixed-operators", "operators and member names are mixed");
            error.expected("only operators, or only member names");
            return ValueTest::Never;
        }
        self.check_bare_list(cursor, attribute);
        let test = self.constant(Op::Is, cursor, attribute);
        self.test("", cursor, test)
    }

    /// The test of an operator; never passes if the operand is a mistake.
    fn test(&self, name: &'a str, cursor: &Cursor<'a>, test: Option<Operator<'a>>) -> ValueTest<'a> {
        let dialect = self.dialect;
        test.map_or(ValueTest::Never, |test| ValueTest::Operator { name, source: cursor.node, dialect, test })
    }

    fn operator(&mut self, entry: &'a Entry, cursor: &Cursor<'a>, attribute: Option<&KnownAttribute>) -> ValueTest<'a> {
        let name = entry.key.as_str();
        if let ("$notRegex" | "$notRegexi", false) = (name, self.is_strict()) {
            let test = self.regex(cursor, name == "$notRegexi");
            return ValueTest::Not(Box::new(self.test(name, cursor, test)));
        }
        if name == "$not" {
            let test = self.nested(cursor, |reader| reader.value(cursor, attribute));
            return ValueTest::Not(Box::new(test.unwrap_or(ValueTest::Never)));
        }
        if let ("$in" | "$nin", Some(items)) = (name, cursor.items().filter(|_| self.is_version(attribute))) {
            let others = items.iter().map(|item| {
                let test = self.constant(Op::Eq, item, attribute);
                ValueTest::Not(Box::new(self.test("$eq", item, test)))
            });
            let none = ValueTest::All(others.collect());
            return if name == "$nin" { none } else { ValueTest::Not(Box::new(none)) };
        }
        let test = self.operand(entry, cursor, attribute);
        self.test(name, cursor, test)
    }

    fn operand(
        &mut self,
        entry: &Entry,
        cursor: &Cursor<'a>,
        attribute: Option<&KnownAttribute>,
    ) -> Option<Operator<'a>> {
        match entry.key.as_str() {
            "$eq" => self.identical(Op::Eq, cursor, attribute),
            "$ne" => self.identical(Op::Ne, cursor, attribute),
            "$lt" => self.relation(Op::Lt, cursor, attribute),
            "$lte" => self.relation(Op::Lte, cursor, attribute),
            "$gt" => self.relation(Op::Gt, cursor, attribute),
            "$gte" => self.relation(Op::Gte, cursor, attribute),
            "$in" => self.among(cursor, attribute, false, false),
            "$nin" => self.among(cursor, attribute, false, true),
            "$ini" => self.among(cursor, None, true, false),
            "$nini" => self.among(cursor, None, true, true),
            "$inGroup" => self.in_group(cursor, attribute, false),
            "$notInGroup" => self.in_group(cursor, attribute, true),
            "$inCidr" if self.is_strict() => self.networks(cursor, false),
            "$ninCidr" if self.is_strict() => self.networks(cursor, true),
            "$inHashed" if self.is_strict() => self.confidential(cursor, false),
            "$ninHashed" if self.is_strict() => self.confidential(cursor, true),
            "$regex" => self.regex(cursor, false),
            "$regexi" => self.regex(cursor, true),
            "$exists" => match cursor.node.kind {
                Kind::Bool(exists) => Some(Operator::Exists(exists)),
                _ if self.is_strict() => self.refuse(cursor, "`true` or `false`"),
                _ => Some(Operator::Exists(ValueRef::from(&cursor.node.to_value()).is_truthy())),
            },
            "$type" => match cursor.node.as_str() {
                Some(name) if TYPES.contains(&name) || !self.is_strict() => Some(Operator::Type(name)),
                _ => self.refuse(cursor, &format!("one of: {}", TYPES.join(", "))),
            },
            "$size" => self.nested(cursor, |reader| Operator::Size(Box::new(reader.value(cursor, None)))),
            "$all" => self.all_elements(cursor, false),
            "$alli" => self.all_elements(cursor, true),
            "$elemMatch" => self.nested(cursor, |reader| Operator::ElemMatch(Box::new(reader.element(cursor)))),
            "$veq" => self.version(Op::Veq, cursor),
            "$vne" => self.version(Op::Vne, cursor),
            "$vgt" => self.version(Op::Vgt, cursor),
            "$vgte" => self.version(Op::Vgte, cursor),
            "$vlt" => self.version(Op::Vlt, cursor),
            "$vlte" => self.version(Op::Vlte, cursor),
            key if LOGIC.contains(&key) || super::subject::OPERATORS.contains(&key) => {
                let message = format!("`{key}` is not allowed here");
                let mistake = self.mistake(entry.key_span, cursor, "misplaced-operator", message);
                mistake.expected("the operator around the attribute, not inside its condition");
                None
            }
            _ => {
                self.unknown_operator(entry, cursor, OPERATORS);
                None
            }
        }
    }

    fn refuse(&mut self, cursor: &Cursor<'_>, expected: &str) -> Option<Operator<'a>> {
        self.wrong_type(cursor, expected);
        None
    }

    /// `===` and `!==`: a list or an object is identical to nothing.
    fn identical(&mut self, op: Op, cursor: &Cursor<'_>, attribute: Option<&KnownAttribute>) -> Option<Operator<'a>> {
        if matches!(cursor.node.kind, Kind::List(_) | Kind::Map(_)) && self.is_strict() {
            return self.refuse(cursor, "a single value; write a list or an object without the operator");
        }
        self.constant(op, cursor, attribute)
    }

    /// A comparison with a constant that the attribute can have.
    fn constant(&mut self, op: Op, cursor: &Cursor<'_>, attribute: Option<&KnownAttribute>) -> Option<Operator<'a>> {
        if self.is_version(attribute) && matches!(cursor.node.kind, Kind::String(_) | Kind::Number(_)) {
            return self.version(version_op(op), cursor);
        }
        let value = self.typed(cursor, attribute)?;
        let is_possible = self.check_enum(value.as_str(), cursor.node.span, &cursor.path, attribute);
        is_possible.then_some(Operator::Compare(op, value))
    }

    /// `<` and its like: a list or an object is compared as its text, and a date also with the current time.
    fn relation(&mut self, op: Op, cursor: &Cursor<'_>, attribute: Option<&KnownAttribute>) -> Option<Operator<'a>> {
        match self.relative_date(cursor, attribute) {
            Some(Ok(length)) => return Some(Operator::FromNow(op, length)),
            Some(Err(error)) => {
                self.no_date(cursor, error.to_string());
                return None;
            }
            None => {}
        }
        let value = cursor.node.to_value();
        let constant = match cursor.node.kind {
            Kind::String(_) | Kind::Number(_) if self.is_version(attribute) => {
                return self.version(version_op(op), cursor);
            }
            Kind::Number(_) | Kind::String(_) => self.typed(cursor, attribute)?,
            _ if self.is_strict() => return self.refuse(cursor, "a number or a string"),
            Kind::List(_) | Kind::Map(_) => Value::String(ValueRef::from(&value).to_text().into_owned()),
            Kind::Null | Kind::Bool(_) => value,
        };
        Some(Operator::Compare(op, constant))
    }

    /// `$in` and its variants: a constant that the attribute never has is a mistake.
    fn among(
        &mut self,
        cursor: &Cursor<'a>,
        attribute: Option<&KnownAttribute>,
        ignore_case: bool,
        negated: bool,
    ) -> Option<Operator<'a>> {
        let Some(items) = cursor.items() else { return self.refuse(cursor, "a list of values") };
        let values: Option<Vec<Value>> = items.iter().map(|item| self.typed(item, attribute)).collect();
        let values = values?;
        let mut are_possible = true;
        for (item, value) in items.iter().zip(&values) {
            are_possible &= self.check_enum(value.as_str(), item.node.span, &item.path, attribute);
        }
        are_possible.then_some(Operator::Among { values, ignore_case, negated })
    }

    fn regex(&mut self, cursor: &Cursor<'_>, ignore_case: bool) -> Option<Operator<'a>> {
        let Some(pattern) = cursor.node.as_str() else { return self.refuse(cursor, "a regular expression") };
        let error = match regex::compile(pattern, ignore_case) {
            Ok(automaton) => {
                self.check_posix_class(pattern, cursor);
                let written = format!("/{pattern}/{}", if ignore_case { "i" } else { "" });
                return Some(Operator::Regex { automaton, written });
            }
            Err(error) => error,
        };
        let (span, message) = (cursor.node.span, error.to_string());
        let mistake = match error {
            // To GrowthBook's SDKs a string that is not a regular expression never matches; but they can do more than an
            // automaton.
            RegexError::Syntax { .. } | RegexError::Flags { .. } => self.mistake(span, cursor, "regex", message),
            _ => self.error(cursor, "regex", message),
        };
        mistake.expected = error.way_out().map(str::to_owned);
        None
    }

    /// `[[:alpha:]]` is valid in JavaScript, and means something else than in other languages.
    fn check_posix_class(&mut self, pattern: &str, cursor: &Cursor<'_>) {
        let classes = pattern.split("[:").skip(1).filter_map(|rest| rest.split_once(":]"));
        for (name, _) in classes.filter(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase())) {
            let message = format!("JavaScript has no class `[:{name}:]`");
            let warning = self.diagnostics.warning(cursor.node.span, &cursor.path, "posix-class", message);
            warning.expected("the characters themselves, such as `[A-Za-z]`, `[0-9]` or `\\s`");
        }
    }

    fn all_elements(&mut self, cursor: &Cursor<'a>, ignore_case: bool) -> Option<Operator<'a>> {
        let Some(items) = cursor.items() else { return self.refuse(cursor, "a list of values") };
        let element = |reader: &mut Self, item: &Cursor<'a>| match item.node.as_str() {
            Some(text) if ignore_case => {
                let test = Operator::IgnoreCase(lowercase(text));
                ValueTest::Operator { name: "$alli", source: item.node, dialect: reader.dialect, test }
            }
            _ => reader.value(item, None),
        };
        self.nested(cursor, |reader| Operator::All(items.iter().map(|item| element(reader, item)).collect()))
    }

    /// The test of an element: operators on itself, or a condition on its members.
    fn element(&mut self, cursor: &Cursor<'a>) -> ValueTest<'a> {
        let Kind::Map(entries) = &cursor.node.kind else {
            self.wrong_type(cursor, "operators, or a condition on the members of an element");
            return ValueTest::Never;
        };
        let is_operator = |entry: &Entry| entry.key.starts_with('$');
        let has_logic = self.is_strict() && entries.iter().any(|entry| LOGIC[..3].contains(&entry.key.as_str()));
        if !entries.is_empty() && entries.iter().all(is_operator) && !has_logic {
            return self.value(cursor, None);
        }
        ValueTest::Members(Box::new(self.condition(cursor, Keys::Members)))
    }

    fn version(&mut self, op: Op, cursor: &Cursor<'_>) -> Option<Operator<'a>> {
        if !matches!(cursor.node.kind, Kind::String(_) | Kind::Number(_)) && self.is_strict() {
            return self.refuse(cursor, "a version, such as `1.2.3`");
        }
        let value = cursor.node.to_value();
        let written = ValueRef::from(&value).to_text().into_owned();
        self.check_version(cursor, &written);
        Some(Operator::Version { op, padded: padded_version(ValueRef::from(&value)), written })
    }

    /// A bare list is compared as a whole, which is rarely meant for an attribute that is not a list.
    fn check_bare_list(&mut self, cursor: &Cursor<'_>, attribute: Option<&KnownAttribute>) {
        let is_list = attribute.is_none_or(|attribute| matches!(attribute.kind, "list" | "object"));
        if matches!(cursor.node.kind, Kind::List(_)) && !is_list && self.is_strict() {
            let message = "a list is compared as a whole, but this attribute is not a list";
            let warning = self.diagnostics.warning(cursor.node.span, &cursor.path, "bare-list", message);
            warning.expected("`$in` for one of several values");
        }
    }

    /// Checks that the attribute can have this string, if it is one.
    pub(super) fn check_enum(
        &mut self,
        found: Option<&str>,
        span: Span,
        path: &str,
        attribute: Option<&KnownAttribute>,
    ) -> bool {
        let values = attribute.map_or(&[] as &[String], |attribute| &attribute.values);
        let Some(found) = found.filter(|found| !values.is_empty() && !values.iter().any(|value| value == found)) else {
            return true;
        };
        let message = format!("the attribute never has the value `{found}`");
        let error = self.diagnostics.error(span, path, "unknown-value", message);
        error.expected_one_of(found, values.iter().map(String::as_str));
        false
    }
}

/// The comparison of versions that a comparison of values stands for.
const fn version_op(op: Op) -> Op {
    match op {
        Op::Ne => Op::Vne,
        Op::Lt => Op::Vlt,
        Op::Lte => Op::Vlte,
        Op::Gt => Op::Vgt,
        Op::Gte => Op::Vgte,
        _ => Op::Veq,
    }
}
