//! Saved groups: lists of values, and conditions that several conditions share.

use throughline::internals::json::ValueRef;
use throughline::internals::plan::Op;

use super::{ConditionCompiler, Keys, NodeId, join};
use crate::condition::scope::KnownGroup;
use crate::source::tree::{Entry, Kind, Node};

/// Groups use each other no deeper than this.
const MAX_DEPTH: usize = 16;
/// One condition uses no more groups than this, each as often as it is named.
const MAX_USES: usize = 1_000;

impl ConditionCompiler<'_> {
    /// `$inGroup` and `$notInGroup`: the value is, or is not, among those of a list. A group that is no list has nobody, and
    /// nobody is outside of it.
    pub(super) fn in_group(&mut self, operand: &Node, path: &str, negated: bool) -> Option<NodeId> {
        let name = match operand.as_str() {
            Some(name) => name.to_owned(),
            None if self.is_strict() => return self.wrong_type(operand, path, "the name of a saved group"),
            None => ValueRef::from(&operand.to_value()).to_text().into_owned(),
        };
        let values = match self.scope.groups.get(&name) {
            Some(KnownGroup::Values(values) | KnownGroup::List { values, .. }) => values.clone(),
            Some(KnownGroup::Condition(_)) => {
                let message = format!("`{name}` is a condition, not a list");
                return self.mistake(operand.span, path, "wrong-type", message, |mistake| {
                    mistake.expected("`$savedGroup` for a saved group of any type");
                });
            }
            None if self.is_strict() => return self.unknown_group(operand, path, &name),
            None => Vec::new(),
        };
        let among = self.among(Op::In, &values);
        if negated { self.negate(Some(among)) } else { Some(among) }
    }

    /// `$savedGroup`: the subject is in a group. What GrowthBook does not understand here matches nobody.
    pub(super) fn saved_group(&mut self, reference: &Node, path: &str, keys: Keys) -> Option<NodeId> {
        let expected = "`{ id: …, attributeKey: … }`";
        let Some(name) = reference.get("id").and_then(Node::as_str).map(str::to_owned) else {
            return self.wrong_type(reference, path, expected);
        };
        let attribute = match reference.get("attributeKey").map(|node| (node, node.as_str())) {
            Some((node, None)) => {
                return self.wrong_type(node, &join(path, "attributeKey"), "the name of an attribute");
            }
            Some((_, key)) => key.map(str::to_owned),
            None => None,
        };
        let Some(group) = self.scope.groups.get(&name).cloned() else {
            return self.unknown_group(reference, path, &name);
        };
        match group {
            KnownGroup::List { attribute: own, values } => match attribute.or(own) {
                Some(key) => self.member_of(&key, &values, reference, path, keys),
                None => self.wrong_type(reference, path, "a group with an attribute"),
            },
            KnownGroup::Values(_) => self.wrong_type(reference, path, "a group with a type"),
            KnownGroup::Condition(condition) => self.group_condition(name, &condition, reference, path, keys),
        }
    }

    /// The attribute's value, or one of its elements, is among these.
    fn member_of(
        &mut self,
        key: &str,
        values: &[throughline::Value],
        reference: &Node,
        path: &str,
        keys: Keys,
    ) -> Option<NodeId> {
        let span = reference.span;
        let node = |kind| Node { span, kind };
        let entry = |key: &str, value| Entry { key: key.to_owned(), key_span: span, value };
        let list = node(Kind::List(values.iter().map(Node::from_value).collect()));
        let part = entry(key, node(Kind::Map(vec![entry("$in", list)])));
        match keys {
            Keys::Attributes => self.subject_part(key, &part, path),
            Keys::Members => self.member_part(key, &part, path),
        }
    }

    fn group_condition(
        &mut self,
        name: String,
        condition: &Node,
        reference: &Node,
        path: &str,
        keys: Keys,
    ) -> Option<NodeId> {
        if self.open.contains(&name) {
            let message = format!("the saved group `{name}` refers to itself");
            return self.mistake(reference.span, path, "circle", message, |mistake| {
                mistake.expected("conditions without a circular reference");
            });
        }
        self.groups = self.groups.saturating_add(1);
        if self.open.len() >= MAX_DEPTH
            || self.groups > MAX_USES
            || super::deeper_than(condition, super::MAX_DEPTH).is_some()
        {
            let message = format!("the saved group `{name}` is too complex for one condition");
            self.diagnostics
                .error(reference.span, path, "too-deep", message)
                .expected("groups that refer to fewer groups");
            return None;
        }
        self.open.push(name);
        let node = self.condition(condition, path, keys);
        self.open.pop();
        node
    }

    fn unknown_group(&mut self, node: &Node, path: &str, name: &str) -> Option<NodeId> {
        let message = format!("unknown saved group `{name}`");
        let known: Vec<String> = self.scope.groups.keys().cloned().collect();
        self.mistake(node.span, path, "unknown-group", message, |mistake| {
            mistake.expected_one_of(name, known.iter().map(String::as_str));
        })
    }
}
