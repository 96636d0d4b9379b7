//! What was decided, as data: hosts render, record and store it, and add nothing.

use crate::canonical;
use crate::event::Event;
use crate::json;
use crate::plan::tables::{Class, Format};
use crate::prelude::*;
use crate::reason::Reason;
use crate::sorted::Map;
use crate::time::Millis;
use crate::value::{Object, Value};

/// The result of [`decide`](crate::decide).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    /// Names this decision: equal plan, subject, time and page, equal id.
    pub id: String,
    /// The id of the plan that decided.
    pub plan: String,
    /// Whom it is about.
    pub subject: String,
    /// The time it was made for.
    pub now: Millis,
    /// The filled slots.
    pub slots: Map<Fill>,
    /// What should happen next, if anything.
    pub next_action: Option<NextAction>,
    /// The variation of each experiment that was looked at.
    pub assignments: Vec<Assignment>,
    /// What is to be reduced when the slots are shown, if `store` is true, and sent to the collector, if `measure` is true;
    /// each with the slot that it belongs to.
    pub exposures: Vec<Event>,
    /// For each requested slot how it went.
    pub reasons: Map<Reason>,
    /// Whether the subject allows a cookie.
    pub store: bool,
    /// Whether the subject allows exposures and page views to be sent to the collector.
    pub measure: bool,
    /// Pages with equal variants are equal: a key for caches.
    pub cache_variant: String,
}

/// What fills a slot.
#[derive(Clone, Debug, PartialEq)]
pub struct Fill {
    /// The campaign that won.
    pub campaign: String,
    /// Its class.
    pub class: Class,
    /// The message that is shown.
    pub message: String,
    /// The offer that it makes.
    pub offer: Option<String>,
    /// The locale of the rendition, if it is not the default one.
    pub locale: Option<String>,
    /// The variation of the campaign's experiment.
    pub variation: Option<String>,
    /// What ordered the campaign among those of its priority, if it has a score.
    pub score: Option<f64>,
    /// The models whose scores went into it.
    pub models: Vec<String>,
    /// The content.
    pub content: Content,
}

/// The content of a slot or message.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    /// What `body` is.
    pub format: Format,
    /// Markup, plain text, or JSON text.
    pub body: String,
    /// The subject line of an e-mail.
    pub subject: Option<String>,
}

/// What should happen next for this subject.
#[derive(Clone, Debug, PartialEq)]
pub struct NextAction {
    /// The campaign that asks for it.
    pub campaign: String,
    /// The channel.
    pub channel: String,
    /// The message.
    pub message: String,
    /// When.
    pub at: Millis,
    /// Until when it makes sense.
    pub until: Option<Millis>,
    /// What ordered the campaign among those of its priority, if it has a score.
    pub score: Option<f64>,
    /// The models whose scores went into it.
    pub models: Vec<String>,
    /// What to say there, if the plan has it.
    pub content: Option<Content>,
    /// What to do instead if that turns out to be impossible, in this order; each with its own time.
    pub alternatives: Vec<NextAction>,
}

/// The arm of an experiment that a subject is in.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// The experiment.
    pub experiment: String,
    /// The variation's id.
    pub variation: String,
    /// The variation's number.
    pub index: u32,
    /// The subject's bucket, 0 to 1; none where an earlier assignment was kept.
    pub bucket: Option<f64>,
    /// Whether an earlier assignment was kept.
    pub sticky: bool,
}

impl Decision {
    /// The decision as canonical JSON (RFC 8785): equal decisions have equal bytes on every host.
    #[must_use]
    pub fn to_json(&self) -> String {
        canonical::to_string(&self.to_value())
    }

    /// The decision as a JSON value.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let slots = self.slots.iter().map(|(slot, fill)| (slot, fill.to_value()));
        let reasons = self.reasons.iter().map(|(slot, reason)| (slot, Value::from(reason.code())));
        let mut out = Object::new();
        out.insert("decisionId", self.id.as_str());
        out.insert("plan", self.plan.as_str());
        out.insert("subject", self.subject.as_str());
        out.insert("now", self.now);
        out.insert("slots", Value::Object(slots.collect()));
        out.insert("nextAction", self.next_action.as_ref().map_or(Value::Null, NextAction::to_value));
        out.insert("assignments", Value::Array(self.assignments.iter().map(Assignment::to_value).collect()));
        out.insert("exposures", Value::Array(self.exposures.iter().map(Event::to_value).collect()));
        out.insert("reasons", Value::Object(reasons.collect()));
        out.insert("store", Value::Bool(self.store));
        out.insert("measure", Value::Bool(self.measure));
        out.insert("cacheVariant", self.cache_variant.as_str());
        Value::Object(out)
    }
}

impl Fill {
    fn to_value(&self) -> Value {
        let mut out = Object::new();
        out.insert("campaign", self.campaign.as_str());
        out.insert("class", self.class.name());
        out.insert("message", self.message.as_str());
        insert_some(&mut out, "offer", self.offer.as_deref());
        insert_some(&mut out, "locale", self.locale.as_deref());
        insert_some(&mut out, "variation", self.variation.as_deref());
        insert_score(&mut out, self.score, &self.models);
        self.content.insert_into(&mut out);
        Value::Object(out)
    }
}

impl Content {
    pub(crate) fn insert_into(&self, out: &mut Object) {
        insert_some(out, "subject", self.subject.as_deref());
        match self.format {
            Format::Html => out.insert("html", self.body.as_str()),
            Format::Text => out.insert("text", self.body.as_str()),
            Format::Json => out.insert("json", json::parse(&self.body).unwrap_or_default()),
        }
    }
}

impl NextAction {
    fn to_value(&self) -> Value {
        let mut out = self.step();
        out.insert("campaign", self.campaign.as_str());
        insert_score(&mut out, self.score, &self.models);
        if !self.alternatives.is_empty() {
            let alternatives = self.alternatives.iter().map(|alternative| Value::Object(alternative.step()));
            out.insert("alternatives", Value::Array(alternatives.collect()));
        }
        Value::Object(out)
    }

    /// What is said where and when.
    fn step(&self) -> Object {
        let mut out = Object::new();
        out.insert("channel", self.channel.as_str());
        out.insert("message", self.message.as_str());
        out.insert("at", self.at);
        if let Some(until) = self.until {
            out.insert("until", until);
        }
        if let Some(content) = &self.content {
            content.insert_into(&mut out);
        }
        out
    }
}

impl Assignment {
    fn to_value(&self) -> Value {
        let mut out = Object::new();
        out.insert("experiment", self.experiment.as_str());
        out.insert("variation", self.variation.as_str());
        out.insert("index", Value::Number(f64::from(self.index)));
        out.insert("bucket", self.bucket.map_or(Value::Null, Value::Number));
        out.insert("sticky", Value::Bool(self.sticky));
        Value::Object(out)
    }
}

fn insert_score(out: &mut Object, score: Option<f64>, models: &[String]) {
    if let Some(score) = score {
        out.insert("score", Value::Number(score));
        out.insert("models", Value::Array(models.iter().map(|model| Value::from(model.as_str())).collect()));
    }
}

fn insert_some(out: &mut Object, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        out.insert(name, text);
    }
}
