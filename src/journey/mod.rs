//! Journeys: sequences of steps in time for one subject.
//!
//! Only the times in the profile's counters drive a journey. So the order in which events arrive does not matter, and a
//! purchase that is reported late still ends the journey.

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

/// The time after an event within which it can begin a journey.
///
/// An event that arrives later is history. Within this time, facts of the journey's condition may arrive before or
/// after the event.
pub const ENTRY_WINDOW: Millis = Millis(60 * 60 * 1000);

/// The result of [`advance`].
#[derive(Clone, Debug, PartialEq)]
pub struct Advance {
    /// The profile with its advanced journeys.
    pub profile: Profile,
    /// The messages that became due, each once.
    pub actions: Vec<Action>,
    /// For an account, the messages that became due for its members.
    pub member_messages: Vec<MemberMessage>,
    /// The time to advance again if no event arrives before; always later than now.
    pub wake_at: Option<Millis>,
}

/// Advances the subject's journeys to `now`.
///
/// Pure and idempotent: advancing twice at the same time changes nothing and repeats no action.
///
/// - Ends come before steps, so nothing is sent once an exit event is part of the profile.
/// - Journeys of higher priority come first. Their messages, and those in `pending`, count for the caps of the others.
/// - A message that is denied only for now waits until it is allowed or expires.
///
/// Journeys with the account as their unit are left out: see [`advance_account`].
///
/// # Examples
///
/// ```
/// use throughline::{Event, Millis, Plan, Profile, advance, reduce};
/// # use throughline_compiler::{Options, Source, compile};
///
/// let rules = r#"
///   policies: { consent: { default: granted } }
///   channels: { email: {} }
///   messages:
///     reminder: { renditions: [ { channel: email, subject: Your cart, text: It is still here. } ] }
///   journeys:
///     abandoned-cart:
///       class: service
///       enter: { event: Product Added }
///       exit: [ { event: Order Completed } ]
///       steps:
///         - { id: pause, wait: 10m }
///         - { id: remind, send: reminder, channels: [email], ttl: 1d }
/// "#;
/// # let plans = compile(&[Source::new("rules.yaml", rules)], Options::default()).plans.ok_or("mistakes")?;
/// # let bytes = plans.edge;
/// let plan = Plan::load(&bytes)?;
/// let added = Event::from_json(r#"{ "id": "m1", "at": 1760000000000, "event": "Product Added" }"#)?;
/// let mut profile = Profile::new("p1");
/// reduce(&plan, &mut profile, &added);
///
/// let entered = advance(&plan, &profile, &[], added.at);
/// assert_eq!(entered.wake_at, Some(Millis(1760000600000)));
///
/// let due = advance(&plan, &entered.profile, &[], Millis(1760000600000));
/// let message = due.actions[0].outcome.as_ref().map_err(|blocked| blocked.code())?;
/// assert_eq!(message.content.body, "It is still here.");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn advance(plan: &Plan, profile: &Profile, pending: &[Event], now: Millis) -> Advance {
    advance_by_unit(plan, profile, pending, now, false)
}

/// Advances the journeys of an account, of which this is the profile, to `now`.
///
/// It works like [`advance`], but members receive the messages. The account does not have what decides whether a member
/// may receive one, so its journey continues in either case.
#[must_use]
pub fn advance_account(plan: &Plan, profile: &Profile, now: Millis) -> Advance {
    advance_by_unit(plan, profile, &[], now, true)
}

/// Advances the journeys of accounts, or else those of subjects.
fn advance_by_unit(plan: &Plan, profile: &Profile, pending: &[Event], now: Millis, of_account: bool) -> Advance {
    let mut out = Advance { profile: profile.clone(), actions: Vec::new(), member_messages: Vec::new(), wake_at: None };
    let mut pending = pending.to_vec();
    let journeys = plan.rows(plan.all::<Journey>()).map(|(_, journey)| journey);
    let journeys: Vec<Journey> =
        journeys.filter(|journey| journey.flags.contains(JourneyFlags::ACCOUNT) == of_account).collect();
    let priority = |index: usize| journeys.get(index).map(|journey| Reverse(journey.priority));
    for index in sorted_indices(journeys.len(), &|a, b| priority(a).cmp(&priority(b))) {
        let Some(journey) = journeys.get(index).copied() else { continue };
        JourneyRun { plan, now, id: plan.text(journey.id), journey, pending: &mut pending, out: &mut out }.advance();
    }
    out
}
