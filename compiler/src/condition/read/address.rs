//! Constants that are compared with addresses: the plan has them in the normal form that the core gives to addresses.

use throughline::Value;
use throughline::internals::plan::Op;

use super::Reader;
use crate::address::normal;
use crate::condition::tree::{Operator, ValueTest};
use crate::source::cursor::Cursor;

/// The attributes of the request that are addresses.
const ATTRIBUTES: [&str; 3] = ["path", "url", "query"];
/// The properties of events that are addresses.
const PROPERTIES: [&str; 3] = ["path", "url", "search"];
/// The name under which the core keeps each of [`ATTRIBUTES`] as the request gives it, which GrowthBook's SDKs compare.
const AS_GIVEN: [&str; 3] = [" path", " url", " query"];

/// Returns the attribute that a condition in GrowthBook's language reads by this name.
pub(super) fn as_given(name: &str) -> &str {
    ATTRIBUTES.into_iter().zip(AS_GIVEN).find(|(known, _)| *known == name).map_or(name, |(_, given)| given)
}

/// Returns the names of the addresses as the request gives them.
pub const fn names_as_given() -> [&'static str; 3] {
    AS_GIVEN
}

impl<'a> Reader<'_, 'a> {
    /// Brings the constants in the test of an attribute to the normal form, if it is an address.
    pub(super) fn of_attribute(&mut self, name: &str, test: ValueTest<'a>, cursor: &Cursor<'a>) -> ValueTest<'a> {
        if self.is_strict() && ATTRIBUTES.contains(&name) { self.of_address(name, test, cursor) } else { test }
    }

    /// Brings the constants in the test of an event's property to the normal form, if it is an address.
    pub(super) fn of_property(&mut self, name: &str, test: ValueTest<'a>, cursor: &Cursor<'a>) -> ValueTest<'a> {
        if PROPERTIES.contains(&name) { self.of_address(name, test, cursor) } else { test }
    }

    fn of_address(&mut self, name: &str, test: ValueTest<'a>, cursor: &Cursor<'a>) -> ValueTest<'a> {
        match test {
            ValueTest::All(parts) => {
                ValueTest::All(parts.into_iter().map(|part| self.of_address(name, part, cursor)).collect())
            }
            ValueTest::Not(test) => ValueTest::Not(Box::new(self.of_address(name, *test, cursor))),
            ValueTest::Operator { name: operator, source, dialect, test } => {
                let cursor = Cursor { node: source, ..cursor.clone() };
                let test = self.operand_of_address(name, test, &cursor);
                ValueTest::Operator { name: operator, source, dialect, test }
            }
            ValueTest::Never | ValueTest::Members(_) => test,
        }
    }

    fn operand_of_address(&mut self, name: &str, test: Operator<'a>, cursor: &Cursor<'a>) -> Operator<'a> {
        match test {
            Operator::Compare(op, Value::String(text)) => {
                let is_whole = matches!(op, Op::Is | Op::Eq | Op::Ne);
                Operator::Compare(op, Value::String(self.constant_of_address(name, &text, is_whole, cursor)))
            }
            Operator::Among { values, ignore_case, negated } => {
                let normal = |value| match value {
                    Value::String(text) => Value::String(self.constant_of_address(name, &text, true, cursor)),
                    other => other,
                };
                Operator::Among { values: values.into_iter().map(normal).collect(), ignore_case, negated }
            }
            Operator::InHashed { values, negated } => {
                let values = values.into_iter().map(|text| normal(&text).unwrap_or(text));
                Operator::InHashed { values: values.collect(), negated }
            }
            Operator::Regex { automaton, written } => {
                if normal(&written).is_some() {
                    let message = "the pattern has percent-encoded characters, but addresses are decoded before they are compared";
                    let warning = self.diagnostics.warning(cursor.node.span, &cursor.path, "address", message);
                    warning.expected("the characters themselves, such as `é` in place of `%C3%A9`");
                }
                Operator::Regex { automaton, written }
            }
            other => other,
        }
    }

    /// Returns the normal form of a constant, and reports a path that no request has.
    fn constant_of_address(&mut self, name: &str, text: &str, is_whole: bool, cursor: &Cursor<'a>) -> String {
        if name == "path" && is_whole && (!text.starts_with('/') || text.contains(['?', '#'])) {
            let message = format!("no path is `{text}`");
            let warning = self.diagnostics.warning(cursor.node.span, &cursor.path, "address", message);
            warning.expected("a path from `/` on, without `?` and `#`; the attributes `query` and `url` have the rest");
        }
        normal(text).unwrap_or_else(|| text.to_owned())
    }
}
