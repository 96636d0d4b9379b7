//! What the conditions of the rules use.

use std::collections::{BTreeMap, BTreeSet};

use throughline::Millis;
use throughline::internals::plan::PlanBuilder;
use throughline::internals::plan::tables::Derivation;

use super::disclosure::{DisclosureKind, Reasons};
use super::{Audience, condition, scope, segment_order};
use crate::condition::scope::{ConditionScope, ConditionUses, CounterSpec, Dialect, SequenceSpec};
use crate::rules::Rules;
use crate::rules::account_unit;
use crate::rules::channel::{Channel, REMEMBERED, WEB};
use crate::rules::event_values::EventValues;
use crate::rules::feature::{Effect, FeatureExperiment, Parent};
use crate::rules::message::Rendition;
use crate::rules::score::ScoreFact;
use crate::rules::trigger::Trigger;
use crate::source::cursor::{Cursor, ReadContext, Reference};
use crate::source::tree::{self, Entry, Node};

/// How many times of an event a journey looks at.
const JOURNEY_KEEPS: u32 = 16;

/// What the conditions of the rules use.
#[derive(Debug, Default)]
pub struct Usage {
    /// The segments that are used, each after those that it uses, and whether the token carries them.
    pub segments: Vec<(String, bool)>,
    /// The attributes that are used.
    pub attributes: BTreeSet<String>,
    /// The attributes that decisions on pages use.
    pub edge_attributes: BTreeSet<String>,
    /// The counters that are used.
    pub counters: BTreeMap<String, CounterSpec>,
    /// The counters that decisions on pages use, and how much of them.
    pub edge_counters: BTreeMap<String, u32>,
    /// The sequences that are used.
    pub sequences: BTreeMap<String, SequenceSpec>,
    /// The journeys that conditions read.
    pub journeys: BTreeSet<String>,
    /// The time zones that conditions name.
    pub zones: BTreeSet<String>,
    /// Whether anything asks for places.
    pub places: bool,
    /// Whether conditions ask for the subject's local time.
    pub local: bool,
    /// Whether those of pages do.
    pub edge_local: bool,
    /// Which places on pages need what.
    pub reasons: Reasons,
}

impl Usage {
    /// Compiles every condition for nobody, tells what is wrong with them, and notes what they use.
    pub fn new(rules: &Rules<'_>, audience: Audience, out: &mut ReadContext<'_>) -> Self {
        let names = rules.attributes.keys().copied();
        let mut surveyor = UsageCollector {
            rules,
            scope: scope(rules, names, rules.segments.keys().copied()),
            plan: PlanBuilder::default(),
            reasons: Reasons::default(),
        };
        let mut segments: BTreeMap<&str, ConditionUses> = BTreeMap::new();
        for (id, segment) in &rules.segments {
            segments.insert(id, surveyor.uses(segment.when.iter(), out));
        }
        let edge = surveyor.edge(out);
        let collector = surveyor.collector(out);
        let order = segment_order::sort(rules, &segments, out);
        let survey = Self { reasons: surveyor.reasons, ..Self::default() };
        survey.close(rules, audience, &segments, &order, [&edge, &collector]).with_account(rules)
    }

    /// Adds what is used by the segments that are used.
    fn close(
        mut self,
        rules: &Rules<'_>,
        audience: Audience,
        segments: &BTreeMap<&str, ConditionUses>,
        order: &[&str],
        [edge, collector]: [&ConditionUses; 2],
    ) -> Self {
        let mut at_edge: BTreeSet<&str> = edge.segments.iter().map(String::as_str).collect();
        let mut used: BTreeSet<&str> =
            at_edge.iter().copied().chain(collector.segments.iter().map(String::as_str)).collect();
        self.add(rules, edge, true);
        self.add(rules, collector, false);
        // From the last to the first, so that each segment comes after all that use it.
        for (id, uses) in order.iter().rev().filter_map(|id| segments.get_key_value(id)) {
            if !used.contains(id) {
                continue;
            }
            let carried = is_private(rules, uses);
            self.segments.push(((*id).to_owned(), carried));
            if carried && audience == Audience::Public {
                continue;
            }
            let on_page = at_edge.contains(id) && !carried;
            self.add(rules, uses, on_page);
            used.extend(uses.segments.iter().map(String::as_str));
            if on_page {
                let when = rules.segments.get(id).and_then(|segment| segment.when.as_ref());
                when.into_iter().for_each(|when| self.reasons.note(uses, &when.path));
                at_edge.extend(uses.segments.iter().map(String::as_str));
            }
        }
        self.segments.reverse();
        self
    }

    /// Adds the account's id where anything of an account is used: it says who may name the account.
    fn with_account(mut self, rules: &Rules<'_>) -> Self {
        let is_used = rules.has_account_units() || self.attributes.iter().any(|name| account_unit::is_of_account(name));
        if is_used && rules.attributes.contains_key(account_unit::ID) {
            self.attributes.insert(account_unit::ID.to_owned());
        }
        self
    }

    fn add(&mut self, rules: &Rules<'_>, uses: &ConditionUses, at_edge: bool) {
        let mut counters = uses.counters.clone();
        let attributes = uses.attributes.iter().filter_map(|name| rules.attributes.get(name.as_str()));
        for spec in attributes.filter_map(|attribute| attribute.event_values.as_ref()).map(EventValues::counter) {
            add_counter(&mut counters, &spec.key(), &spec);
        }
        self.attributes.extend(uses.attributes.iter().cloned());
        self.journeys.extend(uses.journeys.iter().cloned());
        self.zones.extend(uses.zones.iter().cloned());
        self.local |= uses.local;
        self.places |= uses.places || uses.attributes.contains(Derivation::NearestPlace.name());
        if at_edge {
            self.edge_local |= uses.local;
            self.edge_attributes.extend(uses.attributes.iter().cloned());
            for (key, spec) in &counters {
                let carry = self.edge_counters.entry(key.clone()).or_default();
                *carry = spec.keep.max(*carry);
            }
        }
        add_counters(&mut self.counters, &counters);
        self.sequences.extend(uses.sequences.clone());
    }
}

fn add(all: &mut ConditionUses, more: ConditionUses) {
    add_counters(&mut all.counters, &more.counters);
    all.attributes.extend(more.attributes);
    all.segments.extend(more.segments);
    all.journeys.extend(more.journeys);
    all.sequences.extend(more.sequences);
    all.zones.extend(more.zones);
    all.local |= more.local;
    all.places |= more.places;
}

fn add_counters(all: &mut BTreeMap<String, CounterSpec>, more: &BTreeMap<String, CounterSpec>) {
    more.iter().for_each(|(key, spec)| add_counter(all, key, spec));
}

fn add_counter(all: &mut BTreeMap<String, CounterSpec>, key: &str, spec: &CounterSpec) {
    all.entry(key.to_owned()).or_insert_with(|| spec.clone()).widen(spec);
}

/// The longer of two spans of time; zero is for ever.
pub fn longer(a: Millis, b: Millis) -> Millis {
    if a.0 == 0 || b.0 == 0 { Millis(0) } else { a.max(b) }
}

/// Whether a page cannot decide the condition.
fn is_private(rules: &Rules<'_>, uses: &ConditionUses) -> bool {
    let attributes = uses.attributes.iter().filter_map(|name| rules.attributes.get(name.as_str()));
    attributes.into_iter().any(|attribute| !attribute.is_at_edge())
}

struct UsageCollector<'r, 'a> {
    rules: &'r Rules<'a>,
    scope: ConditionScope,
    plan: PlanBuilder,
    reasons: Reasons,
}

impl<'r, 'a> UsageCollector<'r, 'a> {
    /// What some conditions use.
    fn uses<'p>(
        &mut self,
        conditions: impl Iterator<Item = &'p Cursor<'p>>,
        out: &mut ReadContext<'_>,
    ) -> ConditionUses {
        for when in conditions {
            condition(when, &mut self.scope, &mut self.plan, out);
        }
        core::mem::take(&mut self.scope.uses)
    }

    /// What decisions on pages use.
    fn edge(&mut self, out: &mut ReadContext<'_>) -> ConditionUses {
        let rules = self.rules;
        let campaigns = rules.campaigns.values().filter_map(|campaign| campaign.when.as_ref());
        let experiments = rules.experiments.values().filter_map(|experiment| experiment.when.as_ref());
        let suppressions = rules.policies.suppress.iter().map(|suppression| &suppression.when);
        let mut all = self.features(out);
        for when in campaigns.chain(experiments).chain(suppressions) {
            self.page_condition(when, &mut all, out);
        }
        for unit in rules.units() {
            match unit {
                Some(unit) => self.page_attribute(unit.name, unit, &mut all),
                None => {
                    all.attributes.insert("id".to_owned());
                }
            }
        }
        for cooldown in &rules.policies.cooldowns {
            if let Some(trigger) = cooldown.after.event() {
                self.page_trigger(trigger, 1, cooldown.window, out);
            }
        }
        for term in rules.campaigns.values().flat_map(|campaign| &campaign.score).flat_map(|score| &score.terms) {
            if let Some((trigger, keep, within)) = term.fact.trigger() {
                self.page_trigger(trigger, keep, within, out);
            }
            if let ScoreFact::Attribute(name) = &term.fact {
                self.page_attribute(name.name, name, &mut all);
            }
        }
        add(&mut all, core::mem::take(&mut self.scope.uses));
        all.local |= rules.uses_local_time();
        let next = || rules.campaigns.values().flat_map(|campaign| &campaign.next);
        let channels: BTreeSet<&str> = next().map(|next| next.channel.name).chain([WEB]).collect();
        let names: BTreeSet<&str> =
            rules.campaigns.values().flat_map(|campaign| campaign.messages()).map(|name| name.name).collect();
        let messages = names.iter().filter_map(|name| rules.messages.get(name));
        let is_shown = |rendition: &&Rendition<'_>| channels.iter().any(|channel| rendition.is_in(channel));
        for rendition in messages.flat_map(|message| &message.renditions).filter(is_shown) {
            for (attribute, named) in rendition.reads(rules) {
                self.page_attribute(attribute, named, &mut all);
            }
            all.local |= rendition.has_date();
        }
        for channel in channels.iter().filter_map(|channel| rules.channels.get(channel)) {
            if let Some(responds) = &channel.responds {
                self.page_trigger(&responds.event, REMEMBERED, responds.within, out);
            }
            let uses = self.reach(channel, out);
            channel.reach.iter().for_each(|reach| self.reasons.note(&uses, &reach.cursor.path));
            add(&mut all, uses);
        }
        all
    }

    /// What features and auto experiments use.
    fn features(&mut self, out: &mut ReadContext<'_>) -> ConditionUses {
        let rules = self.rules;
        let mut all = ConditionUses::default();
        for feature in rules.features.values() {
            self.scope.dialect = feature.dialect;
            for rule in &feature.rules {
                let experiment = match &rule.effect {
                    Effect::Experiment(experiment) => Some(experiment.as_ref()),
                    Effect::Force { .. } | Effect::Nothing => None,
                };
                let conditions = rule
                    .conditions()
                    .into_iter()
                    .chain(experiment.iter().flat_map(|experiment| leaves(rules, experiment)));
                for when in conditions.collect::<Vec<_>>() {
                    self.page_condition(when, &mut all, out);
                }
                self.prerequisites(&rule.parents, out);
                for unit in rule.units() {
                    self.page_attribute(unit.name, unit, &mut all);
                }
            }
            all.attributes.insert("id".to_owned());
        }
        for (_, experiment) in &rules.auto_experiments {
            self.scope.dialect = experiment.dialect;
            if let Some(when) = &experiment.experiment.when {
                self.page_condition(when, &mut all, out);
            }
            self.prerequisites(&experiment.experiment.parents, out);
            for unit in experiment.experiment.units() {
                self.page_attribute(unit.name, unit, &mut all);
            }
            all.attributes.insert("id".to_owned());
        }
        self.scope.dialect = Dialect::Rules;
        all
    }

    /// A condition that a page decides.
    fn page_condition(&mut self, when: &Cursor<'_>, all: &mut ConditionUses, out: &mut ReadContext<'_>) {
        let uses = self.uses([when].into_iter(), out);
        self.refuse_private(when, &uses, out);
        self.reasons.note(&uses, &when.path);
        add(all, uses);
    }

    /// An attribute that a page reads at a place.
    fn page_attribute(&mut self, attribute: &str, place: &Reference<'_>, all: &mut ConditionUses) {
        self.reasons.note_one(DisclosureKind::Attribute, attribute, &place.cursor.path);
        all.attributes.insert(attribute.to_owned());
    }

    /// An event of which a page looks at the times.
    fn page_trigger(&mut self, trigger: &Trigger<'_>, keep: u32, within: Millis, out: &mut ReadContext<'_>) {
        self.reasons.note_one(DisclosureKind::Event, trigger.event.name, &trigger.event.cursor.path);
        self.trigger(trigger, keep, within, out);
    }

    fn prerequisites(&mut self, parents: &[Parent<'_>], out: &mut ReadContext<'_>) {
        for when in parents.iter().filter_map(|parent| parent.when.as_ref()) {
            let diagnostics = &mut out.diagnostics;
            crate::condition::compile_value(when.node, &when.path, &mut self.scope, &mut self.plan, diagnostics);
        }
    }

    /// What only the collector uses: journeys, and what they send.
    fn collector(&mut self, out: &mut ReadContext<'_>) -> ConditionUses {
        let rules = self.rules;
        let mut all = self.uses(rules.journeys.values().filter_map(|journey| journey.when.as_ref()), out);
        for channel in rules.channels.values() {
            if let Some(responds) = &channel.responds {
                self.trigger(&responds.event, REMEMBERED, responds.within, out);
            }
            add(&mut all, self.reach(channel, out));
        }
        for journey in rules.journeys.values() {
            for trigger in journey.triggers() {
                self.trigger(trigger, JOURNEY_KEEPS, Millis(0), out);
            }
            for after in journey.steps.iter().filter_map(crate::rules::journey::Step::after) {
                let event = after.name.to_owned();
                self.scope.counter(CounterSpec { event, keep: JOURNEY_KEEPS, ..CounterSpec::default() });
            }
        }
        add(&mut all, core::mem::take(&mut self.scope.uses));
        let renditions = rules.messages.values().flat_map(|message| &message.renditions);
        for rendition in renditions {
            all.attributes.extend(rendition.reads(rules).map(|(attribute, _)| attribute.to_owned()));
            all.local |= rendition.has_date();
        }
        all
    }

    /// Notes that times of an event are needed, and tells what is wrong with its filter.
    fn trigger(&mut self, trigger: &Trigger<'_>, keep: u32, within: Millis, out: &mut ReadContext<'_>) {
        self.scope.counter(CounterSpec { keep, within, ..trigger.counter() });
        if let Some(filter) = &trigger.filter {
            crate::condition::compile_filter(filter.node, &filter.path, &mut self.plan, &mut out.diagnostics);
        }
    }

    fn reach(&mut self, channel: &Channel<'_>, out: &mut ReadContext<'_>) -> ConditionUses {
        // One that is not declared has been told of.
        if let Some(reach) = channel.reach.as_ref().filter(|reach| self.rules.attributes.contains_key(reach.name)) {
            let node = reach_condition(self.rules, reach.name);
            crate::condition::compile(&node, &reach.cursor.path, &mut self.scope, &mut self.plan, &mut out.diagnostics);
        }
        core::mem::take(&mut self.scope.uses)
    }

    /// Tells of a condition that a page must decide but cannot.
    fn refuse_private(&self, when: &Cursor<'_>, uses: &ConditionUses, out: &mut ReadContext<'_>) {
        for name in &uses.attributes {
            if self.rules.attributes.get(name.as_str()).is_some_and(|attribute| !attribute.is_at_edge()) {
                let message = format!("`{name}` never leaves the collector, so a page cannot evaluate this condition");
                let expected = "`$segment` with this condition in a segment; the token carries the membership";
                when.error("not-at-edge", message, out).expected(expected);
            }
        }
    }
}

/// The conditions of the weights of a trial's bandit.
fn leaves<'r, 'a>(
    rules: &'r Rules<'a>,
    experiment: &FeatureExperiment<'a>,
) -> impl Iterator<Item = &'r Cursor<'a>> + use<'r, 'a> {
    let bandit = experiment.bandit.as_ref().and_then(|bandit| rules.bandits.get(bandit.name));
    bandit.into_iter().flat_map(|bandit| &bandit.leaves).filter_map(|leaf| leaf.when.as_ref())
}

/// The condition that an attribute says that a channel is possible: true, or present if it is no boolean.
pub fn reach_condition(rules: &Rules<'_>, name: &str) -> Node {
    let is_boolean = rules.attributes.get(name).is_some_and(|attribute| attribute.kind == "boolean");
    let yes = Node { kind: tree::Kind::Bool(true), ..Node::default() };
    let member = |key: &str, value: Node| {
        let entry = Entry { key: key.to_owned(), key_span: tree::Span::default(), value };
        Node { kind: tree::Kind::Map(vec![entry]), ..Node::default() }
    };
    member(name, if is_boolean { yes } else { member("$exists", yes) })
}
