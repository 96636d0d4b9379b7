//! The contents of slots, and the bytes that are inserted for them.

use crate::html::held::{Candidate, Insert, Wrap};
use crate::html::selector::Selector;
use crate::prelude::*;

/// The content of one slot.
#[derive(Clone, Debug)]
pub struct Fill {
    /// The id of the slot.
    pub slot: String,
    /// Finds elements of the slot that do not name it.
    pub selector: Option<Selector>,
    /// Whether it is JSON for a data script instead of markup.
    pub is_json: bool,
    /// The content, in characters of the page's encoding.
    pub content: String,
}

/// The words about the decision at each filled element.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    /// The id of the decision.
    pub decision: String,
    /// The time of the decision, in seconds since 1970.
    pub at: i64,
    /// A mark of the visitor.
    pub visitor: String,
}

/// The contents of a page's slots.
#[derive(Debug)]
pub(crate) struct Contents {
    pub fills: Vec<Fill>,
    pub marks: Marks,
}

impl Insert for Contents {
    fn insertions(&self, candidate: &Candidate) -> (String, String, String) {
        let Marks { decision, at, visitor } = &self.marks;
        let attributes = format!(
            " data-tl-state=\"applied\" data-tl-decision=\"{decision}\" data-tl-at=\"{at}\" data-tl-for=\"{visitor}\""
        );
        let Some(fill) = self.fills.get(candidate.fill) else { return (attributes, String::new(), String::new()) };
        let (before, after) = match candidate.wrap {
            Wrap::None => (String::new(), ""),
            Wrap::Hidden => ("<tl-fallback hidden>".to_owned(), "</tl-fallback>"),
            Wrap::Template => ("<template data-tl-fallback>".to_owned(), "</template>"),
            Wrap::Json => {
                let slot = fill.slot.replace('&', "&amp;").replace('"', "&quot;");
                (format!("</script><script type=\"application/json\" data-tl-fallback=\"{slot}\">"), "")
            }
        };
        (attributes, format!("{}{before}", fill.content), after.to_owned())
    }
}
