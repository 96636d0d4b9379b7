//! `$local`: the time on the subject's clock, or on the clock of a named zone.

use jiff::civil;
use throughline::internals::plan::tables::{LocalPart, Zone};
use throughline::internals::plan::{Id, Op};
use throughline::{Millis, Value};

use super::subject::SUBJECT;
use super::{ConditionCompiler, NodeId, join};
use crate::source::tree::{Kind, Node};

/// The days of the week, as rules write them.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MIDNIGHT: i64 = 24 * 60;

impl ConditionCompiler<'_> {
    /// `$local: { time, weekday, date, timezone }`, which all have to hold.
    pub(super) fn local(&mut self, node: &Node, path: &str) -> Option<NodeId> {
        self.known_members(node, path, &["time", "weekday", "date", "timezone"])?;
        let zone = match node.get("timezone").filter(|name| name.as_str() != Some(SUBJECT)) {
            None => Some(None),
            Some(name) => self.zone(name, &join(path, "timezone")).map(Some),
        };
        let time = node.get("time").map(|time| self.time_span(time, &join(path, "time")));
        let weekday = node.get("weekday").map(|days| self.weekdays(days, &join(path, "weekday")));
        let date = node.get("date").map(|date| self.date_span(date, &join(path, "date")));
        if time.is_none() && weekday.is_none() && date.is_none() {
            let message = "`$local` has no time, weekday or date";
            self.diagnostics
                .error(node.span, path, "missing", message)
                .expected("at least one of: time, weekday, date");
            return None;
        }
        let zone = zone?.map(|zone| self.scope.zone(zone.iana_name().unwrap_or("UTC")));
        let weekday = weekday.map(|test| test.map(|test| (LocalPart::Weekday, test)));
        let time = time.map(|test| test.map(|test| (LocalPart::Time, test)));
        let tests = [date, weekday, time].into_iter().flatten();
        let parts = tests.map(|test| test.map(|(part, test)| self.local_part(zone, part, test))).collect();
        self.all_of(parts)
    }

    /// A part of the local time satisfies a node; none for the zone of the subject.
    pub(super) fn local_part(&mut self, zone: Option<Id<Zone>>, part: LocalPart, test: NodeId) -> NodeId {
        self.scope.uses.local |= zone.is_none();
        self.node(Op::Local, [zone.map_or(u32::MAX, |zone| zone.0), part as u32, test.0, 0])
    }

    /// A number is at least `from` and less than `until`. Where `until` is not greater, it is after the turn of the day or year.
    pub(super) fn span(&mut self, from: i64, until: i64) -> NodeId {
        let bounds = vec![Some(self.bound(Op::Gte, from)), Some(self.bound(Op::Lt, until))];
        let span = if from < until { self.all_of(bounds) } else { self.any_of(bounds) };
        span.unwrap_or(NodeId::new(0))
    }

    fn bound(&mut self, op: Op, number: i64) -> NodeId {
        let number = self.constant(&Value::from(Millis(number)));
        self.node(op, [number.0, 0, 0, 0])
    }

    /// `from` and `until`, as `read` understands them.
    fn edges<T: PartialEq>(
        &mut self,
        node: &Node,
        path: &str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<(T, T)> {
        self.known_members(node, path, &["from", "until"])?;
        let [from, until] = ["from", "until"].map(|key| {
            let found = node.get(key);
            let edge = found.and_then(Node::as_str).and_then(&read);
            if edge.is_none() {
                let message = match found {
                    Some(Node { kind: Kind::String(text), .. }) => format!("`{text}` is not a valid bound of the span"),
                    Some(found) => format!("found {}", found.kind_name()),
                    None => format!("missing key `{key}`"),
                };
                let span = found.map_or(node.span, |found| found.span);
                self.diagnostics.error(span, &join(path, key), "time", message).expected(expected);
            }
            edge
        });
        let (from, until) = (from?, until?);
        if from == until {
            self.diagnostics.error(node.span, path, "empty-schedule", "the span is empty: `from` equals `until`");
            return None;
        }
        Some((from, until))
    }

    /// Hours and minutes; over midnight if `until` is before `from`.
    fn time_span(&mut self, node: &Node, path: &str) -> Option<NodeId> {
        let (from, until) = self.edges(node, path, "hours and minutes, such as 09:30", minute)?;
        Some(self.span(from, until))
    }

    fn weekdays(&mut self, node: &Node, path: &str) -> Option<NodeId> {
        let days = match &node.kind {
            Kind::List(items) if !items.is_empty() => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let number = |word: &str| (1..).zip(DAYS).find_map(|(number, day)| (day == word).then_some(number));
        let numbers: Vec<_> = days
            .iter()
            .map(|day| self.known_word(day.as_str().and_then(number), day, path, DAYS))
            .map(|number| number.map(|number| Value::Number(f64::from(number))))
            .collect();
        let numbers: Vec<Value> = numbers.into_iter().collect::<Option<_>>()?;
        Some(self.among(Op::In, &numbers))
    }

    /// Days of one year, or, without a year, of every year.
    fn date_span(&mut self, node: &Node, path: &str) -> Option<(LocalPart, NodeId)> {
        let expected = "a date such as 2026-12-24, or without the year, such as 12-24";
        let (from, until) = self.edges(node, path, expected, date)?;
        if from.0 != until.0 {
            let message = "only one of the two dates has a year";
            self.diagnostics.error(node.span, path, "time", message).expected("a year in both dates, or in neither");
            return None;
        }
        if from.0 == LocalPart::Date && from.1 > until.1 {
            let message = "the span ends before it begins";
            self.diagnostics.error(node.span, path, "empty-schedule", message).expected("`until` after `from`");
            return None;
        }
        Some((from.0, self.span(from.1, until.1)))
    }
}

/// The minute of the day, `24:00` included.
fn minute(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str| text.parse::<i64>().ok().filter(|_| text.len() == 2);
    let minute = number(hours)?.checked_mul(60)?.checked_add(number(minutes).filter(|minutes| *minutes < 60)?)?;
    (0..=MIDNIGHT).contains(&minute).then_some(minute)
}

/// The day with this date, or the day of every year.
fn date(text: &str) -> Option<(LocalPart, i64)> {
    if let (true, Ok(date)) = (text.len() == 10, text.parse::<civil::Date>()) {
        let days = date.since(civil::date(1970, 1, 1)).ok()?.get_days();
        return Some((LocalPart::Date, i64::from(days)));
    }
    // A leap year, so that the 29th of February is one of its days.
    let date = format!("2024-{text}").parse::<civil::Date>().ok().filter(|_| text.len() == 5)?;
    Some((LocalPart::Season, i64::from(date.month()).checked_mul(100)?.checked_add(i64::from(date.day()))?))
}
