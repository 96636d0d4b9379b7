//! The rows of a plan.

mod campaign;
mod candidate_index;
mod content;
mod feature;
mod identity;
mod journey;
mod policies;
mod template;

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use throughline::Millis;
use throughline::internals::plan::condition_ops::Op;
use throughline::internals::plan::tables::{
    self, AttributeFlags, CounterFlags, SegmentFlags, SettingsFlags, Source, ValueKind,
};
use throughline::internals::plan::{Id, Ids, PlanBuilder, Span};

use super::usage::Usage;
use super::{Audience, access_path, numbered, plan_ids};
use crate::Options;
use crate::condition::{self, CounterSpec, PlanIds, When};
use crate::rules::Rules;
use crate::rules::account_unit;
use crate::rules::trigger::Trigger;
use crate::source::cursor::ReadContext;
use crate::source::parse;
use crate::zones;

/// The bytes of a plan.
pub fn write<'a>(
    rules: &Rules<'a>,
    usage: &Usage<'a>,
    audience: Audience,
    options: Options,
    out: &mut ReadContext<'_>,
) -> Vec<u8> {
    let attributes = attributes(rules, usage, audience);
    let mut ids = plan_ids(rules, attributes.iter().copied(), usage.segments.iter().map(|(id, _)| id.as_str()));
    ids.salt = salt(out.sources);
    let numbers = RowIds::new(rules);
    let (exposures, of_account) = (BTreeMap::new(), BTreeSet::new());
    let (asked, placed) = (access_path::ValueCounts::new(), BTreeSet::new());
    let plan = PlanBuilder::default();
    RowWriter { rules, usage, audience, options, ids, numbers, exposures, of_account, asked, placed, plan, out }
        .write(&attributes)
}

/// Returns the salt of hashed values: a hash of the rules, so that equal rules give equal plans, and tables of hashes made
/// for one set of rules are useless for another.
fn salt(sources: &[parse::Source]) -> String {
    let mut texts: Vec<&str> = sources.iter().map(|source| source.text.as_str()).collect();
    texts.sort_unstable();
    let hash = texts.into_iter().fold(Sha256::new(), |hash, text| hash.chain_update(Sha256::digest(text)));
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The attributes that a plan has: all declared ones where events arrive, so that closed ones stay closed, and otherwise
/// only those that are used.
fn attributes<'a>(rules: &Rules<'a>, usage: &Usage<'_>, audience: Audience) -> Vec<&'a str> {
    let needed = |name: &str, is_declared: bool| {
        usage.all.attributes.contains(name) || (is_declared && audience == Audience::Edge)
    };
    let all = rules.attributes.iter();
    all.filter(|(name, attribute)| needed(name, attribute.cursor.is_some())).map(|(name, _)| *name).collect()
}

/// The number of each definition.
struct RowIds {
    channels: BTreeMap<String, Id<tables::Channel>>,
    offers: BTreeMap<String, Id<tables::Offer>>,
    offer_groups: BTreeMap<String, Id<tables::OfferGroup>>,
    lists: BTreeMap<String, Id<tables::List>>,
    messages: BTreeMap<String, Id<tables::Message>>,
    experiments: BTreeMap<String, Id<tables::Experiment>>,
    campaigns: BTreeMap<String, Id<tables::Campaign>>,
    slots: BTreeMap<String, Id<tables::Slot>>,
}

impl RowIds {
    fn new(rules: &Rules<'_>) -> Self {
        Self {
            channels: numbered(rules.channels.keys().copied()),
            offers: numbered(rules.offers.keys().copied()),
            offer_groups: numbered(rules.offers.values().filter_map(|offer| offer.group).collect::<BTreeSet<_>>()),
            lists: BTreeMap::new(),
            messages: numbered(rules.messages.keys().copied()),
            experiments: numbered(rules.experiments.keys().copied()),
            campaigns: numbered(rules.campaigns.keys().copied()),
            slots: numbered(rules.slots.iter().map(|(id, _)| *id)),
        }
    }
}

/// Writes the tables one after the other. A name that has no number has been told of before.
pub(super) struct RowWriter<'w, 'r, 'a, 's> {
    pub(super) rules: &'w Rules<'a>,
    usage: &'w Usage<'a>,
    audience: Audience,
    options: Options,
    pub(super) ids: PlanIds,
    numbers: RowIds,
    /// The exposures that caps count: how many are enough, and how far back a cap looks.
    exposures: BTreeMap<String, (u32, Millis)>,
    /// The exposures that caps of accounts count.
    of_account: BTreeSet<String>,
    /// How many values the conditions of all campaigns ask for, per attribute.
    asked: access_path::ValueCounts,
    /// The campaigns that are in a candidate index.
    placed: BTreeSet<Id<tables::Campaign>>,
    pub(super) plan: PlanBuilder,
    pub(super) out: &'r mut ReadContext<'s>,
}

impl<'a> RowWriter<'_, '_, 'a, '_> {
    fn write(mut self, attributes: &[&str]) -> Vec<u8> {
        let rules = self.rules;
        self.classes();
        attributes.iter().for_each(|name| self.attribute(name));
        self.zones();
        self.places();
        self.counters();
        for (id, carried) in &self.usage.segments {
            self.segment(id, *carried);
        }
        self.channels();
        self.offers();
        self.catalogue();
        self.fallbacks();
        rules.messages.iter().for_each(|(id, message)| self.message(id, message));
        rules.experiments.iter().for_each(|(id, experiment)| self.experiment(id, experiment));
        self.holdouts();
        self.suppressions();
        self.cooldowns();
        let caps = self.policy_caps();
        rules.campaigns.iter().for_each(|(id, campaign)| self.campaign(id, campaign));
        self.asked = access_path::asked(&self.plan);
        self.offer_groups();
        rules.slots.iter().for_each(|(id, slot)| self.slot(id, slot));
        rules.journeys.iter().for_each(|(id, journey)| self.journey(id, journey));
        rules.features.iter().for_each(|(key, feature)| self.feature(key, feature));
        rules.auto_experiments.iter().for_each(|(id, experiment)| self.auto_experiment(id, experiment));
        self.exposures();
        self.identity();
        self.purposes();
        let settings = self.settings(caps);
        self.plan.finish(settings)
    }

    fn settings(&mut self, caps: Span<tables::Cap>) -> tables::Settings {
        let policy = &self.rules.policies.consent;
        let retention = self.rules.policies.retention;
        let gpc: Vec<_> = policy.gpc.iter().map(|purpose| self.plan.text(purpose)).collect();
        tables::Settings {
            id: Id::new(0),
            flags: SettingsFlags::PUBLIC.when(self.audience == Audience::Public),
            locale: self.plan.text(self.rules.defaults.locale),
            consent: policy.default,
            store: policy.store.map(|purpose| self.plan.text(purpose)),
            measure: policy.measure.map(|purpose| self.plan.text(purpose)),
            gpc: self.plan.ids(&gpc),
            caps,
            next: self.next_action_index(),
            identity: self.rules.identity.mode,
            withdrawal: policy.withdrawal,
            keep_events: retention.events,
            keep_anonymous: retention.anonymous,
            keep_deliveries: retention.deliveries,
        }
    }

    fn classes(&mut self) {
        for purposes in &self.rules.policies.consent.classes {
            let purposes: Vec<_> = purposes.iter().map(|purpose| self.plan.text(purpose)).collect();
            let purposes = self.plan.ids(&purposes);
            self.plan.push(tables::ClassPolicy { purposes });
        }
    }

    fn attribute(&mut self, name: &str) {
        let Some(attribute) = self.rules.attributes.get(name) else { return };
        // What follows from events stands beside what the request says, under its whole name.
        let path: Vec<_> = match attribute.source {
            Source::Events => vec![self.plan.text(name)],
            Source::Profile | Source::Request => name.split('.').map(|part| self.plan.text(part)).collect(),
        };
        let is_carried = attribute.edge && self.usage.edge_attributes.contains(name);
        let is_profile = attribute.source == Source::Profile;
        let values: Vec<_> = attribute.values.iter().map(|value| self.plan.text(value)).collect();
        let row = tables::Attribute {
            // An address as it is given has the same name for explanations.
            name: self.plan.text(name.trim_start()),
            path: self.plan.ids(&path),
            source: attribute.source,
            flags: AttributeFlags::EDGE
                .when(is_carried)
                .with(AttributeFlags::CLIENT.when(attribute.client))
                .with(AttributeFlags::ACCOUNT.when(is_profile && account_unit::is_of_account(name))),
            kind: ValueKind::from_name(attribute.kind).unwrap_or(ValueKind::String),
            values: self.plan.ids(&values),
        };
        self.plan.push(row);
        if let Some((from, parameter)) = attribute.derived {
            let (name, parameter) = (self.plan.text(name), self.plan.text(parameter));
            self.plan.push(tables::Derived { name, from, parameter });
        }
    }

    /// The zones that conditions need; where they need the subject's, the token carries the profile's.
    fn zones(&mut self) {
        if self.usage.all.zones.is_empty() && !self.usage.all.local {
            return;
        }
        let default = self.rules.defaults.zone.iana_name().unwrap_or("UTC");
        let named = self.usage.all.zones.iter().map(String::as_str);
        self.ids.zones = zones::write(&mut self.plan, default, named, self.usage.all.local);
        if self.usage.edge_local {
            let name = self.plan.text("timezone");
            let path = self.plan.ids(&[name]);
            let flags = AttributeFlags::EDGE.with(AttributeFlags::CLIENT);
            let (kind, values) = (ValueKind::String, Ids::empty());
            self.plan.push(tables::Attribute { name, path, source: Source::Profile, flags, kind, values });
        }
    }

    fn places(&mut self) {
        let rules = self.rules;
        for (id, site) in rules.places.iter().filter(|_| self.usage.all.places) {
            let row = tables::Place { id: self.plan.text(id), latitude: site.latitude, longitude: site.longitude };
            self.plan.push(row);
        }
    }

    fn counters(&mut self) {
        self.ids.counters = numbered(self.usage.all.counters.keys().map(String::as_str));
        let journeys = self.rules.journeys.values().filter(|journey| journey.unit.is_some());
        let of_account: BTreeSet<String> =
            journeys.flat_map(|journey| journey.counters()).map(|spec| spec.key()).collect();
        for (key, spec) in &self.usage.all.counters {
            let filter = spec.filter.as_ref().map(|filter| self.condition(filter));
            let is_of_account = of_account.contains(key);
            let row = tables::Counter {
                key: self.plan.text(key),
                event: self.plan.text(spec.event),
                filter,
                keep: spec.keep,
                within: spec.within,
                flags: CounterFlags::EDGE
                    .when(self.usage.edge_counters.contains_key(key))
                    .with(CounterFlags::ACCOUNT.when(is_of_account)),
                property: self.property(spec.property),
                fold: spec.fold,
                carry: self.usage.edge_counters.get(key).copied().unwrap_or(0),
                once: self.property(spec.once),
            };
            self.plan.push(row);
        }
        self.sequences();
        self.event_values();
    }

    fn property(&mut self, path: &str) -> Ids<tables::Text> {
        let path: Vec<_> = path.split('.').filter(|_| !path.is_empty()).map(|name| self.plan.text(name)).collect();
        self.plan.ids(&path)
    }

    fn event_values(&mut self) {
        let rules = self.rules;
        for (name, attribute) in rules.attributes.iter().filter(|(name, _)| self.usage.all.attributes.contains(**name))
        {
            let Some(values) = &attribute.event_values else { continue };
            let Some(counter) = self.ids.counters.get(&values.counter().key()).copied() else { continue };
            let name = self.plan.text(name);
            self.plan.push(tables::EventValues { name, counter, within: values.within, last: values.last });
        }
    }

    fn sequences(&mut self) {
        self.ids.sequences = numbered(self.usage.all.sequences.keys().map(String::as_str));
        for spec in self.usage.all.sequences.values() {
            let counter = |key: &str| self.ids.counters.get(key).copied().unwrap_or(Id::new(0));
            let row = tables::Sequence {
                first: counter(&spec.first),
                then: counter(&spec.then),
                within: spec.within,
                since: spec.since,
                last: spec.last,
            };
            self.plan.push(row);
        }
    }

    fn segment(&mut self, id: &str, carried: bool) {
        let when = self.rules.segments.get(id).and_then(|segment| segment.when.as_ref());
        let is_hidden = carried && self.audience == Audience::Public;
        let node = when.filter(|_| !is_hidden).map(|when| self.condition(when));
        let node = node.unwrap_or_else(|| self.plan.push(tables::Node::new(Op::False, [0; 4])));
        let row = tables::Segment { id: self.plan.text(id), node, flags: SegmentFlags::CARRIED.when(carried) };
        self.plan.push(row);
    }

    pub(super) fn condition(&mut self, when: &When<'_>) -> Id<tables::Node> {
        condition::write(when.condition(), &self.ids, &mut self.plan)
    }

    fn trigger(&self, trigger: &Trigger<'_>) -> Id<tables::Counter> {
        self.ids.counter(&trigger.counter())
    }

    pub(super) fn after(&self, event: &str) -> Id<tables::Counter> {
        self.ids.counter(&CounterSpec::of(event))
    }
}
