//! Holdouts and exclusion groups: subjects that are excluded at random.

use crate::bucket;
use crate::decide::Decider;
use crate::decide::denial::{Denial, DenialCause};
use crate::decide::experiment::unit_text;
use crate::decision::reason::Reason;
use crate::plan::Id;
use crate::plan::tables::{Attribute, Campaign, Class, Exclusion, Holdout};
use crate::prelude::*;

impl<'a: 'p, 'p> Decider<'a, 'p> {
    /// Checks that no holdout excludes the subject from the class or the campaign.
    ///
    /// A subject without the holdout's unit is never held out, and is not measured either.
    pub(crate) fn check_holdouts(&self, class: Class, campaign: Option<Id<Campaign>>) -> Result<(), Denial> {
        for (id, holdout) in self.plan.rows(self.plan.all::<Holdout>()) {
            let concerns = holdout.classes.contains(class)
                || campaign.is_some_and(|campaign| self.has(holdout.campaigns, campaign));
            if concerns && self.holdout_bucket(&holdout).is_some_and(|bucket| bucket < holdout.share) {
                return Err(Reason::Holdout.by(DenialCause::Holdout(id)));
            }
        }
        Ok(())
    }

    /// Checks that the subject is in the member's range of its exclusion group.
    ///
    /// The ranges of a group are disjoint, so a subject is in at most one. A subject without the unit is in none.
    pub(crate) fn check_exclusion(&self, exclusion: Option<Id<Exclusion>>) -> Result<(), Denial> {
        let Some((id, row)) = exclusion.and_then(|id| self.plan.get(id).map(|row| (id, row))) else { return Ok(()) };
        let is_in = self.exclusion_bucket(&row).is_some_and(|bucket| row.from <= bucket && bucket < row.to);
        if is_in { Ok(()) } else { Err(Reason::Excluded.by(DenialCause::Exclusion(id))) }
    }

    pub(crate) fn holdout_bucket(&self, holdout: &Holdout) -> Option<f64> {
        bucket::bucket(self.plan.text(holdout.id), &self.unit(holdout.unit)?, 2)
    }

    /// Returns the bucket like GrowthBook's namespaces: version 1 of the hash, over the unit and `__group`.
    pub(crate) fn exclusion_bucket(&self, exclusion: &Exclusion) -> Option<f64> {
        bucket::bucket(&format!("__{}", self.plan.text(exclusion.group)), &self.unit(exclusion.unit)?, 1)
    }

    /// Returns the string that is hashed for a split by this attribute.
    fn unit(&self, attribute: Id<Attribute>) -> Option<String> {
        unit_text(&self.eval.attribute(attribute))
    }
}
