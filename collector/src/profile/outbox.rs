//! The outbox: messages that journeys want to send, until they are sent or will not be.

use std::rc::Rc;

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use throughline::{Action, Event, MessageSent, Millis, PendingMessage, Plan, SendBlocked, Stamp, Value, authorize};
use worker::{Result, console_error};

use crate::delivery::webhook::{self, Message};
use crate::ingest::failed_events::{self, Failed};
use crate::ingest::record::Record;
use crate::profile::session::Live;
use crate::profile::store::Store;
use crate::profile::{Profile, now_ms};

/// A delivery that failed so often is given up.
const MAX_ATTEMPTS: u32 = 6;
/// How many deliveries one alarm takes on.
const AT_ONCE: i64 = 20;
/// The source of what we say ourselves.
const OURS: &str = "throughline";

/// A message in the outbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Delivery {
    pub send_id: String,
    pub state: State,
    pub journey: String,
    pub entered: Stamp,
    pub step: String,
    pub class: String,
    pub message: String,
    /// The offer that it makes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<String>,
    /// Channel and content.
    pub letter: Value,
    /// When it became due.
    pub at: i64,
    /// From when on it must not be sent; none for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<i64>,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next, or when that was settled.
    pub due: i64,
    /// Why it is as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// To be sent.
    Pending,
    /// Accepted by the webhook.
    Sent,
    /// Will not be sent: something spoke against it.
    Suppressed,
    /// Will not be sent: nobody accepted it.
    Failed,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Suppressed => "suppressed",
            Self::Failed => "failed",
        }
    }
}

impl Delivery {
    fn channel(&self) -> &str {
        self.letter.at(["channel"]).as_str().unwrap_or_default()
    }

    /// The event that says that it was sent.
    fn sent(&self, at: i64) -> Event {
        let contact = MessageSent {
            send_id: &self.send_id,
            journey: &self.journey,
            step: &self.step,
            class: &self.class,
            message: &self.message,
            channel: self.channel(),
            offer: self.offer.as_deref(),
            at: Millis(at),
        };
        contact.event()
    }

    fn settled(mut self, state: State, reason: Option<String>, now: i64) -> Self {
        (self.state, self.reason, self.due) = (state, reason, now);
        self
    }

    /// Writes the delivery as it is now.
    pub fn keep(&self, store: &Store) -> Result<()> {
        store.run(
            "INSERT OR REPLACE INTO delivery (send_id, state, due, delivery) VALUES (?, ?, ?, ?)",
            vec![
                self.send_id.as_str().into(),
                self.state.name().into(),
                self.due.into(),
                serde_json::to_string(self)?.into(),
            ],
        )
    }
}

/// Puts an action of a journey into the outbox; one that is there already stays as it is.
pub fn note(store: &Store, action: &Action, now: i64) -> Result<()> {
    if find(store, &action.send_id)?.is_some() {
        return Ok(());
    }
    let (state, letter, reason) = match &action.outcome {
        Ok(letter) => (State::Pending, letter.to_value(), None),
        Err(withheld) => (State::Suppressed, Value::Null, Some(withheld.code().to_owned())),
    };
    let delivery = Delivery {
        send_id: action.send_id.clone(),
        state,
        journey: action.journey.clone(),
        entered: action.entered,
        step: action.step.clone(),
        class: action.class.name().to_owned(),
        message: action.message.clone(),
        offer: action.offer.clone(),
        letter,
        at: action.at.0,
        expires: Some(action.expires.0).filter(|_| action.expires != Millis::MAX),
        attempts: 0,
        due: now,
        reason,
    };
    delivery.keep(store)
}

/// The delivery with this id.
pub fn find(store: &Store, send_id: &str) -> Result<Option<Delivery>> {
    let text =
        store.value::<String>("SELECT delivery AS value FROM delivery WHERE send_id = ?", vec![send_id.into()])?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// What is on its way: contacts that count although nobody has reported them yet.
pub fn on_its_way(store: &Store, now: i64) -> Result<Vec<Event>> {
    Ok(pending(store)?.iter().map(|delivery| delivery.sent(now)).collect())
}

/// What went on its way before this delivery. Of two that wait, only one waits for the other.
fn on_its_way_before(store: &Store, this: &Delivery, now: i64) -> Result<Vec<Event>> {
    let is_before = |other: &&Delivery| {
        other.attempts > 0 && (this.attempts == 0 || (other.at, &other.send_id) < (this.at, &this.send_id))
    };
    Ok(pending(store)?.iter().filter(is_before).map(|delivery| delivery.sent(now)).collect())
}

fn pending(store: &Store) -> Result<Vec<Delivery>> {
    read(store, "SELECT delivery AS value FROM delivery WHERE state = 'pending'", Vec::new())
}

/// All deliveries, the last ones first.
pub fn all(store: &Store, limit: i64) -> Result<Vec<Delivery>> {
    read(store, "SELECT delivery AS value FROM delivery ORDER BY due DESC LIMIT ?", vec![limit.into()])
}

fn read(store: &Store, query: &str, values: Vec<worker::SqlStorageValue>) -> Result<Vec<Delivery>> {
    #[derive(Deserialize)]
    struct Row {
        value: String,
    }
    let rows: Vec<Row> = store.rows(query, values)?;
    Ok(rows.iter().filter_map(|row| serde_json::from_str(&row.value).ok()).collect())
}

impl Profile {
    /// Sends what is due, all at the same time, so that a slow receiver holds up nobody.
    pub async fn deliver(&self, plan: &Rc<Plan>) -> Result<()> {
        let query = "SELECT delivery AS value FROM delivery WHERE state = 'pending' AND due <= ? ORDER BY due LIMIT ?";
        let due = read(&self.store()?, query, vec![now_ms().into(), AT_ONCE.into()])?;
        if !due.is_empty() {
            self.recall_account(plan).await?;
        }
        let results = join_all(due.into_iter().map(|delivery| self.send(plan, delivery.send_id))).await;
        results.into_iter().filter_map(Result::err).for_each(|error| console_error!("delivery: {error}"));
        Ok(())
    }

    /// Asks once more whether the message may be sent, notes the attempt, sends it, and notes what came of it.
    async fn send(&self, plan: &Rc<Plan>, send_id: String) -> Result<()> {
        let Some((delivery, message)) = self.begin_attempt(plan, send_id).await? else { return Ok(()) };
        let sent = webhook::send(&self.settings, delivery.channel(), &message).await;
        let given_up = self.end_attempt(plan, delivery, sent).await?;
        if let Some(delivery) = given_up {
            let failed = Failed {
                source: format!("{OURS}/webhook"),
                message_id: delivery.send_id.clone(),
                reason: delivery.reason.clone().unwrap_or_default(),
                payload: serde_json::to_string(&delivery)?,
            };
            failed_events::keep(&self.env, &[failed]).await?;
        }
        Ok(())
    }

    /// What is to be sent. The next attempt is set before this one begins, so that a crash repeats it and loses nothing.
    async fn begin_attempt(&self, plan: &Rc<Plan>, send_id: String) -> Result<Option<(Delivery, Message)>> {
        let (plan, subject, retry, now) = (plan.clone(), self.subject()?, self.settings.retry, now_ms());
        self.transact(move |store| {
            let found = find(store, &send_id)?.filter(|delivery| delivery.state == State::Pending);
            let Some(mut delivery) = found.filter(|_| store.meta::<String>("moved_to").is_ok_and(|to| to.is_none()))
            else {
                return Ok(None);
            };
            let live = Live::load(store, Some(plan.clone()), &subject)?;
            let channel = delivery.channel().to_owned();
            let waiting = PendingMessage {
                journey: &delivery.journey,
                entered: delivery.entered,
                message: &delivery.message,
                channel: &channel,
                expires: delivery.expires.map_or(Millis::MAX, Millis),
            };
            let others = on_its_way_before(store, &delivery, now)?;
            match authorize(&plan, &live.profile, &others, &waiting, Millis(now)) {
                Ok(()) => {}
                Err(SendBlocked::Later(reason, at)) => {
                    Delivery { due: at.0, reason: Some(reason.code().to_owned()), ..delivery }.keep(store)?;
                    return Ok(None);
                }
                Err(withheld) => {
                    delivery.settled(State::Suppressed, Some(withheld.code().to_owned()), now).keep(store)?;
                    return Ok(None);
                }
            }
            let doubled = 1_i64.checked_shl(delivery.attempts).unwrap_or(i64::MAX);
            delivery.attempts = delivery.attempts.saturating_add(1);
            delivery.due = now.saturating_add(retry.saturating_mul(doubled));
            delivery.keep(store)?;
            let message = Message::of(&delivery, &live.profile, store)?;
            Ok(Some((delivery, message)))
        })
        .await
    }

    /// Notes what came of an attempt; answers the delivery if it is given up.
    async fn end_attempt(
        &self,
        plan: &Rc<Plan>,
        delivery: Delivery,
        sent: core::result::Result<(), String>,
    ) -> Result<Option<Delivery>> {
        let (plan, subject, now) = (plan.clone(), self.subject()?, now_ms());
        let archive_after = self.settings.archive_after;
        self.transact(move |store| match sent {
            Ok(()) => {
                let record = message_sent(&delivery, now);
                delivery.settled(State::Sent, None, now).keep(store)?;
                let mut live = Live::load(store, Some(plan), &subject)?;
                live.apply(record)?;
                live.settle(now)?;
                store.set_meta("archive_at", &now.saturating_add(archive_after))?;
                Ok(None)
            }
            Err(reason) if delivery.attempts >= MAX_ATTEMPTS => {
                let failed = delivery.settled(State::Failed, Some(reason), now);
                failed.keep(store)?;
                Ok(Some(failed))
            }
            Err(reason) => {
                Delivery { reason: Some(reason), ..delivery }.keep(store)?;
                Ok(None)
            }
        })
        .await
    }
}

/// The record of a message that was sent, for caps to count and the profile to show.
fn message_sent(delivery: &Delivery, now: i64) -> Record {
    let hash = delivery.send_id.clone();
    Record {
        source: OURS.to_owned(),
        hash,
        received: now,
        anonymous_id: None,
        user_id: None,
        member: None,
        event: delivery.sent(now),
        warning: None,
    }
}
