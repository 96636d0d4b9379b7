//! Setting traits: who may set which, and how many there are.

use crate::collections::{SortedMap, sorted_indices};
use crate::json::{Object, Value};
use crate::plan::Plan;
use crate::plan::tables::{Attribute, AttributeFlags, Source};
use crate::prelude::*;
use crate::profile::stamp::{Stamp, Stamped, keep_latest};

/// The greatest number of traits that no attribute reads. Messages and exports show them, and no decision needs them.
const MAX_UNDECLARED: usize = 300;
/// The longest name of a trait that no attribute reads, in bytes.
const MAX_NAME: usize = 128;
/// The greatest size of a value that no attribute reads, or that an untrusted sender sets: about its bytes as JSON.
const MAX_VALUE: usize = 4_096;

/// The traits that attributes of the plan read, and whether any sender may set them.
pub(crate) struct DeclaredTraits<'p>(SortedMap<bool, &'p str>);

impl<'p> DeclaredTraits<'p> {
    /// Returns the declared traits of people.
    pub(crate) fn of_people(plan: &'p Plan) -> Self {
        Self::new(plan, AttributeFlags::empty(), 0)
    }

    /// Returns the declared traits of accounts.
    pub(crate) fn of_accounts(plan: &'p Plan) -> Self {
        Self::new(plan, AttributeFlags::ACCOUNT, 1)
    }

    /// `before` names of each path precede the trait's name.
    fn new(plan: &'p Plan, flags: AttributeFlags, before: usize) -> Self {
        let mut declared = SortedMap::new();
        let is_trait = |row: &Attribute| row.source == Source::Profile && row.flags.contains(flags);
        for (_, row) in plan.rows(plan.all::<Attribute>()).filter(|(_, row)| is_trait(row)) {
            if let Some(name) = plan.list(row.path).nth(before) {
                *declared.get_or_insert_with(plan.text(name), || true) &= row.flags.contains(AttributeFlags::CLIENT);
            }
        }
        Self(declared)
    }

    /// Returns whether any sender may set this trait: no declared attribute that is closed to clients reads it.
    pub(crate) fn is_open(&self, name: &str) -> bool {
        self.0.get(name).is_none_or(|is_open| *is_open)
    }

    /// Sets the traits that the sender may set, each unless a later value is present.
    ///
    /// The time grows with the size of `new`, whatever its names are.
    pub(crate) fn set(&self, traits: &mut SortedMap<Stamped<Value>>, new: &Object, stamp: Stamp, is_trusted: bool) {
        let mut undeclared = Vec::new();
        for (name, value) in new.iter() {
            let is_declared = self.0.contains_key(name);
            let is_small = || name.len() <= MAX_NAME && size(value) <= MAX_VALUE;
            if (is_trusted || self.is_open(name)) && ((is_trusted && is_declared) || is_small()) {
                if is_declared {
                    keep_latest(traits, name, &Stamped::new(value.clone(), stamp));
                } else {
                    undeclared.push((name, value));
                }
            }
        }
        if undeclared.len() > MAX_UNDECLARED {
            let name = |index: usize| undeclared.get(index).map(|(name, _)| *name);
            let order = sorted_indices(undeclared.len(), &|a, b| name(a).cmp(&name(b)));
            undeclared =
                order.iter().take(MAX_UNDECLARED).filter_map(|index| undeclared.get(*index).copied()).collect();
        }
        for (name, value) in undeclared {
            keep_latest(traits, name, &Stamped::new(value.clone(), stamp));
        }
        self.limit(traits);
    }

    /// Removes the last undeclared traits until few enough are left.
    // INVARIANT: which ones stay depends on their names alone, so that the order of events and merges does not matter.
    pub(crate) fn limit(&self, traits: &mut SortedMap<Stamped<Value>>) {
        if traits.len() <= MAX_UNDECLARED {
            return;
        }
        let mut left = MAX_UNDECLARED;
        traits.retain(|name| {
            let is_kept = left > 0 || self.0.contains_key(name);
            if !self.0.contains_key(name) {
                left = left.saturating_sub(1);
            }
            is_kept
        });
    }
}

/// Returns about the number of bytes of a value as JSON.
fn size(value: &Value) -> usize {
    let sum = |sizes: &mut dyn Iterator<Item = usize>| sizes.fold(2, usize::saturating_add);
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => text.len().saturating_add(2),
        Value::Array(items) => sum(&mut items.iter().map(size)),
        Value::Object(members) => {
            sum(&mut members.iter().map(|(name, value)| size(value).saturating_add(name.len()).saturating_add(3)))
        }
    }
}
