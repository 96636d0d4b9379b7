//! Journeys advance to the present, and everything that they want to send is stored with them.

use std::rc::Rc;

use throughline::{Advance, Event, MemberMessage, Millis, Plan, advance};
use worker::Result;

use crate::profile::session::ProfileSession;
use crate::store::{Delivery, key};

/// The wait before the journeys are advanced again while there is no plan, in milliseconds.
const WITHOUT_PLAN: i64 = 10_000;

impl ProfileSession {
    /// Advances the journeys to `now`, stores their messages and the time of their next step, and saves the profile.
    /// Returns its version.
    ///
    /// INVARIANT: a journey's new state and the messages that it emits are written in one transaction, so a crash
    /// neither loses a message nor emits it twice.
    pub fn advance_and_save(&mut self, now: i64) -> Result<u64> {
        self.hold_withdrawal(now)?;
        match self.plan.clone() {
            Some(plan) if self.is_account()? => self.advance_account_journeys(&plan, now)?,
            Some(plan) => self.advance_journeys(&plan, now)?,
            None => self.postpone(now)?,
        }
        self.save()?;
        self.schedule_sync(now)?;
        self.compact_journal()?;
        Ok(self.version)
    }

    fn advance_journeys(&mut self, plan: &Rc<Plan>, now: i64) -> Result<()> {
        let pending = self.store.pending_deliveries()?;
        let mut on_its_way: Vec<Event> = pending.iter().map(|delivery| delivery.sent_event(now)).collect();
        let Advance { profile, actions, wake_at, .. } = advance(plan, &self.profile, &on_its_way, Millis(now));
        self.profile = profile;
        for action in &actions {
            on_its_way.extend(action.sent());
            self.store.add_delivery(&Delivery::new(action, now))?;
        }
        for message in self.store.own_messages()? {
            self.compose(plan, &message, &mut on_its_way, now)?;
        }
        self.schedule_wake(wake_at)
    }

    /// Composes a message of an account's journey for this member, or schedules it for when the rules allow it.
    fn compose(&self, plan: &Plan, message: &MemberMessage, on_its_way: &mut Vec<Event>, now: i64) -> Result<()> {
        match message.compose(plan, &self.profile, on_its_way, Millis(now)) {
            Ok(action) => {
                if let Some(action) = action {
                    on_its_way.extend(action.sent());
                    self.store.add_delivery(&Delivery::new(&action, now))?;
                }
                self.store.finish_message(&message.send_id)
            }
            Err(later) => self.store.schedule_message(&message.send_id, later.0),
        }
    }

    /// Tries again later: without a plan nothing can be advanced or composed.
    fn postpone(&self, now: i64) -> Result<()> {
        let later = now.saturating_add(WITHOUT_PLAN);
        self.store.set(key::WAKE_AT, &later)?;
        self.store.postpone_own_messages(later)
    }

    pub(super) fn schedule_wake(&self, at: Option<Millis>) -> Result<()> {
        match at {
            Some(at) => self.store.set(key::WAKE_AT, &at.0),
            None => self.store.clear(key::WAKE_AT),
        }
    }

    fn save(&mut self) -> Result<()> {
        if self.saved.as_ref() == Some(&self.profile) {
            return Ok(());
        }
        self.version = self.version.saturating_add(1);
        self.store.set(key::PROFILE, &self.profile)?;
        self.store.set(key::VERSION, &self.version)
    }

    /// Makes the account sync due, if there may be something to forward and no attempt is scheduled.
    fn schedule_sync(&self, now: i64) -> Result<()> {
        let is_idle = !self.store.contains(key::SYNC_AT)?;
        if self.needs_sync && is_idle && self.profile.account_id().is_some() && !self.is_account()? {
            self.store.set(key::SYNC_AT, &now)?;
        }
        Ok(())
    }
}
