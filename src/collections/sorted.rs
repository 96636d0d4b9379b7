//! Maps and sets in sorted vectors.
//!
//! why: profiles and decisions hold few entries each, but of many types, and canonical JSON wants them in order. A
//! `BTreeMap` is compiled anew for each of these types. Together with the codec (`json::codec`), sorted vectors save
//! every browser 14 KB (gzip, see ARCHITECTURE.md, "Bytes").

use crate::collections::sorted_indices;
use crate::prelude::*;
use core::borrow::Borrow;

/// Up to this number of entries a scan costs less than a binary search, because most names differ in length.
const MAX_SCANNED: usize = 8;

/// A map from names to values, in the order of the names' bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortedMap<V, K = String>(
    // INVARIANT: strictly ascending by name, except between `push` and `sort`.
    Vec<(K, V)>,
);

/// A set of values, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortedSet<T>(
    // INVARIANT: strictly ascending.
    Vec<T>,
);

impl<V, K: AsRef<str>> SortedMap<V, K> {
    /// Creates a map without entries.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Creates a map without entries that has room for a number of them.
    #[must_use]
    pub(crate) fn with_capacity(entries: usize) -> Self {
        Self(Vec::with_capacity(entries))
    }

    /// Returns the value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&V> {
        if self.0.len() <= MAX_SCANNED {
            return self.0.iter().find(|(key, _)| key.as_ref() == name).map(|(_, value)| value);
        }
        let at = self.find(name).ok()?;
        self.0.get(at).map(|(_, value)| value)
    }

    /// Returns the value of a name, to change it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut V> {
        let at = self.find(name).ok()?;
        self.0.get_mut(at).map(|(_, value)| value)
    }

    /// Checks whether the name has a value.
    #[must_use]
    pub fn contains_key(&self, name: &str) -> bool {
        self.find(name).is_ok()
    }

    /// Sets the value of a name, and returns the value that it had.
    pub fn insert(&mut self, name: impl Into<K>, value: V) -> Option<V> {
        let name = name.into();
        match self.find(name.as_ref()) {
            Ok(at) => self.0.get_mut(at).map(|(_, old)| core::mem::replace(old, value)),
            Err(at) => {
                self.0.insert(at, (name, value));
                None
            }
        }
    }

    /// Returns the value of a name, which is made if there is none.
    #[expect(clippy::indexing_slicing, reason = "the index was found or filled in the line before")]
    pub fn get_or_insert_with<'n>(&mut self, name: &'n str, make: impl FnOnce() -> V) -> &mut V
    where
        K: From<&'n str>,
    {
        let at = self.find(name).unwrap_or_else(|at| {
            self.0.insert(at, (name.into(), make()));
            at
        });
        &mut self.0[at].1
    }

    /// Removes a name, and returns its value.
    pub fn remove(&mut self, name: &str) -> Option<V> {
        self.find(name).ok().map(|at| self.0.remove(at).1)
    }

    /// Keeps the entries for whose names `wanted` holds.
    pub(crate) fn retain(&mut self, mut wanted: impl FnMut(&str) -> bool) {
        self.0.retain(|(name, _)| wanted(name.as_ref()));
    }

    /// Removes the last entry, and returns it.
    pub fn pop_last(&mut self) -> Option<(K, V)> {
        self.0.pop()
    }

    /// Returns the entries in the order of their names.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &V)> + ExactSizeIterator {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// Returns the names in their order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator {
        self.0.iter().map(|(name, _)| name.as_ref())
    }

    /// Returns the values in the order of their names.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + ExactSizeIterator {
        self.0.iter().map(|(_, value)| value)
    }

    /// Returns the values in the order of their names, to change them.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    /// Returns the number of entries.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Checks whether there are no entries.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the index of a name, or the index where it belongs.
    fn find(&self, name: &str) -> Result<usize, usize> {
        // Entries of canonical JSON arrive in order, so the end is the likeliest index.
        match self.0.last() {
            Some((last, _)) if last.as_ref() >= name => self.0.binary_search_by(|(key, _)| key.as_ref().cmp(name)),
            _ => Err(self.0.len()),
        }
    }
}

impl<V, K> Default for SortedMap<V, K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V: Default> SortedMap<V> {
    /// Adds a name with a default value, which replaces the value of an equal name.
    ///
    /// The map is in order again after [`Self::sort`], which must follow the last `push`.
    #[expect(clippy::indexing_slicing, reason = "the index was found or filled in the line before")]
    pub(crate) fn push(&mut self, name: &str) -> &mut V {
        // why: a few entries are cheaper to insert in order than to sort afterwards.
        let found = if self.0.len() < MAX_SCANNED { self.find(name) } else { Err(self.0.len()) };
        let at = found.unwrap_or_else(|at| at);
        match found {
            Ok(at) => self.0[at].1 = V::default(),
            Err(at) => self.0.insert(at, (name.to_owned(), V::default())),
        }
        &mut self.0[at].1
    }

    /// Sorts the entries; the last of equal names counts. A hostile order costs no more than another.
    pub(crate) fn sort(&mut self) {
        let name = |index: usize| self.0.get(index).map(|(name, _)| name.as_str());
        if let Some(order) = last_of_each(self.0.len(), &name) {
            self.0 = order.into_iter().filter_map(|index| self.0.get_mut(index).map(core::mem::take)).collect();
        }
    }
}

/// Returns the indices of names in their order, the last one of equal names; `None` if the names ascend already.
fn last_of_each<'n>(len: usize, name: &dyn Fn(usize) -> Option<&'n str>) -> Option<Vec<usize>> {
    if (0..len).is_sorted_by(|a, b| name(*a) < name(*b)) {
        return None;
    }
    let order = sorted_indices(len, &|a, b| name(a).cmp(&name(b)));
    let nexts = order.iter().skip(1).map(Some).chain([None]);
    let is_last = |(index, next): &(&usize, Option<&usize>)| next.is_none_or(|next| name(**index) != name(*next));
    Some(order.iter().zip(nexts).filter(is_last).map(|(index, _)| *index).collect())
}

impl<N: Into<K>, V, K: AsRef<str>> FromIterator<(N, V)> for SortedMap<V, K> {
    /// Collects entries; the last of equal names counts.
    fn from_iter<I: IntoIterator<Item = (N, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        map.extend(entries);
        map
    }
}

impl<N: Into<K>, V, K: AsRef<str>> Extend<(N, V)> for SortedMap<V, K> {
    fn extend<I: IntoIterator<Item = (N, V)>>(&mut self, entries: I) {
        for (name, value) in entries {
            self.insert(name, value);
        }
    }
}

impl<V, K> IntoIterator for SortedMap<V, K> {
    type Item = (K, V);
    type IntoIter = alloc::vec::IntoIter<(K, V)>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<V, K: AsRef<str>> core::ops::Index<&str> for SortedMap<V, K> {
    type Output = V;

    /// Returns the value of a name that must be in the map, as in the standard library's maps. This crate does not use
    /// it.
    ///
    /// # Panics
    /// If the name has no value.
    #[expect(clippy::expect_used, reason = "the caller asserts that the name has a value")]
    fn index(&self, name: &str) -> &V {
        self.get(name).expect("the name has a value")
    }
}

type Entry<'a, V> = (&'a str, &'a V);

impl<'a, V, K: AsRef<str>> IntoIterator for &'a SortedMap<V, K> {
    type Item = Entry<'a, V>;
    type IntoIter = core::iter::Map<core::slice::Iter<'a, (K, V)>, fn(&'a (K, V)) -> Entry<'a, V>>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }
}

impl<T: Ord> SortedSet<T> {
    /// Creates a set without values.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Checks whether the value is in the set.
    pub fn contains<Q: Ord + ?Sized>(&self, value: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.0.binary_search_by(|member| member.borrow().cmp(value)).is_ok()
    }

    /// Adds a value, and returns whether it is new.
    pub fn insert(&mut self, value: T) -> bool {
        match self.0.binary_search(&value) {
            Ok(_) => false,
            Err(at) => {
                self.0.insert(at, value);
                true
            }
        }
    }

    /// Removes all values.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Removes the last value, and returns it.
    pub fn pop_last(&mut self) -> Option<T> {
        self.0.pop()
    }

    /// Removes the first values until at most `keep` are left.
    pub fn keep_last(&mut self, keep: usize) {
        self.0.drain(..self.0.len().saturating_sub(keep));
    }

    /// Removes the last values until at most `keep` are left.
    pub fn keep_first(&mut self, keep: usize) {
        self.0.truncate(keep);
    }

    /// Keeps the values for which `wanted` holds.
    pub fn retain(&mut self, wanted: impl FnMut(&T) -> bool) {
        self.0.retain(wanted);
    }

    /// Returns the first value.
    #[must_use]
    pub fn first(&self) -> Option<&T> {
        self.0.first()
    }

    /// Returns the last value.
    #[must_use]
    pub fn last(&self) -> Option<&T> {
        self.0.last()
    }

    /// Returns the values in their order.
    pub fn iter(&self) -> core::slice::Iter<'_, T> {
        self.0.iter()
    }

    /// Returns the values that are greater than a value.
    pub fn after(&self, value: &T) -> impl Iterator<Item = &T> {
        let start = self.0.partition_point(|member| member <= value);
        self.0.iter().skip(start)
    }

    /// Returns the number of values.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Checks whether there are no values.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Default for SortedSet<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Ord> FromIterator<T> for SortedSet<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut set = Self::new();
        set.extend(values);
        set
    }
}

impl<T: Ord> Extend<T> for SortedSet<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        for value in values {
            self.insert(value);
        }
    }
}

impl<T> IntoIterator for SortedSet<T> {
    type Item = T;
    type IntoIter = alloc::vec::IntoIter<T>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a SortedSet<T> {
    type Item = &'a T;
    type IntoIter = core::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_keeps_its_names_in_order_and_the_last_of_equal_ones() {
        let map: SortedMap<i32> = [("b", 1), ("a", 2), ("c", 3), ("b", 4)].into_iter().collect();
        assert_eq!(map.iter().collect::<Vec<_>>(), [("a", &2), ("b", &4), ("c", &3)]);
        assert_eq!((map.get("b"), map.get("bb"), map.contains_key("c")), (Some(&4), None, true));
    }

    #[test]
    fn a_set_keeps_the_last() {
        let mut set: SortedSet<i32> = [5, 1, 3, 3, 2].into_iter().collect();
        set.keep_last(3);
        assert_eq!(set.iter().copied().collect::<Vec<_>>(), [2, 3, 5]);
        assert_eq!(set.after(&2).copied().collect::<Vec<_>>(), [3, 5]);
        assert_eq!(set.after(&4).copied().next(), Some(5));
        assert!(!set.insert(5) && set.contains(&2));
    }
}
