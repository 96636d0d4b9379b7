//! Features and experiments in GrowthBook's words.

use super::{Attribute, Constant, Node, Regex, Text};
use crate::plan::row::{Id, Span, tables};
use crate::prelude::*;

/// [`Feature::flags`]: gives no value.
pub const FEATURE_OFF: u32 = 1;
/// [`FeatureRule::flags`]: gives [`FeatureRule::force`].
pub const FORCES: u32 = 1;
/// [`Prerequisite::flags`]: without it the whole feature gives nothing.
pub const GATE: u32 = 1;
/// [`Rollout::flags`] and [`FeatureExperiment::flags`]: kept assignments and the fallback attribute do not count.
pub const NEVER_STICKY: u32 = 1;
/// [`Rollout::flags`]: the end of the range belongs to it.
pub const INCLUSIVE: u32 = 2;
/// [`FeatureExperiment::flags`]: assigns nobody, but can be forced.
pub const DRAFT: u32 = 2;
/// [`FeatureExperiment::flags`]: has ended.
pub const STOPPED: u32 = 4;
/// [`FeatureExperiment::flags`]: who is in it gets [`FeatureExperiment::forced`].
pub const FORCED: u32 = 8;
/// [`Arm::flags`]: [`Arm::key`] was given, so assignments can be kept.
pub const KEYED: u32 = 1;
/// [`Arm::flags`]: who is here goes on to the next rule.
pub const PASSTHROUGH: u32 = 2;
/// [`Audience::flags`]: the page must be among [`Audience::urls`].
pub const BY_URL: u32 = 1;
/// [`UrlPattern::flags`]: pages that match are out.
pub const EXCLUDES: u32 = 1;
/// [`UrlPattern::flags`]: [`UrlPattern::path`] is tested on the whole URL.
pub const WHOLE_URL: u32 = 2;
/// [`AutoExperiment::flags`]: some variation is another page.
pub const REDIRECT: u32 = 1;
/// [`AutoExperiment::flags`]: runs only when it is asked for.
pub const MANUAL: u32 = 2;
/// [`AutoExperiment::flags`]: the other page gets the query string of this one.
pub const PERSIST_QUERY: u32 = 4;

tables! {
    /// A value that rules choose; the rows are sorted by the text of `key`.
    31 Feature {
        /// Its key.
        key: Id<Text>,
        /// The value where no rule gives one.
        default: Option<Id<Constant>>,
        /// Its rules; the first one that gives a value counts.
        rules: Span<FeatureRule>,
        /// Flags: [`FEATURE_OFF`].
        flags: u32,
    }
    /// A rule of a feature.
    32 FeatureRule {
        /// Its id, or an empty text.
        id: Id<Text>,
        /// Flags: [`FORCES`].
        flags: u32,
        /// Features that must have some value.
        prerequisites: Span<Prerequisite>,
        /// Splits that the subject must be in.
        filters: Span<Filter>,
        /// For whom a value is forced.
        when: Option<Id<Node>>,
        /// The forced value.
        force: Option<Id<Constant>>,
        /// The share of subjects for whom it is forced.
        rollout: Option<Id<Rollout>>,
        /// The experiment that gives a value.
        trial: Option<Id<FeatureExperiment>>,
        /// Experiments that were run elsewhere and count as seen, as JSON.
        tracks: Option<Id<Text>>,
    }
    /// What another feature must give.
    33 Prerequisite {
        /// The key of the feature.
        feature: Id<Text>,
        /// Flags: [`GATE`].
        flags: u32,
        /// A condition on `{"value": ...}`.
        when: Id<Node>,
    }
    /// A split that a subject must be in.
    34 Filter {
        /// What is hashed.
        unit: Id<Attribute>,
        /// Hashed together with it.
        seed: Id<Text>,
        /// The version of the hash.
        version: u32,
        /// The buckets that are in.
        ranges: Span<Buckets>,
    }
    /// Consecutive buckets.
    35 Buckets {
        /// From here...
        from: f64,
        /// ...to before here.
        to: f64,
    }
    /// A share of subjects.
    36 Rollout {
        /// Hashed together with the unit.
        seed: Id<Text>,
        /// What is hashed.
        unit: Id<Attribute>,
        /// What is hashed where the unit is missing.
        fallback: Option<Id<Attribute>>,
        /// The version of the hash.
        version: u32,
        /// Buckets from here...
        from: f64,
        /// ...to here.
        to: f64,
        /// Flags: [`NEVER_STICKY`], [`INCLUSIVE`].
        flags: u32,
    }
    /// An experiment of a feature, or one of its own, as GrowthBook has them.
    37 FeatureExperiment {
        /// Its key.
        key: Id<Text>,
        /// Hashed together with the unit.
        seed: Id<Text>,
        /// What is hashed.
        unit: Id<Attribute>,
        /// What is hashed where the unit is missing.
        fallback: Option<Id<Attribute>>,
        /// Flags: [`NEVER_STICKY`], [`DRAFT`], [`STOPPED`], [`FORCED`].
        flags: u32,
        /// The version of the hash.
        version: u32,
        /// Changing it assigns everybody anew.
        bucket_version: u32,
        /// Subjects assigned under an earlier version are left out.
        min_bucket_version: u32,
        /// Its variations.
        arms: Span<Arm>,
        /// The buckets of each variation.
        ranges: Span<Buckets>,
        /// What chooses between sets of weights.
        bandit: Option<Id<Bandit>>,
        /// Who may be in it.
        audience: Id<Audience>,
        /// The experiment as it was written, as JSON.
        definition: Id<Text>,
        /// The number of the variation that everybody in it gets.
        forced: u32,
    }
    /// Who may be in a trial.
    38 Audience {
        /// Flags: [`BY_URL`].
        flags: u32,
        /// For whom.
        when: Option<Id<Node>>,
        /// Splits that the subject must be in.
        filters: Span<Filter>,
        /// The seed of the namespace.
        namespace: Option<Id<Text>>,
        /// Buckets of the namespace from here...
        from: f64,
        /// ...to before here.
        to: f64,
        /// Features that must have some value.
        prerequisites: Span<Prerequisite>,
        /// The pages.
        urls: Span<UrlPattern>,
    }
    /// A variation of a trial.
    39 Arm {
        /// Its value.
        value: Id<Constant>,
        /// Its key.
        key: Id<Text>,
        /// Its name.
        name: Option<Id<Text>>,
        /// Flags: [`KEYED`], [`PASSTHROUGH`].
        flags: u32,
    }
    /// Weights that depend on the subject.
    40 Bandit {
        /// The sets of weights; the first one whose condition holds counts.
        leaves: Span<Leaf>,
        /// The weights where none holds, as JSON.
        weights: Id<Text>,
        /// Its version, as JSON.
        version: Option<Id<Text>>,
    }
    /// Weights for some subjects.
    41 Leaf {
        /// For whom.
        when: Id<Node>,
        /// Its id, as JSON.
        id: Id<Text>,
        /// The weights, as JSON.
        weights: Id<Text>,
        /// The buckets of each variation.
        ranges: Span<Buckets>,
    }
    /// A pattern of URLs.
    42 UrlPattern {
        /// Flags: [`EXCLUDES`], [`WHOLE_URL`].
        flags: u32,
        /// The host with its port.
        host: Option<Id<Regex>>,
        /// The path, or the whole URL.
        path: Id<Regex>,
        /// The fragment with its `#`.
        hash: Option<Id<Regex>>,
        /// Parameters of the query.
        params: Span<UrlParam>,
    }
    /// A parameter in a pattern of URLs.
    43 UrlParam {
        /// Its name.
        name: Id<Text>,
        /// Its value.
        value: Id<Regex>,
    }
    /// An experiment that pages run by themselves.
    44 AutoExperiment {
        /// Its id.
        id: Id<Text>,
        /// What it splits.
        trial: Id<FeatureExperiment>,
        /// Flags: [`REDIRECT`], [`MANUAL`], [`PERSIST_QUERY`].
        flags: u32,
    }
}
