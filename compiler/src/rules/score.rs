//! Scores: linear formulas over facts that order campaigns of equal priority.

use throughline::Millis;
use throughline::internals::plan::tables::{Link, TermKind};

use crate::rules::Rules;
use crate::rules::trigger::Trigger;
use crate::source::cursor::{Cursor, Fields, ReadContext, Reference};

/// The maximum of weights and biases, so that no sum overflows.
const MOST: f64 = 1e6;
/// The default of the number up to which events are counted.
const COUNTED: u32 = 10;
/// The maximum of that number, which is how many times a profile keeps.
const MOST_COUNTED: u32 = 256;

/// A score.
#[derive(Clone, Debug)]
pub struct Score<'a> {
    /// The bias, which is added to the terms.
    pub bias: f64,
    /// The function that is applied to the sum.
    pub link: Link,
    /// The terms.
    pub terms: Vec<ScoreTerm<'a>>,
}

/// A fact with its weight.
#[derive(Clone, Debug)]
pub struct ScoreTerm<'a> {
    /// The fact.
    pub fact: ScoreFact<'a>,
    /// The weight.
    pub weight: f64,
    /// The value if the fact is missing.
    pub otherwise: f64,
    /// Whether the fact is replaced by `ln(1 + fact)`.
    pub log: bool,
    /// The model that produced the fact.
    pub model: Option<&'a str>,
}

/// The fact that a term reads.
#[derive(Clone, Debug)]
pub enum ScoreFact<'a> {
    /// A number, or a boolean as 1 or 0.
    Attribute(Reference<'a>),
    /// The number of events in a time span (zero for unlimited), up to a maximum.
    Count(Trigger<'a>, Millis, u32),
    /// 1 right after an event, halved after each half-life.
    Decay(Trigger<'a>, Millis),
}

impl<'a> Score<'a> {
    /// Reads `score` of a campaign.
    pub fn read(fields: &Fields<'a>, out: &mut ReadContext<'_>) -> Option<Self> {
        let fields = fields.get("score")?.fields(&["bias", "link", "terms"], out);
        let list = fields.required("terms", out)?;
        let terms = list.list(out);
        if terms.is_empty() {
            list.error("empty", "the score has no terms", out).expected("at least one term");
        }
        let link = fields.get("link").and_then(|cursor| cursor.keyword(Link::NAMES, Link::from_name, out));
        Some(Self {
            bias: number(&fields, "bias", out).unwrap_or(0.0),
            link: link.unwrap_or(Link::Linear),
            terms: terms.into_iter().filter_map(|cursor| ScoreTerm::read(cursor, out)).collect(),
        })
    }

    /// Reports attributes that are unknown, not numeric, or that a decision cannot read.
    pub fn check(&self, rules: &Rules<'_>, out: &mut ReadContext<'_>) {
        for term in &self.terms {
            let ScoreFact::Attribute(name) = &term.fact else { continue };
            let Some(attribute) = rules.attribute(name, out) else { continue };
            attribute.require_at_edge(name, "a score", out);
            if !["number", "boolean"].contains(&attribute.kind) {
                let message = format!("attribute `{}` has type `{}`", name.name, attribute.kind);
                name.cursor.error("wrong-type", message, out).expected("an attribute of type `number` or `boolean`");
            }
        }
    }
}

impl<'a> ScoreTerm<'a> {
    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Option<Self> {
        let known = [
            "attribute",
            "event",
            "where",
            "once",
            "within",
            "most",
            "halfLife",
            "weight",
            "default",
            "log",
            "model",
            "description",
        ];
        let fields = cursor.fields(&known, out);
        let weight = fields.required("weight", out).and_then(|cursor| cursor.number(-MOST..=MOST, out));
        let fact = ScoreFact::read(&fields, out);
        Some(Self {
            fact: fact?,
            weight: weight?,
            otherwise: number(&fields, "default", out).unwrap_or(0.0),
            log: fields.flag("log", false, out),
            model: fields.get("model").and_then(|cursor| cursor.text(out)),
        })
    }
}

impl<'a> ScoreFact<'a> {
    fn read(fields: &Fields<'a>, out: &mut ReadContext<'_>) -> Option<Self> {
        let has = |name| fields.get(name).is_some();
        let misplaced: &[&str] = match (has("attribute"), has("event"), has("halfLife")) {
            (true, false, false) => &["where", "once", "within", "most"],
            (false, true, false) => &["default"],
            (false, true, true) => &["within", "most", "log"],
            _ => {
                let message = "a term reads exactly one fact";
                fields
                    .cursor()
                    .error("term", message, out)
                    .expected("`attribute`, or `event` with or without `halfLife`");
                return None;
            }
        };
        for cursor in misplaced.iter().filter_map(|name| fields.get(name)) {
            cursor.error("term", "this key has no effect in a term of this kind", out);
        }
        let span = |name, out: &mut ReadContext<'_>| fields.get(name).and_then(|cursor| cursor.duration(out));
        if let Some(attribute) = fields.get("attribute") {
            return attribute.reference(out).map(Self::Attribute);
        }
        let trigger = Trigger::read(fields, out)?;
        if let Some(cursor) = fields.get("halfLife") {
            let half_life = cursor.duration(out)?;
            if half_life.0 == 0 {
                cursor.error("out-of-range", "the half-life is zero", out).expected("a longer half-life");
            }
            return Some(Self::Decay(trigger, half_life));
        }
        let most = fields.get("most").and_then(|cursor| cursor.integer(1..=MOST_COUNTED, out)).unwrap_or(COUNTED);
        Some(Self::Count(trigger, span("within", out).unwrap_or_default(), most))
    }

    /// Returns the event that must be counted, with the number of its times to keep and how far back.
    pub const fn trigger(&self) -> Option<(&Trigger<'a>, u32, Millis)> {
        match self {
            Self::Attribute(_) => None,
            Self::Count(trigger, within, most) => Some((trigger, *most, *within)),
            Self::Decay(trigger, _) => Some((trigger, 1, Millis(0))),
        }
    }

    /// Returns the kind of the term in the plan.
    pub const fn kind(&self) -> TermKind {
        match self {
            Self::Attribute(_) => TermKind::Attribute,
            Self::Count(..) => TermKind::Count,
            Self::Decay(..) => TermKind::Decay,
        }
    }
}

fn number(fields: &Fields<'_>, name: &str, out: &mut ReadContext<'_>) -> Option<f64> {
    fields.get(name).and_then(|cursor| cursor.number(-MOST..=MOST, out))
}
