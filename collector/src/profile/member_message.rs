//! Messages of an account's journeys, on their way to the member who gets them.
//!
//! The account's object notes an errand in the transaction in which its journey moved, and hands it over until it is taken; the
//! member's object keeps it until it is written, and puts the message into its own outbox.

use std::rc::Rc;

use serde::Deserialize;
use throughline::{Event, MemberMessage, Millis, Plan, Profile as Known, Stamp};
use worker::{Result, console_error};

use crate::platform::durable_object::ask;
use crate::platform::plan_cache;
use crate::profile::rpc::{Take, Taken};
use crate::profile::session::Live;
use crate::profile::store::{Entry, Store};
use crate::profile::{Profile, now_ms, outbox};

/// How many errands one alarm hands over.
const AT_ONCE: i64 = 20;
/// How many merges are followed from one profile to the next.
const MAX_MOVES: usize = 5;
/// In the place of a member: the errand is our own.
const OWN: &str = "";

#[derive(Deserialize)]
struct Row {
    member: String,
    errand: String,
}

impl Profile {
    /// As the profile of an account: hands over what is due.
    pub async fn hand_over(&self) -> Result<()> {
        let query = "SELECT member, errand FROM errand WHERE member <> '' AND due <= ? ORDER BY due LIMIT ?";
        let due: Vec<Row> = self.store()?.rows(query, vec![now_ms().into(), AT_ONCE.into()])?;
        for row in due {
            if let Err(error) = self.hand(row).await {
                console_error!("member message, will be retried: {error}");
            }
        }
        Ok(())
    }

    async fn hand(&self, Row { member, errand }: Row) -> Result<()> {
        let errand: MemberMessage = serde_json::from_str(&errand)?;
        let (plan, subject, retry) =
            (plan_cache::current(&self.env).await, self.subject()?, self.settings.retry.max(100));
        let send_id = errand.send_id.clone();
        let (account, known) = self
            .transact(move |store| {
                let again =
                    "UPDATE errand SET attempts = attempts + 1, due = ? + ? * (1 << MIN(attempts, 10)) WHERE send_id = ?";
                store.run(again, vec![now_ms().into(), retry.into(), send_id.into()])?;
                let mut live = Live::load(store, plan, &subject)?;
                live.settle(now_ms())?;
                Ok((store.meta::<String>("account")?.unwrap_or_default(), live.to_account()))
            })
            .await?;
        let send_id = errand.send_id.clone();
        take(self, member, Take { account, known, errand }).await?;
        self.transact(move |store| end(store, &send_id)).await
    }

    /// Keeps an errand of our account, and writes its message if that is possible now.
    pub async fn take(&self, question: Take) -> Result<Taken> {
        let (plan, subject) = (plan_cache::current(&self.env).await, self.subject()?);
        self.transact(move |store| {
            if let Some(winner) = store.meta("moved_to")? {
                return Ok(Taken::Moved(winner));
            }
            let mut live = Live::load(store, plan.clone(), &subject)?;
            if let Some(plan) = &plan {
                live.profile.merge_account(plan, &question.account, &question.known);
            }
            keep(store, OWN, &question.errand, now_ms())?;
            live.settle(now_ms())?;
            Ok(Taken::Yes)
        })
        .await
    }
}

/// Asks the member's profile, or the one that it has become a part of.
async fn take(profile: &Profile, mut member: String, question: Take) -> Result<()> {
    for _ in 0..MAX_MOVES {
        match ask(&profile.env, "PROFILES", &member, "take", &question).await? {
            Taken::Yes => return Ok(()),
            Taken::Moved(winner) => member = winner,
        }
    }
    Err(format!("`{member}` leads through too many merges").into())
}

/// As the profile of an account: notes who gets what became due.
pub fn note(store: &Store, member_messages: &[MemberMessage], now: i64) -> Result<()> {
    for errand in member_messages {
        match member_of(store, errand.by)? {
            Some(member) => keep(store, &member, errand, now)?,
            None => console_error!("`{}`: member not found", errand.journey),
        }
    }
    Ok(())
}

/// Who did what has this stamp; if that is no longer known, who did something last.
fn member_of(store: &Store, stamp: Stamp) -> Result<Option<String>> {
    let then = "SELECT seq, record FROM journal WHERE json_extract(record, '$.event.at') = ?";
    let last = "SELECT seq, record FROM journal ORDER BY seq DESC LIMIT ?";
    let entries: Vec<Entry> = store.rows(then, vec![stamp.at().0.into()])?;
    for entry in entries {
        let record = entry.record()?;
        if Stamp::new(record.event.at, &record.event.id) == stamp {
            return Ok(record.member);
        }
    }
    let entries: Vec<Entry> = store.rows(last, vec![1.into()])?;
    entries.first().map_or(Ok(None), |entry| Ok(entry.record()?.member))
}

/// Writes the messages of our own errands that are due.
pub fn run(store: &Store, plan: &Rc<Plan>, profile: &Known, on_its_way: &mut Vec<Event>, now: i64) -> Result<()> {
    for errand in own(store)? {
        match errand.compose(plan, profile, on_its_way, Millis(now)) {
            Ok(action) => {
                if let Some(action) = action {
                    on_its_way.extend(action.sent());
                    outbox::note(store, &action, now)?;
                }
                end(store, &errand.send_id)?;
            }
            Err(later) => {
                let values = vec![later.0.into(), errand.send_id.into()];
                store.run("UPDATE errand SET due = ? WHERE send_id = ?", values)?;
            }
        }
    }
    Ok(())
}

/// Our own errands whose messages are not written yet.
pub fn own(store: &Store) -> Result<Vec<MemberMessage>> {
    let query = "SELECT member, errand FROM errand WHERE member = ? AND due IS NOT NULL ORDER BY send_id";
    let rows: Vec<Row> = store.rows(query, vec![OWN.into()])?;
    rows.iter().map(|row| Ok(serde_json::from_str(&row.errand)?)).collect()
}

/// Takes over errands of a profile that becomes a part of this one.
pub fn take_over(store: &Store, member_messages: &[MemberMessage], now: i64) -> Result<()> {
    member_messages.iter().try_for_each(|errand| keep(store, OWN, errand, now))
}

/// Puts off our own errands: without a plan nothing can be written.
pub fn put_off(store: &Store, until: i64) -> Result<()> {
    let values = vec![until.into(), OWN.into(), until.into()];
    store.run("UPDATE errand SET due = ? WHERE member = ? AND due < ?", values)
}

fn keep(store: &Store, member: &str, errand: &MemberMessage, now: i64) -> Result<()> {
    let values = vec![errand.send_id.as_str().into(), member.into(), serde_json::to_string(errand)?.into(), now.into()];
    store.run("INSERT OR IGNORE INTO errand (send_id, member, errand, attempts, due) VALUES (?, ?, ?, 0, ?)", values)
}

fn end(store: &Store, send_id: &str) -> Result<()> {
    store.run("UPDATE errand SET due = NULL WHERE send_id = ?", vec![send_id.into()])
}
