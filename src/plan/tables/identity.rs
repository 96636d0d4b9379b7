//! Identity and privacy: identifiers, purposes, and what addresses keep.

use super::{Normalise, Regex, Text};
use crate::plan::row::{Id, flags, tables};
use crate::prelude::*;

flags! {
    /// The flags of an [`Identifier`].
    IdentifierFlags {
        /// A value names one person only: two people with it are merged.
        UNIQUE = 1,
        /// Only trusted senders may name it.
        TRUSTED = 2,
        /// Calls name it in `context.externalIds`, or by a trait of the same name.
        EXTERNAL = 4,
    }
}

tables! {
    /// A type of identifiers of people.
    ///
    /// INVARIANT: the rows are sorted by the string of `name`, because types are found by binary search.
    67 Identifier {
        /// The name, such as `email`.
        name: Id<Text>,
        /// The priority; the smallest number is the best.
        priority: u32,
        /// The maximum number of values of one person.
        limit: u32,
        /// The normal form of its values.
        normalise: Normalise,
        /// Whom a value names, and who may name it.
        flags: IdentifierFlags,
    }
    /// A value that identifies nobody.
    ///
    /// INVARIANT: the rows are sorted by the string of `value`, because values are found by binary search.
    68 BlockedValue {
        /// The value, in lower case.
        value: Id<Text>,
    }
    /// A pattern of values that identify nobody.
    69 BlockedPattern {
        /// The pattern.
        pattern: Id<Regex>,
    }
    /// A purpose that the rules name: consent for others is not kept.
    ///
    /// INVARIANT: the rows are sorted by the string of `name`, because purposes are found by binary search.
    70 Purpose {
        /// The name.
        name: Id<Text>,
    }
    /// Parameters that recorded addresses keep.
    71 KeptParameter {
        /// The name; `*` stands for any characters.
        pattern: Id<Text>,
    }
}
