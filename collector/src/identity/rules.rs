//! The rules of identity: which types of identifiers there are, and how one is read.

use std::rc::Rc;

use throughline::{IdentityMode, Plan, Value, is_placeholder};

use crate::event::identifier::{ANONYMOUS, DEVICE, Identifier, MAX_ID, USER};
use crate::platform::settings::{Identity, Source};

/// The rules of identity of one plan. Without a plan there are user ids and devices only.
#[derive(Clone)]
pub struct IdentityRules(Option<Rc<Plan>>);

/// A type of identifiers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentifierKind {
    /// The rank: of two people who are merged, the one whose best identifier has the smaller number stays.
    pub priority: u32,
    /// The number of values that one person may have.
    pub limit: u32,
    /// Whether a value names one person only.
    pub is_unique: bool,
    /// Whether only trusted senders may name it.
    pub is_trusted: bool,
}

impl IdentityRules {
    /// Returns the rules of a plan.
    pub const fn new(plan: Option<Rc<Plan>>) -> Self {
        Self(plan)
    }

    /// Returns whether a user id that nobody has proven is shown at the person it names.
    pub fn shows_claims(&self, source: Option<&Source>) -> bool {
        match source.and_then(|source| source.identity) {
            Some(mode) => mode == Identity::Claimed,
            None => self.0.as_ref().is_some_and(|plan| plan.identity_mode() == IdentityMode::Claimed),
        }
    }

    /// Returns a type.
    pub fn kind(&self, name: &str) -> Option<IdentifierKind> {
        let Some(plan) = &self.0 else { return built_in(name) };
        let found = plan.identifier_types().find(|kind| kind.name == name);
        found.map(|kind| IdentifierKind {
            priority: kind.priority,
            limit: kind.limit,
            is_unique: kind.is_unique,
            is_trusted: kind.is_trusted,
        })
    }

    /// Returns the types that calls name in `context.externalIds`, or by a trait of the same name.
    pub fn external_types(&self) -> Vec<String> {
        let Some(plan) = &self.0 else { return Vec::new() };
        plan.identifier_types().filter(|kind| kind.is_external).map(|kind| kind.name.to_owned()).collect()
    }

    /// Returns the identifier of a type, in its normal form.
    ///
    /// # Errors
    /// The reason why the value identifies nobody.
    pub fn identifier(&self, kind: &str, value: &Value) -> Result<Identifier, String> {
        if let Some(plan) = &self.0 {
            let value = plan.identifier(kind, value).map_err(|fault| fault.to_string())?;
            return Ok(Identifier::new(kind, &value));
        }
        let text = value.as_str().unwrap_or_default();
        if text.len() > MAX_ID || is_placeholder(text) {
            Err("not a usable id".to_owned())
        } else {
            Ok(Identifier::new(kind, text))
        }
    }

    /// Sorts identifiers, the best first. Those of types that are not unique come last.
    pub fn sort(&self, identifiers: &mut Vec<Identifier>) {
        identifiers.sort_by_cached_key(|id| (!self.is_unique(id), self.priority(id), id.clone()));
        identifiers.dedup();
    }

    /// Returns whether a value of this identifier's type names one person only.
    pub fn is_unique(&self, id: &Identifier) -> bool {
        self.kind(&id.kind).is_some_and(|kind| kind.is_unique)
    }

    /// Returns the priority of an identifier; smaller is better.
    pub fn priority(&self, id: &Identifier) -> u32 {
        self.kind(&id.kind).map_or(u32::MAX, |kind| kind.priority)
    }

    /// Returns the number of values of a type that one person may have.
    pub fn limit(&self, kind: &str) -> usize {
        self.kind(kind).map_or(usize::MAX, |kind| usize::try_from(kind.limit).unwrap_or(usize::MAX))
    }
}

fn built_in(name: &str) -> Option<IdentifierKind> {
    match name {
        USER => Some(IdentifierKind { priority: 1, limit: 1, is_unique: true, is_trusted: false }),
        DEVICE | ANONYMOUS => {
            Some(IdentifierKind { priority: u32::MAX, limit: 100, is_unique: true, is_trusted: false })
        }
        _ => None,
    }
}
