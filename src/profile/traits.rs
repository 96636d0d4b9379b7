//! Setting traits: who may set which, and how many there are.

use crate::collections::{SortedMap, sorted_indices};
use crate::json::{Object, Value, ValueRef, canonical};
use crate::plan::Plan;
use crate::plan::tables::{Attribute, AttributeFlags, Source};
use crate::prelude::*;
use crate::profile::stamp::{Stamp, Stamped, keep_latest};

/// The greatest number of traits that no attribute reads. Messages and exports show them, and no decision needs them.
const MAX_UNDECLARED: usize = 300;
/// The longest name of a trait that no attribute reads, in bytes.
const MAX_NAME: usize = 128;
/// The longest value that no attribute reads, or that an untrusted sender sets, in bytes of JSON.
const MAX_VALUE: usize = 4_096;

/// Returns the names of the traits that can hold the value of an attribute, each with the path from there to the value.
///
/// `loyalty.tier` is the member `tier` of the trait `loyalty`, or the trait `loyalty.tier`.
pub(crate) fn spellings(attribute: &str) -> impl Iterator<Item = (&str, impl Iterator<Item = &str> + Clone)> {
    let ends = attribute.match_indices('.').map(|(dot, _)| dot).chain([attribute.len()]);
    ends.filter_map(|end| {
        let (name, rest) = attribute.split_at_checked(end)?;
        Some((name, rest.split('.').skip(1)))
    })
}

/// Returns the name of an attribute among the traits of people, or among those of accounts: without `account.`.
pub(crate) fn name_of(attribute: &str, of_accounts: bool) -> &str {
    if of_accounts { attribute.split_once('.').map_or("", |(_, name)| name) } else { attribute }
}

/// Returns the latest value of an attribute among the traits that can hold it; `null` if they have none.
///
/// Of two values of one time, the one under the longer name counts.
pub(crate) fn latest_value<'t>(
    attribute: &str,
    find: impl Fn(&str) -> Option<(Stamp, &'t Value)>,
) -> Option<ValueRef<'t>> {
    let mut latest: Option<(Stamp, ValueRef<'t>)> = None;
    for (name, rest) in spellings(attribute) {
        let Some((stamp, value)) = find(name) else { continue };
        let value = ValueRef::from(value).walk(rest);
        if latest.is_none_or(|(known, kept)| kept.is_null() || (known <= stamp && !value.is_null())) {
            latest = Some((stamp, value));
        }
    }
    latest.map(|(_, value)| value)
}

/// The traits that attributes of the plan read, and for each attribute whether clients may set it.
pub(crate) struct DeclaredTraits<'p>(Vec<(&'p str, bool)>);

impl<'p> DeclaredTraits<'p> {
    /// Returns the declared traits of people, or of accounts.
    pub(crate) fn new(plan: &'p Plan, of_accounts: bool) -> Self {
        let mut declared = Vec::new();
        let flags = AttributeFlags::ACCOUNT.when(of_accounts);
        for (_, row) in plan.rows(plan.all::<Attribute>()) {
            if row.source == Source::Profile && row.flags.contains(flags) {
                let name = name_of(plan.text(row.name), of_accounts);
                let is_open = row.flags.contains(AttributeFlags::CLIENT);
                declared.extend(spellings(name).map(|(name, _)| (name, is_open)));
            }
        }
        Self(declared)
    }

    /// Returns whether any sender may set a declared trait, and `None` for one that no attribute reads.
    fn state(&self, name: &str) -> Option<bool> {
        let mut state = None;
        for (declared, is_open) in &self.0 {
            if *declared == name {
                state = Some(*is_open && state != Some(false));
            }
        }
        state
    }

    /// Returns whether any sender may set this trait: no declared attribute that is closed to clients reads it.
    pub(crate) fn is_open(&self, name: &str) -> bool {
        self.state(name) != Some(false)
    }

    /// Sets the traits that the sender may set, each unless a later value is present.
    ///
    /// The time grows with the size of `new`, whatever its names are.
    pub(crate) fn set(&self, traits: &mut SortedMap<Stamped<Value>>, new: &Object, stamp: Stamp, is_trusted: bool) {
        let members: Vec<(&str, &Value)> = new.iter().collect();
        let name = |index: usize| members.get(index).map(|(name, _)| *name);
        let mut left = MAX_UNDECLARED;
        for index in sorted_indices(members.len(), &|a, b| name(a).cmp(&name(b))) {
            let Some((name, value)) = members.get(index).copied() else { continue };
            let is_short = || name.len() <= MAX_NAME && canonical::to_string(value).len() <= MAX_VALUE;
            match self.state(name) {
                Some(is_open) if is_trusted || (is_open && is_short()) => {}
                None if left > 0 && is_short() => left = left.saturating_sub(1),
                _ => continue,
            }
            keep_latest(traits, name, &Stamped::new(value.clone(), stamp));
        }
        self.limit(traits);
    }

    /// Removes the last undeclared traits until few enough are left.
    // INVARIANT: which ones stay depends on their names alone, so that the order of events and merges does not matter.
    pub(crate) fn limit(&self, traits: &mut SortedMap<Stamped<Value>>) {
        if traits.len() > MAX_UNDECLARED {
            let mut left = MAX_UNDECLARED;
            traits.retain(|name| {
                let is_kept = left > 0 || self.state(name).is_some();
                left = left.saturating_sub(usize::from(self.state(name).is_none()));
                is_kept
            });
        }
    }
}
