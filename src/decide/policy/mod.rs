//! Policies: rules that can keep any campaign or message from being shown or sent.

pub(crate) mod channel;
pub(crate) mod cooldown;
pub(crate) mod frequency_cap;
mod holdout;
pub(crate) mod quiet_hours;
