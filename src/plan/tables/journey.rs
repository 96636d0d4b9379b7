//! Journeys.

use super::{Channel, Class, Counter, Message, Node, Offer, StepKind, Text};
use crate::plan::row::{Id, Ids, Span, flags, tables};
use crate::prelude::*;
use crate::time::Millis;

flags! {
    /// The flags of a [`Journey`].
    JourneyFlags {
        /// A subject who enters again continues after the last message that was sent or seen.
        RESUME = 1,
        /// Accounts go through it instead of people.
        ACCOUNT = 4,
    }
}

tables! {
    /// Several steps in time for one subject.
    24 Journey {
        /// The id.
        id: Id<Text>,
        /// The class, which policies refer to.
        class: Class,
        /// The priority: higher values send first.
        priority: u32,
        /// Its unit, and the rule for entering it again.
        flags: JourneyFlags,
        /// The offer that it makes.
        offer: Option<Id<Offer>>,
        /// The topic that people may refuse in a channel.
        topic: Option<Id<Text>>,
        /// The event that begins it.
        enter: Id<Counter>,
        /// A condition on subjects who may begin it.
        when: Option<Id<Node>>,
        /// The time after an entry from which on another one is possible; [`Millis::MAX`] for never.
        reenter: Millis,
        /// The events that end it.
        exits: Ids<Counter>,
        /// The event that it is meant to bring about.
        goal: Option<Id<Counter>>,
        /// How long after the entry the goal counts.
        goal_within: Millis,
        /// The steps.
        steps: Span<Step>,
    }
    /// One step of a journey.
    25 Step {
        /// The id.
        id: Id<Text>,
        /// The action.
        kind: StepKind,
        /// The length of the wait.
        wait: Millis,
        /// The event whose last time the wait counts from; `None` for the beginning of the step.
        after: Option<Id<Counter>>,
        /// The message to send.
        message: Option<Id<Message>>,
        /// The channels of the message; the first possible one is taken.
        channels: Ids<Channel>,
        /// How long the message is useful.
        ttl: Millis,
    }
}
