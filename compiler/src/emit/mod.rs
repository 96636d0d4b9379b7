//! Rules to plans.
//!
//! A plan is written twice. The [`survey`] writes it for nobody and notes what each condition uses; so it is known which
//! attributes, segments and counters the plan must have, and in which order. Then [`rows`] writes it for good.

mod access_path;
mod disclosure;
mod public_rules;
mod rows;
mod segment_order;
mod usage;

use std::collections::BTreeMap;

use throughline::Plan;
use throughline::internals::plan::{Id, PlanBuilder};

use crate::condition::scope::{ConditionScope, CounterSpec, KnownAttribute};
use crate::rules::Rules;
use crate::source::cursor::{Cursor, ReadContext};
use crate::source::diagnostic::Diagnostics;
use crate::{Options, Plans};
pub use disclosure::{Disclosure, DisclosureKind};
use usage::Usage;

/// What a plan is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Audience {
    /// The edge and the collector: all of the rules.
    Edge,
    /// Browsers: what anybody may read.
    Public,
}

/// What rules without mistakes make.
pub struct Emitted<'a> {
    /// Their plans.
    pub plans: Plans,
    /// What leaves the collector.
    pub disclosures: Vec<Disclosure>,
    /// The attributes that may leave it, and need not.
    pub unneeded_edge_attributes: Vec<&'a str>,
}

/// The two plans of the rules; none if something is wrong with them, which is then told.
pub fn emit<'a>(rules: &Rules<'a>, options: Options, out: &mut ReadContext<'_>) -> Option<Emitted<'a>> {
    let survey = Usage::new(rules, Audience::Edge, out);
    if out.diagnostics.has_errors() {
        return None;
    }
    let edge = rows::write(rules, &survey, Audience::Edge, options, out);
    let mut public_rules = public_rules::rules(rules);
    // What is wrong with the rules has been told; the public ones are a part of them.
    let mut silent = ReadContext { sources: out.sources, zone: out.zone.clone(), diagnostics: Diagnostics::default() };
    let mut public_survey = Usage::new(&public_rules, Audience::Public, &mut silent);
    public_rules.journeys.retain(|id, _| public_survey.journeys.contains(*id));
    if !public_rules.journeys.is_empty() {
        public_survey.counters.insert(String::new(), CounterSpec::default());
    }
    let public = rows::write(&public_rules, &public_survey, Audience::Public, options, &mut silent);
    for plan in [&edge, &public] {
        if let Err(error) = Plan::load(plan) {
            let message = format!("the plan of these rules cannot be loaded: {error}");
            out.diagnostics.error(crate::source::tree::Span::default(), "", "plan", message);
            return None;
        }
    }
    let disclosures = disclosure::disclosures(rules, &survey, &public_survey);
    Some(Emitted {
        plans: Plans { edge, public },
        disclosures,
        unneeded_edge_attributes: disclosure::unneeded_edge_attributes(rules, &survey),
    })
}

/// The number of each name, in their order.
fn numbered<'n, T>(names: impl IntoIterator<Item = &'n str>) -> BTreeMap<String, Id<T>> {
    (0..).zip(names).map(|(number, name)| (name.to_owned(), Id::new(number))).collect()
}

/// What conditions can refer to, if the plan has these attributes and segments.
fn scope<'n>(
    rules: &Rules<'_>,
    attributes: impl IntoIterator<Item = &'n str>,
    segments: impl IntoIterator<Item = &'n str>,
) -> ConditionScope {
    let mut known = BTreeMap::new();
    for (name, id) in numbered(attributes) {
        if let Some(attribute) = rules.attributes.get(name.as_str()) {
            known.insert(name, KnownAttribute { id, kind: attribute.kind, values: attribute.values.clone() });
        }
    }
    let journey = |(number, (name, journey)): (u32, (&&str, &crate::rules::journey::Journey<'_>))| {
        let steps = journey.steps.iter().map(|step| step.id.name.to_owned()).collect();
        ((*name).to_owned(), (Id::new(number), steps))
    };
    ConditionScope {
        attributes: known,
        segments: numbered(segments),
        journeys: (0..).zip(&rules.journeys).map(journey).collect(),
        places: numbered(rules.places.keys().copied()),
        stages: rules.stages.iter().map(|stage| stage.name.to_owned()).collect(),
        zone: rules.defaults.zone.clone(),
        groups: rules.groups.iter().map(|(name, group)| ((*name).to_owned(), group.group.clone())).collect(),
        ..ConditionScope::default()
    }
}

/// The number of a condition on the subject.
fn condition(
    when: &Cursor<'_>,
    scope: &mut ConditionScope,
    plan: &mut PlanBuilder,
    out: &mut ReadContext<'_>,
) -> Option<Id<throughline::internals::plan::tables::Node>> {
    crate::condition::compile(when.node, &when.path, scope, plan, &mut out.diagnostics)
}
