//! Experiments: randomised splits with GrowthBook's hashing and keys.

use crate::condition::When;
use crate::rules::exclusion::Exclusion;
use crate::rules::{Definition, Rules};
use crate::source::cursor::{Cursor, Fields, ReadContext, Reference};

/// The tolerance for the sum of weights. GrowthBook silently splits evenly if the sum differs from 1 by more,
/// so the compiler rejects it.
const TOLERANCE: f64 = 0.01;

/// A randomised split.
#[derive(Clone, Debug)]
pub struct Experiment<'a> {
    /// The seed that is hashed together with the unit; `None` for the id.
    pub seed: Option<&'a str>,
    /// The attribute that is the unit; `None` for the subject.
    pub unit: Option<Reference<'a>>,
    /// Whether the first assignment is kept.
    pub sticky: bool,
    /// Whether it assigns subjects.
    pub active: bool,
    /// The condition on subjects.
    pub when: Option<When<'a>>,
    /// The version of the assignment. A change assigns every subject anew.
    pub bucket_version: u32,
    /// The first version whose subjects take part. Those assigned under an earlier version are excluded.
    pub min_bucket_version: u32,
    /// Its range in an exclusion group.
    pub exclusion: Option<Exclusion<'a>>,
    /// The share of units that take part.
    pub coverage: f64,
    /// The variations with their weights.
    pub variations: Vec<(&'a str, f64)>,
}

impl<'a> Definition<'a> for Experiment<'a> {
    const NOUN: &'static str = "experiment";

    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Self {
        let known = [
            "unit",
            "seed",
            "hashVersion",
            "coverage",
            "variations",
            "sticky",
            "bucketVersion",
            "minBucketVersion",
            "exclusion",
            "when",
            "active",
            "description",
        ];
        let fields = cursor.fields(&known, out);
        hash_version(&fields, out);
        let mut version = |name| fields.get(name).and_then(|cursor| cursor.integer(0..=u32::MAX, out)).unwrap_or(0);
        let [bucket_version, min_bucket_version] = ["bucketVersion", "minBucketVersion"].map(&mut version);
        Self {
            seed: fields.get("seed").and_then(|cursor| cursor.text(out)),
            unit: fields.get("unit").and_then(|cursor| cursor.reference(out)),
            sticky: fields.flag("sticky", true, out),
            active: fields.flag("active", true, out),
            when: fields.get("when").map(When::new),
            bucket_version,
            min_bucket_version,
            exclusion: Exclusion::read(&fields, out),
            coverage: fields.get("coverage").and_then(|cursor| cursor.number(0.0..=1.0, out)).unwrap_or(1.0),
            variations: variations(&fields, out),
        }
    }
}

impl Experiment<'_> {
    /// Reports a unit that is not declared, or that a decision cannot read.
    pub fn check(&self, rules: &Rules<'_>, out: &mut ReadContext<'_>) {
        rules.check_unit(self.unit.as_ref(), "an experiment", out);
    }

    /// Returns each variation with its range of buckets: inclusive start, exclusive end.
    pub fn ranges(&self) -> impl Iterator<Item = (&str, f64, f64)> {
        let mut start = 0.0;
        self.variations.iter().map(move |(id, weight)| {
            let from = start;
            start += weight;
            (*id, from, from + self.coverage * weight)
        })
    }
}

fn hash_version(fields: &Fields<'_>, out: &mut ReadContext<'_>) {
    if let Some(cursor) = fields.get("hashVersion") {
        cursor.integer(2..=2, out);
    }
}

fn variations<'a>(fields: &Fields<'a>, out: &mut ReadContext<'_>) -> Vec<(&'a str, f64)> {
    let Some(cursor) = fields.required("variations", out) else { return Vec::new() };
    let mut found: Vec<(&'a str, Option<f64>)> = Vec::new();
    for item in cursor.list(out) {
        let item = item.fields(&["id", "weight"], out);
        let weight = item.get("weight").and_then(|cursor| cursor.number(0.0..=1.0, out));
        let Some(id) = item.required("id", out).and_then(|cursor| cursor.reference(out)) else { continue };
        if found.iter().any(|(known, _)| *known == id.name) {
            id.cursor.error("duplicate-id", format!("variation `{}` is defined twice", id.name), out);
        }
        found.push((id.name, weight));
    }
    if found.len() < 2 {
        cursor
            .error("variations", "an experiment with fewer than two variations compares nothing", out)
            .expected("at least two variations");
    }
    weigh(&cursor, &found, out)
}

/// Returns the variations with their weights, which are equal if none is given.
#[expect(clippy::cast_precision_loss, reason = "nobody writes 2^53 variations")]
fn weigh<'a>(cursor: &Cursor<'_>, found: &[(&'a str, Option<f64>)], out: &mut ReadContext<'_>) -> Vec<(&'a str, f64)> {
    let even = 1.0 / found.len().max(1) as f64;
    let given = found.iter().filter(|(_, weight)| weight.is_some()).count();
    let sum: f64 = found.iter().filter_map(|(_, weight)| *weight).sum();
    if given > 0 && given < found.len() {
        cursor
            .error("weights", "some variations have a weight and others do not", out)
            .expected("a weight for every variation, or for none");
    } else if given > 0 && (sum - 1.0).abs() > TOLERANCE {
        cursor.error("weights", format!("the weights add up to {sum}"), out).expected("1");
    }
    found.iter().map(|(id, weight)| (*id, weight.unwrap_or(even))).collect()
}
