//! The names that the conditions of the rules use, for the order and size of a plan.
//!
//! A page decides some conditions, the collector others. Only the attributes, counters and memberships that a page needs
//! leave the collector; [`Reasons`] remembers the definitions that need them.

use std::collections::{BTreeMap, BTreeSet};

use throughline::Millis;
use throughline::internals::plan::tables::Derivation;

use super::reasons::{DisclosureKind, Reasons};
use super::{Audience, segment_order};
use crate::condition::{ConditionUses, CounterSpec, When};
use crate::rules::Rules;
use crate::rules::account_unit;
use crate::rules::channel::{Channel, REMEMBERED, WEB};
use crate::rules::feature::Effect;
use crate::rules::journey::Journey;
use crate::rules::message::Rendition;
use crate::rules::score::ScoreFact;
use crate::rules::segment::Segment;
use crate::rules::trigger::Trigger;
use crate::source::cursor::{ReadContext, Reference};

/// The number of times of an event that a journey looks at.
const JOURNEY_KEEPS: u32 = 16;

/// The names that the conditions of the rules use: the plan has them, and their order is known.
#[derive(Debug, Default)]
pub struct Usage<'a> {
    /// The segments that are used, each after those that it uses, and whether the token carries them.
    pub segments: Vec<(String, bool)>,
    /// All names that are used.
    pub all: ConditionUses<'a>,
    /// The attributes that decisions on pages use.
    pub edge_attributes: BTreeSet<String>,
    /// The counters that decisions on pages use, and how much of them.
    pub edge_counters: BTreeMap<String, u32>,
    /// Whether conditions of pages ask for the subject's local time.
    pub edge_local: bool,
    /// The definitions on pages that need something.
    pub reasons: Reasons,
}

impl<'a> Usage<'a> {
    /// Collects the names that the conditions of the rules use; reports what a page cannot decide, and circles of segments.
    pub fn new(rules: &Rules<'a>, audience: Audience, out: &mut ReadContext<'_>) -> Self {
        let mut collector = UsageCollector { rules, uses: ConditionUses::default(), reasons: Reasons::default() };
        let uses = |segment: &Segment<'a>| segment.when.as_ref().map(|when| ConditionUses::of(when.condition()));
        let segments: BTreeMap<&str, ConditionUses<'a>> =
            rules.segments.iter().map(|(id, segment)| (*id, uses(segment).unwrap_or_default())).collect();
        let edge = collector.edge(out);
        let elsewhere = collector.collector();
        let order = segment_order::sort(rules, &segments, out);
        let usage = Self { reasons: collector.reasons, ..Self::default() };
        usage.close(rules, audience, &segments, &order, [&edge, &elsewhere]).with_account(rules)
    }

    /// Adds the names that the used segments use in turn.
    fn close(
        mut self,
        rules: &Rules<'a>,
        audience: Audience,
        segments: &BTreeMap<&str, ConditionUses<'a>>,
        order: &[&str],
        [edge, collector]: [&ConditionUses<'a>; 2],
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
                when.into_iter().for_each(|when| self.reasons.note(uses, &when.cursor.path));
                at_edge.extend(uses.segments.iter().map(String::as_str));
            }
        }
        self.segments.reverse();
        self
    }

    /// Adds the account's id where anything of an account is used: it says who may name the account.
    fn with_account(mut self, rules: &Rules<'_>) -> Self {
        let is_used =
            rules.has_account_units() || self.all.attributes.iter().any(|name| account_unit::is_of_account(name));
        if is_used && rules.attributes.contains_key(account_unit::ID) {
            self.all.attributes.insert(account_unit::ID.to_owned());
        }
        self
    }

    fn add(&mut self, rules: &Rules<'a>, uses: &ConditionUses<'a>, at_edge: bool) {
        let mut uses = uses.clone();
        let attributes = uses.attributes.iter().filter_map(|name| rules.attributes.get(name.as_str()));
        let values: Vec<_> = attributes.filter_map(|attribute| attribute.event_values.as_ref()).collect();
        values.into_iter().for_each(|values| uses.add_counter(&values.counter()));
        uses.places |= uses.attributes.contains(Derivation::NearestPlace.name());
        let is_date = |name: &String| rules.attributes.get(name.as_str()).is_some_and(|known| known.kind == "date");
        if uses.attributes.iter().any(is_date) {
            // Dates without an offset are read in the zone of the rules; in UTC without one.
            uses.zones.extend(rules.defaults.zone.iana_name().filter(|name| *name != "UTC").map(str::to_owned));
        }
        if at_edge {
            self.edge_local |= uses.local;
            self.edge_attributes.extend(uses.attributes.iter().cloned());
            for (key, spec) in &uses.counters {
                let carry = self.edge_counters.entry(key.clone()).or_default();
                *carry = spec.keep.max(*carry);
            }
        }
        self.all.add(uses);
    }
}

/// The longer of two spans of time; zero is for ever.
pub fn longer(a: Millis, b: Millis) -> Millis {
    if a.0 == 0 || b.0 == 0 { Millis(0) } else { a.max(b) }
}

/// Whether a page cannot decide the condition.
fn is_private(rules: &Rules<'_>, uses: &ConditionUses<'_>) -> bool {
    let attributes = uses.attributes.iter().filter_map(|name| rules.attributes.get(name.as_str()));
    attributes.into_iter().any(|attribute| !attribute.is_at_edge())
}

struct UsageCollector<'r, 'a> {
    rules: &'r Rules<'a>,
    uses: ConditionUses<'a>,
    reasons: Reasons,
}

impl<'a> UsageCollector<'_, 'a> {
    /// Returns the names that decisions on pages use; reports conditions that a page must decide but cannot.
    fn edge(&mut self, out: &mut ReadContext<'_>) -> ConditionUses<'a> {
        let rules = self.rules;
        let campaigns = rules.campaigns.values().filter_map(|campaign| campaign.when.as_ref());
        let experiments = rules.experiments.values().filter_map(|experiment| experiment.when.as_ref());
        let suppressions = rules.policies.suppress.iter().map(|suppression| &suppression.when);
        self.features(out);
        for when in campaigns.chain(experiments).chain(suppressions) {
            self.page_condition(when, out);
        }
        for unit in rules.units() {
            self.page_unit(unit);
        }
        for cooldown in &rules.policies.cooldowns {
            if let Some(trigger) = cooldown.after.event() {
                self.page_trigger(trigger, 1, cooldown.window);
            }
        }
        for term in rules.campaigns.values().flat_map(|campaign| &campaign.score).flat_map(|score| &score.terms) {
            if let Some((trigger, keep, within)) = term.fact.trigger() {
                self.page_trigger(trigger, keep, within);
            }
            if let ScoreFact::Attribute(name) = &term.fact {
                self.page_attribute(name.name, name);
            }
        }
        self.uses.local |= rules.uses_local_time();
        self.shown();
        core::mem::take(&mut self.uses)
    }

    /// Adds the names that messages of campaigns and the channels of next actions use.
    fn shown(&mut self) {
        let rules = self.rules;
        let next = rules.campaigns.values().flat_map(|campaign| &campaign.next);
        let channels: BTreeSet<&str> = next.map(|next| next.channel.name).chain([WEB]).collect();
        let names: BTreeSet<&str> =
            rules.campaigns.values().flat_map(|campaign| campaign.messages()).map(|name| name.name).collect();
        let messages = names.iter().filter_map(|name| rules.messages.get(name));
        let is_shown = |rendition: &&Rendition<'_>| channels.iter().any(|channel| rendition.is_in(channel));
        for rendition in messages.flat_map(|message| &message.renditions).filter(is_shown) {
            for (attribute, named) in rendition.reads(rules) {
                self.page_attribute(attribute, named);
            }
            self.uses.local |= rendition.has_date();
        }
        for channel in channels.iter().filter_map(|channel| rules.channels.get(channel)) {
            let uses = self.channel(channel);
            if let Some(responds) = &channel.responds {
                self.note_event(&responds.event);
            }
            channel.reach.iter().for_each(|reach| self.reasons.note(&uses, &reach.cursor.path));
            self.uses.add(uses);
        }
    }

    /// Adds the names that features and auto experiments use.
    fn features(&mut self, out: &mut ReadContext<'_>) {
        let rules = self.rules;
        for feature in rules.features.values() {
            for rule in &feature.rules {
                let leaves = match &rule.effect {
                    Effect::Experiment(experiment) => experiment.leaves(rules, feature.dialect).collect(),
                    Effect::Force { .. } | Effect::Nothing => Vec::new(),
                };
                for when in rule.conditions().into_iter().chain(leaves) {
                    self.page_condition(when, out);
                }
                for unit in rule.units() {
                    self.page_attribute(unit.name, unit);
                }
            }
            self.page_unit(None);
        }
        for (_, experiment) in &rules.auto_experiments {
            if let Some(when) = &experiment.experiment.when {
                self.page_condition(when, out);
            }
            for unit in experiment.experiment.units() {
                self.page_attribute(unit.name, unit);
            }
            self.page_unit(None);
        }
    }

    /// A condition that a page decides.
    fn page_condition(&mut self, when: &When<'a>, out: &mut ReadContext<'_>) {
        let uses = ConditionUses::of(when.condition());
        self.refuse_private(when, &uses, out);
        self.reasons.note(&uses, &when.cursor.path);
        self.uses.add(uses);
    }

    /// An attribute that a page reads because of a definition.
    fn page_attribute(&mut self, attribute: &str, named: &Reference<'_>) {
        self.reasons.note_one(DisclosureKind::Attribute, attribute, &named.cursor.path);
        self.uses.attributes.insert(attribute.to_owned());
    }

    /// An attribute that a page hashes; none for the subject.
    fn page_unit(&mut self, unit: Option<&Reference<'_>>) {
        match unit {
            Some(unit) => self.page_attribute(unit.name, unit),
            None => {
                self.uses.attributes.insert("id".to_owned());
            }
        }
    }

    /// An event whose times a page looks at.
    fn page_trigger(&mut self, trigger: &Trigger<'a>, keep: u32, within: Millis) {
        self.note_event(trigger);
        self.uses.add_counter(&CounterSpec { keep, within, ..trigger.counter() });
    }

    fn note_event(&mut self, trigger: &Trigger<'_>) {
        self.reasons.note_one(DisclosureKind::Event, trigger.event.name, &trigger.event.cursor.path);
    }

    /// Returns the names that only the collector uses: journeys, and the messages that they send.
    fn collector(&mut self) -> ConditionUses<'a> {
        let rules = self.rules;
        for when in rules.journeys.values().filter_map(|journey| journey.when.as_ref()) {
            self.uses.add(ConditionUses::of(when.condition()));
        }
        for channel in rules.channels.values() {
            let uses = self.channel(channel);
            self.uses.add(uses);
        }
        for spec in rules.journeys.values().flat_map(Journey::counters) {
            self.uses.add_counter(&CounterSpec { keep: JOURNEY_KEEPS, ..spec });
        }
        for rendition in rules.messages.values().flat_map(|message| &message.renditions) {
            self.uses.attributes.extend(rendition.reads(rules).map(|(attribute, _)| attribute.to_owned()));
            self.uses.local |= rendition.has_date();
        }
        core::mem::take(&mut self.uses)
    }

    /// Returns the names that a channel uses: to know who can be reached, and who responds.
    fn channel(&self, channel: &Channel<'a>) -> ConditionUses<'a> {
        let reach = channel.reach_condition(self.rules);
        let mut uses = reach.map(|reach| ConditionUses::of(&reach)).unwrap_or_default();
        if let Some(responds) = &channel.responds {
            let spec = responds.event.counter();
            uses.add_counter(&CounterSpec { keep: REMEMBERED, within: responds.within, ..spec });
        }
        uses
    }

    /// Reports a condition that a page must decide but cannot.
    fn refuse_private(&self, when: &When<'_>, uses: &ConditionUses<'_>, out: &mut ReadContext<'_>) {
        for name in &uses.attributes {
            if self.rules.attributes.get(name.as_str()).is_some_and(|attribute| !attribute.is_at_edge()) {
                let message = format!("`{name}` never leaves the collector, so a page cannot evaluate this condition");
                let expected = "`$segment` with this condition in a segment; the token carries the membership";
                when.cursor.error("not-at-edge", message, out).expected(expected);
            }
        }
    }
}
