//! The tables of a plan. This file is the format: the order of tables and fields is the order in the bytes.

use super::row::{Id, Ids, Span, Target, tables};
use crate::prelude::*;
use crate::time::Millis;

pub use super::words::{Class, ConstantKind, Escape, Fold, Format, JourneyState, LocalPart, Per, Source, StepKind};

/// A text in the plan's string table.
#[derive(Clone, Copy, Debug)]
pub struct Text;

/// A regular expression, compiled to an automaton.
#[derive(Clone, Copy, Debug)]
pub struct Regex;

/// Section numbers of what is not a table of rows.
pub(super) const STRINGS: usize = 0;
pub(super) const REGEXES: usize = 1;
pub(super) const LISTS: usize = 2;
/// The number of sections in a plan of this version.
pub(super) const SECTIONS: usize = 32;

impl Target for Text {
    const TABLE: usize = STRINGS;
}
impl Target for Regex {
    const TABLE: usize = REGEXES;
}

/// [`Settings::flags`]: only what may reach a browser is in this plan.
pub const PUBLIC_PLAN: u32 = 1;
/// [`Attribute::flags`] and [`Counter::flags`]: decisions on pages need it, so the token carries it.
pub const EDGE: u32 = 1;
/// [`Attribute::flags`]: events from untrusted senders may set it.
pub const CLIENT: u32 = 2;
/// [`Segment::flags`]: membership is decided by the collector and carried by the token.
pub const CARRIED: u32 = 1;
/// [`Slot::flags`]: a browser may decide it.
pub const PUBLIC_SLOT: u32 = 1;
/// [`Slot::flags`]: the content is JSON, not HTML.
pub const JSON_SLOT: u32 = 2;
/// [`Message::flags`]: once seen, never selected again.
pub const ONCE: u32 = 1;
/// [`Experiment::flags`]: the first assignment is kept.
pub const STICKY: u32 = 1;
/// [`Experiment::flags`]: assigns subjects; otherwise everybody gets the default rendition.
pub const ACTIVE: u32 = 2;

tables! {
    /// The plan's one row of settings.
    3 Settings {
        /// The plan's id: a hash of everything else in it.
        id: Id<Text>,
        /// Flags: [`PUBLIC_PLAN`].
        flags: u32,
        /// The locale that every message falls back to.
        locale: Id<Text>,
        /// [`Consent`](crate::Consent) of a purpose that nobody has decided about, as a number.
        consent: u32,
        /// The purpose without which no cookie is set.
        store: Option<Id<Text>>,
        /// The purpose without which no exposure is recorded.
        measure: Option<Id<Text>>,
        /// The purposes that `Sec-GPC: 1` denies.
        gpc: Ids<Text>,
        /// Caps that hold for all campaigns in their scope.
        caps: Span<Cap>,
    }
    /// The purposes that campaigns of a class need; one row for each class.
    4 ClassPolicy {
        /// Every one must be granted.
        purposes: Ids<Text>,
    }
    /// A fact that conditions and templates read.
    5 Attribute {
        /// The name as written, with dots.
        name: Id<Text>,
        /// The name cut at its dots.
        path: Ids<Text>,
        /// A [`Source`] as a number.
        source: u32,
        /// Flags: [`EDGE`], [`CLIENT`].
        flags: u32,
    }
    /// A constant in a condition.
    6 Constant {
        /// A [`ConstantKind`] as a number.
        kind: u32,
        /// The text of a string, or the JSON text of a list or object.
        text: Id<Text>,
        /// The value of a number or boolean.
        number: f64,
    }
    /// A node of a condition; what its operands mean is said at [`Op`](super::Op).
    7 Node {
        /// An [`Op`](super::Op) as a number.
        op: u32,
        /// First operand.
        a: u32,
        /// Second operand.
        b: u32,
        /// Third operand.
        c: u32,
        /// Fourth operand.
        d: u32,
    }
    /// Events to remember; the rows are sorted by the text of `key`.
    8 Counter {
        /// A hash of event, filter, property and fold, equal in every plan that has this counter.
        key: Id<Text>,
        /// The event's name.
        event: Id<Text>,
        /// A condition on the event's properties.
        filter: Option<Id<Node>>,
        /// How many times are enough for every condition that asks.
        keep: u32,
        /// How far back any condition looks; zero for ever.
        within: Millis,
        /// Flags: [`EDGE`].
        flags: u32,
        /// The path of the property whose value is remembered; empty for none.
        property: Ids<Text>,
        /// A [`Fold`] as a number: which occurrences are kept.
        fold: u32,
        /// How many times are enough for every condition that a page asks.
        carry: u32,
    }
    /// A named condition.
    9 Segment {
        /// Its id.
        id: Id<Text>,
        /// Its condition.
        node: Id<Node>,
        /// Flags: [`CARRIED`].
        flags: u32,
    }
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
        /// What may fill it, best priority first.
        placements: Span<Placement>,
    }
    /// A way to reach people.
    11 Channel {
        /// Its id.
        id: Id<Text>,
        /// The purpose that must be granted.
        consent: Option<Id<Text>>,
        /// A condition that must hold.
        reach: Option<Id<Node>>,
    }
    /// A value proposition.
    12 Offer {
        /// Its id.
        id: Id<Text>,
        /// The group within which a subject has one offer.
        group: Option<Id<Text>>,
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
        /// A [`Format`] as a number.
        format: u32,
        /// The body.
        body: Span<Part>,
        /// The subject line of an e-mail.
        subject: Span<Part>,
    }
    /// A piece of a template.
    15 Part {
        /// Text as it is, or the default of `attribute`.
        text: Id<Text>,
        /// The fact to insert.
        attribute: Option<Id<Attribute>>,
        /// An [`Escape`] as a number.
        escape: u32,
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
    /// People whom campaigns of some classes never reach.
    18 Holdout {
        /// Its id, and the seed of its hash.
        id: Id<Text>,
        /// The share of people, 0 to 1.
        share: f64,
        /// The classes, one bit each.
        classes: u32,
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
        /// The exposures to count, such as `campaign:intro`.
        key: Id<Text>,
        /// At most so many.
        max: u32,
        /// A [`Per`] as a number.
        per: u32,
        /// The length of a sliding window.
        window: Millis,
        /// The classes that it limits, one bit each.
        classes: u32,
        /// The slot that it limits.
        slot: Option<Id<Slot>>,
        /// The offer that it limits.
        offer: Option<Id<Offer>>,
    }
    /// Who gets what, when.
    21 Campaign {
        /// Its id.
        id: Id<Text>,
        /// A [`Class`] as a number.
        class: u32,
        /// Higher first.
        priority: u32,
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
        /// How often it may be seen.
        caps: Span<Cap>,
        /// What to do next, first possible first.
        next: Span<NextStep>,
    }
    /// A campaign's message for a slot.
    22 Placement {
        /// The campaign.
        campaign: Id<Campaign>,
        /// The message.
        message: Id<Message>,
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
    }
    /// Several steps in time for one subject.
    24 Journey {
        /// Its id.
        id: Id<Text>,
        /// A [`Class`] as a number.
        class: u32,
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
        /// A [`StepKind`] as a number.
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
    /// Exposures to remember; the rows are sorted by the text of `key`.
    26 Exposure {
        /// What was shown, such as `campaign:intro`.
        key: Id<Text>,
        /// How many times are enough for every cap that asks.
        keep: u32,
        /// How far back any cap looks; zero for ever.
        within: Millis,
    }
    /// A time zone: its offsets from UTC, in seconds. The first row is the zone of subjects that have none.
    27 Zone {
        /// The offset before the first change, as a signed number.
        before: u32,
        /// Changes that follow no rule, in their order.
        changes: Span<ZoneChange>,
        /// The offset of standard time after the changes, as a signed number.
        standard: u32,
        /// The offset of summer time after the changes, as a signed number.
        summer: u32,
        /// When clocks are put forward and back after the changes; none for standard time all year.
        rule: Option<Id<ZoneRule>>,
    }
    /// A change of a zone's offset.
    28 ZoneChange {
        /// When, in seconds since 1970-01-01T00:00:00Z.
        at: u32,
        /// The offset from then on, as a signed number.
        offset: u32,
    }
    /// When clocks are put forward and back each year, as POSIX has it (`M3.5.0/2`).
    29 ZoneRule {
        /// Month, week and weekday of the day on which summer time begins, as decimal digits: `0350` is March, last, Sunday.
        start: u32,
        /// The second of that day in standard time, as a signed number.
        start_time: u32,
        /// Month, week and weekday of the day on which it ends.
        end: u32,
        /// The second of that day in summer time, as a signed number.
        end_time: u32,
    }
    /// A name of a zone; the rows are sorted by `hash`.
    30 ZoneName {
        /// A hash of the name in lower case.
        hash: u32,
        /// The zone.
        zone: Id<Zone>,
    }
    /// An event that is followed by another.
    31 Sequence {
        /// The first event.
        first: Id<Counter>,
        /// The one that follows.
        then: Id<Counter>,
        /// Less than so long after the first.
        within: Millis,
        /// The first is less than so long ago; zero for ever.
        since: Millis,
    }
}
