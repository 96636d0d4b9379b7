//! Rules to plans.
//!
//! [`usage`] collects the names that conditions use: the plan has rows for these attributes, segments and counters, in an
//! order in which each row stands after those that it refers to. Then [`rows`] writes them.

mod access_path;
mod disclosure;
mod public_rules;
mod reasons;
mod rows;
mod segment_order;
mod usage;

use std::collections::BTreeMap;

use throughline::Plan;
use throughline::internals::plan::Id;

use crate::condition::{CounterSpec, PlanIds};
use crate::rules::Rules;
use crate::source::cursor::ReadContext;
use crate::source::diagnostic::Diagnostics;
use crate::{Options, Plans};
pub use disclosure::Disclosure;
pub use reasons::DisclosureKind;
use usage::Usage;

/// The readers of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Audience {
    /// The edge and the collector: all of the rules.
    Edge,
    /// Browsers: what anybody may read.
    Public,
}

/// The plans of rules without mistakes, and the data that they need.
pub struct Emitted<'a> {
    /// Their plans.
    pub plans: Plans,
    /// The data that leaves the collector.
    pub disclosures: Vec<Disclosure>,
    /// The attributes that may leave it, and need not.
    pub unneeded_edge_attributes: Vec<&'a str>,
}

/// Returns the two plans of the rules; none if the rules have mistakes, which are reported.
pub fn emit<'a>(rules: &Rules<'a>, options: Options, out: &mut ReadContext<'_>) -> Option<Emitted<'a>> {
    let usage = Usage::new(rules, Audience::Edge, out);
    if out.diagnostics.has_errors() {
        return None;
    }
    let edge = rows::write(rules, &usage, Audience::Edge, options, out);
    let mut public_rules = public_rules::rules(rules);
    // The mistakes of the rules have been reported; the public rules are a part of them.
    let mut silent = ReadContext { sources: out.sources, zone: out.zone.clone(), diagnostics: Diagnostics::default() };
    let mut public_usage = Usage::new(&public_rules, Audience::Public, &mut silent);
    public_rules.journeys.retain(|id, _| public_usage.all.journeys.contains(*id));
    if !public_rules.journeys.is_empty() {
        public_usage.all.counters.insert(String::new(), CounterSpec::default());
    }
    let public = rows::write(&public_rules, &public_usage, Audience::Public, options, &mut silent);
    for plan in [&edge, &public] {
        if let Err(error) = Plan::load(plan) {
            let message = format!("the plan of these rules cannot be loaded: {error}");
            out.diagnostics.error(crate::source::tree::Span::default(), "", "plan", message);
            return None;
        }
    }
    let disclosures = disclosure::disclosures(rules, &usage, &public_usage);
    Some(Emitted {
        plans: Plans { edge, public },
        disclosures,
        unneeded_edge_attributes: disclosure::unneeded_edge_attributes(rules, &usage),
    })
}

/// The number of each name, in their order.
fn numbered<'n, T>(names: impl IntoIterator<Item = &'n str>) -> BTreeMap<String, Id<T>> {
    (0..).zip(names).map(|(number, name)| (name.to_owned(), Id::new(number))).collect()
}

/// Returns the rows that conditions refer to, in a plan with these attributes and segments.
fn plan_ids<'n>(
    rules: &Rules<'_>,
    attributes: impl IntoIterator<Item = &'n str>,
    segments: impl IntoIterator<Item = &'n str>,
) -> PlanIds {
    PlanIds {
        attributes: numbered(attributes),
        segments: numbered(segments),
        journeys: numbered(rules.journeys.keys().copied()),
        places: numbered(rules.places.keys().copied()),
        ..PlanIds::default()
    }
}
