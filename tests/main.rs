//! The integration tests of the core in one crate, so that it is linked once.
#![cfg(test)]
#![allow(clippy::string_slice, clippy::arithmetic_side_effects, reason = "tests fail by panicking")]

mod account_journeys;
mod arbitration;
mod behaviour;
mod buckets;
mod candidate_index;
mod canonical;
mod claims;
mod clock;
mod condition_properties;
#[path = "support/conformance.rs"]
mod conformance;
mod contacts;
mod critical;
mod docs;
mod features;
mod fuzz;
mod generate;
mod growthbook;
mod growthbook_cases;
mod identity;
mod journey;
mod journey_model;
mod laws;
mod lint;
mod model;
mod plan_check;
mod public_api;
mod reasons;
mod reference;
mod send_model;
mod story;
mod support;
mod templates;
mod token;
mod token_confusion;
mod token_properties;
mod token_vectors;
mod values_of_facts;
mod why_not;
