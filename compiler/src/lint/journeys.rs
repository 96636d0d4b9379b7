//! Steps of journeys that have no effect, or come too late.

use throughline::{Event, MessageSent, Millis};

use super::Linter;
use super::definitions::{has_only, items};
use crate::condition::{When, holds_for};
use crate::rules::journey::{Journey, StepAction};
use crate::rules::trigger::Trigger;
use crate::source::cursor::{ReadContext, Reference};

/// The keys of a step that the lints understand.
const UNDERSTOOD: [&str; 6] = ["id", "wait", "after", "send", "channels", "ttl"];

/// Checks the steps of each journey in order.
pub fn check(linter: &Linter<'_, '_>, out: &mut ReadContext<'_>) {
    for (id, journey) in &linter.rules.journeys {
        check_exits(id, journey, out);
        let Some(cursor) = linter.definitions.key("journeys", id, "steps") else { continue };
        let steps = items(&cursor);
        let goal = journey.goal.as_ref().map_or(Millis::MAX, |(_, within)| *within);
        // The minimum time since the entry.
        let mut passed = Millis(0);
        for (step, written) in journey.steps.iter().zip(&steps) {
            if steps.len() != journey.steps.len() || !has_only(written.node, &UNDERSTOOD) {
                break;
            }
            match &step.action {
                StepAction::Wait(wait, _) => passed = passed.plus(*wait),
                StepAction::Send { ttl, .. } if ttl.0 <= 0 => {
                    let message = format!("step `{}` sends nothing: its `ttl` is zero", step.id.name);
                    step.id.cursor.warning("unreachable-step", message, out).expected("a longer `ttl`, or none");
                }
                StepAction::Send { .. } if passed > goal => {
                    let [passed, goal] = [passed, goal].map(length);
                    let message = format!(
                        "step `{}` sends {passed} after the entry at the earliest, but the goal only counts within {goal}",
                        step.id.name
                    );
                    let expected = "shorter waits, or a goal that counts for longer";
                    step.id.cursor.warning("late-step", message, out).expected(expected);
                }
                StepAction::Send { .. } => {}
            }
        }
    }
}

/// Reports steps that no subject reaches, because the message of an earlier step itself triggers an exit.
fn check_exits(id: &str, journey: &Journey<'_>, out: &mut ReadContext<'_>) {
    let sends = journey.steps.iter().zip(journey.steps.iter().skip(1)).find_map(|(step, next)| match &step.action {
        StepAction::Send { message, channels, .. } => {
            let ends = |channel: &Reference<'_>| {
                let event = sent(id, journey, step.id.name, message.name, channel.name);
                journey.exits.iter().any(|exit| is_triggered(exit, &event))
            };
            channels.iter().all(ends).then_some((step, next))
        }
        StepAction::Wait(..) => None,
    });
    if let Some((step, next)) = sends {
        let message = format!(
            "step `{}` is only reached if `{}` sends nothing: sending is an event that ends the journey",
            next.id.name, step.id.name
        );
        next.id
            .cursor
            .warning("unreachable-step", message, out)
            .expected("an `exit` that no message of the journey triggers");
    }
    for (step, after) in journey.steps.iter().filter_map(|step| Some((step, step.after()?))) {
        if journey.exits.iter().any(|exit| exit.event.name == after.name && exit.filter.is_none()) {
            let message = format!(
                "step `{}` waits after `{}`, which ends the journey, so the wait always starts with the step",
                step.id.name, after.name
            );
            let expected = "no `after`, or one that does not end the journey";
            after.cursor.warning("no-effect", message, out).expected(expected);
        }
    }
}

/// Returns the event that records that a step has sent its message.
fn sent(id: &str, journey: &Journey<'_>, step: &str, message: &str, channel: &str) -> Event {
    let offer = journey.offer.as_ref().map(|offer| offer.name);
    let class = journey.class.name();
    MessageSent { send_id: "", journey: id, step, class, message, channel, offer, at: Millis(0) }.event()
}

/// Returns whether an event matches a trigger.
fn is_triggered(trigger: &Trigger<'_>, event: &Event) -> bool {
    let holds = |filter: &When<'_>| holds_for(filter.condition(), &[&event.properties]) == [true];
    trigger.event.name == event.name && trigger.filter.as_ref().is_none_or(holds)
}

/// Formats a duration for people.
fn length(length: Millis) -> String {
    let units = [("d", 24 * 60 * 60 * 1000), ("h", 60 * 60 * 1000), ("m", 60 * 1000), ("s", 1000)];
    let whole = units.into_iter().find_map(|(unit, size)| {
        let is_whole = length.0.checked_rem(size) == Some(0);
        is_whole.then(|| length.0.checked_div(size).map(|count| format!("{count}{unit}"))).flatten()
    });
    whole.unwrap_or_else(|| format!("{} ms", length.0))
}
