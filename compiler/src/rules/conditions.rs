//! Reading the conditions of the rules, once all names that they may refer to are known.

use throughline::Value;
use throughline::internals::plan::Op;

use crate::condition::tree::{AttributeTest, Condition, Operator, ValueTest};
use crate::condition::{Dialect, KnownAttribute, Vocabulary, When, names_as_given};
use crate::rules::Rules;
use crate::rules::channel::Channel;
use crate::rules::feature::{Effect, FeatureExperiment, Parent};
use crate::rules::trigger::Trigger;
use crate::source::cursor::ReadContext;

/// Reads every condition that a plan may need, and reports every mistake in it.
pub fn read(rules: &Rules<'_>, out: &mut ReadContext<'_>) {
    let vocabulary = vocabulary(rules);
    let diagnostics = &mut out.diagnostics;
    rules.conditions().for_each(|when| when.read(&vocabulary, Dialect::Rules, diagnostics));
    for feature in rules.features.values() {
        for rule in &feature.rules {
            let leaves = match &rule.effect {
                Effect::Experiment(experiment) => experiment.leaves(rules, feature.dialect).collect(),
                Effect::Force { .. } | Effect::Nothing => Vec::new(),
            };
            let conditions = rule.conditions().into_iter().chain(leaves);
            conditions.for_each(|when| when.read(&vocabulary, feature.dialect, diagnostics));
            let parents = rule.parents.iter().filter_map(|parent| parent.when.as_ref());
            parents.for_each(|when| when.read_members(&vocabulary, feature.dialect, diagnostics));
        }
    }
    for (_, experiment) in &rules.auto_experiments {
        let dialect = experiment.dialect;
        experiment.experiment.when.iter().for_each(|when| when.read(&vocabulary, dialect, diagnostics));
        let parents = experiment.experiment.parents.iter().filter_map(|parent: &Parent<'_>| parent.when.as_ref());
        parents.for_each(|when| when.read_members(&vocabulary, dialect, diagnostics));
    }
    let filters = rules.triggers().filter_map(|trigger| trigger.filter.as_ref());
    filters.for_each(|when| when.read_filter(diagnostics));
    let lists = rules.lists.values().filter_map(|list| list.when.as_ref());
    lists.for_each(|when| when.read_fields(diagnostics));
}

fn vocabulary<'a>(rules: &Rules<'a>) -> Vocabulary<'a> {
    let attributes =
        rules.attributes.iter().filter(|(name, _)| !names_as_given().contains(name)).map(|(name, attribute)| {
            (*name, KnownAttribute { kind: attribute.kind, values: attribute.values.clone() })
        });
    let journeys = rules.journeys.iter();
    Vocabulary {
        attributes: attributes.collect(),
        segments: rules.segments.keys().copied().collect(),
        stages: rules.stages.iter().map(|stage| stage.name).collect(),
        journeys: journeys
            .map(|(id, journey)| (*id, journey.steps.iter().map(|step| step.id.name).collect()))
            .collect(),
        groups: rules.groups.iter().map(|(name, group)| (*name, group.group.clone())).collect(),
        places: rules.places.keys().copied().collect(),
        zone: rules.defaults.zone.clone(),
        ..Vocabulary::default()
    }
}

impl<'a> Rules<'a> {
    /// Returns the conditions on the subject of segments, campaigns, experiments, journeys and suppressions.
    pub fn conditions(&self) -> impl Iterator<Item = &When<'a>> {
        let segments = self.segments.values().filter_map(|segment| segment.when.as_ref());
        let campaigns = self.campaigns.values().filter_map(|campaign| campaign.when.as_ref());
        let experiments = self.experiments.values().filter_map(|experiment| experiment.when.as_ref());
        let journeys = self.journeys.values().filter_map(|journey| journey.when.as_ref());
        let suppressions = self.policies.suppress.iter().map(|suppression| &suppression.when);
        segments.chain(campaigns).chain(experiments).chain(journeys).chain(suppressions)
    }

    /// Returns the events that cool-downs, scores, channels and journeys listen to.
    pub fn triggers(&self) -> impl Iterator<Item = &Trigger<'a>> {
        let cooldowns = self.policies.cooldowns.iter().filter_map(|cooldown| cooldown.after.event());
        let scored = self.campaigns.values().filter(|_| self.policies.scores);
        let terms = scored.flat_map(|campaign| &campaign.score).flat_map(|score| &score.terms);
        let terms = terms.filter_map(|term| term.fact.trigger()).map(|(trigger, ..)| trigger);
        let responses = self.channels.values().filter_map(|channel| channel.responds.as_ref());
        let journeys = self.journeys.values().flat_map(|journey| journey.triggers());
        cooldowns.chain(terms).chain(responses.map(|responds| &responds.event)).chain(journeys)
    }
}

impl<'a> Channel<'a> {
    /// Returns the condition that its `reach` asks for: the attribute is true, or present if it is not a boolean. None for an
    /// attribute that is not declared, which has been reported.
    pub fn reach_condition(&self, rules: &Rules<'a>) -> Option<Condition<'a>> {
        let reach = self.reach.as_ref()?;
        let attribute = rules.attributes.get(reach.name)?;
        let test = match attribute.kind {
            "boolean" => Operator::Compare(Op::Is, Value::Bool(true)),
            _ => Operator::Exists(true),
        };
        let dialect = Dialect::Rules;
        let test = ValueTest::Operator { name: "", source: reach.cursor.node, dialect, test };
        Some(Condition::Attribute(AttributeTest { path: reach.name, name: reach.name, rest: None, dialect, test }))
    }
}

impl<'a> FeatureExperiment<'a> {
    /// Returns the conditions of the weights of its bandit.
    pub fn leaves<'r>(
        &self,
        rules: &'r Rules<'a>,
        dialect: Dialect,
    ) -> impl Iterator<Item = &'r When<'a>> + use<'r, 'a> {
        let bandit = self.bandit.as_ref().and_then(|bandit| rules.bandits.get(bandit.name));
        bandit.into_iter().flat_map(|bandit| &bandit.leaves).filter_map(move |leaf| leaf.when(dialect))
    }
}
