//! Offer groups: a subject gets one offer of a group, in all slots and channels, until it ends.

use core::cmp::Reverse;

use crate::decide::Decider;
use crate::decide::denial::{Denial, DenialCause};
use crate::decide::slot::Rank;
use crate::decision::reason::Reason;
use crate::plan::Id;
use crate::plan::tables::{Campaign, Offer, OfferGroup};

impl<'a: 'p, 'p> Decider<'a, 'p> {
    /// Checks that the campaign's offer is the subject's offer of its group.
    pub(crate) fn check_offer(&mut self, campaign: &Campaign) -> Result<(), Denial> {
        let Some((offer, group)) = self.group_of(campaign.offer) else { return Ok(()) };
        agrees(offer, self.offer_of(group))
    }

    /// Checks that the subject does not hold another offer of the same group.
    pub(crate) fn check_held_offer(&self, offer: Option<Id<Offer>>) -> Result<(), Denial> {
        let Some((offer, group)) = self.group_of(offer) else { return Ok(()) };
        agrees(offer, self.held_offer(group))
    }

    fn group_of(&self, offer: Option<Id<Offer>>) -> Option<(Id<Offer>, Id<OfferGroup>)> {
        offer.and_then(|id| Some((id, self.plan.get(id)?.group?)))
    }

    /// Returns the subject's offer of the group, which is the same on all pages and in all channels.
    fn offer_of(&mut self, group: Id<OfferGroup>) -> Option<Id<Offer>> {
        if let Some(offer) = self.offers.get(group.0) {
            return offer;
        }
        let offer = self.held_offer(group).or_else(|| self.ranked_offer(group));
        self.offers.insert(group.0, offer);
        offer
    }

    /// Returns the offer of the group that was seen first and has not ended.
    fn held_offer(&self, group: Id<OfferGroup>) -> Option<Id<Offer>> {
        let seen = self.profile.offers.iter().filter_map(|(name, seen)| {
            let (id, row) = self.plan.find(name, |row: &Offer| row.id)?;
            let lasts = self.check_span(row.from, row.until).is_ok();
            (row.group == Some(group) && lasts).then_some((*seen, id))
        });
        seen.min().map(|(_, id)| id)
    }

    /// Returns the offer of the highest-ranking eligible campaign of the group, in any slot.
    fn ranked_offer(&mut self, group: Id<OfferGroup>) -> Option<Id<Offer>> {
        let index = self.plan.get(self.plan.get(group)?.candidates)?;
        let mut best: Option<(Rank, Option<Id<Offer>>)> = None;
        for (id, campaign, _) in self.candidates(&index) {
            let leader = best.as_ref().map(|(rank, _)| *rank);
            if leader.is_some_and(|leader| Reverse(campaign.priority) > leader.0) {
                break;
            }
            let rank = self.rank(id, &campaign);
            if leader.is_none_or(|leader| rank < leader) && self.is_eligible(id, &campaign).is_ok() {
                best = Some((rank, campaign.offer));
            }
        }
        best.and_then(|(_, offer)| offer)
    }
}

fn agrees(offer: Id<Offer>, chosen: Option<Id<Offer>>) -> Result<(), Denial> {
    match chosen {
        Some(chosen) if chosen != offer => Err(Reason::OfferConflict.by(DenialCause::Offer(chosen))),
        _ => Ok(()),
    }
}
