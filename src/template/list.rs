//! Lists: those of the catalogue for a subject, and list filters.

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
    /// Returns the items of a list for this subject: each once, and only those that the list allows.
    pub(super) fn items(&self, id: Id<List>) -> Vec<Value> {
        let Some(list) = self.plan.get(id) else { return Vec::new() };
        let mut chosen: Vec<Id<Item>> = Vec::new();
        let mut choose = |id: Id<Item>| {
            let is_full = chosen.len() >= list.limit as usize || !self.spend(1);
            if !is_full && !chosen.contains(&id) && !self.is_excluded(&list, id) {
                chosen.push(id);
            }
        };
        match list.from {
            None => self.plan.list(list.items).for_each(choose),
            Some(attribute) => {
                let names = self.eval.reading(attribute);
                let ValueRef::List(names) = names.view() else { return Vec::new() };
                let found = names.iter().filter_map(|name| self.find_item(&text(name.into())));
                let allowed = |id: &Id<Item>| self.is_in(list.items, *id);
                found.map(|(id, _)| id).filter(allowed).for_each(&mut choose);
            }
        }
        chosen.into_iter().filter_map(|id| self.plan.get(id)).map(|row| self.item(&row)).collect()
    }

    /// Checks whether an item is in a list that is sorted by id.
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

    /// Checks whether one of the attributes that the list excludes contains the item.
    fn is_excluded(&self, list: &List, id: Id<Item>) -> bool {
        let Some(row) = self.plan.get(id) else { return true };
        let wanted = self.plan.text(row.id);
        self.plan.list(list.without).any(|attribute| match self.eval.reading(attribute).view() {
            ValueRef::List(names) if !self.spend(names.len() / 8) => true,
            ValueRef::List(names) => names.iter().any(|name| text(name.into()) == wanted),
            other => text(other) == wanted,
        })
    }

    pub(super) fn find_item(&self, id: &str) -> Option<(Id<Item>, Item)> {
        self.plan.find(id, |row: &Item| row.id)
    }

    /// Returns an item of the catalogue as an object: its fields and its `id`.
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

/// Returns a field of an item, or the item itself if there is no field name.
pub(super) fn field<'v>(item: &'v Value, name: &Operand<'_>) -> ValueRef<'v> {
    if name.is_true() { member(item.into(), name.view()) } else { item.into() }
}

/// Sorts items by a field: numbers, then strings; missing fields come last.
pub(super) fn sort(items: Vec<Value>, name: &Operand<'_>, natural: bool) -> Vec<Value> {
    let key = |index: usize| items.get(index).map_or(ValueRef::Null, |item| field(item, name));
    let compare = |a: usize, b: usize| match (key(a), key(b)) {
        (ValueRef::Text(a), ValueRef::Text(b)) if natural => lowercase(a).cmp(&lowercase(b)),
        (ValueRef::Null, ValueRef::Null) => Ordering::Equal,
        (ValueRef::Null, _) => Ordering::Greater,
        (_, ValueRef::Null) => Ordering::Less,
        (a, b) => a.order(b),
    };
    let indices = sorted_indices(items.len(), &compare);
    indices.into_iter().filter_map(|index| items.get(index).cloned()).collect()
}

/// Removes items whose field equals that of an earlier item.
pub(super) fn uniq(items: Vec<Value>, name: &Operand<'_>, spend: &dyn Fn(usize) -> bool) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for item in items {
        let is_same = |other: &Value| is_equal(field(other, name), field(&item, name));
        if spend(kept.len()) && !kept.iter().any(is_same) {
            kept.push(item);
        }
    }
    kept
}

/// Returns the items from an index on; a negative index counts from the end.
pub(super) fn slice(mut items: Vec<Value>, from: f64, count: Option<f64>) -> Vec<Value> {
    let (start, end) = bounds(items.len(), from, count);
    items.truncate(end);
    items.drain(..start);
    items
}

/// Returns the bounds of a slice of `len` items.
pub(super) fn bounds(len: usize, from: f64, count: Option<f64>) -> (usize, usize) {
    let start = if from < 0.0 { from + len as f64 } else { from };
    let none = start < 0.0 || start > len as f64;
    let start = if none { len } else { start as usize };
    let end = count.map_or(len, |count| start.saturating_add(count as usize).min(len));
    (start, end)
}
