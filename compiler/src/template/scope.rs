//! The names of a template: what they refer to, and which are used.

use std::collections::{BTreeMap, BTreeSet};

use throughline::internals::plan::template_ops::MAX_VARIABLES;

use super::lex::{Lexeme, tokens};
use super::scan::Raw;
use crate::source::cursor::Reference;

/// The names of a template: what they refer to, and which are used.
#[derive(Default)]
pub(super) struct VariableScope<'a> {
    /// The variables by name.
    variables: BTreeMap<&'a str, Variable>,
    /// The number of enclosing loops.
    pub(super) loops: u32,
    /// The attributes that were read.
    pub(super) attributes: Vec<Reference<'a>>,
    /// The attributes that are read while the variables of their names are unassigned, if such attributes
    /// exist.
    pub(super) shadowed: Vec<Reference<'a>>,
    /// The lists that were read.
    pub(super) lists: Vec<Reference<'a>>,
    /// Whether items of the catalogue were read by their ids.
    pub(super) catalogue: bool,
    /// The names of the fields that were read.
    pub(super) fields: BTreeSet<&'a str>,
}

#[derive(Clone, Copy)]
struct Variable {
    number: u32,
    /// Whether the variable is assigned anywhere in the template; before that, the name may refer to an
    /// attribute.
    is_assigned: bool,
    /// The number of enclosing loops whose item has this name.
    loops: u32,
}

impl<'a> VariableScope<'a> {
    /// Collects the names of all variables before the template is parsed, because a loop may read one before
    /// it is assigned.
    pub(super) fn find_variables(&mut self, pieces: &[Raw<'a>]) {
        for piece in pieces {
            let Raw::Tag(tag, inside) = piece else { continue };
            let found = tokens(inside.text).ok().and_then(|tokens| tokens.first().copied());
            if let Some(Lexeme::Name(name) | Lexeme::Text(name)) = found.map(|token| token.kind) {
                match *tag {
                    "assign" | "capture" => self.add(name, true),
                    "for" => self.add(name, false),
                    _ => {}
                }
            }
        }
    }

    fn add(&mut self, name: &'a str, is_assigned: bool) {
        let number = u32::try_from(self.variables.len()).unwrap_or(MAX_VARIABLES);
        if number < MAX_VARIABLES || self.variables.contains_key(name) {
            let known = self.variables.entry(name).or_insert(Variable { number, is_assigned, loops: 0 });
            known.is_assigned |= is_assigned;
        }
    }

    /// Returns the variable that a name refers to at this position.
    pub(super) fn variable(&self, name: &str) -> Option<u32> {
        self.variables.get(name).filter(|known| known.is_assigned || known.loops > 0).map(|known| known.number)
    }

    /// Returns the number of a variable, whatever its name refers to at this position.
    pub(super) fn number(&self, name: &str) -> Option<u32> {
        self.variables.get(name).map(|known| known.number)
    }

    pub(super) fn is_variable(&self, name: &str) -> bool {
        self.variable(name).is_some()
    }

    /// Returns whether a variable may still be unassigned.
    pub(super) fn may_be_attribute(&self, name: &str) -> bool {
        self.variables.get(name).is_some_and(|known| known.is_assigned)
    }

    /// Enters a loop whose item has this name.
    pub(super) fn begin_loop(&mut self, name: &str) {
        self.loops = self.loops.saturating_add(1);
        if let Some(known) = self.variables.get_mut(name) {
            known.loops = known.loops.saturating_add(1);
        }
    }

    pub(super) fn end_loop(&mut self, name: &str) {
        self.loops = self.loops.saturating_sub(1);
        if let Some(known) = self.variables.get_mut(name) {
            known.loops = known.loops.saturating_sub(1);
        }
    }
}
