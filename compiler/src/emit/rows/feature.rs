//! The rows of features and of experiments that pages run by themselves.

use throughline::canonical;
use throughline::internals::plan::tables::{self, AttributeFlags, Source, ValueKind};
use throughline::internals::plan::{Id, Ids, Op, PlanBuilder, Span};
use throughline::{Value, bucket};

use super::RowWriter;
use crate::condition::{Dialect, constant};
use crate::rules::feature::url_pattern::{Parts, UrlPattern};
use crate::rules::feature::{
    AutoExperiment, Effect, Feature, FeatureExperiment, FeatureVariation, Filter, Parent, Rollout, Rule,
};
use crate::source::cursor::Reference;

impl<'a> RowWriter<'_, '_, 'a, '_> {
    pub(super) fn feature(&mut self, key: &str, feature: &Feature<'a>) {
        let rules: Vec<_> = feature.rules.iter().map(|rule| self.feature_rule(key, rule, feature.dialect)).collect();
        let row = tables::Feature {
            key: self.plan.text(key),
            default: feature.default.map(|value| constant(&mut self.plan, &value.to_value())),
            rules: self.plan.push_all(rules),
            flags: tables::FeatureFlags::OFF.when(!feature.enabled),
        };
        self.plan.push(row);
    }

    pub(super) fn auto_experiment(&mut self, id: &str, auto: &AutoExperiment<'a>) {
        let experiment = self.feature_experiment(id, &auto.experiment, auto.dialect);
        let row = tables::AutoExperiment {
            id: self.plan.text(id),
            experiment,
            flags: tables::AutoExperimentFlags::REDIRECT
                .when(auto.redirects)
                .with(tables::AutoExperimentFlags::MANUAL.when(auto.manual))
                .with(tables::AutoExperimentFlags::PERSIST_QUERY.when(auto.persist_query)),
        };
        self.plan.push(row);
    }

    fn feature_rule(&mut self, key: &str, rule: &Rule<'a>, dialect: Dialect) -> tables::FeatureRule {
        let empty = tables::FeatureRule {
            id: self.plan.text(rule.id),
            flags: tables::FeatureRuleFlags::empty(),
            prerequisites: self.parents(&rule.parents),
            filters: self.filters(&rule.filters),
            when: None,
            force: None,
            rollout: None,
            experiment: None,
            tracks: None,
        };
        match &rule.effect {
            Effect::Force { value, when, rollout, tracks } => tables::FeatureRule {
                flags: tables::FeatureRuleFlags::FORCES,
                when: when.as_ref().map(|when| self.condition(when)),
                force: Some(constant(&mut self.plan, &value.to_value())),
                rollout: rollout.as_ref().map(|rollout| self.rollout(key, rollout)),
                tracks: tracks.map(|tracks| json(&mut self.plan, &tracks.to_value())),
                ..empty
            },
            Effect::Experiment(experiment) => {
                let experiment = Some(self.feature_experiment(key, experiment, dialect));
                tables::FeatureRule { experiment, ..empty }
            }
            // Its prerequisites still count.
            Effect::Nothing => empty,
        }
    }

    fn parents(&mut self, parents: &[Parent<'a>]) -> Span<tables::Prerequisite> {
        let rows: Vec<_> = parents.iter().map(|parent| self.parent(parent)).collect();
        self.plan.push_all(rows)
    }

    fn parent(&mut self, parent: &Parent<'a>) -> tables::Prerequisite {
        let when = match &parent.when {
            Some(when) => self.condition(when),
            None => self.always(),
        };
        let flags = tables::PrerequisiteFlags::GATE.when(parent.gate);
        tables::Prerequisite { feature: self.plan.text(parent.feature.name), flags, when }
    }

    fn filters(&mut self, filters: &[Filter<'a>]) -> Span<tables::Filter> {
        let rows: Vec<_> = filters.iter().map(|filter| self.filter(filter)).collect();
        self.plan.push_all(rows)
    }

    fn filter(&mut self, filter: &Filter<'a>) -> tables::Filter {
        tables::Filter {
            unit: self.unit(filter.unit.as_ref()),
            seed: self.plan.text(filter.seed),
            version: filter.version,
            ranges: self.buckets(&filter.ranges),
        }
    }

    fn rollout(&mut self, key: &str, rollout: &Rollout<'a>) -> Id<tables::Rollout> {
        let row = tables::Rollout {
            seed: self.plan.text(rollout.seed.unwrap_or(key)),
            unit: self.unit(rollout.unit.as_ref()),
            fallback: rollout.fallback.as_ref().map(|unit| self.unit(Some(unit))),
            version: rollout.version,
            from: rollout.range.0,
            to: rollout.range.1,
            flags: tables::RolloutFlags::NEVER_STICKY
                .when(rollout.never_sticky)
                .with(tables::RolloutFlags::INCLUSIVE.when(rollout.inclusive)),
        };
        self.plan.push(row)
    }

    fn feature_experiment(
        &mut self,
        id: &str,
        experiment: &FeatureExperiment<'a>,
        dialect: Dialect,
    ) -> Id<tables::FeatureExperiment> {
        let key = experiment.key.unwrap_or(id);
        let mut definition = experiment.definition.clone();
        definition.insert("key", key);
        let row = tables::FeatureExperiment {
            key: self.plan.text(key),
            seed: self.plan.text(experiment.seed.unwrap_or(key)),
            unit: self.unit(experiment.unit.as_ref()),
            fallback: experiment.fallback.as_ref().map(|unit| self.unit(Some(unit))),
            flags: tables::FeatureExperimentFlags::NEVER_STICKY
                .when(experiment.never_sticky)
                .with(tables::FeatureExperimentFlags::DRAFT.when(experiment.draft))
                .with(tables::FeatureExperimentFlags::STOPPED.when(experiment.stopped))
                .with(tables::FeatureExperimentFlags::FORCED.when(experiment.force.is_some())),
            version: experiment.version,
            bucket_version: experiment.bucket_version,
            min_bucket_version: experiment.min_bucket_version,
            variations: self.feature_variations(experiment),
            ranges: self.buckets(&experiment.ranges(experiment.weights.as_deref())),
            bandit: experiment.bandit.as_ref().and_then(|bandit| self.bandit(bandit.name, experiment, dialect)),
            audience: self.audience(experiment),
            definition: json(&mut self.plan, &Value::Object(definition)),
            forced: experiment.force.unwrap_or(0),
        };
        self.plan.push(row)
    }

    fn feature_variations(&mut self, experiment: &FeatureExperiment<'a>) -> Span<tables::FeatureVariation> {
        let row = |(index, variation): (usize, &FeatureVariation<'a>)| tables::FeatureVariation {
            value: constant(&mut self.plan, &variation.value.to_value()),
            key: self.plan.text(variation.key.unwrap_or(&index.to_string())),
            name: variation.name.map(|name| self.plan.text(name)),
            flags: tables::FeatureVariationFlags::KEYED
                .when(variation.key.is_some())
                .with(tables::FeatureVariationFlags::PASSTHROUGH.when(variation.passthrough)),
        };
        let rows: Vec<_> = experiment.variations.iter().enumerate().map(row).collect();
        self.plan.push_all(rows)
    }

    fn bandit(
        &mut self,
        name: &str,
        experiment: &FeatureExperiment<'a>,
        dialect: Dialect,
    ) -> Option<Id<tables::Bandit>> {
        let bandit = self.rules.bandits.get(name)?;
        let mut leaves = Vec::new();
        for leaf in &bandit.leaves {
            let when = match leaf.when(dialect) {
                Some(when) => self.condition(when),
                None => self.always(),
            };
            leaves.push(tables::Leaf {
                when,
                id: json(&mut self.plan, &leaf.id),
                weights: json(&mut self.plan, &list(&leaf.weights)),
                ranges: self.buckets(&experiment.ranges(Some(&leaf.weights))),
            });
        }
        let even = || bucket::equal_weights(experiment.variations.len());
        let row = tables::Bandit {
            leaves: self.plan.push_all(leaves),
            weights: json(&mut self.plan, &list(&experiment.weights.clone().unwrap_or_else(even))),
            version: bandit.version.as_ref().map(|version| json(&mut self.plan, version)),
        };
        Some(self.plan.push(row))
    }

    fn audience(&mut self, experiment: &FeatureExperiment<'a>) -> Id<tables::Audience> {
        // Filters replace the namespace.
        let namespace = experiment.namespace.as_ref().filter(|_| experiment.filters.is_none());
        let (from, to) = namespace.map_or((0.0, 0.0), |(_, from, to)| (*from, *to));
        let urls: Vec<_> = experiment.urls.iter().flatten().filter_map(|url| self.url_pattern(url)).collect();
        let row = tables::Audience {
            flags: tables::AudienceFlags::BY_URL.when(experiment.urls.is_some()),
            when: experiment.when.as_ref().map(|when| self.condition(when)),
            filters: self.filters(experiment.filters.as_deref().unwrap_or_default()),
            namespace: namespace.map(|(seed, ..)| self.plan.text(seed)),
            from,
            to,
            prerequisites: self.parents(&experiment.parents),
            urls: self.plan.push_all(urls),
        };
        self.plan.push(row)
    }

    fn url_pattern(&mut self, pattern: &UrlPattern) -> Option<tables::UrlPattern> {
        let flags = tables::UrlPatternFlags::EXCLUDES.when(pattern.excludes);
        let none = |path| tables::UrlPattern { flags, host: None, path, hash: None, params: Span::empty() };
        Some(match &pattern.parts {
            Parts::Whole(regex) => tables::UrlPattern {
                flags: flags.with(tables::UrlPatternFlags::WHOLE_URL),
                ..none(self.plan.regex(regex.clone()))
            },
            Parts::Each { host, path, hash, params } => {
                let param = |(name, value): &(String, Vec<u8>)| tables::UrlParam {
                    name: self.plan.text(name),
                    value: self.plan.regex(value.clone()),
                };
                let params: Vec<_> = params.iter().map(param).collect();
                tables::UrlPattern {
                    host: Some(self.plan.regex(host.clone())),
                    hash: hash.clone().map(|hash| self.plan.regex(hash)),
                    params: self.plan.push_all(params),
                    ..none(self.plan.regex(path.clone()))
                }
            }
            Parts::Never => none(self.plan.regex(crate::regex::compile("[]", false).ok()?)),
        })
    }

    fn buckets(&mut self, ranges: &[(f64, f64)]) -> Span<tables::Buckets> {
        self.plan.push_all(ranges.iter().map(|(from, to)| tables::Buckets { from: *from, to: *to }))
    }

    /// The attribute that is hashed. A name with dots that is not declared is one member of the request's attributes.
    fn unit(&mut self, unit: Option<&Reference<'a>>) -> Id<tables::Attribute> {
        let name = unit.map_or("id", |unit| unit.name);
        if let Some(known) = self.ids.attributes.get(name) {
            return *known;
        }
        let text = self.plan.text(name);
        let path = self.plan.ids(&[text]);
        let (flags, kind, values) = (AttributeFlags::empty(), ValueKind::String, Ids::empty());
        self.plan.share(tables::Attribute { name: text, path, source: Source::Request, flags, kind, values })
    }

    fn always(&mut self) -> Id<tables::Node> {
        self.plan.share(tables::Node::new(Op::True, [0; 4]))
    }
}

fn list(numbers: &[f64]) -> Value {
    Value::Array(numbers.iter().map(|number| Value::Number(*number)).collect())
}

fn json(plan: &mut PlanBuilder, value: &Value) -> Id<tables::Text> {
    plan.text(&canonical::to_json_text(value))
}
