//! What to record when the decision is shown.

use crate::decide::Decider;
use crate::decision::{Assignment, Fill};
use crate::event::{Event, EventKind};
use crate::prelude::*;
use crate::reduce::{EXPERIMENT_VIEWED, MESSAGE_SEEN};
use crate::value::Object;

impl Decider<'_> {
    /// Adds the exposures: one for each filled slot, and one for each experiment that chose what a slot shows.
    ///
    /// They are for the subject's own token, if it may be stored, so that caps hold; and for the collector, if it may measure.
    pub(crate) fn expose(&mut self) {
        if !self.decision.measure && !self.decision.store {
            return;
        }
        let seen = self.decision.slots.iter().map(|(slot, fill)| self.message_seen(slot, fill));
        let viewed = self.decision.assignments.iter().filter(|assignment| self.is_shown(assignment));
        self.decision.exposures = seen.chain(viewed.map(|assignment| self.experiment_viewed(assignment))).collect();
    }

    fn is_shown(&self, assignment: &Assignment) -> bool {
        self.decision.slots.values().any(|fill| {
            fill.variation.as_ref() == Some(&assignment.variation)
                && self.experiment_of(&fill.campaign).is_some_and(|key| key == assignment.experiment)
        })
    }

    fn message_seen(&self, slot: &str, fill: &Fill) -> Event {
        let mut properties = Object::new();
        properties.insert("campaign", fill.campaign.as_str());
        properties.insert("message", fill.message.as_str());
        properties.insert("slot", slot);
        properties.insert("channel", self.facts.request.channel.as_deref().unwrap_or("web"));
        properties.insert("class", fill.class.name());
        properties.insert("decision", self.decision.id.as_str());
        if let Some(offer) = &fill.offer {
            properties.insert("offer", offer.as_str());
        }
        if let Some(variation) = &fill.variation
            && let Some(experiment) = self.experiment_of(&fill.campaign)
        {
            properties.insert("experiment", experiment);
            properties.insert("variation", variation.as_str());
        }
        self.event(MESSAGE_SEEN, slot, properties)
    }

    fn experiment_viewed(&self, assignment: &Assignment) -> Event {
        let mut properties = Object::new();
        properties.insert("experiment_id", assignment.experiment.as_str());
        properties.insert("variation_id", assignment.variation.as_str());
        properties.insert("decision", self.decision.id.as_str());
        if let Some(unit) = self.experiment_unit(&assignment.experiment) {
            properties.insert("unit", unit.as_str());
        }
        self.event(EXPERIMENT_VIEWED, &format!("x:{}", assignment.experiment), properties)
    }

    fn event(&self, name: &str, suffix: &str, properties: Object) -> Event {
        Event {
            id: format!("{}:{suffix}", self.decision.id),
            kind: EventKind::Track,
            name: name.to_owned(),
            at: self.facts.now,
            properties,
            trusted: true,
            ..Event::default()
        }
    }

    fn experiment_of(&self, campaign: &str) -> Option<&str> {
        let mut rows = self.plan.rows(self.plan.all::<crate::plan::tables::Campaign>());
        let (_, row) = rows.find(|(_, row)| self.plan.text(row.id) == campaign)?;
        Some(self.plan.text(self.plan.get(row.experiment?)?.key))
    }
}
