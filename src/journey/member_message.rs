//! Messages that the journey of an account sends to one of its members.
//!
//! The member's profile composes and sends the message, because it holds the member's consent, channels and caps.

use crate::event::Event;
use crate::journey::action::{Action, compose_action};
use crate::json::codec::json_codec;
use crate::plan::Plan;
use crate::plan::tables::{Journey, Step};
use crate::prelude::*;
use crate::profile::Profile;
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

impl MemberMessage {
    /// Composes the message for the member with this profile; `None` if the rules no longer have it.
    ///
    /// # Errors
    /// Returns the time to try again, if the message is denied only until then.
    pub fn compose(
        &self,
        plan: &Plan,
        member: &Profile,
        pending: &[Event],
        now: Millis,
    ) -> Result<Option<Action>, Millis> {
        let journey = plan.rows(plan.all::<Journey>()).find(|(_, row)| plan.text(row.id) == self.journey);
        let Some((_, journey)) = journey else { return Ok(None) };
        let step = plan.rows(journey.steps).find(|(_, row): &(_, Step)| plan.text(row.id) == self.step);
        let Some((_, step)) = step else { return Ok(None) };
        compose_action(plan, member, pending, (&journey, &step), self, now)
    }
}
