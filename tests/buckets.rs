//! Buckets: frozen vectors, and GrowthBook's conformance cases.

use crate::conformance;

use throughline::Value;
use throughline::bucket::{bucket, choose, equal_weights, in_range, ranges};

/// Checks frozen vectors. A change moves people between the variations of running experiments: a new major version,
/// at least.
#[test]
fn buckets_are_frozen() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("vectors/buckets.json")).unwrap();
    assert_eq!(vectors.len(), 63);
    for vector in &vectors {
        let text = |name: &str| vector.at([name]).as_str().unwrap();
        for (version, name) in [(1, "v1"), (2, "v2")] {
            let found = bucket(text("seed"), text("value"), version);
            assert_eq!(found, vector.at([name]).as_f64(), "{vector:?}");
        }
    }
}

/// Checks non-ASCII strings: a hash over UTF-8 bytes passes GrowthBook's cases and fails these.
#[test]
fn hashes_run_over_utf16_code_units() {
    let vectors = [
        ("exp", "é", 0.875, 0.976),
        ("exp", "日本", 0.283, 0.6896),
        ("exp", "😀", 0.655, 0.7506),
        ("exp", "straße", 0.106, 0.3679),
        ("tést", "user-1", 0.26, 0.9985),
    ];
    for (seed, value, v1, v2) in vectors {
        assert_eq!((bucket(seed, value, 1), bucket(seed, value, 2)), (Some(v1), Some(v2)), "{seed}, {value}");
    }
}

#[test]
fn hash_as_in_growthbook() {
    for case in cases("hash") {
        let [seed, value, version, expected] = parts(&case);
        let version = version.as_f64().unwrap();
        let version = if version == 1.0 {
            1
        } else if version == 2.0 {
            2
        } else {
            99
        };
        assert_eq!(bucket(seed.as_str().unwrap(), value.as_str().unwrap(), version), expected.as_f64(), "{case:?}");
    }
}

#[test]
fn ranges_as_in_growthbook() {
    for case in cases("getBucketRange") {
        let [_, input, expected] = parts(&case);
        let [variations, coverage, weights] = parts(input);
        let weights = weights.as_list().map(numbers);
        let found = ranges(size(variations), coverage.as_f64().unwrap(), weights.as_deref());
        let rounded = |(from, to): &(f64, f64)| [from, to].map(|edge| (edge * 1e6).round() / 1e6).to_vec();
        let expected: Vec<_> =
            expected.as_list().unwrap().iter().map(|range| numbers(range.as_list().unwrap())).collect();
        assert_eq!(found.iter().map(rounded).collect::<Vec<_>>(), expected, "{case:?}");
    }
}

#[test]
fn variations_are_chosen_as_in_growthbook() {
    for case in cases("chooseVariation") {
        let [_, bucket, ranges, expected] = parts(&case);
        let ranges = ranges.as_list().unwrap().iter().map(pair);
        let expected = expected.as_f64().filter(|index| *index >= 0.0);
        assert_eq!(choose(bucket.as_f64().unwrap(), ranges).map(|index| index as f64), expected, "{case:?}");
    }
}

#[test]
fn equal_weights_as_in_growthbook() {
    for case in cases("getEqualWeights") {
        let [variations, expected] = parts(&case);
        assert_eq!(equal_weights(size(variations)), numbers(expected.as_list().unwrap()), "{case:?}");
    }
}

#[test]
fn namespaces_as_in_growthbook() {
    for case in cases("inNamespace") {
        let [_, value, namespace, expected] = parts(&case);
        let [id, from, to] = parts(namespace);
        let found = bucket(&format!("__{}", id.as_str().unwrap()), value.as_str().unwrap(), 1).unwrap();
        let is_in = in_range(found, (from.as_f64().unwrap(), to.as_f64().unwrap()));
        assert_eq!(&Value::Bool(is_in), expected, "{case:?}");
    }
}

/// Checks that raising the coverage moves nobody out, nor from one variation to another.
#[test]
fn coverage_only_adds() {
    for variations in 1..6 {
        for step in 0..100 {
            let (low, high) = (f64::from(step) / 100.0, f64::from(step + 1) / 100.0);
            let (low, high) = (ranges(variations, low, None), ranges(variations, high, None));
            for (before, after) in low.iter().zip(&high) {
                assert_eq!(before.0, after.0);
                assert!(before.1 <= after.1);
            }
        }
    }
}

/// Returns the cases of a section, none if the test is to be skipped.
#[track_caller]
fn cases(section: &str) -> Vec<Value> {
    let Some(text) = conformance::text("growthbook/cases.json") else { return Vec::new() };
    let all: Value = serde_json::from_str(&text).unwrap();
    let cases = all.at([section]).as_list().unwrap().to_vec();
    assert!(!cases.is_empty());
    println!("{section}: {} cases", cases.len());
    cases
}

trait AsList {
    fn as_list(&self) -> Option<&[Value]>;
}

impl AsList for Value {
    fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }
}

fn parts<const N: usize>(list: &Value) -> &[Value; N] {
    list.as_list().unwrap().try_into().unwrap()
}

fn numbers(list: &[Value]) -> Vec<f64> {
    list.iter().map(|item| item.as_f64().unwrap()).collect()
}

fn pair(range: &Value) -> (f64, f64) {
    let [from, to] = parts(range);
    (from.as_f64().unwrap(), to.as_f64().unwrap())
}

/// Returns a number of variations, which is not negative.
fn size(number: &Value) -> usize {
    number.as_f64().unwrap().max(0.0) as usize
}
