//! Composes the messages of journeys, under the same rules as the content of pages.

use crate::decide::Decider;
use crate::decide::denial::{Denial, DenialCause};
use crate::decide::policy::frequency_cap::{CapOwner, Surface};
use crate::decision::Content;
use crate::decision::reason::Reason;
use crate::event::names::MESSAGE;
use crate::facts::Facts;
use crate::facts::derived::request_for_message;
use crate::plan::tables::{Channel, Journey, Message, Text};
use crate::plan::{Id, Plan};
use crate::profile::Profile;
use crate::time::Millis;

/// The reason why a message of a journey is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendBlocked {
    /// The message is older than its time to live.
    Expired,
    /// The journey has ended, or the rules no longer have it.
    Ended,
    /// No channel of the step is allowed and can reach the subject.
    Unreachable,
    /// A rule that applies to all messages denies it.
    Denied(Reason),
    /// A rule denies it until this time, provided that nothing else happens.
    Later(Reason, Millis),
}

impl SendBlocked {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Ended => "journey_ended",
            Self::Unreachable => "unreachable",
            Self::Denied(reason) | Self::Later(reason, _) => reason.code(),
        }
    }
}

/// A message to compose: for which journey, and for which channels in order of preference.
pub(crate) struct Draft<'j, C> {
    pub(crate) journey: &'j Journey,
    pub(crate) message: Id<Message>,
    pub(crate) channels: C,
}

/// Returns the channel and the content of a message for this subject now.
pub(crate) fn compose(
    plan: &Plan,
    profile: &Profile,
    now: Millis,
    draft: Draft<'_, impl Iterator<Item = Id<Channel>>>,
) -> Result<(Id<Channel>, Content<'static>), SendBlocked> {
    let facts = Facts { now, request: request_for_message(plan, profile, now), ..Facts::default() };
    Decider::new(plan, &facts, profile, &facts.request, None).compose(draft)
}

impl<'a: 'p, 'p> Decider<'a, 'p> {
    fn compose(
        &mut self,
        draft: Draft<'_, impl Iterator<Item = Id<Channel>>>,
    ) -> Result<(Id<Channel>, Content<'static>), SendBlocked> {
        let message = self.plan.get(draft.message).ok_or(SendBlocked::Denied(Reason::NoRendition))?;
        let subject = CapOwner { class: draft.journey.class, offer: draft.journey.offer };
        self.check_message(subject, draft.message, &message).map_err(|denial| self.blocked(denial))?;
        let mut best = SendBlocked::Unreachable;
        for id in draft.channels {
            let Some(channel) = self.plan.get(id) else { continue };
            match self.compose_in(id, &channel, draft.journey.topic, subject, (draft.message, &message)) {
                Ok(content) => return Ok((id, content)),
                Err(blocked) => best = best.or(blocked),
            }
        }
        Err(best)
    }

    /// Checks the rules that do not depend on the channel.
    fn check_message(&mut self, subject: CapOwner, id: Id<Message>, message: &Message) -> Result<(), Denial> {
        self.check_consent(subject.class)?;
        self.check_offer_schedule(subject.offer)?;
        self.check_holdouts(subject.class, None)?;
        self.check_suppression(subject.class)?;
        self.check_cooldowns(subject.class, None)?;
        self.check_policy_caps(subject)?;
        self.check_held_offer(subject.offer)?;
        self.check_unseen(id, message, MESSAGE)
    }

    fn compose_in(
        &mut self,
        id: Id<Channel>,
        channel: &Channel,
        topic: Option<Id<Text>>,
        subject: CapOwner,
        (message_id, message): (Id<Message>, &Message),
    ) -> Result<Content<'static>, SendBlocked> {
        self.check_channel(id, topic).map_err(|_| SendBlocked::Unreachable)?;
        let name = self.plan.text(channel.id);
        let surface = Surface { slot: None, message: message_id, channel: name };
        self.check_placed_caps(subject, surface).map_err(|denial| self.blocked(denial))?;
        let rendition = self.rendition(message, name, None).ok_or(SendBlocked::Denied(Reason::NoRendition))?;
        match self.allowed_at(subject.class, id, self.facts.now) {
            Some(at) if at <= self.facts.now => Ok(self.render(message, &rendition).into_owned()),
            Some(at) => Err(SendBlocked::Later(Reason::QuietHours, at)),
            None => Err(SendBlocked::Denied(Reason::QuietHours)),
        }
    }

    /// Converts a denial; it is temporary if a cap or a cool-down ends.
    fn blocked(&self, denial: Denial) -> SendBlocked {
        let until = match denial.by {
            DenialCause::Cap(id) => self.plan.get(id).and_then(|cap| self.cap_resets_at(&cap)),
            DenialCause::Cooldown(id) => self.plan.get(id).and_then(|cooldown| self.cooldown_ends_at(&cooldown)),
            _ => None,
        };
        until.map_or(SendBlocked::Denied(denial.reason), |at| SendBlocked::Later(denial.reason, at))
    }
}

impl SendBlocked {
    /// Turns a temporary denial into a permanent one if it ends after the message expires.
    pub(crate) fn before(self, expires: Millis) -> Self {
        match self {
            Self::Later(reason, at) if at >= expires => Self::Denied(reason),
            other => other,
        }
    }

    /// Picks the reason that expires first, otherwise the most specific one.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Later(_, a), Self::Later(_, b)) if b >= a => self,
            (Self::Later(..), Self::Denied(_) | Self::Unreachable) | (Self::Denied(_), Self::Unreachable) => self,
            (_, other) => other,
        }
    }
}
