//! Experiments of features and pages that compare nothing, or that bias each other.

use std::collections::BTreeMap;

use super::Linter;
use super::definitions::member;
use super::features::{condition_formula, rules};
use super::logic::{Formula, overlap};
use crate::condition::Dialect;
use crate::rules::feature::{Effect, FeatureExperiment, Rollout, Rule};
use crate::source::cursor::{Cursor, ReadContext, Reference};

/// An experiment with its position.
struct Run<'r, 'a> {
    key: &'a str,
    experiment: &'r FeatureExperiment<'a>,
    cursor: Cursor<'a>,
    when: Formula<'a>,
}

/// The range of an experiment in a namespace, in which subjects are split by an attribute.
struct Part<'r> {
    namespace: (&'r str, &'r str),
    from: f64,
    to: f64,
}

/// The inputs of a split: the seed, the unit and the version of the hash.
type Split<'a> = (&'a str, &'a str, u32);

/// Checks the experiments of features, and those that pages run by themselves.
pub fn check(linter: &Linter<'_, '_>, out: &mut ReadContext<'_>) {
    let mut runs = Vec::new();
    for (key, feature) in &linter.rules.features {
        let rules = rules(linter, key, feature);
        check_rollouts(linter, key, feature.dialect, &rules, out);
        for (rule, cursor) in rules {
            if let Effect::Experiment(experiment) = &rule.effect {
                runs.push(Run::new(linter, key, experiment, cursor, feature.dialect));
            }
        }
    }
    for (id, auto) in &linter.rules.auto_experiments {
        let experiment = &auto.experiment;
        let cursor = linter.definitions.get("autoExperiments", id).filter(|_| !experiment.draft && !experiment.stopped);
        runs.extend(cursor.map(|cursor| Run::new(linter, id, experiment, cursor.clone(), auto.dialect)));
    }
    runs.iter().for_each(|run| run.check_variations(out));
    check_seeds(linter, &runs, out);
    check_namespaces(&runs, out);
}

impl<'r, 'a> Run<'r, 'a> {
    fn new(
        linter: &Linter<'r, 'a>,
        id: &'a str,
        experiment: &'r FeatureExperiment<'a>,
        cursor: Cursor<'a>,
        dialect: Dialect,
    ) -> Self {
        let when = condition_formula(linter, experiment.when.as_ref(), dialect, true);
        Self { key: experiment.key.unwrap_or(id), experiment, cursor, when }
    }

    fn split(&self) -> Split<'a> {
        (self.experiment.seed.unwrap_or(self.key), unit(self.experiment.unit.as_ref()), self.experiment.version)
    }

    /// Returns its range in a namespace. Filters replace the namespace.
    fn part(&self) -> Option<Part<'_>> {
        let (seed, from, to) = self.experiment.namespace.as_ref().filter(|_| self.experiment.filters.is_none())?;
        Some(Part { namespace: (seed, unit(self.experiment.unit.as_ref())), from: *from, to: *to })
    }

    /// Returns the position of one of its keys.
    fn member(&self, key: &str) -> Cursor<'a> {
        member(&self.cursor, key).unwrap_or_else(|| self.cursor.clone())
    }

    /// Reports variations that are all equal, and a variation that gets everybody.
    fn check_variations(&self, out: &mut ReadContext<'_>) {
        let variations = &self.experiment.variations;
        let mut values = variations.iter().map(|it| (!it.passthrough).then(|| it.value.to_value()));
        let first = values.next();
        let key =
            if self.cursor.node.get("contextualVariations").is_some() { "contextualVariations" } else { "variations" };
        if variations.len() > 1 && values.all(|value| Some(value) == first) {
            let message = format!("all variations of experiment `{}` are equal, so it compares nothing", self.key);
            self.member(key).warning("compares-nothing", message, out).expected("different variations");
            return;
        }
        let ranges = self.experiment.ranges(self.experiment.weights.as_deref());
        if self.experiment.bandit.is_none() && ranges.iter().filter(|(from, to)| from < to).count() == 1 {
            let message =
                format!("one variation of experiment `{}` gets all the traffic, so it compares nothing", self.key);
            let key = if self.cursor.node.get("ranges").is_some() { "ranges" } else { "weights" };
            self.member(key).warning("compares-nothing", message, out).expected("a share for at least two variations");
        }
    }
}

fn unit<'a>(unit: Option<&Reference<'a>>) -> &'a str {
    unit.map_or("id", |unit| unit.name)
}

/// Reports experiments with different keys that split subjects alike.
fn check_seeds<'r, 'a>(linter: &Linter<'r, 'a>, runs: &[Run<'r, 'a>], out: &mut ReadContext<'_>) {
    let campaigns = linter.rules.experiments.iter().filter(|(_, row)| row.active && row.coverage > 0.0);
    let known = campaigns.map(|(id, row)| ((row.seed.unwrap_or(id), unit(row.unit.as_ref()), 2), *id));
    let mut seen: BTreeMap<Split<'a>, &str> = known.collect();
    for run in runs {
        let first = *seen.entry(run.split()).or_insert(run.key);
        if first != run.key {
            let seed = run.split().0;
            let message = format!(
                "experiments `{first}` and `{}` have the same seed `{seed}`, so their assignments are correlated",
                run.key
            );
            run.member("seed").warning("correlated-experiments", message, out).expected("a different seed for each");
        }
    }
}

/// Reports experiments behind a rollout with the same split: it lets only subjects from one end of their
/// range pass.
fn check_rollouts<'a>(
    linter: &Linter<'_, 'a>,
    key: &str,
    dialect: Dialect,
    rules: &[(&Rule<'a>, Cursor<'a>)],
    out: &mut ReadContext<'_>,
) {
    let mut rollouts: BTreeMap<Split<'_>, Formula<'a>> = BTreeMap::new();
    for (rule, cursor) in rules {
        match &rule.effect {
            Effect::Force { when, rollout: Some(rollout), .. } => {
                rollouts
                    .entry(split(rollout, key))
                    .or_insert_with(|| condition_formula(linter, when.as_ref(), dialect, true));
            }
            Effect::Experiment(experiment) => {
                let seed = experiment.seed.or(experiment.key).unwrap_or(key);
                let rollout = rollouts.get(&(seed, unit(experiment.unit.as_ref()), experiment.version));
                let when = condition_formula(linter, experiment.when.as_ref(), dialect, true);
                if rollout.is_some_and(|rollout| overlap(&[rollout, &when])) {
                    let message = format!(
                        "an earlier rollout has the same seed `{seed}`, so those it leaves are split unevenly between the variations"
                    );
                    let cursor = member(cursor, "seed").unwrap_or_else(|| cursor.clone());
                    cursor.warning("correlated-experiments", message, out).expected("a different `seed`");
                }
            }
            Effect::Force { .. } | Effect::Nothing => {}
        }
    }
}

fn split<'k>(rollout: &Rollout<'k>, key: &'k str) -> Split<'k> {
    (rollout.seed.unwrap_or(key), unit(rollout.unit.as_ref()), rollout.version)
}

/// Reports experiments whose ranges in a namespace overlap. Each is compared with the one before it that ends
/// last.
fn check_namespaces(runs: &[Run<'_, '_>], out: &mut ReadContext<'_>) {
    let mut members: Vec<(Part<'_>, &Run<'_, '_>)> = runs.iter().filter_map(|run| Some((run.part()?, run))).collect();
    members.sort_by(|(a, _), (b, _)| a.namespace.cmp(&b.namespace).then(a.from.total_cmp(&b.from)));
    for members in members.chunk_by(|(a, _), (b, _)| a.namespace == b.namespace) {
        let mut last: Option<(f64, &Run<'_, '_>)> = None;
        for (part, run) in members {
            if let Some((end, other)) = last
                && part.from < end
                && other.key != run.key
                && overlap(&[&other.when, &run.when])
            {
                let message = format!(
                    "experiments `{}` and `{}` overlap in their namespace, which should keep them apart",
                    other.key, run.key
                );
                let expected = "disjoint ranges of the namespace";
                run.member("namespace").warning("overlapping-experiments", message, out).expected(expected);
            }
            if last.is_none_or(|(end, _)| end < part.to) {
                last = Some((part.to, run));
            }
        }
    }
}
