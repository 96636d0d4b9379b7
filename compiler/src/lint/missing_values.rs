//! Tests for which a missing value once had another result: with JavaScript's conversions, as in GrowthBook's dialect.
//!
//! It is for rules that are older than the rules' own reading of values, so it has to be switched on.

use throughline::internals::plan::Op;
use throughline::{Object, Value};

use super::Linter;
use crate::condition::tree::{Condition, History, Operator, SubjectTest, ValueTest};
use crate::condition::{Dialect, When, holds_for};
use crate::rules::feature::Rule;
use crate::source::cursor::{Cursor, ReadContext};
use crate::source::tree::Node;

/// Checks every condition in the rules' own dialect, if the rules ask for it.
pub fn check(linter: &Linter<'_, '_>, out: &mut ReadContext<'_>) {
    if !linter.rules.lint.missing_values {
        return;
    }
    let features = linter.rules.features.values().filter(|feature| feature.dialect == Dialect::Rules);
    let features = features.flat_map(|feature| &feature.rules).flat_map(Rule::conditions);
    let filters = linter.rules.triggers().filter_map(|trigger| trigger.filter.as_ref());
    for when in linter.rules.conditions().chain(features).chain(filters) {
        check_condition(when, out);
    }
}

fn check_condition(when: &When<'_>, out: &mut ReadContext<'_>) {
    when.condition().walk(&mut |part| match part {
        Condition::Attribute(attribute) => check_test(when, &attribute.test, out),
        Condition::Member { test, .. } => check_test(when, test, out),
        Condition::Subject { test: SubjectTest::History(tests), .. } => {
            tests.iter().flat_map(History::filters).for_each(|filter| check_condition(filter, out));
        }
        _ => {}
    });
}

fn check_test(when: &When<'_>, test: &ValueTest<'_>, out: &mut ReadContext<'_>) {
    let [before, now] = [Dialect::GrowthBook, Dialect::Rules].map(|dialect| passes(test, dialect));
    let Some(node) = first(test).filter(|_| before != now) else { return };
    let message = if before {
        "a missing value passed this test before it was read as its type, and does not any more"
    } else {
        "a missing value did not pass this test before it was read as its type, and does now"
    };
    let cursor = Cursor { mark: node.span, ..when.cursor.clone() };
    let expected =
        "`$exists: true` beside it for those who have a value, or `$or` with `$exists: false` for the others, too";
    cursor.warning("missing-value", message, out).expected(expected);
}

/// Returns the first operand in a test.
fn first<'a>(test: &ValueTest<'a>) -> Option<&'a Node> {
    match test {
        ValueTest::All(parts) => parts.iter().find_map(first),
        ValueTest::Not(test) => first(test),
        ValueTest::Operator { source, .. } => Some(source),
        ValueTest::Never | ValueTest::Members(_) => None,
    }
}

/// Returns whether a missing value passes a test of a dialect.
fn passes(test: &ValueTest<'_>, dialect: Dialect) -> bool {
    match test {
        ValueTest::All(parts) => parts.iter().all(|part| passes(part, dialect)),
        ValueTest::Not(test) => !passes(test, dialect),
        ValueTest::Never | ValueTest::Members(_) => false,
        ValueTest::Operator { name, source, test, .. } => operator_passes(name, source, test, dialect),
    }
}

fn operator_passes(name: &str, source: &Node, operator: &Operator<'_>, dialect: Dialect) -> bool {
    let test = match operator {
        Operator::Among { values, negated, .. } | Operator::InGroup { values, negated } => {
            return values.contains(&Value::Null) != *negated;
        }
        Operator::InCidr { negated, .. } | Operator::InHashed { negated, .. } => return *negated,
        Operator::Exists(exists) => return !exists,
        Operator::Type(name) => return *name == "null",
        Operator::FromNow(..)
        | Operator::Size(_)
        | Operator::All(_)
        | Operator::ElemMatch(_)
        | Operator::IgnoreCase(_) => {
            return false;
        }
        Operator::Regex { automaton, written } => {
            Operator::Regex { automaton: automaton.clone(), written: written.clone() }
        }
        Operator::Version { op, padded, written } if name.starts_with("$v") => {
            Operator::Version { op: *op, padded: padded.clone(), written: written.clone() }
        }
        // Constants were not read as the attribute's type either.
        Operator::Compare(..) | Operator::Version { .. } => {
            Operator::Compare(Op::from_name(name).unwrap_or(Op::Is), source.to_value())
        }
    };
    let test = ValueTest::Operator { name: "", source, dialect, test };
    holds_for(&Condition::Member { path: "value", test }, &[&Object::new()]).contains(&true)
}
