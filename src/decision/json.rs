//! Canonical JSON of a decision, written in one pass.
// INVARIANT: every function here adds its members in canonical order.

use alloc::borrow::Cow;

use super::{Assignment, Content, Decision, Fill, NextAction};
use crate::json;
use crate::json::canonical::{self, Members, write_string};
use crate::json::{Object, Value};
use crate::plan::tables::Format;
use crate::prelude::*;

impl Decision<'_> {
    /// Returns the decision as canonical JSON (RFC 8785): equal decisions have equal bytes on every host.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::with_capacity(1024);
        self.write(&mut out);
        out
    }

    /// Returns the decision as a JSON value.
    #[must_use]
    pub fn to_value(&self) -> Value {
        json::parse(&self.to_json()).unwrap_or_default()
    }

    pub(crate) fn write(&self, out: &mut String) {
        let id = self.id();
        let mut members = Members::begin(out);
        canonical::write_list(members.member("assignments"), self.assignments.iter(), |assignment, out| {
            assignment.write(out);
        });
        members.text("cacheVariant", &self.cache_variant());
        members.text("decisionId", &id);
        canonical::write_list(members.member("exposures"), self.each_exposure(&id), |exposure, out| {
            exposure.write(self, &id, out);
        });
        members.flag("measure", self.measure);
        match &self.next_action {
            Some(action) => action.write(members.member("nextAction"), false),
            None => members.member("nextAction").push_str("null"),
        }
        members.time("now", self.now);
        members.text("plan", &self.plan);
        let mut reasons = Members::begin(members.member("reasons"));
        self.reasons.iter().for_each(|(slot, reason)| write_string(reason.code(), reasons.named(slot)));
        reasons.end();
        let mut slots = Members::begin(members.member("slots"));
        self.slots.iter().for_each(|(slot, fill)| fill.write(slots.named(slot)));
        slots.end();
        members.flag("store", self.store);
        members.text("subject", &self.subject);
        members.end();
    }
}

impl Fill<'_> {
    fn write(&self, out: &mut String) {
        let mut members = Members::begin(out);
        members.text("campaign", &self.campaign);
        members.text("class", self.class.name());
        self.content.write_data(&mut members);
        some(&mut members, "locale", self.locale.as_ref());
        members.text("message", &self.message);
        write_models(&mut members, self.score, &self.models);
        some(&mut members, "offer", self.offer.as_ref());
        write_score(&mut members, self.score);
        self.content.write_text(&mut members);
        some(&mut members, "variation", self.variation.as_ref());
        members.end();
    }
}

impl NextAction<'_> {
    /// Appends the action; an alternative has only channel, content and times.
    fn write(&self, out: &mut String, is_alternative: bool) {
        let mut members = Members::begin(out);
        if !self.alternatives.is_empty() {
            canonical::write_list(members.member("alternatives"), self.alternatives.iter(), |action, out| {
                action.write(out, true);
            });
        }
        members.time("at", self.at);
        if !is_alternative {
            members.text("campaign", &self.campaign);
        }
        members.text("channel", &self.channel);
        if let Some(content) = &self.content {
            content.write_data(&mut members);
        }
        members.text("message", &self.message);
        let score = self.score.filter(|_| !is_alternative);
        write_models(&mut members, score, &self.models);
        write_score(&mut members, score);
        if let Some(content) = &self.content {
            content.write_text(&mut members);
        }
        if let Some(until) = self.until {
            members.time("until", until);
        }
        members.end();
    }
}

impl Content<'_> {
    /// Adds the member `html`, `text` or `json`, and `subject`.
    pub(crate) fn insert_into(&self, out: &mut Object) {
        if let Some(subject) = &self.subject {
            out.insert("subject", &**subject);
        }
        match self.format {
            Format::Html => out.insert("html", &*self.body),
            Format::Text => out.insert("text", &*self.body),
            Format::Json => out.insert("json", json::parse(&self.body).unwrap_or_default()),
        }
    }

    /// Adds the member `html` or `json`, if the content has that format.
    fn write_data(&self, members: &mut Members<'_>) {
        match self.format {
            Format::Html => members.text("html", &self.body),
            Format::Json => {
                canonical::write_value(&json::parse(&self.body).unwrap_or_default(), members.member("json"))
            }
            Format::Text => {}
        }
    }

    /// Adds the members `subject` and `text`, if the content has them.
    fn write_text(&self, members: &mut Members<'_>) {
        some(members, "subject", self.subject.as_ref());
        if self.format == Format::Text {
            members.text("text", &self.body);
        }
    }
}

impl Assignment<'_> {
    fn write(&self, out: &mut String) {
        let mut members = Members::begin(out);
        match self.bucket {
            Some(bucket) => canonical::write_number(bucket, members.member("bucket")),
            None => members.member("bucket").push_str("null"),
        }
        members.text("experiment", &self.experiment);
        canonical::write_number(f64::from(self.index), members.member("index"));
        members.flag("sticky", self.sticky);
        members.text("variation", &self.variation);
        members.end();
    }
}

/// Adds the models, if there is a score.
fn write_models(members: &mut Members<'_>, score: Option<f64>, models: &[Cow<'_, str>]) {
    if score.is_some() {
        canonical::write_list(members.member("models"), models.iter(), |model, out| write_string(model, out));
    }
}

fn write_score(members: &mut Members<'_>, score: Option<f64>) {
    if let Some(score) = score {
        canonical::write_number(score, members.member("score"));
    }
}

fn some(members: &mut Members<'_>, name: &'static str, text: Option<&Cow<'_, str>>) {
    if let Some(text) = text {
        members.text(name, text);
    }
}
