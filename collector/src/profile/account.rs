//! What members tell the profile of their account, and what they learn from it.
//!
//! The journal is the outbox. How far the account was told is noted after its answer, and the time of the next attempt before
//! this one begins: a crash repeats what it interrupts, and the account counts each event once.

use std::rc::Rc;

use throughline::{Account, Plan, account_event, account_event_names};
use worker::{Env, Result, console_error};

use crate::identity::identifier::{Identifier, Namespace};
use crate::ingest::record::Record;
use crate::platform::durable_object::ask;
use crate::platform::plan_cache;
use crate::profile::rpc::{Heard, Recall, Tell};
use crate::profile::session::Live;
use crate::profile::store::Store;
use crate::profile::{Profile, now_ms};

/// How many events of the journal are read at once.
const PAGE: i64 = 100;
/// The wait before another attempt is doubled no more often than this.
const MAX_DOUBLINGS: u32 = 10;

/// What is to be told next, and up to which event of the journal it is.
struct Telling {
    account: String,
    records: Vec<Record>,
    last: i64,
}

impl Profile {
    /// Tells the account what it does not know yet, if it is time, and learns what it knows.
    pub async fn tell_account(&self, plan: &Rc<Plan>) -> Result<()> {
        let (our_plan, subject, retry) = (plan.clone(), self.subject()?, self.settings.retry.max(100));
        let begun = self.transact(move |store| begin(store, our_plan, &subject, retry)).await?;
        let Some(Telling { account, records, last }) = begun else { return Ok(()) };
        let question = Tell { account: account.clone(), member: self.subject()?, records };
        let object = Identifier::account(&account).profile();
        let heard: Heard = ask(&self.env, "PROFILES", &object, "tell", &question).await?;
        let (plan, subject) = (plan.clone(), self.subject()?);
        self.transact(move |store| {
            store.set_meta("told_to", &last)?;
            store.set_meta("tell_attempts", &0)?;
            store.set_meta("tell_at", &now_ms())?;
            learn(store, plan, &subject, &account, &heard.account)
        })
        .await
    }

    /// Learns what the account knows now, for a decision that is made next. What cannot be asked is as it was last.
    pub async fn recall_account(&self, plan: &Rc<Plan>) -> Result<()> {
        let known: Option<throughline::Profile> = self.store()?.meta("profile")?;
        let account = known.as_ref().and_then(throughline::Profile::account_id).map(str::to_owned);
        let Some(account) = account.filter(|_| plan.reads_accounts()) else { return Ok(()) };
        match recall(&self.env, &account).await {
            Ok(Heard { account: knows }) => {
                let (plan, subject) = (plan.clone(), self.subject()?);
                self.transact(move |store| learn(store, plan, &subject, &account, &knows)).await
            }
            Err(error) => {
                console_error!("account unavailable, using its last known state: {error}");
                Ok(())
            }
        }
    }

    /// As the profile of an account: keeps and counts what a member tells.
    pub async fn hear(&self, question: Tell) -> Result<Heard> {
        let (plan, subject) = (plan_cache::current(&self.env).await, self.subject()?);
        self.transact(move |store| {
            store.set_meta("account", &question.account)?;
            store.identify(Namespace::Account.name(), &question.account)?;
            let mut live = Live::load(store, plan, &subject)?;
            for record in question.records {
                live.apply(Record { member: Some(question.member.clone()), ..record })?;
            }
            live.settle(now_ms())?;
            Ok(Heard { account: live.to_account() })
        })
        .await
    }

    /// As the profile of an account: what it knows.
    pub async fn recall(&self) -> Result<Heard> {
        let (plan, subject) = (plan_cache::current(&self.env).await, self.subject()?);
        if !self.store()?.is_known()? {
            return Ok(Heard { account: Account::default() });
        }
        self.transact(move |store| {
            let mut live = Live::load(store, plan, &subject)?;
            live.settle(now_ms())?;
            Ok(Heard { account: live.to_account() })
        })
        .await
    }
}

async fn recall(env: &Env, account: &str) -> Result<Heard> {
    ask(env, "PROFILES", &Identifier::account(account).profile(), "recall", &Recall {}).await
}

/// What is to be told next, with the next attempt noted; none if nothing is, or it is not time.
fn begin(store: &Store, plan: Rc<Plan>, subject: &str, retry: i64) -> Result<Option<Telling>> {
    let now = now_ms();
    if store.meta::<i64>("tell_at")?.is_none_or(|at| at > now) {
        return Ok(None);
    }
    let mut live = Live::load(store, Some(plan.clone()), subject)?;
    live.settle(now)?;
    let attempts: u32 = store.meta("tell_attempts")?.unwrap_or(0);
    let wait = retry.saturating_mul(1_i64.checked_shl(attempts.min(MAX_DOUBLINGS)).unwrap_or(1));
    store.set_meta("tell_attempts", &attempts.saturating_add(1))?;
    store.set_meta("tell_at", &now.saturating_add(wait))?;
    if let Some(account) = live.profile.account_id() {
        let mut after = store.meta("told_to")?.unwrap_or(0);
        loop {
            let entries = store.entries(after, PAGE)?;
            let Some(last) = entries.last() else { break };
            after = last.seq;
            let mut records = Vec::new();
            for entry in &entries {
                let record = entry.record()?;
                records.extend(account_event(&plan, &record.event, account).map(|event| of_member(record, event)));
            }
            if !records.is_empty() {
                return Ok(Some(Telling { account: account.to_owned(), records, last: after }));
            }
            store.set_meta("told_to", &after)?;
        }
    }
    store.set_meta("tell_attempts", &0)?;
    store.clear_meta("tell_at")?;
    Ok(None)
}

/// The record of what a member did, without who the member is.
fn of_member(record: Record, event: throughline::Event) -> Record {
    Record { anonymous_id: None, user_id: None, warning: None, event, ..record }
}

/// Adds what the account knows to what its member knows of it.
fn learn(store: &Store, plan: Rc<Plan>, subject: &str, id: &str, account: &Account) -> Result<()> {
    let mut live = Live::load(store, Some(plan.clone()), subject)?;
    live.profile.merge_account(&plan, id, account);
    live.settle(now_ms()).map(|_| ())
}

/// Begins to tell from the first event of the journal on if the plan counts other events for accounts than the one before;
/// whether it does.
pub fn tell_anew(store: &Store, plan: &Plan) -> Result<bool> {
    let names: Vec<&str> = account_event_names(plan).iter().copied().collect();
    let before: Option<Vec<String>> = store.meta("told_events")?;
    if before.is_some_and(|before| before == names) {
        return Ok(false);
    }
    store.set_meta("told_events", &names)?;
    store.clear_meta("told_to")?;
    Ok(true)
}
