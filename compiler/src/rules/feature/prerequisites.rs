//! Chains of prerequisites between features.

use std::collections::BTreeMap;

use throughline::MAX_FEATURE_DEPTH;

use super::Parent;
use crate::rules::Rules;
use crate::source::cursor::ReadContext;

/// Reports features whose chain of prerequisites is too long. Cycles have no length; evaluation ends them.
///
/// Features are visited after their prerequisites, so each is visited once.
pub fn check_chains(rules: &Rules<'_>, out: &mut ReadContext<'_>) {
    let mut children: BTreeMap<&str, Vec<(&str, &Parent<'_>)>> = BTreeMap::new();
    let mut waiting: BTreeMap<&str, usize> = BTreeMap::new();
    for (id, feature) in &rules.features {
        let parents = feature.rules.iter().flat_map(|rule| &rule.parents);
        let known = parents.filter(|parent| rules.features.contains_key(parent.feature.name));
        waiting.insert(id, known.clone().count());
        known.for_each(|parent| children.entry(parent.feature.name).or_default().push((id, parent)));
    }
    let free = waiting.iter().filter(|(_, count)| **count == 0).map(|(id, _)| (*id, 1));
    let mut lengths: BTreeMap<&str, usize> = free.clone().collect();
    let mut ready: Vec<&str> = free.map(|(id, _)| id).collect();
    while let Some(id) = ready.pop() {
        let length = lengths.get(id).map_or(1, |length| length.saturating_add(1));
        for (child, parent) in children.remove(id).unwrap_or_default() {
            let longest = lengths.entry(child).or_default();
            if length > MAX_FEATURE_DEPTH && *longest <= MAX_FEATURE_DEPTH {
                let message = format!("`{child}` depends on a chain of {length} features");
                let expected = format!("a chain of at most {MAX_FEATURE_DEPTH} features");
                parent.feature.cursor.error("too-deep", message, out).expected(expected);
            }
            *longest = length.max(*longest);
            if let Some(count) = waiting.get_mut(child) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ready.push(child);
                }
            }
        }
    }
}
