//! Messages, with a rendition per channel, locale and variation.

use throughline::internals::plan::tables::Format;

use crate::rules::channel::{EMAIL, WEB};
use crate::rules::defaults::locale;
use crate::rules::{Definition, Rules, find};
use crate::source::cursor::{Cursor, Fields, ReadContext, Reference};
use crate::template::{self, Part, Template};

/// A message.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    /// The position of the definition.
    pub cursor: Cursor<'a>,
    /// Whether it is never selected again once it was seen.
    pub once: bool,
    /// Its renditions.
    pub renditions: Vec<Rendition<'a>>,
}

/// The content of a message for a channel, and possibly a locale and a variation.
#[derive(Clone, Debug)]
pub struct Rendition<'a> {
    /// The position of the definition.
    pub cursor: Cursor<'a>,
    /// The channel.
    pub channel: Option<Reference<'a>>,
    /// The locale; `None` for the default.
    pub locale: Option<&'a str>,
    /// The variation; `None` for all others.
    pub variation: Option<Reference<'a>>,
    /// The format of the body.
    pub format: Format,
    /// The data as written.
    pub data: Option<Cursor<'a>>,
    /// The body.
    pub body: Template<'a>,
    /// The subject line of an e-mail.
    pub subject: Option<Template<'a>>,
}

impl<'a> Definition<'a> for Message<'a> {
    const NOUN: &'static str = "message";

    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Self {
        let fields = cursor.fields(&["once", "renditions", "description"], out);
        let list = fields.required("renditions", out);
        let renditions: Vec<_> = list.iter().flat_map(|cursor| cursor.list(out)).collect();
        if let (Some(list), true) = (&list, renditions.is_empty()) {
            list.error("empty", "the message has no renditions", out).expected("at least one rendition");
        }
        let renditions = renditions.into_iter().filter_map(|cursor| Rendition::read(cursor, out)).collect();
        Self { once: fields.flag("once", false, out), renditions, cursor: fields.cursor().clone() }
    }
}

impl<'a> Message<'a> {
    /// Returns the renditions for a channel.
    pub fn in_channel<'m>(&'m self, channel: &'m str) -> impl Iterator<Item = &'m Rendition<'a>> {
        self.renditions.iter().filter(move |rendition| rendition.is_in(channel))
    }

    /// Reports a message without a rendition for a channel. `name` is the reference to it.
    pub fn require_in_channel(&self, name: &Reference<'_>, channel: &str, out: &mut ReadContext<'_>) {
        if self.in_channel(channel).next().is_none() {
            let text = format!("message `{}` has no rendition for the channel `{channel}`", name.name);
            name.cursor.error("no-rendition", text, out).expected(format!("a rendition with `channel: {channel}`"));
        }
    }

    /// Reports renditions for unknown channels, unknown attributes, and duplicate renditions.
    pub fn check(&self, rules: &Rules<'_>, out: &mut ReadContext<'_>) {
        let mut known: Vec<(&str, Option<&str>, Option<&str>)> = Vec::new();
        for rendition in &self.renditions {
            rendition.check(rules, out);
            let Some(channel) = &rendition.channel else { continue };
            let locale = rendition.locale.filter(|locale| *locale != rules.defaults.locale);
            let key = (channel.name, locale, rendition.variation.as_ref().map(|variation| variation.name));
            if known.contains(&key) {
                let message = "another rendition has the same channel, locale and variation";
                rendition.cursor.error("duplicate-rendition", message, out);
            }
            known.push(key);
        }
        for channel in known.iter().map(|(channel, ..)| *channel).collect::<std::collections::BTreeSet<_>>() {
            if !known.contains(&(channel, None, None)) {
                let message =
                    format!("people without a matching locale or variation do not get this message in `{channel}`");
                let expected = "a rendition without `locale` and `variation`";
                self.cursor.warning("no-default-rendition", message, out).expected(expected);
            }
        }
    }
}

impl<'a> Rendition<'a> {
    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Option<Self> {
        let known = ["channel", "locale", "variation", "html", "text", "json", "subject"];
        let fields = cursor.fields(&known, out);
        let channel = fields.required("channel", out).and_then(|cursor| cursor.reference(out));
        let is_email = channel.as_ref().is_some_and(|channel| channel.name == EMAIL);
        let subject = subject(&fields, is_email, out);
        let (format, body) = body(&fields, out)?;
        Some(Self {
            channel,
            locale: fields.get("locale").and_then(|cursor| locale(&cursor, out)),
            variation: fields.get("variation").and_then(|cursor| cursor.reference(out)),
            format,
            data: fields.get("json"),
            body,
            subject,
            cursor: fields.cursor().clone(),
        })
    }

    /// Returns whether it is for a channel.
    #[must_use]
    pub fn is_in(&self, channel: &str) -> bool {
        self.channel.as_ref().is_some_and(|named| named.name == channel)
    }

    /// Returns the templates of its body and its subject.
    pub fn templates(&self) -> impl Iterator<Item = &Template<'a>> {
        [&self.body].into_iter().chain(&self.subject)
    }

    /// Returns whether it renders a time, which needs the subject's local clock.
    pub fn has_date(&self) -> bool {
        self.templates().any(|template| template.parts.iter().any(Part::has_date))
    }

    /// Returns every attribute that it reads, with the reference.
    pub fn reads<'r>(&'r self, rules: &'r Rules<'_>) -> impl Iterator<Item = (&'r str, &'r Reference<'a>)> {
        let names = self.templates().flat_map(|template| template.attributes.iter().chain(&template.shadowed));
        let facts = names.filter_map(|named| rules.path(named.name).map(|(attribute, _)| (attribute, named)));
        let lists = self.templates().flat_map(|template| &template.lists);
        let known = lists.filter_map(|named| rules.lists.get(named.name).map(|list| (list, named)));
        facts.chain(known.flat_map(|(list, named)| list.attributes().map(move |attribute| (attribute, named))))
    }

    fn check(&self, rules: &Rules<'_>, out: &mut ReadContext<'_>) {
        if let Some(channel) = &self.channel {
            find(&rules.channels, channel, out);
        }
        let is_web = self.is_in(WEB);
        for named in self.templates().flat_map(|template| &template.attributes) {
            if rules.path(named.name).is_none() {
                rules.attribute(named, out);
            }
        }
        for named in self.templates().flat_map(|template| &template.lists) {
            find(&rules.lists, named, out);
        }
        for (name, named) in self.reads(rules) {
            if let (Some(attribute), true) = (rules.attributes.get(name), is_web) {
                attribute.require_at_edge(named, "a page", out);
            }
        }
    }
}

fn subject<'a>(fields: &Fields<'a>, is_email: bool, out: &mut ReadContext<'_>) -> Option<Template<'a>> {
    let subject = fields.get("subject");
    match (&subject, is_email) {
        (None, true) => {
            let message = "the e-mail has no subject";
            fields.cursor().error("missing-key", message, out).expected("`subject` next to `html` or `text`");
        }
        (Some(subject), false) => {
            let message = "only renditions for the channel `email` have a subject";
            subject.error("subject", message, out);
        }
        _ => {}
    }
    subject.and_then(|subject| template::text(&subject, out))
}

/// Reads the single body of a rendition.
fn body<'a>(fields: &Fields<'a>, out: &mut ReadContext<'_>) -> Option<(Format, Template<'a>)> {
    const BODIES: [&str; 3] = ["html", "text", "json"];
    let bodies: Vec<_> = BODIES.into_iter().filter_map(|name| Some((name, fields.get(name)?))).collect();
    let [(name, body)] = bodies.as_slice() else {
        let message = match bodies.as_slice() {
            [] => "the rendition has no body".to_owned(),
            several => format!("the rendition has {} bodies", several.len()),
        };
        fields.cursor().error("body", message, out).expected("exactly one of: html, text, json");
        return None;
    };
    match *name {
        "html" => Some((Format::Html, template::html(body, out)?)),
        "text" => Some((Format::Text, template::text(body, out)?)),
        _ => Some((Format::Json, template::json(body, out))),
    }
}
