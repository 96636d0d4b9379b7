//! How a message is said: the rendition for channel, locale and variation, with facts inserted and made harmless.

use crate::canonical::{write_number, write_string};
use crate::decide::Decider;
use crate::decision::Content;
use crate::plan::Span;
use crate::plan::tables::{Escape, Format, JSON_SLOT, Message, Part, Rendition, Slot};
use crate::prelude::*;
use crate::value::Value;

impl Rendition {
    /// Whether the form of the content is the one that the slot takes.
    pub(crate) fn fits(&self, slot: &Slot) -> bool {
        let wanted = if slot.flags & JSON_SLOT != 0 { Format::Json } else { Format::Html };
        self.format == wanted as u32
    }
}

impl<'a: 'p, 'p> Decider<'a, 'p> {
    /// The rendition for the channel: for the variation before the default, and of those the one whose locale is nearest
    /// to the request's (`de-AT`, then `de`, then the one without a locale).
    pub(crate) fn rendition(&self, message: &Message, channel: &str, variation: Option<&str>) -> Option<Rendition> {
        let locale = self.facts.request.locale.as_deref().unwrap_or_default();
        let score = |row: &Rendition| {
            let wanted = match row.variation {
                Some(id) => (variation == Some(self.plan.text(id))).then_some(1)?,
                None => 0,
            };
            let near = row.locale.map_or(Some(0), |id| nearness(self.plan.text(id), locale))?;
            (self.plan.get(row.channel).is_some_and(|row| self.plan.text(row.id) == channel)).then_some((wanted, near))
        };
        let scored = self.plan.rows(message.renditions).filter_map(|(_, row)| Some((score(&row)?, row)));
        scored.max_by_key(|(score, _)| *score).map(|(_, row)| row)
    }

    /// The content of a rendition for this subject.
    pub(crate) fn render(&self, rendition: &Rendition) -> Content<'a> {
        Content {
            format: Format::from_number(rendition.format).unwrap_or(Format::Text),
            body: self.fill_in(rendition.body).into(),
            subject: (!rendition.subject.is_empty()).then(|| self.fill_in(rendition.subject).into()),
        }
    }

    fn fill_in(&self, template: Span<Part>) -> String {
        let mut out = String::new();
        for (_, part) in self.plan.rows(template) {
            let text = self.plan.text(part.text);
            match part.attribute {
                None => out.push_str(text),
                Some(attribute) => {
                    let found = shown(&self.eval.attribute(attribute)).unwrap_or_else(|| text.to_owned());
                    escape(&found, Escape::from_number(part.escape).unwrap_or(Escape::Html), &mut out);
                }
            }
        }
        out
    }
}

/// How near a rendition's locale is to the one that is wanted, longer is nearer; none if it is another language or place.
fn nearness(locale: &str, wanted: &str) -> Option<usize> {
    let prefix = wanted.get(..locale.len())?;
    let ends = wanted.get(locale.len()..).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    (prefix.eq_ignore_ascii_case(locale) && ends).then_some(locale.len())
}

/// The text of a fact; none for what has no text, or an empty one.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => {
            let mut out = String::new();
            write_number(*number, &mut out);
            Some(out)
        }
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// Appends a text so that it is only text where it stands.
fn escape(text: &str, context: Escape, out: &mut String) {
    match context {
        Escape::None => out.push_str(text),
        Escape::Html => text.chars().for_each(|c| match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }),
        Escape::Url => text.bytes().for_each(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other => {
                out.push('%');
                for digit in [other >> 4, other & 0xf] {
                    out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase());
                }
            }
        }),
        Escape::Json => {
            let mut quoted = String::new();
            write_string(text, &mut quoted);
            out.push_str(quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default());
        }
    }
}
