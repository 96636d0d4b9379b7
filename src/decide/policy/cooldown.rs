//! Cool-downs: a class or a campaign pauses after something was seen or done.

use crate::decide::Decider;
use crate::decide::denial::{Denial, DenialCause};
use crate::decision::reason::Reason;
use crate::plan::Id;
use crate::plan::tables::{Campaign, Class, Cooldown};
use crate::profile::occurrence::{Occurrence, counted};
use crate::time::Millis;

impl<'a: 'p, 'p> Decider<'a, 'p> {
    /// Checks that no cool-down of the class or the campaign is running.
    pub(crate) fn check_cooldowns(&self, class: Class, campaign: Option<Id<Campaign>>) -> Result<(), Denial> {
        for (id, cooldown) in self.plan.rows(self.plan.all::<Cooldown>()) {
            let concerns = match cooldown.campaign {
                None => cooldown.classes.contains(class),
                paused => paused == campaign,
            };
            if concerns && self.cooldown_ends_at(&cooldown).is_some_and(|at| at > self.facts.now) {
                return Err(Reason::CoolingDown.by(DenialCause::Cooldown(id)));
            }
        }
        Ok(())
    }

    /// Returns the end of a cool-down after its last trigger; `None` without a trigger.
    pub(crate) fn cooldown_ends_at(&self, cooldown: &Cooldown) -> Option<Millis> {
        self.last_of(cooldown).map(|last| last.plus(cooldown.window))
    }

    /// Returns the time of the last trigger up to now.
    pub(crate) fn last_of(&self, cooldown: &Cooldown) -> Option<Millis> {
        let is_past = |at: &Millis| *at <= self.facts.now;
        match (cooldown.event, cooldown.seen) {
            (Some(event), _) => counted(self.plan, &self.profile.counters, event).map(Occurrence::at).rfind(is_past),
            (None, key) => {
                self.profile.exposures.get(self.plan.text(key?))?.iter().map(|stamp| stamp.at()).rfind(is_past)
            }
        }
    }
}
