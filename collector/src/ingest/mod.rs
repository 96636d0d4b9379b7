//! The way of events into profiles: whose they are, then one question to each profile with all of its events.

pub mod failed_events;
pub mod record;
mod resolve;
pub mod segment_call;

use std::collections::BTreeMap;

use futures_util::future::join_all;
use worker::{Env, Result, console_error};

use crate::ingest::record::{Outcome, Record};
use crate::ingest::resolve::{Resolved, Who, resolve};
use crate::profile;
use crate::profile::rpc::{Ingest, Ingested};

/// How many objects are asked at the same time.
const AT_ONCE: usize = 32;
/// How many merges are followed from one profile to the next.
const MAX_MOVES: usize = 5;

/// An event that has arrived, and the subject that the edge served, if it came from there.
pub struct Incoming {
    /// The event.
    pub record: Record,
    /// The subject.
    pub subject: Option<String>,
}

impl Incoming {
    fn who(&self) -> Who {
        Who {
            anonymous_id: self.record.anonymous_id.clone(),
            user_id: self.record.user_id.clone(),
            subject: self.subject.clone(),
            trusted: self.record.event.trusted,
        }
    }
}

/// What became of an event, and where it is.
#[derive(Clone, Debug)]
pub struct Placed {
    /// What became of it.
    pub outcome: Outcome,
    /// Its profile, and that profile's version; none if it is not kept.
    pub place: Option<Place>,
}

/// Where an event is.
#[derive(Clone, Debug)]
pub struct Place {
    /// The profile, as it is called after all merges.
    pub profile: String,
    /// The profile's version then.
    pub version: u64,
    /// Whether what trusted senders said of the profile may be shown to the device.
    pub proven: bool,
}

/// Brings events into their profiles; one answer for each, in their order. An event is kept when this says so.
pub async fn ingest(env: &Env, incoming: Vec<Incoming>) -> Vec<Placed> {
    let whose = resolve_all(env, &incoming).await;
    let mut placed: Vec<Option<Placed>> = Vec::new();
    placed.resize_with(incoming.len(), || None);
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for (index, event) in incoming.into_iter().enumerate() {
        match whose.get(&event.who()) {
            Some(Ok(resolved)) => {
                let group = groups.entry(resolved.profile.clone()).or_default();
                group.events.push((index, resolved.proven));
                group.records.push(event.record);
            }
            Some(Err(outcome)) => set(&mut placed, index, Placed { outcome: outcome.clone(), place: None }),
            None => {}
        }
    }
    let groups: Vec<(String, Group)> = groups.into_iter().collect();
    for some in groups.chunks(AT_ONCE) {
        let answers = join_all(some.iter().map(|(profile, group)| keep(env, profile, &group.records))).await;
        for ((_, group), answer) in some.iter().zip(answers) {
            group.place(answer, &mut placed);
        }
    }
    placed.into_iter().map(|one| one.unwrap_or_else(unplaced)).collect()
}

/// The events of one profile: where each stood in the batch, and whether its sender has proven whose it is.
#[derive(Default)]
struct Group {
    events: Vec<(usize, bool)>,
    records: Vec<Record>,
}

impl Group {
    fn place(&self, answer: Result<(String, Vec<Outcome>, u64)>, placed: &mut [Option<Placed>]) {
        match answer {
            Ok((profile, outcomes, version)) => {
                for ((index, proven), outcome) in self.events.iter().zip(outcomes) {
                    let place = Place { profile: profile.clone(), version, proven: *proven };
                    set(placed, *index, Placed { outcome, place: Some(place) });
                }
            }
            Err(error) => {
                console_error!("events not stored, the sender has to retry: {error}");
                self.events.iter().for_each(|(index, _)| set(placed, *index, unplaced()));
            }
        }
    }
}

fn set(placed: &mut [Option<Placed>], index: usize, value: Placed) {
    if let Some(place) = placed.get_mut(index) {
        *place = Some(value);
    }
}

fn unplaced() -> Placed {
    Placed { outcome: Outcome::Retry("the profile is unavailable".to_owned()), place: None }
}

/// Finds the profile of every set of identifiers in the batch, each once.
async fn resolve_all(env: &Env, incoming: &[Incoming]) -> BTreeMap<Who, core::result::Result<Resolved, Outcome>> {
    let mut all: Vec<Who> = incoming.iter().map(Incoming::who).collect();
    all.sort();
    all.dedup();
    let mut found = BTreeMap::new();
    for some in all.chunks(AT_ONCE) {
        let answers = join_all(some.iter().map(|who| resolve(env, who))).await;
        found.extend(some.iter().cloned().zip(answers.into_iter().map(outcome_of)));
    }
    found
}

fn outcome_of(answer: Result<Option<Resolved>>) -> core::result::Result<Resolved, Outcome> {
    match answer {
        Ok(Some(resolved)) => Ok(resolved),
        Ok(None) => Err(Outcome::Drop("no identifier of a device or a person".to_owned())),
        Err(error) => {
            console_error!("identity: {error}");
            Err(Outcome::Retry("the identifier is unavailable".to_owned()))
        }
    }
}

/// Asks a profile to keep its events, or the profile that it has become a part of.
async fn keep(env: &Env, profile: &str, records: &[Record]) -> Result<(String, Vec<Outcome>, u64)> {
    let mut profile = profile.to_owned();
    let question = Ingest { records: records.to_vec() };
    for _ in 0..MAX_MOVES {
        match profile::ingest(env, &profile, &question).await? {
            Ingested::Done { outcomes, version } => return Ok((profile, outcomes, version)),
            Ingested::Moved(winner) => profile = winner,
        }
    }
    Err(format!("`{profile}` leads through too many merges").into())
}
