//! The tables of a plan. This file is the format: the order of tables and fields is the order in the bytes.

use super::row::{Id, Ids, Span, Target, tables};
use crate::prelude::*;
use crate::time::Millis;

pub use super::program::{DateField, Expected, ExprOp, LoopField, PartKind, Pipe};
pub use super::words::{
    Class, ConstantKind, Escape, Format, JourneyState, Link, LocalPart, Per, Source, StepKind, TermKind,
};

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
pub(super) const SECTIONS: usize = 57;

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
/// [`Journey::flags`]: who enters again goes on behind what was sent or seen.
pub const RESUME: u32 = 1;
/// [`NextStep::flags`]: the steps are ordered by what they are expected to be worth, not as they stand.
pub const BEST: u32 = 1;
/// [`NextStep::flags`]: the channel has none of the roles that the message wants.
pub const WRONG_ROLE: u32 = 2;
/// [`Term::flags`]: the logarithm of one more than the fact counts.
pub const LOG: u32 = 1;
/// [`Experiment::flags`]: the first assignment is kept.
pub const STICKY: u32 = 1;
/// [`Experiment::flags`]: assigns subjects; otherwise everybody gets the default rendition.
pub const ACTIVE: u32 = 2;
/// [`Feature::flags`]: gives no value.
pub const FEATURE_OFF: u32 = 1;
/// [`FeatureRule::flags`]: gives [`FeatureRule::force`].
pub const FORCES: u32 = 1;
/// [`Prerequisite::flags`]: without it the whole feature gives nothing.
pub const GATE: u32 = 1;
/// [`Rollout::flags`] and [`Trial::flags`]: kept assignments and the fallback attribute do not count.
pub const NEVER_STICKY: u32 = 1;
/// [`Rollout::flags`]: the end of the range belongs to it.
pub const INCLUSIVE: u32 = 2;
/// [`Trial::flags`]: assigns nobody, but can be forced.
pub const DRAFT: u32 = 2;
/// [`Trial::flags`]: has ended.
pub const STOPPED: u32 = 4;
/// [`Trial::flags`]: who is in it gets [`Trial::forced`].
pub const FORCED: u32 = 8;
/// [`Arm::flags`]: [`Arm::key`] was given, so assignments can be kept.
pub const KEYED: u32 = 1;
/// [`Arm::flags`]: who is here goes on to the next rule.
pub const PASSTHROUGH: u32 = 2;
/// [`Audience::flags`]: the page must be among [`Audience::urls`].
pub const BY_URL: u32 = 1;
/// [`UrlPattern::flags`]: pages that match are out.
pub const EXCLUDES: u32 = 1;
/// [`UrlPattern::flags`]: [`UrlPattern::path`] is tested on the whole URL.
pub const WHOLE_URL: u32 = 2;
/// [`AutoExperiment::flags`]: some variation is another page.
pub const REDIRECT: u32 = 1;
/// [`AutoExperiment::flags`]: runs only when it is asked for.
pub const MANUAL: u32 = 2;
/// [`AutoExperiment::flags`]: the other page gets the query string of this one.
pub const PERSIST_QUERY: u32 = 4;

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
    /// Events to remember: the last `keep` times within `within`.
    8 Counter {
        /// A hash of event and filter, equal in every plan that has this counter.
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
    /// A step of a template. It refers only to steps before it.
    15 Part {
        /// A [`PartKind`] as a number.
        kind: u32,
        /// An [`Escape`] as a number, or the number of a variable.
        detail: u32,
        /// Text as it is.
        text: Option<Id<Text>>,
        /// What is inserted, asked, gone through or kept.
        term: Option<Id<Expr>>,
        /// What is done if it holds, or for each item.
        body: Span<Part>,
        /// What is done otherwise.
        other: Span<Part>,
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
        /// The message that it limits.
        message: Option<Id<Message>>,
        /// The channels that it limits; all without any.
        channels: Ids<Channel>,
    }
    /// Who gets what, when.
    21 Campaign {
        /// Its id.
        id: Id<Text>,
        /// A [`Class`] as a number.
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
        /// Flags: [`BEST`], [`WRONG_ROLE`].
        flags: u32,
        /// After how long it is worth half as much; [`Millis::MAX`] for never.
        half_life: Millis,
        /// The topic that people may refuse in the channel.
        topic: Option<Id<Text>>,
    }
    /// Several steps in time for one subject.
    24 Journey {
        /// Its id.
        id: Id<Text>,
        /// A [`Class`] as a number.
        class: u32,
        /// Higher speaks first.
        priority: u32,
        /// Flags: [`RESUME`].
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
    /// A value that rules choose; the rows are sorted by the text of `key`.
    31 Feature {
        /// Its key.
        key: Id<Text>,
        /// The value where no rule gives one.
        default: Option<Id<Constant>>,
        /// Its rules; the first one that gives a value counts.
        rules: Span<FeatureRule>,
        /// Flags: [`FEATURE_OFF`].
        flags: u32,
    }
    /// A rule of a feature.
    32 FeatureRule {
        /// Its id, or an empty text.
        id: Id<Text>,
        /// Flags: [`FORCES`].
        flags: u32,
        /// Features that must have some value.
        prerequisites: Span<Prerequisite>,
        /// Splits that the subject must be in.
        filters: Span<Filter>,
        /// For whom a value is forced.
        when: Option<Id<Node>>,
        /// The forced value.
        force: Option<Id<Constant>>,
        /// The share of subjects for whom it is forced.
        rollout: Option<Id<Rollout>>,
        /// The experiment that gives a value.
        trial: Option<Id<Trial>>,
        /// Experiments that were run elsewhere and count as seen, as JSON.
        tracks: Option<Id<Text>>,
    }
    /// What another feature must give.
    33 Prerequisite {
        /// The key of the feature.
        feature: Id<Text>,
        /// Flags: [`GATE`].
        flags: u32,
        /// A condition on `{"value": ...}`.
        when: Id<Node>,
    }
    /// A split that a subject must be in.
    34 Filter {
        /// What is hashed.
        unit: Id<Attribute>,
        /// Hashed together with it.
        seed: Id<Text>,
        /// The version of the hash.
        version: u32,
        /// The buckets that are in.
        ranges: Span<Buckets>,
    }
    /// Consecutive buckets.
    35 Buckets {
        /// From here...
        from: f64,
        /// ...to before here.
        to: f64,
    }
    /// A share of subjects.
    36 Rollout {
        /// Hashed together with the unit.
        seed: Id<Text>,
        /// What is hashed.
        unit: Id<Attribute>,
        /// What is hashed where the unit is missing.
        fallback: Option<Id<Attribute>>,
        /// The version of the hash.
        version: u32,
        /// Buckets from here...
        from: f64,
        /// ...to here.
        to: f64,
        /// Flags: [`NEVER_STICKY`], [`INCLUSIVE`].
        flags: u32,
    }
    /// An experiment of a feature, or one of its own, as GrowthBook has them.
    37 Trial {
        /// Its key.
        key: Id<Text>,
        /// Hashed together with the unit.
        seed: Id<Text>,
        /// What is hashed.
        unit: Id<Attribute>,
        /// What is hashed where the unit is missing.
        fallback: Option<Id<Attribute>>,
        /// Flags: [`NEVER_STICKY`], [`DRAFT`], [`STOPPED`], [`FORCED`].
        flags: u32,
        /// The version of the hash.
        version: u32,
        /// Changing it assigns everybody anew.
        bucket_version: u32,
        /// Subjects assigned under an earlier version are left out.
        min_bucket_version: u32,
        /// Its variations.
        arms: Span<Arm>,
        /// The buckets of each variation.
        ranges: Span<Buckets>,
        /// What chooses between sets of weights.
        bandit: Option<Id<Bandit>>,
        /// Who may be in it.
        audience: Id<Audience>,
        /// The experiment as it was written, as JSON.
        definition: Id<Text>,
        /// The number of the variation that everybody in it gets.
        forced: u32,
    }
    /// Who may be in a trial.
    38 Audience {
        /// Flags: [`BY_URL`].
        flags: u32,
        /// For whom.
        when: Option<Id<Node>>,
        /// Splits that the subject must be in.
        filters: Span<Filter>,
        /// The seed of the namespace.
        namespace: Option<Id<Text>>,
        /// Buckets of the namespace from here...
        from: f64,
        /// ...to before here.
        to: f64,
        /// Features that must have some value.
        prerequisites: Span<Prerequisite>,
        /// The pages.
        urls: Span<UrlPattern>,
    }
    /// A variation of a trial.
    39 Arm {
        /// Its value.
        value: Id<Constant>,
        /// Its key.
        key: Id<Text>,
        /// Its name.
        name: Option<Id<Text>>,
        /// Flags: [`KEYED`], [`PASSTHROUGH`].
        flags: u32,
    }
    /// Weights that depend on the subject.
    40 Bandit {
        /// The sets of weights; the first one whose condition holds counts.
        leaves: Span<Leaf>,
        /// The weights where none holds, as JSON.
        weights: Id<Text>,
        /// Its version, as JSON.
        version: Option<Id<Text>>,
    }
    /// Weights for some subjects.
    41 Leaf {
        /// For whom.
        when: Id<Node>,
        /// Its id, as JSON.
        id: Id<Text>,
        /// The weights, as JSON.
        weights: Id<Text>,
        /// The buckets of each variation.
        ranges: Span<Buckets>,
    }
    /// A pattern of URLs.
    42 UrlPattern {
        /// Flags: [`EXCLUDES`], [`WHOLE_URL`].
        flags: u32,
        /// The host with its port.
        host: Option<Id<Regex>>,
        /// The path, or the whole URL.
        path: Id<Regex>,
        /// The fragment with its `#`.
        hash: Option<Id<Regex>>,
        /// Parameters of the query.
        params: Span<UrlParam>,
    }
    /// A parameter in a pattern of URLs.
    43 UrlParam {
        /// Its name.
        name: Id<Text>,
        /// Its value.
        value: Id<Regex>,
    }
    /// An experiment that pages run by themselves.
    44 AutoExperiment {
        /// Its id.
        id: Id<Text>,
        /// What it splits.
        trial: Id<Trial>,
        /// Flags: [`REDIRECT`], [`MANUAL`], [`PERSIST_QUERY`].
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
    /// A formula that orders campaigns of one priority.
    48 Score {
        /// What is added to the terms.
        bias: f64,
        /// A [`Link`] as a number.
        link: u32,
        /// What is added up.
        terms: Span<Term>,
    }
    /// A fact with its weight.
    49 Term {
        /// A [`TermKind`] as a number.
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
    /// A value of a template. It refers only to values before it.
    50 Expr {
        /// A [`ExprOp`] as a number.
        op: u32,
        /// First operand; what it means is said at [`ExprOp`].
        a: u32,
        /// Second operand.
        b: u32,
        /// The values that it is made of.
        args: Ids<Expr>,
    }
    /// How numbers are written in one locale, and possibly one currency.
    51 NumberFormat {
        /// What stands before the fraction.
        point: Id<Text>,
        /// What stands between groups of digits.
        group: Id<Text>,
        /// How many digits the last group has; zero for no groups.
        last_group: u32,
        /// How many digits the other groups have.
        groups: u32,
        /// How many digits the fraction has at least...
        least: u32,
        /// ...and at most.
        most: u32,
        /// What stands before the number.
        before: Id<Text>,
        /// What stands after it.
        after: Id<Text>,
    }
    /// How a time is written.
    52 DateFormat {
        /// Its pieces in their order.
        pieces: Span<DatePiece>,
    }
    /// A piece of a written time.
    53 DatePiece {
        /// A [`DateField`] as a number.
        field: u32,
        /// How many digits a number has at least.
        width: u32,
        /// The character that fills up a number.
        fill: u32,
        /// Text as it is, or the names of months, weekdays, and halves of days.
        names: Ids<Text>,
    }
    /// A thing of the catalogue; the rows are sorted by the text of `id`.
    54 Item {
        /// Its id.
        id: Id<Text>,
        /// The names of its fields...
        fields: Ids<Text>,
        /// ...and their values.
        values: Ids<Constant>,
    }
    /// Things of the catalogue for one subject.
    55 List {
        /// Its id.
        id: Id<Text>,
        /// The attribute with the ids of the things, in their order; none for all things.
        from: Option<Id<Attribute>>,
        /// The things that may be in it: those of an attribute sorted by number, all of them in their order.
        items: Ids<Item>,
        /// Attributes with ids of things that are not in it.
        without: Ids<Attribute>,
        /// It has at most so many.
        limit: u32,
    }
    /// The locales to try where a locale has nothing.
    56 Fallback {
        /// The locale.
        locale: Id<Text>,
        /// Which to try instead, in their order.
        then: Ids<Text>,
    }
}
