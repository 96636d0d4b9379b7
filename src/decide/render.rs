//! How a message is said: the rendition for channel, locale and variation, with facts inserted and made harmless.

use crate::decide::Decider;
use crate::decision::Content;
use crate::plan::tables::{Fallback, Format, Message, Part, Rendition, Slot, SlotFlags, Text};
use crate::plan::{Id, Span};
use crate::prelude::*;
use crate::template::TemplateWriter;

impl Rendition {
    /// Whether the form of the content is the one that the slot takes.
    pub(crate) fn fits(&self, slot: &Slot) -> bool {
        let wanted = if slot.flags.contains(SlotFlags::JSON) { Format::Json } else { Format::Html };
        self.format == wanted
    }
}

impl<'a: 'p, 'p> Decider<'a, 'p> {
    /// The rendition for the channel: for the variation before the default, and of those the one whose locale is nearest
    /// to the request's: `de-AT`, then `de`, or what the plan has to try in the place of `de`, then the one without a locale.
    pub(crate) fn rendition(&self, message: &Message, channel: &str, variation: Option<&str>) -> Option<Rendition> {
        let locale = self.facts.request.locale.as_deref().unwrap_or_default();
        let fallback = self.fallback(locale);
        let score = |row: &Rendition| {
            let wanted = match row.variation {
                Some(id) => (variation == Some(self.plan.text(id))).then_some(1)?,
                None => 0,
            };
            let near = self.nearness(row.locale, locale, fallback.as_ref()).or(row.locale.is_none().then_some(0))?;
            (self.plan.get(row.channel).is_some_and(|row| self.plan.text(row.id) == channel)).then_some((wanted, near))
        };
        let scored = self.plan.rows(message.renditions).filter_map(|(_, row)| Some((score(&row)?, row)));
        scored.max_by_key(|(score, _)| *score).map(|(_, row)| row)
    }

    /// What to try in the place of a locale, if the plan says so: of several rows the one for the nearest locale.
    fn fallback(&self, wanted: &str) -> Option<Fallback> {
        let rows = self.plan.rows(self.plan.all::<Fallback>()).map(|(_, row)| row);
        let near = rows.filter_map(|row| Some((prefix(self.plan.text(row.locale), wanted)?, row)));
        near.max_by_key(|(near, _)| *near).map(|(_, row)| row)
    }

    /// How near a rendition's locale, or the default one, is to the one that is wanted, longer is nearer; none if it is not
    /// among those to try.
    fn nearness(&self, locale: Option<Id<Text>>, wanted: &str, fallback: Option<&Fallback>) -> Option<usize> {
        /// Tags are shorter.
        const NEAR: usize = 1000;
        let locale = self.plan.text(locale.unwrap_or(self.plan.settings().locale));
        let cut = prefix(locale, wanted);
        let Some(row) = fallback else { return cut };
        let least = self.plan.text(row.locale).len();
        let place = || self.plan.list(row.then).position(|id| self.plan.text(id).eq_ignore_ascii_case(locale));
        cut.filter(|len| *len >= least)
            .map(|len| len.saturating_add(NEAR))
            .or_else(|| place().map(|place| NEAR.saturating_sub(place).max(1)))
    }

    /// The content of a rendition of a message for this subject.
    pub(crate) fn render(&mut self, message: &Message, rendition: &Rendition) -> Content<'a> {
        Content {
            format: rendition.format,
            body: self.fill_in(message, rendition.body).into(),
            subject: (!rendition.subject.is_empty()).then(|| self.fill_in(message, rendition.subject).into()),
        }
    }

    fn fill_in(&mut self, message: &Message, template: Span<Part>) -> String {
        let writer = TemplateWriter::new(self.plan, &self.eval, self.facts.now, self.tracer.is_some());
        let (text, missing) = writer.write(template);
        if let Some(tracer) = &mut self.tracer {
            tracer.missing(message.id, &missing);
        }
        text
    }
}

/// How long a locale is, if the one that is wanted is that one or a narrower one.
fn prefix(locale: &str, wanted: &str) -> Option<usize> {
    let prefix = wanted.get(..locale.len())?;
    let ends = wanted.get(locale.len()..).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    (prefix.eq_ignore_ascii_case(locale) && ends).then_some(locale.len())
}
