//! Holdouts that leave nobody.

use super::Linter;
use crate::place::Reader;

/// Looks at the holdouts.
pub fn check(linter: &Linter<'_, '_>, out: &mut Reader<'_>) {
    for (id, holdout) in &linter.rules.holdouts {
        let Some(place) = linter.definitions.key("holdouts", id, "percent") else { continue };
        if holdout.share >= 1.0 {
            let held = linter.rules.campaigns.values().filter(|campaign| campaign.class.bit() & holdout.classes != 0);
            let message = format!("everybody is held out, so {} campaigns reach nobody", held.count());
            place.warning("holdout-everybody", message, out).expected("a share below 100, such as 5");
        } else if holdout.share <= 0.0 {
            let message = "nobody is held out";
            place.warning("no-effect", message, out).expected("a share above 0, such as 5, or no holdout");
        }
    }
}
