//! Actions: messages of a journey that became due, and the event of their sending.

use alloc::borrow::Cow;

use crate::decision::Content;
use crate::event::Event;
use crate::event::message_sent::MessageSent;
use crate::journey::compose::{Draft, SendBlocked, compose};
use crate::journey::member_message::MemberMessage;
use crate::json::{Object, Value};
use crate::plan::Plan;
use crate::plan::tables::{Channel, Class, Journey, Offer, Step};
use crate::prelude::*;
use crate::profile::Profile;
use crate::profile::stamp::Stamp;
use crate::reduce::reduce;
use crate::time::Millis;

/// A message of a journey that became due.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// The id of this message to this subject: equal for equal subject, journey, entry and step.
    pub send_id: String,
    /// The journey.
    pub journey: String,
    /// The event that began the journey.
    pub entered: Stamp,
    /// The step.
    pub step: String,
    /// The journey's class.
    pub class: Class,
    /// The message.
    pub message: String,
    /// The offer that the message makes.
    pub offer: Option<String>,
    /// The time at which it became due.
    pub at: Millis,
    /// The time from which it must not be sent; [`Millis::MAX`] for never.
    pub expires: Millis,
    /// The message to send, or the reason why it is not sent.
    pub outcome: Result<RenderedMessage, SendBlocked>,
}

/// A message as rendered for a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct RenderedMessage {
    /// The channel.
    pub channel: String,
    /// The content.
    pub content: Content<'static>,
}

impl Action {
    /// Returns the event that records the sending, if the message is sent. Until it is recorded, the message is
    /// pending.
    #[must_use]
    pub fn sent(&self) -> Option<Event> {
        let rendered = self.outcome.as_ref().ok()?;
        let contact = MessageSent {
            send_id: &self.send_id,
            journey: &self.journey,
            step: &self.step,
            class: self.class.name(),
            message: &self.message,
            channel: &rendered.channel,
            offer: self.offer.as_deref(),
            at: self.at,
        };
        Some(contact.event())
    }
}

impl RenderedMessage {
    /// Returns a JSON value: `channel`, and `html`, `text` or `json`, with the `subject` of an e-mail.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut out = Object::new();
        out.insert("channel", self.channel.as_str());
        self.content.insert_into(&mut out);
        Value::Object(out)
    }
}

impl MemberMessage {
    /// Composes the message for the member with this profile; `None` if the rules no longer have it.
    ///
    /// # Errors
    /// Returns the time to try again, if the message is denied only until then.
    pub fn compose(
        &self,
        plan: &Plan,
        member: &Profile,
        pending: &[Event],
        now: Millis,
    ) -> Result<Option<Action>, Millis> {
        let journey = plan.rows(plan.all::<Journey>()).find(|(_, row)| plan.text(row.id) == self.journey);
        let Some((_, journey)) = journey else { return Ok(None) };
        let step = plan.rows(journey.steps).find(|(_, row): &(_, Step)| plan.text(row.id) == self.step);
        let Some((_, step)) = step else { return Ok(None) };
        compose_action(plan, member, pending, (&journey, &step), self, now)
    }
}

/// Composes the message of a step for the subject with this profile; `None` if the step has no message.
///
/// # Errors
/// Returns the time to try again, if the message is denied only until then.
pub(crate) fn compose_action(
    plan: &Plan,
    profile: &Profile,
    pending: &[Event],
    (journey, step): (&Journey, &Step),
    member_message: &MemberMessage,
    now: Millis,
) -> Result<Option<Action>, Millis> {
    let Some(message) = step.message else { return Ok(None) };
    let expires = member_message.at.plus(step.ttl);
    let composed = if now >= expires {
        Err(SendBlocked::Expired)
    } else {
        let draft = Draft { journey, message, channels: plan.list(step.channels) };
        let profile = with_pending(plan, profile, pending);
        compose(plan, &profile, now, draft).map_err(|blocked| blocked.before(expires))
    };
    if let Err(SendBlocked::Later(_, at)) = composed {
        return Err(at);
    }
    let channel = |id| plan.get::<Channel>(id).map_or("", |row| plan.text(row.id)).to_owned();
    let offer: Option<Offer> = journey.offer.and_then(|id| plan.get(id));
    Ok(Some(Action {
        send_id: member_message.send_id.clone(),
        journey: member_message.journey.clone(),
        entered: member_message.entered,
        step: member_message.step.clone(),
        class: journey.class,
        message: plan.get(message).map_or("", |row| plan.text(row.id)).to_owned(),
        offer: offer.map(|row| plan.text(row.id).to_owned()),
        at: member_message.at,
        expires,
        outcome: composed.map(|(id, content)| RenderedMessage { channel: channel(id), content }),
    }))
}

/// Returns the profile as it will be when all pending messages are sent.
pub(crate) fn with_pending<'a>(plan: &Plan, profile: &'a Profile, pending: &[Event]) -> Cow<'a, Profile> {
    let mut profile = Cow::Borrowed(profile);
    for event in pending {
        reduce(plan, profile.to_mut(), event);
    }
    profile
}
