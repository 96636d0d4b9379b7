//! The table `delivery`: the messages of the outbox.

use serde::{Deserialize, Serialize};
use throughline::{Action, Event, MessageSent, Millis, Stamp, Value};
use worker::{Result, SqlStorageValue};

use crate::store::ProfileStore;
use crate::store::versioned::{Versioned, encode};

/// The kind of JSON in the column `delivery`.
const KIND: &str = "delivery";

/// A message in the outbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Delivery {
    pub send_id: String,
    pub state: DeliveryState,
    pub journey: String,
    pub entered: Stamp,
    pub step: String,
    pub class: String,
    pub message: String,
    /// The offer that the message makes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<String>,
    /// Channel and content.
    #[serde(rename = "letter")]
    pub rendered: Value,
    /// When it became due.
    pub at: i64,
    /// When it expires, or `None` for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<i64>,
    /// The number of attempts so far.
    pub attempts: u32,
    /// When it is tried next; in a final state, when that state was reached.
    pub due: i64,
    /// When it is given up, from the first attempt on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<i64>,
    /// Why it is in this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The state of a delivery. Every state but `Pending` is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// To be sent.
    Pending,
    /// Accepted by the webhook.
    Sent,
    /// Will not be sent: a rule forbids it.
    Suppressed,
    /// Will not be sent: the receiver refused it, or every attempt failed.
    Failed,
}

impl DeliveryState {
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
    /// Returns the delivery of a journey's action: pending, or suppressed if the action is.
    pub fn new(action: &Action, now: i64) -> Self {
        let (state, rendered, reason) = match &action.outcome {
            Ok(rendered) => (DeliveryState::Pending, rendered.to_value(), None),
            Err(blocked) => (DeliveryState::Suppressed, Value::Null, Some(blocked.code().to_owned())),
        };
        Self {
            send_id: action.send_id.clone(),
            state,
            journey: action.journey.clone(),
            entered: action.entered,
            step: action.step.clone(),
            class: action.class.name().to_owned(),
            message: action.message.clone(),
            offer: action.offer.clone(),
            rendered,
            at: action.at.0,
            expires: Some(action.expires.0).filter(|_| action.expires != Millis::MAX),
            attempts: 0,
            due: now,
            end: None,
            reason,
        }
    }

    /// Returns the channel, which is empty for a suppressed message that was never rendered.
    pub fn channel(&self) -> &str {
        self.rendered.at(["channel"]).as_str().unwrap_or_default()
    }

    /// Returns the event of the message as sent at `at`.
    pub fn sent_event(&self, at: i64) -> Event {
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

    /// Returns the delivery in a final state.
    pub fn with_outcome(mut self, state: DeliveryState, reason: Option<String>, now: i64) -> Self {
        (self.state, self.reason, self.due) = (state, reason, now);
        self
    }
}

impl ProfileStore {
    /// Writes a delivery, replacing the one with the same `send_id`.
    pub fn put_delivery(&self, delivery: &Delivery) -> Result<()> {
        let [version, json] = encode(delivery)?;
        let values =
            vec![delivery.send_id.as_str().into(), delivery.state.name().into(), delivery.due.into(), version, json];
        let statement =
            "INSERT OR REPLACE INTO delivery (send_id, state, due, version, delivery) VALUES (?, ?, ?, ?, ?)";
        self.sql.execute(statement, values)
    }

    /// Writes a delivery unless there is one with the same `send_id`, so that a message is authorised once.
    pub fn add_delivery(&self, delivery: &Delivery) -> Result<()> {
        if self.delivery(&delivery.send_id)?.is_some() { Ok(()) } else { self.put_delivery(delivery) }
    }

    /// Removes a delivery.
    pub fn remove_delivery(&self, send_id: &str) -> Result<()> {
        self.sql.execute("DELETE FROM delivery WHERE send_id = ?", vec![send_id.into()])
    }

    /// Returns a delivery.
    pub fn delivery(&self, send_id: &str) -> Result<Option<Delivery>> {
        let query = "SELECT version, delivery AS json FROM delivery WHERE send_id = ?";
        Ok(self.deliveries(query, vec![send_id.into()])?.into_iter().next())
    }

    /// Returns the pending deliveries.
    pub fn pending_deliveries(&self) -> Result<Vec<Delivery>> {
        self.deliveries("SELECT version, delivery AS json FROM delivery WHERE state = 'pending'", Vec::new())
    }

    /// Returns up to `limit` pending deliveries that are due, the longest due first.
    pub fn due_deliveries(&self, now: i64, limit: i64) -> Result<Vec<Delivery>> {
        let query =
            "SELECT version, delivery AS json FROM delivery WHERE state = 'pending' AND due <= ? ORDER BY due LIMIT ?";
        self.deliveries(query, vec![now.into(), limit.into()])
    }

    /// Returns up to `limit` deliveries in any state, the latest first.
    pub fn latest_deliveries(&self, limit: i64) -> Result<Vec<Delivery>> {
        let query = "SELECT version, delivery AS json FROM delivery ORDER BY due DESC LIMIT ?";
        self.deliveries(query, vec![limit.into()])
    }

    /// Returns up to `limit` deliveries after a `send_id`, in the order of those ids.
    pub fn deliveries_after(&self, send_id: &str, limit: i64) -> Result<Vec<Delivery>> {
        let query = "SELECT version, delivery AS json FROM delivery WHERE send_id > ? ORDER BY send_id LIMIT ?";
        self.deliveries(query, vec![send_id.into(), limit.into()])
    }

    /// Returns when the delivery ended whose end is the longest ago.
    pub fn oldest_delivery(&self) -> Result<Option<i64>> {
        self.sql.value("SELECT MIN(due) AS value FROM delivery WHERE state <> 'pending'", Vec::new())
    }

    /// Deletes the deliveries that ended before a time.
    pub fn delete_deliveries_before(&self, cutoff: i64) -> Result<()> {
        self.sql.execute("DELETE FROM delivery WHERE state <> 'pending' AND due < ?", vec![cutoff.into()])
    }

    /// Returns when the next delivery is due.
    pub(super) fn next_delivery(&self) -> Result<Option<i64>> {
        self.sql.value("SELECT MIN(due) AS value FROM delivery WHERE state = 'pending'", Vec::new())
    }

    fn deliveries(&self, query: &str, values: Vec<SqlStorageValue>) -> Result<Vec<Delivery>> {
        let rows: Vec<Versioned> = self.sql.rows(query, values)?;
        rows.iter().map(|row| row.decode(KIND)).collect()
    }
}
