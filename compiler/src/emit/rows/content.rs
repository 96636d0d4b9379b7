//! The rows of what is said: messages, templates, and the things of the catalogue that they name.

use throughline::Millis;
use throughline::internals::plan::{Span, tables};

use super::super::numbered;
use super::RowWriter;
use crate::emit::rows::template::Templates;
use crate::rules::catalogue::Needs;
use crate::rules::message::{Message, Rendition};
use crate::source::cursor::Reference;
use crate::template::Template;

impl<'a> RowWriter<'_, '_, 'a, '_> {
    pub(super) fn fallbacks(&mut self) {
        for (locale, then) in &self.rules.defaults.fallbacks {
            let then: Vec<_> = then.iter().map(|locale| self.plan.text(locale)).collect();
            let row = tables::Fallback { locale: self.plan.text(locale), then: self.plan.ids(&then) };
            self.plan.push(row);
        }
    }

    /// The things and lists that templates go through, with the fields that they read.
    pub(super) fn catalogue(&mut self) {
        let rules = self.rules;
        let needs = Needs::of(rules);
        let ids = numbered::<tables::Item>(needs.items.iter().copied());
        for (id, item) in rules.catalogue.iter().filter(|(id, _)| needs.items.contains(*id)) {
            let (mut fields, mut values) = (Vec::new(), Vec::new());
            for (name, value) in item.fields.iter().filter(|(name, _)| needs.fields.contains(name)) {
                fields.push(self.plan.text(name));
                values.push(crate::condition::constant(&mut self.plan, value));
            }
            let row =
                tables::Item { id: self.plan.text(id), fields: self.plan.ids(&fields), values: self.plan.ids(&values) };
            self.plan.push(row);
        }
        self.numbers.lists = numbered(needs.lists.keys().copied());
        for (id, items) in &needs.lists {
            let Some(list) = rules.lists.get(id) else { continue };
            let attribute = |named: &Reference<'_>| self.ids.attributes.get(named.name).copied();
            let (from, without): (_, Vec<_>) =
                (list.from.as_ref().and_then(attribute), list.without.iter().filter_map(attribute).collect());
            let items: Vec<_> = items.iter().filter_map(|id| ids.get(*id).copied()).collect();
            let row = tables::List {
                id: self.plan.text(id),
                from,
                items: self.plan.ids(&items),
                without: self.plan.ids(&without),
                limit: list.limit,
            };
            self.plan.push(row);
        }
    }

    pub(super) fn message(&mut self, id: &str, message: &Message<'a>) {
        let renditions: Vec<_> = message.renditions.iter().filter_map(|rendition| self.rendition(rendition)).collect();
        let row = tables::Message {
            id: self.plan.text(id),
            flags: tables::MessageFlags::ONCE.when(message.once),
            renditions: self.plan.push_all(renditions),
        };
        self.plan.push(row);
        if message.once {
            self.expose(format!("seen:{id}"), 1, Millis(0));
            self.expose(format!("message:{id}"), 1, Millis(0));
        }
    }

    fn rendition(&mut self, rendition: &Rendition<'a>) -> Option<tables::Rendition> {
        let channel = rendition.channel.as_ref()?.name;
        let locale = rendition.locale.filter(|locale| *locale != self.rules.defaults.locale);
        Some(tables::Rendition {
            channel: *self.numbers.channels.get(channel)?,
            locale: locale.map(|locale| self.plan.text(locale)),
            variation: rendition.variation.as_ref().map(|variation| self.plan.text(variation.name)),
            format: rendition.format,
            body: self.template(&rendition.body, rendition.locale),
            subject: rendition.subject.as_ref().map_or(Span::empty(), |it| self.template(it, rendition.locale)),
        })
    }

    fn template(&mut self, template: &Template<'a>, locale: Option<&str>) -> Span<tables::Part> {
        let locale = crate::template::locale::of(locale.unwrap_or(self.rules.defaults.locale));
        let (rules, attributes, lists) = (self.rules, &self.ids.attributes, &self.numbers.lists);
        Templates { rules, attributes, lists, plan: &mut self.plan, locale }.parts(&template.parts)
    }
}
