//! Typed references between rows: the id of one row, a span of consecutive rows, or a list of ids.

use core::marker::PhantomData;
use core::ops::Range;

/// The number of an item in its table.
pub struct Id<T>(pub u32, PhantomData<T>);

impl<T> Id<T> {
    /// Returns the id of the item with this number.
    #[must_use]
    pub const fn new(index: u32) -> Self {
        Self(index, PhantomData)
    }

    /// Returns the number as an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Consecutive rows of one table.
pub struct Span<T> {
    /// The first row.
    pub start: u32,
    /// The number of rows.
    pub len: u32,
    kind: PhantomData<T>,
}

impl<T> Span<T> {
    /// Returns the span of `len` rows from `start` on.
    #[must_use]
    pub const fn new(start: u32, len: u32) -> Self {
        Self { start, len, kind: PhantomData }
    }

    /// Returns the span without rows.
    #[must_use]
    pub const fn empty() -> Self {
        Self::new(0, 0)
    }

    /// Returns the numbers of the rows.
    #[must_use]
    pub const fn range(self) -> Range<u32> {
        self.start..self.start.saturating_add(self.len)
    }

    /// Returns the id of each row.
    pub fn iter(self) -> impl Iterator<Item = Id<T>> + Clone {
        self.range().map(Id::new)
    }

    /// Whether there are no rows.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }
}

/// A list of ids, stored in the plan's section of lists.
pub struct Ids<T> {
    pub(super) start: u32,
    pub(super) len: u32,
    kind: PhantomData<T>,
}

impl<T> Ids<T> {
    pub(super) const fn new(start: u32, len: u32) -> Self {
        Self { start, len, kind: PhantomData }
    }

    /// Returns the empty list.
    #[must_use]
    pub const fn empty() -> Self {
        Self::new(0, 0)
    }

    /// Returns the start and the length, the two operands of a node that hold this list.
    #[must_use]
    pub const fn words(self) -> (u32, u32) {
        (self.start, self.len)
    }

    /// Returns the list that two operands of a node hold.
    #[must_use]
    pub const fn from_words(start: u32, len: u32) -> Self {
        Self::new(start, len)
    }

    /// Returns the number of items.
    #[must_use]
    pub const fn len(self) -> u32 {
        self.len
    }

    /// Whether the list is empty.
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
