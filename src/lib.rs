//! Throughline: one decision core for every channel.
//!
//! [`decide`] turns a signed [`Plan`] and the [`Facts`] of one request into a [`Decision`]: the content of each slot, the
//! next action, what to record, and why. [`reduce`] applies an [`Event`] to a [`Profile`]. Both are pure: no clock, no
//! randomness, no I/O, and no input makes them panic. The same code runs at the edge, in browsers, in the collector and natively.

#![cfg_attr(not(test), no_std)]

extern crate alloc;

pub mod bucket;
mod collections;
mod condition;
mod decide;
mod decision;
mod event;
mod facts;
mod feature;
mod journey;
mod json;
pub mod keys;
mod math;
mod plan;
mod prelude;
mod profile;
mod reduce;
mod template;
mod text;
mod time;
pub mod token;

pub use collections::{SortedMap, SortedSet};
pub use decide::{Explanation, allows_storage, decide, decision_id, explain};
pub use decision::reason::Reason;
pub use decision::{Assignment, Content, Decision, Fill, NextAction};
pub use event::consent::Consent;
pub use event::message_sent::MessageSent;
pub use event::{Event, EventError, EventKind};
pub use facts::local_clock::{LocalClock, zone_hash};
pub use facts::user_agent::UserAgent;
pub use facts::{Facts, Request};
pub use feature::{
    Effects, Evaluation, EvaluationOptions, EvaluationReason, ExperimentResult, ExperimentRun, FeatureSource,
    MAX_FEATURE_DEPTH, StickyDoc, evaluate, evaluate_all, run_experiments, sticky_keys,
};
pub use journey::{
    Action, Advance, ENTRY_WINDOW, MemberMessage, PendingMessage, RenderedMessage, SendBlocked, advance,
    advance_account, authorize,
};
pub use json::{DecodeError, JsonError, Object, ShapeError, Value, canonical};
pub use plan::tables::{Class, Format};
pub use plan::{Plan, PlanError, SlotTarget, envelope};
pub use profile::account::{Account, account_event, account_event_names};
pub use profile::occurrence::Occurrence;
pub use profile::stamp::{Stamp, Stamped};
pub use profile::{Instance, InstanceStatus, Profile};
pub use reduce::reduce;
pub use text::fnv::fnv64a;
pub use text::percent::percent_decode;
pub use text::url::Url;
pub use time::Millis;
pub use token::projection::DROP_ORDER;

/// The compiler's door to what a plan is made of. Not part of the public API: it changes without notice.
#[doc(hidden)]
pub mod internals {
    /// Conditions on plan rows.
    pub mod condition {
        pub use crate::condition::*;
    }
    /// JSON as conditions and templates see it.
    pub mod json {
        pub use crate::json::*;
    }
    /// The plan's tables, rows and writer.
    pub mod plan {
        pub use crate::plan::*;
    }
    /// Strings.
    pub mod text {
        pub use crate::text::*;
    }
}

/// Holds the README to its word: its Rust code is a doctest.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
