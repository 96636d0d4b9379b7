//! Results of an evaluation, in GrowthBook's and in OpenFeature's terms.

use crate::collections::SortedMap;
use crate::feature::options::StickyDoc;
use crate::json::{Object, Value};
use crate::prelude::*;

/// The value of a feature for one subject, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The feature's key.
    pub key: String,
    /// The value; `null` if there is none.
    pub value: Value,
    /// The part of the feature that gave it.
    pub source: FeatureSource,
    /// The same in OpenFeature's terms.
    pub reason: EvaluationReason,
    /// The id of the rule that gave it, or empty.
    pub rule: String,
    /// The experiment as it was written, if one gave the value.
    pub experiment: Option<Value>,
    /// The subject's assignment in that experiment.
    pub outcome: Option<ExperimentResult>,
    /// The effects that the host has to record.
    pub effects: Effects,
}

/// A subject's assignment in an experiment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExperimentResult {
    /// The key of the variation.
    pub key: String,
    /// The key of the feature that runs the experiment, if one does.
    pub feature: Option<String>,
    /// Whether the subject is in it; if not, the other members describe the first variation.
    pub in_experiment: bool,
    /// Whether a hash or a kept assignment chose the variation.
    pub hash_used: bool,
    /// The index of the variation.
    pub variation: u32,
    /// The value of the variation.
    pub value: Value,
    /// The name of the hashed attribute.
    pub hash_attribute: String,
    /// Its value.
    pub hash_value: Value,
    /// Whether a kept assignment counted.
    pub sticky_used: bool,
    /// The name of the variation.
    pub name: Option<String>,
    /// The bucket, from 0 to 1.
    pub bucket: Option<f64>,
    /// Whether the feature continues with its next rule.
    pub passthrough: bool,
    /// The weights that a contextual bandit chose: `leafId`, `variationWeights` and `banditVersion`.
    pub bandit: Option<Object>,
}

/// The effects that a host has to record after an evaluation. The core records nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    /// Experiments that the subject is in, as `{"experiment": …, "result": …}`, without repeats.
    pub tracks: Vec<Value>,
    /// The changed documents of kept assignments, by their keys.
    pub sticky_buckets: SortedMap<StickyDoc>,
}

/// Declares an enum with a name for each variant.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_meta])* $variant,)* }

        impl $name {
            /// Returns the name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

words! {
    /// The part of a feature that gave its value, in GrowthBook's terms.
    FeatureSource {
        /// There is no such feature.
        UnknownFeature "unknownFeature",
        /// No rule gave a value.
        DefaultValue "defaultValue",
        /// A rule forced the value.
        Force "force",
        /// The host forced the value.
        Override "override",
        /// An experiment gave the value.
        Experiment "experiment",
        /// A prerequisite closes the feature.
        Prerequisite "prerequisite",
        /// The feature depends on itself.
        CyclicPrerequisite "cyclicPrerequisite",
    }
}

words! {
    /// The reason for the value of a feature, in OpenFeature's terms.
    EvaluationReason {
        /// The value is the same for everybody.
        Static "STATIC",
        /// No rule applies to this subject.
        Default "DEFAULT",
        /// A rule applies to this subject.
        TargetingMatch "TARGETING_MATCH",
        /// A hash chose the value.
        Split "SPLIT",
        /// The feature gives no value to this subject.
        Disabled "DISABLED",
        /// There is no such feature, or it depends on itself.
        Error "ERROR",
    }
}

impl Evaluation {
    /// Returns the key of the variation or the id of the rule, if either has one.
    #[must_use]
    pub fn variant(&self) -> Option<&str> {
        let name = self.outcome.as_ref().map_or(&self.rule, |outcome| &outcome.key);
        Some(name.as_str()).filter(|name| !name.is_empty())
    }

    /// Returns OpenFeature's error code, if the reason is an error.
    #[must_use]
    pub fn error_code(&self) -> Option<&'static str> {
        match (self.reason, self.source) {
            (EvaluationReason::Error, FeatureSource::UnknownFeature) => Some("FLAG_NOT_FOUND"),
            (EvaluationReason::Error, _) => Some("GENERAL"),
            _ => None,
        }
    }

    /// Returns OpenFeature's flag metadata: strings, numbers and booleans.
    #[must_use]
    pub fn flag_metadata(&self) -> Object {
        let mut out = Object::new();
        out.insert("source", self.source.name());
        if !self.rule.is_empty() {
            out.insert("ruleId", self.rule.as_str());
        }
        if let (Some(outcome), Some(experiment)) = (&self.outcome, &self.experiment) {
            out.insert("experiment", experiment.at(["key"]).clone());
            out.insert("variationId", Value::Number(f64::from(outcome.variation)));
            out.insert("hashAttribute", outcome.hash_attribute.as_str());
            if let Some(bucket) = outcome.bucket {
                out.insert("bucket", Value::Number(bucket));
            }
        }
        out
    }

    /// Returns GrowthBook's result: `value`, `on`, `off`, `source`, `ruleId`, `experiment` and `experimentResult`.
    #[must_use]
    pub fn to_growthbook(&self) -> Object {
        let on = self.is_on();
        let mut out = Object::new();
        out.insert("value", self.value.clone());
        out.insert("on", Value::Bool(on));
        out.insert("off", Value::Bool(!on));
        out.insert("source", self.source.name());
        out.insert("ruleId", self.rule.as_str());
        if let (Some(outcome), Some(experiment)) = (&self.outcome, &self.experiment) {
            out.insert("experiment", experiment.clone());
            out.insert("experimentResult", outcome.to_value());
        }
        out
    }

    /// Returns GrowthBook's result with OpenFeature's `key`, `variant`, `reason`, `errorCode` and `flagMetadata`.
    ///
    /// `tracks` and `stickyBuckets` are present if there is something to record.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut out = self.to_growthbook();
        out.insert("key", self.key.as_str());
        if let Some(variant) = self.variant() {
            out.insert("variant", variant);
        }
        out.insert("reason", self.reason.name());
        if let Some(code) = self.error_code() {
            out.insert("errorCode", code);
        }
        out.insert("flagMetadata", Value::Object(self.flag_metadata()));
        self.effects.write(&mut out);
        Value::Object(out)
    }

    /// Checks whether the value is truthy in JavaScript.
    #[must_use]
    pub fn is_on(&self) -> bool {
        crate::json::ValueRef::from(&self.value).is_truthy()
    }
}

impl ExperimentResult {
    /// Returns GrowthBook's `experimentResult`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut out = Object::new();
        out.insert("key", self.key.as_str());
        out.insert("featureId", self.feature.as_deref().map_or(Value::Null, Value::from));
        out.insert("inExperiment", Value::Bool(self.in_experiment));
        out.insert("hashUsed", Value::Bool(self.hash_used));
        out.insert("variationId", Value::Number(f64::from(self.variation)));
        out.insert("value", self.value.clone());
        out.insert("hashAttribute", self.hash_attribute.as_str());
        out.insert("hashValue", self.hash_value.clone());
        out.insert("stickyBucketUsed", Value::Bool(self.sticky_used));
        if let Some(name) = &self.name {
            out.insert("name", name.as_str());
        }
        if let Some(bucket) = self.bucket {
            out.insert("bucket", Value::Number(bucket));
        }
        if self.passthrough {
            out.insert("passthrough", Value::Bool(true));
        }
        for (name, value) in self.bandit.iter().flat_map(Object::iter) {
            out.insert(name, value.clone());
        }
        Value::Object(out)
    }
}

impl Effects {
    pub(super) fn write(&self, out: &mut Object) {
        if !self.tracks.is_empty() {
            out.insert("tracks", Value::Array(self.tracks.clone()));
        }
        if !self.sticky_buckets.is_empty() {
            let docs = self.sticky_buckets.iter().map(|(key, doc)| (key, doc.to_value()));
            out.insert("stickyBuckets", Value::Object(docs.collect()));
        }
    }
}
