//! Ingestion: from calls of senders to records in profiles.
//!
//! The calls that depend on each other are resolved to profiles in their order; see [`chains`]. Then each profile is
//! called once with all of its events.

mod chains;
pub mod dialect;
pub mod edge_message;
mod identifiers;
pub mod named;
mod rejected;
pub mod resolve;
pub mod segment_call;

use std::collections::BTreeMap;

use futures_util::future::join_all;
use worker::{Env, Result, console_error};

use crate::event::identifier::Identifier;
use crate::event::{IngestResult, Record};
use crate::identity::rules::IdentityRules;
use crate::identity::{Change, change};
use crate::ingest::named::{Named, Person};
use crate::ingest::resolve::{ResolvedProfile, profile_shown, resolve};
use crate::platform::clock;
use crate::profile::client::{call_merged, hang_up, moved_too_often};
use crate::profile::rpc::{Ingest, Ingested};
use crate::store::COPIED;
pub use rejected::store_rejected;

/// The number of objects that are called concurrently.
const AT_ONCE: usize = 32;

/// A call that has arrived.
pub struct Incoming {
    /// The device and the person that it is about.
    pub named: Named,
    /// Its event, if it has one.
    pub record: Option<Record>,
    /// Whether the device's id ends with it.
    pub signs_out: bool,
    /// Whether the event is also shown at the person whom it claims to be about.
    pub shows_claim: bool,
}

/// An event's result, and where the event is.
#[derive(Clone, Debug)]
pub struct IngestedEvent {
    /// The result.
    pub result: IngestResult,
    /// The version of its profile after the event, or `None` if it is not stored.
    pub version: Option<u64>,
}

impl IngestedEvent {
    const fn without_event(result: IngestResult) -> Self {
        Self { result, version: None }
    }

    fn unreachable() -> Self {
        Self::without_event(IngestResult::Retry("the profile is unavailable".to_owned()))
    }
}

/// The profile of a call, or the result of a call that has none.
type Resolution = core::result::Result<ResolvedProfile, IngestResult>;

/// Stores events in their profiles. Returns one result for each call, in their order.
///
/// An event is durable exactly if its result is not `Retry` or `Drop`.
pub async fn ingest(env: &Env, rules: &IdentityRules, incoming: Vec<Incoming>) -> Vec<IngestedEvent> {
    let resolutions = resolve_all(env, rules, &incoming).await;
    let mut results: Vec<Option<IngestedEvent>> = Vec::new();
    results.resize_with(incoming.len(), || None);
    let (mut batches, mut copies) = (BTreeMap::<String, Batch>::new(), BTreeMap::<String, Batch>::new());
    for (index, (call, resolution)) in incoming.into_iter().zip(resolutions).enumerate() {
        match (resolution, call.record) {
            (Ok(resolved), Some(record)) => {
                if let Some(profile) = &resolved.shown_at {
                    copies.entry(profile.clone()).or_default().push(index, copy(&record, &resolved));
                }
                let batch = batches.entry(resolved.profile.clone()).or_default();
                batch.push(index, with_sender(record, resolved));
            }
            (Ok(_), None) => set(&mut results, index, IngestedEvent::without_event(IngestResult::Ok)),
            (Err(result), _) => set(&mut results, index, IngestedEvent::without_event(result)),
        }
    }
    store_all(env, batches, &mut results, Batch::distribute).await;
    store_all(env, copies, &mut results, Batch::distribute_failures).await;
    results.into_iter().map(|result| result.unwrap_or_else(IngestedEvent::unreachable)).collect()
}

fn with_sender(mut record: Record, resolved: ResolvedProfile) -> Record {
    record.unproven = resolved.unproven;
    if let Some(remark) = resolved.warning {
        record.warn(remark);
    }
    record
}

/// Returns the copy of an event for those who read the profile of the claimed person.
fn copy(record: &Record, resolved: &ResolvedProfile) -> Record {
    let mut copy = Record { source: format!("{COPIED}{}", record.source), is_copy: true, ..record.clone() };
    copy.unproven.clone_from(&resolved.unproven);
    copy.event.claimed_by.clone_from(&resolved.unproven);
    copy
}

async fn store_all(
    env: &Env,
    batches: BTreeMap<String, Batch>,
    results: &mut [Option<IngestedEvent>],
    distribute: Distribute,
) {
    let batches: Vec<(String, Batch)> = batches.into_iter().collect();
    for some in batches.chunks(AT_ONCE) {
        let replies = join_all(some.iter().map(|(profile, batch)| store(env, profile, &batch.records))).await;
        for ((_, batch), reply) in some.iter().zip(replies) {
            distribute(batch, reply, results);
        }
    }
}

/// Sets the results of the calls in a batch from the reply of their profile.
type Distribute = fn(&Batch, Result<(String, Ingested)>, &mut [Option<IngestedEvent>]);

/// The events of one profile, each with the index of its call.
#[derive(Default)]
struct Batch {
    indices: Vec<usize>,
    records: Vec<Record>,
}

impl Batch {
    fn push(&mut self, index: usize, record: Record) {
        self.indices.push(index);
        self.records.push(record);
    }

    fn distribute(&self, reply: Result<(String, Ingested)>, results: &mut [Option<IngestedEvent>]) {
        match reply {
            Ok((_, Ingested { results: of_events, version })) => {
                for (index, result) in self.indices.iter().zip(of_events) {
                    set(results, *index, IngestedEvent { result, version: Some(version) });
                }
            }
            Err(error) => self.fail(&error, results),
        }
    }

    /// The result of an event is that of the event itself, unless its copy could not be stored.
    fn distribute_failures(&self, reply: Result<(String, Ingested)>, results: &mut [Option<IngestedEvent>]) {
        if let Err(error) = reply {
            self.fail(&error, results);
        }
    }

    fn fail(&self, error: &worker::Error, results: &mut [Option<IngestedEvent>]) {
        console_error!("events not stored, the sender has to retry: {error}");
        self.indices.iter().for_each(|index| set(results, *index, IngestedEvent::unreachable()));
    }
}

fn set(results: &mut [Option<IngestedEvent>], index: usize, value: IngestedEvent) {
    if let Some(slot) = results.get_mut(index) {
        *slot = Some(value);
    }
}

/// Resolves all calls of a request, those of one chain in their order.
async fn resolve_all(env: &Env, rules: &IdentityRules, incoming: &[Incoming]) -> Vec<Resolution> {
    let keys: Vec<Vec<String>> = incoming.iter().map(|call| call.named.keys()).collect();
    let mut resolved: BTreeMap<usize, Resolution> = BTreeMap::new();
    for some in chains::chains(&keys).chunks(AT_ONCE) {
        let of_chains = some.iter().map(|chain| resolve_chain(env, rules, incoming, &keys, chain));
        resolved.extend(join_all(of_chains).await.into_iter().flatten());
    }
    resolved.into_values().collect()
}

async fn resolve_chain(
    env: &Env,
    rules: &IdentityRules,
    incoming: &[Incoming],
    keys: &[Vec<String>],
    chain: &[usize],
) -> Vec<(usize, Resolution)> {
    let mut known: BTreeMap<&Named, (Resolution, &[String])> = BTreeMap::new();
    let mut resolved = Vec::new();
    for &index in chain {
        let (Some(call), Some(keys)) = (incoming.get(index), keys.get(index)) else { continue };
        let shows = call.shows_claim.then(|| claimed(&call.named)).flatten();
        let resolution = match known.get(&call.named).filter(|_| shows.is_none()) {
            Some((resolution, _)) => resolution.clone(),
            None => {
                let resolution = resolution(resolve_one(env, rules, &call.named, shows).await);
                // A call may change where the identifiers lead that it names.
                known.retain(|_, (_, others)| !others.iter().any(|key| keys.contains(key)));
                known.insert(&call.named, (resolution.clone(), keys));
                resolution
            }
        };
        let resolution = match (&resolution, call.signs_out) {
            (Ok(_), true) => {
                known.clear();
                sign_out(env, &call.named).await.map_or_else(|error| unresolved(&error), |()| resolution)
            }
            _ => resolution,
        };
        resolved.push((index, resolution));
    }
    resolved
}

async fn resolve_one(
    env: &Env,
    rules: &IdentityRules,
    named: &Named,
    shows: Option<&Identifier>,
) -> Result<Option<ResolvedProfile>> {
    let Some(mut resolved) = resolve(env, rules, named).await? else { return Ok(None) };
    if let Some(claimed) = shows {
        let profile = profile_shown(env, claimed).await?;
        resolved.shown_at = Some(profile).filter(|profile| *profile != resolved.profile);
    }
    Ok(Some(resolved))
}

fn claimed(named: &Named) -> Option<&Identifier> {
    match &named.person {
        Person::Claimed(id) => Some(id),
        Person::Nobody | Person::Proven(_) => None,
    }
}

/// Ends the id of the device.
async fn sign_out(env: &Env, named: &Named) -> Result<()> {
    let Some(device) = named.device.as_ref().filter(|device| device.is_signed) else { return Ok(()) };
    if let Some(link) = change(env, &device.id, Change::End { at: clock::now() }).await? {
        hang_up(env, &link.profile, &device.id.value, true).await;
    }
    Ok(())
}

fn resolution(resolved: Result<Option<ResolvedProfile>>) -> Resolution {
    match resolved {
        Ok(Some(resolved)) => Ok(resolved),
        Ok(None) => Err(IngestResult::Drop("no identifier of a device or a person".to_owned())),
        Err(error) => unresolved(&error),
    }
}

fn unresolved(error: &worker::Error) -> Resolution {
    console_error!("identifiers not resolved: {error}");
    Err(IngestResult::Retry("the identifier is unavailable".to_owned()))
}

async fn store(env: &Env, profile: &str, records: &[Record]) -> Result<(String, Ingested)> {
    let stored = call_merged(env, profile, &Ingest { records: records.to_vec() }).await?;
    stored.ok_or_else(|| moved_too_often(profile))
}
