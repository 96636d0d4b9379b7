//! Holdouts that withhold everything or nothing, and exclusion groups without effect.

use std::collections::BTreeMap;

use super::Linter;
use crate::source::cursor::ReadContext;

/// Checks the holdouts and exclusion groups.
pub fn check(linter: &Linter<'_, '_>, out: &mut ReadContext<'_>) {
    check_exclusions(linter, out);
    for (id, holdout) in &linter.rules.holdouts {
        let Some(cursor) = linter.definitions.key("holdouts", id, "percent") else { continue };
        if holdout.share >= 1.0 {
            let held = linter.rules.campaigns.values().filter(|campaign| holdout.classes.contains(campaign.class));
            let message = format!("everybody is held out, so {} campaigns reach nobody", held.count());
            cursor.warning("holdout-everybody", message, out).expected("a share below 100, such as 5");
        } else if holdout.share <= 0.0 {
            let message = "nobody is held out";
            cursor.warning("no-effect", message, out).expected("a share above 0, such as 5, or no holdout");
        }
    }
}

/// Reports exclusion groups with a single member.
fn check_exclusions(linter: &Linter<'_, '_>, out: &mut ReadContext<'_>) {
    let campaigns = linter.rules.campaigns.iter().filter_map(|(id, row)| Some((*id, row.exclusion.as_ref()?)));
    let experiments = linter.rules.experiments.iter().filter_map(|(id, row)| Some((*id, row.exclusion.as_ref()?)));
    let mut members: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (id, exclusion) in campaigns.chain(experiments) {
        members.entry(exclusion.group.name).or_default().push(id);
    }
    for (group, members) in members {
        if let ([only], Some(cursor)) = (members.as_slice(), linter.definitions.get("exclusions", group)) {
            let message = format!("`{only}` is the only member of the group `{group}`, so the group excludes nothing");
            cursor.warning("no-effect", message, out).expected("another member, or no group");
        }
    }
}
