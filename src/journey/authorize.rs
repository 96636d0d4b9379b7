//! The last check before a message of a journey is sent.

use crate::event::Event;
use crate::journey::action::with_pending;
use crate::journey::compose::{Draft, SendBlocked, compose};
use crate::journey::run::{exit, goal};
use crate::plan::Plan;
use crate::plan::tables::{Channel, Journey, JourneyFlags, Message};
use crate::profile::Profile;
use crate::profile::account::Account;
use crate::profile::stamp::Stamp;
use crate::time::Millis;

/// A message that is about to be sent.
#[derive(Clone, Copy, Debug)]
pub struct PendingMessage<'a> {
    /// The journey.
    pub journey: &'a str,
    /// The event that began the journey.
    pub entered: Stamp,
    /// The message.
    pub message: &'a str,
    /// The channel.
    pub channel: &'a str,
    /// The time from which it must not be sent.
    pub expires: Millis,
}

/// Checks whether a message may still be sent.
///
/// A host calls it right before it sends. Events since the message became due can forbid it, and so can other pending
/// messages, whose events are `others`.
///
/// # Errors
/// Returns the reason why it must not be sent, with the time from which it may if there is one.
///
/// # Examples
///
/// A purchase ends the journey after the message became due:
///
/// ```
/// use throughline::{Event, Millis, PendingMessage, Plan, Profile, SendBlocked, Stamp, authorize, reduce};
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
/// let mut profile = Profile::new("p1");
/// reduce(&plan, &mut profile, &Event::from_json(r#"{ "id": "m1", "at": 1760000000000, "event": "Product Added" }"#)?);
/// let pending = PendingMessage {
///     journey: "abandoned-cart",
///     entered: Stamp::new(Millis(1760000000000), "m1"),
///     message: "reminder",
///     channel: "email",
///     expires: Millis(1760087000000),
/// };
/// let now = Millis(1760000600000);
/// assert_eq!(authorize(&plan, &profile, &[], &pending, now), Ok(()));
///
/// reduce(&plan, &mut profile, &Event::from_json(r#"{ "id": "m2", "at": 1760000500000, "event": "Order Completed" }"#)?);
/// assert_eq!(authorize(&plan, &profile, &[], &pending, now), Err(SendBlocked::Ended));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn authorize(
    plan: &Plan,
    profile: &Profile,
    others: &[Event],
    waiting: &PendingMessage<'_>,
    now: Millis,
) -> Result<(), SendBlocked> {
    if now >= waiting.expires {
        return Err(SendBlocked::Expired);
    }
    let journey = plan.rows(plan.all::<Journey>()).find(|(_, row)| plan.text(row.id) == waiting.journey);
    let message = plan.rows(plan.all::<Message>()).find(|(_, row)| plan.text(row.id) == waiting.message);
    let channel = plan.rows(plan.all::<Channel>()).find(|(_, row)| plan.text(row.id) == waiting.channel);
    let (Some((_, journey)), Some((message, _)), Some((channel, _))) = (journey, message, channel) else {
        return Err(SendBlocked::Ended);
    };
    if is_over(plan, profile, &journey, waiting) {
        return Err(SendBlocked::Ended);
    }
    let profile = with_pending(plan, profile, others);
    let draft = Draft { journey: &journey, message, channels: [channel].into_iter() };
    compose(plan, &profile, now, draft).map(|_| ()).map_err(|blocked| blocked.before(waiting.expires))
}

/// Checks whether the journey has ended, or belongs to an account that the subject has left.
fn is_over(plan: &Plan, profile: &Profile, journey: &Journey, waiting: &PendingMessage<'_>) -> bool {
    let entered = waiting.entered;
    let ended =
        |counters| goal(plan, counters, journey, entered).is_some() || exit(plan, counters, journey, entered).is_some();
    if !journey.flags.contains(JourneyFlags::ACCOUNT) {
        return ended(&profile.counters);
    }
    let is_same = |account: &&Account| account.journeys.get(waiting.journey).is_some_and(|it| it.entered == entered);
    profile.account().filter(is_same).is_none_or(|account| ended(&account.counters))
}
