//! Operators that test the subject: segments, events, time, consent, journeys.

use throughline::internals::plan::Op;
use throughline::internals::plan::condition_ops::narrow;
use throughline::internals::plan::tables::{JourneyState, LocalPart};
use throughline::{Consent, Millis};

use super::{ConditionCompiler, LOGIC, NodeId, join};
use crate::source::time;
use crate::source::tree::{Entry, Kind, Node};

/// Every operator that tests the subject.
pub(super) const OPERATORS: [&str; 14] = [
    "$segment",
    "$stage",
    "$event",
    "$distinct",
    "$sum",
    "$sequence",
    "$first",
    "$last",
    "$recency",
    "$schedule",
    "$local",
    "$distance",
    "$consent",
    "$journey",
];

/// What stands in the place of a time zone for the subject's own.
pub(super) const SUBJECT: &str = "subject";

impl ConditionCompiler<'_> {
    /// An entry of a condition on a subject that is no logic.
    pub(super) fn subject_part(&mut self, key: &str, entry: &Entry, path: &str) -> Option<NodeId> {
        let value = &entry.value;
        match key {
            "$segment" if self.is_strict() => self.segments(value, path),
            "$stage" if self.is_strict() => self.stages(value, path),
            "$event" | "$distinct" | "$sum" | "$sequence" | "$first" | "$last" | "$recency" if self.is_strict() => {
                self.history(key, value, path)
            }
            "$schedule" if self.is_strict() => self.schedule(value, path),
            "$local" if self.is_strict() => self.local(value, path),
            "$distance" if self.is_strict() => self.distance(value, path),
            "$consent" if self.is_strict() => self.consent(value, path),
            "$journey" if self.is_strict() => self.journey(value, path),
            _ => self.attribute_part(key, entry, path),
        }
    }

    fn attribute_part(&mut self, key: &str, entry: &Entry, path: &str) -> Option<NodeId> {
        let found = self.scope.attribute(key).map(|(name, rest, known)| (name, rest, known.clone()));
        let Some((name, rest, attribute)) = found else {
            if key.starts_with('$') && self.is_strict() {
                return self.unknown_operator(entry, path, LOGIC.into_iter().chain(OPERATORS));
            }
            let message = format!("unknown attribute `{key}`");
            let error = self.diagnostics.error(entry.key_span, path, "unknown-attribute", message);
            error.expected_one_of(key, self.scope.attributes.keys().map(String::as_str));
            return None;
        };
        self.scope.uses.attributes.insert(name.to_owned());
        let value = self.value(&entry.value, path, rest.is_none().then_some(&attribute))?;
        let value = rest.map_or(value, |rest| self.member(rest, value));
        Some(self.node(Op::Attribute, [attribute.id.0, value.0, 0, 0]))
    }

    /// `$segment: id` or a list of ids, of which one is enough.
    fn segments(&mut self, node: &Node, path: &str) -> Option<NodeId> {
        self.one_or_many(node, path, "the id of a segment, or a list of ids", Self::segment)
    }

    /// `$stage: id` or a list of ids: the first stage that the subject is in is one of them.
    fn stages(&mut self, node: &Node, path: &str) -> Option<NodeId> {
        self.one_or_many(node, path, "a stage, or a list of stages", Self::stage)
    }

    fn one_or_many(
        &mut self,
        node: &Node,
        path: &str,
        expected: &str,
        mut part: impl FnMut(&mut Self, &Node, &str) -> Option<NodeId>,
    ) -> Option<NodeId> {
        let items = match &node.kind {
            Kind::List(items) if !items.is_empty() => items.as_slice(),
            Kind::String(_) => std::slice::from_ref(node),
            _ => return self.wrong_type(node, path, expected),
        };
        let parts = items.iter().map(|item| part(self, item, path)).collect();
        self.any_of(parts)
    }

    /// The subject is in the segment of the stage, and in none of an earlier one.
    fn stage(&mut self, node: &Node, path: &str) -> Option<NodeId> {
        let Some(name) = node.as_str() else { return self.wrong_type(node, path, "a stage") };
        let Some(number) = self.scope.stages.iter().position(|stage| stage == name) else {
            let message = format!("unknown stage `{name}`");
            let error = self.diagnostics.error(node.span, path, "unknown-stage", message);
            error.expected_one_of(name, self.scope.stages.iter().map(String::as_str));
            return None;
        };
        let earlier: Vec<String> = self.scope.stages.iter().take(number).cloned().collect();
        let mut parts = vec![self.in_segment(name)];
        for stage in earlier {
            let is_earlier = self.in_segment(&stage);
            parts.push(self.negate(is_earlier));
        }
        self.all_of(parts)
    }

    fn segment(&mut self, node: &Node, path: &str) -> Option<NodeId> {
        let Some(name) = node.as_str() else { return self.wrong_type(node, path, "the id of a segment") };
        let found = self.in_segment(name);
        if found.is_none() {
            let message = format!("unknown segment `{name}`");
            let error = self.diagnostics.error(node.span, path, "unknown-segment", message);
            error.expected_one_of(name, self.scope.segments.keys().map(String::as_str));
        }
        found
    }

    /// The subject is in a segment, if there is one with this name.
    fn in_segment(&mut self, name: &str) -> Option<NodeId> {
        let segment = self.scope.segments.get(name).copied()?;
        self.scope.uses.segments.insert(name.to_owned());
        Some(self.node(Op::Segment, [segment.0, 0, 0, 0]))
    }

    /// `$schedule`: now is at or after `from`, and before `until`.
    fn schedule(&mut self, node: &Node, path: &str) -> Option<NodeId> {
        self.known_members(node, path, &["from", "until", "timezone"])?;
        let is_subjects = node.get("timezone").and_then(Node::as_str) == Some(SUBJECT);
        let zone = match node.get("timezone") {
            None => self.scope.zone.clone(),
            // The subject's local time is compared as if it were UTC.
            Some(_) if is_subjects => jiff::tz::TimeZone::UTC,
            Some(name) => self.zone(name, &join(path, "timezone"))?,
        };
        let mut at = |key: &str, open: Millis| match node.get(key) {
            None => Some(open),
            Some(found) => self.time(found, &join(path, key), &zone, is_subjects),
        };
        let (from, until) = (at("from", Millis::MIN), at("until", Millis::MAX));
        let (from, until) = (from?, until?);
        if from >= until {
            let message = "the schedule ends before it begins";
            self.diagnostics.error(node.span, path, "empty-schedule", message).expected("`until` after `from`");
            return None;
        }
        if is_subjects {
            let span = self.span(from.0, until.0);
            return Some(self.local_part(None, LocalPart::Wall, span));
        }
        let ((a, b), (c, d)) = (narrow(from.0), narrow(until.0));
        Some(self.node(Op::Schedule, [a, b, c, d]))
    }

    /// The time zone with a name of the IANA database.
    pub(super) fn zone(&mut self, name: &Node, path: &str) -> Option<jiff::tz::TimeZone> {
        let found = name.as_str().and_then(|name| jiff::tz::TimeZone::get(name).ok());
        if found.is_none() {
            let message = format!("unknown time zone `{}`", name.as_str().unwrap_or_default());
            let error = self.diagnostics.error(name.span, path, "timezone", message);
            error.expected(format!("`{SUBJECT}`, or a name of the IANA database, such as Europe/Vienna"));
        }
        found
    }

    fn time(&mut self, node: &Node, path: &str, zone: &jiff::tz::TimeZone, is_local: bool) -> Option<Millis> {
        let has_offset = |text: &str| text.parse::<jiff::Timestamp>().is_ok();
        if let (true, Some(text)) = (is_local, node.as_str().filter(|text| has_offset(text))) {
            let message = format!("`{text}` has an offset, but the schedule is in the subject's local time");
            self.diagnostics.error(node.span, path, "time", message).expected("a time such as 2026-11-01T08:30:00");
            return None;
        }
        let message = match node.as_str().map(|text| time::parse(text, zone)) {
            Some(Ok(time)) => return Some(time),
            Some(Err(error)) => error.to_string(),
            None => format!("found {}", node.kind_name()),
        };
        let error = self.diagnostics.error(node.span, path, "time", message);
        error.expected("a time such as 2026-11-01 or 2026-11-01T08:30:00");
        None
    }

    /// `$consent: purpose`, granted, or a map of purposes and states, which all have to be so.
    fn consent(&mut self, node: &Node, path: &str) -> Option<NodeId> {
        let parts = match &node.kind {
            Kind::String(purpose) => vec![self.purpose(purpose, node, path, Consent::Granted)],
            Kind::Map(entries) if !entries.is_empty() => {
                entries.iter().map(|entry| self.consent_state(entry, &join(path, &entry.key))).collect()
            }
            _ => return self.wrong_type(node, path, "a purpose, or a map from purposes to granted, denied or pending"),
        };
        self.all_of(parts)
    }

    fn consent_state(&mut self, entry: &Entry, path: &str) -> Option<NodeId> {
        let Some(state) = entry.value.as_str().and_then(Consent::from_name) else {
            return self.wrong_type(&entry.value, path, "one of: granted, denied, pending");
        };
        let named = Node { span: entry.key_span, ..Node::default() };
        self.purpose(&entry.key, &named, path, state)
    }

    fn purpose(&mut self, purpose: &str, node: &Node, path: &str, state: Consent) -> Option<NodeId> {
        let known = &self.scope.purposes;
        if !known.is_empty() && !known.contains(purpose) {
            let message = format!("unknown purpose `{purpose}`: no policy and no channel names it");
            let error = self.diagnostics.error(node.span, path, "unknown-purpose", message);
            error.expected_one_of(purpose, known.iter().map(String::as_str));
            return None;
        }
        let purpose = self.plan.text(purpose);
        Some(self.node(Op::Consent, [purpose.0, state.number(), 0, 0]))
    }

    /// `$journey`: the subject is in a journey, or was.
    fn journey(&mut self, node: &Node, path: &str) -> Option<NodeId> {
        self.known_members(node, path, &["id", "state", "step"])?;
        let name = node.get("id").and_then(Node::as_str).unwrap_or_default();
        let Some((journey, steps)) = self.scope.journeys.get(name).cloned() else {
            let span = node.get("id").map_or(node.span, |id| id.span);
            let message = format!("unknown journey `{name}`");
            let error = self.diagnostics.error(span, &join(path, "id"), "unknown-journey", message);
            error.expected_one_of(name, self.scope.journeys.keys().map(String::as_str));
            return None;
        };
        self.scope.uses.journeys.insert(name.to_owned());
        let state = match node.get("state") {
            None => Some(u32::MAX),
            Some(found) => {
                let word = found.as_str().unwrap_or_default();
                let state = JourneyState::from_name(word).map(|state| state as u32);
                self.known_word(state, found, &join(path, "state"), JourneyState::NAMES.iter().copied())
            }
        };
        let step = match node.get("step") {
            None => Some(u32::MAX),
            Some(found) => {
                let step = found.as_str().filter(|word| steps.iter().any(|step| step == word));
                let step = step.map(|step| self.plan.text(step).0);
                self.known_word(step, found, &join(path, "step"), steps.iter().map(String::as_str))
            }
        };
        Some(self.node(Op::Journey, [journey.0, state?, step?, 0]))
    }

    /// The number that a word stands for; an error if it stands for none.
    pub(super) fn known_word<'k>(
        &mut self,
        number: Option<u32>,
        node: &Node,
        path: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) -> Option<u32> {
        if number.is_none() {
            let word = node.as_str().unwrap_or_default();
            let message = format!("unknown value `{word}`");
            self.diagnostics.error(node.span, path, "unknown-word", message).expected_one_of(word, known);
        }
        number
    }

    /// Checks that this is a map with no other members than these.
    pub(super) fn known_members(&mut self, node: &Node, path: &str, known: &[&str]) -> Option<()> {
        let Kind::Map(entries) = &node.kind else {
            self.wrong_type(node, path, &format!("a map with some of the keys {}", known.join(", ")));
            return None;
        };
        let mut unknown = entries.iter().filter(|entry| !known.contains(&entry.key.as_str())).peekable();
        let good = unknown.peek().is_none();
        for entry in unknown {
            let message = format!("unknown key `{}`", entry.key);
            let error = self.diagnostics.error(entry.key_span, &join(path, &entry.key), "unknown-key", message);
            error.expected_one_of(&entry.key, known.iter().copied());
        }
        good.then_some(())
    }
}
