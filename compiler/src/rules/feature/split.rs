//! Splits by a hash: rollouts, filters and ranges of buckets.

use super::{ANY, Dialect, present, text};
use crate::source::cursor::{Cursor, Fields, ReadContext, Reference};
use crate::source::tree::Kind;

/// A split that a subject must be in.
#[derive(Clone, Debug)]
pub struct Filter<'a> {
    /// The attribute that is hashed; `None` for `id`.
    pub unit: Option<Reference<'a>>,
    /// The seed that is hashed together with it.
    pub seed: &'a str,
    /// The version of the hash.
    pub version: u32,
    /// The ranges of buckets that are in.
    pub ranges: Vec<(f64, f64)>,
}

/// A rollout: the share of subjects for whom a value is forced.
#[derive(Clone, Debug)]
pub struct Rollout<'a> {
    /// The seed that is hashed together with the unit; `None` for the feature's key.
    pub seed: Option<&'a str>,
    /// The attribute that is hashed; `None` for `id`.
    pub unit: Option<Reference<'a>>,
    /// The attribute that is hashed where the unit is missing.
    pub fallback: Option<Reference<'a>>,
    /// Whether kept assignments and the fallback are ignored.
    pub never_sticky: bool,
    /// The version of the hash.
    pub version: u32,
    /// The range of buckets that are in.
    pub range: (f64, f64),
    /// Whether the end of the range is inclusive.
    pub inclusive: bool,
}

impl<'a> Rollout<'a> {
    pub(super) fn read(fields: &Fields<'a>, dialect: Dialect, out: &mut ReadContext<'_>) -> Option<Self> {
        let range = present(fields, "range").and_then(|cursor| range(&cursor, out));
        let coverage = fields.get("coverage").and_then(|cursor| coverage(&cursor, dialect, out));
        let (range, inclusive) = match (range, coverage) {
            (Some(range), _) => (range, false),
            // Excludes everybody, even those in bucket 0.
            (None, Some(0.0)) if fields.get("coverage").is_some_and(|cursor| !cursor.is_null()) => ((0.0, 0.0), false),
            (None, Some(coverage)) => ((0.0, coverage), true),
            (None, None) => return None,
        };
        Some(Self {
            seed: text(fields, "seed", out),
            unit: unit(fields, "hashAttribute", out),
            fallback: unit(fields, "fallbackAttribute", out),
            never_sticky: super::truthy(fields, "disableStickyBucketing"),
            version: hash_version(fields, 1, dialect, out),
            range,
            inclusive,
        })
    }

    pub(super) fn units(&self) -> impl Iterator<Item = &Reference<'a>> {
        self.unit.iter().chain(&self.fallback)
    }
}

/// Reads the splits that a subject must be in; `None` if there is no such key.
pub(super) fn filters<'a>(fields: &Fields<'a>, dialect: Dialect, out: &mut ReadContext<'_>) -> Option<Vec<Filter<'a>>> {
    let list = present(fields, "filters")?.list(out);
    let read = |cursor: Cursor<'a>| {
        let fields = cursor.fields(&["attribute", "seed", "hashVersion", "ranges"], out);
        Some(Filter {
            unit: unit(&fields, "attribute", out),
            seed: match &fields.required("seed", out)?.node.kind {
                Kind::String(seed) => seed,
                _ => fields.get("seed")?.text(out)?,
            },
            version: hash_version(&fields, 2, dialect, out),
            ranges: ranges(&fields.required("ranges", out)?, out),
        })
    };
    Some(list.into_iter().filter_map(read).collect())
}

/// Reads the ranges of buckets of a list.
pub(super) fn ranges(cursor: &Cursor<'_>, out: &mut ReadContext<'_>) -> Vec<(f64, f64)> {
    cursor.list(out).iter().filter_map(|cursor| range(cursor, out)).collect()
}

fn range(cursor: &Cursor<'_>, out: &mut ReadContext<'_>) -> Option<(f64, f64)> {
    let numbers = super::numbers(cursor, out);
    match numbers.as_slice() {
        [from, to] => Some((*from, *to)),
        _ => {
            cursor.error("range", "not a range of buckets", out).expected("two numbers, such as `[0, 0.5]`");
            None
        }
    }
}

/// Reads a share, which rules limit to 0..=1. GrowthBook's dialect accepts any number, and `null` for zero.
pub(super) fn coverage(cursor: &Cursor<'_>, dialect: Dialect, out: &mut ReadContext<'_>) -> Option<f64> {
    match dialect {
        Dialect::Rules => cursor.number(0.0..=1.0, out),
        Dialect::GrowthBook if cursor.is_null() => Some(0.0),
        Dialect::GrowthBook => cursor.number(ANY, out),
    }
}

/// Reads the version of the hash: 1 or 2, or zero for one that GrowthBook does not know either.
pub(super) fn hash_version(fields: &Fields<'_>, default: u32, dialect: Dialect, out: &mut ReadContext<'_>) -> u32 {
    let Some(cursor) = present(fields, "hashVersion") else { return default };
    if dialect == Dialect::Rules {
        return cursor.integer(1..=2, out).unwrap_or(default);
    }
    match cursor.number(ANY, out) {
        Some(0.0) | None => default,
        Some(1.0) => 1,
        Some(2.0) => 2,
        Some(other) => {
            cursor.warning("hash-version", format!("unknown hash version {other}, so nobody is included"), out);
            0
        }
    }
}

/// Reads the name of an attribute that is hashed.
pub(super) fn unit<'a>(fields: &Fields<'a>, name: &str, out: &mut ReadContext<'_>) -> Option<Reference<'a>> {
    text(fields, name, out)?;
    fields.get(name)?.reference(out)
}
