//! Operators that test a value.

use std::cmp::Ordering;

use throughline::Value;
use throughline::internals::condition::padded_version;
use throughline::internals::json::ValueRef;
use throughline::internals::plan::tables::Constant;
use throughline::internals::plan::{Id, Op};
use throughline::internals::text::lowercase;

use super::{ConditionCompiler, Keys, LOGIC, NodeId, join, order_of};
use crate::condition::scope::KnownAttribute;
use crate::regex::{self, RegexError};
use crate::source::tree::{Entry, Kind, Node};

/// Every operator that tests a value.
const OPERATORS: [&str; 27] = [
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

impl ConditionCompiler<'_> {
    /// What stands after an attribute's name: a bare value, or operators. All of them have to hold.
    pub(super) fn value(&mut self, node: &Node, path: &str, attribute: Option<&KnownAttribute>) -> Option<NodeId> {
        let entries = node.entries();
        let operators = entries.iter().filter(|entry| entry.key.starts_with('$')).count();
        if operators > 0 && operators == entries.len() {
            let part = |entry: &Entry| self.operator(entry, &join(path, &entry.key), attribute);
            let parts = entries.iter().map(part).collect();
            return self.all_of(parts);
        }
        if operators > 0 && self.is_strict() {
            let message = "operators and member names are mixed";
            self.diagnostics
                .error(node.span, path, "mixed-operators", message)
                .expected("only operators, or only member names");
            return None;
        }
        self.check_bare_list(node, path, attribute);
        self.check_enum(node, path, attribute)?;
        let constant = self.constant(&node.to_value());
        Some(self.node(Op::Is, [constant.0, 0, 0, 0]))
    }

    fn operator(&mut self, entry: &Entry, path: &str, attribute: Option<&KnownAttribute>) -> Option<NodeId> {
        let operand = &entry.value;
        match entry.key.as_str() {
            "$eq" => self.identical(Op::Eq, operand, path, attribute),
            "$ne" => self.identical(Op::Ne, operand, path, attribute),
            "$lt" => self.relation(Op::Lt, operand, path),
            "$lte" => self.relation(Op::Lte, operand, path),
            "$gt" => self.relation(Op::Gt, operand, path),
            "$gte" => self.relation(Op::Gte, operand, path),
            "$in" | "$nin" | "$ini" | "$nini" => {
                let Kind::List(items) = &operand.kind else {
                    return self.wrong_type(operand, path, "a list of values");
                };
                let op = if entry.key.ends_with('i') { Op::Ini } else { Op::In };
                if op == Op::In {
                    let known = items.iter().enumerate();
                    let checks = known.map(|(at, item)| self.check_enum(item, &format!("{path}[{at}]"), attribute));
                    checks.collect::<Vec<_>>().into_iter().collect::<Option<()>>()?;
                }
                let among = self.among(op, &items.iter().map(Node::to_value).collect::<Vec<_>>());
                if entry.key.starts_with("$n") { self.negate(Some(among)) } else { Some(among) }
            }
            "$inGroup" => self.in_group(operand, path, false),
            "$notInGroup" => self.in_group(operand, path, true),
            "$regex" => self.regex(operand, path, false),
            "$regexi" => self.regex(operand, path, true),
            "$exists" => {
                let exists = match operand.kind {
                    Kind::Bool(exists) => exists,
                    _ if self.is_strict() => return self.wrong_type(operand, path, "`true` or `false`"),
                    _ => ValueRef::from(&operand.to_value()).is_truthy(),
                };
                Some(self.node(Op::Exists, [u32::from(exists), 0, 0, 0]))
            }
            "$type" => match operand.as_str() {
                Some(name) if TYPES.contains(&name) || !self.is_strict() => {
                    let name = self.plan.text(name);
                    Some(self.node(Op::Type, [name.0, 0, 0, 0]))
                }
                _ => self.wrong_type(operand, path, &format!("one of: {}", TYPES.join(", "))),
            },
            "$size" => {
                let size = self.value(operand, path, None)?;
                Some(self.node(Op::Size, [size.0, 0, 0, 0]))
            }
            "$all" => self.all_elements(operand, path, false),
            "$alli" => self.all_elements(operand, path, true),
            "$elemMatch" => {
                let element = self.element(operand, path)?;
                Some(self.node(Op::ElemMatch, [element.0, 0, 0, 0]))
            }
            "$not" => {
                let value = self.value(operand, path, attribute);
                self.negate(value)
            }
            "$veq" => self.version(Op::Veq, operand, path),
            "$vne" => self.version(Op::Vne, operand, path),
            "$vgt" => self.version(Op::Vgt, operand, path),
            "$vgte" => self.version(Op::Vgte, operand, path),
            "$vlt" => self.version(Op::Vlt, operand, path),
            "$vlte" => self.version(Op::Vlte, operand, path),
            key if LOGIC.contains(&key) || super::subject::OPERATORS.contains(&key) => {
                let message = format!("`{key}` is not allowed here");
                self.mistake(entry.key_span, path, "misplaced-operator", message, |mistake| {
                    mistake.expected("the operator around the attribute, not inside its condition");
                })
            }
            _ => self.unknown_operator(entry, path, OPERATORS),
        }
    }

    /// `===` and `!==`: a list or an object is identical to nothing.
    fn identical(&mut self, op: Op, operand: &Node, path: &str, attribute: Option<&KnownAttribute>) -> Option<NodeId> {
        if matches!(operand.kind, Kind::List(_) | Kind::Map(_)) && self.is_strict() {
            return self.wrong_type(operand, path, "a single value; write a list or an object without the operator");
        }
        self.check_enum(operand, path, attribute)?;
        let constant = self.constant(&operand.to_value());
        Some(self.node(op, [constant.0, 0, 0, 0]))
    }

    /// `<` and its like: a list or an object is compared as its text.
    fn relation(&mut self, op: Op, operand: &Node, path: &str) -> Option<NodeId> {
        let value = operand.to_value();
        let constant = match operand.kind {
            Kind::Number(_) | Kind::String(_) => value,
            _ if self.is_strict() => return self.wrong_type(operand, path, "a number or a string"),
            Kind::List(_) | Kind::Map(_) => Value::String(ValueRef::from(&value).to_text().into_owned()),
            Kind::Null | Kind::Bool(_) => value,
        };
        let constant = self.constant(&constant);
        Some(self.node(op, [constant.0, 0, 0, 0]))
    }

    /// The value is among these. Sorted, so that the evaluation can search; lists and objects are identical to nothing.
    pub(super) fn among(&mut self, op: Op, values: &[Value]) -> NodeId {
        let folded = |value: &Value| match value {
            Value::String(text) if op == Op::Ini => Value::String(lowercase(text)),
            other => other.clone(),
        };
        let order = |a: &Value, b: &Value| ValueRef::from(a).order(ValueRef::from(b));
        let mut values: Vec<Value> = values.iter().filter(|value| is_single(value)).map(folded).collect();
        values.sort_by(order);
        values.dedup_by(|a, b| order(a, b) == Ordering::Equal);
        let mut constants: Vec<Id<Constant>> = values.iter().map(|value| self.constant(value)).collect();
        constants.sort_by(|a, b| order_of(self.plan, *a, *b));
        let (start, len) = self.plan.ids(&constants).words();
        self.node(op, [start, len, 0, 0])
    }

    fn regex(&mut self, operand: &Node, path: &str, ignore_case: bool) -> Option<NodeId> {
        let Some(pattern) = operand.as_str() else { return self.wrong_type(operand, path, "a regular expression") };
        match regex::compile(pattern, ignore_case) {
            Ok(automaton) => {
                let written = format!("/{pattern}/{}", if ignore_case { "i" } else { "" });
                let (automaton, written) = (self.plan.regex(automaton), self.plan.text(&written));
                Some(self.node(Op::Regex, [automaton.0, written.0, 0, 0]))
            }
            // GrowthBook's SDKs take what is no regular expression for one that never matches; but they can do more than an automaton.
            Err(error @ RegexError::Syntax { .. }) => {
                self.mistake(operand.span, path, "regex", error.to_string(), |mistake| {
                    mistake.expected = error.way_out().map(str::to_owned);
                })
            }
            Err(error) => {
                let mistake = self.diagnostics.error(operand.span, path, "regex", error.to_string());
                mistake.expected = error.way_out().map(str::to_owned);
                None
            }
        }
    }

    fn all_elements(&mut self, operand: &Node, path: &str, ignore_case: bool) -> Option<NodeId> {
        let Kind::List(items) = &operand.kind else { return self.wrong_type(operand, path, "a list of values") };
        let items = items.iter().enumerate();
        let elements: Vec<Option<NodeId>> = items
            .map(|(index, item)| match item.as_str() {
                Some(text) if ignore_case => {
                    let text = self.plan.text(&lowercase(text));
                    Some(self.node(Op::Isi, [text.0, 0, 0, 0]))
                }
                _ => self.value(item, &format!("{path}[{index}]"), None),
            })
            .collect();
        let elements: Vec<NodeId> = elements.into_iter().collect::<Option<_>>()?;
        let (start, len) = self.plan.ids(&elements).words();
        Some(self.node(Op::All, [start, len, 0, 0]))
    }

    /// What an element has to satisfy: operators on itself, or a condition on its members.
    fn element(&mut self, operand: &Node, path: &str) -> Option<NodeId> {
        let Kind::Map(entries) = &operand.kind else {
            return self.wrong_type(operand, path, "operators, or a condition on the members of an element");
        };
        let is_operator = |entry: &Entry| entry.key.starts_with('$');
        let has_logic = self.is_strict() && entries.iter().any(|entry| LOGIC[..3].contains(&entry.key.as_str()));
        if !entries.is_empty() && entries.iter().all(is_operator) && !has_logic {
            return self.value(operand, path, None);
        }
        self.condition(operand, path, Keys::Members)
    }

    fn version(&mut self, op: Op, operand: &Node, path: &str) -> Option<NodeId> {
        if !matches!(operand.kind, Kind::String(_) | Kind::Number(_)) && self.is_strict() {
            return self.wrong_type(operand, path, "a version, such as `1.2.3`");
        }
        let value = operand.to_value();
        let padded = self.plan.text(&padded_version(ValueRef::from(&value)));
        let written = self.plan.text(&ValueRef::from(&value).to_text());
        Some(self.node(op, [padded.0, written.0, 0, 0]))
    }

    /// A bare list is compared as a whole, which is rarely meant for an attribute that is no list.
    fn check_bare_list(&mut self, node: &Node, path: &str, attribute: Option<&KnownAttribute>) {
        let is_list = attribute.is_none_or(|attribute| matches!(attribute.kind, "list" | "object"));
        if matches!(node.kind, Kind::List(_)) && !is_list && self.is_strict() {
            let message = "a list is compared as a whole, but this attribute is not a list";
            self.diagnostics.warning(node.span, path, "bare-list", message).expected("`$in` for one of several values");
        }
    }

    /// Whether the attribute can have this value.
    fn check_enum(&mut self, node: &Node, path: &str, attribute: Option<&KnownAttribute>) -> Option<()> {
        let Some(found) = node.as_str() else { return Some(()) };
        let values = attribute.map_or(&[] as &[String], |attribute| &attribute.values);
        if values.is_empty() || values.iter().any(|value| value == found) {
            return Some(());
        }
        let message = format!("the attribute never has the value `{found}`");
        let error = self.diagnostics.error(node.span, path, "unknown-value", message);
        error.expected_one_of(found, values.iter().map(String::as_str));
        None
    }

    pub(super) fn constant(&mut self, value: &Value) -> Id<Constant> {
        super::constant(self.plan, value)
    }
}

const fn is_single(value: &Value) -> bool {
    !matches!(value, Value::Array(_) | Value::Object(_))
}
