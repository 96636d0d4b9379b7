//! Sets of values of all kinds: what a fact may be.

use core::cmp::Ordering;

use super::ranges::Ranges;

/// A number; all of them are in one order, and both zeros are one.
#[derive(Clone, Copy, Debug)]
pub struct Number(f64);

/// A text; in the order of JavaScript's strings, by UTF-16 code units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(pub String);

/// A set of values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values {
    /// Nothing is in it.
    pub null: bool,
    /// `false` is in it.
    pub no: bool,
    /// `true` is in it.
    pub yes: bool,
    /// The numbers in it.
    pub numbers: Ranges<Number>,
    /// The texts in it.
    pub texts: Ranges<Text>,
    /// A list or an object may be in it.
    pub other: bool,
}

impl Number {
    /// The number, with one zero.
    #[must_use]
    pub const fn new(number: f64) -> Self {
        Self(number + 0.0)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.encode_utf16().cmp(other.0.encode_utf16())
    }
}

impl Values {
    /// Nothing at all.
    #[must_use]
    pub const fn none() -> Self {
        Self { null: false, no: false, yes: false, numbers: Ranges::none(), texts: Ranges::none(), other: false }
    }

    /// Every value.
    #[must_use]
    pub fn all() -> Self {
        Self { null: true, no: true, yes: true, numbers: Ranges::all(), texts: Ranges::all(), other: true }
    }

    /// What an attribute of a type may be, or not have; `values` are the only texts of it, unless there are none.
    #[must_use]
    pub fn of(kind: &str, values: &[String]) -> Self {
        let none = Self { null: true, ..Self::none() };
        let texts = || match values {
            [] => Ranges::all(),
            some => Ranges::points(some.iter().cloned().map(Text)),
        };
        match kind {
            "string" => Self { texts: texts(), ..none },
            "number" => Self { numbers: Ranges::all(), ..none },
            "boolean" => Self { no: true, yes: true, ..none },
            "date" | "version" => Self { numbers: Ranges::all(), texts: texts(), ..none },
            "list" | "object" => Self { other: true, ..none },
            _ => Self::all(),
        }
    }

    /// Yes, or no.
    #[must_use]
    pub fn flag(value: bool) -> Self {
        Self { yes: value, no: !value, ..Self::none() }
    }

    /// These texts.
    #[must_use]
    pub fn texts(texts: Ranges<Text>) -> Self {
        Self { texts, ..Self::none() }
    }

    /// These numbers.
    #[must_use]
    pub fn numbers(numbers: Ranges<Number>) -> Self {
        Self { numbers, ..Self::none() }
    }

    /// What is in both.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        Self {
            null: self.null && other.null,
            no: self.no && other.no,
            yes: self.yes && other.yes,
            numbers: self.numbers.intersect(&other.numbers),
            texts: self.texts.intersect(&other.texts),
            other: self.other && other.other,
        }
    }

    /// Whether nothing is in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        let single = self.null || self.no || self.yes || self.other;
        !single && self.numbers.is_empty() && self.texts.is_empty()
    }
}
