//! The rows of a plan.

mod policies;

use std::collections::BTreeMap;

use throughline::Millis;
use throughline::plan::node::Op;
use throughline::plan::tables::{self, Source, StepKind};
use throughline::plan::{Id, Ids, PlanBuilder, Span};

use super::survey::{Survey, reach_condition};
use super::templates::Templates;
use super::{Audience, condition, numbered, scope};
use crate::Options;
use crate::campaigns::Campaign;
use crate::catalogue::Needs;
use crate::channels::REMEMBERED;
use crate::experiments::Experiment;
use crate::journeys::{Action, Journey, Step, Trigger};
use crate::messages::{Message, Rendition};
use crate::place::{Named, Place, Reader};
use crate::rules::Rules;
use crate::scope::Scope;
use crate::scores::{Fact, Score, Term};
use crate::slots::{self, Slot};
use crate::template::Template;
use crate::zones;

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
    lists: BTreeMap<String, Id<tables::List>>,
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
            lists: BTreeMap::new(),
            messages: numbered(rules.messages.keys().copied()),
            experiments: numbered(rules.experiments.keys().copied()),
            campaigns: numbered(rules.campaigns.keys().copied()),
            slots: numbered(rules.slots.iter().map(|(id, _)| *id)),
        }
    }
}

/// Writes the tables one after the other. A name that has no number has been told of before.
pub(super) struct Writer<'w, 'r, 'a, 's> {
    pub(super) rules: &'w Rules<'a>,
    survey: &'w Survey,
    audience: Audience,
    options: Options,
    pub(super) scope: Scope,
    numbers: Numbers,
    /// What caps count: how many times are enough, and how far back they look.
    exposures: BTreeMap<String, (u32, Millis)>,
    pub(super) plan: PlanBuilder,
    pub(super) out: &'r mut Reader<'s>,
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
        self.catalogue();
        self.fallbacks();
        rules.messages.iter().for_each(|(id, message)| self.message(id, message));
        rules.experiments.iter().for_each(|(id, experiment)| self.experiment(id, experiment));
        self.holdouts();
        self.suppressions();
        self.silence();
        let caps = self.policy_caps();
        rules.campaigns.iter().for_each(|(id, campaign)| self.campaign(id, campaign));
        rules.slots.iter().for_each(|(id, slot)| self.slot(id, slot));
        rules.journeys.iter().for_each(|(id, journey)| self.journey(id, journey));
        rules.features.iter().for_each(|(key, feature)| self.feature(key, feature));
        rules.auto_experiments.iter().for_each(|(id, experiment)| self.auto_experiment(id, experiment));
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
                flags: flag(self.survey.edge_counters.contains(key), tables::EDGE),
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

    pub(super) fn condition(&mut self, when: &Place<'_>) -> Option<Id<tables::Node>> {
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
            let contacts = channel.responds.as_ref().map(|responds| {
                let key = format!("all@{id}");
                self.expose(key.clone(), REMEMBERED, responds.within);
                self.plan.text(&key)
            });
            let row = tables::Channel {
                id: self.plan.text(id),
                consent,
                reach,
                responds: channel.responds.as_ref().and_then(|responds| self.trigger(&responds.event)),
                contacts,
                within: channel.responds.as_ref().map_or(Millis(0), |responds| responds.within),
                least: channel.responds.as_ref().map_or(0, |responds| responds.least),
                otherwise: channel.expected,
            };
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

    fn fallbacks(&mut self) {
        for (locale, then) in &self.rules.defaults.fallbacks {
            let then: Vec<_> = then.iter().map(|locale| self.plan.text(locale)).collect();
            let row = tables::Fallback { locale: self.plan.text(locale), then: self.plan.ids(&then) };
            self.plan.push(row);
        }
    }

    /// The things and lists that templates go through, with the fields that they read.
    fn catalogue(&mut self) {
        let rules = self.rules;
        let needs = Needs::of(rules, self.out);
        let ids = numbered::<tables::Item>(needs.items.iter().copied());
        for (id, item) in rules.catalogue.iter().filter(|(id, _)| needs.items.contains(*id)) {
            let (mut fields, mut values) = (Vec::new(), Vec::new());
            for (name, value) in item.fields.iter().filter(|(name, _)| needs.fields.contains(name)) {
                fields.push(self.plan.text(name));
                values.push(crate::condition::constant(&mut self.plan, value));
            }
            let row =
                tables::Item { id: self.plan.text(id), fields: self.plan.ids(&fields), values: self.plan.ids(&values) };
            self.plan.push(row);
        }
        self.numbers.lists = numbered(needs.lists.keys().copied());
        for (id, items) in &needs.lists {
            let Some(list) = rules.lists.get(id) else { continue };
            let attribute = |named: &Named<'_>| self.scope.attributes.get(named.name).map(|known| known.id);
            let (from, without): (_, Vec<_>) =
                (list.from.as_ref().and_then(attribute), list.without.iter().filter_map(attribute).collect());
            let items: Vec<_> = items.iter().filter_map(|id| ids.get(*id).copied()).collect();
            let row = tables::List {
                id: self.plan.text(id),
                from,
                items: self.plan.ids(&items),
                without: self.plan.ids(&without),
                limit: list.limit,
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
            self.expose(format!("seen:{id}"), 1, Millis(0));
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
            body: self.template(&rendition.body, rendition.locale),
            subject: rendition.subject.as_ref().map_or(Span::empty(), |it| self.template(it, rendition.locale)),
        })
    }

    fn template(&mut self, template: &Template<'a>, locale: Option<&str>) -> Span<tables::Part> {
        let locale = crate::locale::of(locale.unwrap_or(self.rules.defaults.locale));
        let (rules, attributes, lists) = (self.rules, &self.scope.attributes, &self.numbers.lists);
        Templates { rules, attributes, lists, plan: &mut self.plan, locale }.parts(&template.parts)
    }

    fn experiment(&mut self, id: &str, experiment: &Experiment<'a>) {
        let when = experiment.when.as_ref().and_then(|when| self.condition(when));
        let arms = experiment.ranges();
        let variations: Vec<_> =
            arms.map(|(id, from, to)| tables::Variation { id: self.plan.text(id), from, to }).collect();
        let Some(unit) = self.split_by(experiment.unit.as_ref()) else { return };
        let row = tables::Experiment {
            key: self.plan.text(id),
            seed: self.plan.text(experiment.seed.unwrap_or(id)),
            unit,
            flags: flag(experiment.sticky, tables::STICKY) | flag(experiment.active, tables::ACTIVE),
            when,
            bucket_version: experiment.bucket_version,
            min_bucket_version: experiment.min_bucket_version,
            exclusion: self.exclusion(experiment.exclusion.as_ref()),
            variations: self.plan.push_all(variations),
        };
        self.plan.push(row);
    }

    fn campaign(&mut self, id: &str, campaign: &Campaign<'a>) {
        let when = campaign.when.as_ref().and_then(|when| self.condition(when));
        let caps: Vec<_> = campaign.caps.iter().map(|limit| self.cap(vec![format!("campaign:{id}")], *limit)).collect();
        let topic = campaign.reach.topic.map(|topic| self.plan.text(topic));
        let next = campaign.next.iter().filter_map(|next| {
            let channel = *self.numbers.channels.get(next.channel.name)?;
            let message = *self.numbers.messages.get(next.message.name)?;
            let suits =
                self.rules.channels.get(next.channel.name).is_none_or(|row| row.suits(campaign.roles(self.rules)));
            Some(tables::NextStep {
                channel,
                message,
                after: next.after,
                until: next.until,
                flags: flag(campaign.reach.best, tables::BEST) | flag(!suits, tables::WRONG_ROLE),
                half_life: campaign.reach.half_life.unwrap_or(Millis::MAX),
                topic,
            })
        });
        let next: Vec<_> = next.collect();
        let row = tables::Campaign {
            id: self.plan.text(id),
            class: campaign.class as u32,
            priority: campaign.priority,
            score: campaign.score.as_ref().map(|score| self.score(score)),
            when,
            from: campaign.schedule.from,
            until: campaign.schedule.until,
            offer: campaign.offer.as_ref().and_then(|offer| self.numbers.offers.get(offer.name).copied()),
            experiment: campaign.experiment.as_ref().and_then(|it| self.numbers.experiments.get(it.name).copied()),
            exclusion: self.exclusion(campaign.exclusion.as_ref()),
            caps: self.plan.push_all(caps),
            next: self.plan.push_all(next),
        };
        self.plan.push(row);
    }

    fn score(&mut self, score: &Score<'a>) -> Id<tables::Score> {
        let terms: Vec<_> = score.terms.iter().map(|term| self.term(term)).collect();
        let row = tables::Score { bias: score.bias, link: score.link as u32, terms: self.plan.push_all(terms) };
        self.plan.push(row)
    }

    fn term(&mut self, term: &Term<'a>) -> tables::Term {
        let mut row = tables::Term {
            kind: term.fact.kind() as u32,
            flags: flag(term.log, tables::LOG),
            attribute: None,
            counter: None,
            weight: term.weight,
            otherwise: term.otherwise,
            span: Millis(0),
            most: 0,
            model: term.model.map(|model| self.plan.text(model)),
        };
        if let Some((trigger, most, within)) = term.fact.trigger() {
            (row.most, row.span, row.counter) = (most, within, self.trigger(trigger));
        }
        match &term.fact {
            Fact::Attribute(name) => row.attribute = self.scope.attributes.get(name.name).map(|known| known.id),
            Fact::Decay(_, half_life) => row.span = *half_life,
            Fact::Count(..) => {}
        }
        row
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
        if journey.resume {
            for message in journey.messages() {
                self.expose(format!("message:{}", message.name), 1, Millis(0));
            }
        }
        let row = tables::Journey {
            id: self.plan.text(id),
            class: journey.class as u32,
            priority: journey.priority,
            flags: flag(journey.resume, tables::RESUME),
            offer: journey.offer.as_ref().and_then(|offer| self.numbers.offers.get(offer.name).copied()),
            topic: journey.topic.map(|topic| self.plan.text(topic)),
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
        let filter = trigger.filter.as_ref().map(|filter| filter.node);
        Some(self.scope.counter(trigger.event.name, filter, 1, Millis(0)))
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
                let after = after.as_ref().map(|event| self.scope.counter(event.name, None, 1, Millis(0)));
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

pub(super) const fn flag(holds: bool, bit: u32) -> u32 {
    if holds { bit } else { 0 }
}
