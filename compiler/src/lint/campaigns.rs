//! Campaigns that are never eligible, or only on pages without their slot.

use throughline::internals::plan::tables::Class;

use super::Linter;
use super::logic::{Answer, Branch, Variable, search, solve};
use super::reach::{MessageReach, not_before};
use crate::source::cursor::ReadContext;

/// Checks each campaign by itself.
pub fn check<'r, 'a>(linter: &Linter<'r, 'a>, reaches: &[MessageReach<'r, 'a>], out: &mut ReadContext<'_>) {
    for reach in reaches {
        if matches!(solve(&[&reach.when]), Answer::Never(_)) {
            // The lint of conditions reports that.
            continue;
        }
        check_reachable(linter, reach, out);
        check_pages(linter, reach, out);
        if let (Class::Transactional, Some(offer)) = (reach.campaign.class, &reach.campaign.offer) {
            let message = format!("a transactional campaign carries the offer `{}`, which is advertising", offer.name);
            let expected = "class `promo`, or no offer; transactional campaigns must not carry one";
            offer.cursor.warning("transactional-offer", message, out).expected(expected);
        }
    }
}

fn check_reachable<'r, 'a>(linter: &Linter<'r, 'a>, reach: &MessageReach<'r, 'a>, out: &mut ReadContext<'_>) {
    if let Answer::Never(conflict) = solve(&reach.eligible_when()) {
        let message = format!("campaign `{}` is never eligible: {}", reach.id, conflict.words());
        reach
            .cursor
            .warning("unreachable-campaign", message, out)
            .expected("a condition that can hold within the schedule and the required consent");
        return;
    }
    let Some(now) = linter.now else { return };
    let today = not_before(now);
    let [when, frame] = reach.eligible_when();
    if let Answer::Never(_) = solve(&[when, frame, &today]) {
        let message = format!("the time span of campaign `{}` has passed", reach.id);
        let cursor = linter.definitions.key("campaigns", reach.id, "schedule");
        let cursor = cursor.as_ref().unwrap_or(&reach.cursor);
        cursor.warning("schedule-over", message, out).expected("a later `until`, or no campaign");
    }
}

/// Reports slots on pages whose paths the condition excludes.
fn check_pages<'r, 'a>(linter: &Linter<'r, 'a>, reach: &MessageReach<'r, 'a>, out: &mut ReadContext<'_>) {
    let Some(when) = &reach.campaign.when else { return };
    for placement in &reach.campaign.slots {
        let Some(slot) = linter.rules.slot(placement.slot.name).filter(|slot| !slot.pages.is_empty()) else { continue };
        let path = Variable::Attribute("path".to_owned());
        let mut wanted = Vec::new();
        let mut is_on_page = |branch: &Branch<'_, '_>| {
            let Some(found) = branch.get(&path) else { return true };
            let paths = Some(&found.values).filter(|values| !values.null).and_then(|values| values.texts.finite());
            let Some(paths) = paths else { return true };
            wanted.extend(paths.iter().map(|path| path.0.clone()));
            paths.iter().any(|path| slot.pages.iter().any(|glob| is_on(glob, &path.0)))
        };
        if let Answer::Never(_) = search(&reach.eligible_when(), &mut is_on_page) {
            let (paths, pages) = (wanted.join("`, `"), slot.pages.join("`, `"));
            let message = format!(
                "the condition requires the path `{paths}`, but slot `{}` is on `{pages}`",
                placement.slot.name
            );
            let cursor = crate::source::cursor::Cursor { mark: placement.slot.cursor.mark, ..when.cursor.clone() };
            cursor.warning("wrong-page", message, out).expected("a path on which the slot is, or another slot");
        }
    }
}

/// Returns whether a glob matches a path; `*` is text within a segment, `**` any number of segments.
fn is_on(glob: &str, path: &str) -> bool {
    let cut =
        |text: &'_ str| -> Vec<String> { text.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect() };
    segments_match(&cut(glob), &cut(path))
}

fn segments_match(globs: &[String], parts: &[String]) -> bool {
    match globs.split_first() {
        None => parts.is_empty(),
        Some((glob, rest)) if glob == "**" => {
            (0..=parts.len()).any(|at| segments_match(rest, parts.get(at..).unwrap_or_default()))
        }
        Some((glob, rest)) => {
            let Some((part, others)) = parts.split_first() else { return false };
            text_matches(glob, part) && segments_match(rest, others)
        }
    }
}

fn text_matches(glob: &str, text: &str) -> bool {
    let Some((before, after)) = glob.split_once('*') else { return glob == text };
    let Some(rest) = text.strip_prefix(before) else { return false };
    let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    ends.into_iter().any(|at| text_matches(after, rest.get(at..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_name_the_paths_that_the_plan_says() {
        let cases = [
            ("/", "/", true),
            ("/pricing", "/pricing/", true),
            ("/products/*", "/products/a", true),
            ("/products/*", "/products/a/b", false),
            ("/products/*", "/products", false),
            ("/products/**", "/products", true),
            ("/products/**/red", "/products/a/b/red/", true),
            ("/p*t", "/part", true),
            ("/p*t", "/pars", false),
        ];
        for (glob, path, wanted) in cases {
            assert_eq!(is_on(glob, path), wanted, "{glob} {path}");
        }
    }
}
