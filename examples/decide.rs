//! The core as a library: rules are compiled and loaded, then one request is decided and explained.
//!
//! `cargo run --example decide`
#![allow(clippy::print_stdout, reason = "an example")]

use throughline::{Facts, Plan, decide, explain};
use throughline_compiler::{Options, Source, compile};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sources = [Source::new("rules.yaml", include_str!("rules.yaml"))];
    let compiled = compile(&sources, Options::default());
    let plans = compiled.plans.as_ref().ok_or_else(|| compiled.render(&sources, false))?;
    let plan = Plan::load(&plans.edge)?;

    // A host sets the time and the request. The profile comes from the collector or from a token.
    let facts = Facts::from_json(
        r#"{
            "now": 1760000000000,
            "profile": { "subject": "p1", "traits": { "firstName": ["Ann", 1750000000000, 1] } },
            "request": { "attributes": { "path": "/" } },
            "events": [ { "type": "track", "id": "m1", "at": 1759999000000, "event": "Guide Downloaded" } ]
        }"#,
    )?;

    let decision = decide(&plan, &facts);
    for (slot, fill) in decision.slots.iter() {
        println!("{slot}: {} (campaign {})", fill.content.body, fill.campaign);
    }
    println!("decided for the path, the profile and the events by this trace:");
    println!("{}", explain(&plan, &facts).to_json());
    Ok(())
}
