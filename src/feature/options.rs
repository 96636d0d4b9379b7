//! The options that a host sets for an evaluation.

use crate::collections::SortedMap;
use crate::json::Object;
use crate::json::codec::json_codec;
use crate::prelude::*;

/// Options for the evaluation of features.
///
/// They must not come from a sender that the host does not trust.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EvaluationOptions {
    /// The URL of the page; without it, the request's attribute `url`.
    pub url: Option<String>,
    /// Disables all experiments.
    pub disabled: bool,
    /// Only forced variations count; for testers.
    pub qa_mode: bool,
    /// Indices of variations, by the key of their experiment.
    pub forced_variations: Object,
    /// Values, by the key of their feature.
    pub forced_features: Object,
    /// Lets the query string of the page force variations: `?experiment-key=1`.
    pub query_overrides: bool,
    /// The documents of kept assignments, by their keys; `None` if assignments are not kept.
    pub sticky_buckets: Option<SortedMap<StickyDoc>>,
}

/// The kept assignments of one value of one attribute, in GrowthBook's form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StickyDoc {
    /// The attribute's name.
    pub attribute_name: String,
    /// The attribute's value.
    pub attribute_value: String,
    /// Keys of variations, by `experiment key__bucket version`.
    pub assignments: SortedMap<String>,
}

json_codec! {
    EvaluationOptions {
        url: Optional "url",
        disabled: Optional "disabled",
        qa_mode: Optional "qaMode",
        forced_variations: Optional "forcedVariations",
        forced_features: Optional "forcedFeatures",
        query_overrides: Optional "queryOverrides",
        sticky_buckets: Optional "stickyBuckets",
    }
}
json_codec! {
    StickyDoc {
        attribute_name: Required "attributeName",
        attribute_value: Optional "attributeValue",
        assignments: Optional "assignments",
    }
}

impl StickyDoc {
    /// Returns the key under which the document is stored.
    #[must_use]
    pub fn key(&self) -> String {
        sticky_key(&self.attribute_name, &self.attribute_value)
    }
}

/// Returns the key of the document for a value of an attribute.
pub(super) fn sticky_key(name: &str, value: &str) -> String {
    format!("{name}||{value}")
}
