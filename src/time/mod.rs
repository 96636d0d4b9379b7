//! Time as values: instants and durations, the calendar, and RFC 3339.

pub(crate) mod calendar;
mod millis;
pub(crate) mod moment;
pub(crate) mod rfc3339;

pub use millis::Millis;
