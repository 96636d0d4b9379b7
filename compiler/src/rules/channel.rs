//! Channels: the ways to reach people, and their roles.

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
/// The number of contacts, and of responses, that a profile keeps.
pub const REMEMBERED: u32 = 32;
/// The default number of contacts from which on responses are significant.
const LEAST: u32 = 5;
/// The default of the expected response rate.
const EXPECTED: f64 = 0.5;

/// A channel.
#[derive(Clone, Debug)]
pub struct Channel<'a> {
    /// The purpose that must be granted.
    pub consent: Option<&'a str>,
    /// The attribute that must be true, or present.
    pub reach: Option<Reference<'a>>,
    /// The roles that it is for; empty for all.
    pub roles: Vec<Reference<'a>>,
    /// The event that counts as a response.
    pub responds: Option<Responds<'a>>,
    /// The expected response rate.
    pub expected: f64,
}

/// The responses to messages of a channel.
#[derive(Clone, Debug)]
pub struct Responds<'a> {
    /// The event of a response.
    pub event: Trigger<'a>,
    /// The time span in which responses count; zero for unlimited.
    pub within: Millis,
    /// The minimum number of contacts.
    pub least: u32,
}

/// The roles that messages of each class require of a channel; empty for any.
#[derive(Clone, Debug, Default)]
pub struct Roles<'a>([Vec<Reference<'a>>; 3]);

impl<'a> Definition<'a> for Channel<'a> {
    const NOUN: &'static str = "channel";

    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Self {
        let fields = cursor.fields(&["consent", "reach", "roles", "responds", "description"], out);
        let responds = fields
            .get("responds")
            .map(|cursor| cursor.fields(&["event", "where", "once", "within", "least", "default"], out));
        let expected = responds.as_ref().and_then(|fields| fields.get("default"));
        Self {
            consent: fields.get("consent").and_then(|cursor| cursor.text(out)),
            reach: fields.get("reach").and_then(|cursor| cursor.reference(out)),
            roles: roles(&fields, "roles", out),
            expected: expected.and_then(|cursor| cursor.number(0.0..=1.0, out)).unwrap_or(EXPECTED),
            responds: responds.and_then(|fields| Responds::read(&fields, out)),
        }
    }
}

impl<'a> Responds<'a> {
    fn read(fields: &Fields<'a>, out: &mut ReadContext<'_>) -> Option<Self> {
        let within = fields.get("within").and_then(|cursor| cursor.duration(out)).unwrap_or_default();
        let least = fields.get("least").and_then(|cursor| cursor.integer(1..=REMEMBERED, out)).unwrap_or(LEAST);
        Some(Self { event: Trigger::read(fields, out)?, within, least })
    }
}

impl<'a> Channel<'a> {
    /// Reports a `reach` that reads an undeclared attribute.
    pub fn check(&self, rules: &Rules<'_>, out: &mut ReadContext<'_>) {
        if let Some(reach) = &self.reach {
            rules.attribute(reach, out);
        }
    }

    /// Returns whether the channel is for messages that require these roles.
    #[must_use]
    pub fn allows_roles(&self, wanted: &[Reference<'_>]) -> bool {
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

    /// Returns the roles that messages of a class require.
    #[must_use]
    pub fn of(&self, class: Class) -> &[Reference<'a>] {
        self.0.get(class as usize).map_or(&[], Vec::as_slice)
    }

    /// Reports roles that no channel has.
    pub fn check(&self, rules: &Rules<'_>, out: &mut ReadContext<'_>) {
        self.0.iter().for_each(|wanted| check_roles(wanted, rules, out));
    }
}

/// Reads the roles at a member of a map.
pub fn roles<'a>(fields: &Fields<'a>, name: &str, out: &mut ReadContext<'_>) -> Vec<Reference<'a>> {
    fields.get(name).map(|cursor| cursor.references(out)).unwrap_or_default()
}

/// Reports roles that no channel has.
pub fn check_roles(wanted: &[Reference<'_>], rules: &Rules<'_>, out: &mut ReadContext<'_>) {
    let roles = rules.channels.values().flat_map(|channel| channel.roles.iter().map(|role| role.name));
    let known: BTreeSet<&str> = roles.collect();
    for role in wanted.iter().filter(|role| !known.contains(role.name)) {
        role.unknown("role", known.iter().copied(), out);
    }
}
