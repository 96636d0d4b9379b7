//! Sets of values of one ordered type, as ranges.

use core::cmp::Ordering;

/// A boundary between values: before all, right before a value, right after it, or after all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cut<T> {
    Start,
    At(T, Side),
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Before,
    After,
}

/// A set of values.
///
/// INVARIANT: the ranges are sorted and disjoint, and no two of them touch.
///
/// The order is taken to be dense: between two values there is always a third. Where this is wrong, an empty
/// set may count as non-empty, but never the reverse, so sets still over-approximate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranges<T>(Vec<(Cut<T>, Cut<T>)>);

impl<T: Ord + Clone> Ranges<T> {
    /// Returns the empty set.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Returns the set of all values.
    #[must_use]
    pub fn all() -> Self {
        Self(vec![(Cut::Start, Cut::End)])
    }

    /// Returns the set of one value.
    #[must_use]
    pub fn point(value: T) -> Self {
        Self(vec![(Cut::At(value.clone(), Side::Before), Cut::At(value, Side::After))])
    }

    /// Returns the set of these values.
    #[must_use]
    pub fn points(values: impl IntoIterator<Item = T>) -> Self {
        let mut values: Vec<T> = values.into_iter().collect();
        values.sort();
        values.dedup();
        Self(values.into_iter().flat_map(|value| Self::point(value).0).collect())
    }

    /// Returns the values below one, which is included if `inclusive`.
    #[must_use]
    pub fn below(value: T, inclusive: bool) -> Self {
        Self(vec![(Cut::Start, Cut::At(value, if inclusive { Side::After } else { Side::Before }))])
    }

    /// Returns the values above one, which is included if `inclusive`.
    #[must_use]
    pub fn above(value: T, inclusive: bool) -> Self {
        Self(vec![(Cut::At(value, if inclusive { Side::Before } else { Side::After }), Cut::End)])
    }

    /// Returns the complement.
    #[must_use]
    pub fn complement(&self) -> Self {
        let mut out = Vec::new();
        let mut from = Cut::Start;
        for (start, end) in &self.0 {
            push(&mut out, from, start.clone());
            from = end.clone();
        }
        push(&mut out, from, Cut::End);
        Self(out)
    }

    /// Returns the intersection.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        let mut out = Vec::new();
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        while let (Some((a, b)), Some((c, d))) = (left.peek(), right.peek()) {
            push(&mut out, a.max(c).clone(), b.min(d).clone());
            match b.cmp(d) {
                Ordering::Less => left.next(),
                Ordering::Equal | Ordering::Greater => right.next(),
            };
        }
        Self(out)
    }

    /// Returns whether the set is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the values, if the set is finite.
    #[must_use]
    pub fn finite(&self) -> Option<Vec<&T>> {
        let single = |(start, end): &(Cut<T>, Cut<T>)| matches!((start, end), (Cut::At(value, Side::Before), Cut::At(same, Side::After)) if value == same);
        self.0.iter().all(single).then(|| self.0.iter().filter_map(|(start, _)| start.value()).collect())
    }

    /// Returns the value at which the lowest range begins.
    #[must_use]
    pub fn least(&self) -> Option<&T> {
        self.0.first().and_then(|(start, _)| start.value())
    }

    /// Returns the value at which the highest range ends.
    #[must_use]
    pub fn greatest(&self) -> Option<&T> {
        self.0.last().and_then(|(_, end)| end.value())
    }
}

impl<T> Cut<T> {
    const fn value(&self) -> Option<&T> {
        match self {
            Self::At(value, _) => Some(value),
            Self::Start | Self::End => None,
        }
    }
}

fn push<T: Ord>(out: &mut Vec<(Cut<T>, Cut<T>)>, start: Cut<T>, end: Cut<T>) {
    if start < end {
        out.push((start, end));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns sets over 0 to 9 with their members.
    fn sets() -> Vec<Ranges<u8>> {
        let mut sets = vec![Ranges::none(), Ranges::all(), Ranges::points([7, 2, 2, 5])];
        for value in [0, 3, 9] {
            for inclusive in [false, true] {
                sets.push(Ranges::below(value, inclusive));
                sets.push(Ranges::above(value, inclusive));
            }
            sets.push(Ranges::point(value));
        }
        let more: Vec<_> = sets.iter().map(Ranges::complement).collect();
        sets.extend(more);
        sets
    }

    fn has(set: &Ranges<u8>, value: u8) -> bool {
        !set.intersect(&Ranges::point(value)).is_empty()
    }

    #[test]
    fn sets_are_sets() {
        for a in sets() {
            assert_eq!(a.complement().complement(), a);
            assert!(a.intersect(&a.complement()).is_empty(), "{a:?}");
            for b in sets() {
                let both = a.intersect(&b);
                assert_eq!(both, b.intersect(&a));
                for value in 0..10 {
                    assert_eq!(has(&both, value), has(&a, value) && has(&b, value), "{a:?} {b:?} {value}");
                    assert_ne!(has(&a, value), has(&a.complement(), value));
                }
            }
        }
    }

    #[test]
    fn ends_and_points_are_known() {
        let set = Ranges::above(2, false).intersect(&Ranges::below(7, true));
        assert_eq!((set.least(), set.greatest(), set.finite()), (Some(&2), Some(&7), None));
        assert_eq!(Ranges::points([4, 1]).finite(), Some(vec![&1, &4]));
        assert_eq!(Ranges::<u8>::all().least(), None);
    }
}
