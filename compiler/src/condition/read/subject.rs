//! Operators that test the subject: segments, events, time, consent, journeys.

use throughline::internals::plan::tables::JourneyState;
use throughline::{Consent, Millis};

use super::address::as_given;
use super::{LOGIC, Reader};
use crate::condition::tree::{AttributeTest, Condition, Segment, Stage, SubjectTest, ValueTest};
use crate::condition::vocabulary::KnownAttribute;
use crate::source::cursor::Cursor;
use crate::source::time;
use crate::source::tree::{Entry, Kind, Span};

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

/// The name of the subject's own time zone.
pub(super) const SUBJECT: &str = "subject";

impl<'a> Reader<'_, 'a> {
    /// An entry of a condition on a subject that is not an operator of logic.
    pub(super) fn subject_part(&mut self, key: &'a str, entry: &Entry, cursor: &Cursor<'a>) -> Condition<'a> {
        if OPERATORS.contains(&key) && self.is_strict() {
            let test = self.subject_test(key, cursor);
            let source = cursor.node;
            return test.map_or(Condition::Never, |test| Condition::Subject { operator: key, source, test });
        }
        self.attribute_part(key, entry.key_span, cursor, |reader, attribute| reader.value(cursor, attribute))
    }

    fn subject_test(&mut self, operator: &'a str, cursor: &Cursor<'a>) -> Option<SubjectTest<'a>> {
        match operator {
            "$segment" => self.segments(cursor),
            "$stage" => self.stages(cursor),
            "$schedule" => self.schedule(cursor),
            "$local" => self.local(cursor),
            "$distance" => self.distance(cursor),
            "$consent" => self.consent(cursor),
            "$journey" => self.journey(cursor),
            _ => Some(self.history(operator, cursor)),
        }
    }

    /// A test of the attribute that a path begins with.
    pub(super) fn attribute_part(
        &mut self,
        path: &'a str,
        span: Span,
        cursor: &Cursor<'a>,
        test: impl FnOnce(&mut Self, Option<&KnownAttribute>) -> ValueTest<'a>,
    ) -> Condition<'a> {
        let vocabulary = self.vocabulary;
        let Some((name, rest, attribute)) = vocabulary.attribute(path) else {
            if path.starts_with('$') && self.is_strict() {
                let mistake = self.mistake(span, cursor, "unknown-operator", format!("unknown operator `{path}`"));
                mistake.expected_one_of(path, LOGIC.into_iter().chain(OPERATORS));
            } else {
                let message = format!("unknown attribute `{path}`");
                let error = self.diagnostics.error(span, &cursor.path, "unknown-attribute", message);
                error.expected_one_of(path, vocabulary.attributes.keys().copied());
            }
            return Condition::Never;
        };
        let test = test(self, rest.is_none().then_some(attribute));
        let test = self.of_attribute(path, test, cursor);
        let name = if self.is_strict() { name } else { as_given(name) };
        Condition::Attribute(AttributeTest { path, name, rest, dialect: self.dialect, test })
    }

    /// `$segment: id` or a list of ids, of which one is enough.
    fn segments(&mut self, cursor: &Cursor<'a>) -> Option<SubjectTest<'a>> {
        let items = self.one_or_many(cursor, "the id of a segment, or a list of ids")?;
        Some(SubjectTest::Segment(items.iter().filter_map(|item| self.segment(item)).collect()))
    }

    /// `$stage: id` or a list of ids: the first stage that the subject is in is one of them.
    fn stages(&mut self, cursor: &Cursor<'a>) -> Option<SubjectTest<'a>> {
        let items = self.one_or_many(cursor, "a stage, or a list of stages")?;
        Some(SubjectTest::Stage(items.iter().filter_map(|item| self.stage(item)).collect()))
    }

    fn one_or_many(&mut self, cursor: &Cursor<'a>, expected: &str) -> Option<Vec<Cursor<'a>>> {
        let at_list = |item| Cursor { path: cursor.path.clone(), ..item };
        match &cursor.node.kind {
            Kind::List(items) if !items.is_empty() => Some(cursor.items()?.into_iter().map(at_list).collect()),
            Kind::String(_) => Some(vec![cursor.clone()]),
            _ => {
                self.wrong_type(cursor, expected);
                None
            }
        }
    }

    /// The subject is in the segment of the stage, and in none of an earlier one.
    fn stage(&mut self, cursor: &Cursor<'a>) -> Option<Stage<'a>> {
        let Some(id) = cursor.node.as_str() else {
            self.wrong_type(cursor, "a stage");
            return None;
        };
        let stages = &self.vocabulary.stages;
        let Some(number) = stages.iter().position(|stage| *stage == id) else {
            let error = self.error(cursor, "unknown-stage", format!("unknown stage `{id}`"));
            error.expected_one_of(id, stages.iter().copied());
            return None;
        };
        Some(Stage { id, earlier: stages.iter().take(number).copied().collect() })
    }

    fn segment(&mut self, cursor: &Cursor<'a>) -> Option<Segment<'a>> {
        let Some(id) = cursor.node.as_str() else {
            self.wrong_type(cursor, "the id of a segment");
            return None;
        };
        let known = &self.vocabulary.segments;
        if !known.contains(id) {
            let error = self.error(cursor, "unknown-segment", format!("unknown segment `{id}`"));
            error.expected_one_of(id, known.iter().copied());
            return None;
        }
        Some(Segment { id, source: cursor.node })
    }

    /// `$schedule`: now is at or after `from`, and before `until`.
    fn schedule(&mut self, cursor: &Cursor<'a>) -> Option<SubjectTest<'a>> {
        self.known_members(cursor, &["from", "until", "timezone"])?;
        let zone = cursor.get("timezone");
        let is_local = zone.as_ref().and_then(|zone| zone.node.as_str()) == Some(SUBJECT);
        let zone = match zone {
            None => self.vocabulary.zone.clone(),
            // The subject's local time is compared as if it were UTC.
            Some(_) if is_local => jiff::tz::TimeZone::UTC,
            Some(name) => self.zone(&name)?,
        };
        let mut at = |key: &str, open: Millis| match cursor.get(key) {
            None => Some(open),
            Some(found) => self.time(&found, &zone, is_local),
        };
        let (from, until) = (at("from", Millis::MIN), at("until", Millis::MAX));
        let (from, until) = (from?, until?);
        if from >= until {
            let error = self.error(cursor, "empty-schedule", "the schedule ends before it begins");
            error.expected("`until` after `from`");
            return None;
        }
        Some(SubjectTest::Schedule { from, until, is_local })
    }

    /// The time zone with a name of the IANA database.
    pub(super) fn zone(&mut self, name: &Cursor<'_>) -> Option<jiff::tz::TimeZone> {
        let found = name.node.as_str().and_then(|name| jiff::tz::TimeZone::get(name).ok());
        if found.is_none() {
            let message = format!("unknown time zone `{}`", name.node.as_str().unwrap_or_default());
            let error = self.error(name, "timezone", message);
            error.expected(format!("`{SUBJECT}`, or a name of the IANA database, such as Europe/Vienna"));
        }
        found
    }

    fn time(&mut self, cursor: &Cursor<'_>, zone: &jiff::tz::TimeZone, is_local: bool) -> Option<Millis> {
        let has_offset = |text: &str| text.parse::<jiff::Timestamp>().is_ok();
        let text = cursor.node.as_str();
        if let (true, Some(text)) = (is_local, text.filter(|text| has_offset(text))) {
            let message = format!("`{text}` has an offset, but the schedule is in the subject's local time");
            self.error(cursor, "time", message).expected("a time such as 2026-11-01T08:30:00");
            return None;
        }
        let message = match text.map(|text| time::parse(text, zone)) {
            Some(Ok(time)) => return Some(time),
            Some(Err(error)) => error.to_string(),
            None => format!("found {}", cursor.node.kind_name()),
        };
        self.error(cursor, "time", message).expected("a time such as 2026-11-01 or 2026-11-01T08:30:00");
        None
    }

    /// `$consent: purpose`, granted, or a map from purposes to the states that they all must have.
    fn consent(&mut self, cursor: &Cursor<'a>) -> Option<SubjectTest<'a>> {
        let purposes = match &cursor.node.kind {
            Kind::String(purpose) => vec![self.purpose(purpose, cursor.node.span, cursor, Consent::Granted)],
            Kind::Map(entries) if !entries.is_empty() => {
                entries.iter().map(|entry| self.consent_state(entry, &cursor.member(entry))).collect()
            }
            _ => {
                self.wrong_type(cursor, "a purpose, or a map from purposes to granted, denied or pending");
                return None;
            }
        };
        Some(SubjectTest::Consent(purposes.into_iter().flatten().collect()))
    }

    fn consent_state(&mut self, entry: &'a Entry, cursor: &Cursor<'a>) -> Option<(&'a str, Consent)> {
        let Some(state) = entry.value.as_str().and_then(Consent::from_name) else {
            self.wrong_type(cursor, "one of: granted, denied, pending");
            return None;
        };
        self.purpose(&entry.key, entry.key_span, cursor, state)
    }

    fn purpose(
        &mut self,
        purpose: &'a str,
        span: Span,
        cursor: &Cursor<'a>,
        state: Consent,
    ) -> Option<(&'a str, Consent)> {
        let known = &self.vocabulary.purposes;
        if !known.is_empty() && !known.contains(purpose) {
            let message = format!("unknown purpose `{purpose}`: no policy and no channel names it");
            let error = self.diagnostics.error(span, &cursor.path, "unknown-purpose", message);
            error.expected_one_of(purpose, known.iter().copied());
            return None;
        }
        Some((purpose, state))
    }

    /// `$journey`: the subject is in a journey, or was.
    fn journey(&mut self, cursor: &Cursor<'a>) -> Option<SubjectTest<'a>> {
        self.known_members(cursor, &["id", "state", "step"])?;
        let id = cursor.node.get("id").and_then(|id| id.as_str()).unwrap_or_default();
        let vocabulary = self.vocabulary;
        let Some(steps) = vocabulary.journeys.get(id) else {
            let error = self.error_at(cursor, "id", "unknown-journey", format!("unknown journey `{id}`"));
            error.expected_one_of(id, vocabulary.journeys.keys().copied());
            return None;
        };
        let state = cursor.get("state").map(|found| {
            let state = found.node.as_str().and_then(JourneyState::from_name);
            self.known_word(state, &found, JourneyState::NAMES.iter().copied())
        });
        let step = cursor.get("step").map(|found| {
            let step = found.node.as_str().filter(|word| steps.contains(word));
            self.known_word(step, &found, steps.iter().copied())
        });
        Some(SubjectTest::Journey { id, state: state.flatten(), step: step.flatten() })
    }
}
