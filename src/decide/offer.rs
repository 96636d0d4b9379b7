//! One offer of a group for one person, in all slots and channels, for as long as it lasts.

use std::collections::BTreeMap;

use crate::decide::Decider;
use crate::decide::campaign::{Cause, Denial};
use crate::decide::slot::Rank;
use crate::decide::trace::Observer;
use crate::decision::Reason;
use crate::plan::Id;
use crate::plan::tables::{Campaign, Offer, Text};

/// The offer that the subject has, or gets, in each group.
pub(crate) type Offers = BTreeMap<Id<Text>, Id<Offer>>;

impl<O: Observer> Decider<'_, O> {
    /// For each group of offers the one that was seen first and has not ended, else the one of the campaign that ranks
    /// highest of all that may speak, in whatever slot: so all pages and channels choose the same.
    pub(crate) fn choose_offers(&mut self) -> Offers {
        let mut offers = self.held_offers();
        let mut leaders: BTreeMap<Id<Text>, (Rank, Id<Offer>)> = BTreeMap::new();
        for id in self.plan.with_offer() {
            let Some(campaign) = self.plan.get(id) else { continue };
            let Some((offer, group)) = self.group_of(&campaign) else { continue };
            if offers.contains_key(&group) || self.may_speak(id).is_err() {
                continue;
            }
            let rank = self.rank(id, &campaign);
            if leaders.get(&group).is_none_or(|(leader, _)| rank < *leader) {
                leaders.insert(group, (rank, offer));
            }
        }
        offers.extend(leaders.into_iter().map(|(group, (_, offer))| (group, offer)));
        offers
    }

    /// Whether the campaign's offer is the subject's offer of its group.
    pub(crate) fn check_offer(&self, campaign: &Campaign, offers: &Offers) -> Result<(), Denial> {
        let Some((offer, group)) = self.group_of(campaign) else { return Ok(()) };
        match offers.get(&group) {
            Some(chosen) if *chosen != offer => Err(Reason::OfferConflict.by(Cause::Offer(*chosen))),
            _ => Ok(()),
        }
    }

    fn group_of(&self, campaign: &Campaign) -> Option<(Id<Offer>, Id<Text>)> {
        let id = campaign.offer?;
        Some((id, self.plan.get(id)?.group?))
    }

    fn held_offers(&self) -> Offers {
        let mut held = BTreeMap::new();
        for (id, offer) in self.plan.rows(self.plan.all::<Offer>()) {
            let lasts = self.facts.now >= offer.from && self.facts.now < offer.until;
            let (Some(group), Some(seen), true) =
                (offer.group, self.profile.offers.get(self.plan.text(offer.id)), lasts)
            else {
                continue;
            };
            if held.get(&group).is_none_or(|(first, _)| *seen < *first) {
                held.insert(group, (*seen, id));
            }
        }
        held.into_iter().map(|(group, (_, offer))| (group, offer)).collect()
    }
}
