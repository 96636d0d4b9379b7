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

    /// Returns the member whose event has this stamp. If the event is no longer in the journal, returns the member of
    /// the last event.
    fn recipient(&self, stamp: Stamp) -> Result<Option<String>> {
        for entry in self.store.entries_at(stamp.at().0)? {
            let record = entry.record()?;
            if Stamp::new(record.event.at, &record.event.id) == stamp {
                return Ok(record.member);
            }
        }
        let last = self.store.last_entry()?;
        last.map_or(Ok(None), |entry| Ok(entry.record()?.member))
    }
}
