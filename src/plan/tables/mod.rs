//! The tables of a plan. These files are the format: a table's number is its place in the bytes, and its fields stand in their order.
//!
//! Each file has the tables of one noun; the numbers go through all of them.

mod campaign;
mod candidate_index;
mod condition;
mod feature;
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
pub use journey::*;
pub use policy::*;
pub use settings::*;
pub use template::*;
pub use zone::*;

pub use super::enums::{
    Class, ConstantKind, Derivation, Escape, Fold, Format, JourneyState, Link, LocalPart, Per, Source, StepKind,
    TermKind,
};
pub use super::template_ops::{DateField, Expected, ExprOp, LoopField, PartKind, TemplateFilter};

/// A text in the plan's string table.
#[derive(Clone, Copy, Debug)]
pub struct Text;

/// A regular expression, compiled to an automaton.
#[derive(Clone, Copy, Debug)]
pub struct Regex;

/// Section numbers of what is not a table of rows.
pub(super) const STRINGS: usize = 0;
pub(super) const REGEXES: usize = 1;
pub(super) const LISTS: usize = 2;
/// The number of sections in a plan of this version.
pub(super) const SECTIONS: usize = 67;

impl Target for Text {
    const TABLE: usize = STRINGS;
}
impl Target for Regex {
    const TABLE: usize = REGEXES;
}

/// The fields of a row of this section; one number for the lists.
pub(super) fn fields(section: usize) -> &'static [Kind] {
    let nouns = [
        campaign::fields,
        condition::fields,
        feature::fields,
        journey::fields,
        candidate_index::fields,
        policy::fields,
        settings::fields,
        template::fields,
        zone::fields,
    ];
    nouns.iter().find_map(|fields| fields(section)).unwrap_or(&[Kind::Word])
}
