//! Campaigns: a message per slot or channel, with a condition, a schedule and an offer.

use throughline::Millis;
use throughline::internals::plan::tables::{Class, Format};

use crate::condition::When;
use crate::rules::account_unit;
use crate::rules::channel::{WEB, check_roles, roles};
use crate::rules::class::class;
use crate::rules::exclusion::Exclusion;
use crate::rules::frequency_cap::Limit;
use crate::rules::schedule::Schedule;
use crate::rules::score::Score;
use crate::rules::{Definition, Rules, find};
use crate::source::cursor::{Cursor, Fields, ReadContext, Reference};

/// A campaign.
#[derive(Clone, Debug)]
pub struct Campaign<'a> {
    /// The class that policies refer to.
    pub class: Class,
    /// The priority; campaigns with a higher one are decided first.
    pub priority: u32,
    /// The score that orders it among campaigns of equal priority.
    pub score: Option<Score<'a>>,
    /// The condition on the subject.
    pub when: Option<When<'a>>,
    /// The time span in which it runs.
    pub schedule: Schedule,
    /// The offer that it makes.
    pub offer: Option<Reference<'a>>,
    /// The experiment that chooses between renditions.
    pub experiment: Option<Reference<'a>>,
    /// Its range in an exclusion group.
    pub exclusion: Option<Exclusion<'a>>,
    /// The frequency caps of its exposures.
    pub caps: Vec<Limit<'a>>,
    /// The message for each slot.
    pub slots: Vec<Placement<'a>>,
    /// The alternatives for the next action.
    pub next: Vec<Next<'a>>,
    /// The settings that choose among those alternatives.
    pub reach: Reach<'a>,
}

/// The settings by which a campaign chooses between channels.
#[derive(Clone, Debug, Default)]
pub struct Reach<'a> {
    /// Whether the best channel is chosen instead of the first possible one.
    pub best: bool,
    /// The time after which the value of the message has halved; `None` if it never does.
    pub half_life: Option<Millis>,
    /// The roles that the message requires of a channel; empty for those of its class.
    pub roles: Vec<Reference<'a>>,
    /// The topic that people may opt out of in a channel.
    pub topic: Option<&'a str>,
}

/// The message of a campaign for a slot.
#[derive(Clone, Debug)]
pub struct Placement<'a> {
    /// The slot.
    pub slot: Reference<'a>,
    /// The message.
    pub message: Reference<'a>,
}

/// The message of a campaign for a channel.
#[derive(Clone, Debug)]
pub struct Next<'a> {
    /// The channel.
    pub channel: Reference<'a>,
    /// The message.
    pub message: Reference<'a>,
    /// The delay from the decision to the delivery.
    pub after: Millis,
    /// The time after which the message is no longer useful.
    pub until: Millis,
}

impl<'a> Definition<'a> for Campaign<'a> {
    const NOUN: &'static str = "campaign";

    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Self {
        let known = [
            "class",
            "priority",
            "score",
            "when",
            "schedule",
            "offer",
            "experiment",
            "exclusion",
            "caps",
            "slots",
            "next",
            "choose",
            "halfLife",
            "roles",
            "topic",
            "description",
        ];
        let fields = cursor.fields(&known, out);
        let [slots, next] = ["slots", "next"].map(|name| fields.get(name));
        if slots.is_none() && next.is_none() {
            let message = "the campaign has neither `slots` nor `next`";
            fields.cursor().error("empty", message, out).expected("`slots` or `next`");
        }
        Self {
            class: class(&fields, out),
            priority: fields.get("priority").and_then(|cursor| cursor.integer(0..=1000, out)).unwrap_or(0),
            score: Score::read(&fields, out),
            when: fields.get("when").map(When::new),
            schedule: fields.get("schedule").map_or(Schedule::ALWAYS, |cursor| schedule(cursor, out)),
            offer: fields.get("offer").and_then(|cursor| cursor.reference(out)),
            experiment: fields.get("experiment").and_then(|cursor| cursor.reference(out)),
            exclusion: Exclusion::read(&fields, out),
            caps: caps(&fields, out),
            slots: slots.map(|cursor| placements(&cursor, out)).unwrap_or_default(),
            reach: Reach::read(&fields, out),
            next: next.map(|cursor| steps(&cursor, out)).unwrap_or_default(),
        }
    }
}

fn schedule(cursor: Cursor<'_>, out: &mut ReadContext<'_>) -> Schedule {
    let fields = cursor.fields(&["from", "until", "timezone"], out);
    let zone = fields.get("timezone").and_then(|cursor| cursor.zone(out)).unwrap_or_else(|| out.zone.clone());
    Schedule::read(&fields, &zone, out)
}

fn caps<'a>(fields: &Fields<'a>, out: &mut ReadContext<'_>) -> Vec<Limit<'a>> {
    let caps = fields.get("caps").map(|cursor| cursor.list(out)).unwrap_or_default();
    let read = |cursor: Cursor<'a>| Limit::read(&cursor.fields(&["max", "per", "unit"], out), out);
    caps.into_iter().filter_map(read).collect()
}

fn placements<'a>(cursor: &Cursor<'a>, out: &mut ReadContext<'_>) -> Vec<Placement<'a>> {
    let slots = cursor.definitions(out);
    if slots.is_empty() {
        cursor.error("empty", "`slots` is empty", out).expected("a map from slots to messages");
    }
    let placement = |(slot, mark): (&'a str, Cursor<'a>)| {
        let value = Cursor { mark: mark.node.span, ..mark.clone() };
        Some(Placement { slot: Reference { name: slot, cursor: mark }, message: value.reference(out)? })
    };
    slots.into_iter().filter_map(placement).collect()
}

fn steps<'a>(cursor: &Cursor<'a>, out: &mut ReadContext<'_>) -> Vec<Next<'a>> {
    let steps = cursor.list(out);
    if steps.is_empty() {
        cursor.error("empty", "`next` is empty", out).expected("a list of channels with messages");
    }
    steps.into_iter().filter_map(|cursor| Next::read(cursor, out)).collect()
}

impl<'a> Reach<'a> {
    fn read(fields: &Fields<'a>, out: &mut ReadContext<'_>) -> Self {
        let is_best = |word: &str| ["first", "best"].iter().position(|known| *known == word).map(|index| index == 1);
        let best =
            fields.get("choose").and_then(|cursor| cursor.keyword(&["first", "best"], is_best, out)).unwrap_or(false);
        let half_life = fields.get("halfLife");
        for name in ["choose", "halfLife", "roles", "topic"].iter().filter(|_| fields.get("next").is_none()) {
            if let Some(cursor) = fields.get(name) {
                let message = format!("`{name}` only applies to next actions, but the campaign has none");
                cursor.error("no-effect", message, out).expected("`next`");
            }
        }
        if let (Some(cursor), false) = (&half_life, best) {
            let message = "`halfLife` only applies to `choose: best`";
            cursor.error("no-effect", message, out).expected("`choose: best` next to `halfLife`");
        }
        let length = half_life.as_ref().and_then(|cursor| cursor.duration(out));
        if let (Some(cursor), Some(Millis(0))) = (&half_life, length) {
            cursor.error("out-of-range", "the half-life is zero", out).expected("a longer half-life");
        }
        let topic = fields.get("topic").and_then(|cursor| cursor.text(out));
        Self { best, half_life: length, roles: roles(fields, "roles", out), topic }
    }
}

impl<'a> Next<'a> {
    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Option<Self> {
        let fields = cursor.fields(&["channel", "message", "after", "until"], out);
        let after = fields.get("after").and_then(|cursor| cursor.duration(out)).unwrap_or_default();
        let until = fields.get("until");
        let end = until.as_ref().and_then(|cursor| cursor.duration(out)).unwrap_or(Millis::MAX);
        if let (Some(until), true) = (until, end <= after) {
            let message = "`until` is not longer than `after`";
            until.error("impossible-schedule", message, out).expected("an `until` longer than `after`");
        }
        let [channel, message] = ["channel", "message"].map(|name| fields.required(name, out)?.reference(out));
        Some(Self { channel: channel?, message: message?, after, until: end })
    }
}

impl<'a> Campaign<'a> {
    /// Reports references to unknown definitions, and messages that do not suit their slot or channel.
    pub fn check(&self, rules: &Rules<'a>, out: &mut ReadContext<'_>) {
        if let Some(offer) = &self.offer {
            find(&rules.offers, offer, out);
        }
        if let Some(experiment) = &self.experiment {
            find(&rules.experiments, experiment, out);
        }
        if let Some(score) = &self.score {
            score.check(rules, out);
        }
        self.caps.iter().for_each(|cap| account_unit::check(cap.unit.as_ref(), rules, out));
        self.slots.iter().for_each(|placement| placement.check(rules, out));
        self.next.iter().for_each(|next| next.check(rules, out));
        check_roles(&self.reach.roles, rules, out);
        let allows_roles = |next: &Next<'_>| {
            rules.channels.get(next.channel.name).is_none_or(|row| row.allows_roles(self.roles(rules)))
        };
        if let Some(first) = self.next.first().filter(|_| !self.next.iter().any(allows_roles)) {
            let message = "none of the channels has a role that the message requires";
            let wanted: Vec<&str> = self.roles(rules).iter().map(|role| role.name).collect();
            first.channel.cursor.error("role", message, out).expected(format!("a channel for: {}", wanted.join(", ")));
        }
    }

    /// Returns the roles that its messages require of a channel.
    #[must_use]
    pub fn roles<'r>(&'r self, rules: &'r Rules<'a>) -> &'r [Reference<'a>] {
        if self.reach.roles.is_empty() { rules.policies.roles.of(self.class) } else { &self.reach.roles }
    }

    /// Returns the references to all messages that it may show or send.
    pub fn messages(&self) -> impl Iterator<Item = &Reference<'a>> {
        let placed = self.slots.iter().map(|placement| &placement.message);
        placed.chain(self.next.iter().map(|next| &next.message))
    }
}

impl Placement<'_> {
    fn check(&self, rules: &Rules<'_>, out: &mut ReadContext<'_>) {
        let slot = rules.slot(self.slot.name);
        if slot.is_none() {
            self.slot.unknown("slot", rules.slots.iter().map(|(id, _)| *id), out);
        }
        let message = find(&rules.messages, &self.message, out);
        let (Some(slot), Some(message)) = (slot, message) else { return };
        if let Some(schema) = &slot.schema {
            // Apps fill slots too, in their own channel.
            let data = message.renditions.iter().filter_map(|rendition| rendition.data.as_ref());
            data.for_each(|data| crate::rules::slot_schema::hold(schema.node, data, rules, out));
        }
        let wanted = if slot.json { Format::Json } else { Format::Html };
        if message.in_channel(WEB).next().is_none() {
            let text = format!("message `{}` has no rendition for the channel `web`", self.message.name);
            self.message.cursor.error("no-rendition", text, out).expected("a rendition with `channel: web`");
        }
        if let Some(other) = message.in_channel(WEB).find(|rendition| rendition.format != wanted) {
            let (slot, message) = (self.slot.name, self.message.name);
            let text =
                format!("slot `{slot}` takes {}, but message `{message}` has {}", wanted.name(), other.format.name());
            self.message.cursor.error("wrong-format", text, out).expected(format!("`{}` renditions", wanted.name()));
        }
    }
}

impl Next<'_> {
    fn check(&self, rules: &Rules<'_>, out: &mut ReadContext<'_>) {
        let channel = find(&rules.channels, &self.channel, out);
        let message = find(&rules.messages, &self.message, out);
        if self.channel.name == WEB {
            let text = "a next action cannot use the channel `web`";
            self.channel.cursor.error("channel", text, out).expected("another channel, or `slots`");
        }
        let reach = channel.and_then(|channel| channel.reach.as_ref());
        if let Some(attribute) = reach.and_then(|reach| rules.attributes.get(reach.name))
            && !attribute.is_at_edge()
        {
            let text = format!("the reach of channel `{}` can only be evaluated by the collector", self.channel.name);
            let expected = "a channel whose `reach` is an attribute with `edge: true`";
            self.channel.cursor.error("not-at-edge", text, out).expected(expected);
        }
        let (Some(_), Some(message)) = (channel, message) else { return };
        message.require_in_channel(&self.message, self.channel.name, out);
        for (name, output) in message.in_channel(self.channel.name).flat_map(|rendition| rendition.reads(rules)) {
            if let Some(attribute) = rules.attributes.get(name) {
                attribute.require_at_edge(output, "a next action", out);
            }
        }
    }
}
