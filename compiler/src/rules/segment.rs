//! Segments: named conditions.

use crate::condition::When;
use crate::rules::Definition;
use crate::source::cursor::{Cursor, ReadContext};

/// A segment.
#[derive(Clone, Debug)]
pub struct Segment<'a> {
    /// The position of the definition.
    pub cursor: Cursor<'a>,
    /// Its condition.
    pub when: Option<When<'a>>,
}

impl<'a> Definition<'a> for Segment<'a> {
    const NOUN: &'static str = "segment";

    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Self {
        let fields = cursor.fields(&["when", "description"], out);
        Self { when: fields.required("when", out).map(When::new), cursor: fields.cursor().clone() }
    }
}
