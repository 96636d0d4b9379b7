//! Campaigns: who gets what, where, by which channel, and what goes before what.

use super::{Attribute, CandidateIndex, Cap, Counter, Exclusion, Node, OfferGroup, Part, Regex, Text};
use crate::plan::row::{Id, Span, tables};
use crate::prelude::*;
use crate::time::Millis;

/// [`Slot::flags`]: a browser may decide it.
pub const PUBLIC_SLOT: u32 = 1;
/// [`Slot::flags`]: the content is JSON, not HTML.
pub const JSON_SLOT: u32 = 2;
/// [`Message::flags`]: once seen, never selected again.
pub const ONCE: u32 = 1;
/// [`NextStep::flags`]: the steps are ordered by what they are expected to be worth, not as they stand.
pub const BEST: u32 = 1;
/// [`NextStep::flags`]: the channel has none of the roles that the message wants.
pub const WRONG_ROLE: u32 = 2;
/// [`Campaign::flags`]: it competes in several lanes, so whether it may speak is worth remembering.
pub const SEVERAL: u32 = 1;
/// [`Term::flags`]: the logarithm of one more than the fact counts.
pub const LOG: u32 = 1;
/// [`Experiment::flags`]: the first assignment is kept.
pub const STICKY: u32 = 1;
/// [`Experiment::flags`]: assigns subjects; otherwise everybody gets the default rendition.
pub const ACTIVE: u32 = 2;

tables! {
    /// A place to fill.
    10 Slot {
        /// Its id.
        id: Id<Text>,
        /// Where it is on pages without `data-tl-slot`.
        selector: Option<Id<Text>>,
        /// The paths of the pages that have it; none for every page.
        pages: Option<Id<Regex>>,
        /// Flags: [`PUBLIC_SLOT`], [`JSON_SLOT`].
        flags: u32,
        /// What may fill it.
        lane: Id<CandidateIndex>,
    }
    /// A way to reach people.
    11 Channel {
        /// Its id.
        id: Id<Text>,
        /// The purpose that must be granted.
        consent: Option<Id<Text>>,
        /// A condition that must hold.
        reach: Option<Id<Node>>,
        /// The event by which people respond to it.
        responds: Option<Id<Counter>>,
        /// The exposures that are contacts by it.
        contacts: Option<Id<Text>>,
        /// How far back both count; zero for ever.
        within: Millis,
        /// How many contacts there have to be.
        least: u32,
        /// How often people are expected to respond before there are.
        otherwise: f64,
    }
    /// A value proposition.
    12 Offer {
        /// Its id.
        id: Id<Text>,
        /// The group within which a subject has one offer.
        group: Option<Id<OfferGroup>>,
        /// Its version.
        version: u32,
        /// When it begins.
        from: Millis,
        /// When it has ended.
        until: Millis,
    }
    /// What is said.
    13 Message {
        /// Its id.
        id: Id<Text>,
        /// Flags: [`ONCE`].
        flags: u32,
        /// How it is said.
        renditions: Span<Rendition>,
    }
    /// A message in one channel, and possibly one locale and variation.
    14 Rendition {
        /// The channel.
        channel: Id<Channel>,
        /// The locale; none for the default.
        locale: Option<Id<Text>>,
        /// The variation of the campaign's experiment; none for everybody else.
        variation: Option<Id<Text>>,
        /// A [`Format`](super::Format) as a number.
        format: u32,
        /// The body.
        body: Span<Part>,
        /// The subject line of an e-mail.
        subject: Span<Part>,
    }
    /// A randomised split.
    16 Experiment {
        /// Its key.
        key: Id<Text>,
        /// What is hashed together with the unit.
        seed: Id<Text>,
        /// The attribute that is the unit.
        unit: Id<Attribute>,
        /// Flags: [`STICKY`], [`ACTIVE`].
        flags: u32,
        /// Who may be in it.
        when: Option<Id<Node>>,
        /// Changing it assigns everybody anew.
        bucket_version: u32,
        /// Subjects assigned under an earlier version are left out.
        min_bucket_version: u32,
        /// Its part of an exclusion group.
        exclusion: Option<Id<Exclusion>>,
        /// Its variations with their bucket ranges.
        variations: Span<Variation>,
    }
    /// One arm of an experiment.
    17 Variation {
        /// Its id.
        id: Id<Text>,
        /// Buckets from here...
        from: f64,
        /// ...to before here.
        to: f64,
    }
    /// Who gets what, when.
    21 Campaign {
        /// Its id.
        id: Id<Text>,
        /// A [`Class`](super::Class) as a number.
        class: u32,
        /// Higher first.
        priority: u32,
        /// What orders it among campaigns of its priority.
        score: Option<Id<Score>>,
        /// For whom.
        when: Option<Id<Node>>,
        /// From this time...
        from: Millis,
        /// ...to before this time.
        until: Millis,
        /// What it offers.
        offer: Option<Id<Offer>>,
        /// What chooses between renditions.
        experiment: Option<Id<Experiment>>,
        /// Its part of an exclusion group.
        exclusion: Option<Id<Exclusion>>,
        /// How often it may be seen.
        caps: Span<Cap>,
        /// What to do next, first possible first.
        next: Span<NextStep>,
        /// Flags: [`SEVERAL`].
        flags: u32,
    }
    /// A campaign in a lane.
    22 Placement {
        /// The campaign.
        campaign: Id<Campaign>,
        /// The message, if the lane is that of a slot.
        message: Option<Id<Message>>,
    }
    /// A campaign's message for a channel.
    23 NextStep {
        /// The channel.
        channel: Id<Channel>,
        /// The message.
        message: Id<Message>,
        /// How long from now.
        after: Millis,
        /// For how long it makes sense; [`Millis::MAX`] for ever.
        until: Millis,
        /// Flags: [`BEST`], [`WRONG_ROLE`].
        flags: u32,
        /// After how long it is worth half as much; [`Millis::MAX`] for never.
        half_life: Millis,
        /// The topic that people may refuse in the channel.
        topic: Option<Id<Text>>,
    }
    /// A formula that orders campaigns of one priority.
    48 Score {
        /// What is added to the terms.
        bias: f64,
        /// A [`Link`](super::Link) as a number.
        link: u32,
        /// What is added up.
        terms: Span<Term>,
    }
    /// A fact with its weight.
    49 Term {
        /// A [`TermKind`](super::TermKind) as a number.
        kind: u32,
        /// Flags: [`LOG`].
        flags: u32,
        /// The attribute.
        attribute: Option<Id<Attribute>>,
        /// The event.
        counter: Option<Id<Counter>>,
        /// What the fact is multiplied by.
        weight: f64,
        /// What stands in for it if it is missing.
        otherwise: f64,
        /// How far back events count (zero: for ever), or after how long half of it is left.
        span: Millis,
        /// It counts no more events than this.
        most: u32,
        /// The model that made the fact.
        model: Option<Id<Text>>,
    }
}
