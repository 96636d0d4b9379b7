//! The profile for the time of one transaction: loaded from the store, changed by events and time, and saved.

mod account_journey;
mod advance;
mod bases;
mod compaction;
mod consent;
mod plan_change;
mod retention;
mod withdrawal;

use std::rc::Rc;

use throughline::{Account, Event, EventKind, Plan, Profile, account_event_names, reduce};
use worker::Result;

use crate::event::identifier::Identifier;
use crate::event::{IngestResult, Record};
use crate::platform::clock;
use crate::store::{OwnIdentifier, ProfileStore, key};
use consent::is_only_consent;

/// The number of hexadecimal digits of the hash that distinguish two events with one id.
const HASH_PREFIX: usize = 12;

/// A loaded profile with its store and plan. Dropping it without [`advance_and_save`](Self::advance_and_save) discards
/// changes of the profile, but not of the journal.
pub struct ProfileSession {
    store: ProfileStore,
    plan: Option<Rc<Plan>>,
    profile: Profile,
    /// The profile as stored, to write it only if it has changed.
    saved: Option<Profile>,
    version: u64,
    /// Whether the journal may have something that the account does not know.
    needs_sync: bool,
}

/// The result of deduplicating an event.
enum Arrival {
    New,
    Duplicate,
    /// The id was used for another event, so this one was given a new id.
    Renamed,
}

impl ProfileSession {
    /// Loads the profile. Under another plan than before it is rebuilt from the journal.
    pub fn load(store: &ProfileStore, plan: Option<Rc<Plan>>) -> Result<Self> {
        let saved = store.get(key::PROFILE)?;
        let mut session = Self {
            store: store.clone(),
            plan,
            profile: saved.clone().unwrap_or_else(|| Profile::new(store.subject())),
            saved,
            version: store.get(key::VERSION)?.unwrap_or(0),
            needs_sync: false,
        };
        session.follow_plan()?;
        Ok(session)
    }

    /// Returns the store.
    pub const fn store(&self) -> &ProfileStore {
        &self.store
    }

    /// Returns the profile.
    pub const fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Stores an event and reduces it, unless it has arrived before. Consent is not asked for: see
    /// [`admit`](Self::admit).
    pub fn apply(&mut self, mut record: Record) -> Result<IngestResult> {
        self.attribute(&mut record)?;
        let warning = record.warning.take();
        let result = match self.deduplicate(&mut record)? {
            Arrival::New => warning.map_or(IngestResult::Ok, IngestResult::Warning),
            Arrival::Duplicate => return Ok(IngestResult::Duplicate),
            Arrival::Renamed => {
                IngestResult::Warning(format!("the id was used for another event; stored as `{}`", record.event.id))
            }
        };
        let is_first = record.origin.is_none();
        record.origin = record.origin.take().filter(|origin| !origin.is_empty());
        self.append_and_reduce(&record)?;
        if is_first && record.is_counted() {
            self.count(&record)?;
        }
        Ok(result)
    }

    /// Adds what an account knows to what its member knows about it.
    pub fn learn(&mut self, id: &str, account: &Account) {
        if let Some(plan) = &self.plan {
            self.profile.merge_account(plan, id, account);
        }
    }

    /// Merges another profile into this one.
    pub fn merge(&mut self, other: &Profile) {
        if let Some(plan) = &self.plan {
            self.profile.merge(plan, other);
        }
    }

    /// Returns what members may know, if this is the profile of their account.
    pub fn to_account(&self) -> Account {
        self.plan.as_deref().map(|plan| self.profile.to_account(plan)).unwrap_or_default()
    }

    fn is_account(&self) -> Result<bool> {
        self.store.contains(key::ACCOUNT)
    }

    /// Makes the word of a sender that has proven nothing a claim, if this is the profile of a person.
    ///
    /// INVARIANT: it is decided in the transaction that stores the event, so it holds also if the profile became that of
    /// a person while the event was under way.
    fn attribute(&self, record: &mut Record) -> Result<()> {
        if record.is_unproven() && record.event.claimed_by.is_none() && self.store.is_person()? {
            record.event.claimed_by.clone_from(&record.unproven);
        }
        Ok(())
    }

    /// Looks up the event's id. An id with another hash is replaced by one that the hash determines, so that the same
    /// two events get the same two ids in any order of repetitions.
    fn deduplicate(&self, record: &mut Record) -> Result<Arrival> {
        match self.store.seen_hash(&record.source, &record.event.id)? {
            None => return Ok(Arrival::New),
            Some(hash) if hash == record.hash => return Ok(Arrival::Duplicate),
            Some(_) => {}
        }
        let prefix: String = record.hash.chars().take(HASH_PREFIX).collect();
        record.event.id = format!("{}#{prefix}", record.event.id);
        let is_known = self.store.seen_hash(&record.source, &record.event.id)?.is_some();
        Ok(if is_known { Arrival::Duplicate } else { Arrival::Renamed })
    }

    fn append_and_reduce(&mut self, record: &Record) -> Result<()> {
        self.append(record)?;
        if record.is_copy { Ok(()) } else { self.reduce(&record.event) }
    }

    fn append(&self, record: &Record) -> Result<()> {
        self.store.mark_seen(record)?;
        self.store.append(record)?;
        if !is_only_consent(&record.event) {
            self.store.clear(key::PAST_ERASED)?;
        }
        if let Some(id) = &record.anonymous_id {
            let (id, origin) = (Identifier::device(id), record.origin.clone().unwrap_or_default());
            self.store.add_identifier(&OwnIdentifier { id, origin, at: record.received })?;
        }
        Ok(())
    }

    /// Counts a record of a source for the audit.
    fn count(&self, record: &Record) -> Result<()> {
        self.store.count_records(&record.source, "", 1)?;
        self.store.set(key::AUDIT_AT, &clock::now())
    }

    /// Reduces an event. Without a plan, the next load with one asks for consent and reduces it.
    fn reduce(&mut self, event: &Event) -> Result<()> {
        // INVARIANT: the mark is written with the event, so no acknowledged event stays uncounted.
        let Some(plan) = &self.plan else { return self.mark_unreduced() };
        reduce(plan, &mut self.profile, event);
        self.needs_sync |= event.kind == EventKind::Group || account_event_names(plan).contains(event.name.as_str());
        Ok(())
    }
}
