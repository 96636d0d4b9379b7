//! What fills a slot.

use core::cmp::Reverse;

use crate::decide::Decider;
use crate::decide::campaign::{Cause, Denial, applies};
use crate::decide::offer::Offers;
use crate::decide::trace::Observer;
use crate::decision::{Fill, Reason};
use crate::hash::fnv64a;
use crate::plan::Id;
use crate::plan::tables::{Campaign, Class, Message, ONCE, Placement, Slot};

/// The order of campaigns, least first: priority, then a hash that differs from subject to subject.
pub(crate) type Rank = (Reverse<u32>, u64, Id<Campaign>);

impl<O: Observer> Decider<'_, O> {
    /// Fills the slot with the highest-ranking campaign that may.
    pub(crate) fn fill(&mut self, id: Id<Slot>, offers: &Offers) {
        let Some(slot) = self.plan.get(id) else { return };
        let name = self.plan.text(slot.id).to_owned();
        let winner = self.winner(id, &slot, offers);
        self.decision.reasons.insert(name.clone(), winner.as_ref().map_or(Reason::NoCandidate, |_| Reason::Filled));
        if let Some((_, _, fill)) = winner {
            self.decision.slots.insert(name, fill);
        }
    }

    /// The rank of a campaign for this subject.
    pub(crate) fn rank(&self, id: Id<Campaign>, campaign: &Campaign) -> Rank {
        let hash = fnv64a([self.profile.subject.as_str(), self.plan.text(campaign.id)]);
        (Reverse(campaign.priority), hash, id)
    }

    /// The best placement. Placements are sorted by priority, so the search ends where the priority falls below the best;
    /// only a trace wants to hear of the others.
    fn winner(&mut self, slot_id: Id<Slot>, slot: &Slot, offers: &Offers) -> Option<(Rank, Id<Campaign>, Fill)> {
        let mut best: Option<(Rank, Id<Campaign>, Fill)> = None;
        for (_, placement) in self.plan.rows(slot.placements) {
            let Some(campaign) = self.plan.get(placement.campaign) else { continue };
            let rank = self.rank(placement.campaign, &campaign);
            let beaten = best.as_ref().filter(|(leader, _, _)| *leader < rank).map(|(leader, id, _)| (leader.0, *id));
            if let (Some((priority, _)), false) = (beaten, O::ON) {
                if rank.0 > priority {
                    break;
                }
                continue;
            }
            let verdict = self.try_fill(slot_id, slot, &placement, &campaign, offers);
            match (verdict, beaten) {
                (Err(denial), _) => self.note(slot_id, &placement, denial),
                (Ok(_), Some((_, by))) => self.note(slot_id, &placement, Reason::Outranked.by(Cause::Campaign(by))),
                (Ok(fill), None) => {
                    if let Some((_, loser, _)) = best.replace((rank, placement.campaign, fill)) {
                        let lost = Placement { campaign: loser, ..placement };
                        self.note(slot_id, &lost, Reason::Outranked.by(Cause::Campaign(placement.campaign)));
                    }
                }
            }
        }
        if let Some((_, campaign, _)) = &best {
            self.observer.won(slot_id, *campaign);
        }
        best
    }

    fn note(&mut self, slot: Id<Slot>, placement: &Placement, denial: Denial) {
        self.observer.denied(slot, placement.campaign, denial, &mut self.eval);
    }

    /// What the campaign would show in the slot, or why it shows nothing.
    fn try_fill(
        &mut self,
        slot_id: Id<Slot>,
        slot: &Slot,
        placement: &Placement,
        campaign: &Campaign,
        offers: &Offers,
    ) -> Result<Fill, Denial> {
        self.may_speak(placement.campaign)?;
        for (id, cap) in self.plan.rows(self.plan.settings().caps) {
            if cap.slot == Some(slot_id) && applies(&cap, campaign) {
                self.check_cap(id, &cap)?;
            }
        }
        self.check_offer(campaign, offers)?;
        let message = self.plan.get(placement.message).ok_or(Reason::NoRendition.by(Cause::Channel))?;
        self.check_unseen(&message)?;
        let variation = self.variation_of(campaign);
        let channel = self.facts.request.channel.as_deref().unwrap_or("web");
        let rendition = self
            .rendition(&message, channel, variation.as_deref())
            .filter(|rendition| rendition.fits(slot))
            .ok_or(Reason::NoRendition.by(Cause::Channel))?;
        Ok(Fill {
            campaign: self.plan.text(campaign.id).to_owned(),
            class: Class::from_number(campaign.class).unwrap_or(Class::Promo),
            message: self.plan.text(message.id).to_owned(),
            offer: campaign.offer.and_then(|id| self.plan.get(id)).map(|offer| self.plan.text(offer.id).to_owned()),
            locale: rendition.locale.map(|locale| self.plan.text(locale).to_owned()),
            variation,
            content: self.render(&rendition),
        })
    }

    /// Whether the message may be shown, if it is one that is shown once.
    pub(crate) fn check_unseen(&self, message: &Message) -> Result<(), Denial> {
        let key = || format!("message:{}", self.plan.text(message.id));
        let seen = message.flags & ONCE != 0 && self.profile.exposures.contains_key(&key());
        if seen { Err(Reason::AlreadySeen.by(Cause::Message)) } else { Ok(()) }
    }
}
