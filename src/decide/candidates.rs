//! The candidates of a lane, found by the subject's facts: a decision costs what may match, not what there is.

use alloc::collections::BinaryHeap;
use alloc::collections::binary_heap::PeekMut;
use core::cmp::{Ordering, Reverse};
use core::ops::Range;

use crate::collections::IdMap;
use crate::condition::InternedFact;
use crate::decide::Decider;
use crate::json::ValueRef;
use crate::plan::tables::{Campaign, CandidateIndex, IndexedAttribute, Message, Placement, Posting, PostingForms};
use crate::plan::{Id, Plan, Span};

/// The campaigns of a lane that may win, best priority first, each once and with its message there.
pub(crate) struct Candidates<'a> {
    plan: &'a Plan,
    /// Everything that competes, if this is explained.
    all: Range<u32>,
    /// What is left of each list of placements that applies; none is empty.
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
    /// The campaigns of the lane that may match: no other one's condition can hold. All of them, if this is explained.
    pub(crate) fn candidates(&mut self, index: &CandidateIndex) -> Candidates<'a> {
        let plan = self.plan;
        let mut candidates = Candidates { plan, all: 0..0, lists: BinaryHeap::new(), last: None };
        if self.tracer.is_some() {
            candidates.all = index.placements.range();
            return candidates;
        }
        candidates.add(plan.numbers(index.always));
        for (_, key) in plan.rows(index.attributes) {
            let fact = self.eval.interned(key.attribute);
            self.add_postings(&key, fact, &mut candidates);
        }
        for (_, shared) in plan.rows(index.conditions) {
            if self.eval.holds(shared.node) {
                candidates.add(plan.numbers(shared.placements));
            }
        }
        candidates
    }

    /// Adds what is posted for the attribute's value: for its text, its number and its truth, and for each item of a
    /// list.
    ///
    /// More than the conditions ask for, and never less: a bare value in a condition converts, an operator does not.
    fn add_postings(&self, key: &IndexedAttribute, fact: InternedFact<'_>, candidates: &mut Candidates<'a>) {
        let of_fact = |fact: InternedFact<'_>| self.posting(key.postings, fact);
        let posting = |value: ValueRef<'_>| of_fact(InternedFact::new(self.plan, value));
        let mut add = |found: Option<Posting>| {
            candidates.add(found.map_or(&[], |posting| self.plan.numbers(posting.placements)));
        };
        if let ValueRef::List(items) = fact.view {
            // Somebody else's list may say the same again and again.
            let mut known = IdMap::new();
            for found in items.iter().filter_map(|item| posting(item.into())) {
                if known.get(found.constant.0).is_none() {
                    known.insert(found.constant.0, true);
                    add(Some(found));
                }
            }
        }
        if key.forms.contains(PostingForms::TEXT) {
            add(match fact.view {
                ValueRef::Text(_) => of_fact(fact),
                other => posting(ValueRef::Text(&other.to_text())),
            });
        }
        if key.forms.contains(PostingForms::NUMBER) {
            add(posting(ValueRef::Number(fact.view.to_number())));
        }
        if key.forms.contains(PostingForms::BOOLEAN) {
            add(posting(ValueRef::Bool(fact.view.is_truthy())));
        }
    }

    fn posting(&self, postings: Span<Posting>, fact: InternedFact<'_>) -> Option<Posting> {
        let order = |row: &Posting| fact.order(self.plan, row.constant).unwrap_or(Ordering::Less);
        self.plan.search(postings, order).map(|(_, posting)| posting)
    }
}
