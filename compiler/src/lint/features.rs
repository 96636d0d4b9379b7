//! Rules of features whose value nobody gets.

use throughline::{Object, Value};

use super::Linter;
use super::definitions::{items, member};
use super::logic::{Answer, Formula, solve};
use crate::condition::{Dialect, When, holds_for};
use crate::rules::feature::{Effect, Feature, Parent, Rule};
use crate::source::cursor::{Cursor, ReadContext};

/// The maximum number of earlier rules of a feature that are compared with a rule.
const MAX_RIVALS: usize = 64;
/// The maximum number of values of a feature with which prerequisites are compared.
const MAX_VALUES: usize = 1_000;

/// Checks the rules of each feature in order, and the prerequisites of rules and experiments.
pub fn check(linter: &Linter<'_, '_>, out: &mut ReadContext<'_>) {
    for (key, feature) in &linter.rules.features {
        let rules = rules(linter, key, feature);
        check_reach(linter, feature, &rules, out);
        for (rule, cursor) in rules {
            check_prerequisites(linter, &rule.parents, out);
            check_share(rule, &cursor, out);
        }
    }
    for (_, experiment) in &linter.rules.auto_experiments {
        check_prerequisites(linter, &experiment.experiment.parents, out);
    }
    check_leaves(linter, out);
}

/// Returns the rules of a feature with their positions.
pub fn rules<'r, 'a>(linter: &Linter<'r, 'a>, key: &str, feature: &'r Feature<'a>) -> Vec<(&'r Rule<'a>, Cursor<'a>)> {
    let cursor = linter.definitions.key("features", key, "rules");
    feature.rules.iter().zip(cursor.iter().flat_map(items)).collect()
}

/// Returns the formula of a feature's condition, or of its negation. A condition in GrowthBook's dialect is
/// opaque:
/// it only equals itself.
pub fn condition_formula<'a>(
    linter: &Linter<'_, 'a>,
    when: Option<&When<'a>>,
    dialect: Dialect,
    holds: bool,
) -> Formula<'a> {
    match (when, dialect) {
        (None, _) => Formula::constant(holds),
        (Some(when), Dialect::Rules) => linter.conditions.read(when.condition(), holds),
        (Some(when), Dialect::GrowthBook) => linter.conditions.opaque("", "", when.node(), holds),
    }
}

/// Reports rules that are never reached, because those before them provide values for all their subjects.
fn check_reach<'a>(
    linter: &Linter<'_, 'a>,
    feature: &Feature<'a>,
    rules: &[(&Rule<'a>, Cursor<'a>)],
    out: &mut ReadContext<'_>,
) {
    let mut before: Vec<(&Cursor<'a>, Formula<'a>)> = Vec::new();
    for (rule, cursor) in rules {
        let condition = rule.conditions().first().copied();
        let applies = condition_formula(linter, condition, feature.dialect, true);
        if gives(rule) && !matches!(solve(&[&applies]), Answer::Never(_)) {
            let left: Vec<&Formula<'a>> = before.iter().map(|(_, excluded)| excluded).chain([&applies]).collect();
            if let Answer::Never(_) = solve(&left) {
                let takes_all = |excluded: &&(&Cursor<'a>, Formula<'a>)| {
                    matches!(solve(&[&applies, &excluded.1]), Answer::Never(_))
                };
                let who = before.iter().find(takes_all).map_or_else(
                    || "the rules before it provide values".to_owned(),
                    |(other, _)| format!("the rule at {} provides a value", out.location(other.mark)),
                );
                let message = format!("this rule is never reached: {who} for everybody that this one matches");
                let expected = "this rule before the other one, or a narrower condition there";
                cursor.warning("unreachable-rule", message, out).expected(expected);
                continue;
            }
        }
        if gives_always(rule) {
            if before.len() == MAX_RIVALS {
                let message = format!("rules after this one were only compared with the first {MAX_RIVALS} rules");
                cursor.warning("unchecked", message, out).expected("fewer rules in one feature");
                return;
            }
            before.push((cursor, condition_formula(linter, condition, feature.dialect, false)));
        }
    }
}

/// Returns whether providing a value is all that the rule does. A rule with a gate can also disable the
/// feature.
fn gives(rule: &Rule<'_>) -> bool {
    !matches!(rule.effect, Effect::Nothing) && !rule.parents.iter().any(|parent| parent.gate)
}

/// Returns whether every subject who satisfies the rule's condition gets its value.
fn gives_always(rule: &Rule<'_>) -> bool {
    matches!(rule.effect, Effect::Force { rollout: None, .. }) && rule.parents.is_empty() && rule.filters.is_empty()
}

/// Reports a rollout or filter whose share is empty.
fn check_share(rule: &Rule<'_>, cursor: &Cursor<'_>, out: &mut ReadContext<'_>) {
    let Effect::Force { rollout: Some(rollout), .. } = &rule.effect else { return };
    let (from, to) = rollout.range;
    let is_empty = if rollout.inclusive { from > to } else { from >= to };
    if is_empty {
        let cursor = ["range", "coverage"].iter().find_map(|key| member(cursor, key)).unwrap_or_else(|| cursor.clone());
        cursor.warning("no-effect", "the share is empty, so nobody gets the value", out).expected("a share above 0");
    }
}

/// Reports weights of a bandit after those for all subjects.
fn check_leaves(linter: &Linter<'_, '_>, out: &mut ReadContext<'_>) {
    for (id, bandit) in &linter.rules.bandits {
        let places = linter.definitions.key("contextualBandits", id, "contexts").map(|cursor| items(&cursor));
        let for_all = bandit.leaves.iter().position(|leaf| leaf.when(Dialect::Rules).is_none()).unwrap_or(usize::MAX);
        if let Some(cursor) = places.and_then(|places| places.into_iter().nth(for_all.saturating_add(1))) {
            let message = "these weights are never used: the weights before them apply to everybody";
            cursor.warning("unreachable-rule", message, out).expected("the weights without a condition last");
        }
    }
}

/// Reports prerequisites that no value of their feature satisfies.
fn check_prerequisites(linter: &Linter<'_, '_>, parents: &[Parent<'_>], out: &mut ReadContext<'_>) {
    for parent in parents {
        let feature = linter.rules.features.get(parent.feature.name);
        let (Some(feature), Some(when)) = (feature, &parent.when) else { continue };
        let values = values(feature);
        let holds = || holds_for(when.condition(), &values.iter().collect::<Vec<_>>()).contains(&true);
        if values.len() > MAX_VALUES || holds() {
            continue;
        }
        let message = format!(
            "no value of feature `{}` satisfies this condition, so the rule never applies",
            parent.feature.name
        );
        let warning = when.cursor.warning("unreachable-rule", message, out);
        warning.expected("a condition on a value that the feature can have");
    }
}

/// Returns all values that a feature can have, each as prerequisites see it.
fn values(feature: &Feature<'_>) -> Vec<Object> {
    let rules = feature.rules.iter().filter(|_| feature.enabled);
    let forced = rules.clone().flat_map(|rule| match &rule.effect {
        Effect::Force { value, .. } => vec![*value],
        Effect::Experiment(experiment) => experiment.variations.iter().map(|variation| variation.value).collect(),
        Effect::Nothing => Vec::new(),
    });
    let default = feature.default.filter(|_| feature.enabled).map(|value| value.to_value()).unwrap_or_default();
    let closed = rules.clone().flat_map(|rule| &rule.parents).any(|parent| parent.gate).then_some(Value::Null);
    let all = forced.map(|value| value.to_value()).chain([default]).chain(closed);
    all.map(|value| [("value", value)].into_iter().collect()).collect()
}
