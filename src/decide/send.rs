//! What a journey sends: held to the same rules as what a page shows.

use crate::decide::Decider;
use crate::decision::{Content, Reason};
use crate::facts::{Facts, Request};
use crate::plan::tables::{Channel, Message};
use crate::plan::{Id, Plan};
use crate::prelude::*;
use crate::profile::Profile;
use crate::time::Millis;

/// Why a message of a journey is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// It came too late to make sense.
    Expired,
    /// The journey has ended meanwhile, or the rules no longer have it.
    Ended,
    /// No channel of the step is allowed and can reach the subject.
    Unreachable,
    /// The rules that hold for every message are against it.
    Denied(Reason),
}

impl Withheld {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Ended => "journey_ended",
            Self::Unreachable => "unreachable",
            Self::Denied(reason) => reason.code(),
        }
    }
}

/// A message to be written: what, as which class, and by which channels, first possible first.
pub(crate) struct Draft<C> {
    pub(crate) class: u32,
    pub(crate) message: Id<Message>,
    pub(crate) channels: C,
}

/// The channel and the content of a message for this subject now, or why there is none.
pub(crate) fn compose(
    plan: &Plan,
    profile: &Profile,
    now: Millis,
    draft: Draft<impl Iterator<Item = Id<Channel>>>,
) -> Result<(Id<Channel>, Content<'static>), Withheld> {
    let locale = profile.traits.get("locale").and_then(|known| known.0.as_str()).map(str::to_owned);
    let request = Request { locale, ..Request::default() };
    let facts = Facts { now, request, ..Facts::default() };
    let mut decider = Decider::new(plan, &facts, profile, None);
    let message = plan.get(draft.message).ok_or(Withheld::Denied(Reason::NoRendition))?;
    let rules = decider
        .check_consent(draft.class)
        .and_then(|()| decider.check_holdouts(draft.class))
        .and_then(|()| decider.check_suppression(draft.class))
        .and_then(|()| decider.check_unseen(&message));
    rules.map_err(|denial| Withheld::Denied(denial.reason))?;
    let mut reached = false;
    for id in draft.channels {
        let (Some(channel), true) = (plan.get(id), decider.can_reach(id)) else { continue };
        reached = true;
        if let Some(rendition) = decider.rendition(&message, plan.text(channel.id), None) {
            return Ok((id, decider.render(&rendition).into_owned()));
        }
    }
    Err(if reached { Withheld::Denied(Reason::NoRendition) } else { Withheld::Unreachable })
}
