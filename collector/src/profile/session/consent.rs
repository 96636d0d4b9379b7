//! Consent to storage and measurement, which is asked for every event of every sender.
//!
//! The consent that an event states is applied first. Then the profile's effective consent decides about the rest, and
//! the event's own word: an event that says `denied` is not kept, whatever was said later.
//!
//! | `store` and `measure` | kept |
//! |---|---|
//! | granted, or not demanded by the rules | the event |
//! | denied | the consent that the event states, if it states any |
//! | nobody stated anything | it depends on the sender: see [`Sender`] |

use throughline::{Consent, Event, EventKind, Object, Plan, Profile, reduce};
use worker::Result;

use crate::event::{EDGE, IngestResult, Record};
use crate::profile::session::ProfileSession;
use crate::store::key;

/// The event that only states consent.
const CONSENT_EVENT: &str = "Consent Preference Updated";
/// The number of events that are read at once.
const PAGE: i64 = 500;

/// The sender of an event, by what it knows of consent that is not recorded here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sender {
    /// The edge, which has asked the visitor's browser before it sends anything.
    Edge,
    /// A server of the shop, which answers for what it sends unless the rules say `default: denied`.
    Trusted,
    /// Anybody: what is not granted is refused.
    Public,
}

impl Sender {
    fn of(record: &Record) -> Self {
        match (record.source == EDGE, record.event.trusted) {
            (true, _) => Self::Edge,
            (false, true) => Self::Trusted,
            (false, false) => Self::Public,
        }
    }

    /// Returns whether an event may be kept where this was stated, or nothing.
    fn may_send(self, stated: Option<Consent>, default: Consent) -> bool {
        match self {
            Self::Edge => stated != Some(Consent::Denied),
            Self::Trusted => stated.unwrap_or(default) != Consent::Denied,
            Self::Public => stated.unwrap_or(default) == Consent::Granted,
        }
    }
}

impl ProfileSession {
    /// Stores an event of a sender and reduces it, as far as consent allows and unless it has arrived before.
    ///
    /// Without a plan the event is stored; the next load with one asks, before anything else is done with it.
    pub fn admit(&mut self, mut record: Record) -> Result<IngestResult> {
        self.attribute(&mut record)?;
        let Some(purpose) = self.refused_purpose(&record)? else { return self.apply(record) };
        let states_only_consent = record.event.name == CONSENT_EVENT && record.event.traits.is_empty();
        match self.only_consent(record) {
            Some(record) if states_only_consent => self.apply(record),
            Some(record) => self.apply(record).map(|_| refusal(&purpose)),
            None => Ok(refusal(&purpose)),
        }
    }

    /// Asks for consent to the events that arrived while there was no plan, and reduces those that may be kept.
    pub(super) fn reconsider_unreduced(&mut self) -> Result<()> {
        let (Some(from), Some((_, last))) = (self.store.get(key::UNREDUCED)?, self.store.journal_span()?) else {
            return self.store.clear(key::UNREDUCED);
        };
        self.store.clear(key::UNREDUCED)?;
        loop {
            // They are taken out, and appended again behind `last`.
            let mut entries = self.store.entries_after(from.saturating_sub(1), PAGE)?;
            entries.retain(|entry| entry.seq <= last);
            let Some(end) = entries.last().map(|entry| entry.seq) else { return Ok(()) };
            let records: Result<Vec<Record>> = entries.iter().map(crate::store::JournalEntry::record).collect();
            self.store.delete_between(from, end)?;
            for record in records? {
                let kept = match self.refused_purpose(&record)? {
                    None => Some(record),
                    Some(_) => self.only_consent(record),
                };
                kept.iter().try_for_each(|record| self.append_and_reduce(record))?;
            }
        }
    }

    /// Marks that the last entry of the journal, and all that follow, are not reduced.
    pub(super) fn mark_unreduced(&self) -> Result<()> {
        if self.store.contains(key::UNREDUCED)? {
            return Ok(());
        }
        let last = self.store.journal_span()?.map_or(0, |(_, last)| last);
        self.store.set(key::UNREDUCED, &last)
    }

    /// Returns the purpose without whose consent an event may not be kept.
    fn refused_purpose(&self, record: &Record) -> Result<Option<String>> {
        let Some(plan) = self.plan.as_deref().filter(|_| !self.is_account().unwrap_or(true)) else { return Ok(None) };
        let mut known = Profile {
            consent: self.profile.consent.clone(),
            claims: self.profile.claims.clone(),
            ..Profile::default()
        };
        reduce(plan, &mut known, &consent_of(&record.event, plan));
        let sender = Sender::of(record);
        let is_refused = |purpose: &&str| {
            let stated = known.effective_consent(purpose).map(|stated| stated.0);
            record.event.consent.get(purpose) == Some(&Consent::Denied)
                || !sender.may_send(stated, plan.default_consent())
        };
        let required = [plan.storage_purpose(), plan.measurement_purpose()];
        Ok(required.into_iter().flatten().find(is_refused).map(str::to_owned))
    }

    /// Returns the record with nothing but the consent to purposes of the plan, or `None` if it states none.
    fn only_consent(&self, mut record: Record) -> Option<Record> {
        record.event = consent_of(&record.event, self.plan.as_deref()?);
        record.warning = None;
        (!record.event.consent.is_empty()).then_some(record)
    }
}

fn refusal(purpose: &str) -> IngestResult {
    IngestResult::Ignored(format!("no consent to `{purpose}`"))
}

/// Returns the event with nothing but the consent to purposes of the plan.
fn consent_of(event: &Event, plan: &Plan) -> Event {
    let known = event.consent.iter().filter(|(purpose, _)| plan.has_purpose(purpose));
    Event {
        kind: EventKind::Identify,
        name: String::new(),
        properties: Object::default(),
        traits: Object::default(),
        consent: known.map(|(purpose, state)| (purpose.to_owned(), *state)).collect(),
        ..event.clone()
    }
}

/// Returns whether an event has nothing but consent.
pub(super) fn is_only_consent(event: &Event) -> bool {
    event.name.is_empty() && event.traits.is_empty() && event.properties.is_empty()
}
