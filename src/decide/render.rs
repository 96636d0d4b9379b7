//! Chooses the rendition of a message for channel, locale and variation, and renders it.

use crate::decide::Decider;
use crate::decision::Content;
use crate::plan::tables::{Fallback, Format, Message, Part, Rendition, Slot, SlotFlags, Text};
use crate::plan::{Id, Span};
use crate::prelude::*;
use crate::template::TemplateWriter;

impl Rendition {
    /// Checks whether the slot takes content of this format.
    pub(crate) fn fits(&self, slot: &Slot) -> bool {
        let wanted = if slot.flags.contains(SlotFlags::JSON) { Format::Json } else { Format::Html };
        self.format == wanted
    }
}

impl<'a: 'p, 'p> Decider<'a, 'p> {
    /// Returns the rendition for the channel.
    ///
    /// A rendition for the variation takes precedence over the default. Among those, the locale nearest to the
    /// request's wins: `de-AT`, then `de` or the plan's fallbacks for `de`, then the rendition without a locale.
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

    /// Returns the fallbacks for a locale, from the row with the nearest locale.
    fn fallback(&self, wanted: &str) -> Option<Fallback> {
        let rows = self.plan.rows(self.plan.all::<Fallback>()).map(|(_, row)| row);
        let near = rows.filter_map(|row| Some((prefix(self.plan.text(row.locale), wanted)?, row)));
        near.max_by_key(|(near, _)| *near).map(|(_, row)| row)
    }

    /// Returns how near a rendition's locale is to the requested one; `None` if it is not a fallback either.
    ///
    /// Longer is nearer, and every match comes before every fallback.
    fn nearness(&self, locale: Option<Id<Text>>, wanted: &str, fallback: Option<&Fallback>) -> Option<usize> {
        /// More than the length of any locale.
        const NEAR: usize = 1000;
        let locale = self.plan.text(locale.unwrap_or(self.plan.settings().locale));
        let cut = prefix(locale, wanted);
        let Some(row) = fallback else { return cut };
        let least = self.plan.text(row.locale).len();
        let index = || self.plan.list(row.then).position(|id| self.plan.text(id).eq_ignore_ascii_case(locale));
        cut.filter(|len| *len >= least)
            .map(|len| len.saturating_add(NEAR))
            .or_else(|| index().map(|index| NEAR.saturating_sub(index).max(1)))
    }

    /// Renders a message for this subject.
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

/// Returns the length of a locale if it is the requested one or a prefix of it.
fn prefix(locale: &str, wanted: &str) -> Option<usize> {
    let prefix = wanted.get(..locale.len())?;
    let ends = wanted.get(locale.len()..).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    (prefix.eq_ignore_ascii_case(locale) && ends).then_some(locale.len())
}
