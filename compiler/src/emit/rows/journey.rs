//! The rows of journeys.

use throughline::Millis;
use throughline::internals::plan::tables::{self, StepKind};
use throughline::internals::plan::{Id, Ids};

use super::RowWriter;
use crate::rules::journey::{Journey, Step, StepAction};

impl<'a> RowWriter<'_, '_, 'a, '_> {
    pub(super) fn journey(&mut self, id: &str, journey: &Journey<'a>) {
        let enter = journey.enter.as_ref().map(|trigger| self.trigger(trigger));
        let when = journey.when.as_ref().map(|when| self.condition(when));
        let exits: Vec<_> = journey.exits.iter().map(|trigger| self.trigger(trigger)).collect();
        let goal = journey.goal.as_ref().map(|(trigger, _)| self.trigger(trigger));
        let steps: Vec<_> = journey.steps.iter().map(|step| self.step(step)).collect();
        if journey.resume {
            for message in journey.messages() {
                let key = format!("message:{}", message.name);
                self.of_account.extend(journey.unit.as_ref().map(|_| key.clone()));
                self.expose(key, 1, Millis(0));
            }
        }
        let row = tables::Journey {
            id: self.plan.text(id),
            class: journey.class,
            priority: journey.priority,
            flags: tables::JourneyFlags::RESUME
                .when(journey.resume)
                .with(tables::JourneyFlags::ACCOUNT.when(journey.unit.is_some())),
            offer: journey.offer.as_ref().and_then(|offer| self.numbers.offers.get(offer.name).copied()),
            topic: journey.topic.map(|topic| self.plan.text(topic)),
            // Every entry of the rules has an event; that of a hidden journey is the first counter, which never counts.
            enter: enter.unwrap_or(Id::new(0)),
            when,
            reenter: journey.reenter,
            exits: self.plan.ids(&exits),
            goal,
            goal_within: journey.goal.as_ref().map_or(Millis::MAX, |(_, within)| *within),
            steps: self.plan.push_all(steps),
        };
        self.plan.push(row);
    }

    fn step(&mut self, step: &Step<'a>) -> tables::Step {
        let id = self.plan.text(step.id.name);
        let none = tables::Step {
            id,
            kind: StepKind::Wait,
            wait: Millis(0),
            after: None,
            message: None,
            channels: Ids::empty(),
            ttl: Millis::MAX,
        };
        match &step.action {
            StepAction::Wait(wait, after) => {
                let after = after.as_ref().map(|event| self.after(event.name));
                tables::Step { wait: self.options.compress(*wait), after, ..none }
            }
            StepAction::Send { message, channels, ttl } => {
                let channels: Vec<_> =
                    channels.iter().filter_map(|channel| self.numbers.channels.get(channel.name).copied()).collect();
                tables::Step {
                    kind: StepKind::Send,
                    message: self.numbers.messages.get(message.name).copied(),
                    channels: self.plan.ids(&channels),
                    ttl: self.options.compress(*ttl),
                    ..none
                }
            }
        }
    }
}
