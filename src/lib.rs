//! Throughline: one decision core for every channel.
//!
//! [`decide`] turns a signed [`Plan`] and the [`Facts`] of one request into a [`Decision`]: the content of each slot, the
//! next action, what to record, and why. [`reduce`] applies an [`Event`] to a [`Profile`]. Both are pure: no clock, no
//! randomness, no I/O, and no input makes them panic. The same code runs at the edge, in browsers, in the collector and natively.

#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod account;
mod action;
mod agent;
pub mod bucket;
mod calendar;
pub mod canonical;
mod clock;
pub mod condition;
mod contact;
mod decide;
mod decimal;
mod decision;
mod derived;
mod errand;
mod event;
mod facts;
mod feature;
mod geo;
mod hash;
mod input;
mod journey;
pub mod json;
pub mod letters;
mod math;
mod memo;
mod occurrence;
mod order;
mod plain;
pub mod plan;
mod prelude;
mod profile;
mod project;
mod reason;
mod reduce;
mod rfc3339;
mod shape;
mod sorted;
mod template;
mod time;
pub mod token;
mod value;

pub use account::{Account, told, told_events};
pub use action::{Action, Letter};
pub use agent::Agent;
pub use clock::{Clock, zone_hash};
pub use contact::Contact;
pub use decide::send::Withheld;
pub use decide::{Explanation, decide, explain};
pub use decision::{Assignment, Content, Decision, Fill, NextAction};
pub use errand::Errand;
pub use event::{Event, EventError, EventKind};
pub use facts::{Consent, Facts, Request};
pub use feature::url::Url;
pub use feature::{
    Effects, Evaluation, EvaluationOptions, EvaluationReason, ExperimentRun, FeatureSource, MAX_FEATURE_DEPTH, Outcome,
    StickyDoc, evaluate, evaluate_all, run_experiments, sticky_keys,
};
pub use hash::fnv64a;
pub use input::ReadError;
pub use journey::{Advance, ENTRY_WINDOW, Waiting, advance, advance_account, authorize};
pub use occurrence::Occurrence;
pub use plan::{Plan, PlanError};
pub use profile::{Instance, InstanceStatus, Profile, Stamp, Stamped};
pub use project::DROP_ORDER;
pub use reason::Reason;
pub use reduce::reduce;
pub use shape::ShapeError;
pub use sorted::{Map, Set};
pub use time::Millis;
pub use value::{Object, Value};

/// Holds the README to its word: its Rust code is a doctest.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
