//! The errors of loading a plan.

use core::fmt;

/// The reason why bytes are not a plan that this version can load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanError {
    /// The bytes do not begin as a plan does.
    NotAPlan,
    /// The plan is of another version of the format.
    Version {
        /// The version found.
        found: u32,
    },
    /// The bytes end before the plan does, or a section lies outside.
    Truncated,
    /// A string is not UTF-8.
    Text,
    /// A row of this section refers to an item that does not exist.
    Reference {
        /// The section's number.
        section: usize,
        /// The row's number in it.
        row: usize,
    },
    /// A row of this section has an enum number, or a flag, that this version does not know.
    Unknown {
        /// The section's number.
        section: usize,
        /// The row's number in it.
        row: usize,
        /// The field's number in the row.
        field: usize,
        /// The number found.
        found: u32,
    },
    /// A condition is nested too deeply, or a node has unknown or invalid operands.
    Node {
        /// The node's number.
        row: usize,
    },
    /// A template is nested too deeply, or a step or value has unknown or invalid operands.
    Template {
        /// The step's or value's number.
        row: usize,
    },
    /// A regular expression is not a valid automaton.
    Regex {
        /// Its number.
        index: usize,
    },
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAPlan => write!(f, "not a plan: expected it to begin with `TLPLAN`"),
            Self::Version { found } => {
                write!(
                    f,
                    "the plan is in format {found}, expected format {}; publish the rules again with this version",
                    super::VERSION
                )
            }
            Self::Truncated => write!(f, "the plan is cut off"),
            Self::Text => write!(f, "a string of the plan is not UTF-8"),
            Self::Reference { section, row } => {
                write!(f, "row {row} of section {section} refers to an item that does not exist")
            }
            Self::Unknown { section, row, field, found } => {
                write!(
                    f,
                    "unknown number {found} in field {field} of row {row} of section {section}; compile the rules again"
                )
            }
            Self::Node { row } => write!(f, "node {row} of the plan's conditions is not valid"),
            Self::Template { row } => write!(f, "step or value {row} of the plan's templates is not valid"),
            Self::Regex { index } => write!(f, "regular expression {index} of the plan is not an automaton"),
        }
    }
}

impl core::error::Error for PlanError {}
