//! Conditions that never hold, always hold, or are duplicated.

use std::collections::BTreeMap;

use throughline::canonical;

use super::Linter;
use super::definitions::items;
use super::logic::{Answer, Conflict, solve};
use crate::condition::tree::{Alternative, Condition, History, SubjectTest};
use crate::condition::{Dialect, When};
use crate::source::cursor::{Cursor, ReadContext};
use crate::source::tree::Node;

/// Checks every condition of the rules.
pub fn check(linter: &Linter<'_, '_>, out: &mut ReadContext<'_>) {
    linter.rules.conditions().for_each(|when| check_condition(linter, when, out));
    let filters = linter.rules.triggers().filter_map(|trigger| trigger.filter.as_ref());
    filters.for_each(|filter| {
        check_filter(linter, filter, out);
    });
    check_features(linter, out);
    check_segments(linter, out);
}

/// Checks the conditions of features and page experiments in this language. Those in GrowthBook's dialect
/// have its semantics and are skipped.
fn check_features(linter: &Linter<'_, '_>, out: &mut ReadContext<'_>) {
    let features = linter.rules.features.values().filter(|feature| feature.dialect == Dialect::Rules);
    let rules = features.flat_map(|feature| &feature.rules).flat_map(crate::rules::feature::Rule::conditions);
    let experiments = linter.rules.auto_experiments.iter().map(|(_, experiment)| experiment);
    let experiments = experiments.filter(|experiment| experiment.dialect == Dialect::Rules);
    for when in rules.chain(experiments.filter_map(|auto| auto.experiment.when.as_ref())) {
        check_condition(linter, when, out);
    }
}

fn check_condition<'a>(linter: &Linter<'_, 'a>, when: &When<'a>, out: &mut ReadContext<'_>) {
    check_lists(&when.cursor, out);
    // A mistake in a part makes the whole wrong; it is reported at the part.
    if check_parts(linter, when.condition(), out) {
        return;
    }
    let cursor = &when.cursor;
    match solve(&[&linter.conditions.read(when.condition(), true)]) {
        Answer::Never(conflict) => {
            // Segments that exclude each other are named, and not what they are made of.
            let by_name = linter.segments_as_names.read(when.condition(), true);
            let conflict = if let Answer::Never(named) = solve(&[&by_name]) { named } else { conflict };
            report_never(cursor, &conflict, "no facts satisfy this condition", out);
        }
        Answer::Unknown => {
            let message = "this condition has too many combinations of alternatives to check all of them";
            cursor.warning("unchecked", message, out).expected("fewer alternatives, or segments for parts of it");
        }
        Answer::Maybe if is_trivial(cursor.node) => {}
        Answer::Maybe => {
            if let Answer::Never(_) = solve(&[&linter.conditions.read(when.condition(), false)]) {
                let message = "all facts satisfy this condition";
                cursor.warning("always-true", message, out).expected("no condition, or one that excludes somebody");
            }
        }
    }
}

/// Returns whether the condition is empty, as one that is left empty on purpose.
fn is_trivial(node: &Node) -> bool {
    node.entries().is_empty()
}

/// Checks the filters of events and the alternatives in a condition; returns whether one of the filters is wrong.
fn check_parts<'a>(linter: &Linter<'_, 'a>, condition: &Condition<'a>, out: &mut ReadContext<'_>) -> bool {
    let mut is_wrong = false;
    condition.walk(&mut |part| match part {
        Condition::Any(alternatives) => check_alternatives(linter, alternatives, out),
        Condition::Subject { test: SubjectTest::History(tests), .. } => {
            for filter in tests.iter().flat_map(History::filters) {
                is_wrong |= check_filter(linter, filter, out);
            }
        }
        _ => {}
    });
    is_wrong
}

/// Reports the alternatives that never hold; if none can hold, the whole condition is reported.
fn check_alternatives<'a>(linter: &Linter<'_, 'a>, alternatives: &[Alternative<'a>], out: &mut ReadContext<'_>) {
    let mut never = Vec::new();
    for alternative in alternatives {
        let formula = linter.conditions.read(&alternative.condition, true);
        if let Answer::Never(conflict) = solve(&[&formula]) {
            never.push((&alternative.cursor, conflict.words()));
        }
    }
    if never.len() < alternatives.len() {
        for (cursor, words) in never {
            let message = format!("no facts satisfy this alternative: {words}");
            cursor.warning("never-true", message, out).expected("an alternative that can hold, or none");
        }
    }
}

fn check_filter<'a>(linter: &Linter<'_, 'a>, filter: &When<'a>, out: &mut ReadContext<'_>) -> bool {
    let formula = linter.conditions.read(filter.condition(), true);
    if let Answer::Never(conflict) = solve(&[&formula]) {
        report_never(&filter.cursor, &conflict, "no event can have these properties", out);
        return true;
    }
    false
}

/// Reports a condition that never holds, at the last part of the conflict.
fn report_never(cursor: &Cursor<'_>, conflict: &Conflict<'_, '_>, what: &str, out: &mut ReadContext<'_>) {
    let whole = cursor.node.span;
    let is_inside = |span: &crate::source::tree::Span| {
        span.file == whole.file && span.start >= whole.start && span.end <= whole.end && span.start < span.end
    };
    let spans = conflict.0.iter().filter_map(|literal| literal.said.span());
    let mark = spans.rev().find(is_inside).unwrap_or(cursor.mark);
    let there = Cursor { mark, ..cursor.clone() };
    there.error("never-true", format!("{what}: {}", conflict.words()), out).expected("a condition that can hold");
}

/// Reports duplicates in a list of conditions or of values.
fn check_lists(cursor: &Cursor<'_>, out: &mut ReadContext<'_>) {
    for item in items(cursor) {
        check_lists(&item, out);
    }
    for entry in cursor.node.entries() {
        let below = cursor.member(entry);
        if matches!(entry.key.as_str(), "$and" | "$or" | "$nor" | "$in" | "$nin" | "$ini" | "$nini" | "$all") {
            let mut seen = BTreeMap::new();
            for item in items(&below) {
                let written = canonical::to_string(&item.node.to_value());
                if let Some(first) = seen.get(&written).copied() {
                    let message = format!("this `{}` has the same item twice", entry.key);
                    let expected = format!("the item once; it is also at {}", out.location(first));
                    item.warning("duplicate-condition", message, out).expected(expected);
                } else {
                    seen.insert(written, item.mark);
                }
            }
        }
        check_lists(&below, out);
    }
}

/// Reports segments with equal conditions.
fn check_segments(linter: &Linter<'_, '_>, out: &mut ReadContext<'_>) {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for (id, cursor) in linter.definitions.section("segments") {
        let Some(when) = cursor.node.get("when") else { continue };
        let written = canonical::to_string(&when.to_value());
        match seen.get(&written) {
            Some(first) => {
                let message = format!("segment `{id}` has the same condition as segment `{first}`");
                cursor.warning("duplicate-condition", message, out).expected(format!("`$segment: {first}`"));
            }
            None => {
                seen.insert(written, id);
            }
        }
    }
}
