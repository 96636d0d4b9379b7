//! Conditions, and the facts that they read.

use super::Text;
use crate::plan::row::{Id, Ids, tables};
use crate::prelude::*;
use crate::time::Millis;

/// [`Attribute::flags`] and [`Counter::flags`]: decisions on pages need it, so the token carries it.
pub const EDGE: u32 = 1;
/// [`Attribute::flags`]: events from untrusted senders may set it.
pub const CLIENT: u32 = 2;
/// [`Segment::flags`]: membership is decided by the collector and carried by the token.
pub const CARRIED: u32 = 1;
/// [`Node::op`]: several conditions have it, so its result is worth remembering.
pub const SHARED: u32 = 1 << 31;
/// Flags of attributes, counters, exposures, caps and journeys: it is the account's, and every member of it has the same.
pub const ACCOUNT: u32 = 4;

tables! {
    /// A fact that conditions and templates read.
    5 Attribute {
        /// The name as written, with dots.
        name: Id<Text>,
        /// The name cut at its dots.
        path: Ids<Text>,
        /// A [`Source`](super::Source) as a number.
        source: u32,
        /// Flags: [`EDGE`], [`CLIENT`], [`ACCOUNT`].
        flags: u32,
    }
    /// A constant in a condition.
    6 Constant {
        /// A [`ConstantKind`](super::ConstantKind) as a number.
        kind: u32,
        /// The text of a string, or the JSON text of a list or object.
        text: Id<Text>,
        /// The value of a number or boolean.
        number: f64,
    }
    /// Words, the texts of constants, that have the lower bits of their hashes in common; there are as many buckets as such bits have values.
    66 StringBucket {
        /// The words.
        words: Ids<Text>,
    }
    /// A node of a condition; what its operands mean is said at [`Op`](crate::plan::Op).
    7 Node {
        /// An [`Op`](crate::plan::Op) as a number, with [`SHARED`].
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
        /// Flags: [`EDGE`], and [`ACCOUNT`] if it is counted for accounts too.
        flags: u32,
        /// The path of the property whose value is remembered, or whose values; empty for none.
        property: Ids<Text>,
        /// A [`Fold`](super::Fold) as a number: which occurrences are kept.
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
    /// An event that is followed by another.
    57 Sequence {
        /// The first event.
        first: Id<Counter>,
        /// The one that follows.
        then: Id<Counter>,
        /// Less than so long after the first.
        within: Millis,
        /// The first is less than so long ago; zero for ever.
        since: Millis,
        /// So many last events of each kind are looked at, however many are known.
        last: u32,
    }
    /// An attribute of the request that follows from others where the request does not have it.
    58 Derived {
        /// The attribute's name.
        name: Id<Text>,
        /// A [`Derivation`](super::Derivation) as a number.
        from: u32,
        /// The parameter of the page's address; an empty text where it follows from something else.
        parameter: Id<Text>,
    }
    /// An attribute that has the last different values of a property of events, the newest first.
    65 EventValues {
        /// The attribute's name.
        name: Id<Text>,
        /// The events, and the property.
        counter: Id<Counter>,
        /// The events are less than so long ago; zero for ever.
        within: Millis,
        /// It has at most so many.
        last: u32,
    }
    /// A place on the globe.
    59 Place {
        /// Its id.
        id: Id<Text>,
        /// Degrees north of the equator.
        latitude: f64,
        /// Degrees east of Greenwich.
        longitude: f64,
    }
}
