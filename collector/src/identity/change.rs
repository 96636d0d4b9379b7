//! The changes of a link. Every change is idempotent.

use serde::{Deserialize, Serialize};

use crate::event::identifier::Identifier;
use crate::identity::rotation;
use crate::store::{Claim, DeviceState, Link};

/// The number of people that a device is remembered to have claimed to be.
const MAX_CLAIMS: usize = 8;

/// A change of where an identifier leads.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Change {
    /// No change: only returns the link.
    Find,
    /// An identifier of a person leads to this profile, if it leads nowhere yet.
    Claim { profile: String },
    /// A device is here, and may claim to be a person. A new one leads to the profile of its proof, or to its own.
    Visit { claim: Option<String>, owner: Option<String> },
    /// A device that is proven to be somebody's claims to be somebody else: where it leads stays.
    ClaimApart { claim: String },
    /// It is proven that a device is used by whoever has this profile. Claims of these people are settled.
    Prove { profile: String, people: Vec<String> },
    /// The browser of device `by` shows this id to another library: it leads to this profile from now on, unless it is
    /// proven to be somebody's, or another device shows it.
    Show { profile: String, by: String },
    /// As `Show`, although another device showed it, whose id has ended.
    ShowInstead { profile: String, by: String },
    /// Leads to `to` wherever it leads to `from`.
    Move { from: String, to: String },
    /// A device signed in: `next` is to replace its id, unless there is one to replace it already.
    Rotate { next: String },
    /// A new device id that replaces `previous` leads to this profile.
    Begin { profile: String, previous: String },
    /// The id that replaces this one was seen at this time.
    Replaced { at: i64 },
    /// It is known that the id was seen.
    Seen,
    /// The id proves nothing from this time on.
    End { at: i64 },
    /// Leads nowhere, if the identifier leads to this profile, which is erased. If `suppress`, it gets a tombstone.
    Erase { profile: String, suppress: bool },
    /// The tombstone with this digest is removed.
    RemoveTombstone { digest: String },
}

impl Change {
    /// Returns where an identifier leads after this change.
    pub fn apply(self, id: &Identifier, found: Option<Link>) -> Option<Link> {
        match self {
            Self::Find | Self::Erase { .. } | Self::RemoveTombstone { .. } => found,
            Self::Claim { profile } => Some(found.unwrap_or_else(|| Link::proven(profile))),
            Self::Visit { claim, owner } => {
                let link = found.unwrap_or_else(|| first(id, owner));
                Some(if link.proven { link } else { link.claiming(id, claim) })
            }
            Self::ClaimApart { claim } => found.map(|link| link.claiming_apart(id, &claim)),
            Self::Prove { profile, people } => Some(proven(found, profile, &people)),
            Self::Show { profile, by } => Some(shown(found, profile, by, false)),
            Self::ShowInstead { profile, by } => Some(shown(found, profile, by, true)),
            Self::Move { from, to } => found.map(|link| link.moved(&from, &to)),
            Self::Rotate { next } => found.map(|link| rotation::rotate(link, next)),
            Self::Begin { profile, previous } => Some(found.unwrap_or_else(|| rotation::begin(profile, previous))),
            Self::Replaced { at } => found.map(|link| rotation::replaced(link, at)),
            Self::Seen => found.map(rotation::seen),
            Self::End { at } => found.map(|link| rotation::end(link, at)),
        }
    }
}

/// Returns the link of a device that is new.
fn first(id: &Identifier, owner: Option<String>) -> Link {
    match owner {
        Some(profile) => Link::proven(profile),
        None => Link { proven: false, ..Link::proven(id.profile()) },
    }
}

/// Returns the link of a device after a proof. A proof moves the device, also from another person.
fn proven(found: Option<Link>, profile: String, people: &[String]) -> Link {
    let Some(mut link) = found else { return Link::proven(profile) };
    link.device.claims.retain(|claim| !people.contains(&claim.person) && claim.profile != profile);
    if link.profile != profile {
        // The id that was to replace this one belongs to the person before.
        link.device.next = None;
    }
    Link { device: link.device, ..Link::proven(profile) }
}

/// Returns the link of an id that the browser of device `by` shows.
fn shown(found: Option<Link>, profile: String, by: String, is_instead: bool) -> Link {
    let device = DeviceState { shown_by: Some(by.clone()), ..DeviceState::default() };
    let Some(mut link) = found else { return Link { proven: false, device, ..Link::proven(profile) } };
    let is_of_another = link.device.shown_by.as_ref().is_some_and(|known| *known != by);
    if link.proven || (is_of_another && !is_instead) {
        return link;
    }
    link.device.had_profile |= link.device.shown_by.is_none();
    link.device.shown_by = Some(by);
    Link { profile, ..link }
}

impl Link {
    /// Returns a link that is proven.
    pub fn proven(profile: String) -> Self {
        Self { profile, proven: true, erased: false, device: DeviceState::default() }
    }

    /// Returns the link of an identifier that has a tombstone.
    pub fn erased(profile: String) -> Self {
        Self { erased: true, ..Self::proven(profile) }
    }

    /// Returns the link after a claim. The first claim is about everything that the device did so far; another one
    /// begins a profile of its own, because the browser may be shared.
    fn claiming(mut self, id: &Identifier, claim: Option<String>) -> Self {
        let Some(person) = claim else { return self };
        let profile = match self.device.claims.iter().find(|known| known.person == person) {
            Some(known) => known.profile.clone(),
            None if self.device.claims.is_empty() => self.profile.clone(),
            None => id.profile_while_claiming(&person),
        };
        self.profile.clone_from(&profile);
        self.remember(Claim { person, profile });
        self
    }

    fn claiming_apart(mut self, id: &Identifier, person: &str) -> Self {
        let known = self.device.claims.iter().find(|known| known.person == person);
        let profile = known.map_or_else(|| id.profile_while_claiming(person), |known| known.profile.clone());
        self.remember(Claim { person: person.to_owned(), profile });
        self
    }

    fn remember(&mut self, claim: Claim) {
        self.device.claims.retain(|known| known.person != claim.person);
        self.device.claims.push(claim);
        let excess = self.device.claims.len().saturating_sub(MAX_CLAIMS);
        self.device.claims.drain(..excess);
    }

    fn moved(mut self, from: &str, to: &str) -> Self {
        if self.profile == from {
            to.clone_into(&mut self.profile);
        }
        for claim in self.device.claims.iter_mut().filter(|claim| claim.profile == from) {
            to.clone_into(&mut claim.profile);
        }
        self
    }

    /// Returns the profile of what the device says while it claims to be this person.
    pub fn profile_of_claim(&self, person: &str) -> Option<&str> {
        self.device.claims.iter().find(|claim| claim.person == person).map(|claim| claim.profile.as_str())
    }

    /// Returns the person that the device claims to be.
    pub fn claim(&self) -> Option<&Claim> {
        self.device.claims.last()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device() -> Identifier {
        Identifier::device("d")
    }

    fn visit(found: Option<Link>, claim: Option<&str>) -> Link {
        let visit = Change::Visit { claim: claim.map(str::to_owned), owner: None };
        visit.apply(&device(), found).unwrap_or_else(|| Link::proven("none".to_owned()))
    }

    #[test]
    fn the_first_claim_is_about_all_that_the_device_did() {
        let new = visit(None, None);
        let claiming = visit(Some(new.clone()), Some("user_id:a"));
        assert_eq!(claiming.profile, new.profile);
        assert_eq!(visit(Some(claiming.clone()), None), claiming);
    }

    #[test]
    fn each_claim_has_a_profile_and_comes_back_to_it() {
        let first = visit(None, Some("user_id:a"));
        let second = visit(Some(first.clone()), Some("user_id:b"));
        assert_ne!(second.profile, first.profile);
        let again = visit(Some(second), Some("user_id:a"));
        assert_eq!(again.profile, first.profile);
        assert_eq!(again.claim().map(|claim| claim.person.as_str()), Some("user_id:a"));
    }

    #[test]
    fn the_claims_of_a_device_are_bounded() {
        let claims = (0..100).map(|number| format!("user_id:{number}"));
        let link = claims.fold(visit(None, None), |link, claim| visit(Some(link), Some(&claim)));
        assert_eq!(link.device.claims.len(), MAX_CLAIMS);
        assert_eq!(link.claim().map(|claim| claim.person.as_str()), Some("user_id:99"));
    }

    #[test]
    fn a_claim_moves_no_device_that_is_proven_to_be_somebodys() {
        let proven = Link::proven("p".to_owned());
        assert_eq!(visit(Some(proven.clone()), Some("user_id:b")), proven);
        let apart = Change::ClaimApart { claim: "user_id:b".to_owned() }.apply(&device(), Some(proven));
        assert_eq!(apart.map(|link| (link.profile, link.proven)), Some(("p".to_owned(), true)));
    }

    #[test]
    fn an_id_of_another_library_stays_with_the_device_that_shows_it() {
        let show = |found: Option<Link>, by: &str| {
            Change::Show { profile: format!("of {by}"), by: by.to_owned() }.apply(&device(), found)
        };
        let shown = show(None, "one");
        assert_eq!(show(shown.clone(), "two"), shown);
        assert_eq!(shown.map(|link| (link.profile, link.proven)), Some(("of one".to_owned(), false)));
        let proven = Some(Link::proven("p".to_owned()));
        assert_eq!(show(proven.clone(), "two"), proven);
    }

    #[test]
    fn an_identifier_leads_to_the_profile_that_claimed_it_first() {
        let claim = |found, profile: &str| Change::Claim { profile: profile.to_owned() }.apply(&device(), found);
        assert_eq!(claim(claim(None, "one"), "two").map(|link| link.profile).as_deref(), Some("one"));
    }
}
