//! A profile while it is worked on: read from the store, changed by events and time, and written back, in one transaction.

use std::rc::Rc;

use throughline::{
    Account, Advance, EventKind, Millis, Plan, Profile, account_event_names, advance, advance_account, reduce,
};
use worker::Result;

use crate::identity::identifier::Namespace;
use crate::ingest::record::{Outcome, Record};
use crate::profile::account::tell_anew;
use crate::profile::store::Store;
use crate::profile::{member_message, outbox};

/// When the journal has more events, the oldest are folded into the base and forgotten one by one.
const MAX_JOURNAL: i64 = 10_000;
/// How many events are folded at once.
const FOLD: i64 = 500;
/// How many events are read at once.
const PAGE: i64 = 500;
/// How soon to try again when there is no plan, in milliseconds.
const WITHOUT_PLAN: i64 = 10_000;

/// A profile while it is worked on.
pub struct Live<'a> {
    store: &'a Store,
    plan: Option<Rc<Plan>>,
    /// What is known.
    pub profile: Profile,
    stored: Option<Profile>,
    /// Counts the changes.
    pub version: u64,
    /// Whether there may be something that the account does not know.
    tells: bool,
}

impl<'a> Live<'a> {
    /// Reads the profile. If the plan is another one than before, it counts all events that are still known once more.
    pub fn load(store: &'a Store, plan: Option<Rc<Plan>>, subject: &str) -> Result<Self> {
        let stored: Option<Profile> = store.meta("profile")?;
        let version = store.meta("version")?.unwrap_or(0);
        let mut profile = stored.clone().unwrap_or_else(|| Profile::new(subject));
        let mut tells = false;
        let counted_under: Option<String> = store.meta("plan")?;
        if let Some(plan) = plan.as_deref().filter(|plan| counted_under.as_deref() != Some(plan.id())) {
            profile = recount(store, plan, profile)?;
            tells = tell_anew(store, plan)?;
            store.set_meta("plan", &plan.id())?;
        }
        Ok(Self { store, plan, profile, stored, version, tells })
    }

    /// Keeps an event and changes the profile by it, unless it was here before.
    pub fn apply(&mut self, mut record: Record) -> Result<Outcome> {
        let mut outcome = record.warning.take().map_or(Outcome::Ok, Outcome::Warning);
        match self.store.seen(&record.source, &record.event.id)? {
            None => {}
            Some(hash) if hash == record.hash => return Ok(Outcome::Duplicate),
            Some(_) => {
                let part: String = record.hash.chars().take(12).collect();
                record.event.id = format!("{}#{part}", record.event.id);
                if self.store.seen(&record.source, &record.event.id)?.is_some() {
                    return Ok(Outcome::Duplicate);
                }
                outcome =
                    Outcome::Warning(format!("the id was used for another event; stored as `{}`", record.event.id));
            }
        }
        self.store.see(&record)?;
        self.store.journal(&record)?;
        for (namespace, id) in [(Namespace::Anonymous, &record.anonymous_id), (Namespace::User, &record.user_id)] {
            if let Some(id) = id {
                self.store.identify(namespace.name(), id)?;
            }
        }
        if record.event.trusted && record.user_id.is_some() {
            self.store.set_meta("secured", &true)?;
        }
        if let Some(plan) = &self.plan {
            reduce(plan, &mut self.profile, &record.event);
            let event = &record.event;
            self.tells |= event.kind == EventKind::Group || account_event_names(plan).contains(event.name.as_str());
        }
        Ok(outcome)
    }

    /// Adds all that another profile knows.
    pub fn merge(&mut self, plan: &Plan, other: &Profile) {
        self.profile.merge(plan, other);
    }

    /// Moves the journeys on, notes what they want to send and when to look again, and writes everything back.
    pub fn settle(&mut self, now: i64) -> Result<u64> {
        match &self.plan {
            Some(plan) if self.is_account()? => {
                let Advance { profile, member_messages, wake_at, .. } =
                    advance_account(plan, &self.profile, Millis(now));
                self.profile = profile;
                member_message::note(self.store, &member_messages, now)?;
                self.wake(wake_at)?;
            }
            Some(plan) => {
                let mut on_its_way = outbox::on_its_way(self.store, now)?;
                let Advance { profile, actions, wake_at, .. } = advance(plan, &self.profile, &on_its_way, Millis(now));
                self.profile = profile;
                for action in &actions {
                    on_its_way.extend(action.sent());
                    outbox::note(self.store, action, now)?;
                }
                member_message::run(self.store, plan, &self.profile, &mut on_its_way, now)?;
                self.wake(wake_at)?;
            }
            None => {
                let later = now.saturating_add(WITHOUT_PLAN);
                self.store.set_meta("wake_at", &later)?;
                member_message::put_off(self.store, later)?;
            }
        }
        if self.stored.as_ref() != Some(&self.profile) {
            self.version = self.version.saturating_add(1);
            self.store.set_meta("profile", &self.profile)?;
            self.store.set_meta("version", &self.version)?;
        }
        let is_silent = self.store.meta::<i64>("tell_at")?.is_none();
        if self.tells && is_silent && self.profile.account_id().is_some() && !self.is_account()? {
            self.store.set_meta("tell_at", &now)?;
        }
        if let Some(plan) = &self.plan {
            fold(self.store, plan)?;
        }
        Ok(self.version)
    }

    /// What members may know, if this is the profile of their account.
    pub fn to_account(&self) -> Account {
        self.plan.as_deref().map(|plan| self.profile.to_account(plan)).unwrap_or_default()
    }

    fn wake(&self, at: Option<Millis>) -> Result<()> {
        match at {
            Some(at) => self.store.set_meta("wake_at", &at.0),
            None => self.store.clear_meta("wake_at"),
        }
    }

    fn is_account(&self) -> Result<bool> {
        Ok(self.store.meta::<String>("account")?.is_some())
    }
}

/// The profile as all known events make it under this plan; journeys stay where they are, so nothing is sent again.
fn recount(store: &Store, plan: &Plan, old: Profile) -> Result<Profile> {
    let mut profile = store.meta("base")?.unwrap_or_else(|| Profile::new(old.subject.clone()));
    let mut after = 0;
    loop {
        let entries = store.entries(after, PAGE)?;
        let Some(last) = entries.last() else { break };
        after = last.seq;
        for entry in &entries {
            reduce(plan, &mut profile, &entry.record()?.event);
        }
    }
    profile.subject.clone_from(&old.subject);
    if let (Some(id), Some(account)) = (old.account_id(), old.account()) {
        profile.merge_account(plan, id, account);
    }
    profile.journeys = old.journeys;
    Ok(profile)
}

/// Folds the oldest events into the base where the journal is too long; only those that are in the archive, and that the
/// account knows. What an account was told is in the archive of its members.
fn fold(store: &Store, plan: &Plan) -> Result<()> {
    let first: Option<i64> = store.value("SELECT MIN(seq) AS value FROM journal", Vec::new())?;
    let last: Option<i64> = store.value("SELECT MAX(seq) AS value FROM journal", Vec::new())?;
    let (Some(first), Some(last)) = (first, last) else { return Ok(()) };
    if last.saturating_sub(first) < MAX_JOURNAL {
        return Ok(());
    }
    let mut base: Profile = store.meta("base")?.unwrap_or_default();
    let entries = store.entries(0, FOLD)?;
    let is_account = store.meta::<String>("account")?.is_some();
    let archived = if is_account { i64::MAX } else { store.meta("archived_to")?.unwrap_or(0) };
    let told = if store.meta::<i64>("tell_at")?.is_some() { store.meta("told_to")?.unwrap_or(0) } else { i64::MAX };
    let Some(end) = entries.iter().take_while(|entry| entry.seq <= archived.min(told)).last() else { return Ok(()) };
    for entry in entries.iter().filter(|entry| entry.seq <= end.seq) {
        reduce(plan, &mut base, &entry.record()?.event);
    }
    store.set_meta("base", &base)?;
    store.run("DELETE FROM journal WHERE seq <= ?", vec![end.seq.into()])
}
