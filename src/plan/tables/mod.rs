//! The tables of a plan. These files are the format: a table's number is its section in the bytes, and its fields are stored
//! in the order of their declaration.
//!
//! Each file declares the tables of one noun; the numbers run through all files.

mod campaign;
mod candidate_index;
mod condition;
mod feature;
mod identity;
mod journey;
mod policy;
mod settings;
mod template;
mod zone;

use super::row::{Kind, Target};

pub use campaign::*;
pub use candidate_index::*;
pub use condition::*;
pub use feature::*;
pub use identity::*;
pub use journey::*;
pub use policy::*;
pub use settings::*;
pub use template::*;
pub use zone::*;

pub use super::enums::{
    Class, Classes, ConstantKind, Derivation, Escape, Fold, Format, IdentityMode, JourneyState, Link, LocalPart,
    Normalise, Per, Source, StepKind, TermKind, ValueKind, Withdrawal,
};
pub use super::template_ops::{DateField, Expected, ExprOp, LoopField, PartKind, TemplateFilter};

/// A string in the plan's string table.
#[derive(Clone, Copy, Debug)]
pub struct Text;

/// A regular expression, compiled to an automaton.
#[derive(Clone, Copy, Debug)]
pub struct Regex;

/// The number of the section with strings. This section and the next two are not tables of rows.
pub(super) const STRINGS: usize = 0;
/// The number of the section with automata.
pub(super) const REGEXES: usize = 1;
/// The number of the section with lists.
pub(super) const LISTS: usize = 2;
/// The number of sections in a plan of this version.
pub const SECTIONS: usize = 72;

impl Target for Text {
    const TABLE: usize = STRINGS;
}
impl Target for Regex {
    const TABLE: usize = REGEXES;
}

/// Returns the fields of a row of this section; one word for the lists.
#[must_use]
pub fn fields(section: usize) -> &'static [Kind] {
    let nouns = [
        campaign::fields,
        condition::fields,
        feature::fields,
        identity::fields,
        journey::fields,
        candidate_index::fields,
        policy::fields,
        settings::fields,
        template::fields,
        zone::fields,
    ];
    nouns.iter().find_map(|fields| fields(section)).unwrap_or(&[Kind::Word])
}
