//! Messages that the journey of an account sends to one of its members.
//!
//! The member's profile composes and sends the message, because it holds the member's consent, channels and caps.

use crate::json::codec::json_codec;
use crate::prelude::*;
use crate::profile::stamp::Stamp;
use crate::time::Millis;

/// A message that became due in the journey of an account.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MemberMessage {
    /// The id of this message of the account, whichever member receives it.
    pub send_id: String,
    /// The journey.
    pub journey: String,
    /// The event that began the journey.
    pub entered: Stamp,
    /// The step.
    pub step: String,
    /// The event whose member receives it: the last one that the journey waited for, else the one that began it.
    pub by: Stamp,
    /// The time at which it became due.
    pub at: Millis,
}

json_codec! {
    MemberMessage {
        send_id: Required "send_id",
        journey: Required "journey",
        entered: Required "entered",
        step: Required "step",
        by: Required "by",
        at: Required "at",
    }
}
