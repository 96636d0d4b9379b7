//! The layout of rows: each row is a fixed number of little-endian 32-bit words, which are checked once, when the plan is
//! loaded.
//!
//! A [`Field`] type says how many words it takes, which words are valid ([`Kind`]), and how to read them. The `tables!` macro
//! derives all three for a whole row, so a field cannot be read in another way than it was checked.

use crate::prelude::*;
use crate::time::Millis;

pub use super::ids::{Id, Ids, Span};

/// The word of an optional reference that refers to nothing.
pub(super) const NONE: u32 = u32::MAX;

/// The bit of a flag that shares its word with the number of an enum's variant.
pub const FLAG: u32 = 1 << 31;

/// Returns the word at an offset of a row.
///
/// INVARIANT: the offset is within the row. [`Row::read`] checks the length of a row once for all fields.
#[inline]
pub(super) fn word(words: &[u32], at: usize) -> u32 {
    words.get(at).copied().unwrap_or(0)
}

/// Returns the two words at an offset of a row, the lower one first, as one number.
#[inline]
fn wide(words: &[u32], at: usize) -> u64 {
    u64::from(word(words, at)) | (u64::from(word(words, at.saturating_add(1))) << 32)
}

/// The sizes of all tables, and the lists: references are checked against them.
pub struct Bounds<'a> {
    pub(super) counts: &'a [u32],
    pub(super) lists: &'a [u32],
}

impl Bounds<'_> {
    /// Whether the item exists.
    pub(super) fn has<T: Target>(&self, id: Id<T>) -> bool {
        id.0 < self.count(T::TABLE)
    }

    /// Whether the list, and every item that it refers to, exists.
    pub(super) fn has_all<T: Target>(&self, ids: Ids<T>) -> bool {
        self.has_list(T::TABLE, ids.start, ids.len)
    }

    /// Whether the list of words exists and consists of groups of this size.
    pub(super) fn has_words(&self, start: u32, len: u32, size: usize) -> bool {
        let words = start.checked_add(len).and_then(|end| self.lists.get(start as usize..end as usize));
        words.is_some_and(|words| words.len().checked_rem(size) == Some(0))
    }

    fn count(&self, table: usize) -> u32 {
        self.counts.get(table).copied().unwrap_or(0)
    }

    fn has_list(&self, table: usize, start: u32, len: u32) -> bool {
        let count = self.count(table);
        let items = start.checked_add(len).and_then(|end| self.lists.get(start as usize..end as usize));
        items.is_some_and(|items| items.iter().all(|item| *item < count))
    }
}

/// The meaning of a field's words: everything that the check of a plan has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One word without a further meaning.
    Word,
    /// Two words without a further meaning.
    Wide,
    /// A double that is not NaN, in two words.
    Number,
    /// A Unicode scalar value.
    Char,
    /// The number of an enum's variant, less than this count of variants.
    Enum(u32),
    /// A set of flags, all of them among these bits.
    Flags(u32),
    /// As [`Self::Enum`], with [`FLAG`] or without it.
    FlaggedEnum(u32),
    /// The number of an item of this table.
    Id(usize),
    /// The number of an item of this table, or `NONE`.
    Option(usize),
    /// The first row and the count of consecutive rows of this table.
    Span(usize),
    /// The start and the length of a list with numbers of items of this table.
    Ids(usize),
}

impl Kind {
    /// Returns how many words the field takes.
    #[must_use]
    pub const fn words(self) -> usize {
        match self {
            Self::Word
            | Self::Char
            | Self::Enum(_)
            | Self::Flags(_)
            | Self::FlaggedEnum(_)
            | Self::Id(_)
            | Self::Option(_) => 1,
            Self::Wide | Self::Number | Self::Span(_) | Self::Ids(_) => 2,
        }
    }

    /// Returns how many words all fields of a row take.
    #[must_use]
    pub const fn sum(fields: &[Self]) -> usize {
        match fields {
            [first, rest @ ..] => first.words().saturating_add(Self::sum(rest)),
            [] => 0,
        }
    }

    /// Whether the field at an offset of a row is valid: references lead to items that exist, numbers and flags are known.
    pub(super) fn check(self, words: &[u32], at: usize, bounds: &Bounds<'_>) -> bool {
        let first = word(words, at);
        let second = word(words, at.saturating_add(1));
        match self {
            Self::Word | Self::Wide => true,
            Self::Number => !f64::from_bits(wide(words, at)).is_nan(),
            Self::Char => char::from_u32(first).is_some(),
            Self::Enum(variants) => first < variants,
            Self::Flags(known) => first & !known == 0,
            Self::FlaggedEnum(variants) => first & !FLAG < variants,
            Self::Id(table) => first < bounds.count(table),
            Self::Option(table) => first == NONE || first < bounds.count(table),
            Self::Span(table) => first.checked_add(second).is_some_and(|end| end <= bounds.count(table)),
            Self::Ids(table) => bounds.has_list(table, first, second),
        }
    }

    /// Whether the field is a number, or a set of flags, of which this version knows only some.
    pub(super) const fn is_enumerated(self) -> bool {
        matches!(self, Self::Enum(_) | Self::Flags(_) | Self::FlaggedEnum(_))
    }
}

/// A type that rows have as a field.
pub trait Field: Copy {
    /// The meaning of its words.
    ///
    /// INVARIANT: [`read`](Self::read) returns a value for all words that a check of this kind accepts.
    const KIND: Kind;
    /// Reads the field at an offset of a row. Returns `None` if the word is not a value of the type: such a plan is never loaded.
    fn read(words: &[u32], at: usize) -> Option<Self>;
    /// Appends the field's words.
    fn write(self, out: &mut Vec<u32>);
}

/// A kind of row, and the table that holds all rows of the kind.
pub trait Row: Copy {
    /// The number of the table.
    const TABLE: usize;
    /// The fields in the order in which they are stored.
    const FIELDS: &'static [Kind];
    /// The number of words of a row.
    const WORDS: usize = Kind::sum(Self::FIELDS);
    /// Reads a row. Returns `None` if a field cannot be read: such a plan is never loaded.
    fn read(words: &[u32]) -> Option<Self>;
    /// Appends the row's words.
    fn write(self, out: &mut Vec<u32>);
}

/// A kind of item that an [`Id`] can name: a row, a string, a regular expression.
pub trait Target {
    /// The number of the section that holds the items.
    const TABLE: usize;
}

impl<R: Row> Target for R {
    const TABLE: usize = R::TABLE;
}

impl Field for u32 {
    const KIND: Kind = Kind::Word;
    #[inline]
    fn read(words: &[u32], at: usize) -> Option<Self> {
        Some(word(words, at))
    }
    fn write(self, out: &mut Vec<u32>) {
        out.push(self);
    }
}

impl Field for i32 {
    const KIND: Kind = Kind::Word;
    #[inline]
    fn read(words: &[u32], at: usize) -> Option<Self> {
        Some(word(words, at).cast_signed())
    }
    fn write(self, out: &mut Vec<u32>) {
        out.push(self.cast_unsigned());
    }
}

impl Field for char {
    const KIND: Kind = Kind::Char;
    #[inline]
    fn read(words: &[u32], at: usize) -> Option<Self> {
        Self::from_u32(word(words, at))
    }
    fn write(self, out: &mut Vec<u32>) {
        out.push(u32::from(self));
    }
}

fn write_u64(value: u64, out: &mut Vec<u32>) {
    out.push((value & u64::from(u32::MAX)) as u32);
    out.push((value >> 32) as u32);
}

impl Field for f64 {
    const KIND: Kind = Kind::Number;
    #[inline]
    fn read(words: &[u32], at: usize) -> Option<Self> {
        Some(Self::from_bits(wide(words, at)))
    }
    fn write(self, out: &mut Vec<u32>) {
        write_u64(self.to_bits(), out);
    }
}

impl Field for Millis {
    const KIND: Kind = Kind::Wide;
    #[inline]
    fn read(words: &[u32], at: usize) -> Option<Self> {
        Some(Self(wide(words, at).cast_signed()))
    }
    fn write(self, out: &mut Vec<u32>) {
        write_u64(self.0.cast_unsigned(), out);
    }
}

impl<T: Target> Field for Id<T> {
    const KIND: Kind = Kind::Id(T::TABLE);
    #[inline]
    fn read(words: &[u32], at: usize) -> Option<Self> {
        Some(Self::new(word(words, at)))
    }
    fn write(self, out: &mut Vec<u32>) {
        out.push(self.0);
    }
}

impl<T: Target> Field for Option<Id<T>> {
    const KIND: Kind = Kind::Option(T::TABLE);
    #[inline]
    fn read(words: &[u32], at: usize) -> Option<Self> {
        Some(Some(word(words, at)).filter(|index| *index != NONE).map(Id::new))
    }
    fn write(self, out: &mut Vec<u32>) {
        out.push(self.map_or(NONE, |id| id.0));
    }
}

impl<T: Target> Field for Span<T> {
    const KIND: Kind = Kind::Span(T::TABLE);
    #[inline]
    fn read(words: &[u32], at: usize) -> Option<Self> {
        Some(Self::new(word(words, at), word(words, at.saturating_add(1))))
    }
    fn write(self, out: &mut Vec<u32>) {
        out.extend([self.start, self.len]);
    }
}

impl<T: Target> Field for Ids<T> {
    const KIND: Kind = Kind::Ids(T::TABLE);
    #[inline]
    fn read(words: &[u32], at: usize) -> Option<Self> {
        Some(Self::new(word(words, at), word(words, at.saturating_add(1))))
    }
    fn write(self, out: &mut Vec<u32>) {
        out.extend([self.start, self.len]);
    }
}

/// Declares the rows of a plan: a struct for each table, with the fields in the order in which they are stored.
macro_rules! tables {
    ($($(#[$meta:meta])* $number:literal $name:ident { $($(#[$field_meta:meta])* $field:ident: $kind:ty,)* })*) => {
    $(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name { $($(#[$field_meta])* pub $field: $kind,)* }

        impl $crate::plan::row::Row for $name {
            const TABLE: usize = $number;
            const FIELDS: &'static [$crate::plan::row::Kind] = &[$(<$kind as $crate::plan::row::Field>::KIND),*];
            fn read(words: &[u32]) -> Option<Self> {
                // One check of the length instead of one for each field.
                let words: &[u32; <$name as $crate::plan::row::Row>::WORDS] = words.first_chunk()?;
                let mut next: usize = 0;
                $(
                    let at = next;
                    next = next.saturating_add(<$kind as $crate::plan::row::Field>::KIND.words());
                    let $field = <$kind as $crate::plan::row::Field>::read(words, at)?;
                )*
                debug_assert_eq!(next, Self::WORDS);
                Some(Self { $($field),* })
            }
            fn write(self, out: &mut Vec<u32>) {
                $($crate::plan::row::Field::write(self.$field, out);)*
            }
        }
    )*

        /// Returns the fields of a row of this section, if this file declares its table.
        pub(super) const fn fields(section: usize) -> Option<&'static [$crate::plan::row::Kind]> {
            match section {
                $($number => Some(<$name as $crate::plan::row::Row>::FIELDS),)*
                _ => None,
            }
        }
    };
}
pub(super) use tables;

/// Declares sets of flags that a row has as a field: a newtype for each kind of row, with a constant for each flag.
macro_rules! flags {
    ($($(#[$meta:meta])* $name:ident { $($(#[$flag_meta:meta])* $flag:ident = $bit:literal,)* })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name(u32);

        impl $name {
            $($(#[$flag_meta])* pub const $flag: Self = Self($bit);)*

            /// Returns the set without flags.
            #[must_use]
            pub const fn empty() -> Self {
                Self(0)
            }

            /// Whether all flags of the other set are in this one.
            #[must_use]
            #[inline]
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// Returns the set with the flags of both.
            #[must_use]
            pub const fn with(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// Returns this set if the condition holds, else the empty one.
            #[must_use]
            pub const fn when(self, holds: bool) -> Self {
                if holds { self } else { Self::empty() }
            }
        }

        impl $crate::plan::row::Field for $name {
            const KIND: $crate::plan::row::Kind = $crate::plan::row::Kind::Flags(0 $(| $bit)*);
            #[inline]
            fn read(words: &[u32], at: usize) -> Option<Self> {
                Some(Self($crate::plan::row::word(words, at)))
            }
            fn write(self, out: &mut Vec<u32>) {
                out.push(self.0);
            }
        }
    )*};
}
pub(super) use flags;
