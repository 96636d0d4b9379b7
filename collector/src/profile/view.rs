//! The view of a profile for people with the secret key.

use serde_json::{Map, Value, json};
use throughline::{Millis, Object, Plan, Profile};
use worker::Result;

use crate::event::identifier::{ANONYMOUS, USER};
use crate::platform::clock;
use crate::platform::plan_cache;
use crate::profile::account::pull_from_account;
use crate::profile::context::ObjectContext;
use crate::profile::rpc::{MaybeMoved, ProfileView, ViewProfile};
use crate::store::{JournalEntry, Merge, ProfileStore, key};

/// The number of copies of events whose traits are shown.
const COPIES: i64 = 500;
/// The number of deliveries that are shown.
const DELIVERIES: i64 = 100;

/// Returns identities, traits, consent, segments, journeys, exposures, deliveries, and a page of events.
pub async fn view_profile(context: &ObjectContext, request: &ViewProfile) -> Result<MaybeMoved<Option<ProfileView>>> {
    let store = context.store()?;
    if let Some(winner) = store.get(key::MOVED_TO)? {
        return Ok(MaybeMoved::Moved(winner));
    }
    if store.is_erased()? || !store.is_known()? {
        return Ok(MaybeMoved::Here(None));
    }
    let (plan, now) = (plan_cache::current(&context.env).await, clock::now());
    if let Some(plan) = &plan {
        pull_from_account(context, plan).await?;
    }
    let loaded = context.with_session(plan.clone(), move |session| {
        let profile = session.profile().clone();
        Ok((profile, session.advance_and_save(now)?))
    });
    let (mut profile, version) = loaded.await?;
    if let Some(plan) = &plan {
        profile.segments = profile.all_segments(plan, Millis(now));
    }
    view(&store, plan.as_deref(), &profile, version, request).map(Some).map(MaybeMoved::Here)
}

fn view(
    store: &ProfileStore,
    plan: Option<&Plan>,
    profile: &Profile,
    version: u64,
    request: &ViewProfile,
) -> Result<ProfileView> {
    let events = events(store, request)?;
    let is_full = i64::try_from(events.len()).is_ok_and(|count| count >= request.limit);
    let next = events.last().filter(|_| is_full).and_then(|event| event.get("seq")).cloned();
    // Empty parts are absent in a profile's JSON.
    let known = serde_json::to_value(profile)?;
    let part = |name: &str| known.get(name).cloned().unwrap_or_else(|| json!({}));
    Ok(ProfileView(json!({
        "subject": profile.subject,
        "version": version,
        "plan": plan.map(Plan::id),
        "identities": identities(store)?,
        "traits": traits(store, profile)?,
        "consent": consent(profile),
        "segments": known.get("segments").cloned().unwrap_or_else(|| json!([])),
        "counters": part("counters"),
        "journeys": part("journeys"),
        "exposures": part("exposures"),
        "offers": part("offers"),
        "assignments": part("assignments"),
        "accounts": part("accounts"),
        "deliveries": store.latest_deliveries(DELIVERIES)?,
        "merged": merges(store)?,
        "conflicts": store.conflicts()?,
        "events": events,
        "next": next,
    })))
}

/// Returns the traits, and beside them those that copies of events claim.
fn traits(store: &ProfileStore, profile: &Profile) -> Result<Object> {
    let mut traits = profile.traits_by_name();
    let mut copies: Result<Vec<_>> = store.copies(COPIES)?.iter().map(|entry| Ok(entry.record()?.event)).collect();
    if let Ok(copies) = &mut copies {
        copies.sort_by_key(|event| core::cmp::Reverse(event.at));
    }
    for event in copies? {
        for (name, value) in event.traits.iter() {
            if traits.get(name).is_none() {
                traits.insert(name, value.clone());
            }
        }
    }
    Ok(traits)
}

/// Returns the consent that counts, by purpose: the subject's own, narrowed by what devices claim.
fn consent(profile: &Profile) -> Map<String, Value> {
    let own = profile.consent.iter().map(|(purpose, _)| purpose);
    let claimed = profile.claims.consent.values().flat_map(|states| states.iter().map(|(purpose, _)| purpose));
    let effective = |purpose: &str| Some((purpose.to_owned(), profile.effective_consent(purpose)?.0.name().into()));
    own.chain(claimed).filter_map(effective).collect()
}

/// Returns the identifiers by type. User ids and anonymous ids are there even if there are none.
fn identities(store: &ProfileStore) -> Result<Map<String, Value>> {
    let mut identities: Map<String, Value> =
        [ANONYMOUS, USER].map(|kind| (kind.to_owned(), json!([]))).into_iter().collect();
    for own in store.identifiers()? {
        let values = identities.entry(own.id.kind).or_insert_with(|| json!([]));
        if let Some(values) = values.as_array_mut() {
            values.push(own.id.value.into());
        }
    }
    Ok(identities)
}

/// Returns a page of events, the latest first.
fn events(store: &ProfileStore, request: &ViewProfile) -> Result<Vec<Value>> {
    let before = request.before.unwrap_or(i64::from(u32::MAX));
    store.entries_before(before, request.limit)?.iter().map(event).collect()
}

fn event(entry: &JournalEntry) -> Result<Value> {
    let record = entry.record()?;
    let mut event = serde_json::to_value(&record.event)?;
    if let Some(members) = event.as_object_mut() {
        members.insert("seq".to_owned(), entry.seq.into());
        members.insert("source".to_owned(), record.source.into());
        members.insert("receivedAt".to_owned(), record.received.into());
    }
    Ok(event)
}

/// Returns the profiles that were merged into this one, and how far each merge is.
fn merges(store: &ProfileStore) -> Result<Vec<Value>> {
    let shown = |merge: Merge| json!({ "profile": merge.loser, "done": !merge.is_open(), "state": merge.state, "reason": merge.detail.reason });
    Ok(store.merges()?.into_iter().map(shown).collect())
}
