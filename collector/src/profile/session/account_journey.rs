//! Journeys of an account: they advance in the account's profile, and address their messages to members.

use std::rc::Rc;

use throughline::{Advance, Millis, Plan, Stamp, advance_account};
use worker::{Result, console_error};

use crate::profile::session::ProfileSession;

impl ProfileSession {
    pub(super) fn advance_account_journeys(&mut self, plan: &Rc<Plan>, now: i64) -> Result<()> {
        let Advance { profile, member_messages, wake_at, .. } = advance_account(plan, &self.profile, Millis(now));
        self.profile = profile;
        for message in &member_messages {
            match self.recipient(message.by)? {
                Some(member) => self.store.add_message_for(&member, message, now)?,
                None => console_error!("`{}`: member not found", message.journey),
            }
        }
        self.schedule_wake(wake_at)
    }

    /// Returns the member whose event has this stamp. If no event in the journal has it, returns the member of an
    /// event of that time, or else of the last event.
    // why: a stamp of a trigger with `once` has the hash of a value in place of the event's id.
    fn recipient(&self, stamp: Stamp) -> Result<Option<String>> {
        let mut of_that_time = None;
        for entry in self.store.entries_at(stamp.at().0)? {
            let record = entry.record()?;
            if Stamp::new(record.event.at, &record.event.id) == stamp {
                return Ok(record.member);
            }
            of_that_time = record.member.or(of_that_time);
        }
        if of_that_time.is_some() {
            return Ok(of_that_time);
        }
        let last = self.store.last_entry()?;
        last.map_or(Ok(None), |entry| Ok(entry.record()?.member))
    }
}
