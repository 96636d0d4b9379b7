//! Conditions, and the facts that they read.

use super::{ConstantKind, Derivation, Fold, Source, Text, ValueKind};
use crate::plan::condition_ops::NodeOp;
use crate::plan::row::{Id, Ids, flags, tables};
use crate::prelude::*;
use crate::time::Millis;

flags! {
    /// The flags of an [`Attribute`].
    AttributeFlags {
        /// Decisions on pages need it, so the token carries it.
        EDGE = 1,
        /// Events from untrusted senders may set it.
        CLIENT = 2,
        /// It belongs to the account: all members of the account have the same value.
        ACCOUNT = 4,
    }
    /// The flags of a [`Counter`].
    CounterFlags {
        /// Decisions on pages need it, so the token carries it.
        EDGE = 1,
        /// It is counted for accounts too.
        ACCOUNT = 4,
    }
    /// The flags of a [`Segment`].
    SegmentFlags {
        /// Membership is decided by the collector and carried by the token.
        CARRIED = 1,
    }
}

tables! {
    /// A fact that conditions and templates read.
    5 Attribute {
        /// The name as written, with dots.
        name: Id<Text>,
        /// The name, split at its dots.
        path: Ids<Text>,
        /// The origin of the value.
        source: Source,
        /// The senders that may set it, and the hosts that need it.
        flags: AttributeFlags,
        /// The type that conditions of the rules' own dialect read its value as.
        kind: ValueKind,
        /// The only values of a string; empty for any.
        values: Ids<Text>,
    }
    /// A constant in a condition.
    6 Constant {
        /// The type.
        kind: ConstantKind,
        /// The string, or the JSON text of a list or an object; otherwise empty.
        ///
        /// INVARIANT: a string is found by [`Plan::intern`](crate::plan::Plan::intern), so equal strings have equal ids.
        text: Id<Text>,
        /// The value of a number or boolean.
        number: f64,
    }
    /// The interned strings (those of constants) whose hashes have the lower bits in common.
    ///
    /// INVARIANT: the number of rows is a power of two, and row `i` holds the strings whose hashes end in the bits of `i`.
    66 StringBucket {
        /// The strings.
        words: Ids<Text>,
    }
    /// A node of a condition. [`Op`](crate::plan::Op) has the table of operands.
    ///
    /// INVARIANT: a node refers only to nodes before it, so every condition is finite.
    7 Node {
        /// The operator, and whether several conditions share the node.
        op: NodeOp,
        /// The first operand.
        a: u32,
        /// The second operand.
        b: u32,
        /// The third operand.
        c: u32,
        /// The fourth operand.
        d: u32,
    }
    /// Events to remember.
    ///
    /// INVARIANT: the rows are sorted by the string of `key`, because counters are found by binary search.
    8 Counter {
        /// A hash of event, filter, properties and fold, equal in every plan that has this counter.
        key: Id<Text>,
        /// The event's name.
        event: Id<Text>,
        /// A condition on the event's properties.
        filter: Option<Id<Node>>,
        /// The number of occurrences that are enough for every condition.
        keep: u32,
        /// How far back any condition looks; zero for all time.
        within: Millis,
        /// Where it is needed, and for whom it is counted.
        flags: CounterFlags,
        /// The path of the property whose values are remembered; empty for none.
        property: Ids<Text>,
        /// The occurrences that are kept.
        fold: Fold,
        /// The number of occurrences that are enough for every condition of a page.
        carry: u32,
        /// The path of the property that names what happened: events with one value are one occurrence. Empty for none.
        once: Ids<Text>,
    }
    /// A named condition.
    9 Segment {
        /// The id.
        id: Id<Text>,
        /// The condition.
        node: Id<Node>,
        /// Where membership is decided.
        flags: SegmentFlags,
    }
    /// An event that is followed by another.
    57 Sequence {
        /// The first event.
        first: Id<Counter>,
        /// The event that follows.
        then: Id<Counter>,
        /// The time between the two is less than this.
        within: Millis,
        /// The age of the first event is less than this; zero for any age.
        since: Millis,
        /// The number of last events of each kind that are considered, however many are known.
        last: u32,
    }
    /// An attribute of the request that is derived from other facts unless the request has it.
    58 Derived {
        /// The attribute's name.
        name: Id<Text>,
        /// The fact that it is derived from.
        from: Derivation,
        /// The parameter of the page's address; empty if it is derived from another fact.
        parameter: Id<Text>,
    }
    /// An attribute that holds the last distinct values of a property of events, newest first.
    65 EventValues {
        /// The attribute's name.
        name: Id<Text>,
        /// The events, and the property.
        counter: Id<Counter>,
        /// The age of the events is less than this; zero for any age.
        within: Millis,
        /// The maximum number of values.
        last: u32,
    }
    /// A place on the globe.
    59 Place {
        /// The id.
        id: Id<Text>,
        /// Degrees north of the equator.
        latitude: f64,
        /// Degrees east of Greenwich.
        longitude: f64,
    }
}
