//! How rows stand in a plan: fixed numbers of little-endian 32-bit words, checked once when the plan is loaded.

use core::marker::PhantomData;

use crate::time::Millis;

/// The number that stands for "none" in an optional reference.
pub(super) const NONE: u32 = u32::MAX;

/// Reads words from the front of a row.
pub struct Words<'a>(pub(super) &'a [u8]);

impl Words<'_> {
    /// The next word; zero past the end, which a loaded plan never reaches.
    pub(super) fn next(&mut self) -> u32 {
        match self.0.split_first_chunk::<4>() {
            Some((word, rest)) => {
                self.0 = rest;
                u32::from_le_bytes(*word)
            }
            None => 0,
        }
    }

    fn next_u64(&mut self) -> u64 {
        let low = u64::from(self.next());
        low | (u64::from(self.next()) << 32)
    }
}

/// What references are held against: the sizes of all tables, and the lists.
pub struct Bounds<'a> {
    pub(super) counts: &'a [u32],
    pub(super) lists: &'a [u8],
}

impl Bounds<'_> {
    pub(super) fn count(&self, table: usize) -> u32 {
        self.counts.get(table).copied().unwrap_or(0)
    }

    fn list_item(&self, index: u32) -> Option<u32> {
        let start = (index as usize).checked_mul(4)?;
        let word = self.lists.get(start..)?.first_chunk::<4>()?;
        Some(u32::from_le_bytes(*word))
    }
}

/// A piece of a row.
pub trait Field: Copy {
    /// How many words it takes.
    const WORDS: usize;
    /// Reads it from the front of `words`.
    fn read(words: &mut Words<'_>) -> Self;
    /// Appends its words.
    fn write(self, out: &mut Vec<u32>);
    /// Whether everything it refers to exists.
    fn check(self, bounds: &Bounds<'_>) -> bool;
}

/// A kind of row, and the table that holds all rows of the kind.
pub trait Row: Field {
    /// The number of the table.
    const TABLE: usize;
}

/// A kind of thing that an [`Id`] can name: a row, a text, a regular expression.
pub trait Target {
    /// The number of the section that holds the things.
    const TABLE: usize;
}

impl<R: Row> Target for R {
    const TABLE: usize = R::TABLE;
}

/// The number of a thing in its table.
pub struct Id<T>(pub u32, PhantomData<T>);

impl<T> Id<T> {
    /// The thing with this number.
    #[must_use]
    pub const fn new(index: u32) -> Self {
        Self(index, PhantomData)
    }

    /// The number as an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Consecutive rows of one table.
pub struct Span<T> {
    /// The first row.
    pub start: u32,
    /// How many rows.
    pub len: u32,
    kind: PhantomData<T>,
}

impl<T> Span<T> {
    /// The rows from `start`, `len` of them.
    #[must_use]
    pub const fn new(start: u32, len: u32) -> Self {
        Self { start, len, kind: PhantomData }
    }

    /// No rows.
    #[must_use]
    pub const fn empty() -> Self {
        Self::new(0, 0)
    }

    /// The number of each row.
    pub fn iter(self) -> impl Iterator<Item = Id<T>> + Clone {
        (self.start..self.start.saturating_add(self.len)).map(Id::new)
    }

    /// Whether there are no rows.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }
}

/// A list of numbers of things, kept in the plan's section of lists.
pub struct Ids<T> {
    pub(super) start: u32,
    pub(super) len: u32,
    kind: PhantomData<T>,
}

impl<T> Ids<T> {
    pub(super) const fn new(start: u32, len: u32) -> Self {
        Self { start, len, kind: PhantomData }
    }

    /// No things.
    #[must_use]
    pub const fn empty() -> Self {
        Self::new(0, 0)
    }

    /// The words of a node that hold this list.
    #[must_use]
    pub const fn words(self) -> (u32, u32) {
        (self.start, self.len)
    }

    /// The list that the words of a node hold.
    #[must_use]
    pub const fn from_words(start: u32, len: u32) -> Self {
        Self::new(start, len)
    }

    /// How many things.
    #[must_use]
    pub const fn len(self) -> u32 {
        self.len
    }

    /// Whether there are no things.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }
}

macro_rules! copy_reference {
    ($($name:ident),*) => {$(
        impl<T> Clone for $name<T> {
            fn clone(&self) -> Self {
                *self
            }
        }
        impl<T> Copy for $name<T> {}
    )*};
}
copy_reference!(Id, Span, Ids);

impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<T> core::hash::Hash for Id<T> {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<T> core::fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "#{}", self.0)
    }
}
impl<T> core::fmt::Debug for Span<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "#{}+{}", self.start, self.len)
    }
}
impl<T> core::fmt::Debug for Ids<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "[{}+{}]", self.start, self.len)
    }
}

impl Field for u32 {
    const WORDS: usize = 1;
    fn read(words: &mut Words<'_>) -> Self {
        words.next()
    }
    fn write(self, out: &mut Vec<u32>) {
        out.push(self);
    }
    fn check(self, _: &Bounds<'_>) -> bool {
        true
    }
}

fn write_u64(value: u64, out: &mut Vec<u32>) {
    out.push((value & u64::from(u32::MAX)) as u32);
    out.push((value >> 32) as u32);
}

impl Field for f64 {
    const WORDS: usize = 2;
    fn read(words: &mut Words<'_>) -> Self {
        Self::from_bits(words.next_u64())
    }
    fn write(self, out: &mut Vec<u32>) {
        write_u64(self.to_bits(), out);
    }
    fn check(self, _: &Bounds<'_>) -> bool {
        !self.is_nan()
    }
}

impl Field for Millis {
    const WORDS: usize = 2;
    fn read(words: &mut Words<'_>) -> Self {
        Self(words.next_u64().cast_signed())
    }
    fn write(self, out: &mut Vec<u32>) {
        write_u64(self.0.cast_unsigned(), out);
    }
    fn check(self, _: &Bounds<'_>) -> bool {
        true
    }
}

impl<T: Target> Field for Id<T> {
    const WORDS: usize = 1;
    fn read(words: &mut Words<'_>) -> Self {
        Self::new(words.next())
    }
    fn write(self, out: &mut Vec<u32>) {
        out.push(self.0);
    }
    fn check(self, bounds: &Bounds<'_>) -> bool {
        self.0 < bounds.count(T::TABLE)
    }
}

impl<T: Target> Field for Option<Id<T>> {
    const WORDS: usize = 1;
    fn read(words: &mut Words<'_>) -> Self {
        Some(words.next()).filter(|index| *index != NONE).map(Id::new)
    }
    fn write(self, out: &mut Vec<u32>) {
        out.push(self.map_or(NONE, |id| id.0));
    }
    fn check(self, bounds: &Bounds<'_>) -> bool {
        self.is_none_or(|id| id.check(bounds))
    }
}

impl<T: Target> Field for Span<T> {
    const WORDS: usize = 2;
    fn read(words: &mut Words<'_>) -> Self {
        Self::new(words.next(), words.next())
    }
    fn write(self, out: &mut Vec<u32>) {
        out.extend([self.start, self.len]);
    }
    fn check(self, bounds: &Bounds<'_>) -> bool {
        self.start.checked_add(self.len).is_some_and(|end| end <= bounds.count(T::TABLE))
    }
}

impl<T: Target> Field for Ids<T> {
    const WORDS: usize = 2;
    fn read(words: &mut Words<'_>) -> Self {
        Self::new(words.next(), words.next())
    }
    fn write(self, out: &mut Vec<u32>) {
        out.extend([self.start, self.len]);
    }
    fn check(self, bounds: &Bounds<'_>) -> bool {
        self.start.checked_add(self.len).is_some_and(|end| {
            (self.start..end).all(|at| bounds.list_item(at).is_some_and(|item| item < bounds.count(T::TABLE)))
        })
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
        }

        impl $crate::plan::row::Field for $name {
            const WORDS: usize = 0 $(+ <$kind as $crate::plan::row::Field>::WORDS)*;
            fn read(words: &mut $crate::plan::row::Words<'_>) -> Self {
                Self { $($field: <$kind as $crate::plan::row::Field>::read(words),)* }
            }
            fn write(self, out: &mut Vec<u32>) {
                $($crate::plan::row::Field::write(self.$field, out);)*
            }
            fn check(self, bounds: &$crate::plan::row::Bounds<'_>) -> bool {
                true $(&& $crate::plan::row::Field::check(self.$field, bounds))*
            }
        }
    )*

        /// How many bytes a row of this section has; 4 for a list's numbers.
        pub(super) const fn size(section: usize) -> usize {
            match section {
                $($number => $crate::plan::row_size::<$name>(),)*
                _ => 4,
            }
        }

        /// Checks all rows of all tables.
        pub(super) fn check(plan: &Plan, bounds: &Bounds<'_>) -> Result<(), PlanError> {
            $($crate::plan::check_table::<$name>(plan, bounds)?;)*
            Ok(())
        }
    };
}
pub(super) use tables;
