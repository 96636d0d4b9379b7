//! The tables of a plan. These files are the format: a table's number is its place in the bytes, and its fields stand in their order.
//!
//! Each file has the tables of one noun; the numbers go through all of them.

mod campaign;
mod condition;
mod feature;
mod journey;
mod lane;
mod policy;
mod settings;
mod template;
mod zone;

use super::row::{Kind, Target};

pub use campaign::*;
pub use condition::*;
pub use feature::*;
pub use journey::*;
pub use lane::*;
pub use policy::*;
pub use settings::*;
pub use template::*;
pub use zone::*;

pub use super::program::{DateField, Expected, ExprOp, LoopField, PartKind, Pipe};
pub use super::words::{
    Class, ConstantKind, Derivation, Escape, Fold, Format, JourneyState, Link, LocalPart, Per, Source, StepKind,
    TermKind,
};

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
        lane::fields,
        policy::fields,
        settings::fields,
        template::fields,
        zone::fields,
    ];
    nouns.iter().find_map(|fields| fields(section)).unwrap_or(&[Kind::Word])
}
