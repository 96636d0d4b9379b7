//! Names of events and properties that are probably misspelt, where the rules declare no events.

use super::Linter;
use crate::rules::event::{self, KNOWN};
use crate::source::cursor::ReadContext;

/// Reports names that are used once and hardly differ from another name.
pub fn check(linter: &Linter<'_, '_>, out: &mut ReadContext<'_>) {
    let uses: Vec<_> =
        linter.definitions.tops().iter().flat_map(|top| event::uses(core::slice::from_ref(top.node))).collect();
    let (events, properties) = event::counts(&uses);
    for used in &uses {
        let is_declared = linter.rules.events.contains_key(used.name) || KNOWN.contains(&used.name);
        if events.get(used.name) == Some(&1) && !is_declared {
            let others = KNOWN
                .into_iter()
                .chain(events.keys().copied().filter(|other| *other < used.name || events.get(other) > Some(&1)));
            if let Some(meant) = others.into_iter().find(|other| is_near(used.name, other)) {
                let message = format!("the event `{}` is named once, and hardly differs from `{meant}`", used.name);
                used.cursor.warning("event-name", message, out).expected(expected(meant));
            }
        }
        if linter.rules.events.contains_key(used.name) {
            continue;
        }
        for (name, cursor) in &used.properties {
            let of_event = properties.iter().filter(|((event, _), _)| *event == used.name);
            let others =
                of_event.filter(|((_, other), count)| other < name || **count > 1).map(|((_, other), _)| *other);
            let is_single = properties.get(&(used.name, *name)) == Some(&1);
            if let Some(meant) = others.into_iter().find(|other| is_single && is_near(name, other)) {
                let message = format!(
                    "the property `{name}` of `{}` is named once, and hardly differs from `{meant}`",
                    used.name
                );
                cursor.warning("event-name", message, out).expected(expected(meant));
            }
        }
    }
}

fn expected(meant: &str) -> String {
    format!("did you mean `{meant}`? Events that are declared in `events` are checked exactly")
}

/// Whether two names differ only in case, spaces, underscores and dashes, or in one letter.
fn is_near(name: &str, other: &str) -> bool {
    let plain = |name: &str| name.to_lowercase().replace(['_', '-', ' '], "");
    let (left, right) = (plain(name), plain(other));
    name != other && (left == right || (left.len() >= 5 && strsim::osa_distance(&left, &right) <= 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_are_near() {
        for name in ["page_viewed", "Page viewed", "PageViewed", "Page Veiwed", "Pages Viewed", "Page View"] {
            assert_eq!(is_near(name, "Page Viewed"), name != "Page View", "{name}");
        }
        assert!(!is_near("Page Viewed", "Page Viewed") && !is_near("sku", "sky"));
    }
}
