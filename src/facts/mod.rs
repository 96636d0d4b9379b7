//! Facts: the input of a decision.

pub(crate) mod derived;
mod lenient;
pub(crate) mod local_clock;
pub(crate) mod position;
pub(crate) mod reading;
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

/// All data that a decision may depend on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The time of the decision.
    pub now: Millis,
    /// The state of the subject.
    pub profile: Profile,
    /// The state of the request.
    pub request: Request,
    /// Events that are not part of the profile yet.
    pub events: Vec<Event>,
}

/// The request: page, device, location and consent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// Built-in and declared request attributes, by name.
    pub attributes: Object,
    /// Consent given on this device. Of it and the profile's the later one counts: see `consent_at`.
    pub consent: SortedMap<Consent>,
    /// When that consent was given; `None` if the device does not say.
    pub consent_at: Option<Millis>,
    /// `Sec-GPC: 1`: the person opts out of sale and sharing.
    pub gpc: bool,
    /// The browser's description of itself, from which device class and browser name are derived.
    pub agent: Option<UserAgent>,
    /// Whether the visitor is a crawler or another program, which gets the fallback content.
    pub bot: bool,
    /// The channel of the request.
    pub channel: Option<String>,
    /// The person's locale, such as `de-AT`.
    pub locale: Option<String>,
    /// The start of the session.
    pub session: Option<Millis>,
    /// The slots to fill; `None` for all slots of the page with this path.
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
        consent_at: Optional "consentAt",
        gpc: Optional "gpc",
        agent: Optional "agent",
        bot: Optional "bot",
        channel: Optional "channel",
        locale: Optional "locale",
        session: Optional "session",
        slots: Optional "slots",
    }
}
