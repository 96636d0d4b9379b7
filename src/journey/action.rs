//! A message of a journey that became due, and what is sent of it.

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
    /// Names this message to this subject: equal for equal subject, journey, entry and step.
    pub send_id: String,
    /// The journey.
    pub journey: String,
    /// The event that began it.
    pub entered: Stamp,
    /// The step.
    pub step: String,
    /// The journey's class.
    pub class: Class,
    /// The message.
    pub message: String,
    /// The offer that it makes.
    pub offer: Option<String>,
    /// When it became due.
    pub at: Millis,
    /// From when on it must not be sent; [`Millis::MAX`] for never.
    pub expires: Millis,
    /// What to send, or why nothing is.
    pub outcome: Result<RenderedMessage, SendBlocked>,
}

/// What to send by which channel.
#[derive(Clone, Debug, PartialEq)]
pub struct RenderedMessage {
    /// The channel.
    pub channel: String,
    /// The content.
    pub content: Content<'static>,
}

impl Action {
    /// The event that will say that it was sent, if it is sent; until then it is on its way.
    #[must_use]
    pub fn sent(&self) -> Option<Event> {
        let letter = self.outcome.as_ref().ok()?;
        let contact = MessageSent {
            send_id: &self.send_id,
            journey: &self.journey,
            step: &self.step,
            class: self.class.name(),
            message: &self.message,
            channel: &letter.channel,
            offer: self.offer.as_deref(),
            at: self.at,
        };
        Some(contact.event())
    }
}

impl RenderedMessage {
    /// The letter as a JSON value: `channel`, and `html`, `text` or `json`, with the `subject` of an e-mail.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut out = Object::new();
        out.insert("channel", self.channel.as_str());
        self.content.insert_into(&mut out);
        Value::Object(out)
    }
}

/// The message of a step, for the subject with this profile, or why there is none; nothing if the step has none.
///
/// # Errors
/// When to try again, if the rules are against the message only until then.
pub(crate) fn compose_action(
    plan: &Plan,
    profile: &Profile,
    on_its_way: &[Event],
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
        let profile = with_pending(plan, profile, on_its_way);
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

/// The profile as it will be when what is on its way has been sent.
pub(crate) fn with_pending<'a>(plan: &Plan, profile: &'a Profile, on_its_way: &[Event]) -> Cow<'a, Profile> {
    let mut profile = Cow::Borrowed(profile);
    for event in on_its_way {
        reduce(plan, profile.to_mut(), event);
    }
    profile
}
