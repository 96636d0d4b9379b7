//! Journeys: several steps in time for one subject.
//!
//! A journey is driven by the times in the profile's counters alone. So it is the same in whatever order events arrived,
//! and a purchase that is reported late still ends it.

mod action;
mod authorize;
mod compose;
mod member_message;
mod run;

pub use action::{Action, RenderedMessage};
pub use authorize::{PendingMessage, authorize};
pub use compose::SendBlocked;
pub use member_message::MemberMessage;

use core::cmp::Reverse;
use run::JourneyRun;

use crate::collections::sorted_indices;
use crate::event::Event;
use crate::plan::Plan;
use crate::plan::tables::{Journey, JourneyFlags};
use crate::prelude::*;
use crate::profile::Profile;
use crate::time::Millis;

/// For how long after it happened an event can begin a journey: an event that arrives later is history, not a reason to
/// speak. Within that time it does not matter whether the facts of the journey's condition arrive before the event or after.
pub const ENTRY_WINDOW: Millis = Millis(60 * 60 * 1000);

/// What [`advance`] finds.
#[derive(Clone, Debug, PartialEq)]
pub struct Advance {
    /// The profile, with its journeys where they are now.
    pub profile: Profile,
    /// The messages that became due, each once.
    pub actions: Vec<Action>,
    /// For an account: the messages that became due, for its members to get.
    pub member_messages: Vec<MemberMessage>,
    /// When to look again, if nothing happens before; always later than now.
    pub wake_at: Option<Millis>,
}

/// Moves the subject's journeys on to `now`.
///
/// Pure and idempotent: advancing twice at the same time changes nothing and repeats no action. Ends come before steps, so
/// nothing is sent once an exit event is known. Journeys of higher priority speak first; what they send, and what is on its
/// way from earlier, counts for the caps of the others. What the rules are against only now waits, as long as it makes sense.
///
/// Journeys with the account as their unit are not the subject's: see [`advance_account`].
#[must_use]
pub fn advance(plan: &Plan, profile: &Profile, on_its_way: &[Event], now: Millis) -> Advance {
    advance_by_unit(plan, profile, on_its_way, now, false)
}

/// Moves the journeys of an account, of which this is the profile, on to `now`.
///
/// As [`advance`], but what becomes due is for a member to get. Whether that member may be sent it is not the account's to
/// know, so its journey goes on.
#[must_use]
pub fn advance_account(plan: &Plan, profile: &Profile, now: Millis) -> Advance {
    advance_by_unit(plan, profile, &[], now, true)
}

/// Advances the journeys of accounts, or those of people.
fn advance_by_unit(plan: &Plan, profile: &Profile, on_its_way: &[Event], now: Millis, of_account: bool) -> Advance {
    let mut out = Advance { profile: profile.clone(), actions: Vec::new(), member_messages: Vec::new(), wake_at: None };
    let mut on_its_way = on_its_way.to_vec();
    let journeys = plan.rows(plan.all::<Journey>()).map(|(_, journey)| journey);
    let journeys: Vec<Journey> =
        journeys.filter(|journey| journey.flags.contains(JourneyFlags::ACCOUNT) == of_account).collect();
    let priority = |place: usize| journeys.get(place).map(|journey| Reverse(journey.priority));
    for place in sorted_indices(journeys.len(), &|a, b| priority(a).cmp(&priority(b))) {
        let Some(journey) = journeys.get(place).copied() else { continue };
        JourneyRun { plan, now, id: plan.text(journey.id), journey, on_its_way: &mut on_its_way, out: &mut out }
            .advance();
    }
    out
}
