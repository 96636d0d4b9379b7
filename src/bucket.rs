//! Buckets: numbers from 0 to 1 that assign subjects to the parts of a randomised split.
//!
//! The algorithm is GrowthBook's (<https://docs.growthbook.io/lib/build-your-own>), so both assign the same subjects.

use crate::prelude::*;
use crate::text::fnv::fnv32a;

/// Returns the bucket of a value under a seed, from 0 to below 1; `None` for an unknown version.
///
/// Version 2 has 10,000 buckets and no bias. Version 1 has 1,000 buckets, and exists for splits that began with it.
///
/// # Examples
/// ```
/// assert_eq!(throughline::bucket::bucket("exp", "é", 2), Some(0.976));
/// ```
#[must_use]
pub fn bucket(seed: &str, value: &str, version: u32) -> Option<f64> {
    match version {
        1 => Some(f64::from(fnv32a(&format!("{value}{seed}")) % 1000) / 1000.0),
        2 => {
            let hash = fnv32a(&format!("{seed}{value}"));
            Some(f64::from(fnv32a(&hash.to_string()) % 10_000) / 10_000.0)
        }
        _ => None,
    }
}

/// Checks whether the bucket is in the range, which includes its start and excludes its end.
#[must_use]
pub fn in_range(bucket: f64, (from, to): (f64, f64)) -> bool {
    from <= bucket && bucket < to
}

/// Returns the range of each of the weighted variations.
///
/// A variation begins where the weights of those before it end, and fills the covered share of its own weight. The
/// gaps keep their positions, so raising the coverage moves nobody to another variation.
///
/// Weights are replaced by equal ones if they do not add up to 1 (within 0.01), or if their number differs from that
/// of the variations.
#[must_use]
pub fn ranges(variations: usize, coverage: f64, weights: Option<&[f64]>) -> Vec<(f64, f64)> {
    let coverage = coverage.clamp(0.0, 1.0);
    let usable = |weights: &&[f64]| weights.len() == variations && (0.99..=1.01).contains(&weights.iter().sum::<f64>());
    let weights = weights.filter(usable).map_or_else(|| equal_weights(variations), <[f64]>::to_vec);
    let mut end = 0.0;
    let range = |weight: f64| {
        let start = end;
        end += weight;
        (start, start + coverage * weight)
    };
    weights.into_iter().map(range).collect()
}

/// Returns equal weights for a number of variations.
#[must_use]
pub fn equal_weights(variations: usize) -> Vec<f64> {
    vec![1.0 / variations as f64; variations]
}

/// Returns the index of the first range that contains the bucket.
#[must_use]
pub fn choose(bucket: f64, ranges: impl IntoIterator<Item = (f64, f64)>) -> Option<usize> {
    ranges.into_iter().position(|range| in_range(bucket, range))
}
