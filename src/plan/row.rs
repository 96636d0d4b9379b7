//! How rows stand in a plan: fixed numbers of little-endian 32-bit words, checked once when the plan is loaded.

use crate::prelude::*;
use crate::time::Millis;

pub use super::ids::{Id, Ids, Span};

/// The number that stands for "none" in an optional reference.
pub(super) const NONE: u32 = u32::MAX;

/// The word at this place of a row.
#[inline]
fn word(words: &[u32], at: usize) -> u32 {
    words.get(at).copied().unwrap_or(0)
}

/// The two words from this place of a row, the lower one first.
#[inline]
fn wide(words: &[u32], at: usize) -> u64 {
    u64::from(word(words, at)) | (u64::from(word(words, at.saturating_add(1))) << 32)
}

/// What references are held against: the sizes of all tables, and the lists.
pub struct Bounds<'a> {
    pub(super) counts: &'a [u32],
    pub(super) lists: &'a [u32],
}

impl Bounds<'_> {
    /// Whether the thing exists.
    pub(super) fn has<T: Target>(&self, id: Id<T>) -> bool {
        id.0 < self.count(T::TABLE)
    }

    /// Whether the list, and everything in it, exists.
    pub(super) fn has_all<T: Target>(&self, ids: Ids<T>) -> bool {
        self.has_list(T::TABLE, ids.start, ids.len)
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

/// What the words of a field mean: all that the check of a plan has to know.
#[derive(Clone, Copy)]
pub enum Kind {
    /// One word that means nothing else.
    Word,
    /// Two words that mean nothing else.
    Wide,
    /// A double, and not NaN.
    Number,
    /// The number of a thing in this table.
    Id(usize),
    /// The number of a thing in this table, or of none.
    Option(usize),
    /// First and count of rows of this table.
    Span(usize),
    /// First and count of a list's numbers of things in this table.
    Ids(usize),
}

impl Kind {
    /// How many words the field takes.
    #[must_use]
    pub const fn words(self) -> usize {
        match self {
            Self::Word | Self::Id(_) | Self::Option(_) => 1,
            Self::Wide | Self::Number | Self::Span(_) | Self::Ids(_) => 2,
        }
    }

    /// How many words all fields of a row take.
    #[must_use]
    pub const fn sum(fields: &[Self]) -> usize {
        match fields {
            [first, rest @ ..] => first.words().saturating_add(Self::sum(rest)),
            [] => 0,
        }
    }

    /// Whether everything exists that the field at this place of a row refers to.
    pub(super) fn check(self, words: &[u32], at: usize, bounds: &Bounds<'_>) -> bool {
        let first = word(words, at);
        let second = word(words, at.saturating_add(1));
        match self {
            Self::Word | Self::Wide => true,
            Self::Number => !f64::from_bits(wide(words, at)).is_nan(),
            Self::Id(table) => first < bounds.count(table),
            Self::Option(table) => first == NONE || first < bounds.count(table),
            Self::Span(table) => first.checked_add(second).is_some_and(|end| end <= bounds.count(table)),
            Self::Ids(table) => bounds.has_list(table, first, second),
        }
    }
}

/// A piece of a row.
pub trait Field: Copy {
    /// What its words mean.
    const KIND: Kind;
    /// Reads it from this place of a row.
    fn read(words: &[u32], at: usize) -> Self;
    /// Appends its words.
    fn write(self, out: &mut Vec<u32>);
}

/// A kind of row, and the table that holds all rows of the kind.
pub trait Row: Copy {
    /// The number of the table.
    const TABLE: usize;
    /// Its fields.
    const FIELDS: &'static [Kind];
    /// How many words it takes.
    const WORDS: usize = Kind::sum(Self::FIELDS);
    /// Reads it.
    fn read(words: &[u32]) -> Self;
    /// Appends its words.
    fn write(self, out: &mut Vec<u32>);
}

/// A kind of thing that an [`Id`] can name: a row, a text, a regular expression.
pub trait Target {
    /// The number of the section that holds the things.
    const TABLE: usize;
}

impl<R: Row> Target for R {
    const TABLE: usize = R::TABLE;
}

impl Field for u32 {
    const KIND: Kind = Kind::Word;
    #[inline]
    fn read(words: &[u32], at: usize) -> Self {
        word(words, at)
    }
    fn write(self, out: &mut Vec<u32>) {
        out.push(self);
    }
}

fn write_u64(value: u64, out: &mut Vec<u32>) {
    out.push((value & u64::from(u32::MAX)) as u32);
    out.push((value >> 32) as u32);
}

impl Field for f64 {
    const KIND: Kind = Kind::Number;
    #[inline]
    fn read(words: &[u32], at: usize) -> Self {
        Self::from_bits(wide(words, at))
    }
    fn write(self, out: &mut Vec<u32>) {
        write_u64(self.to_bits(), out);
    }
}

impl Field for Millis {
    const KIND: Kind = Kind::Wide;
    #[inline]
    fn read(words: &[u32], at: usize) -> Self {
        Self(wide(words, at).cast_signed())
    }
    fn write(self, out: &mut Vec<u32>) {
        write_u64(self.0.cast_unsigned(), out);
    }
}

impl<T: Target> Field for Id<T> {
    const KIND: Kind = Kind::Id(T::TABLE);
    #[inline]
    fn read(words: &[u32], at: usize) -> Self {
        Self::new(word(words, at))
    }
    fn write(self, out: &mut Vec<u32>) {
        out.push(self.0);
    }
}

impl<T: Target> Field for Option<Id<T>> {
    const KIND: Kind = Kind::Option(T::TABLE);
    #[inline]
    fn read(words: &[u32], at: usize) -> Self {
        Some(word(words, at)).filter(|index| *index != NONE).map(Id::new)
    }
    fn write(self, out: &mut Vec<u32>) {
        out.push(self.map_or(NONE, |id| id.0));
    }
}

impl<T: Target> Field for Span<T> {
    const KIND: Kind = Kind::Span(T::TABLE);
    #[inline]
    fn read(words: &[u32], at: usize) -> Self {
        Self::new(word(words, at), word(words, at.saturating_add(1)))
    }
    fn write(self, out: &mut Vec<u32>) {
        out.extend([self.start, self.len]);
    }
}

impl<T: Target> Field for Ids<T> {
    const KIND: Kind = Kind::Ids(T::TABLE);
    #[inline]
    fn read(words: &[u32], at: usize) -> Self {
        Self::new(word(words, at), word(words, at.saturating_add(1)))
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
            fn read(words: &[u32]) -> Self {
                let mut next: usize = 0;
                $(
                    let at = next;
                    next = next.saturating_add(<$kind as $crate::plan::row::Field>::KIND.words());
                    let $field = <$kind as $crate::plan::row::Field>::read(words, at);
                )*
                debug_assert_eq!(next, Self::WORDS);
                Self { $($field),* }
            }
            fn write(self, out: &mut Vec<u32>) {
                $($crate::plan::row::Field::write(self.$field, out);)*
            }
        }
    )*

        /// The fields of a row of this section, if its table is here.
        pub(super) const fn fields(section: usize) -> Option<&'static [$crate::plan::row::Kind]> {
            match section {
                $($number => Some(<$name as $crate::plan::row::Row>::FIELDS),)*
                _ => None,
            }
        }
    };
}
pub(super) use tables;
