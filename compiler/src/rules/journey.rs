//! Journeys: sequences of waits and messages for a subject or an account.

use throughline::Millis;
use throughline::internals::plan::tables::Class;

use crate::condition::{CounterSpec, When};
use crate::rules::account_unit;
use crate::rules::channel::{WEB, check_roles, roles};
use crate::rules::class::class;
use crate::rules::trigger::Trigger;
use crate::rules::{Definition, Rules, find};
use crate::source::cursor::{Cursor, Fields, ReadContext, Reference};

/// A journey.
#[derive(Clone, Debug)]
pub struct Journey<'a> {
    /// The class that policies refer to.
    pub class: Class,
    /// The priority; messages with a higher one are sent first.
    pub priority: u32,
    /// The offer that it makes.
    pub offer: Option<Reference<'a>>,
    /// The topic that people may opt out of in a channel.
    pub topic: Option<&'a str>,
    /// The account, if accounts run through the journey instead of people.
    pub unit: Option<Reference<'a>>,
    /// The roles that its messages require of a channel; empty for those of its class.
    pub roles: Vec<Reference<'a>>,
    /// Whether a subject who enters again continues after the messages that were sent or seen.
    pub resume: bool,
    /// The event that starts it.
    pub enter: Option<Trigger<'a>>,
    /// The condition to enter.
    pub when: Option<When<'a>>,
    /// The time after an entry before another one is possible; the maximum for never.
    pub reenter: Millis,
    /// The events that end it.
    pub exits: Vec<Trigger<'a>>,
    /// The event that counts as its goal, and for how long after the entry.
    pub goal: Option<(Trigger<'a>, Millis)>,
    /// The steps.
    pub steps: Vec<Step<'a>>,
}

/// A step of a journey.
#[derive(Clone, Debug)]
pub struct Step<'a> {
    /// Its id.
    pub id: Reference<'a>,
    /// Its action.
    pub action: StepAction<'a>,
}

/// The action of a step.
#[derive(Clone, Debug)]
pub enum StepAction<'a> {
    /// Waits, measured from the last time of an event or from the beginning of the step.
    Wait(Millis, Option<Reference<'a>>),
    /// Sends a message by the first possible channel, within its time to live.
    Send {
        /// The message.
        message: Reference<'a>,
        /// The channels.
        channels: Vec<Reference<'a>>,
        /// The time to live of the message.
        ttl: Millis,
    },
}

impl<'a> Definition<'a> for Journey<'a> {
    const NOUN: &'static str = "journey";

    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Self {
        let known = [
            "class",
            "priority",
            "offer",
            "topic",
            "unit",
            "roles",
            "enter",
            "reenter",
            "resume",
            "exit",
            "goal",
            "steps",
            "description",
        ];
        let fields = cursor.fields(&known, out);
        let enter = fields.required("enter", out).map(|cursor| cursor.fields(&["event", "where", "once", "when"], out));
        let exits = fields.get("exit").map(|cursor| cursor.one_or_list(out)).unwrap_or_default();
        let read_exit = |cursor: Cursor<'a>| Trigger::read(&cursor.fields(&["event", "where", "once"], out), out);
        Self {
            exits: exits.into_iter().filter_map(read_exit).collect(),
            class: class(&fields, out),
            priority: fields.get("priority").and_then(|cursor| cursor.integer(0..=1000, out)).unwrap_or(0),
            offer: fields.get("offer").and_then(|cursor| cursor.reference(out)),
            topic: fields.get("topic").and_then(|cursor| cursor.text(out)),
            unit: account_unit::unit(&fields, out),
            roles: roles(&fields, "roles", out),
            resume: fields.flag("resume", false, out),
            when: enter.as_ref().and_then(|enter| enter.get("when")).map(When::new),
            enter: enter.and_then(|enter| Trigger::read(&enter, out)),
            reenter: fields.get("reenter").and_then(|cursor| reenter(&cursor, out)).unwrap_or(Millis::MAX),
            goal: fields.get("goal").and_then(|cursor| goal(cursor, out)),
            steps: steps(&fields, out),
        }
    }
}

fn reenter(cursor: &Cursor<'_>, out: &mut ReadContext<'_>) -> Option<Millis> {
    match cursor.node.as_str() {
        Some("never") => Some(Millis::MAX),
        Some("always") => Some(Millis(0)),
        _ => cursor.duration(out),
    }
}

fn goal<'a>(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Option<(Trigger<'a>, Millis)> {
    let fields = cursor.fields(&["event", "where", "once", "within"], out);
    let within = fields.get("within").and_then(|cursor| cursor.duration(out)).unwrap_or(Millis::MAX);
    Some((Trigger::read(&fields, out)?, within))
}

fn steps<'a>(fields: &Fields<'a>, out: &mut ReadContext<'_>) -> Vec<Step<'a>> {
    let Some(cursor) = fields.required("steps", out) else { return Vec::new() };
    let list = cursor.list(out);
    if list.is_empty() {
        cursor.error("empty", "the journey has no steps", out).expected("at least one step that waits or sends");
    }
    let mut steps: Vec<Step<'a>> = Vec::new();
    for step in list.into_iter().filter_map(|cursor| Step::read(cursor, out)).collect::<Vec<_>>() {
        if steps.iter().any(|known| known.id.name == step.id.name) {
            let message = format!("step `{}` is defined twice in this journey", step.id.name);
            step.id.cursor.error("duplicate-id", message, out).expected("another id");
        }
        steps.push(step);
    }
    steps
}

impl<'a> Step<'a> {
    /// Returns the event from whose last time a wait is measured.
    pub const fn after(&self) -> Option<&Reference<'a>> {
        match &self.action {
            StepAction::Wait(_, after) => after.as_ref(),
            StepAction::Send { .. } => None,
        }
    }

    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Option<Self> {
        let fields = cursor.fields(&["id", "wait", "after", "send", "channels", "ttl", "description"], out);
        let id = fields.required("id", out).and_then(|cursor| cursor.reference(out));
        let misplaced: &[&str] = match (fields.get("wait"), fields.get("send")) {
            (Some(_), None) => &["channels", "ttl"],
            (None, Some(_)) => &["after"],
            _ => {
                let message = "a step either waits or sends";
                fields.cursor().error("step", message, out).expected("exactly one of: wait, send");
                return None;
            }
        };
        for (name, cursor) in misplaced.iter().filter_map(|name| Some((name, fields.get(name)?))) {
            let other = if *name == "after" { "wait" } else { "send" };
            cursor
                .error("step", format!("`{name}` has no effect here"), out)
                .expected(format!("`{name}` next to `{other}`"));
        }
        let action = match fields.get("wait") {
            Some(wait) => {
                let after = fields.get("after").and_then(|cursor| cursor.reference(out));
                wait.duration(out).map(|wait| StepAction::Wait(wait, after))
            }
            None => send(&fields, out),
        };
        Some(Self { id: id?, action: action? })
    }
}

fn send<'a>(fields: &Fields<'a>, out: &mut ReadContext<'_>) -> Option<StepAction<'a>> {
    let message = fields.get("send").and_then(|cursor| cursor.reference(out));
    let cursor = fields.required("channels", out)?;
    let channels = cursor.references(out);
    if channels.is_empty() {
        cursor.error("empty", "the list of channels is empty", out).expected("at least one channel");
    }
    let ttl = fields.get("ttl").and_then(|cursor| cursor.duration(out)).unwrap_or(Millis::MAX);
    Some(StepAction::Send { message: message?, channels, ttl })
}

impl<'a> Journey<'a> {
    /// Reports unknown messages and channels, and those that do not suit the journey.
    pub fn check(&self, rules: &Rules<'a>, out: &mut ReadContext<'_>) {
        if let Some(offer) = &self.offer {
            find(&rules.offers, offer, out);
        }
        account_unit::check(self.unit.as_ref(), rules, out);
        check_roles(&self.roles, rules, out);
        for step in &self.steps {
            let StepAction::Send { message: name, channels, .. } = &step.action else { continue };
            let message = find(&rules.messages, name, out);
            for channel in channels {
                let known = find(&rules.channels, channel, out);
                if known.is_some_and(|row| !row.allows_roles(self.wanted(rules))) {
                    let wanted: Vec<&str> = self.wanted(rules).iter().map(|role| role.name).collect();
                    let text = format!("channel `{}` has no role that the message requires", channel.name);
                    channel.cursor.error("role", text, out).expected(format!("a channel for: {}", wanted.join(", ")));
                }
                if channel.name == WEB {
                    let text = "a journey cannot use the channel `web`";
                    channel.cursor.error("channel", text, out).expected("a channel other than `web`");
                } else if let (Some(message), Some(_)) = (message, known) {
                    message.require_in_channel(name, channel.name, out);
                }
            }
        }
    }

    /// Returns the roles that its messages require of a channel.
    fn wanted<'r>(&'r self, rules: &'r Rules<'a>) -> &'r [Reference<'a>] {
        if self.roles.is_empty() { rules.policies.roles.of(self.class) } else { &self.roles }
    }

    /// Removes everything but its existence, so that conditions can still read a subject's progress in it.
    pub fn hide(&mut self) {
        (self.enter, self.when, self.goal, self.offer, self.topic) = (None, None, None, None, None);
        (self.priority, self.resume) = (0, false);
        self.exits.clear();
        self.roles.clear();
        self.steps.clear();
    }

    /// Returns the references to the messages that it sends.
    pub fn messages(&self) -> impl Iterator<Item = &Reference<'a>> {
        self.steps.iter().filter_map(|step| match &step.action {
            StepAction::Send { message, .. } => Some(message),
            StepAction::Wait(..) => None,
        })
    }

    /// Returns the counters of its events.
    pub fn counters(&self) -> impl Iterator<Item = CounterSpec<'a>> {
        let waits = self.steps.iter().filter_map(Step::after);
        let waits = waits.map(|event| CounterSpec::of(event.name));
        self.triggers().map(Trigger::counter).chain(waits)
    }

    /// Returns every trigger that starts, ends or completes it.
    pub fn triggers(&self) -> impl Iterator<Item = &Trigger<'a>> {
        self.enter.iter().chain(&self.exits).chain(self.goal.iter().map(|(goal, _)| goal))
    }
}
