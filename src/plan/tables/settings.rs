//! Settings of the whole plan.

use super::{CandidateIndex, Cap, IdentityMode, Text, Withdrawal};
use crate::event::consent::Consent;
use crate::plan::row::{Id, Ids, Span, flags, tables};
use crate::prelude::*;
use crate::time::Millis;

flags! {
    /// The flags of the [`Settings`].
    SettingsFlags {
        /// The plan holds only what may reach a browser.
        PUBLIC = 1,
    }
}

tables! {
    /// The plan's one row of settings.
    3 Settings {
        /// The plan's id: a hash of everything else in it.
        id: Id<Text>,
        /// The readers of the plan.
        flags: SettingsFlags,
        /// The locale that every message falls back to.
        locale: Id<Text>,
        /// The state of a purpose that the person has not decided about.
        consent: Consent,
        /// The purpose without which no cookie is set.
        store: Option<Id<Text>>,
        /// The purpose without which no exposure is recorded.
        measure: Option<Id<Text>>,
        /// The purposes that `Sec-GPC: 1` denies.
        gpc: Ids<Text>,
        /// The caps of the policies.
        caps: Span<Cap>,
        /// The campaigns that compete for the next action.
        next: Option<Id<CandidateIndex>>,
        /// The effect of identifiers that nobody has proven.
        identity: IdentityMode,
        /// The fate of what is stored when the consent to store it is withdrawn.
        withdrawal: Withdrawal,
        /// How long events are kept; zero for all time. The next two are as this one.
        keep_events: Millis,
        /// How long a profile without an identified person is kept after its last event.
        keep_anonymous: Millis,
        /// How long deliveries are kept.
        keep_deliveries: Millis,
    }
    /// The purposes that campaigns of a class need; one row for each class.
    4 ClassPolicy {
        /// The purposes, all of which must be granted.
        purposes: Ids<Text>,
    }
    /// The fallbacks of a locale without content.
    56 Fallback {
        /// The locale.
        locale: Id<Text>,
        /// The locales to try instead, in their order.
        then: Ids<Text>,
    }
}
