//! Channels: whether one is allowed and reaches the subject.

use crate::decide::Decider;
use crate::decision::reason::Reason;
use crate::event::consent::Consent;
use crate::plan::Id;
use crate::plan::tables::{Channel, Text};
use crate::prelude::*;
use crate::profile::occurrence::{Occurrence, counted};
use crate::time::Millis;

impl<'a: 'p, 'p> Decider<'a, 'p> {
    /// Checks that the subject allows the channel, has not refused the topic in it, and can be reached by it.
    pub(crate) fn check_channel(&mut self, channel: Id<Channel>, topic: Option<Id<Text>>) -> Result<(), Reason> {
        let channel = self.plan.get(channel).ok_or(Reason::Unreachable)?;
        if let Some(purpose) = channel.consent.map(|purpose| self.plan.text(purpose)) {
            let refused =
                |topic| self.eval.stated(&topic_purpose(purpose, self.plan.text(topic))) == Some(Consent::Denied);
            if self.eval.consent(purpose) != Consent::Granted || topic.is_some_and(refused) {
                return Err(Reason::ConsentMissing);
            }
        }
        let reaches = channel.reach.is_none_or(|reach| self.eval.holds(reach));
        if reaches { Ok(()) } else { Err(Reason::Unreachable) }
    }

    /// Returns the share of contacts in the channel that the subject responded to, and the time of the last response.
    ///
    /// A profile keeps only the last contacts and responses, so responses count from the first contact that is kept.
    /// With fewer contacts than the rules require, the share is the one that the rules assume.
    pub(crate) fn responsiveness(&self, channel: &Channel) -> (f64, Option<Millis>) {
        let now = self.facts.now;
        let after = if channel.within.0 == 0 { Millis::MIN } else { now.minus(channel.within) };
        let is_recent = |at: &Millis| *at <= now && *at > after;
        let contacts = channel.contacts.and_then(|key| self.profile.exposures.get(self.plan.text(key)));
        let mut contacts = contacts.into_iter().flatten().map(|stamp| stamp.at()).filter(is_recent);
        let responses = channel.responds.into_iter().flat_map(|id| counted(self.plan, &self.profile.counters, id));
        let responses = responses.map(Occurrence::at).filter(is_recent);
        let last = responses.clone().next_back();
        let Some(first) = contacts.next() else { return (channel.otherwise, last) };
        let count = contacts.count().saturating_add(1);
        if count < channel.least as usize {
            return (channel.otherwise, last);
        }
        let responded = responses.filter(|at| *at >= first).count().min(count);
        (responded as f64 / count as f64, last)
    }
}

/// Returns the consent purpose of a topic in the channel with this purpose.
pub(crate) fn topic_purpose(channel: &str, topic: &str) -> String {
    format!("{channel}.{topic}")
}
