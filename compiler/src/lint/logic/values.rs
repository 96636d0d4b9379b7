//! Sets of values of all types, such as the possible values of a fact.

use core::cmp::Ordering;

use throughline::Millis;

use super::ranges::Ranges;

/// A number with a total order, in which both zeros are equal.
#[derive(Clone, Copy, Debug)]
pub struct Number(f64);

/// A string in JavaScript's order, by UTF-16 code units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(pub String);

/// A set of values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values {
    /// Whether it contains null.
    pub null: bool,
    /// Whether it contains `false`.
    pub no: bool,
    /// Whether it contains `true`.
    pub yes: bool,
    /// The numbers in the set.
    pub numbers: Ranges<Number>,
    /// The strings in the set.
    pub texts: Ranges<Text>,
    /// Whether it may contain lists or objects.
    pub other: bool,
}

impl Number {
    /// Returns the number, with a single zero.
    #[must_use]
    pub const fn new(number: f64) -> Self {
        Self(number + 0.0)
    }

    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

/// Returns the times from one on and before another, in milliseconds; [`Millis::MIN`] and [`Millis::MAX`] are no bounds.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "times of this epoch are exact; others only have to compare")]
pub fn times(from: Millis, until: Millis) -> Ranges<Number> {
    let number = |millis: Millis| Number::new(millis.0 as f64);
    let after = if from == Millis::MIN { Ranges::all() } else { Ranges::above(number(from), true) };
    let before = if until == Millis::MAX { Ranges::all() } else { Ranges::below(number(until), false) };
    after.intersect(&before)
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
    /// Returns the empty set.
    #[must_use]
    pub const fn none() -> Self {
        Self { null: false, no: false, yes: false, numbers: Ranges::none(), texts: Ranges::none(), other: false }
    }

    /// Returns the set of all values.
    #[must_use]
    pub fn all() -> Self {
        Self { null: true, no: true, yes: true, numbers: Ranges::all(), texts: Ranges::all(), other: true }
    }

    /// Returns the possible values of an attribute of a type, null included; non-empty `values` are its only
    /// strings.
    #[must_use]
    pub fn of(kind: &str, values: &[String]) -> Self {
        let none = Self { null: true, ..Self::none() };
        let texts = || match values {
            [] => Ranges::all(),
            some => Ranges::points(some.iter().cloned().map(Text)),
        };
        match kind {
            "string" | "version" => Self { texts: texts(), ..none },
            // A date is compared as its milliseconds.
            "number" | "date" => Self { numbers: Ranges::all(), ..none },
            "boolean" => Self { no: true, yes: true, ..none },
            "list" | "object" => Self { other: true, ..none },
            _ => Self::all(),
        }
    }

    /// Returns the set of one boolean.
    #[must_use]
    pub fn flag(value: bool) -> Self {
        Self { yes: value, no: !value, ..Self::none() }
    }

    /// Returns a set of strings.
    #[must_use]
    pub fn texts(texts: Ranges<Text>) -> Self {
        Self { texts, ..Self::none() }
    }

    /// Returns a set of numbers.
    #[must_use]
    pub fn numbers(numbers: Ranges<Number>) -> Self {
        Self { numbers, ..Self::none() }
    }

    /// Returns the intersection.
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

    /// Returns whether the set is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        let single = self.null || self.no || self.yes || self.other;
        !single && self.numbers.is_empty() && self.texts.is_empty()
    }
}
