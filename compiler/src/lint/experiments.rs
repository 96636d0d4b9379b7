//! Experiments that bias each other.

use std::collections::{BTreeMap, BTreeSet};

use super::Linter;
use super::logic::{Formula, overlap};
use super::reach::MessageReach;
use crate::rules::experiment::Experiment;
use crate::source::cursor::ReadContext;

/// The keys of an experiment that the lints understand.
///
/// This is not the list of all keys: a new key is unknown to the lints until each of them was checked for it.
const UNDERSTOOD: [&str; 11] = [
    "unit",
    "seed",
    "hashVersion",
    "coverage",
    "variations",
    "sticky",
    "bucketVersion",
    "minBucketVersion",
    "exclusion",
    "when",
    "active",
];
/// The maximum number of pairs of campaigns that are compared per slot.
const MAX_PAIRS: usize = 400;

/// Checks the experiments of all campaigns.
pub fn check<'r, 'a>(linter: &Linter<'r, 'a>, reaches: &[MessageReach<'r, 'a>], out: &mut ReadContext<'_>) {
    check_weights(linter, out);
    check_seeds(linter, reaches, out);
    let mut reported = BTreeSet::new();
    for (slot, _) in &linter.rules.slots {
        let has_slot =
            |reach: &&MessageReach<'r, 'a>| reach.campaign.slots.iter().any(|placement| placement.slot.name == *slot);
        let with: Vec<_> = reaches
            .iter()
            .filter(has_slot)
            .filter_map(|reach| Some((reach, running(linter, reach.campaign.experiment.as_ref()?.name)?)))
            .collect();
        check_slot(linter, slot, &with, &mut reported, out);
    }
}

/// Returns the experiment, if it runs and is understood completely.
fn running<'r, 'a>(linter: &Linter<'r, 'a>, id: &str) -> Option<(&'a str, &'r Experiment<'a>)> {
    let (id, experiment) = linter.rules.experiments.get_key_value(id)?;
    let is_understood = linter.definitions.has_only("experiments", id, &UNDERSTOOD);
    (is_understood && experiment.active && experiment.coverage > 0.0).then_some((id, experiment))
}

fn unit<'e>(experiment: &'e Experiment<'_>) -> &'e str {
    experiment.unit.as_ref().map_or("id", |unit| unit.name)
}

/// Reports experiments in which one variation gets everybody.
fn check_weights(linter: &Linter<'_, '_>, out: &mut ReadContext<'_>) {
    for (id, experiment) in &linter.rules.experiments {
        let Some(cursor) = linter.definitions.key("experiments", id, "variations") else { continue };
        if experiment.variations.iter().filter(|(_, weight)| *weight > 0.0).count() == 1 {
            let message = format!("one variation of experiment `{id}` gets all the traffic, so it compares nothing");
            cursor.warning("compares-nothing", message, out).expected("a weight for at least two variations");
        }
    }
}

/// Returns whether an exclusion group keeps the subjects of two experiments apart.
fn are_apart<'a>(first: &Experiment<'a>, second: &Experiment<'a>) -> bool {
    let [first, second] = [first, second].map(|experiment| experiment.exclusion.as_ref());
    first.zip(second).is_some_and(|(first, second)| first.group.name == second.group.name)
}

/// Reports experiments with the same seed: the first variation of one gets the subjects of the other's first.
fn check_seeds<'r, 'a>(linter: &Linter<'r, 'a>, reaches: &[MessageReach<'r, 'a>], out: &mut ReadContext<'_>) {
    let used: BTreeSet<&str> =
        reaches.iter().filter_map(|reach| reach.campaign.experiment.as_ref()).map(|named| named.name).collect();
    let mut seen: BTreeMap<(&str, &str), (&str, &Experiment<'_>)> = BTreeMap::new();
    for (id, experiment) in used.into_iter().filter_map(|id| running(linter, id)) {
        let seed = experiment.seed.unwrap_or(id);
        let Some((first, other)) = seen.insert((seed, unit(experiment)), (id, experiment)) else { continue };
        if are_apart(other, experiment) {
            continue;
        }
        let Some(cursor) = linter.definitions.key("experiments", id, "seed") else { continue };
        let message = format!(
            "experiments `{first}` and `{id}` have the same seed `{seed}`, so their assignments are correlated"
        );
        cursor.warning("correlated-experiments", message, out).expected("a different seed for each experiment");
    }
}

fn check_slot<'r, 'a>(
    linter: &Linter<'r, 'a>,
    slot: &str,
    with: &[(&MessageReach<'r, 'a>, (&'a str, &'r Experiment<'a>))],
    reported: &mut BTreeSet<(&'a str, &'a str)>,
    out: &mut ReadContext<'_>,
) {
    let pairs = with.iter().enumerate().flat_map(|(at, first)| {
        let others = with.get(at.saturating_add(1)..).unwrap_or_default();
        others.iter().map(move |second| (first, second))
    });
    for ((one, (first, experiment)), (other, (second, rival))) in pairs.take(MAX_PAIRS) {
        let can_meet = first != second && unit(experiment) == unit(rival) && !are_apart(experiment, rival);
        if !can_meet || reported.contains(&(first, second)) {
            continue;
        }
        let when = |experiment: &Experiment<'a>| {
            let when = experiment.when.as_ref();
            when.map_or_else(|| Formula::constant(true), |when| linter.conditions.read(when.condition(), true))
        };
        let (a, b) = (when(experiment), when(rival));
        let [w, x] = one.eligible_when();
        let [y, z] = other.eligible_when();
        if !overlap(&[w, x, y, z, &a, &b]) {
            continue;
        }
        reported.insert((first, second));
        let Some(named) = &other.campaign.experiment else { continue };
        let message = format!(
            "experiments `{first}` of `{}` and `{second}` of `{}` overlap in slot `{slot}`, so each affects the other's result",
            one.id, other.id
        );
        let expected = "mutually exclusive conditions, or one experiment";
        named.cursor.warning("overlapping-experiments", message, out).expected(expected);
    }
}
