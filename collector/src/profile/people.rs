//! The identifiers of a person: added under the limits of the rules, in one transaction with what they make of the
//! profile.

use std::collections::BTreeSet;
use std::rc::Rc;

use throughline::Plan;
use worker::Result;

use crate::event::identifier::{Identifier, is_person_type};
use crate::identity::rules::IdentityRules;
use crate::platform::clock;
use crate::platform::plan_cache;
use crate::profile::context::ObjectContext;
use crate::profile::rpc::{Admit, Admitted, MaybeMoved, RedeemHandOver, Redeemed, Survey, Surveyed, Withdraw};
use crate::profile::session::ProfileSession;
use crate::store::{Conflict, OwnIdentifier, ProfileStore, key};

/// The reason of a refused identifier.
const FULL: &str = "the person has as many identifiers of this type as the rules allow";
/// The reason of a withdrawn identifier.
const TAKEN: &str = "the identifier is another person's";

/// Returns who the subject is.
pub fn survey(context: &ObjectContext, _request: &Survey) -> Result<MaybeMoved<Surveyed>> {
    let store = context.store()?;
    if let Some(winner) = store.get(key::MOVED_TO)? {
        return Ok(MaybeMoved::Moved(winner));
    }
    let (people, is_erased) = (people(&store)?, store.is_erased()?);
    let created = store.get(key::CREATED)?.unwrap_or(0);
    Ok(MaybeMoved::Here(Surveyed { is_person: !people.is_empty(), is_erased, people, created }))
}

/// Returns the identifiers of people that lead to a profile.
pub fn people(store: &ProfileStore) -> Result<Vec<Identifier>> {
    let own = store.identifiers()?.into_iter().map(|own| own.id);
    Ok(own.filter(|id| is_person_type(&id.kind)).collect())
}

/// Returns the first type of which two sets of identifiers together have more than one person may have.
pub fn beyond_limit(rules: &IdentityRules, mine: &[Identifier], theirs: &[Identifier]) -> Option<String> {
    let all: BTreeSet<&Identifier> = mine.iter().chain(theirs).collect();
    let count = |kind: &str| all.iter().filter(|id| id.kind == kind).count();
    let added = theirs.iter().filter(|id| !mine.contains(id));
    added.map(|id| &id.kind).find(|kind| count(kind) > rules.limit(kind)).cloned()
}

/// Adds identifiers of a person, as far as the rules allow.
pub async fn admit(context: &ObjectContext, request: Admit) -> Result<MaybeMoved<Admitted>> {
    let plan = plan_cache::current(&context.env).await;
    let work = context.transact_even_erased(move |store| match store.get(key::MOVED_TO)? {
        Some(winner) => Ok(MaybeMoved::Moved(winner)),
        None if store.is_erased()? => Ok(MaybeMoved::Here(Admitted::Refused)),
        None => admit_here(store, plan, &request).map(MaybeMoved::Here),
    });
    work.await
}

fn admit_here(store: &ProfileStore, plan: Option<Rc<Plan>>, request: &Admit) -> Result<Admitted> {
    let (rules, now) = (IdentityRules::new(plan.clone()), clock::now());
    let mut known = people(store)?;
    let is_same = known.iter().any(|id| request.identifiers.contains(id) || request.beside.contains(id));
    if request.device.is_some() && !known.is_empty() && !is_same {
        return Ok(Admitted::Refused);
    }
    let (mut admitted, mut refused) = (Vec::new(), Vec::new());
    for id in &request.identifiers {
        if known.contains(id) {
            continue;
        }
        if beyond_limit(&rules, &known, core::slice::from_ref(id)).is_some() {
            refused.push(id.clone());
        } else {
            known.push(id.clone());
            admitted.push(id.clone());
        }
    }
    if !refused.is_empty() && !request.is_final {
        return Ok(Admitted::Without(refused));
    }
    if let Some(device) = &request.device
        && !store.is_person()?
    {
        become_person(store, plan, device)?;
    }
    let origin = common_origin(store, &request.beside)?;
    for id in admitted {
        store.add_identifier(&OwnIdentifier { id, origin: origin.clone(), at: now })?;
    }
    note_creation(store, now)?;
    for id in &refused {
        store.add_conflict(&Conflict::of_identifier(id, &request.source, FULL, now))?;
    }
    store.set(key::AUDIT_AT, &now)?;
    Ok(if refused.is_empty() { Admitted::All } else { Admitted::Without(refused) })
}

/// Makes the profile of a device that of a person: what the device said so far is its claim, as after a merge.
fn become_person(store: &ProfileStore, plan: Option<Rc<Plan>>, device: &Identifier) -> Result<()> {
    let claimed_by = device.to_string();
    store.claim_entries(&claimed_by)?;
    if let Some(base) = store.get(key::BASE)? {
        store.set(key::BASE, &base.into_claims(&claimed_by))?;
    }
    // Without the id of its plan a profile is rebuilt when it is loaded.
    store.clear(key::PLAN)?;
    ProfileSession::load(store, plan)?.advance_and_save(clock::now()).map(|_| ())
}

/// Returns the profile that all of these identifiers were merged from, if it is one: a new identifier that is named
/// together with them goes back with them if that merge is undone.
fn common_origin(store: &ProfileStore, beside: &[Identifier]) -> Result<String> {
    let origins: Result<Vec<Option<String>>> = beside.iter().map(|id| store.origin_of(id)).collect();
    let origins: Vec<String> = origins?.into_iter().flatten().collect();
    let first = origins.first().cloned().unwrap_or_default();
    Ok(if origins.iter().all(|origin| *origin == first) { first } else { String::new() })
}

/// Stores when the profile became that of a person.
pub fn note_creation(store: &ProfileStore, now: i64) -> Result<()> {
    if store.contains(key::CREATED)? { Ok(()) } else { store.set(key::CREATED, &now) }
}

/// Removes an identifier that leads to another person, and records the conflict.
pub async fn withdraw(context: &ObjectContext, request: Withdraw) -> Result<MaybeMoved<()>> {
    let work = context.transact(move |store| {
        if let Some(winner) = store.get(key::MOVED_TO)? {
            return Ok(MaybeMoved::Moved(winner));
        }
        let now = clock::now();
        store.remove_identifier(&request.identifier)?;
        store.add_conflict(&Conflict::of_identifier(&request.identifier, &request.source, TAKEN, now))?;
        store.set(key::AUDIT_AT, &now)?;
        Ok(MaybeMoved::Here(()))
    });
    work.await
}

/// Stores that a hand-over token is used.
pub async fn redeem_hand_over(context: &ObjectContext, request: RedeemHandOver) -> Result<Redeemed> {
    let work = context.transact(move |store| {
        let is_first = store.use_hand_over(&request.jti, request.expires, clock::now())?;
        Ok(if is_first { Redeemed::First } else { Redeemed::Again })
    });
    work.await
}
