//! Whether a campaign may speak to this subject now, whatever the slot.

use crate::bucket;
use crate::decide::Decider;
use crate::decision::Reason;
use crate::facts::Consent;
use crate::plan::Id;
use crate::plan::tables::{Campaign, Cap, Class, ClassPolicy, Holdout, Node, Offer, Per, Suppression, Text};
use crate::profile::Stamp;
use crate::time::Millis;

/// One calendar day.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// Why a campaign may not speak, and what decided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Denial {
    pub(crate) reason: Reason,
    pub(crate) by: Cause,
}

/// What decided against a campaign; [`explain`](crate::explain) spells it out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cause {
    Purpose(Id<Text>),
    Schedule(Millis, Millis),
    Condition(Id<Node>),
    Holdout(Id<Holdout>),
    Suppression(Id<Suppression>),
    Cap(Id<Cap>, u32),
    Offer(Id<Offer>),
    Message,
    Campaign(Id<Campaign>),
    Channel,
}

impl Reason {
    pub(crate) const fn by(self, by: Cause) -> Denial {
        Denial { reason: self, by }
    }
}

impl<'a: 'p, 'p> Decider<'a, 'p> {
    /// Whether the campaign may speak; decided once for all slots.
    pub(crate) fn may_speak(&mut self, id: Id<Campaign>) -> Result<(), Denial> {
        if let Some(known) = self.verdicts.get(id.0) {
            return known;
        }
        let verdict = self.plan.get(id).map_or(Ok(()), |campaign| self.judge(&campaign));
        self.verdicts.insert(id.0, verdict);
        verdict
    }

    fn judge(&mut self, campaign: &Campaign) -> Result<(), Denial> {
        self.check_consent(campaign.class)?;
        self.check_schedule(campaign)?;
        self.check_condition(campaign)?;
        self.check_holdouts(campaign.class)?;
        self.check_suppression(campaign.class)?;
        for (id, cap) in self.plan.rows(campaign.caps) {
            self.check_cap(id, &cap)?;
        }
        for (id, cap) in self.plan.rows(self.plan.settings().caps) {
            let concerns = cap.slot.is_none() && applies(&cap, campaign);
            if concerns {
                self.check_cap(id, &cap)?;
            }
        }
        Ok(())
    }

    pub(crate) fn check_consent(&self, class: u32) -> Result<(), Denial> {
        let policy = self.plan.get(Id::<ClassPolicy>::new(class));
        let purposes = policy.into_iter().flat_map(|policy| self.plan.list(policy.purposes));
        let mut missing = purposes.filter(|purpose| self.eval.consent(self.plan.text(*purpose)) != Consent::Granted);
        missing.next().map_or(Ok(()), |purpose| Err(Reason::ConsentMissing.by(Cause::Purpose(purpose))))
    }

    fn check_schedule(&self, campaign: &Campaign) -> Result<(), Denial> {
        let offer = campaign.offer.and_then(|id| self.plan.get(id)).map(|offer| (offer.from, offer.until));
        for (from, until) in [Some((campaign.from, campaign.until)), offer].into_iter().flatten() {
            if self.facts.now < from || self.facts.now >= until {
                return Err(Reason::OutsideSchedule.by(Cause::Schedule(from, until)));
            }
        }
        Ok(())
    }

    fn check_condition(&mut self, campaign: &Campaign) -> Result<(), Denial> {
        match campaign.when {
            Some(when) if !self.eval.holds(when) => Err(Reason::ConditionFalse.by(Cause::Condition(when))),
            _ => Ok(()),
        }
    }

    /// A subject without an id cannot be held out, and is not measured either.
    pub(crate) fn check_holdouts(&self, class: u32) -> Result<(), Denial> {
        for (id, holdout) in self.plan.rows(self.plan.all::<Holdout>()) {
            let bucket = bucket::bucket(self.plan.text(holdout.id), &self.profile.subject, 2);
            let inside = !self.profile.subject.is_empty() && bucket.is_some_and(|bucket| bucket < holdout.share);
            if holdout.classes & class_bit(class) != 0 && inside {
                return Err(Reason::Holdout.by(Cause::Holdout(id)));
            }
        }
        Ok(())
    }

    pub(crate) fn check_suppression(&mut self, class: u32) -> Result<(), Denial> {
        for (id, suppression) in self.plan.rows(self.plan.all::<Suppression>()) {
            if suppression.classes & class_bit(class) != 0 && self.eval.holds(suppression.when) {
                return Err(Reason::Suppressed.by(Cause::Suppression(id)));
            }
        }
        Ok(())
    }

    /// Whether the cap has room for one more.
    pub(crate) fn check_cap(&self, id: Id<Cap>, cap: &Cap) -> Result<(), Denial> {
        let Some(stamps) = self.profile.exposures.get(self.plan.text(cap.key)) else { return Ok(()) };
        let counts = |stamp: &&Stamp| stamp.at() <= self.facts.now && self.is_within(cap, stamp.at());
        let seen = u32::try_from(stamps.iter().filter(counts).count()).unwrap_or(u32::MAX);
        if seen < cap.max { Ok(()) } else { Err(Reason::Capped.by(Cause::Cap(id, seen))) }
    }

    /// Whether a time lies in the span that the cap counts over.
    fn is_within(&self, cap: &Cap, at: Millis) -> bool {
        let now = self.facts.now;
        match Per::from_number(cap.per) {
            Some(Per::Session) => self.facts.request.session.is_some_and(|start| at >= start),
            Some(Per::Day) => at.0.div_euclid(DAY) == now.0.div_euclid(DAY),
            Some(Per::Window) => at > now.minus(cap.window),
            Some(Per::Total) | None => true,
        }
    }
}

/// Whether a cap of the policies concerns the campaign.
pub(crate) fn applies(cap: &Cap, campaign: &Campaign) -> bool {
    cap.classes & class_bit(campaign.class) != 0 && (cap.offer.is_none() || cap.offer == campaign.offer)
}

fn class_bit(class: u32) -> u32 {
    Class::from_number(class).map_or(0, Class::bit)
}
