//! Exposures: the events to record when a decision is shown.

use super::{Assignment, Decision, Fill};
use crate::event::names::{EXPERIMENT_VIEWED, MESSAGE_SEEN};
use crate::event::{Event, EventKind};
use crate::json::Value;
use crate::json::canonical::Members;
use crate::prelude::*;

/// An exposure event.
// INVARIANT: properties are in canonical order. Those without a value are left out when the event is written.
pub(super) struct Exposure<'d> {
    name: &'static str,
    /// The part of the event's id after the decision's id.
    suffix: [&'d str; 2],
    properties: [(&'static str, Option<&'d str>); 9],
}

impl Decision<'_> {
    /// Returns the events to record when the slots are shown.
    ///
    /// There is one for each filled slot, and one for each experiment that chose the content of a slot. Hosts reduce
    /// them if `store` is true, and send them to the collector if `measure` is true. Their ids begin with the
    /// decision's id, so an exposure that is recorded twice counts once.
    #[must_use]
    pub fn exposures(&self) -> Vec<Event> {
        let id = self.id();
        self.each_exposure(&id).map(|exposure| exposure.to_event(self, &id)).collect()
    }

    /// Returns the exposures of this decision, whose id is `id`; none if neither `store` nor `measure` is true.
    pub(super) fn each_exposure<'d>(&'d self, id: &'d str) -> impl Iterator<Item = Exposure<'d>> {
        let may_record = self.measure || self.store;
        let seen = self.slots.iter().map(move |(slot, fill)| self.message_seen(id, slot, fill));
        let shown = self.assignments.iter().filter(|assignment| self.is_shown(assignment));
        let viewed = shown.map(move |assignment| experiment_viewed(id, assignment));
        seen.chain(viewed).filter(move |_| may_record)
    }

    fn is_shown(&self, assignment: &Assignment<'_>) -> bool {
        let chose = |fill: &Fill<'_>| {
            fill.experiment.as_ref() == Some(&assignment.experiment)
                && fill.variation.as_ref() == Some(&assignment.variation)
        };
        self.slots.values().any(chose)
    }

    fn message_seen<'d>(&'d self, id: &'d str, slot: &'d str, fill: &'d Fill<'_>) -> Exposure<'d> {
        Exposure {
            name: MESSAGE_SEEN,
            suffix: ["", slot],
            properties: [
                ("campaign", Some(&fill.campaign)),
                ("channel", Some(&self.channel)),
                ("class", Some(fill.class.name())),
                ("decision", Some(id)),
                ("experiment", fill.experiment.as_deref()),
                ("message", Some(&fill.message)),
                ("offer", fill.offer.as_deref()),
                ("slot", Some(slot)),
                ("variation", fill.variation.as_deref()),
            ],
        }
    }
}

fn experiment_viewed<'d>(id: &'d str, assignment: &'d Assignment<'_>) -> Exposure<'d> {
    let mut properties = [("", None); 9];
    let present = [
        ("decision", Some(id)),
        ("experiment_id", Some(&*assignment.experiment)),
        ("unit", Some(&*assignment.unit)),
        ("variation_id", Some(&*assignment.variation)),
    ];
    properties.iter_mut().zip(present).for_each(|(slot, property)| *slot = property);
    Exposure { name: EXPERIMENT_VIEWED, suffix: ["x:", &assignment.experiment], properties }
}

impl<'d> Exposure<'d> {
    fn properties(&self) -> impl Iterator<Item = (&'static str, &'d str)> {
        self.properties.iter().filter_map(|(name, value)| Some((*name, (*value)?)))
    }

    fn to_event(&self, decision: &Decision<'_>, id: &str) -> Event {
        let [kind, what] = self.suffix;
        Event {
            id: format!("{id}:{kind}{what}"),
            kind: EventKind::Track,
            name: self.name.to_owned(),
            at: decision.now,
            properties: self.properties().map(|(name, value)| (name, Value::from(value))).collect(),
            trusted: true,
            ..Event::default()
        }
    }

    /// Appends the JSON of [`Self::to_event`].
    pub(super) fn write(&self, decision: &Decision<'_>, id: &str, out: &mut String) {
        let mut event = Members::begin(out);
        event.time("at", decision.now);
        event.text("event", self.name);
        let [kind, what] = self.suffix;
        event.text("id", &[id, ":", kind, what].concat());
        let mut properties = Members::begin(event.member("properties"));
        self.properties().for_each(|(name, value)| properties.text(name, value));
        properties.end();
        event.flag("trusted", true);
        event.text("type", EventKind::Track.name());
        event.end();
    }
}
