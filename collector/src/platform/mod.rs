//! The Workers platform: clock, hashes, settings, calls of Durable Objects, and the current plan.

pub mod clock;
pub mod durable_object;
pub mod hash;
pub mod plan_cache;
pub mod settings;
