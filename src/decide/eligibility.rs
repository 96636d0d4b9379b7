//! Eligibility: whether a campaign is allowed for this subject now, in any slot.

use crate::decide::Decider;
use crate::decide::denial::{Denial, DenialCause};
use crate::decision::reason::Reason;
use crate::event::consent::Consent;
use crate::plan::Id;
use crate::plan::tables::{Campaign, CampaignFlags, Class, ClassPolicy, Offer, Suppression};
use crate::time::Millis;

impl<'a: 'p, 'p> Decider<'a, 'p> {
    /// Checks whether the campaign is eligible, once for all slots.
    pub(crate) fn is_eligible(&mut self, id: Id<Campaign>, campaign: &Campaign) -> Result<(), Denial> {
        if !campaign.flags.contains(CampaignFlags::SEVERAL) {
            return self.check_eligibility(id, campaign);
        }
        if let Some(verdict) = self.verdicts.get(id.0) {
            return verdict;
        }
        let verdict = self.check_eligibility(id, campaign);
        self.verdicts.insert(id.0, verdict);
        verdict
    }

    fn check_eligibility(&mut self, id: Id<Campaign>, campaign: &Campaign) -> Result<(), Denial> {
        self.check_consent(campaign.class)?;
        self.check_schedule(campaign)?;
        self.check_condition(campaign)?;
        self.check_holdouts(campaign.class, Some(id))?;
        self.check_exclusion(campaign.exclusion)?;
        self.check_suppression(campaign.class)?;
        self.check_cooldowns(campaign.class, Some(id))?;
        for (id, cap) in self.plan.rows(campaign.caps) {
            self.check_cap(id, &cap)?;
        }
        self.check_policy_caps(campaign.subject())
    }

    pub(crate) fn check_consent(&self, class: Class) -> Result<(), Denial> {
        let policy = self.plan.get(Id::<ClassPolicy>::new(class as u32));
        let purposes = policy.into_iter().flat_map(|policy| self.plan.list(policy.purposes));
        let mut missing = purposes.filter(|purpose| self.eval.consent(self.plan.text(*purpose)) != Consent::Granted);
        missing.next().map_or(Ok(()), |purpose| Err(Reason::ConsentMissing.by(DenialCause::Purpose(purpose))))
    }

    fn check_schedule(&self, campaign: &Campaign) -> Result<(), Denial> {
        self.check_span(campaign.from, campaign.until)?;
        self.check_offer_schedule(campaign.offer)
    }

    /// Checks that the offer, if there is one, is available now.
    pub(crate) fn check_offer_schedule(&self, offer: Option<Id<Offer>>) -> Result<(), Denial> {
        offer.and_then(|id| self.plan.get(id)).map_or(Ok(()), |offer| self.check_span(offer.from, offer.until))
    }

    pub(crate) fn check_span(&self, from: Millis, until: Millis) -> Result<(), Denial> {
        let is_on = self.facts.now >= from && self.facts.now < until;
        if is_on { Ok(()) } else { Err(Reason::OutsideSchedule.by(DenialCause::Schedule(from, until))) }
    }

    fn check_condition(&mut self, campaign: &Campaign) -> Result<(), Denial> {
        match campaign.when {
            Some(when) if !self.eval.holds(when) => Err(Reason::ConditionFalse.by(DenialCause::Condition(when))),
            _ => Ok(()),
        }
    }

    pub(crate) fn check_suppression(&mut self, class: Class) -> Result<(), Denial> {
        for (id, suppression) in self.plan.rows(self.plan.all::<Suppression>()) {
            if suppression.classes.contains(class) && self.eval.holds(suppression.when) {
                return Err(Reason::Suppressed.by(DenialCause::Suppression(id)));
            }
        }
        Ok(())
    }
}
