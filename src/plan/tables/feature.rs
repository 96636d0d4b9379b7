//! Features and experiments, with the terms and semantics of GrowthBook.

use super::{Attribute, Constant, Node, Regex, Text};
use crate::plan::row::{Id, Span, flags, tables};
use crate::prelude::*;

flags! {
    /// The flags of a [`Feature`].
    FeatureFlags {
        /// It gives no value.
        OFF = 1,
    }
    /// The flags of a [`FeatureRule`].
    FeatureRuleFlags {
        /// It gives [`FeatureRule::force`].
        FORCES = 1,
    }
    /// The flags of a [`Prerequisite`].
    PrerequisiteFlags {
        /// If it is not met, the whole feature gives no value; otherwise only the rule is skipped.
        GATE = 1,
    }
    /// The flags of a [`Rollout`].
    RolloutFlags {
        /// Kept assignments and the fallback attribute are ignored.
        NEVER_STICKY = 1,
        /// The end of the range is part of it.
        INCLUSIVE = 2,
    }
    /// The flags of a [`FeatureExperiment`].
    FeatureExperimentFlags {
        /// Kept assignments and the fallback attribute are ignored.
        NEVER_STICKY = 1,
        /// It assigns nobody, but a variation can be forced.
        DRAFT = 2,
        /// It has ended.
        STOPPED = 4,
        /// Every subject in it gets [`FeatureExperiment::forced`].
        FORCED = 8,
    }
    /// The flags of a [`FeatureVariation`].
    FeatureVariationFlags {
        /// [`FeatureVariation::key`] was given, so assignments can be kept.
        KEYED = 1,
        /// Its subjects continue with the next rule.
        PASSTHROUGH = 2,
    }
    /// The flags of an [`Audience`].
    AudienceFlags {
        /// The page must match [`Audience::urls`].
        BY_URL = 1,
    }
    /// The flags of a [`UrlPattern`].
    UrlPatternFlags {
        /// Pages that match are excluded.
        EXCLUDES = 1,
        /// [`UrlPattern::path`] is tested on the whole URL.
        WHOLE_URL = 2,
    }
    /// The flags of an [`AutoExperiment`].
    AutoExperimentFlags {
        /// Some variation is another page.
        REDIRECT = 1,
        /// It runs only when it is triggered.
        MANUAL = 2,
        /// The other page gets the query string of this one.
        PERSIST_QUERY = 4,
    }
}

tables! {
    /// A value that rules choose.
    ///
    /// INVARIANT: the rows are sorted by the string of `key`, because features are found by binary search.
    31 Feature {
        /// The key.
        key: Id<Text>,
        /// The value if no rule gives one.
        default: Option<Id<Constant>>,
        /// The rules; the first one that gives a value counts.
        rules: Span<FeatureRule>,
        /// Whether it gives a value.
        flags: FeatureFlags,
    }
    /// A rule of a feature.
    32 FeatureRule {
        /// The id, or an empty string.
        id: Id<Text>,
        /// Whether it forces a value.
        flags: FeatureRuleFlags,
        /// The prerequisites.
        prerequisites: Span<Prerequisite>,
        /// The splits that the subject must be in.
        filters: Span<Filter>,
        /// A condition on subjects for whom a value is forced.
        when: Option<Id<Node>>,
        /// The forced value.
        force: Option<Id<Constant>>,
        /// The share of subjects for whom it is forced.
        rollout: Option<Id<Rollout>>,
        /// The experiment that gives a value.
        experiment: Option<Id<FeatureExperiment>>,
        /// Experiments that ran elsewhere and count as seen, as JSON.
        tracks: Option<Id<Text>>,
    }
    /// A condition on the value of another feature.
    33 Prerequisite {
        /// The key of the feature.
        feature: Id<Text>,
        /// The effect of a prerequisite that is not met.
        flags: PrerequisiteFlags,
        /// A condition on `{"value": ...}`.
        when: Id<Node>,
    }
    /// A split that a subject must be in.
    34 Filter {
        /// The attribute that is hashed.
        unit: Id<Attribute>,
        /// The seed that is hashed together with it.
        seed: Id<Text>,
        /// The version of the hash.
        version: u32,
        /// The buckets that are part of it.
        ranges: Span<Buckets>,
    }
    /// Consecutive buckets.
    35 Buckets {
        /// The first bucket, from 0 to 1.
        from: f64,
        /// The end, which is not part of them.
        to: f64,
    }
    /// A share of subjects.
    36 Rollout {
        /// The seed that is hashed together with the unit.
        seed: Id<Text>,
        /// The attribute that is hashed.
        unit: Id<Attribute>,
        /// The attribute that is hashed if the unit is missing.
        fallback: Option<Id<Attribute>>,
        /// The version of the hash.
        version: u32,
        /// The first bucket, from 0 to 1.
        from: f64,
        /// The end of the buckets.
        to: f64,
        /// How kept assignments and the end of the range count.
        flags: RolloutFlags,
    }
    /// An experiment of a feature, or one that pages run by themselves, as in GrowthBook.
    37 FeatureExperiment {
        /// The key.
        key: Id<Text>,
        /// The seed that is hashed together with the unit.
        seed: Id<Text>,
        /// The attribute that is hashed.
        unit: Id<Attribute>,
        /// The attribute that is hashed if the unit is missing.
        fallback: Option<Id<Attribute>>,
        /// The state of the experiment.
        flags: FeatureExperimentFlags,
        /// The version of the hash.
        version: u32,
        /// The version of assignments: changing it assigns everybody anew.
        bucket_version: u32,
        /// The least version whose assignments count: subjects assigned under an earlier one are left out.
        min_bucket_version: u32,
        /// The variations.
        variations: Span<FeatureVariation>,
        /// The buckets of each variation.
        ranges: Span<Buckets>,
        /// The bandit that chooses between sets of weights.
        bandit: Option<Id<Bandit>>,
        /// The subjects who may be in it.
        audience: Id<Audience>,
        /// The experiment as it was written in the rules, as JSON.
        definition: Id<Text>,
        /// The number of the variation that every subject in it gets.
        forced: u32,
    }
    /// The subjects who may be in an experiment.
    38 Audience {
        /// Whether pages are tested.
        flags: AudienceFlags,
        /// A condition on the subject.
        when: Option<Id<Node>>,
        /// The splits that the subject must be in.
        filters: Span<Filter>,
        /// The seed of the namespace.
        namespace: Option<Id<Text>>,
        /// The first bucket of the namespace, from 0 to 1.
        from: f64,
        /// The end of its buckets, which is not part of it.
        to: f64,
        /// The prerequisites.
        prerequisites: Span<Prerequisite>,
        /// The pages.
        urls: Span<UrlPattern>,
    }
    /// A variation of an experiment.
    39 FeatureVariation {
        /// The value.
        value: Id<Constant>,
        /// The key.
        key: Id<Text>,
        /// The name.
        name: Option<Id<Text>>,
        /// How assignments to it are kept and used.
        flags: FeatureVariationFlags,
    }
    /// Weights that depend on the subject.
    40 Bandit {
        /// The sets of weights; the first one whose condition holds counts.
        leaves: Span<Leaf>,
        /// The weights if none holds, as JSON.
        weights: Id<Text>,
        /// The version, as JSON.
        version: Option<Id<Text>>,
    }
    /// Weights for some subjects.
    41 Leaf {
        /// A condition on the subject.
        when: Id<Node>,
        /// The id, as JSON.
        id: Id<Text>,
        /// The weights, as JSON.
        weights: Id<Text>,
        /// The buckets of each variation.
        ranges: Span<Buckets>,
    }
    /// A pattern of URLs.
    42 UrlPattern {
        /// The effect of a match, and what `path` is tested on.
        flags: UrlPatternFlags,
        /// The host with its port.
        host: Option<Id<Regex>>,
        /// The path, or the whole URL.
        path: Id<Regex>,
        /// The fragment with its `#`.
        hash: Option<Id<Regex>>,
        /// The parameters of the query.
        params: Span<UrlParam>,
    }
    /// A parameter in a pattern of URLs.
    43 UrlParam {
        /// The name.
        name: Id<Text>,
        /// The value.
        value: Id<Regex>,
    }
    /// An experiment that pages run by themselves.
    44 AutoExperiment {
        /// The id.
        id: Id<Text>,
        /// The experiment.
        experiment: Id<FeatureExperiment>,
        /// How it runs.
        flags: AutoExperimentFlags,
    }
}
