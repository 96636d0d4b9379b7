//! Lists: the catalogue's for a subject, and what filters do with any.

use core::cmp::Ordering;

use super::TemplateWriter;
use super::expression::{constant, member};
use super::operand::{Operand, is_equal, text};
use crate::collections::sorted_indices;
use crate::json::ValueRef;
use crate::json::{Object, Value};
use crate::plan::tables::{Item, List};
use crate::plan::{Id, Ids};
use crate::prelude::*;
use crate::text::lowercase;

impl TemplateWriter<'_, '_> {
    /// The things of a list for this subject: each once, none that may not be in it.
    pub(super) fn items(&self, id: Id<List>) -> Vec<Value> {
        let Some(list) = self.plan.get(id) else { return Vec::new() };
        let mut taken: Vec<Id<Item>> = Vec::new();
        let mut take = |id: Id<Item>| {
            let is_full = taken.len() >= list.limit as usize || !self.spend(1);
            if !is_full && !taken.contains(&id) && !self.is_named(&list, id) {
                taken.push(id);
            }
        };
        match list.from {
            None => self.plan.list(list.items).for_each(take),
            Some(attribute) => {
                let ValueRef::List(names) = self.eval.fact(attribute) else { return Vec::new() };
                let found = names.iter().filter_map(|name| self.find_item(&text(name.into())));
                let allowed = |id: &Id<Item>| self.is_in(list.items, *id);
                found.map(|(id, _)| id).filter(allowed).for_each(&mut take);
            }
        }
        taken.into_iter().filter_map(|id| self.plan.get(id)).map(|row| self.item(&row)).collect()
    }

    /// Whether a thing is in a list that is sorted by number.
    fn is_in(&self, items: Ids<Item>, id: Id<Item>) -> bool {
        let (mut low, mut high) = (0, items.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.plan.list_item(items, middle) {
                Some(item) if item == id => return true,
                Some(item) if item < id => low = middle.saturating_add(1),
                _ => high = middle,
            }
        }
        false
    }

    /// Whether one of the attributes that a list goes without names the thing.
    fn is_named(&self, list: &List, id: Id<Item>) -> bool {
        let Some(row) = self.plan.get(id) else { return true };
        let wanted = self.plan.text(row.id);
        self.plan.list(list.without).any(|attribute| match self.eval.fact(attribute) {
            ValueRef::List(names) if !self.spend(names.len() / 8) => true,
            ValueRef::List(names) => names.iter().any(|name| text(name.into()) == wanted),
            other => text(other) == wanted,
        })
    }

    pub(super) fn find_item(&self, id: &str) -> Option<(Id<Item>, Item)> {
        self.plan.find(id, |row: &Item| row.id)
    }

    /// A thing of the catalogue as an object: its fields, and its `id`.
    pub(super) fn item(&self, row: &Item) -> Value {
        let mut out = Object::new();
        out.insert("id", self.plan.text(row.id));
        for (name, value) in self.plan.list(row.fields).zip(self.plan.list(row.values)) {
            let value = self.own(constant(self.plan, value));
            out.insert(self.plan.text(name), value);
        }
        Value::Object(out)
    }
}

/// The field of an item; without a name of a field the item.
pub(super) fn field<'v>(item: &'v Value, name: &Operand<'_>) -> ValueRef<'v> {
    if name.is_true() { member(item.into(), name.view()) } else { item.into() }
}

/// The items by a field: numbers, then texts; what is neither stands at the end.
pub(super) fn sort(items: Vec<Value>, name: &Operand<'_>, natural: bool) -> Vec<Value> {
    let key = |place: usize| items.get(place).map_or(ValueRef::Null, |item| field(item, name));
    let compare = |a: usize, b: usize| match (key(a), key(b)) {
        (ValueRef::Text(a), ValueRef::Text(b)) if natural => lowercase(a).cmp(&lowercase(b)),
        (ValueRef::Null, ValueRef::Null) => Ordering::Equal,
        (ValueRef::Null, _) => Ordering::Greater,
        (_, ValueRef::Null) => Ordering::Less,
        (a, b) => a.order(b),
    };
    let places = sorted_indices(items.len(), &compare);
    places.into_iter().filter_map(|place| items.get(place).cloned()).collect()
}

/// The items without those whose field another one before them has.
pub(super) fn uniq(items: Vec<Value>, name: &Operand<'_>, spend: &dyn Fn(usize) -> bool) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for item in items {
        let known = |other: &Value| is_equal(field(other, name), field(&item, name));
        if spend(kept.len()) && !kept.iter().any(known) {
            kept.push(item);
        }
    }
    kept
}

/// The items from a place on, counted from the end if it is negative.
pub(super) fn slice(mut items: Vec<Value>, from: f64, count: Option<f64>) -> Vec<Value> {
    let (start, end) = bounds(items.len(), from, count);
    items.truncate(end);
    items.drain(..start);
    items
}

/// Start and end of a slice of something so long.
pub(super) fn bounds(len: usize, from: f64, count: Option<f64>) -> (usize, usize) {
    let start = if from < 0.0 { from + len as f64 } else { from };
    let none = start < 0.0 || start > len as f64;
    let start = if none { len } else { start as usize };
    let end = count.map_or(len, |count| start.saturating_add(count as usize).min(len));
    (start, end)
}
