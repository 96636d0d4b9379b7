//! The typed tree of a condition: names, constants and lengths, and no numbers of any plan.

use throughline::internals::plan::Op;
use throughline::internals::plan::tables::{JourneyState, LocalPart};
use throughline::{Consent, Millis, Value};

use super::counter::CounterSpec;
use super::vocabulary::Dialect;
use super::when::When;
use crate::source::cursor::Cursor;
use crate::source::tree::Node;

/// A condition on the subject, or on the members of a value.
#[derive(Debug)]
pub enum Condition<'a> {
    /// Never holds. It replaces a mistake that has been reported: an error, or a warning in GrowthBook's language.
    Never,
    /// All parts hold; always holds without parts.
    All(Vec<Self>),
    /// `$or`: some part holds; always holds without parts, as in GrowthBook.
    Any(Vec<Alternative<'a>>),
    /// `$nor`: the opposite of `$or`.
    Nor(Vec<Self>),
    /// The condition does not hold.
    Not(Box<Self>),
    /// An attribute of the subject passes a test.
    Attribute(AttributeTest<'a>),
    /// A member of a value passes a test.
    Member {
        /// The names that lead to the member, joined by dots.
        path: &'a str,
        /// The test.
        test: ValueTest<'a>,
    },
    /// `$savedGroup`, as the condition of its group.
    SavedGroup {
        /// The operand.
        source: &'a Node,
        /// The condition of the group.
        condition: Box<Self>,
    },
    /// An operator that tests the subject, such as `$segment` or `$event`.
    Subject {
        /// The operator.
        operator: &'a str,
        /// The operand, as it is written.
        source: &'a Node,
        /// The operand, as it was read.
        test: SubjectTest<'a>,
    },
}

/// A part of `$or`.
#[derive(Debug)]
pub struct Alternative<'a> {
    /// The position of the part.
    pub cursor: Cursor<'a>,
    /// The part.
    pub condition: Condition<'a>,
}

/// A test of an attribute.
#[derive(Debug)]
pub struct AttributeTest<'a> {
    /// The key of the condition: the name of the attribute, and possibly a path to a member of its value.
    pub path: &'a str,
    /// The name of the attribute, the longest declared one that the key begins with.
    pub name: &'a str,
    /// The path to a member of the value; none for the value itself.
    pub rest: Option<&'a str>,
    /// The language: in the rules' own, the value is read as its declared type.
    pub dialect: Dialect,
    /// The test of the value, or of the member.
    pub test: ValueTest<'a>,
}

/// A test of one value.
#[derive(Debug)]
pub enum ValueTest<'a> {
    /// Never passes: a mistake that has been reported.
    Never,
    /// Operators that all have to hold.
    All(Vec<Self>),
    /// The value does not pass a test.
    Not(Box<Self>),
    /// The members of the value satisfy a condition.
    Members(Box<Condition<'a>>),
    /// One operator with its operand.
    Operator {
        /// The operator; empty for a bare value.
        name: &'a str,
        /// The operand, as it is written.
        source: &'a Node,
        /// The language: in the rules' own, a missing value passes no test.
        dialect: Dialect,
        /// The operand, as it was read.
        test: Operator<'a>,
    },
}

/// An operator that tests a value, with its operand.
#[derive(Debug)]
pub enum Operator<'a> {
    /// A bare value or one of `$eq`, `$ne`, `$lt`, `$lte`, `$gt`, `$gte`: a comparison with a constant.
    Compare(Op, Value),
    /// `$lt`, `$lte`, `$gt` or `$gte` with `now`, `now+3d` or `now-30d`: a comparison of a date with the current time and
    /// this many milliseconds.
    FromNow(Op, f64),
    /// `$in` and its variants: the value is among constants.
    Among {
        /// The constants, as they are written.
        values: Vec<Value>,
        /// Upper and lower case are equal.
        ignore_case: bool,
        /// The value is not among the constants.
        negated: bool,
    },
    /// `$inGroup` and `$notInGroup`: the value is among those of a saved group.
    InGroup {
        /// The values of the group.
        values: Vec<Value>,
        /// The value is not among those of the group.
        negated: bool,
    },
    /// `$regex` and `$regexi`.
    Regex {
        /// The automaton, as plans have it.
        automaton: Vec<u8>,
        /// The expression between slashes, with its flags.
        written: String,
    },
    /// `$inCidr` and `$ninCidr`: the value is an address in some network.
    InCidr {
        /// The networks.
        networks: Vec<Network>,
        /// The value is in none of them.
        negated: bool,
    },
    /// `$inHashed` and `$ninHashed`: the value is among confidential ones, which a plan has only as hashes.
    InHashed {
        /// The values, as they are written.
        values: Vec<String>,
        /// The value is not among them.
        negated: bool,
    },
    /// `$exists`.
    Exists(bool),
    /// `$type`.
    Type(&'a str),
    /// `$size`: the length of a list passes a test.
    Size(Box<ValueTest<'a>>),
    /// `$all` and `$alli`: for each test some element of a list passes it.
    All(Vec<ValueTest<'a>>),
    /// An element of `$alli`: the string in lower case.
    IgnoreCase(String),
    /// `$elemMatch`: some element of a list passes a test.
    ElemMatch(Box<ValueTest<'a>>),
    /// `$veq` and its variants: a comparison of versions.
    Version {
        /// The comparison.
        op: Op,
        /// The version in the form that GrowthBook compares.
        padded: String,
        /// The version as it is written.
        written: String,
    },
}

/// A network, or a single address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// The first address and the last one, as IPv6 maps them.
    pub range: (u128, u128),
    /// The network as it is written.
    pub written: String,
}

/// The operand of an operator that tests the subject.
#[derive(Debug)]
pub enum SubjectTest<'a> {
    /// `$segment`: the subject is in one of these segments.
    Segment(Vec<Segment<'a>>),
    /// `$stage`: the first stage that the subject is in is one of these.
    Stage(Vec<Stage<'a>>),
    /// `$event` and the other operators on the history; of a list, all have to hold.
    History(Vec<History<'a>>),
    /// `$schedule`: now is at or after `from` and before `until`.
    Schedule {
        /// The beginning; [`Millis::MIN`] for none.
        from: Millis,
        /// The end; [`Millis::MAX`] for none.
        until: Millis,
        /// The bounds are on the subject's clock.
        is_local: bool,
    },
    /// `$local`.
    Local(Local),
    /// `$distance`.
    Distance(Distance<'a>),
    /// `$consent`: each purpose has its state.
    Consent(Vec<(&'a str, Consent)>),
    /// `$journey`: the subject is in a journey, or was.
    Journey {
        /// The id of the journey.
        id: &'a str,
        /// The state; none for any.
        state: Option<JourneyState>,
        /// The id of the step; none for any.
        step: Option<&'a str>,
    },
}

/// A segment that a condition names.
#[derive(Debug)]
pub struct Segment<'a> {
    /// The id of the segment.
    pub id: &'a str,
    /// Its position.
    pub source: &'a Node,
}

/// A stage: the subject is in its segment, and in that of no earlier stage.
#[derive(Debug)]
pub struct Stage<'a> {
    /// The id of its segment.
    pub id: &'a str,
    /// The ids of the earlier stages.
    pub earlier: Vec<&'a str>,
}

/// A test of the subject's history.
#[derive(Debug)]
pub enum History<'a> {
    /// `$event` and `$distinct`: how often an event happened, or how many values a property had.
    Count {
        /// [`Op::Count`] or [`Op::Distinct`].
        op: Op,
        /// The events.
        counter: CounterSpec<'a>,
        /// The test of the number.
        count: NumberTest,
    },
    /// `$sum`: the sum of the last values of a property.
    Sum {
        /// The events.
        counter: CounterSpec<'a>,
        /// The test of the sum.
        total: ValueTest<'a>,
    },
    /// `$first` and `$last`: the value of a property at an event, and the age of the event.
    Edge {
        /// [`Op::First`] or [`Op::Last`].
        op: Op,
        /// The events.
        counter: CounterSpec<'a>,
        /// The test of the value.
        value: Option<ValueTest<'a>>,
        /// The bounds of the age, in milliseconds.
        ages: Vec<Bound>,
    },
    /// `$recency`: the age of the last event.
    Recency {
        /// The events.
        counter: CounterSpec<'a>,
        /// The bounds of the age, in milliseconds.
        ages: Vec<Bound>,
    },
    /// `$sequence`: one event, and another one soon after it.
    Sequence {
        /// The first events.
        first: CounterSpec<'a>,
        /// The events after them.
        then: CounterSpec<'a>,
        /// The second event is less than this long after the first.
        within: Millis,
    },
}

impl<'a> History<'a> {
    /// Returns the conditions on properties of events.
    pub fn filters(&self) -> impl Iterator<Item = &When<'a>> {
        let (first, second) = match self {
            Self::Count { counter, .. }
            | Self::Sum { counter, .. }
            | Self::Edge { counter, .. }
            | Self::Recency { counter, .. } => (counter, None),
            Self::Sequence { first, then, .. } => (first, Some(then)),
        };
        [Some(first), second].into_iter().flatten().filter_map(|counter| counter.filter.as_ref())
    }
}

/// A bound of a number: a comparison, such as [`Op::Lt`], and the number that is compared with.
pub type Bound = (Op, f64);

/// A test of a number.
#[derive(Debug)]
pub enum NumberTest {
    /// The number is this one, with the conversions of a bare value.
    Is(f64),
    /// All bounds hold.
    Bounds(Vec<Bound>),
}

/// `$local`: the time on a clock. All given parts have to hold.
#[derive(Debug)]
pub struct Local {
    /// The zone of the clock; none for the subject's.
    pub zone: Option<String>,
    /// The minute of the day.
    pub time: Option<Span>,
    /// The days of the week, from 1 for Monday.
    pub weekdays: Option<Vec<Value>>,
    /// The date, or the day of every year.
    pub date: Option<(LocalPart, Span)>,
}

/// A span of whole numbers, from the first to before the second. Where the second is not greater, the span continues after
/// the turn of the day or year.
pub type Span = (i64, i64);

/// `$distance`: the metres to the nearest of some places.
#[derive(Debug)]
pub struct Distance<'a> {
    /// The attribute with the position; none for the position of the request.
    pub from: Option<&'a str>,
    /// The ids of the places; empty for all.
    pub to: Vec<&'a str>,
    /// The bounds, in metres.
    pub bounds: Vec<Bound>,
}

impl<'a> Condition<'a> {
    /// Calls a function with this condition and with every condition in it, except those of saved groups, of event
    /// properties and of elements of lists.
    pub fn walk<'c>(&'c self, visit: &mut dyn FnMut(&'c Self)) {
        visit(self);
        match self {
            Self::All(parts) | Self::Nor(parts) => parts.iter().for_each(|part| part.walk(visit)),
            Self::Any(parts) => parts.iter().for_each(|part| part.condition.walk(visit)),
            Self::Not(condition) => condition.walk(visit),
            Self::Never | Self::Attribute(_) | Self::Member { .. } | Self::SavedGroup { .. } | Self::Subject { .. } => {
            }
        }
    }
}

impl ValueTest<'_> {
    /// Returns whether a date is compared with the current time in it.
    pub fn is_from_now(&self) -> bool {
        match self {
            Self::All(parts) => parts.iter().any(Self::is_from_now),
            Self::Not(test) => test.is_from_now(),
            Self::Operator { test, .. } => matches!(test, Operator::FromNow(..)),
            Self::Never | Self::Members(_) => false,
        }
    }
}
