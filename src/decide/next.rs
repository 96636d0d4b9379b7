//! What should happen next.

use crate::decide::Decider;
use crate::decide::offer::Offers;
use crate::decide::slot::Rank;
use crate::decision::NextAction;
use crate::facts::Consent;
use crate::plan::Id;
use crate::plan::tables::{Campaign, Channel, NextStep};
use crate::time::Millis;

impl<'a: 'p, 'p> Decider<'a, 'p> {
    /// The first possible step of the highest-ranking campaign that has one.
    pub(crate) fn choose_next_action(&mut self, offers: &Offers) {
        let mut best: Option<(Rank, Campaign, NextStep)> = None;
        for id in self.plan.with_next() {
            let Some(campaign) = self.plan.get(id) else { continue };
            let rank = self.rank(id, &campaign);
            let leads = best.as_ref().is_none_or(|(leader, _, _)| rank < *leader);
            if !leads || self.may_speak(id).is_err() {
                continue;
            }
            if self.check_offer(&campaign, offers).is_err() {
                continue;
            }
            if let Some(step) = self.first_possible(&campaign) {
                best = Some((rank, campaign, step));
            }
        }
        self.decision.next_action = best.and_then(|(_, campaign, step)| self.next_action(&campaign, &step));
    }

    fn first_possible(&mut self, campaign: &Campaign) -> Option<NextStep> {
        let steps = self.plan.rows(campaign.next);
        steps.map(|(_, step)| step).find(|step| {
            let unseen = self.plan.get(step.message).is_some_and(|message| self.check_unseen(&message).is_ok());
            unseen && self.can_reach(step.channel)
        })
    }

    /// Whether the subject allows the channel and can be reached by it.
    pub(crate) fn can_reach(&mut self, channel: Id<Channel>) -> bool {
        let Some(channel) = self.plan.get(channel) else { return false };
        let granted = |purpose| self.eval.consent(self.plan.text(purpose)) == Consent::Granted;
        channel.consent.is_none_or(granted) && channel.reach.is_none_or(|reach| self.eval.holds(reach))
    }

    fn next_action(&mut self, campaign: &Campaign, step: &NextStep) -> Option<NextAction<'a>> {
        let message = self.plan.get(step.message)?;
        let channel = self.plan.text(self.plan.get(step.channel)?.id);
        let arm = self.arm_of(campaign);
        let rendition = self.rendition(&message, channel, arm.as_ref().map(|arm| &*arm.variation));
        self.note_arm(arm);
        let at = self.facts.now.plus(step.after);
        Some(NextAction {
            campaign: self.plan.text(campaign.id).into(),
            channel: channel.into(),
            message: self.plan.text(message.id).into(),
            at,
            until: (step.until != Millis::MAX).then(|| self.facts.now.plus(step.until)),
            content: rendition.map(|rendition| self.render(&rendition)),
        })
    }
}
