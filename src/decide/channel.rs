//! Whether a channel may be used and reaches the subject.

use crate::decide::Decider;
use crate::facts::Consent;
use crate::plan::Id;
use crate::plan::tables::{Channel, Text};
use crate::prelude::*;
use crate::reason::Reason;

impl Decider<'_> {
    /// Whether the subject allows the channel, has not refused the topic there, and can be reached by it.
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
}

/// The purpose that says whether a topic is wanted in the channel with this purpose.
pub(crate) fn topic_purpose(channel: &str, topic: &str) -> String {
    format!("{channel}.{topic}")
}
