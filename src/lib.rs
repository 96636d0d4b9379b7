//! Throughline: one decision core for every channel.
//!
//! [`decide`] turns a signed [`Plan`] and the [`Facts`] of one request into a [`Decision`]: the content of each slot, the
//! next action, what to record, and why. [`reduce`] applies an [`Event`] to a [`Profile`].
//!
//! All functions are pure: no clock, no randomness, no I/O, and no input makes them panic. The same code runs at the
//! edge, in browsers, in the collector and natively, and gives equal bytes on each of them.
//!
//! # Examples
//!
//! The compiler (`throughline-compiler`) turns rules into a plan. A host loads it once, and decides for each request:
//!
//! ```
//! use throughline::{Facts, Plan, decide};
//! use throughline_compiler::{Options, Source, compile};
//!
//! let rules = r#"
//!   policies: { consent: { default: granted } }
//!   slots: { home.hero: { pages: ["/"] } }
//!   channels: { web: {} }
//!   messages:
//!     coast: { renditions: [ { channel: web, html: "<h1>Ten days on the coast</h1>" } ] }
//!   campaigns:
//!     coast: { class: service, when: { country: PT }, slots: { home.hero: coast } }
//! "#;
//! let sources = [Source::new("rules.yaml", rules)];
//! let plans = compile(&sources, Options::default()).plans.ok_or("the rules have mistakes")?;
//! let plan = Plan::load(&plans.edge)?;
//!
//! let facts = Facts::from_json(
//!     r#"{ "now": 1760000000000,
//!          "profile": { "subject": "p1" },
//!          "request": { "attributes": { "path": "/", "country": "PT" } } }"#,
//! )?;
//! let decision = decide(&plan, &facts);
//! assert_eq!(decision.slots["home.hero"].content.body, "<h1>Ten days on the coast</h1>");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where to look
//!
//! | Task | Items |
//! |---|---|
//! | Load a plan, check its seal | [`Plan`], [`envelope`] |
//! | Describe a request | [`Facts`], [`Request`], [`UserAgent`] |
//! | Decide | [`decide`], [`Decision`], [`decision_id`], [`allows_storage`], [`storage_consent`] |
//! | Explain a decision | [`explain`], [`Explanation`], [`Reason`] |
//! | Read what senders send | [`Batch`], [`Call`], [`Arrival`] |
//! | Apply events | [`Event`], [`reduce`], [`Profile`] |
//! | Move journeys on, send their messages | [`advance`], [`Action`], [`authorize`] |
//! | Account journeys | [`Account`], [`advance_account`], [`MemberMessage`] |
//! | Evaluate feature flags | [`evaluate`], [`evaluate_all`], [`run_experiments`] |
//! | Check an identifier | [`Plan::identifier`], [`is_placeholder`], [`identifier_text`] |
//! | Record and compare addresses | [`address`], [`Event::clean_addresses`], [`normal_address`] |
//! | Carry a profile in a token | [`token`], [`keys`] |
//! | Fill slots of a page as it streams | [`html`] |
//! | Read and write JSON | [`Value`], [`canonical`] |

#![cfg_attr(not(test), no_std)]

extern crate alloc;

pub mod address;
pub mod bucket;
mod collections;
mod condition;
mod decide;
mod decision;
mod event;
mod facts;
mod feature;
pub mod html;
mod identity;
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
pub use decide::{Explanation, allows_storage, decide, decision_id, explain, storage_consent};
pub use decision::reason::Reason;
pub use decision::{Assignment, Content, Decision, Fill, NextAction};
pub use event::batch::Batch;
pub use event::call::{Call, CallError};
pub use event::consent::Consent;
pub use event::message_sent::MessageSent;
pub use event::{Arrival, Event, EventError, EventKind};
pub use facts::local_clock::{LocalClock, zone_hash};
pub use facts::user_agent::UserAgent;
pub use facts::{Facts, Request};
pub use feature::{
    Effects, Evaluation, EvaluationOptions, EvaluationReason, ExperimentResult, ExperimentRun, FeatureSource,
    MAX_FEATURE_DEPTH, StickyDoc, evaluate, evaluate_all, run_experiments, sticky_keys,
};
pub use identity::identifier::{IdentifierFault, IdentifierType};
pub use identity::placeholder::is_placeholder;
pub use identity::{MAX_IDENTIFIER, identifier_text};
pub use journey::{
    Action, Advance, ENTRY_WINDOW, MemberMessage, PendingMessage, RenderedMessage, SendBlocked, advance,
    advance_account, authorize,
};
pub use json::{DecodeError, JsonError, Object, ShapeError, Value, canonical};
pub use plan::tables::{Class, Format, IdentityMode, Withdrawal};
pub use plan::{Plan, PlanError, Retention, SlotTarget, envelope};
pub use profile::account::{Account, account_event, account_event_names};
pub use profile::claims::ClaimedFacts;
pub use profile::occurrence::Occurrence;
pub use profile::stamp::{Stamp, Stamped};
pub use profile::{Instance, InstanceStatus, Profile};
pub use reduce::reduce;
pub use text::fnv::fnv64a;
pub use text::normal_address::normal_address;
pub use text::percent::percent_decode;
pub use text::url::Url;
pub use time::Millis;
pub use token::projection::DROP_ORDER;

/// The compiler's and the tests' access to the tables of a plan. It is not part of the public API, and changes without
/// notice.
#[doc(hidden)]
pub mod internals {
    /// The evaluation of condition rows.
    pub mod condition {
        pub use crate::condition::*;
    }
    /// JSON values as conditions and templates read them.
    pub mod json {
        pub use crate::json::*;
    }
    /// The tables, rows and writer of a plan.
    pub mod plan {
        pub use crate::plan::*;
    }
    /// String functions.
    pub mod text {
        pub use crate::address::matches_name;
        pub use crate::text::*;
    }
}

/// Runs the Rust code of the README as a doctest.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
