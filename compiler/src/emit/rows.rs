//! The rows of a plan.

use std::collections::BTreeMap;

use throughline::Millis;
use throughline::plan::node::Op;
use throughline::plan::tables::{self, Class, Source, StepKind};
use throughline::plan::{Id, Ids, PlanBuilder, Span};

use super::survey::{Survey, reach_condition};
use super::{Audience, condition, numbered, scope};
use crate::Options;
use crate::campaigns::Campaign;
use crate::experiments::Experiment;
use crate::journeys::{Action, Journey, Step, Trigger};
use crate::messages::{Message, Rendition};
use crate::place::{Place, Reader};
use crate::policies::{self, Limit};
use crate::rules::Rules;
use crate::scope::{CounterSpec, Scope};
use crate::slots::{self, Slot};
use crate::template::{Piece, Template};
use crate::zones;

/// Every class, one bit each.
const ALL_CLASSES: u32 = Class::Promo.bit() | Class::Service.bit() | Class::Transactional.bit();
/// The classes that policies cap unless they name one: what must be said is said however often.
const CAPPED_CLASSES: u32 = Class::Promo.bit() | Class::Service.bit();

/// The bytes of a plan.
pub fn write(
    rules: &Rules<'_>,
    survey: &Survey,
    audience: Audience,
    options: Options,
    out: &mut Reader<'_>,
) -> Vec<u8> {
    let attributes = attributes(rules, survey, audience);
    let scope = scope(rules, attributes.iter().copied(), survey.segments.iter().map(|(id, _)| id.as_str()));
    let numbers = Numbers::new(rules);
    let exposures = BTreeMap::new();
    let plan = PlanBuilder::default();
    Writer { rules, survey, audience, options, scope, numbers, exposures, plan, out }.write(&attributes)
}

/// The attributes that a plan has: all declared ones where events arrive, so that closed ones stay closed, and otherwise
/// only those that are used.
fn attributes<'a>(rules: &Rules<'a>, survey: &Survey, audience: Audience) -> Vec<&'a str> {
    let needed =
        |name: &str, is_declared: bool| survey.attributes.contains(name) || (is_declared && audience == Audience::Edge);
    let all = rules.attributes.iter();
    all.filter(|(name, attribute)| needed(name, attribute.place.is_some())).map(|(name, _)| *name).collect()
}

/// The number of each definition.
struct Numbers {
    channels: BTreeMap<String, Id<tables::Channel>>,
    offers: BTreeMap<String, Id<tables::Offer>>,
    messages: BTreeMap<String, Id<tables::Message>>,
    experiments: BTreeMap<String, Id<tables::Experiment>>,
    campaigns: BTreeMap<String, Id<tables::Campaign>>,
    slots: BTreeMap<String, Id<tables::Slot>>,
}

impl Numbers {
    fn new(rules: &Rules<'_>) -> Self {
        Self {
            channels: numbered(rules.channels.keys().copied()),
            offers: numbered(rules.offers.keys().copied()),
            messages: numbered(rules.messages.keys().copied()),
            experiments: numbered(rules.experiments.keys().copied()),
            campaigns: numbered(rules.campaigns.keys().copied()),
            slots: numbered(rules.slots.iter().map(|(id, _)| *id)),
        }
    }
}

/// Writes the tables one after the other. A name that has no number has been told of before.
struct Writer<'w, 'r, 'a, 's> {
    rules: &'w Rules<'a>,
    survey: &'w Survey,
    audience: Audience,
    options: Options,
    scope: Scope,
    numbers: Numbers,
    /// What caps count: how many times are enough, and how far back they look.
    exposures: BTreeMap<String, (u32, Millis)>,
    plan: PlanBuilder,
    out: &'r mut Reader<'s>,
}

impl<'a> Writer<'_, '_, 'a, '_> {
    fn write(mut self, attributes: &[&str]) -> Vec<u8> {
        let rules = self.rules;
        self.classes();
        attributes.iter().for_each(|name| self.attribute(name));
        self.zones();
        self.counters();
        for (id, carried) in &self.survey.segments {
            self.segment(id, *carried);
        }
        self.channels();
        self.offers();
        rules.messages.iter().for_each(|(id, message)| self.message(id, message));
        rules.experiments.iter().for_each(|(id, experiment)| self.experiment(id, experiment));
        self.holdouts();
        self.suppressions();
        let caps = self.policy_caps();
        rules.campaigns.iter().for_each(|(id, campaign)| self.campaign(id, campaign));
        rules.slots.iter().for_each(|(id, slot)| self.slot(id, slot));
        rules.journeys.iter().for_each(|(id, journey)| self.journey(id, journey));
        self.exposures();
        let settings = self.settings(caps);
        self.plan.finish(settings)
    }

    fn settings(&mut self, caps: Span<tables::Cap>) -> tables::Settings {
        let policy = &self.rules.policies.consent;
        let gpc: Vec<_> = policy.gpc.iter().map(|purpose| self.plan.text(purpose)).collect();
        tables::Settings {
            id: Id::new(0),
            flags: if self.audience == Audience::Public { tables::PUBLIC_PLAN } else { 0 },
            locale: self.plan.text(self.rules.defaults.locale),
            consent: policy.default.number(),
            store: policy.store.map(|purpose| self.plan.text(purpose)),
            measure: policy.measure.map(|purpose| self.plan.text(purpose)),
            gpc: self.plan.ids(&gpc),
            caps,
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
        let path: Vec<_> = name.split('.').map(|part| self.plan.text(part)).collect();
        let is_carried = attribute.edge && self.survey.edge_attributes.contains(name);
        let row = tables::Attribute {
            name: self.plan.text(name),
            path: self.plan.ids(&path),
            source: attribute.source as u32,
            flags: flag(is_carried, tables::EDGE) | flag(attribute.client, tables::CLIENT),
        };
        self.plan.push(row);
    }

    /// The zones that conditions need; where they need the subject's, the token carries the profile's.
    fn zones(&mut self) {
        if self.survey.zones.is_empty() && !self.survey.local {
            return;
        }
        let default = self.rules.defaults.zone.iana_name().unwrap_or("UTC");
        let named = self.survey.zones.iter().map(String::as_str);
        self.scope.zones = zones::write(&mut self.plan, default, named, self.survey.local);
        if self.survey.edge_local {
            let name = self.plan.text("timezone");
            let (path, source) = (self.plan.ids(&[name]), Source::Profile as u32);
            self.plan.push(tables::Attribute { name, path, source, flags: tables::EDGE | tables::CLIENT });
        }
    }

    fn counters(&mut self) {
        self.scope.counters = numbered(self.survey.counters.keys().map(String::as_str));
        for (key, spec) in &self.survey.counters {
            let filter = spec.filter.as_ref().and_then(|filter| {
                crate::condition::compile_filter(filter, "", &mut self.plan, &mut self.out.diagnostics)
            });
            let row = tables::Counter {
                key: self.plan.text(key),
                event: self.plan.text(&spec.event),
                filter,
                keep: spec.keep,
                within: spec.within,
                flags: flag(self.survey.edge_counters.contains_key(key), tables::EDGE),
                property: self.property(&spec.property),
                fold: spec.fold as u32,
                carry: self.survey.edge_counters.get(key).copied().unwrap_or(0),
            };
            self.plan.push(row);
        }
        self.sequences();
    }

    fn property(&mut self, path: &str) -> Ids<tables::Text> {
        let path: Vec<_> = path.split('.').filter(|_| !path.is_empty()).map(|name| self.plan.text(name)).collect();
        self.plan.ids(&path)
    }

    fn sequences(&mut self) {
        self.scope.sequences = numbered(self.survey.sequences.keys().map(String::as_str));
        for spec in self.survey.sequences.values() {
            let counter = |key: &str| self.scope.counters.get(key).copied().unwrap_or(Id::new(0));
            let row = tables::Sequence {
                first: counter(&spec.first),
                then: counter(&spec.then),
                within: spec.within,
                since: spec.since,
            };
            self.plan.push(row);
        }
    }

    fn segment(&mut self, id: &str, carried: bool) {
        let when = self.rules.segments.get(id).and_then(|segment| segment.when.as_ref());
        let is_hidden = carried && self.audience == Audience::Public;
        let node = when.filter(|_| !is_hidden).and_then(|when| self.condition(when));
        let node =
            node.unwrap_or_else(|| self.plan.push(tables::Node { op: Op::False as u32, a: 0, b: 0, c: 0, d: 0 }));
        let row = tables::Segment { id: self.plan.text(id), node, flags: flag(carried, tables::CARRIED) };
        self.plan.push(row);
    }

    fn condition(&mut self, when: &Place<'_>) -> Option<Id<tables::Node>> {
        condition(when, &mut self.scope, &mut self.plan, self.out)
    }

    fn channels(&mut self) {
        for (id, channel) in &self.rules.channels {
            let reach = channel.reach.as_ref().and_then(|reach| {
                let node = reach_condition(self.rules, reach.name);
                let diagnostics = &mut self.out.diagnostics;
                crate::condition::compile(&node, &reach.place.path, &mut self.scope, &mut self.plan, diagnostics)
            });
            let consent = channel.consent.map(|purpose| self.plan.text(purpose));
            let row = tables::Channel { id: self.plan.text(id), consent, reach };
            self.plan.push(row);
        }
    }

    fn offers(&mut self) {
        for (id, offer) in &self.rules.offers {
            let row = tables::Offer {
                id: self.plan.text(id),
                group: offer.group.map(|group| self.plan.text(group)),
                version: offer.version,
                from: offer.schedule.from,
                until: offer.schedule.until,
            };
            self.plan.push(row);
        }
    }

    fn message(&mut self, id: &str, message: &Message<'a>) {
        let renditions: Vec<_> = message.renditions.iter().filter_map(|rendition| self.rendition(rendition)).collect();
        let row = tables::Message {
            id: self.plan.text(id),
            flags: flag(message.once, tables::ONCE),
            renditions: self.plan.push_all(renditions),
        };
        self.plan.push(row);
        if message.once {
            self.expose(format!("message:{id}"), 1, Millis(0));
        }
    }

    fn rendition(&mut self, rendition: &Rendition<'a>) -> Option<tables::Rendition> {
        let channel = rendition.channel.as_ref()?.name;
        let locale = rendition.locale.filter(|locale| *locale != self.rules.defaults.locale);
        Some(tables::Rendition {
            channel: *self.numbers.channels.get(channel)?,
            locale: locale.map(|locale| self.plan.text(locale)),
            variation: rendition.variation.as_ref().map(|variation| self.plan.text(variation.name)),
            format: rendition.format as u32,
            body: self.template(&rendition.body),
            subject: rendition.subject.as_ref().map_or(Span::empty(), |subject| self.template(subject)),
        })
    }

    fn template(&mut self, template: &Template<'a>) -> Span<tables::Part> {
        let part = |piece: &Piece<'a>| match piece {
            Piece::Text(text) => tables::Part { text: self.plan.text(text), attribute: None, escape: 0 },
            Piece::Output { attribute, default, escape } => tables::Part {
                text: self.plan.text(default),
                attribute: self.scope.attributes.get(attribute.name).map(|known| known.id),
                escape: *escape as u32,
            },
        };
        let parts: Vec<_> = template.pieces.iter().map(part).collect();
        self.plan.push_all(parts)
    }

    fn experiment(&mut self, id: &str, experiment: &Experiment<'a>) {
        let when = experiment.when.as_ref().and_then(|when| self.condition(when));
        let arms = experiment.ranges();
        let variations: Vec<_> =
            arms.map(|(id, from, to)| tables::Variation { id: self.plan.text(id), from, to }).collect();
        let unit = experiment.unit.as_ref().map_or("id", |unit| unit.name);
        let Some(unit) = self.scope.attributes.get(unit).map(|known| known.id) else { return };
        let row = tables::Experiment {
            key: self.plan.text(id),
            seed: self.plan.text(experiment.seed.unwrap_or(id)),
            unit,
            flags: flag(experiment.sticky, tables::STICKY) | flag(experiment.active, tables::ACTIVE),
            when,
            bucket_version: experiment.bucket_version,
            min_bucket_version: experiment.min_bucket_version,
            variations: self.plan.push_all(variations),
        };
        self.plan.push(row);
    }

    fn holdouts(&mut self) {
        for (id, holdout) in &self.rules.holdouts {
            let row = tables::Holdout { id: self.plan.text(id), share: holdout.share, classes: holdout.classes };
            self.plan.push(row);
        }
    }

    fn suppressions(&mut self) {
        for suppression in &self.rules.policies.suppress {
            if let Some(when) = self.condition(&suppression.when) {
                self.plan.push(tables::Suppression { classes: suppression.classes, when });
            }
        }
    }

    fn policy_caps(&mut self) -> Span<tables::Cap> {
        let caps: Vec<_> = self.rules.policies.caps.iter().filter_map(|cap| self.policy_cap(cap)).collect();
        self.plan.push_all(caps)
    }

    fn policy_cap(&mut self, cap: &policies::Cap<'_>) -> Option<tables::Cap> {
        let (key, classes, slot, offer) = match &cap.scope {
            policies::Scope::All => ("all".to_owned(), CAPPED_CLASSES, None, None),
            policies::Scope::Class(class) => (format!("class:{}", class.name()), class.bit(), None, None),
            policies::Scope::Slot(slot) => {
                (format!("slot:{}", slot.name), CAPPED_CLASSES, Some(*self.numbers.slots.get(slot.name)?), None)
            }
            policies::Scope::Offer(offer) => {
                (format!("offer:{}", offer.name), CAPPED_CLASSES, None, Some(*self.numbers.offers.get(offer.name)?))
            }
        };
        Some(tables::Cap { classes, slot, offer, ..self.cap(key, cap.limit) })
    }

    fn cap(&mut self, key: String, limit: Limit) -> tables::Cap {
        self.expose(key.clone(), limit.max, limit.within());
        tables::Cap {
            key: self.plan.text(&key),
            max: limit.max,
            per: limit.per as u32,
            window: limit.window,
            classes: ALL_CLASSES,
            slot: None,
            offer: None,
        }
    }

    /// Notes that the last `keep` times of `key` within a span must be remembered.
    fn expose(&mut self, key: String, keep: u32, within: Millis) {
        let known = self.exposures.entry(key).or_insert((keep, within));
        *known = (known.0.max(keep), super::survey::longer(known.1, within));
    }

    fn exposures(&mut self) {
        for (key, (keep, within)) in &self.exposures {
            let key = self.plan.text(key);
            self.plan.push(tables::Exposure { key, keep: *keep, within: *within });
        }
    }

    fn campaign(&mut self, id: &str, campaign: &Campaign<'a>) {
        let when = campaign.when.as_ref().and_then(|when| self.condition(when));
        let caps: Vec<_> = campaign.caps.iter().map(|limit| self.cap(format!("campaign:{id}"), *limit)).collect();
        let next = campaign.next.iter().filter_map(|next| {
            let channel = *self.numbers.channels.get(next.channel.name)?;
            let message = *self.numbers.messages.get(next.message.name)?;
            Some(tables::NextStep { channel, message, after: next.after, until: next.until })
        });
        let next: Vec<_> = next.collect();
        let row = tables::Campaign {
            id: self.plan.text(id),
            class: campaign.class as u32,
            priority: campaign.priority,
            when,
            from: campaign.schedule.from,
            until: campaign.schedule.until,
            offer: campaign.offer.as_ref().and_then(|offer| self.numbers.offers.get(offer.name).copied()),
            experiment: campaign.experiment.as_ref().and_then(|it| self.numbers.experiments.get(it.name).copied()),
            caps: self.plan.push_all(caps),
            next: self.plan.push_all(next),
        };
        self.plan.push(row);
    }

    fn slot(&mut self, id: &str, slot: &Slot<'a>) {
        let mut placements: Vec<(u32, tables::Placement)> = Vec::new();
        for (name, campaign) in &self.rules.campaigns {
            let Some(placement) = campaign.slots.iter().find(|placement| placement.slot.name == id) else { continue };
            let numbers = (self.numbers.campaigns.get(*name), self.numbers.messages.get(placement.message.name));
            if let (Some(campaign_id), Some(message)) = numbers {
                let placement = tables::Placement { campaign: *campaign_id, message: *message };
                placements.push((campaign.priority, placement));
            }
        }
        // Stable, so that campaigns of one priority stay sorted by id.
        placements.sort_by_key(|(priority, _)| core::cmp::Reverse(*priority));
        let row = tables::Slot {
            id: self.plan.text(id),
            selector: slot.selector.map(|selector| self.plan.text(selector)),
            pages: self.pages(slot),
            flags: flag(slot.public, tables::PUBLIC_SLOT) | flag(slot.json, tables::JSON_SLOT),
            placements: self.plan.push_all(placements.into_iter().map(|(_, placement)| placement)),
        };
        self.plan.push(row);
    }

    fn pages(&mut self, slot: &Slot<'_>) -> Option<Id<tables::Regex>> {
        if slot.pages.is_empty() {
            return None;
        }
        match crate::regex::compile(&slots::pattern(&slot.pages), false) {
            Ok(automaton) => Some(self.plan.regex(automaton)),
            Err(error) => {
                slot.place.error("glob", format!("the pages cannot be compiled: {error}"), self.out);
                None
            }
        }
    }

    fn journey(&mut self, id: &str, journey: &Journey<'a>) {
        let enter = journey.enter.as_ref().and_then(|trigger| self.trigger(trigger));
        let when = journey.when.as_ref().and_then(|when| self.condition(when));
        let exits: Vec<_> = journey.exits.iter().filter_map(|trigger| self.trigger(trigger)).collect();
        let goal = journey.goal.as_ref().and_then(|(trigger, _)| self.trigger(trigger));
        let steps: Vec<_> = journey.steps.iter().map(|step| self.step(step)).collect();
        let row = tables::Journey {
            id: self.plan.text(id),
            class: journey.class as u32,
            // Every entry of the rules has an event; that of a hidden journey is the first counter, which never counts.
            enter: enter.unwrap_or(Id::new(0)),
            when,
            reenter: journey.reenter,
            exits: self.plan.ids(&exits),
            goal,
            goal_within: journey.goal.as_ref().map_or(Millis::MAX, |(_, within)| *within),
            steps: self.plan.push_all(steps),
        };
        self.plan.push(row);
    }

    fn trigger(&mut self, trigger: &Trigger<'_>) -> Option<Id<tables::Counter>> {
        Some(self.scope.counter(trigger.counter()))
    }

    fn after(&mut self, event: &str) -> Id<tables::Counter> {
        self.scope.counter(CounterSpec { event: event.to_owned(), ..CounterSpec::default() })
    }

    fn step(&mut self, step: &Step<'a>) -> tables::Step {
        let id = self.plan.text(step.id.name);
        let none = tables::Step {
            id,
            kind: StepKind::Wait as u32,
            wait: Millis(0),
            after: None,
            message: None,
            channels: Ids::empty(),
            ttl: Millis::MAX,
        };
        match &step.action {
            Action::Wait(wait, after) => {
                let after = after.as_ref().map(|event| self.after(event.name));
                tables::Step { wait: self.options.compress(*wait), after, ..none }
            }
            Action::Send { message, channels, ttl } => {
                let channels: Vec<_> =
                    channels.iter().filter_map(|channel| self.numbers.channels.get(channel.name).copied()).collect();
                tables::Step {
                    kind: StepKind::Send as u32,
                    message: self.numbers.messages.get(message.name).copied(),
                    channels: self.plan.ids(&channels),
                    ttl: self.options.compress(*ttl),
                    ..none
                }
            }
        }
    }
}

const fn flag(holds: bool, bit: u32) -> u32 {
    if holds { bit } else { 0 }
}
