//! Journeys.

use super::{Channel, Counter, Message, Node, Offer, Text};
use crate::plan::row::{Id, Ids, Span, tables};
use crate::prelude::*;
use crate::time::Millis;

/// [`Journey::flags`]: who enters again goes on behind what was sent or seen.
pub const RESUME: u32 = 1;

tables! {
    /// Several steps in time for one subject.
    24 Journey {
        /// Its id.
        id: Id<Text>,
        /// A [`Class`](super::Class) as a number.
        class: u32,
        /// Higher speaks first.
        priority: u32,
        /// Flags: [`RESUME`], and [`ACCOUNT`](super::ACCOUNT) if accounts go through it in the place of people.
        flags: u32,
        /// What it offers.
        offer: Option<Id<Offer>>,
        /// The topic that people may refuse in a channel.
        topic: Option<Id<Text>>,
        /// The event that begins it.
        enter: Id<Counter>,
        /// Who may begin it.
        when: Option<Id<Node>>,
        /// How long after an entry another one is possible; [`Millis::MAX`] for never.
        reenter: Millis,
        /// The events that end it.
        exits: Ids<Counter>,
        /// The event that it is for.
        goal: Option<Id<Counter>>,
        /// How long after the entry the goal counts.
        goal_within: Millis,
        /// Its steps.
        steps: Span<Step>,
    }
    /// One step of a journey.
    25 Step {
        /// Its id.
        id: Id<Text>,
        /// A [`StepKind`](super::StepKind) as a number.
        kind: u32,
        /// How long to wait.
        wait: Millis,
        /// The event whose last time the wait counts from; none for the beginning of the step.
        after: Option<Id<Counter>>,
        /// What to send.
        message: Option<Id<Message>>,
        /// By which channels, first possible first.
        channels: Ids<Channel>,
        /// How long the message makes sense.
        ttl: Millis,
    }
}
