//! Policies: what keeps campaigns silent, and what they remember for it.

use super::{Attribute, Campaign, Channel, Counter, Message, Node, Offer, Slot, Text};
use crate::plan::row::{Id, Ids, tables};
use crate::prelude::*;
use crate::time::Millis;

tables! {
    /// People whom campaigns of some classes never reach.
    18 Holdout {
        /// Its id, and the seed of its hash.
        id: Id<Text>,
        /// The share of people, 0 to 1.
        share: f64,
        /// The classes, one bit each.
        classes: u32,
        /// And these campaigns.
        campaigns: Ids<Campaign>,
        /// The attribute that is split.
        unit: Id<Attribute>,
    }
    /// A state in which campaigns of some classes are silent.
    19 Suppression {
        /// The classes, one bit each.
        classes: u32,
        /// When.
        when: Id<Node>,
    }
    /// A limit of how often something is seen.
    20 Cap {
        /// The exposures to count together, such as `campaign:intro`.
        keys: Ids<Text>,
        /// At most so many.
        max: u32,
        /// A [`Per`](super::Per) as a number.
        per: u32,
        /// The length of a sliding window.
        window: Millis,
        /// The classes that it limits, one bit each.
        classes: u32,
        /// The slot that it limits.
        slot: Option<Id<Slot>>,
        /// The offer that it limits.
        offer: Option<Id<Offer>>,
        /// The message that it limits.
        message: Option<Id<Message>>,
        /// The channels that it limits; all without any.
        channels: Ids<Channel>,
        /// Flags: [`ACCOUNT`](super::ACCOUNT), if it counts what all members of the subject's account saw.
        flags: u32,
    }
    /// Exposures to remember; the rows are sorted by the text of `key`.
    26 Exposure {
        /// What was shown, such as `campaign:intro`.
        key: Id<Text>,
        /// How many times are enough for every cap that asks.
        keep: u32,
        /// How far back any cap looks; zero for ever.
        within: Millis,
        /// Flags: [`ACCOUNT`](super::ACCOUNT), if what all members of an account saw is asked for too.
        flags: u32,
    }
    /// Silence after something was seen or done.
    45 Cooldown {
        /// The classes that are silent, one bit each.
        classes: u32,
        /// The campaign that is silent, instead of classes.
        campaign: Option<Id<Campaign>>,
        /// The event that begins it.
        event: Option<Id<Counter>>,
        /// The exposures that begin it, such as `campaign:intro`, if no event does.
        seen: Option<Id<Text>>,
        /// How long it lasts.
        window: Millis,
    }
    /// A time of the day at which people are not disturbed.
    46 Quiet {
        /// The classes that are silent, one bit each.
        classes: u32,
        /// The channels that are silent.
        channels: Ids<Channel>,
        /// Its beginning, since midnight where the subject is.
        from: Millis,
        /// Its end.
        until: Millis,
    }
    /// A part of an exclusion group: of its members nobody meets two.
    47 Exclusion {
        /// The group: what is hashed with the unit.
        group: Id<Text>,
        /// The attribute that is split.
        unit: Id<Attribute>,
        /// Buckets from here...
        from: f64,
        /// ...to before here.
        to: f64,
    }
}
