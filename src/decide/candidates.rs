//! Finds the candidates of a slot, an offer group or the next action through its candidate index.
//!
//! `plan/tables/candidate_index.rs` draws the index. A decision uses it in three steps:
//!
//! 1. It collects lists of placements:
//!    - the list that always applies
//!    - for each indexed attribute, the postings of the subject's value, found by binary search
//!    - for each shared condition that holds, its list
//! 2. It merges the lists with a heap. Placements are numbered by priority, so the merge yields the best priority
//!    first, and equal placements are adjacent.
//! 3. The caller checks the full condition of each candidate, and stops below the priority of the best one.
//!
//! The index may return false positives, which step 3 rejects, and never false negatives. So the cost of a decision
//! grows with the campaigns that may match, not with those of the plan.

use alloc::collections::BinaryHeap;
use alloc::collections::binary_heap::PeekMut;
use core::cmp::{Ordering, Reverse};
use core::ops::Range;

use crate::collections::IdMap;
use crate::condition::InternedFact;
use crate::decide::Decider;
use crate::facts::reading::{self, Reading};
use crate::json::ValueRef;
use crate::plan::tables::{Campaign, CandidateIndex, IndexedAttribute, Message, Placement, Posting, PostingForms};
use crate::plan::{Id, Plan, Span};

/// The campaigns that may match, best priority first, each once and with its message in the slot.
pub(crate) struct Candidates<'a> {
    plan: &'a Plan,
    /// All placements, for an explanation.
    all: Range<u32>,
    /// The rests of the lists of placements that apply.
    // INVARIANT: no list is empty, and each ascends. The heap has the list with the least first placement on top.
    lists: BinaryHeap<Reverse<&'a [u32]>>,
    last: Option<u32>,
}

impl<'a> Candidates<'a> {
    fn add(&mut self, placements: &'a [u32]) {
        if !placements.is_empty() {
            self.lists.push(Reverse(placements));
        }
    }

    fn next_placement(&mut self) -> Option<u32> {
        if let Some(next) = self.all.next() {
            return Some(next);
        }
        loop {
            let mut top = self.lists.peek_mut()?;
            let (first, rest) = top.0.split_first()?;
            let is_new = self.last.replace(*first) != Some(*first);
            if rest.is_empty() {
                PeekMut::pop(top);
            } else {
                *top = Reverse(rest);
            }
            if is_new {
                return Some(*first);
            }
        }
    }
}

impl Iterator for Candidates<'_> {
    type Item = (Id<Campaign>, Campaign, Option<Id<Message>>);

    fn next(&mut self) -> Option<Self::Item> {
        let placement = self.plan.get(Id::<Placement>::new(self.next_placement()?))?;
        Some((placement.campaign, self.plan.get(placement.campaign)?, placement.message))
    }
}

impl<'a: 'p, 'p> Decider<'a, 'p> {
    /// Returns the campaigns whose conditions may hold; no other condition can. For an explanation, returns all
    /// campaigns.
    pub(crate) fn candidates(&mut self, index: &CandidateIndex) -> Candidates<'a> {
        let plan = self.plan;
        let mut candidates = Candidates { plan, all: 0..0, lists: BinaryHeap::new(), last: None };
        if self.tracer.is_some() {
            candidates.all = index.placements.range();
            return candidates;
        }
        candidates.add(plan.numbers(index.always));
        for (_, key) in plan.rows(index.attributes) {
            let fact = self.eval.interned(key.attribute, true);
            self.add_postings(&key, &fact, &mut candidates);
        }
        for (_, shared) in plan.rows(index.conditions) {
            if self.eval.holds(shared.node) {
                candidates.add(plan.numbers(shared.placements));
            }
        }
        candidates
    }

    /// Adds the postings of an attribute's value: as a string, a number, a boolean, and of each item of a list.
    // why: a bare value in a condition converts the fact, and an operator does not. The index does not know which of
    // them posted a constant, so it looks up all forms that occur. That gives too many candidates, and never too few.
    fn add_postings(&self, key: &IndexedAttribute, fact: &InternedFact<'_>, candidates: &mut Candidates<'a>) {
        let of_fact = |fact: &InternedFact<'_>| self.posting(key.postings, fact);
        let posting = |value: ValueRef<'_>| of_fact(&InternedFact::new(self.plan, Reading::Seen(value)));
        let mut add = |found: Option<Posting>| {
            candidates.add(found.map_or(&[], |posting| self.plan.numbers(posting.placements)));
        };
        if let ValueRef::List(items) = fact.view() {
            // why: a list comes from outside, and may repeat an item any number of times.
            let mut added = IdMap::new();
            for found in items.iter().filter_map(|item| posting(item.into())) {
                if added.get(found.constant.0).is_none() {
                    added.insert(found.constant.0, true);
                    add(Some(found));
                }
            }
        }
        if key.forms.contains(PostingForms::TEXT) {
            add(match fact.view() {
                ValueRef::Text(_) => of_fact(fact),
                other => posting(ValueRef::Text(&other.to_text())),
            });
        }
        if key.forms.contains(PostingForms::NUMBER) {
            add(posting(ValueRef::Number(fact.view().to_number())));
        }
        if key.forms.contains(PostingForms::BOOLEAN) {
            add(reading::boolean(fact.view()).and_then(|value| posting(ValueRef::Bool(value))));
        }
    }

    fn posting(&self, postings: Span<Posting>, fact: &InternedFact<'_>) -> Option<Posting> {
        let order = |row: &Posting| fact.order(self.plan, row.constant).unwrap_or(Ordering::Less);
        self.plan.search(postings, order).map(|(_, posting)| posting)
    }
}
