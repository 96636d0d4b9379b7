//! Segments: conditions with a name.

use crate::rules::Definition;
use crate::source::cursor::{Place, Reader};

/// A named condition.
#[derive(Clone, Debug)]
pub struct Segment<'a> {
    /// Where it is defined.
    pub place: Place<'a>,
    /// Its condition.
    pub when: Option<Place<'a>>,
}

impl<'a> Definition<'a> for Segment<'a> {
    const NOUN: &'static str = "segment";

    fn read(place: Place<'a>, out: &mut Reader<'_>) -> Self {
        let fields = place.fields(&["when", "description"], out);
        Self { when: fields.required("when", out), place: fields.place().clone() }
    }
}
