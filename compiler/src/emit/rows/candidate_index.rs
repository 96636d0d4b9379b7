//! The rows of candidate indexes: the campaigns that compete for a slot, and how those that may win are found.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use throughline::internals::json::ValueRef;
use throughline::internals::plan::Id;
use throughline::internals::plan::tables::{
    Attribute, Campaign, CampaignFlags, CandidateIndex, Constant, IndexedAttribute, Message, Node, OfferGroup,
    Placement, Posting, PostingForms, SharedCondition,
};

use super::RowWriter;
use crate::condition::{mark_shared, order_of};
use crate::emit::access_path::{self, AccessTerm};
use crate::rules::campaign;

/// The candidates of each value.
type Values = BTreeMap<Id<Constant>, Vec<Id<Placement>>>;

/// The candidates of each term, and those without an access path.
#[derive(Default)]
struct Postings {
    always: Vec<Id<Placement>>,
    values: BTreeMap<Id<Attribute>, Values>,
    nodes: BTreeMap<Id<Node>, Vec<Id<Placement>>>,
}

impl<'a> RowWriter<'_, '_, 'a, '_> {
    /// Writes the index of the campaigns that can fill the slot.
    pub(super) fn slot_index(&mut self, slot: &str) -> Id<CandidateIndex> {
        let placed = |campaign: &campaign::Campaign<'a>| {
            let placement = campaign.slots.iter().find(|placement| placement.slot.name == slot)?;
            self.numbers.messages.get(placement.message.name).map(|message| Some(*message))
        };
        let placements = self.competing(placed);
        self.candidate_index(placements)
    }

    /// Writes the index of the campaigns that have a next action, if there are any.
    pub(super) fn next_action_index(&mut self) -> Option<Id<CandidateIndex>> {
        let placements = self.competing(|campaign| (!campaign.next.is_empty()).then_some(None));
        (!placements.is_empty()).then(|| self.candidate_index(placements))
    }

    /// Writes the groups of offers, each with the index of the campaigns that make one of its offers.
    pub(super) fn offer_groups(&mut self) {
        let groups: Vec<String> = self.numbers.offer_groups.keys().cloned().collect();
        for group in &groups {
            let rules = self.rules;
            let group_of = |offer: &str| rules.offers.get(offer).and_then(|offer| offer.group);
            let offers = |campaign: &campaign::Campaign<'a>| {
                let offer = campaign.offer.as_ref()?;
                (group_of(offer.name) == Some(group.as_str())).then_some(None)
            };
            let placements = self.competing(offers);
            let row = OfferGroup { id: self.plan.text(group), candidates: self.candidate_index(placements) };
            self.plan.push(row);
        }
    }

    /// Returns the campaigns that compete, each with its message: highest priority first, and of one priority by id.
    fn competing(&self, placed: impl Fn(&campaign::Campaign<'a>) -> Option<Option<Id<Message>>>) -> Vec<Placement> {
        let rows = self.rules.campaigns.iter().filter_map(|(name, campaign)| {
            let row = Placement { campaign: *self.numbers.campaigns.get(*name)?, message: placed(campaign)? };
            Some((Reverse(campaign.priority), row))
        });
        let mut rows: Vec<_> = rows.collect();
        rows.sort_by_key(|(priority, row)| (*priority, row.campaign));
        rows.into_iter().map(|(_, row)| row).collect()
    }

    fn candidate_index(&mut self, placements: Vec<Placement>) -> Id<CandidateIndex> {
        let when = |row: &Placement| self.plan.get::<Campaign>(row.campaign).and_then(|campaign| campaign.when);
        let whens: Vec<_> = placements.iter().map(when).collect();
        let accesses = access_path::choose(&self.plan, &self.asked, &whens);
        placements.iter().for_each(|row| self.note_placed(row.campaign));
        let placements = self.plan.push_all(placements);
        let mut found = Postings::default();
        for (id, access) in placements.iter().zip(accesses) {
            found.add(id, access);
        }
        let attributes: Vec<_> =
            found.values.into_iter().map(|(attribute, values)| self.indexed_attribute(attribute, values)).collect();
        let conditions: Vec<_> = found.nodes.iter().map(|(node, ids)| self.shared_condition(*node, ids)).collect();
        let row = CandidateIndex {
            placements,
            always: self.plan.ids(&found.always),
            attributes: self.plan.push_all(attributes),
            conditions: self.plan.push_all(conditions),
        };
        self.plan.push(row)
    }

    fn note_placed(&mut self, id: Id<Campaign>) {
        let is_first = self.placed.insert(id);
        if let Some(row) = self.plan.get(id).filter(|_| !is_first) {
            self.plan.set(id, Campaign { flags: row.flags.with(CampaignFlags::SEVERAL), ..row });
        }
    }

    /// Writes a shared condition. It is marked as shared because the conditions of its candidates contain it too.
    fn shared_condition(&mut self, node: Id<Node>, placements: &[Id<Placement>]) -> SharedCondition {
        mark_shared(&mut self.plan, node);
        SharedCondition { node, placements: self.plan.ids(placements) }
    }

    fn indexed_attribute(&mut self, attribute: Id<Attribute>, values: Values) -> IndexedAttribute {
        let mut values: Vec<_> = values.into_iter().collect();
        values.sort_by(|(a, _), (b, _)| order_of(&self.plan, *a, *b));
        // 0 and -0 are two constants, and one value.
        values.dedup_by(|(a, more), (b, placements)| {
            let is_same = order_of(&self.plan, *a, *b).is_eq();
            if is_same {
                placements.append(more);
                placements.sort_unstable();
                placements.dedup();
            }
            is_same
        });
        let form = |constant: Id<Constant>| match access_path::form(&self.plan, constant) {
            Some(ValueRef::Text(_)) => PostingForms::TEXT,
            Some(ValueRef::Number(_)) => PostingForms::NUMBER,
            Some(ValueRef::Bool(_)) => PostingForms::BOOLEAN,
            _ => PostingForms::empty(),
        };
        let forms = values.iter().fold(PostingForms::empty(), |forms, (constant, _)| forms.with(form(*constant)));
        let postings: Vec<_> = values
            .iter()
            .map(|(constant, ids)| Posting { constant: *constant, placements: self.plan.ids(ids) })
            .collect();
        IndexedAttribute { attribute, forms, postings: self.plan.push_all(postings) }
    }
}

impl Postings {
    fn add(&mut self, id: Id<Placement>, access: Option<access_path::AccessPath>) {
        let Some(terms) = access else { return self.always.push(id) };
        for term in terms {
            match term {
                AccessTerm::Value(attribute, value) => {
                    self.values.entry(attribute).or_default().entry(value).or_default().push(id);
                }
                AccessTerm::Holds(node) => self.nodes.entry(node).or_default().push(id),
            }
        }
    }
}
