//! The outbox: messages that journeys want to send, until they are sent or will not be.
//!
//! ```text
//!   a journey's step emits a message
//!        │ in one transaction with the journey's state; send_id is unique, so a message is authorised once
//!        v
//!   ┌─────────┐ ── due, forbidden on the current facts ──────────> suppressed
//!   │ pending │ <─ due, forbidden until later: due = later
//!   └─────────┘ <─ error, or kill: tried again at due, with the same id, until its end
//!        │ due, allowed: attempts += 1, due = now + backoff  ^
//!        v                                                   │ asked for: attempts = 0, due = now
//!   ┌─────────┐ ── refused, or due after its end ───────────> failed, and a failed event in D1
//!   │ calling │
//!   └─────────┘ ── accepted ────────────────────────────────> sent, with the event in the journal
//! ```
//!
//! `delivery/retry.rs` has the times. A receiver that asks for a pause gets nothing meanwhile, which counts as no attempt.
//!
//! Delivery is at-least-once. Every attempt has the same id, so it is exactly once if the receiver honours it.

use std::rc::Rc;

use futures_util::stream::{self, StreamExt};
use throughline::{Event, Millis, PendingMessage, Plan, Profile, SendBlocked, Value, authorize};
use worker::{Result, console_error};

use crate::delivery::retry::{self, Failure};
use crate::delivery::{self, OutboundMessage};
use crate::event::Record;
use crate::event::identifier::USER;
use crate::platform::clock;
use crate::profile::context::ObjectContext;
use crate::profile::rpc::{MaybeMoved, RetryDelivery};
use crate::profile::session::ProfileSession;
use crate::store::failed_events::{self, FailedEvent};
use crate::store::{Delivery, DeliveryState, ProfileStore, key};

/// The number of deliveries that one alarm begins.
const AT_ONCE: i64 = 20;
/// The number of webhooks that are called at the same time: as many connections as the platform opens for one request.
/// A call beyond them would wait while its deadline runs.
const CONNECTIONS: usize = 6;
/// The source of events that the collector itself emits.
const SOURCE: &str = "throughline";

/// The result of a webhook call.
type Sent = core::result::Result<(), Failure>;

/// Returns the deliveries that are due.
pub fn due(context: &ObjectContext, now: i64) -> Result<Vec<Delivery>> {
    context.store()?.due_deliveries(now, AT_ONCE)
}

/// Sends deliveries concurrently, so that a slow receiver delays none of the others.
pub async fn deliver(context: &ObjectContext, plan: &Rc<Plan>, due: Vec<Delivery>) {
    let each = |delivery: Delivery| async {
        if let Err(error) = deliver_one(context, plan, delivery.send_id).await {
            console_error!("delivery: {error}");
        }
    };
    stream::iter(due).for_each_concurrent(CONNECTIONS, each).await;
}

async fn deliver_one(context: &ObjectContext, plan: &Rc<Plan>, send_id: String) -> Result<()> {
    let begun = begin_attempt(context, plan, send_id).await?;
    let Some((delivery, message)) = begun else { return Ok(()) };
    let sent = delivery::send(&context.settings, &message).await;
    match end_attempt(context, plan, delivery, sent).await? {
        Some(failed) => failed_events::put(&context.env, &[failed_event(&context.subject()?, &failed)?]).await,
        None => Ok(()),
    }
}

fn failed_event(subject: &str, delivery: &Delivery) -> Result<FailedEvent> {
    Ok(FailedEvent {
        source: format!("{SOURCE}/webhook"),
        message_id: delivery.send_id.clone(),
        reason: delivery.reason.clone().unwrap_or_default(),
        payload: serde_json::to_string(delivery)?,
        identifiers: vec![format!("subject:{subject}")],
    })
}

/// Authorises a delivery and counts the attempt. Returns what to send, or `None` if it must not be sent now.
async fn begin_attempt(
    context: &ObjectContext,
    plan: &Rc<Plan>,
    send_id: String,
) -> Result<Option<(Delivery, OutboundMessage)>> {
    let (plan, settings, now) = (plan.clone(), context.settings.clone(), clock::now());
    let work = context.transact(move |store| {
        let pending = store.delivery(&send_id)?.filter(|delivery| delivery.state == DeliveryState::Pending);
        let Some(delivery) = pending else { return Ok(None) };
        if store.contains(key::MOVED_TO)? {
            return Ok(None);
        }
        let session = ProfileSession::load(store, Some(plan.clone()))?;
        if let Err(blocked) = authorize_delivery(&session, &plan, &delivery, now)? {
            store.put_delivery(&withhold(delivery, blocked, now))?;
            return Ok(None);
        }
        if let Some(until) = delivery::url_of(&settings, delivery.channel()).and_then(|url| retry::pause_of(url, now)) {
            store.put_delivery(&Delivery { due: until, ..delivery })?;
            return Ok(None);
        }
        let delivery = with_attempt(delivery, settings.retry, now);
        // INVARIANT: the attempt and its successor's time are stored before the webhook is called. A kill during the
        // call leaves a pending delivery with an alarm: the attempt is repeated, never lost.
        store.put_delivery(&delivery)?;
        let message = outbound_message(&delivery, session.profile(), store)?;
        Ok(Some((delivery, message)))
    });
    work.await
}

fn authorize_delivery(
    session: &ProfileSession,
    plan: &Plan,
    delivery: &Delivery,
    now: i64,
) -> Result<core::result::Result<(), SendBlocked>> {
    let waiting = PendingMessage {
        journey: &delivery.journey,
        entered: delivery.entered,
        message: &delivery.message,
        channel: delivery.channel(),
        expires: delivery.expires.map_or(Millis::MAX, Millis),
    };
    let others = sent_before(session.store(), delivery, now)?;
    Ok(authorize(plan, session.profile(), &others, &waiting, Millis(now)))
}

/// Returns the events of pending deliveries that precede this one. They count against caps although their result is
/// open.
///
/// The order is total, so of two deliveries that wait for each other one goes first.
fn sent_before(store: &ProfileStore, this: &Delivery, now: i64) -> Result<Vec<Event>> {
    let precedes = |other: &&Delivery| {
        other.attempts > 0 && (this.attempts == 0 || (other.at, &other.send_id) < (this.at, &this.send_id))
    };
    let pending = store.pending_deliveries()?;
    Ok(pending.iter().filter(precedes).map(|delivery| delivery.sent_event(now)).collect())
}

fn withhold(delivery: Delivery, blocked: SendBlocked, now: i64) -> Delivery {
    match blocked {
        SendBlocked::Later(reason, at) => Delivery { due: at.0, reason: Some(reason.code().to_owned()), ..delivery },
        blocked => delivery.with_outcome(DeliveryState::Suppressed, Some(blocked.code().to_owned()), now),
    }
}

fn with_attempt(delivery: Delivery, first: i64, now: i64) -> Delivery {
    let due = now.saturating_add(retry::pause(first, delivery.attempts, js_sys::Math::random()));
    let end = delivery.end.unwrap_or_else(|| retry::end(delivery.expires, now));
    Delivery { attempts: delivery.attempts.saturating_add(1), due, end: Some(end), ..delivery }
}

fn outbound_message(delivery: &Delivery, profile: &Profile, store: &ProfileStore) -> Result<OutboundMessage> {
    Ok(OutboundMessage {
        send_id: delivery.send_id.clone(),
        channel: delivery.channel().to_owned(),
        subject: profile.subject.clone(),
        anonymous_ids: store.devices()?,
        user_ids: store.identifiers_of(USER)?,
        traits: Value::Object(profile.traits_by_name()),
        journey: delivery.journey.clone(),
        step: delivery.step.clone(),
        class: delivery.class.clone(),
        message: delivery.message.clone(),
        rendered: delivery.rendered.clone(),
        at: delivery.at,
        expires: delivery.expires,
    })
}

/// Stores the result of an attempt. Returns the delivery if it is given up.
async fn end_attempt(
    context: &ObjectContext,
    plan: &Rc<Plan>,
    delivery: Delivery,
    sent: Sent,
) -> Result<Option<Delivery>> {
    let (plan, now, archive_after) = (plan.clone(), clock::now(), context.settings.archive_after);
    let work = context.transact(move |store| match sent {
        // A withdrawal of consent has deleted it while it was under way.
        _ if store.delivery(&delivery.send_id)?.is_none() => Ok(None),
        Ok(()) => {
            accept(store, plan, delivery, now)?;
            store.set(key::ARCHIVE_AT, &now.saturating_add(archive_after))?;
            Ok(None)
        }
        Err(failure) => fail(store, delivery, failure, now),
    });
    work.await
}

fn accept(store: &ProfileStore, plan: Rc<Plan>, delivery: Delivery, now: i64) -> Result<()> {
    let record = message_sent(&delivery, now);
    // INVARIANT: the state and the event that caps count are written in one transaction. A kill before it repeats the
    // attempt under the same id; the event's id derives from it, so it counts once.
    store.put_delivery(&delivery.with_outcome(DeliveryState::Sent, None, now))?;
    let mut session = ProfileSession::load(store, Some(plan))?;
    session.apply(record)?;
    session.advance_and_save(now).map(|_| ())
}

fn fail(store: &ProfileStore, delivery: Delivery, failure: Failure, now: i64) -> Result<Option<Delivery>> {
    let (reason, due) = match failure {
        Failure::Later(reason, until) => (reason, delivery.due.max(until.unwrap_or(now))),
        Failure::Final(reason) => (reason, i64::MAX),
    };
    if delivery.end.is_none_or(|end| due < end) {
        store.put_delivery(&Delivery { due, reason: Some(reason), ..delivery })?;
        return Ok(None);
    }
    let failed = delivery.with_outcome(DeliveryState::Failed, Some(reason), now);
    store.put_delivery(&failed)?;
    Ok(Some(failed))
}

/// Tries a failed delivery again, at once and as long as a new one. Returns whether there is one of that id that has failed.
///
/// An expired message stays suppressed: `authorize` is asked as for any attempt.
pub async fn retry_delivery(context: &ObjectContext, request: RetryDelivery) -> Result<MaybeMoved<bool>> {
    let now = clock::now();
    let work = context.transact(move |store| {
        if let Some(winner) = store.get(key::MOVED_TO)? {
            return Ok(MaybeMoved::Moved(winner));
        }
        let failed = store.delivery(&request.send_id)?.filter(|delivery| delivery.state == DeliveryState::Failed);
        let Some(failed) = failed else { return Ok(MaybeMoved::Here(false)) };
        let again = Delivery { state: DeliveryState::Pending, attempts: 0, due: now, end: None, ..failed };
        store.put_delivery(&again)?;
        Ok(MaybeMoved::Here(true))
    });
    work.await
}

/// Returns the record of a sent message, which caps count and the profile shows.
fn message_sent(delivery: &Delivery, now: i64) -> Record {
    Record {
        source: SOURCE.to_owned(),
        hash: delivery.send_id.clone(),
        received: now,
        stated_time: None,
        anonymous_id: None,
        user_id: None,
        external_ids: Vec::new(),
        member: None,
        origin: None,
        unproven: None,
        is_copy: false,
        event: delivery.sent_event(now),
        warning: None,
    }
}
