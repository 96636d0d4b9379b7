//! Saved groups: lists of values, and conditions that several conditions share.

use throughline::Value;
use throughline::internals::json::ValueRef;

use super::{Keys, LOGIC, Reader, join};
use crate::condition::tree::{Condition, Operator, ValueTest};
use crate::condition::vocabulary::{KnownAttribute, KnownGroup};
use crate::source::cursor::Cursor;
use crate::source::tree::{Node, Span};

/// Groups use each other no deeper than this.
const MAX_DEPTH: usize = 16;
/// One condition uses at most this number of groups, each counted as often as it is named.
const MAX_USES: usize = 1_000;

impl<'a> Reader<'_, 'a> {
    /// `$inGroup` and `$notInGroup`: the value is, or is not, among those of a list. A group that is not a list has no
    /// members, and nobody is outside of it.
    pub(super) fn in_group(
        &mut self,
        cursor: &Cursor<'a>,
        attribute: Option<&KnownAttribute>,
        negated: bool,
    ) -> Option<Operator<'a>> {
        let written;
        let name = match cursor.node.as_str() {
            Some(name) => name,
            None if self.is_strict() => {
                self.wrong_type(cursor, "the name of a saved group");
                return None;
            }
            None => {
                written = ValueRef::from(&cursor.node.to_value()).to_text().into_owned();
                &written
            }
        };
        let values = match self.vocabulary.groups.get(name) {
            Some(KnownGroup::Values(values) | KnownGroup::List { values, .. }) => {
                values.iter().map(|value| self.as_type(value, attribute)).collect()
            }
            Some(KnownGroup::Condition(_)) => {
                let message = format!("`{name}` is a condition, not a list");
                let mistake = self.mistake(cursor.node.span, cursor, "wrong-type", message);
                mistake.expected("`$savedGroup` for a saved group of any type");
                return None;
            }
            None if self.is_strict() => {
                self.unknown_group(cursor, name);
                return None;
            }
            None => Vec::new(),
        };
        Some(Operator::InGroup { values, negated })
    }

    /// `$savedGroup`: the subject is in a group. A reference that GrowthBook does not understand matches nobody.
    pub(super) fn saved_group(&mut self, cursor: &Cursor<'a>, keys: Keys) -> Condition<'a> {
        let condition = self.group(cursor, keys).unwrap_or(Condition::Never);
        Condition::SavedGroup { source: cursor.node, condition: Box::new(condition) }
    }

    fn group(&mut self, cursor: &Cursor<'a>, keys: Keys) -> Option<Condition<'a>> {
        let Some(name) = cursor.node.get("id").and_then(Node::as_str) else {
            self.wrong_type(cursor, "`{ id: …, attributeKey: … }`");
            return None;
        };
        let attribute = match cursor.get("attributeKey") {
            Some(key) if key.node.as_str().is_none() => {
                self.wrong_type(&key, "the name of an attribute");
                return None;
            }
            key => key.and_then(|key| key.node.as_str()),
        };
        let Some(group) = self.vocabulary.groups.get(name) else {
            self.unknown_group(cursor, name);
            return None;
        };
        let expected = match group {
            KnownGroup::List { attribute: own, values } => match attribute.or(*own) {
                Some(key) => return Some(self.member_of(key, values, cursor, keys)),
                None => "a group with an attribute",
            },
            KnownGroup::Values(_) => "a group with a type",
            KnownGroup::Condition(condition) => return self.group_condition(name, condition, cursor, keys),
        };
        self.wrong_type(cursor, expected);
        None
    }

    /// The attribute's value, or one of its elements, is among these.
    fn member_of(&mut self, key: &'a str, values: &[Value], cursor: &Cursor<'a>, keys: Keys) -> Condition<'a> {
        let test = |reader: &mut Self, attribute: Option<&KnownAttribute>| {
            let mut are_possible = true;
            let values: Vec<Value> = values.iter().map(|value| reader.as_type(value, attribute)).collect();
            for (at, value) in values.iter().enumerate() {
                let path = format!("{}[{at}]", join(&cursor.path, "$in"));
                are_possible &= reader.check_enum(value.as_str(), Span::default(), &path, attribute);
            }
            if !are_possible {
                return ValueTest::Never;
            }
            let test = Operator::Among { values, ignore_case: false, negated: false };
            ValueTest::Operator { name: "$in", source: cursor.node, dialect: reader.dialect, test }
        };
        let is_operator = key.starts_with('$') && self.is_strict();
        match keys {
            Keys::Members | Keys::Properties if is_operator => {
                let message = format!("unknown operator `{key}`");
                self.mistake(cursor.node.span, cursor, "unknown-operator", message).expected_one_of(key, LOGIC);
                Condition::Never
            }
            Keys::Members | Keys::Properties => Condition::Member { path: key, test: test(self, None) },
            Keys::Attributes => self.attribute_part(key, cursor.node.span, cursor, test),
        }
    }

    fn group_condition(
        &mut self,
        name: &'a str,
        condition: &'a Node,
        cursor: &Cursor<'a>,
        keys: Keys,
    ) -> Option<Condition<'a>> {
        if self.open.contains(&name) {
            let message = format!("the saved group `{name}` refers to itself");
            let mistake = self.mistake(cursor.node.span, cursor, "circle", message);
            mistake.expected("conditions without a circular reference");
            return None;
        }
        self.groups = self.groups.saturating_add(1);
        if self.open.len() >= MAX_DEPTH || self.groups > MAX_USES {
            let message = format!("the saved group `{name}` is too complex for one condition");
            self.error(cursor, "too-deep", message).expected("groups that refer to fewer groups");
            return None;
        }
        self.open.push(name);
        let condition = self.nested_condition(&Cursor { node: condition, ..cursor.clone() }, keys);
        self.open.pop();
        Some(condition)
    }

    fn unknown_group(&mut self, cursor: &Cursor<'_>, name: &str) {
        let known = &self.vocabulary.groups;
        let mistake = self.mistake(cursor.node.span, cursor, "unknown-group", format!("unknown saved group `{name}`"));
        mistake.expected_one_of(name, known.keys().copied());
    }
}
