//! Policies: what keeps campaigns from being shown, and the exposures that are remembered for it.

use super::{Attribute, Campaign, Channel, Classes, Counter, Message, Node, Offer, Per, Slot, Text};
use crate::plan::row::{Id, Ids, flags, tables};
use crate::prelude::*;
use crate::time::Millis;

flags! {
    /// The flags of a [`Cap`].
    CapFlags {
        /// It counts the exposures of all members of the subject's account.
        ACCOUNT = 4,
    }
    /// The flags of an [`Exposure`].
    ExposureFlags {
        /// Some cap counts the exposures of all members of an account.
        ACCOUNT = 4,
    }
}

tables! {
    /// A share of people that campaigns of some classes never reach.
    18 Holdout {
        /// The id, which is the seed of its hash.
        id: Id<Text>,
        /// The share of people, from 0 to 1.
        share: f64,
        /// The classes that are held out.
        classes: Classes,
        /// Further campaigns that are held out.
        campaigns: Ids<Campaign>,
        /// The attribute that is split.
        unit: Id<Attribute>,
    }
    /// A condition under which campaigns of some classes are not shown.
    19 Suppression {
        /// The classes.
        classes: Classes,
        /// The condition.
        when: Id<Node>,
    }
    /// A limit on how often something is seen.
    20 Cap {
        /// The exposures to count together, such as `campaign:intro`.
        keys: Ids<Text>,
        /// The maximum number of exposures.
        max: u32,
        /// The time over which exposures are counted.
        per: Per,
        /// The length of a sliding window.
        window: Millis,
        /// The classes that it limits.
        classes: Classes,
        /// The slot that it limits.
        slot: Option<Id<Slot>>,
        /// The offer that it limits.
        offer: Option<Id<Offer>>,
        /// The message that it limits.
        message: Option<Id<Message>>,
        /// The channels that it limits; empty for all channels.
        channels: Ids<Channel>,
        /// Whose exposures it counts.
        flags: CapFlags,
    }
    /// Exposures to remember.
    ///
    /// INVARIANT: the rows are sorted by the string of `key`, because exposures are found by binary search.
    26 Exposure {
        /// The key of what was shown, such as `campaign:intro`.
        key: Id<Text>,
        /// The number of exposures that are enough for every cap.
        keep: u32,
        /// How far back any cap looks; zero for all time.
        within: Millis,
        /// Whose exposures are remembered.
        flags: ExposureFlags,
    }
    /// A cool-down after an exposure or event.
    45 Cooldown {
        /// The classes that are not shown.
        classes: Classes,
        /// The campaign that is not shown, instead of classes.
        campaign: Option<Id<Campaign>>,
        /// The event that begins it.
        event: Option<Id<Counter>>,
        /// The exposures that begin it, such as `campaign:intro`, if no event does.
        seen: Option<Id<Text>>,
        /// How long it lasts.
        window: Millis,
    }
    /// Quiet hours.
    46 Quiet {
        /// The classes that are not sent.
        classes: Classes,
        /// The channels that are not used.
        channels: Ids<Channel>,
        /// The beginning, since midnight in the subject's time zone.
        from: Millis,
        /// The end.
        until: Millis,
    }
    /// A part of an exclusion group: a subject is in at most one part.
    47 Exclusion {
        /// The group, which is hashed with the unit.
        group: Id<Text>,
        /// The attribute that is split.
        unit: Id<Attribute>,
        /// The first bucket of the part, from 0 to 1.
        from: f64,
        /// The end of its buckets, which is not part of it.
        to: f64,
    }
}
