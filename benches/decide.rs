//! Native benches of the core: decisions with growing numbers of campaigns and slots, and loading a plan.
//!
//! `cargo bench --bench decide` suffices for work on the core: criterion prints the changes since the last
//! run.
//! `make bench` compares the medians with the budgets and with those of the other hosts
//! (`benches/native.mjs`).
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a tool for developers; criterion's macros make functions without documentation"
)]

mod case;

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use throughline::{Facts, Plan, decide, explain};

use case::{case, edge_plan, rules};

criterion_group! {
    name = benches;
    config = Criterion::default().without_plots().sample_size(50).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = more_campaigns, more_slots, around_a_decision, load
}
criterion_main!(benches);

fn more_campaigns(criterion: &mut Criterion) {
    for campaigns in [10, 100, 1_000, 10_000, 100_000] {
        let (plan, facts) = case(campaigns, 1);
        let id = BenchmarkId::new("campaigns", campaigns);
        criterion.benchmark_group("decide").bench_function(id, |bench| bench.iter(|| decide(&plan, &facts)));
    }
}

fn more_slots(criterion: &mut Criterion) {
    for slots in [10, 100] {
        let (plan, facts) = case(1_000, slots);
        let id = BenchmarkId::new("slots", slots);
        criterion.benchmark_group("decide").bench_function(id, |bench| bench.iter(|| decide(&plan, &facts)));
    }
}

/// Measures, with a hundred campaigns, facts and decision as JSON, and an explanation.
fn around_a_decision(criterion: &mut Criterion) {
    let (plan, facts) = case(100, 1);
    let text = case::facts().to_string();
    let mut group = criterion.benchmark_group("decide");
    group.bench_function("json", |bench| {
        bench.iter(|| decide(&plan, &Facts::from_json(&text).unwrap()).to_json());
    });
    group.bench_function("explain", |bench| bench.iter(|| explain(&plan, &facts)));
}

fn load(criterion: &mut Criterion) {
    let plan = edge_plan(&rules(1_000, 1));
    criterion.bench_function("load", |bench| bench.iter(|| Plan::load(&plan).unwrap()));
}
