//! Operators that test the subject: segments, events, time, consent, journeys.

use throughline::plan::node::narrow;
use throughline::plan::tables::{Counter, JourneyState, LocalPart};
use throughline::plan::{Id, Op};
use throughline::{Consent, Millis};

use super::{Compiler, Keys, LOGIC, NodeId, join};
use crate::tree::{Entry, Kind, Node};
use crate::{duration, time};

/// Every operator that tests the subject.
pub(super) const OPERATORS: [&str; 7] =
    ["$segment", "$event", "$recency", "$schedule", "$local", "$consent", "$journey"];

/// What stands in the place of a time zone for the subject's own.
pub(super) const SUBJECT: &str = "subject";

/// A profile keeps at most so many times of an event.
const MAX_COUNT: u32 = 256;

impl Compiler<'_> {
    /// An entry of a condition on a subject that is no logic.
    pub(super) fn subject_part(&mut self, key: &str, entry: &Entry, path: &str) -> Option<NodeId> {
        let value = &entry.value;
        match key {
            "$segment" if self.is_strict() => self.segments(value, path),
            "$event" if self.is_strict() => self.events(value, path),
            "$recency" if self.is_strict() => self.recency(value, path),
            "$schedule" if self.is_strict() => self.schedule(value, path),
            "$local" if self.is_strict() => self.local(value, path),
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
        let items = match &node.kind {
            Kind::List(items) if !items.is_empty() => items.as_slice(),
            Kind::String(_) => std::slice::from_ref(node),
            _ => return self.wrong_type(node, path, "the id of a segment, or a list of ids"),
        };
        let parts = items.iter().map(|item| self.segment(item, path)).collect();
        self.any_of(parts)
    }

    fn segment(&mut self, node: &Node, path: &str) -> Option<NodeId> {
        let Some(name) = node.as_str() else { return self.wrong_type(node, path, "the id of a segment") };
        let Some(segment) = self.scope.segments.get(name).copied() else {
            let message = format!("unknown segment `{name}`");
            let error = self.diagnostics.error(node.span, path, "unknown-segment", message);
            error.expected_one_of(name, self.scope.segments.keys().map(String::as_str));
            return None;
        };
        self.scope.uses.segments.insert(name.to_owned());
        Some(self.node(Op::Segment, [segment.0, 0, 0, 0]))
    }

    /// `$event`: how often an event happened; a list of such, which all have to hold.
    fn events(&mut self, node: &Node, path: &str) -> Option<NodeId> {
        let Kind::List(items) = &node.kind else { return self.event(node, path) };
        let items = items.iter().enumerate();
        let parts = items.map(|(index, item)| self.event(item, &format!("{path}[{index}]"))).collect();
        self.all_of(parts)
    }

    fn event(&mut self, node: &Node, path: &str) -> Option<NodeId> {
        self.known_members(node, path, &["name", "where", "count", "within"])?;
        let within = match node.get("within") {
            Some(within) => self.duration(within, &join(path, "within")),
            None => Some(Millis(0)),
        };
        let count = match node.get("count") {
            Some(count) => self.count(count, &join(path, "count")),
            None => Some((self.at_least_once(), 1)),
        };
        let event = self.event_name(node, path, "name");
        let filter = self.event_filter(node, path);
        let (within, (count, keep), event, filter) = (within?, count?, event?, filter?);
        let counter: Id<Counter> = self.scope.counter(event, filter, keep, within);
        let (low, high) = narrow(within.0);
        Some(self.node(Op::Count, [counter.0, count.0, low, high]))
    }

    fn at_least_once(&mut self) -> NodeId {
        let count = Node { kind: Kind::Number(1.0), ..Node::default() };
        let entry = Entry { key: "$gte".to_owned(), key_span: count.span, value: count };
        let node = Node { kind: Kind::Map(vec![entry]), ..Node::default() };
        self.value(&node, "", None).unwrap_or(NodeId::new(0))
    }

    /// What a number of events has to satisfy, and how many are enough to know.
    fn count(&mut self, node: &Node, path: &str) -> Option<(NodeId, u32)> {
        let expected = "a number, or $eq, $ne, $lt, $lte, $gt or $gte with one";
        let keep = match &node.kind {
            Kind::Map(entries) if !entries.is_empty() => {
                let keeps = entries.iter().map(|entry| {
                    let more = match entry.key.as_str() {
                        "$gte" | "$lt" => 0,
                        "$gt" | "$lte" | "$eq" | "$ne" => 1,
                        _ => {
                            self.unknown_operator(
                                entry,
                                &join(path, &entry.key),
                                ["$eq", "$ne", "$lt", "$lte", "$gt", "$gte"],
                            );
                            return None;
                        }
                    };
                    self.whole(&entry.value, &join(path, &entry.key)).map(|count| count.saturating_add(more))
                });
                keeps.collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>()?.into_iter().max()?
            }
            Kind::Number(_) => self.whole(node, path)?.saturating_add(1),
            _ => {
                self.wrong_type(node, path, expected);
                return None;
            }
        };
        if keep > MAX_COUNT {
            let message = format!("a profile remembers the last {MAX_COUNT} times of an event, and this needs {keep}");
            self.diagnostics.error(node.span, path, "count-too-large", message).expected("a smaller number");
            return None;
        }
        Some((self.value(node, path, None)?, keep.max(1)))
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked before the cast")]
    fn whole(&mut self, node: &Node, path: &str) -> Option<u32> {
        match node.kind {
            Kind::Number(number) if (0.0..=1e6).contains(&number) && number.fract() == 0.0 => Some(number as u32),
            _ => {
                self.wrong_type(node, path, "a whole number");
                None
            }
        }
    }

    /// `$recency`: how long ago an event happened last.
    fn recency(&mut self, node: &Node, path: &str) -> Option<NodeId> {
        self.known_members(node, path, &["event", "where", "$lt", "$lte", "$gt", "$gte"])?;
        let event = self.event_name(node, path, "event");
        let filter = self.event_filter(node, path);
        let mut window = Millis(0);
        let mut ages = Vec::new();
        for (key, op) in [("$lt", Op::Lt), ("$lte", Op::Lte), ("$gt", Op::Gt), ("$gte", Op::Gte)] {
            let Some(age) = node.get(key) else { continue };
            let age = self.duration(age, &join(path, key));
            if let (Some(age), Op::Lt | Op::Lte) = (age, op) {
                // An age of exactly `age` has to be seen, too.
                window = window.max(age.plus(Millis(1)));
            }
            ages.push(age.map(|age| self.millis(op, age)));
        }
        if ages.is_empty() {
            let message = "`$recency` does not say how long ago";
            self.diagnostics.error(node.span, path, "missing", message).expected("$lt, $lte, $gt or $gte");
            return None;
        }
        let (age, event, filter) = (self.all_of(ages), event, filter);
        let (age, event, filter) = (age?, event?, filter?);
        let counter = self.scope.counter(event, filter, 1, window);
        Some(self.node(Op::Recency, [counter.0, age.0, 0, 0]))
    }

    /// The value compares so with a length of time.
    fn millis(&mut self, op: Op, length: Millis) -> NodeId {
        #[expect(clippy::cast_precision_loss, reason = "durations in rules are far below 2^53 milliseconds")]
        let number = Node { kind: Kind::Number(length.0 as f64), ..Node::default() };
        let entry = Entry { key: op.name().to_owned(), key_span: number.span, value: number };
        let node = Node { kind: Kind::Map(vec![entry]), ..Node::default() };
        self.value(&node, "", None).unwrap_or(NodeId::new(0))
    }

    fn event_name<'n>(&mut self, node: &'n Node, path: &str, key: &str) -> Option<&'n str> {
        let found = node.get(key);
        let name = found.and_then(Node::as_str).filter(|name| !name.is_empty() && name.len() <= 200);
        if name.is_none() {
            let (span, message) = match found {
                Some(found) => (found.span, format!("found {}", found.kind_name())),
                None => (node.span, format!("`{key}` is missing")),
            };
            let error = self.diagnostics.error(span, &join(path, key), "event-name", message);
            error.expected("the name of an event, such as Product Added");
        }
        name
    }

    /// The condition on the event's properties, checked; none outside if it has errors, none inside if there is none.
    fn event_filter<'n>(&mut self, node: &'n Node, path: &str) -> Option<Option<&'n Node>> {
        match node.get("where") {
            Some(filter) => self.compile(filter, &join(path, "where"), Keys::Members).map(|_| Some(filter)),
            None => Some(None),
        }
    }

    fn duration(&mut self, node: &Node, path: &str) -> Option<Millis> {
        let expected = "a number and a unit, such as 90s, 10m, 48h, 7d or 2w";
        let message = match node.as_str().map(duration::parse) {
            Some(Ok(Millis(0))) => "a length of time of zero".to_owned(),
            Some(Ok(length)) => return Some(length),
            Some(Err(error)) => error.to_string(),
            None => format!("found {}", node.kind_name()),
        };
        self.diagnostics.error(node.span, path, "duration", message).expected(expected);
        None
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
            let message = format!("`{text}` has an offset, and the schedule is in the subject's local time");
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
            _ => return self.wrong_type(node, path, "a purpose, or a map of purposes to granted, denied or pending"),
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
            let message = format!("unknown word `{word}`");
            self.diagnostics.error(node.span, path, "unknown-word", message).expected_one_of(word, known);
        }
        number
    }

    /// Checks that this is a map with no other members than these.
    pub(super) fn known_members(&mut self, node: &Node, path: &str, known: &[&str]) -> Option<()> {
        let Kind::Map(entries) = &node.kind else {
            self.wrong_type(node, path, &format!("a map with some of: {}", known.join(", ")));
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
