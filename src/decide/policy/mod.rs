//! Policies: what may keep a campaign or a message from being shown or sent.

pub(crate) mod channel;
pub(crate) mod cooldown;
pub(crate) mod frequency_cap;
mod holdout;
pub(crate) mod quiet_hours;
