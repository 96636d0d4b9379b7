//! All that a decision may depend on.

use crate::agent::Agent;
use crate::event::Event;
use crate::prelude::*;
use crate::profile::Profile;
use crate::shape::{shape, word_shape};
use crate::sorted::Map;
use crate::time::Millis;
use crate::value::Object;

/// All that a decision may depend on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The time of the decision.
    pub now: Millis,
    /// What is known of the subject.
    pub profile: Profile,
    /// What is known of the request.
    pub request: Request,
    /// Events that the profile does not know yet.
    pub events: Vec<Event>,
}

/// What is known of the request: page, device, place, and what it allows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// Built-in and declared request attributes, by name.
    pub attributes: Object,
    /// Consent given on this device; newer than the profile's.
    pub consent: Map<Consent>,
    /// `Sec-GPC: 1`: no sale and no sharing.
    pub gpc: bool,
    /// What the browser says that it is; the class of device and the browser's name follow from it.
    pub agent: Option<Agent>,
    /// A crawler or another program: gets the fallback content.
    pub bot: bool,
    /// The channel that asks.
    pub channel: Option<String>,
    /// The locale that the person reads, such as `de-AT`.
    pub locale: Option<String>,
    /// When the session began.
    pub session: Option<Millis>,
    /// The slots to fill; none for all that are on the page with this path.
    pub slots: Option<Vec<String>>,
}

/// What a person said about a purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Consent {
    /// Nothing yet.
    #[default]
    Pending,
    /// No.
    Denied,
    /// Yes.
    Granted,
}

shape! {
    Facts {
        now: Required "now",
        profile: Optional "profile",
        request: Optional "request",
        events: Optional "events",
    }
}
shape! {
    Request {
        attributes: Optional "attributes",
        consent: Optional "consent",
        gpc: Optional "gpc",
        agent: Optional "agent",
        bot: Optional "bot",
        channel: Optional "channel",
        locale: Optional "locale",
        session: Optional "session",
        slots: Optional "slots",
    }
}
word_shape!(Consent, "one of: granted, denied, pending");

impl Consent {
    /// The state that a number in a plan stands for; `Pending` for an unknown one.
    #[must_use]
    pub const fn from_number(number: u32) -> Self {
        match number {
            1 => Self::Denied,
            2 => Self::Granted,
            _ => Self::Pending,
        }
    }

    /// The number that stands for this state in a plan.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Pending => 0,
            Self::Denied => 1,
            Self::Granted => 2,
        }
    }

    /// The word for this state.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Denied => "denied",
            Self::Granted => "granted",
        }
    }

    /// The state with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "pending" => Some(Self::Pending),
            "denied" => Some(Self::Denied),
            "granted" => Some(Self::Granted),
            _ => None,
        }
    }
}
