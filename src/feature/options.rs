//! What a host says about an evaluation.

use crate::collections::SortedMap;
use crate::json::Object;
use crate::json::codec::json_codec;
use crate::prelude::*;

/// What a host says about the evaluation of features; nothing of it may come from somebody whom the host does not trust.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EvaluationOptions {
    /// The page; none for the request's attribute `url`.
    pub url: Option<String>,
    /// No experiment assigns anybody.
    pub disabled: bool,
    /// Only forced variations count: for testers.
    pub qa_mode: bool,
    /// Numbers of variations by the key of their experiment.
    pub forced_variations: Object,
    /// Values by the key of their feature.
    pub forced_features: Object,
    /// The query string of the page may force variations: `?experiment-key=1`.
    pub query_overrides: bool,
    /// The documents of kept assignments, by their keys; none where assignments are not kept.
    pub sticky_buckets: Option<SortedMap<StickyDoc>>,
}

/// Kept assignments of one value of one attribute, in GrowthBook's form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StickyDoc {
    /// The attribute's name.
    pub attribute_name: String,
    /// The attribute's value.
    pub attribute_value: String,
    /// Keys of variations by `key of the experiment__version of the buckets`.
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
    /// The key under which the document is kept.
    #[must_use]
    pub fn key(&self) -> String {
        sticky_key(&self.attribute_name, &self.attribute_value)
    }
}

/// The key of the document of an attribute's value.
pub(super) fn sticky_key(name: &str, value: &str) -> String {
    format!("{name}||{value}")
}
