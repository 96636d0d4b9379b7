//! The story of one subject, event by event.
#![allow(dead_code, reason = "each user needs a part of it")]

use serde_json::Value;
use throughline::{
    Action, Advance, Event, EventKind, Instance, InstanceStatus, Millis, Plan, Profile, advance, reduce,
};

use crate::support;

pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const START: i64 = 1_760_000_000_000;

pub fn event(name: &str, at: i64) -> Event {
    Event { id: format!("{name}-{at}"), kind: EventKind::Track, name: name.into(), at: Millis(at), ..Event::default() }
}

pub fn says(traits: Value, at: i64) -> Event {
    let traits = serde_json::from_value(traits).unwrap();
    Event {
        id: format!("says-{at}"),
        kind: EventKind::Identify,
        at: Millis(at),
        traits,
        trusted: true,
        ..Event::default()
    }
}

/// A subject whose events are applied one after the other.
pub struct Story {
    pub plan: Plan,
    pub profile: Profile,
    pub actions: Vec<Action>,
    pub wake_at: Option<Millis>,
}

impl Story {
    pub fn of(rules: &Value) -> Self {
        Self { plan: support::plan(rules), profile: Profile::new("p1"), actions: Vec::new(), wake_at: None }
    }

    pub fn hear(&mut self, event: &Event) {
        reduce(&self.plan, &mut self.profile, event);
    }

    /// Advances the time; returns the messages that became due, as `step: channel` or `step: reason`.
    #[track_caller]
    pub fn at(&mut self, now: i64) -> Vec<String> {
        let Advance { profile, actions, wake_at, .. } = advance(&self.plan, &self.profile, &[], Millis(now));
        assert!(wake_at.is_none_or(|wake| wake > Millis(now)), "it must not be woken for the past");
        let sent: Vec<Event> = actions.iter().filter_map(Action::sent).collect();
        let again = advance(&self.plan, &profile, &sent, Millis(now));
        assert_eq!(
            (&again.profile, again.actions.as_slice(), again.wake_at),
            (&profile, &[][..], wake_at),
            "twice is once"
        );
        (self.profile, self.wake_at) = (profile, wake_at);
        self.actions.extend(actions.iter().cloned());
        actions.iter().map(|action| format!("{}: {}", action.step, outcome(action))).collect()
    }

    pub fn instance(&self, journey: &str) -> &Instance {
        self.profile.journeys.get(journey).unwrap()
    }

    pub fn status(&self) -> InstanceStatus {
        self.instance("cart").status
    }
}

fn outcome(action: &Action) -> String {
    match &action.outcome {
        Ok(letter) => letter.channel.clone(),
        Err(withheld) => withheld.code().to_owned(),
    }
}
