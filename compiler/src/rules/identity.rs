//! Identity: the identifiers that name people, and the values that name nobody.

use throughline::internals::plan::tables::{IdentityMode, Normalise};
use throughline::is_placeholder;

use crate::regex;
use crate::rules::{Definition, Files};
use crate::source::cursor::{Cursor, Fields, ReadContext};
use crate::source::tree::Kind;

/// The most types of identifiers, blocked values and blocked patterns. Each call is checked against all of them.
const MAX_TYPES: usize = 50;
const MAX_VALUES: usize = 1_000;
const MAX_PATTERNS: usize = 50;
/// The most values of one type that a person may have.
const MAX_LIMIT: u32 = 1_000;
/// The priority of a type that the rules give none.
const PRIORITY: u32 = 10;
/// The limit of a type that the rules give none.
const LIMIT: u32 = 5;
/// The types that calls name by members of their own. The rules may change their limits.
const BUILT_IN: [&str; 3] = ["anonymous_id", "device", USER_ID];
const USER_ID: &str = "user_id";

/// The identifiers that name people, and the values that name nobody.
#[derive(Clone, Debug)]
pub struct Identity<'a> {
    /// The effect of an identifier that nobody has proven.
    pub mode: IdentityMode,
    /// The position of `mode`, if the rules have it.
    pub mode_cursor: Option<Cursor<'a>>,
    /// The types of identifiers, by name.
    pub identifiers: Vec<(&'a str, Identifier<'a>)>,
    /// The values that name nobody, in lower case.
    pub values: Vec<String>,
    /// The automata of values that name nobody.
    pub patterns: Vec<Vec<u8>>,
}

/// A type of identifiers.
#[derive(Clone, Debug)]
pub struct Identifier<'a> {
    /// The position of the declaration; `None` for a built-in type.
    pub cursor: Option<Cursor<'a>>,
    /// The priority: the smallest number is the best.
    pub priority: u32,
    /// The maximum number of values of one person.
    pub limit: u32,
    /// Whether a value names one person only.
    pub unique: bool,
    /// Whether only trusted senders may name it.
    pub trusted: bool,
    /// The normal form of its values.
    pub normalise: Normalise,
    /// Whether calls name it in `context.externalIds` or by a trait.
    pub external: bool,
}

impl<'a> Definition<'a> for Identifier<'a> {
    const NOUN: &'static str = "identifier";
    const ID: &'static str = "letters, digits, `_` and `-`, beginning with a letter";

    fn is_id(id: &str) -> bool {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        id.len() <= 64 && id.starts_with(|c: char| c.is_ascii_alphabetic()) && id.chars().all(is_part)
    }

    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Self {
        let fields = cursor.fields(&["priority", "limit", "unique", "trusted", "normalise", "description"], out);
        let name = fields.cursor().path.rsplit('.').next().unwrap_or_default().to_owned();
        let usual = Self::built_in(&name);
        let mut integer = |name: &str, most, usual| {
            fields.get(name).and_then(|cursor| cursor.integer(1..=most, out)).unwrap_or(usual)
        };
        let priority = integer("priority", MAX_LIMIT, usual.priority);
        let limit = integer("limit", MAX_LIMIT, usual.limit);
        if !usual.external {
            refuse_built_in(&name, &fields, out);
        }
        let normalise = fields.get("normalise");
        let normalise = normalise.and_then(|cursor| cursor.keyword(Normalise::NAMES, Normalise::from_name, out));
        Self {
            priority,
            limit,
            unique: fields.flag("unique", true, out),
            trusted: fields.flag("trusted", false, out),
            normalise: normalise.unwrap_or(usual.normalise),
            external: usual.external,
            cursor: Some(fields.cursor().clone()),
        }
    }
}

/// Reports keys that a built-in type does not have: each value of it names one person, in one spelling.
fn refuse_built_in(name: &str, fields: &Fields<'_>, out: &mut ReadContext<'_>) {
    for key in ["unique", "normalise", "trusted"] {
        if let Some(cursor) = fields.get(key).filter(|_| key != "trusted" || name != USER_ID) {
            let message = format!("`{key}` of the built-in identifier `{name}` cannot change");
            cursor.error("built-in", message, out).expected("`priority` or `limit`");
        }
    }
}

impl Identifier<'_> {
    /// Returns the type with this name, with everything that the rules leave out.
    fn built_in(name: &str) -> Self {
        let (priority, limit) = match name {
            USER_ID => (1, 1),
            "device" | "anonymous_id" => (100, 100),
            _ => (PRIORITY, LIMIT),
        };
        let normalise = match name {
            "email" => Normalise::Email,
            "phone" => Normalise::Phone,
            _ => Normalise::None,
        };
        let external = !BUILT_IN.contains(&name);
        Self { cursor: None, priority, limit, unique: true, trusted: false, normalise, external }
    }
}

impl<'a> Identity<'a> {
    /// Reads the section `identity`, which only one file may have.
    pub fn read(files: &Files<'a>, out: &mut ReadContext<'_>) -> Self {
        let fields = files.single("identity", out).map(|it| it.fields(&["mode", "identifiers", "blocked"], out));
        let mode_cursor = fields.as_ref().and_then(|fields| fields.get("mode"));
        let mode = mode_cursor.as_ref().and_then(|it| it.keyword(IdentityMode::NAMES, IdentityMode::from_name, out));
        let mut identity = Self {
            mode: mode.unwrap_or(IdentityMode::Proven),
            mode_cursor,
            identifiers: BUILT_IN.into_iter().map(|name| (name, Identifier::built_in(name))).collect(),
            values: Vec::new(),
            patterns: Vec::new(),
        };
        if let Some(cursor) = fields.as_ref().and_then(|fields| fields.get("identifiers")) {
            identity.read_identifiers(&cursor, out);
        }
        if let Some(cursor) = fields.as_ref().and_then(|fields| fields.get("blocked")) {
            identity.read_blocked(&cursor, out);
        }
        identity
    }

    fn read_identifiers(&mut self, cursor: &Cursor<'a>, out: &mut ReadContext<'_>) {
        let declared = cursor.definitions(out);
        if declared.len() > MAX_TYPES {
            let message = format!("{} types of identifiers", declared.len());
            cursor.error("out-of-range", message, out).expected(format!("at most {MAX_TYPES}"));
        }
        for (name, cursor) in declared {
            if name == "account_id" {
                let message = "`account_id` identifies accounts, not people";
                cursor.error("built-in", message, out).expected("another name");
            } else if !Identifier::is_id(name) {
                let message = format!("`{name}` is not a valid id for an identifier");
                cursor.error("id", message, out).expected(Identifier::ID);
            }
            self.identifiers.retain(|(known, _)| *known != name);
            self.identifiers.push((name, Identifier::read(cursor, out)));
        }
        self.identifiers.sort_by_key(|(name, _)| *name);
    }

    fn read_blocked(&mut self, cursor: &Cursor<'a>, out: &mut ReadContext<'_>) {
        for item in cursor.list(out) {
            match item.node.kind {
                Kind::Map(_) => self.patterns.extend(pattern(item, out)),
                _ => self.values.extend(value(&item, out)),
            }
        }
        self.values.sort();
        self.values.dedup();
        for (count, most, noun) in
            [(self.values.len(), MAX_VALUES, "values"), (self.patterns.len(), MAX_PATTERNS, "patterns")]
        {
            if count > most {
                let message = format!("{count} blocked {noun}");
                cursor.error("out-of-range", message, out).expected(format!("at most {most}"));
            }
        }
    }
}

/// Reads a blocked value, in lower case.
fn value(cursor: &Cursor<'_>, out: &mut ReadContext<'_>) -> Option<String> {
    let value = cursor.text(out)?;
    if is_placeholder(value) {
        let message = format!("`{value}` is a placeholder, which is always blocked");
        cursor.warning("no-effect", message, out);
    }
    Some(throughline::internals::text::lowercase(value.trim()))
}

/// Reads a pattern of blocked values, and returns its automaton.
fn pattern(cursor: Cursor<'_>, out: &mut ReadContext<'_>) -> Option<Vec<u8>> {
    let fields = cursor.fields(&["pattern"], out);
    let cursor = fields.required("pattern", out)?;
    match regex::compile(cursor.text(out)?, false) {
        Ok(automaton) => Some(automaton),
        Err(error) => {
            let diagnostic = cursor.error("regex", error.to_string(), out);
            diagnostic.expected = error.way_out().map(str::to_owned);
            None
        }
    }
}
