//! Campaigns: audience, slots and channels, content, and the order in which campaigns compete.

use super::{
    Attribute, CandidateIndex, Cap, Class, Counter, Exclusion, Format, Link, Node, OfferGroup, Part, Regex, TermKind,
    Text,
};
use crate::plan::row::{Id, Span, flags, tables};
use crate::prelude::*;
use crate::time::Millis;

flags! {
    /// The flags of a [`Slot`].
    SlotFlags {
        /// A browser may decide it.
        PUBLIC = 1,
        /// The content is JSON, not HTML.
        JSON = 2,
    }
    /// The flags of a [`Message`].
    MessageFlags {
        /// Once seen, it is never selected again.
        ONCE = 1,
    }
    /// The flags of a [`NextStep`].
    NextStepFlags {
        /// The steps are ordered by expected value, not by their order in the rules.
        BEST = 1,
        /// The channel has none of the roles that the message wants.
        WRONG_ROLE = 2,
    }
    /// The flags of a [`Campaign`].
    CampaignFlags {
        /// It is in several candidate indexes, so its eligibility is worth caching.
        SEVERAL = 1,
    }
    /// The flags of a [`Term`].
    TermFlags {
        /// The term is the natural logarithm of 1 plus the fact.
        LOG = 1,
    }
    /// The flags of an [`Experiment`].
    ExperimentFlags {
        /// The first assignment is kept.
        STICKY = 1,
        /// It assigns subjects; otherwise everybody gets the default rendition.
        ACTIVE = 2,
    }
}

tables! {
    /// A place on a page, or in an app, that is filled with content.
    10 Slot {
        /// The id.
        id: Id<Text>,
        /// The CSS selector of its element on pages without `data-tl-slot`.
        selector: Option<Id<Text>>,
        /// The paths of the pages that have the slot; `None` for every page.
        pages: Option<Id<Regex>>,
        /// Whether browsers decide it, and the form of its content.
        flags: SlotFlags,
        /// The campaigns that compete for it.
        candidates: Id<CandidateIndex>,
    }
    /// A way to reach people.
    11 Channel {
        /// The id.
        id: Id<Text>,
        /// The purpose that must be granted.
        consent: Option<Id<Text>>,
        /// A condition that must hold.
        reach: Option<Id<Node>>,
        /// The event by which people respond to the channel.
        responds: Option<Id<Counter>>,
        /// The exposures that count as contacts by the channel.
        contacts: Option<Id<Text>>,
        /// How far back responses and contacts count; zero for all time.
        within: Millis,
        /// The number of contacts from which on the response rate is the subject's own.
        least: u32,
        /// The expected response rate of a subject with fewer contacts.
        otherwise: f64,
    }
    /// A value proposition.
    12 Offer {
        /// The id.
        id: Id<Text>,
        /// The group within which a subject has one offer.
        group: Option<Id<OfferGroup>>,
        /// The version.
        version: u32,
        /// The time from which on it is valid.
        from: Millis,
        /// The time from which on it is no longer valid.
        until: Millis,
    }
    /// A message with its content for each channel.
    13 Message {
        /// The id.
        id: Id<Text>,
        /// How often it may be seen.
        flags: MessageFlags,
        /// The content.
        renditions: Span<Rendition>,
    }
    /// The content of a message for one channel, and possibly for one locale and one variation.
    14 Rendition {
        /// The channel.
        channel: Id<Channel>,
        /// The locale; `None` for the default one.
        locale: Option<Id<Text>>,
        /// The variation of the campaign's experiment; `None` for everybody else.
        variation: Option<Id<Text>>,
        /// The format of the content.
        format: Format,
        /// The template of the body.
        body: Span<Part>,
        /// The template of an e-mail's subject line.
        subject: Span<Part>,
    }
    /// A randomised split.
    16 Experiment {
        /// The key.
        key: Id<Text>,
        /// The seed that is hashed together with the unit.
        seed: Id<Text>,
        /// The attribute that is the unit.
        unit: Id<Attribute>,
        /// Whether it assigns subjects, and whether assignments are kept.
        flags: ExperimentFlags,
        /// A condition on subjects who may be in it.
        when: Option<Id<Node>>,
        /// The version of assignments: changing it assigns everybody anew.
        bucket_version: u32,
        /// The least version whose assignments count: subjects assigned under an earlier one are left out.
        min_bucket_version: u32,
        /// The experiment's part of an exclusion group.
        exclusion: Option<Id<Exclusion>>,
        /// The variations with their bucket ranges.
        variations: Span<Variation>,
    }
    /// A variation of an experiment.
    17 Variation {
        /// The id.
        id: Id<Text>,
        /// The first bucket of the variation, from 0 to 1.
        from: f64,
        /// The end of its buckets, which is not part of it.
        to: f64,
    }
    /// A campaign: an audience, a schedule, and messages for slots and channels.
    21 Campaign {
        /// The id.
        id: Id<Text>,
        /// The class, which policies refer to.
        class: Class,
        /// The priority: higher values go first.
        priority: u32,
        /// The formula that orders it among campaigns of its priority.
        score: Option<Id<Score>>,
        /// The condition on the audience.
        when: Option<Id<Node>>,
        /// The time from which on it runs.
        from: Millis,
        /// The time from which on it no longer runs.
        until: Millis,
        /// The offer that it makes.
        offer: Option<Id<Offer>>,
        /// The experiment that chooses between renditions.
        experiment: Option<Id<Experiment>>,
        /// The campaign's part of an exclusion group.
        exclusion: Option<Id<Exclusion>>,
        /// The caps on how often it is seen.
        caps: Span<Cap>,
        /// The next actions; the first possible one is taken.
        next: Span<NextStep>,
        /// Hints of the compiler for the evaluation.
        flags: CampaignFlags,
    }
    /// A campaign in a candidate index.
    22 Placement {
        /// The campaign.
        campaign: Id<Campaign>,
        /// The message, in the index of a slot.
        message: Option<Id<Message>>,
    }
    /// A campaign's message for a channel.
    23 NextStep {
        /// The channel.
        channel: Id<Channel>,
        /// The message.
        message: Id<Message>,
        /// The delay from now.
        after: Millis,
        /// How long the message is useful; [`Millis::MAX`] for ever.
        until: Millis,
        /// How the step is ordered, and whether it suits the channel.
        flags: NextStepFlags,
        /// The time after which the message is worth half as much; [`Millis::MAX`] for never.
        half_life: Millis,
        /// The topic that people may refuse in the channel.
        topic: Option<Id<Text>>,
    }
    /// A formula that orders campaigns of one priority.
    48 Score {
        /// The constant that is added to the terms.
        bias: f64,
        /// The function that is applied to the sum.
        link: Link,
        /// The terms of the sum.
        terms: Span<Term>,
    }
    /// A fact with its weight.
    49 Term {
        /// The kind of fact.
        kind: TermKind,
        /// How the fact is scaled.
        flags: TermFlags,
        /// The attribute, of a term that reads one.
        attribute: Option<Id<Attribute>>,
        /// The event, of a term that reads one.
        counter: Option<Id<Counter>>,
        /// The factor of the fact.
        weight: f64,
        /// The value that the term has if the fact is missing.
        otherwise: f64,
        /// The window of a count (zero for all time), or the half-life of a decay.
        span: Millis,
        /// The greatest count.
        most: u32,
        /// The model that computed the fact.
        model: Option<Id<Text>>,
    }
}
