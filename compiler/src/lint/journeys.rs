//! Steps of journeys that do nothing, or come too late.

use throughline::Millis;

use super::Linter;
use super::definitions::{has_only, items};
use crate::journeys::Action;
use crate::place::Reader;

/// The keys of a step that the lints understand.
const UNDERSTOOD: [&str; 6] = ["id", "wait", "after", "send", "channels", "ttl"];

/// Looks at the steps of each journey in their order.
pub fn check(linter: &Linter<'_, '_>, out: &mut Reader<'_>) {
    for (id, journey) in &linter.rules.journeys {
        let Some(place) = linter.definitions.key("journeys", id, "steps") else { continue };
        let steps = items(&place);
        let goal = journey.goal.as_ref().map_or(Millis::MAX, |(_, within)| *within);
        // The least time that has passed since the entry.
        let mut passed = Millis(0);
        for (step, written) in journey.steps.iter().zip(&steps) {
            if steps.len() != journey.steps.len() || !has_only(written.node, &UNDERSTOOD) {
                break;
            }
            match &step.action {
                Action::Wait(wait, _) => passed = passed.plus(*wait),
                Action::Send { ttl, .. } if ttl.0 <= 0 => {
                    let message = format!("step `{}` sends nothing: its message has no time to live", step.id.name);
                    step.id.place.warning("unreachable-step", message, out).expected("a longer `ttl`, or none");
                }
                Action::Send { .. } if passed > goal => {
                    let [passed, goal] = [passed, goal].map(length);
                    let message = format!(
                        "step `{}` sends {passed} after the entry at the earliest, the goal counts within {goal}",
                        step.id.name
                    );
                    let expected = "shorter waits, or a goal that counts for longer";
                    step.id.place.warning("late-step", message, out).expected(expected);
                }
                Action::Send { .. } => {}
            }
        }
    }
}

/// A length of time as people write it.
fn length(length: Millis) -> String {
    let units = [("d", 24 * 60 * 60 * 1000), ("h", 60 * 60 * 1000), ("m", 60 * 1000), ("s", 1000)];
    let whole = units.into_iter().find_map(|(unit, size)| {
        let is_whole = length.0.checked_rem(size) == Some(0);
        is_whole.then(|| length.0.checked_div(size).map(|count| format!("{count}{unit}"))).flatten()
    });
    whole.unwrap_or_else(|| format!("{} ms", length.0))
}
