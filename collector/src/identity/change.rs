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
