//! What fills a slot.

use core::cmp::Reverse;

use crate::decide::Decider;
use crate::decide::campaign::{Cause, Denial, applies};
use crate::decide::offer::Offers;
use crate::decision::{Assignment, Fill, Reason};
use crate::hash::fnv64a;
use crate::plan::Id;
use crate::plan::tables::{Campaign, Class, Message, ONCE, Placement, Rendition, Slot};
use crate::prelude::*;

/// The order of campaigns, least first: priority, then a hash that differs from subject to subject.
pub(crate) type Rank = (Reverse<u32>, u64, Id<Campaign>);

/// What a campaign would show in a slot.
struct Candidate<'a> {
    rank: Rank,
    id: Id<Campaign>,
    campaign: Campaign,
    message: Message,
    rendition: Rendition,
    arm: Option<Assignment<'a>>,
}

impl<'a: 'p, 'p> Decider<'a, 'p> {
    /// Fills the slot with the highest-ranking campaign that may.
    pub(crate) fn fill(&mut self, id: Id<Slot>, offers: &Offers) {
        let Some(slot) = self.plan.get(id) else { return };
        let name = self.plan.text(slot.id);
        let winner = self.winner(id, &slot, offers);
        self.decision.reasons.insert(name, winner.as_ref().map_or(Reason::NoCandidate, |_| Reason::Filled));
        if let Some(winner) = winner {
            self.decision.slots.insert(name, self.content_of(&winner));
            self.note_arm(winner.arm);
        }
    }

    /// The rank of a campaign for this subject.
    pub(crate) fn rank(&self, id: Id<Campaign>, campaign: &Campaign) -> Rank {
        let hash = fnv64a([self.profile.subject.as_str(), self.plan.text(campaign.id)]);
        (Reverse(campaign.priority), hash, id)
    }

    /// The best placement. Placements are sorted by priority, so the search ends where the priority falls below the best;
    /// only a trace wants to hear of the others.
    fn winner(&mut self, slot_id: Id<Slot>, slot: &Slot, offers: &Offers) -> Option<Candidate<'a>> {
        if let Some(tracer) = &mut self.tracer {
            tracer.enter(slot_id);
        }
        let mut best: Option<Candidate<'a>> = None;
        for (_, placement) in self.plan.rows(slot.placements) {
            let Some(campaign) = self.plan.get(placement.campaign) else { continue };
            if let Some(leader) = best.as_ref().filter(|_| self.tracer.is_none()) {
                if Reverse(campaign.priority) > leader.rank.0 {
                    break;
                }
                if self.rank(placement.campaign, &campaign) > leader.rank {
                    continue;
                }
            }
            match self.candidate(slot_id, slot, &placement, campaign, offers) {
                Err(denial) => self.note(placement.campaign, denial),
                Ok(candidate) => {
                    let (loser, by) = match best.take() {
                        Some(leader) if leader.rank < candidate.rank => (Some(candidate.id), best.insert(leader).id),
                        former => (former.map(|former| former.id), best.insert(candidate).id),
                    };
                    if let Some(loser) = loser {
                        self.note(loser, Reason::Outranked.by(Cause::Campaign(by)));
                    }
                }
            }
        }
        if let (Some(tracer), Some(winner)) = (&mut self.tracer, &best) {
            tracer.won(winner.id);
        }
        best
    }

    fn note(&mut self, campaign: Id<Campaign>, denial: Denial) {
        if let Some(tracer) = &mut self.tracer {
            tracer.denied(campaign, denial, &mut self.eval);
        }
    }

    /// What the campaign would show in the slot, or why it shows nothing.
    fn candidate(
        &mut self,
        slot_id: Id<Slot>,
        slot: &Slot,
        placement: &Placement,
        campaign: Campaign,
        offers: &Offers,
    ) -> Result<Candidate<'a>, Denial> {
        self.may_speak(placement.campaign)?;
        for (id, cap) in self.plan.rows(self.plan.settings().caps) {
            if cap.slot == Some(slot_id) && applies(&cap, &campaign) {
                self.check_cap(id, &cap)?;
            }
        }
        self.check_offer(&campaign, offers)?;
        let message = self.plan.get(placement.message).ok_or(Reason::NoRendition.by(Cause::Channel))?;
        self.check_unseen(&message)?;
        let arm = self.arm_of(&campaign);
        let channel = self.facts.request.channel.as_deref().unwrap_or("web");
        let rendition = self
            .rendition(&message, channel, arm.as_ref().map(|arm| &*arm.variation))
            .filter(|rendition| rendition.fits(slot))
            .ok_or(Reason::NoRendition.by(Cause::Channel))?;
        let rank = self.rank(placement.campaign, &campaign);
        Ok(Candidate { rank, id: placement.campaign, campaign, message, rendition, arm })
    }

    fn content_of(&self, winner: &Candidate<'a>) -> Fill<'a> {
        let campaign = &winner.campaign;
        Fill {
            campaign: self.plan.text(campaign.id).into(),
            class: Class::from_number(campaign.class).unwrap_or(Class::Promo),
            message: self.plan.text(winner.message.id).into(),
            offer: campaign.offer.and_then(|id| self.plan.get(id)).map(|offer| self.plan.text(offer.id).into()),
            locale: winner.rendition.locale.map(|locale| self.plan.text(locale).into()),
            experiment: winner.arm.as_ref().map(|arm| arm.experiment.clone()),
            variation: winner.arm.as_ref().map(|arm| arm.variation.clone()),
            content: self.render(&winner.rendition),
        }
    }

    /// Whether the message may be shown, if it is one that is shown once.
    pub(crate) fn check_unseen(&self, message: &Message) -> Result<(), Denial> {
        let key = || format!("message:{}", self.plan.text(message.id));
        let seen = message.flags & ONCE != 0 && self.profile.exposures.contains_key(&key());
        if seen { Err(Reason::AlreadySeen.by(Cause::Message)) } else { Ok(()) }
    }
}
