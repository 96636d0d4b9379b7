//! The linter, which finds rules that compile but are probably not what was meant.
//!
//! Every finding has a code; `docs/lint.md` has a section for each. A condition that no facts satisfy is an error, because
//! nobody means it; all other findings are warnings. The linter reports only
//! what is certain: forms of the language that a lint does not know could mean anything, so it ignores them.

mod alternatives;
mod campaigns;
mod caps;
mod conditions;
mod definitions;
mod estimate;
mod event_names;
mod experiments;
mod feature_experiments;
mod features;
mod identity;
mod journeys;
mod lengths;
mod lists;
mod logic;
mod loop_items;
mod missing_values;
mod offers;
mod personal;
mod policies;
mod reach;
mod renditions;
mod shadow;
mod sms;
mod unused;

use std::collections::BTreeMap;

use throughline::Millis;

use crate::CompiledRules;
use crate::rules::Rules;
use crate::rules::catalogue::Needs;
use crate::rules::lint_settings::LintSettings;
use crate::source::cursor::ReadContext;
use crate::source::diagnostic::{Diagnostic, Severity};
use definitions::Definitions;
use logic::Conditions;

/// The number of findings per code that are reported. The last of them says how many more there are.
const MOST: usize = 20;

/// The context of every lint.
struct Linter<'r, 'a> {
    rules: &'r Rules<'a>,
    definitions: Definitions<'a>,
    conditions: Conditions<'r, 'a>,
    /// The same without looking into segments, for messages.
    segments_as_names: Conditions<'r, 'a>,
    /// The parts of the catalogue that templates read.
    needs: Needs<'r>,
    /// The current time, if schedules that are over are to be reported.
    now: Option<Millis>,
}

/// Adds the findings of all lints to rules without errors, and removes those that the rules allow.
pub fn lint(found: CompiledRules<'_, '_>, now: Option<Millis>, out: &mut ReadContext<'_>) {
    let CompiledRules { trees, rules, unneeded_edge_attributes } = found;
    let (definitions, conditions) = (Definitions::new(trees), Conditions::new(rules));
    let segments_as_names = Conditions::without_segments(rules);
    let linter = Linter { rules, definitions, conditions, segments_as_names, needs: Needs::of(rules), now };
    conditions::check(&linter, out);
    missing_values::check(&linter, out);
    let reaches = reach::all(&linter);
    campaigns::check(&linter, &reaches, out);
    shadow::check(&linter, &reaches, out);
    alternatives::check(&linter, &reaches, out);
    offers::check(&linter, &reaches, out);
    policies::check(&linter, out);
    caps::check(&linter, out);
    experiments::check(&linter, &reaches, out);
    features::check(&linter, out);
    feature_experiments::check(&linter, out);
    journeys::check(&linter, out);
    renditions::check(&linter, &reaches, out);
    lists::check(&linter, out);
    sms::check(&linter, out);
    lengths::check(&linter, out);
    personal::check(&linter, out);
    personal::check_unneeded(&linter, unneeded_edge_attributes, out);
    identity::check(&linter, out);
    event_names::check(&linter, out);
    unused::check(&linter, out);
}

/// Returns the findings that the rules do not allow. Allowances without a finding are findings, too.
#[must_use]
pub fn apply_settings(found: Vec<Diagnostic>, settings: &LintSettings<'_>, now: Option<Millis>) -> Vec<Diagnostic> {
    let mut kept = settings.filter(found, now);
    kept.sort_by(|a, b| (a.span, a.code, &a.path).cmp(&(b.span, b.code, &b.path)));
    kept.dedup();
    summarize(kept)
}

/// Limits the findings of each code to [`MOST`]; the last one counts the others.
fn summarize(found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in &found {
        let count = counts.entry(finding.code).or_default();
        *count = count.saturating_add(1);
    }
    let mut reported: BTreeMap<&str, usize> = BTreeMap::new();
    let keep = |mut finding: Diagnostic| {
        let number = reported.entry(finding.code).or_default();
        *number = number.saturating_add(1);
        let more = counts.get(finding.code).map_or(0, |count| count.saturating_sub(MOST));
        if finding.severity == Severity::Error || *number < MOST || more == 0 {
            return Some(finding);
        }
        let is_last = *number == MOST;
        finding.message = format!("{}; and {more} more findings like this", finding.message);
        is_last.then_some(finding)
    };
    found.into_iter().filter_map(keep).collect()
}
