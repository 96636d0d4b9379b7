//! What should happen next.

use crate::decide::Decider;
use crate::decide::offer::Offers;
use crate::decide::slot::Rank;
use crate::decision::NextAction;
use crate::plan::tables::{Campaign, NextStep};
use crate::prelude::*;
use crate::reduce::MESSAGE;
use crate::time::Millis;

impl Decider<'_> {
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
            let unseen = self
                .plan
                .get(step.message)
                .is_some_and(|message| self.check_unseen(step.message, &message, MESSAGE).is_ok());
            unseen && self.check_channel(step.channel, None).is_ok()
        })
    }

    fn next_action(&mut self, campaign: &Campaign, step: &NextStep) -> Option<NextAction> {
        let message = self.plan.get(step.message)?;
        let channel = self.plan.text(self.plan.get(step.channel)?.id);
        let arm = self.arm_of(campaign);
        let rendition = self.rendition(&message, channel, arm.as_ref().map(|arm| arm.variation.as_str()));
        self.note_arm(arm);
        let at = self.facts.now.plus(step.after);
        Some(NextAction {
            campaign: self.plan.text(campaign.id).to_owned(),
            channel: channel.to_owned(),
            message: self.plan.text(message.id).to_owned(),
            at,
            until: (step.until != Millis::MAX).then(|| self.facts.now.plus(step.until)),
            score: campaign.score.map(|score| self.score(Some(score)).number()),
            models: self.models(campaign.score),
            content: rendition.map(|rendition| self.render(&message, &rendition)),
        })
    }
}
