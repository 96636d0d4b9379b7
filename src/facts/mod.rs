//! All that a decision may depend on.

pub(crate) mod derived;
pub(crate) mod local_clock;
pub(crate) mod position;
pub(crate) mod user_agent;

use crate::collections::SortedMap;
use crate::event::Event;
use crate::event::consent::Consent;
use crate::facts::user_agent::UserAgent;
use crate::json::Object;
use crate::json::codec::json_codec;
use crate::prelude::*;
use crate::profile::Profile;
use crate::time::Millis;

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
    pub consent: SortedMap<Consent>,
    /// `Sec-GPC: 1`: no sale and no sharing.
    pub gpc: bool,
    /// What the browser says that it is; the class of device and the browser's name follow from it.
    pub agent: Option<UserAgent>,
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

json_codec! {
    Facts {
        now: Required "now",
        profile: Optional "profile",
        request: Optional "request",
        events: Optional "events",
    }
}
json_codec! {
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
