//! What rows say of other rows: the number of one, of several in a row, or of those of a list.

use core::marker::PhantomData;
use core::ops::Range;

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

    /// The numbers of the rows.
    #[must_use]
    pub const fn range(self) -> Range<u32> {
        self.start..self.start.saturating_add(self.len)
    }

    /// The number of each row.
    pub fn iter(self) -> impl Iterator<Item = Id<T>> + Clone {
        self.range().map(Id::new)
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
