//! The decision as data. Hosts render, record and store it, and add nothing.

mod exposure;
mod json;
pub(crate) mod reason;

use alloc::borrow::Cow;

use crate::collections::SortedMap;
use crate::decision::reason::Reason;
use crate::plan::tables::{Class, Format};
use crate::prelude::*;
use crate::text::fnv::fnv64a;
use crate::time::Millis;

/// The result of [`decide`](crate::decide). It borrows its strings from the plan and the facts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision<'a> {
    /// The id of the plan.
    pub plan: Cow<'a, str>,
    /// The id of the subject.
    pub subject: Cow<'a, str>,
    /// The channel of the request.
    pub channel: Cow<'a, str>,
    /// The time of the decision.
    pub now: Millis,
    /// The filled slots.
    pub slots: SortedMap<Fill<'a>, Cow<'a, str>>,
    /// The next action, if there is one.
    pub next_action: Option<NextAction<'a>>,
    /// The assignment of each experiment that chose shown or sent content.
    pub assignments: Vec<Assignment<'a>>,
    /// The outcome for each requested slot.
    pub reasons: SortedMap<Reason, Cow<'a, str>>,
    /// Whether the subject allows the host to store a cookie.
    pub store: bool,
    /// Whether the subject allows the host to send exposures and page views to the collector.
    pub measure: bool,
    pub(crate) hash: u64,
}

/// The winner of a slot, with its content.
#[derive(Clone, Debug, PartialEq)]
pub struct Fill<'a> {
    /// The campaign that won.
    pub campaign: Cow<'a, str>,
    /// Its class.
    pub class: Class,
    /// The message that is shown.
    pub message: Cow<'a, str>,
    /// The offer that it makes.
    pub offer: Option<Cow<'a, str>>,
    /// The locale of the rendition, if it is not the default one.
    pub locale: Option<Cow<'a, str>>,
    /// The campaign's experiment, if the subject is in it.
    pub experiment: Option<Cow<'a, str>>,
    /// The variation of the campaign's experiment.
    pub variation: Option<Cow<'a, str>>,
    /// The score that ordered the campaign among those of its priority, if it has one.
    pub score: Option<f64>,
    /// The models that contributed to the score.
    pub models: Vec<Cow<'a, str>>,
    /// The content.
    pub content: Content<'a>,
}

/// The content of a slot or message.
#[derive(Clone, Debug, PartialEq)]
pub struct Content<'a> {
    /// The format of `body`.
    pub format: Format,
    /// Markup, plain text, or JSON.
    pub body: Cow<'a, str>,
    /// The subject line of an e-mail.
    pub subject: Option<Cow<'a, str>>,
}

/// The next action for this subject.
#[derive(Clone, Debug, PartialEq)]
pub struct NextAction<'a> {
    /// The campaign.
    pub campaign: Cow<'a, str>,
    /// The channel.
    pub channel: Cow<'a, str>,
    /// The message.
    pub message: Cow<'a, str>,
    /// The time for the action.
    pub at: Millis,
    /// The time after which the action makes no sense.
    pub until: Option<Millis>,
    /// The score that ordered the campaign among those of its priority, if it has one.
    pub score: Option<f64>,
    /// The models that contributed to the score.
    pub models: Vec<Cow<'a, str>>,
    /// The content of the message, if the plan has it.
    pub content: Option<Content<'a>>,
    /// The actions to try if this one turns out to be impossible, in order, each with its own time.
    pub alternatives: Vec<NextAction<'a>>,
}

/// The assignment of a subject to a variation of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment<'a> {
    /// The experiment.
    pub experiment: Cow<'a, str>,
    /// The variation's id.
    pub variation: Cow<'a, str>,
    /// The variation's index.
    pub index: u32,
    /// The subject's bucket, from 0 to 1; `None` if an earlier assignment was kept.
    pub bucket: Option<f64>,
    /// Whether an earlier assignment was kept.
    pub sticky: bool,
    /// The value that was hashed, or that the assignment was kept for.
    pub unit: Cow<'a, str>,
}

/// Returns the id of the decision with this hash.
pub(crate) fn id_of(hash: u64) -> String {
    format!("d-{hash:016x}")
}

impl Decision<'_> {
    /// Returns the id of this decision: equal for equal plan, subject, time and page.
    #[must_use]
    pub fn id(&self) -> String {
        id_of(self.hash)
    }

    /// Returns a cache key: a hash of the content of all slots, or empty if no slot is filled.
    #[must_use]
    pub fn cache_variant(&self) -> String {
        if self.slots.is_empty() {
            return String::new();
        }
        let shown = self.slots.iter().flat_map(|(slot, fill)| [slot, &*fill.content.body]);
        format!("v-{:016x}", fnv64a(shown))
    }

    /// Converts into a decision that owns its strings.
    #[must_use]
    pub fn into_owned(self) -> Decision<'static> {
        Decision {
            plan: owned(self.plan),
            subject: owned(self.subject),
            channel: owned(self.channel),
            now: self.now,
            slots: self.slots.into_iter().map(|(slot, fill)| (owned(slot), fill.into_owned())).collect(),
            next_action: self.next_action.map(NextAction::into_owned),
            assignments: self.assignments.into_iter().map(Assignment::into_owned).collect(),
            reasons: self.reasons.into_iter().map(|(slot, reason)| (owned(slot), reason)).collect(),
            store: self.store,
            measure: self.measure,
            hash: self.hash,
        }
    }
}

impl Fill<'_> {
    fn into_owned(self) -> Fill<'static> {
        Fill {
            campaign: owned(self.campaign),
            class: self.class,
            message: owned(self.message),
            offer: self.offer.map(owned),
            locale: self.locale.map(owned),
            experiment: self.experiment.map(owned),
            variation: self.variation.map(owned),
            score: self.score,
            models: self.models.into_iter().map(owned).collect(),
            content: self.content.into_owned(),
        }
    }
}

impl Content<'_> {
    /// Converts into content that owns its strings.
    #[must_use]
    pub fn into_owned(self) -> Content<'static> {
        Content { format: self.format, body: owned(self.body), subject: self.subject.map(owned) }
    }
}

impl NextAction<'_> {
    fn into_owned(self) -> NextAction<'static> {
        NextAction {
            campaign: owned(self.campaign),
            channel: owned(self.channel),
            message: owned(self.message),
            at: self.at,
            until: self.until,
            score: self.score,
            models: self.models.into_iter().map(owned).collect(),
            content: self.content.map(Content::into_owned),
            alternatives: self.alternatives.into_iter().map(NextAction::into_owned).collect(),
        }
    }
}

impl Assignment<'_> {
    fn into_owned(self) -> Assignment<'static> {
        Assignment {
            experiment: owned(self.experiment),
            variation: owned(self.variation),
            index: self.index,
            bucket: self.bucket,
            sticky: self.sticky,
            unit: owned(self.unit),
        }
    }
}

fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}
