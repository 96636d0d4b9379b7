//! Ingestion: from calls of senders to records in profiles.
//!
//! The identifiers of each event are resolved to a profile, each set of identifiers once. Then each profile is called
//! once with all of its events.

pub mod edge_message;
mod rejected;
mod resolve;
pub mod segment_call;

use std::collections::BTreeMap;

use futures_util::future::join_all;
use worker::{Env, Result, console_error};

use crate::event::{IngestResult, Record};
use crate::ingest::resolve::{Identifiers, ResolvedProfile, resolve};
use crate::profile::client::{call_merged, moved_too_often};
use crate::profile::rpc::{Ingest, Ingested};
pub use rejected::store_rejected;

/// The number of objects that are called concurrently.
const AT_ONCE: usize = 32;

/// An event that has arrived.
pub struct Incoming {
    /// The event.
    pub record: Record,
    /// The subject that the edge served, if it sent the event.
    pub subject: Option<String>,
}

impl Incoming {
    fn identifiers(&self) -> Identifiers {
        Identifiers {
            anonymous_id: self.record.anonymous_id.clone(),
            user_id: self.record.user_id.clone(),
            subject: self.subject.clone(),
            trusted: self.record.event.trusted,
        }
    }
}

/// An event's result, and where the event is.
#[derive(Clone, Debug)]
pub struct IngestedEvent {
    /// The result.
    pub result: IngestResult,
    /// Where the event is, or `None` if it is not stored.
    pub position: Option<Position>,
}

impl IngestedEvent {
    const fn rejected(result: IngestResult) -> Self {
        Self { result, position: None }
    }

    fn unreachable() -> Self {
        Self::rejected(IngestResult::Retry("the profile is unavailable".to_owned()))
    }
}

/// Where an event is.
#[derive(Clone, Debug)]
pub struct Position {
    /// The profile, after all merges.
    pub profile: String,
    /// The profile's version after the event.
    pub version: u64,
    /// Whether the device may see facts from trusted senders.
    pub proven: bool,
}

/// Stores events in their profiles. Returns one result for each, in their order.
///
/// An event is durable exactly if its result is not `Retry` or `Drop`.
pub async fn ingest(env: &Env, incoming: Vec<Incoming>) -> Vec<IngestedEvent> {
    let profiles = resolve_all(env, &incoming).await;
    let mut results: Vec<Option<IngestedEvent>> = Vec::new();
    results.resize_with(incoming.len(), || None);
    let mut batches: BTreeMap<String, Batch> = BTreeMap::new();
    for (index, event) in incoming.into_iter().enumerate() {
        match profiles.get(&event.identifiers()) {
            Some(Ok(resolved)) => batches.entry(resolved.profile.clone()).or_default().push(index, resolved, event),
            Some(Err(result)) => set(&mut results, index, IngestedEvent::rejected(result.clone())),
            None => {}
        }
    }
    store_all(env, batches.into_iter().collect(), &mut results).await;
    results.into_iter().map(|result| result.unwrap_or_else(IngestedEvent::unreachable)).collect()
}

async fn store_all(env: &Env, batches: Vec<(String, Batch)>, results: &mut [Option<IngestedEvent>]) {
    for some in batches.chunks(AT_ONCE) {
        let replies = join_all(some.iter().map(|(profile, batch)| store(env, profile, &batch.records))).await;
        for ((_, batch), reply) in some.iter().zip(replies) {
            batch.distribute(reply, results);
        }
    }
}

/// The events of one profile: the index of each in the request, and whether its sender has proven whose it is.
#[derive(Default)]
struct Batch {
    events: Vec<(usize, bool)>,
    records: Vec<Record>,
}

impl Batch {
    fn push(&mut self, index: usize, resolved: &ResolvedProfile, event: Incoming) {
        self.events.push((index, resolved.proven));
        self.records.push(event.record);
    }

    fn distribute(&self, reply: Result<(String, Ingested)>, results: &mut [Option<IngestedEvent>]) {
        match reply {
            Ok((profile, Ingested { results: of_events, version })) => {
                for ((index, proven), result) in self.events.iter().zip(of_events) {
                    let position = Position { profile: profile.clone(), version, proven: *proven };
                    set(results, *index, IngestedEvent { result, position: Some(position) });
                }
            }
            Err(error) => {
                console_error!("events not stored, the sender has to retry: {error}");
                self.events.iter().for_each(|(index, _)| set(results, *index, IngestedEvent::unreachable()));
            }
        }
    }
}

fn set(results: &mut [Option<IngestedEvent>], index: usize, value: IngestedEvent) {
    if let Some(slot) = results.get_mut(index) {
        *slot = Some(value);
    }
}

/// Resolves every set of identifiers in the request, each once.
async fn resolve_all(
    env: &Env,
    incoming: &[Incoming],
) -> BTreeMap<Identifiers, core::result::Result<ResolvedProfile, IngestResult>> {
    let mut all: Vec<Identifiers> = incoming.iter().map(Incoming::identifiers).collect();
    all.sort();
    all.dedup();
    let mut resolved = BTreeMap::new();
    for some in all.chunks(AT_ONCE) {
        let replies = join_all(some.iter().map(|identifiers| resolve(env, identifiers))).await;
        resolved.extend(some.iter().cloned().zip(replies.into_iter().map(resolved_or_result)));
    }
    resolved
}

fn resolved_or_result(
    resolved: Result<Option<ResolvedProfile>>,
) -> core::result::Result<ResolvedProfile, IngestResult> {
    match resolved {
        Ok(Some(resolved)) => Ok(resolved),
        Ok(None) => Err(IngestResult::Drop("no identifier of a device or a person".to_owned())),
        Err(error) => {
            console_error!("identifiers not resolved: {error}");
            Err(IngestResult::Retry("the identifier is unavailable".to_owned()))
        }
    }
}

/// Stores events in a profile, or in the one that it was merged into.
async fn store(env: &Env, profile: &str, records: &[Record]) -> Result<(String, Ingested)> {
    let stored = call_merged(env, profile, &Ingest { records: records.to_vec() }).await?;
    stored.ok_or_else(|| moved_too_often(profile))
}
