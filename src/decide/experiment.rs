//! Assigns a subject to a variation of a campaign's experiment.

use crate::bucket;
use crate::decide::Decider;
use crate::decision::Assignment;
use crate::json::Value;
use crate::json::canonical::write_number;
use crate::plan::tables::{Campaign, Experiment, ExperimentFlags, Variation};
use crate::prelude::*;
use crate::reduce::assignment_key;

impl<'a: 'p, 'p> Decider<'a, 'p> {
    /// Returns the assignment in the campaign's experiment; `None` without one, or if the subject is not in it.
    pub(crate) fn assignment_of(&mut self, campaign: &Campaign) -> Option<Assignment<'a>> {
        let experiment = self.plan.get(campaign.experiment?)?;
        self.assign(&experiment)
    }

    /// Records the assignment of an experiment that chose shown or sent content. Losing campaigns record nothing.
    pub(crate) fn record_assignment(&mut self, assignment: Option<Assignment<'a>>) {
        let is_recorded =
            |new: &Assignment<'_>| self.decision.assignments.iter().any(|other| other.experiment == new.experiment);
        if let Some(new) = assignment.filter(|new| !is_recorded(new)) {
            self.decision.assignments.push(new);
        }
    }

    /// Assigns the subject, in GrowthBook's order: a blocked bucket version, a kept assignment, the condition, the
    /// bucket.
    fn assign(&mut self, experiment: &Experiment) -> Option<Assignment<'a>> {
        let unit = unit_text(&self.eval.attribute(experiment.unit))?;
        if !experiment.flags.contains(ExperimentFlags::ACTIVE) {
            return None;
        }
        if experiment.flags.contains(ExperimentFlags::STICKY) {
            if self.is_blocked(experiment) {
                return None;
            }
            if let Some(kept) = self.kept(experiment, &unit) {
                return Some(kept);
            }
        }
        if self.check_exclusion(experiment.exclusion).is_err()
            || experiment.when.is_some_and(|when| !self.eval.holds(when))
        {
            return None;
        }
        let bucket = bucket::bucket(self.plan.text(experiment.seed), &unit, 2)?;
        let mut variations = self.plan.rows(experiment.variations).enumerate();
        let (index, (_, variation)) =
            variations.find(|(_, (_, variation))| variation.from <= bucket && bucket < variation.to)?;
        Some(self.assignment(experiment, index, &variation, Some(bucket), &unit))
    }

    fn kept(&self, experiment: &Experiment, unit: &str) -> Option<Assignment<'a>> {
        let key = assignment_key(self.plan.text(experiment.key), experiment.bucket_version);
        let kept = self.profile.assignments.get(&key)?;
        let mut variations = self.plan.rows(experiment.variations).enumerate();
        let (index, (_, variation)) = variations.find(|(_, (_, variation))| self.plan.text(variation.id) == kept.0)?;
        Some(self.assignment(experiment, index, &variation, None, unit))
    }

    fn is_blocked(&self, experiment: &Experiment) -> bool {
        let key = self.plan.text(experiment.key);
        (0..experiment.min_bucket_version)
            .any(|version| self.profile.assignments.contains_key(&assignment_key(key, version)))
    }

    fn assignment(
        &self,
        experiment: &Experiment,
        index: usize,
        variation: &Variation,
        bucket: Option<f64>,
        unit: &str,
    ) -> Assignment<'a> {
        Assignment {
            experiment: self.plan.text(experiment.key).into(),
            variation: self.plan.text(variation.id).into(),
            index: u32::try_from(index).unwrap_or(u32::MAX),
            bucket,
            sticky: bucket.is_none(),
            unit: unit.to_owned().into(),
        }
    }
}

/// Returns the string to hash; `None` for an empty, false, zero or missing unit, as in GrowthBook.
pub(crate) fn unit_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) if *number != 0.0 && number.is_finite() => {
            let mut out = String::new();
            write_number(*number, &mut out);
            Some(out)
        }
        Value::Bool(true) => Some("true".to_owned()),
        _ => None,
    }
}
