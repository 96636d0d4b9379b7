//! People whose identifiers are proven: found, created, and merged under the limits and priorities of the rules.
//!
//! 1. The best identifier that leads to a profile says who the person is, if the better ones fit into that profile.
//! 2. A new person adopts the profile of the device, or gets one of their own.
//! 3. Identifiers that lead nowhere are added to the profile, as far as the limits allow.
//! 4. Profiles of other unique identifiers are merged, as far as the limits allow. The rest are conflicts.
//! 5. The device is linked, and its profiles join.

use worker::{Env, Result};

use crate::event::identifier::Identifier;
use crate::identity::rules::IdentityRules;
use crate::identity::{Change, Link, change, find};
use crate::ingest::named::{Device, Named};
use crate::ingest::resolve::ResolvedProfile;
use crate::ingest::resolve::device::{changed, join};
use crate::profile::client;
use crate::profile::rpc::{Admit, Admitted, MergeFrom, MergeOutcome, Withdraw};

/// The identifiers of one call, sorted by where they lead.
struct Statement<'a> {
    env: &'a Env,
    rules: &'a IdentityRules,
    named: &'a Named,
    /// All identifiers of the person, the best first.
    people: &'a [Identifier],
    /// Where each of them leads.
    found: Vec<Option<String>>,
    /// The device, and where it leads.
    device: Option<(Identifier, Option<Link>)>,
}

/// Resolves proven identifiers of a person, with the device that they were said on.
pub async fn resolve(
    env: &Env,
    rules: &IdentityRules,
    named: &Named,
    people: &[Identifier],
    device: Option<&Device>,
) -> Result<ResolvedProfile> {
    let mut found = Vec::new();
    for id in people {
        let link = find(env, id).await?;
        if let Some(erased) = link.as_ref().filter(|link| link.erased) {
            // The erased profile ignores the event, and nothing is linked to it.
            return Ok(ResolvedProfile::proven(erased.profile.clone()));
        }
        found.push(link.map(|link| link.profile));
    }
    let device = match device {
        Some(device) => Some((device.id.clone(), find(env, &device.id).await?.filter(|link| !link.erased))),
        None => None,
    };
    let statement = Statement { env, rules, named, people, found, device };
    let profile = statement.person().await?;
    let profile = statement.merge_others(profile).await?;
    statement.link_device(&profile).await?;
    Ok(ResolvedProfile::proven(profile))
}

impl Statement<'_> {
    /// Returns the profile of the person, with all identifiers that lead nowhere yet and fit.
    async fn person(&self) -> Result<String> {
        for (index, profile) in self.found.iter().enumerate() {
            let Some(profile) = profile else { continue };
            let better: Vec<Identifier> = self.people.iter().take(index).cloned().collect();
            if !better.is_empty() && !self.people.get(index).is_some_and(|id| self.rules.is_unique(id)) {
                continue;
            }
            if better.is_empty() || self.admit(profile, better, None, false).await? {
                self.admit_new(profile).await?;
                return Ok(profile.clone());
            }
        }
        let profile = self.new_person().await?;
        self.admit_new(&profile).await?;
        Ok(profile)
    }

    /// Returns the profile of a new person: that of the device, unless it is of somebody, or one of their own.
    async fn new_person(&self) -> Result<String> {
        let Some(best) = self.best_new() else { return Err("no identifier of a person".into()) };
        let adopted = match self.profile_to_adopt() {
            Some((device, profile))
                if self.admit(&profile, vec![best.clone()], Some(device.clone()), false).await? =>
            {
                profile
            }
            _ => best.profile(),
        };
        let link = changed(self.env, best, Change::Claim { profile: adopted }).await?;
        Ok(link.profile)
    }

    /// Returns the best identifier that leads nowhere.
    fn best_new(&self) -> Option<&Identifier> {
        let mut new = self.people.iter().zip(&self.found).filter(|(_, found)| found.is_none());
        new.next().map(|(id, _)| id).or_else(|| self.people.first())
    }

    /// Returns the profile of the device, if the person can be whoever the device said that it is.
    fn profile_to_adopt(&self) -> Option<(Identifier, String)> {
        let (device, link) = self.device.as_ref()?;
        let link = link.as_ref()?;
        let is_shown = link.device.shown_by.is_some();
        let is_persons = match link.claim() {
            Some(claim) => self.people.iter().any(|id| id.to_string() == claim.person) && claim.profile == link.profile,
            None => true,
        };
        (!is_shown && is_persons).then(|| (device.clone(), link.profile.clone()))
    }

    /// Adds all identifiers that lead nowhere to the profile, as far as they fit, and makes them lead there.
    async fn admit_new(&self, profile: &str) -> Result<()> {
        let (mut new, mut listed) = (Vec::new(), Vec::new());
        for (id, found) in self.people.iter().zip(&self.found) {
            match found {
                None => new.push(id.clone()),
                // Of several people with an identifier that is not unique, the first one is found by it.
                Some(holder) if holder != profile && !self.rules.is_unique(id) => listed.push(id.clone()),
                Some(_) => {}
            }
        }
        if new.is_empty() && listed.is_empty() {
            return Ok(());
        }
        listed.extend(new.iter().cloned());
        let refused = match self.send_admit(profile, listed, None, true).await? {
            Admitted::Without(refused) => refused,
            Admitted::All | Admitted::Refused => Vec::new(),
        };
        for id in new.iter().filter(|id| !refused.contains(id)) {
            let link = changed(self.env, id, Change::Claim { profile: profile.to_owned() }).await?;
            if link.profile != profile && self.rules.is_unique(id) {
                self.settle_race(profile, id, link.profile).await?;
            }
        }
        Ok(())
    }

    /// Another call has got an identifier at the same moment: both profiles are one, or this one gives it back.
    async fn settle_race(&self, profile: &str, id: &Identifier, other: String) -> Result<()> {
        let (winner, _) = client::survey(self.env, profile).await?;
        let (holder, _) = client::survey(self.env, &other).await?;
        if winner == holder || self.merge(&winner, &holder, id).await?.is_some() {
            return Ok(());
        }
        let withdraw = Withdraw { identifier: id.clone(), source: self.named.source.clone() };
        client::call_person(self.env, &winner, &withdraw).await
    }

    async fn admit(
        &self,
        profile: &str,
        identifiers: Vec<Identifier>,
        device: Option<Identifier>,
        is_final: bool,
    ) -> Result<bool> {
        let admitted = self.send_admit(profile, identifiers, device, is_final).await?;
        Ok(matches!(admitted, Admitted::All))
    }

    async fn send_admit(
        &self,
        profile: &str,
        identifiers: Vec<Identifier>,
        device: Option<Identifier>,
        is_final: bool,
    ) -> Result<Admitted> {
        let source = self.named.source.clone();
        let admit = Admit { identifiers, beside: self.people.to_vec(), device, source, is_final };
        client::call_person(self.env, profile, &admit).await
    }

    /// Merges the profiles that the other unique identifiers lead to. Returns the profile that is left.
    async fn merge_others(&self, profile: String) -> Result<String> {
        let mut person = profile;
        for (id, found) in self.people.iter().zip(&self.found) {
            let Some(other) = found.as_ref().filter(|other| **other != person) else { continue };
            if !self.rules.is_unique(id) {
                continue;
            }
            let (known, _) = client::survey(self.env, &person).await?;
            let (other, _) = client::survey(self.env, other).await?;
            person = match known == other {
                true => known,
                false => self.merge(&known, &other, id).await?.unwrap_or(known),
            };
        }
        Ok(person)
    }

    /// Merges two people, and returns the profile that is left, or `None` if the rules forbid it.
    async fn merge(&self, one: &str, other: &str, reason: &Identifier) -> Result<Option<String>> {
        let (winner, loser) = self.by_rank(one, other).await?;
        let operation = MergeFrom { loser, reason: reason.clone(), claim: None, source: self.named.source.clone() };
        let outcome = client::call_person(self.env, &winner, &operation).await?;
        Ok((outcome == MergeOutcome::Accepted).then_some(winner))
    }

    /// Returns the profile that stays and the one that ends: first the one with the better identifier, then the older
    /// one.
    async fn by_rank(&self, one: &str, other: &str) -> Result<(String, String)> {
        let mut ranked = Vec::new();
        for profile in [one, other] {
            let (profile, surveyed) = client::survey(self.env, profile).await?;
            let best = surveyed.people.iter().map(|id| self.rules.priority(id)).min().unwrap_or(u32::MAX);
            ranked.push((best, surveyed.created, profile));
        }
        ranked.sort();
        let mut profiles = ranked.into_iter().map(|(_, _, profile)| profile);
        Ok((profiles.next().unwrap_or_default(), profiles.next().unwrap_or_default()))
    }

    /// Links the device to the person. Its profiles join before it is linked, so the next call makes up for a crash in
    /// between.
    async fn link_device(&self, person: &str) -> Result<()> {
        let Some((device, link)) = &self.device else { return Ok(()) };
        if let Some(link) = link {
            let is_settled = link.proven && link.profile == person && !self.settles_a_claim(link);
            if is_settled {
                return Ok(());
            }
            join(self.env, self.named, device, link, person).await?;
        }
        let people: Vec<String> = self.people.iter().map(ToString::to_string).collect();
        let prove = Change::Prove { profile: person.to_owned(), people };
        change(self.env, device, prove).await?;
        if let Some(former) = link.as_ref().map(|link| &link.profile).filter(|former| *former != person) {
            client::hang_up(self.env, former, &device.value, false).await;
        }
        Ok(())
    }

    fn settles_a_claim(&self, link: &Link) -> bool {
        self.people.iter().any(|id| link.profile_of_claim(&id.to_string()).is_some())
    }
}
