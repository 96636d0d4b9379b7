//! How a message is said: the rendition for channel, locale and variation, with facts inserted and made harmless.

use crate::decide::Decider;
use crate::decision::Content;
use crate::plan::Span;
use crate::plan::tables::{Format, JSON_SLOT, Message, Part, Rendition, Slot};
use crate::prelude::*;
use crate::template::Writer;

impl Rendition {
    /// Whether the form of the content is the one that the slot takes.
    pub(crate) fn fits(&self, slot: &Slot) -> bool {
        let wanted = if slot.flags & JSON_SLOT != 0 { Format::Json } else { Format::Html };
        self.format == wanted as u32
    }
}

impl Decider<'_> {
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

    /// The content of a rendition of a message for this subject.
    pub(crate) fn render(&mut self, message: &Message, rendition: &Rendition) -> Content {
        Content {
            format: Format::from_number(rendition.format).unwrap_or(Format::Text),
            body: self.fill_in(message, rendition.body),
            subject: (!rendition.subject.is_empty()).then(|| self.fill_in(message, rendition.subject)),
        }
    }

    fn fill_in(&mut self, message: &Message, template: Span<Part>) -> String {
        let writer = Writer::new(self.plan, &self.eval, self.facts.now, self.tracer.is_some());
        let (text, missing) = writer.write(template);
        if let Some(tracer) = &mut self.tracer {
            tracer.missing(message.id, &missing);
        }
        text
    }
}

/// How near a rendition's locale is to the one that is wanted, longer is nearer; none if it is another language or place.
fn nearness(locale: &str, wanted: &str) -> Option<usize> {
    let prefix = wanted.get(..locale.len())?;
    let ends = wanted.get(locale.len()..).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    (prefix.eq_ignore_ascii_case(locale) && ends).then_some(locale.len())
}
