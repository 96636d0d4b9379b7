//! One offer of a group for one person, in all slots and channels, for as long as it lasts.

use crate::decide::Decider;
use crate::decide::campaign::{Cause, Denial};
use crate::decide::slot::Rank;
use crate::decision::Reason;
use crate::plan::Id;
use crate::plan::tables::{Campaign, Offer, Text};
use crate::prelude::*;
use crate::profile::Stamp;

/// The offer that the subject has, or gets, in each group.
#[derive(Default)]
pub(crate) struct Offers(Vec<Choice>);

/// Of the offers of a group the best so far: one that the subject holds comes before all others.
struct Choice {
    group: Id<Text>,
    offer: Id<Offer>,
    claim: Claim,
}

/// What an offer is chosen for, the least first.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Claim {
    /// It was seen then.
    Held(Stamp),
    /// Its campaign ranks so.
    Ranked(Rank),
}

impl Offers {
    /// The offer of the group.
    fn get(&self, group: Id<Text>) -> Option<Id<Offer>> {
        let at = self.find(group).ok()?;
        self.0.get(at).map(|choice| choice.offer)
    }

    /// Whether the claim is better than that of the group's offer so far.
    fn leads(&self, group: Id<Text>, claim: Claim) -> bool {
        let known = self.find(group).ok().and_then(|at| self.0.get(at));
        known.is_none_or(|known| claim < known.claim)
    }

    fn choose(&mut self, choice: Choice) {
        match self.find(choice.group) {
            Ok(at) => self.0.get_mut(at).map_or((), |known| *known = choice),
            Err(at) => self.0.insert(at, choice),
        }
    }

    /// The choices are sorted by group.
    fn find(&self, group: Id<Text>) -> Result<usize, usize> {
        self.0.binary_search_by(|choice| choice.group.cmp(&group))
    }
}

impl<'a: 'p, 'p> Decider<'a, 'p> {
    /// For each group of offers the one that was seen first and has not ended, else the one of the campaign that ranks
    /// highest of all that may speak, in whatever slot: so all pages and channels choose the same.
    pub(crate) fn choose_offers(&mut self) -> Offers {
        let mut offers = self.held_offers();
        for id in self.plan.with_offer() {
            let Some(campaign) = self.plan.get(id) else { continue };
            let Some((offer, group)) = self.group_of(&campaign) else { continue };
            let claim = Claim::Ranked(self.rank(id, &campaign));
            if offers.leads(group, claim) && self.may_speak(id).is_ok() {
                offers.choose(Choice { group, offer, claim });
            }
        }
        offers
    }

    /// Whether the campaign's offer is the subject's offer of its group.
    pub(crate) fn check_offer(&self, campaign: &Campaign, offers: &Offers) -> Result<(), Denial> {
        let Some((offer, group)) = self.group_of(campaign) else { return Ok(()) };
        match offers.get(group) {
            Some(chosen) if chosen != offer => Err(Reason::OfferConflict.by(Cause::Offer(chosen))),
            _ => Ok(()),
        }
    }

    fn group_of(&self, campaign: &Campaign) -> Option<(Id<Offer>, Id<Text>)> {
        let id = campaign.offer?;
        Some((id, self.plan.get(id)?.group?))
    }

    fn held_offers(&self) -> Offers {
        let mut held = Offers::default();
        for (offer, row) in self.plan.rows(self.plan.all::<Offer>()) {
            let lasts = self.facts.now >= row.from && self.facts.now < row.until;
            let seen = self.profile.offers.get(self.plan.text(row.id));
            let (Some(group), Some(seen), true) = (row.group, seen, lasts) else { continue };
            let claim = Claim::Held(*seen);
            if held.leads(group, claim) {
                held.choose(Choice { group, offer, claim });
            }
        }
        held
    }
}
