//! Time as values: instants and durations, the calendar, RFC 3339, and times as senders of events state them.

pub(crate) mod calendar;
mod millis;
pub(crate) mod moment;
pub(crate) mod rfc3339;
pub(crate) mod stated;

pub use millis::Millis;
