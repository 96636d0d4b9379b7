//! Channels: the ways to reach people.

use crate::place::{Named, Place, Reader};
use crate::rules::{Definition, Rules};

/// The channel of pages.
pub const WEB: &str = "web";
/// The channel whose messages have a subject line.
pub const EMAIL: &str = "email";

/// A way to reach people.
#[derive(Clone, Debug)]
pub struct Channel<'a> {
    /// The purpose that must be granted.
    pub consent: Option<&'a str>,
    /// The attribute that must be true, or present.
    pub reach: Option<Named<'a>>,
}

impl<'a> Definition<'a> for Channel<'a> {
    const NOUN: &'static str = "channel";

    fn read(place: Place<'a>, out: &mut Reader<'_>) -> Self {
        let fields = place.fields(&["consent", "reach", "description"], out);
        Self {
            consent: fields.get("consent").and_then(|place| place.text(out)),
            reach: fields.get("reach").and_then(|place| place.named(out)),
        }
    }
}

impl Channel<'_> {
    /// Tells of a reach that reads what is not declared.
    pub fn check(&self, rules: &Rules<'_>, out: &mut Reader<'_>) {
        if let Some(reach) = &self.reach {
            rules.attribute(reach, out);
        }
    }
}
