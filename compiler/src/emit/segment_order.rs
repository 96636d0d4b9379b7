//! The order of segments, which use each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::condition::ConditionUses;
use crate::rules::Rules;
use crate::source::cursor::ReadContext;

/// The segments, each after those that it uses; tells of a circle.
pub fn sort<'s>(
    rules: &Rules<'_>,
    segments: &BTreeMap<&'s str, ConditionUses<'_>>,
    out: &mut ReadContext<'_>,
) -> Vec<&'s str> {
    let mut sorted: Vec<&'s str> = Vec::new();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for start in segments.keys() {
        // A stack of its own: segments may be chained deeper than the machine's stack is.
        let mut way: Vec<(&'s str, Vec<&'s str>)> = Vec::new();
        let children = |id: &str| -> Vec<&'s str> {
            let uses = segments.get(id).into_iter().flat_map(|uses| &uses.segments);
            uses.filter_map(|name| segments.get_key_value(name.as_str()).map(|(id, _)| *id)).collect()
        };
        if done.insert(start) {
            way.push((start, children(start)));
        }
        while let Some((id, left)) = way.last_mut() {
            let id = *id;
            match left.pop() {
                None => {
                    sorted.push(id);
                    way.pop();
                }
                Some(next) if done.insert(next) => way.push((next, children(next))),
                Some(next) => {
                    if let Some(from) = way.iter().position(|(open, _)| *open == next) {
                        let circle = way.get(from..).unwrap_or_default().iter().map(|(id, _)| *id);
                        report_cycle(rules, circle.chain([next]), out);
                        return sorted;
                    }
                }
            }
        }
    }
    sorted
}

fn report_cycle<'s>(rules: &Rules<'_>, circle: impl Iterator<Item = &'s str>, out: &mut ReadContext<'_>) {
    let circle: Vec<&str> = circle.collect();
    let Some(segment) = circle.first().and_then(|id| rules.segments.get(id)) else { return };
    let message = format!("circular reference between segments: {}", circle.join(" -> "));
    segment.cursor.error("circle", message, out).expected("conditions without a circular reference");
}
