//! Segments: conditions with a name.

use crate::rules::Definition;
use crate::source::cursor::{Cursor, ReadContext};

/// A named condition.
#[derive(Clone, Debug)]
pub struct Segment<'a> {
    /// Where it is defined.
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
