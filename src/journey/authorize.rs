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

/// What a message that waits to be sent belongs to.
#[derive(Clone, Copy, Debug)]
pub struct PendingMessage<'a> {
    /// The journey.
    pub journey: &'a str,
    /// The event that began it.
    pub entered: Stamp,
    /// The message.
    pub message: &'a str,
    /// The channel.
    pub channel: &'a str,
    /// From when on it must not be sent.
    pub expires: Millis,
}

/// Whether a message may still be sent, asked right before it is: much may have happened since it became due, and other
/// messages may be on their way.
///
/// # Errors
/// Says why it must not be sent any more, or from when on it may.
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

/// Whether the journey has ended, or is that of an account that the subject has left.
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
