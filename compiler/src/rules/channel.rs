//! Channels: the ways to reach people, and what they are for.

use std::collections::BTreeSet;

use throughline::Millis;
use throughline::internals::plan::tables::Class;

use crate::rules::trigger::Trigger;
use crate::rules::{Definition, Rules};
use crate::source::cursor::{Cursor, Fields, ReadContext, Reference};

/// The channel of pages.
pub const WEB: &str = "web";
/// The channel whose messages have a subject line.
pub const EMAIL: &str = "email";
/// How many contacts, and how many responses, are remembered.
pub const REMEMBERED: u32 = 32;
/// How many contacts there have to be before responses tell anything, if the rules do not say.
const LEAST: u32 = 5;
/// How often people are expected to respond, if the rules do not say.
const EXPECTED: f64 = 0.5;

/// A way to reach people.
#[derive(Clone, Debug)]
pub struct Channel<'a> {
    /// The purpose that must be granted.
    pub consent: Option<&'a str>,
    /// The attribute that must be true, or present.
    pub reach: Option<Reference<'a>>,
    /// What it is for; nothing for everything.
    pub roles: Vec<Reference<'a>>,
    /// How people respond to it.
    pub responds: Option<Responds<'a>>,
    /// How often they are expected to.
    pub expected: f64,
}

/// How people respond to what comes by a channel.
#[derive(Clone, Debug)]
pub struct Responds<'a> {
    /// The event of a response.
    pub event: Trigger<'a>,
    /// How far back it counts; zero for ever.
    pub within: Millis,
    /// How many contacts there have to be.
    pub least: u32,
}

/// What messages of each class want of a channel; nothing for any.
#[derive(Clone, Debug, Default)]
pub struct Roles<'a>([Vec<Reference<'a>>; 3]);

impl<'a> Definition<'a> for Channel<'a> {
    const NOUN: &'static str = "channel";

    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Self {
        let fields = cursor.fields(&["consent", "reach", "roles", "responds", "description"], out);
        let responds =
            fields.get("responds").map(|cursor| cursor.fields(&["event", "where", "within", "least", "default"], out));
        let expected = responds.as_ref().and_then(|fields| fields.get("default"));
        Self {
            consent: fields.get("consent").and_then(|cursor| cursor.text(out)),
            reach: fields.get("reach").and_then(|cursor| cursor.named(out)),
            roles: roles(&fields, "roles", out),
            expected: expected.and_then(|cursor| cursor.number(0.0..=1.0, out)).unwrap_or(EXPECTED),
            responds: responds.and_then(|fields| Responds::read(&fields, out)),
        }
    }
}

impl<'a> Responds<'a> {
    fn read(fields: &Fields<'a>, out: &mut ReadContext<'_>) -> Option<Self> {
        let within = fields.get("within").and_then(|cursor| cursor.duration(out)).unwrap_or_default();
        let least = fields.get("least").and_then(|cursor| cursor.whole(1..=REMEMBERED, out)).unwrap_or(LEAST);
        Some(Self { event: Trigger::read(fields, out)?, within, least })
    }
}

impl<'a> Channel<'a> {
    /// Tells of a reach that reads what is not declared.
    pub fn check(&self, rules: &Rules<'_>, out: &mut ReadContext<'_>) {
        if let Some(reach) = &self.reach {
            rules.attribute(reach, out);
        }
    }

    /// Whether it is for messages that want these roles.
    #[must_use]
    pub fn suits(&self, wanted: &[Reference<'_>]) -> bool {
        let has = |role: &Reference<'_>| self.roles.iter().any(|own| own.name == role.name);
        self.roles.is_empty() || wanted.is_empty() || wanted.iter().any(has)
    }
}

impl<'a> Roles<'a> {
    /// Reads the map from classes to roles.
    pub fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Self {
        let fields = cursor.fields(Class::NAMES, out);
        Self([Class::Promo, Class::Service, Class::Transactional].map(|class| roles(&fields, class.name(), out)))
    }

    /// What messages of a class want.
    #[must_use]
    pub fn of(&self, class: Class) -> &[Reference<'a>] {
        self.0.get(class as usize).map_or(&[], Vec::as_slice)
    }

    /// Tells of roles that no channel has.
    pub fn check(&self, rules: &Rules<'_>, out: &mut ReadContext<'_>) {
        self.0.iter().for_each(|wanted| check_roles(wanted, rules, out));
    }
}

/// The roles at a member of a map.
pub fn roles<'a>(fields: &Fields<'a>, name: &str, out: &mut ReadContext<'_>) -> Vec<Reference<'a>> {
    fields.get(name).map(|cursor| cursor.texts(out)).unwrap_or_default()
}

/// Tells of roles that no channel has.
pub fn check_roles(wanted: &[Reference<'_>], rules: &Rules<'_>, out: &mut ReadContext<'_>) {
    let roles = rules.channels.values().flat_map(|channel| channel.roles.iter().map(|role| role.name));
    let known: BTreeSet<&str> = roles.collect();
    for role in wanted.iter().filter(|role| !known.contains(role.name)) {
        role.unknown("role", known.iter().copied(), out);
    }
}
