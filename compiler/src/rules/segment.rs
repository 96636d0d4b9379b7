//! Segments: named conditions.

use crate::rules::Definition;
use crate::source::cursor::{Cursor, ReadContext};

/// A segment.
#[derive(Clone, Debug)]
pub struct Segment<'a> {
    /// The position of the definition.
    pub cursor: Cursor<'a>,
    /// Its condition.
    pub when: Option<Cursor<'a>>,
}

impl<'a> Definition<'a> for Segment<'a> {
    const NOUN: &'static str = "segment";

    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Self {
        let fields = cursor.fields(&["when", "description"], out);
        Self { when: fields.required("when", out), cursor: fields.cursor().clone() }
    }
}
