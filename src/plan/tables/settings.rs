//! What holds for all campaigns.

use super::{CandidateIndex, Cap, Text};
use crate::plan::row::{Id, Ids, Span, tables};
use crate::prelude::*;

/// [`Settings::flags`]: only what may reach a browser is in this plan.
pub const PUBLIC_PLAN: u32 = 1;

tables! {
    /// The plan's one row of settings.
    3 Settings {
        /// The plan's id: a hash of everything else in it.
        id: Id<Text>,
        /// Flags: [`PUBLIC_PLAN`].
        flags: u32,
        /// The locale that every message falls back to.
        locale: Id<Text>,
        /// [`Consent`](crate::event::consent::Consent) of a purpose that nobody has decided about, as a number.
        consent: u32,
        /// The purpose without which no cookie is set.
        store: Option<Id<Text>>,
        /// The purpose without which no exposure is recorded.
        measure: Option<Id<Text>>,
        /// The purposes that `Sec-GPC: 1` denies.
        gpc: Ids<Text>,
        /// Caps that hold for all campaigns in their scope.
        caps: Span<Cap>,
        /// The campaigns that compete for the next action.
        next: Option<Id<CandidateIndex>>,
    }
    /// The purposes that campaigns of a class need; one row for each class.
    4 ClassPolicy {
        /// Every one must be granted.
        purposes: Ids<Text>,
    }
    /// The locales to try where a locale has nothing.
    56 Fallback {
        /// The locale.
        locale: Id<Text>,
        /// Which to try instead, in their order.
        then: Ids<Text>,
    }
}
