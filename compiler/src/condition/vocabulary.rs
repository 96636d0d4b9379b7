//! The names that conditions may refer to.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use throughline::Value;

use crate::source::tree::Node;

/// The names that conditions may refer to.
#[derive(Clone, Debug)]
pub struct Vocabulary<'a> {
    /// The declared attributes, by name.
    pub attributes: BTreeMap<&'a str, KnownAttribute>,
    /// The ids of the segments.
    pub segments: BTreeSet<&'a str>,
    /// The segments that are stages, in their order.
    pub stages: Vec<&'a str>,
    /// The ids of the steps of each journey, by its id.
    pub journeys: BTreeMap<&'a str, Vec<&'a str>>,
    /// The purposes that policies and channels name; empty if any purpose is allowed.
    pub purposes: BTreeSet<&'a str>,
    /// The saved groups, by name.
    pub groups: BTreeMap<&'a str, KnownGroup<'a>>,
    /// The ids of the places.
    pub places: BTreeSet<&'a str>,
    /// The zone of times that name none.
    pub zone: TimeZone,
}

/// An attribute as conditions see it.
#[derive(Clone, Debug)]
pub struct KnownAttribute {
    /// Its declared type, such as `string`.
    pub kind: &'static str,
    /// The only values that it has; empty for any.
    pub values: Vec<String>,
}

/// A saved group as conditions see it.
#[derive(Clone, Debug, PartialEq)]
pub enum KnownGroup<'a> {
    /// Values without an attribute.
    Values(Vec<Value>),
    /// Values of an attribute; without one, the condition names it.
    List {
        /// The attribute.
        attribute: Option<&'a str>,
        /// The values.
        values: Vec<Value>,
    },
    /// Everybody who satisfies a condition.
    Condition(&'a Node),
}

/// The language of a condition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// The rules' own: mistakes are errors, and there are operators for segments, events, time, consent and journeys.
    #[default]
    Rules,
    /// GrowthBook's: where its SDKs say false, so does the plan, and the mistake is a warning. Only its own operators.
    GrowthBook,
}

impl Default for Vocabulary<'_> {
    fn default() -> Self {
        Self {
            attributes: BTreeMap::new(),
            segments: BTreeSet::new(),
            stages: Vec::new(),
            journeys: BTreeMap::new(),
            purposes: BTreeSet::new(),
            groups: BTreeMap::new(),
            places: BTreeSet::new(),
            zone: TimeZone::UTC,
        }
    }
}

impl Vocabulary<'_> {
    /// Returns the declared attribute that a path begins with, the longest if there are several: its name, the rest of the
    /// path, and the attribute.
    pub(super) fn attribute<'p>(&self, path: &'p str) -> Option<(&'p str, Option<&'p str>, &KnownAttribute)> {
        let whole = self.attributes.get(path).map(|known| (path, None, known));
        whole.or_else(|| {
            path.rmatch_indices('.').find_map(|(dot, _)| {
                let (name, rest) = path.split_at_checked(dot)?;
                Some((name, rest.strip_prefix('.'), self.attributes.get(name)?))
            })
        })
    }
}
