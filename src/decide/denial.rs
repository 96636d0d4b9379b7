//! Denials: why a campaign is not allowed, and the row that decided.

use crate::decision::reason::Reason;
use crate::plan::Id;
use crate::plan::tables::{Campaign, Cap, Cooldown, Exclusion, Holdout, Message, Node, Offer, Suppression, Text};
use crate::time::Millis;

/// The reason why a campaign is not allowed, and the row that decided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Denial {
    pub(crate) reason: Reason,
    pub(crate) by: DenialCause,
}

/// The row that decided against a campaign; [`explain`](crate::explain) describes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum DenialCause {
    Purpose(Id<Text>),
    Schedule(Millis, Millis),
    Condition(Id<Node>),
    Holdout(Id<Holdout>),
    Exclusion(Id<Exclusion>),
    Suppression(Id<Suppression>),
    Cooldown(Id<Cooldown>),
    Cap(Id<Cap>),
    Offer(Id<Offer>),
    Message(Id<Message>),
    Campaign(Id<Campaign>),
    Channel,
}

impl Reason {
    pub(crate) const fn by(self, by: DenialCause) -> Denial {
        Denial { reason: self, by }
    }
}
