//! What the journey of an account asks one of its members to get: a message, which is written and sent by that member's
//! profile, because there is known what the member allows.

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
    /// Names this message of the account, whichever member gets it.
    pub send_id: String,
    /// The journey.
    pub journey: String,
    /// The event that began it.
    pub entered: Stamp,
    /// The step.
    pub step: String,
    /// The event of the member who gets it: the last one that the journey waited after, else the one that began it.
    pub by: Stamp,
    /// When it became due.
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
    /// The message for the member with this profile; none if the rules no longer have it.
    ///
    /// # Errors
    /// When to try again, if the rules are against the message only until then.
    pub fn compose(
        &self,
        plan: &Plan,
        member: &Profile,
        on_its_way: &[Event],
        now: Millis,
    ) -> Result<Option<Action>, Millis> {
        let journey = plan.rows(plan.all::<Journey>()).find(|(_, row)| plan.text(row.id) == self.journey);
        let Some((_, journey)) = journey else { return Ok(None) };
        let step = plan.rows(journey.steps).find(|(_, row): &(_, Step)| plan.text(row.id) == self.step);
        let Some((_, step)) = step else { return Ok(None) };
        compose_action(plan, member, on_its_way, (&journey, &step), self, now)
    }
}
