//! Operators on the history: how often, how much, the first and the last, and one event after another.

use throughline::Millis;
use throughline::internals::plan::Op;
use throughline::internals::plan::tables::Fold;

use super::Reader;
use crate::condition::counter::CounterSpec;
use crate::condition::tree::{Bound, History, NumberTest, SubjectTest};
use crate::condition::when::When;
use crate::source::cursor::Cursor;
use crate::source::duration;
use crate::source::tree::{Entry, Kind};

/// The number of times of an event that a profile keeps at most.
const MAX_COUNT: u32 = 256;
/// The number of last values that are added up unless the rules name another.
const SUMMED: u32 = 32;
/// The number of last events of each kind that are looked at for a sequence unless the rules name another.
const LOOKED_AT: u32 = 8;
/// The operators on an age.
pub(super) const AGES: [(&str, Op); 4] = [("$lt", Op::Lt), ("$lte", Op::Lte), ("$gt", Op::Gt), ("$gte", Op::Gte)];

impl<'a> Reader<'_, 'a> {
    /// `$event`, or a list of such, which all have to hold; likewise with the other operators of this file.
    pub(super) fn history(&mut self, operator: &str, cursor: &Cursor<'a>) -> SubjectTest<'a> {
        let items = cursor.items().unwrap_or_else(|| vec![cursor.clone()]);
        SubjectTest::History(items.iter().filter_map(|item| self.happened(operator, item)).collect())
    }

    fn happened(&mut self, operator: &str, cursor: &Cursor<'a>) -> Option<History<'a>> {
        match operator {
            "$event" => self.event(cursor),
            "$distinct" => self.distinct(cursor),
            "$sum" => self.sum(cursor),
            "$sequence" => self.sequence(cursor),
            "$first" => self.edge(Op::First, cursor),
            "$last" => self.edge(Op::Last, cursor),
            _ => self.recency(cursor),
        }
    }

    /// `$event`: how often an event happened.
    fn event(&mut self, cursor: &Cursor<'a>) -> Option<History<'a>> {
        self.known_members(cursor, &["name", "where", "once", "count", "within"])?;
        let (within, count) = (self.within(cursor, "within"), self.count_of(cursor));
        let event = self.spec(cursor, "name");
        let (within, (count, keep), event) = (within?, count?, event?);
        Some(History::Count { op: Op::Count, counter: CounterSpec { keep, within, ..event }, count })
    }

    /// `$distinct`: how many different values a property of an event had.
    fn distinct(&mut self, cursor: &Cursor<'a>) -> Option<History<'a>> {
        self.known_members(cursor, &["event", "where", "property", "count", "within"])?;
        let (within, count) = (self.within(cursor, "within"), self.count_of(cursor));
        let event = self.spec_with_property(cursor, Fold::Distinct);
        let (within, (count, keep), event) = (within?, count?, event?);
        Some(History::Count { op: Op::Distinct, counter: CounterSpec { keep, within, ..event }, count })
    }

    /// `$sum`: the sum of the last values of a property.
    fn sum(&mut self, cursor: &Cursor<'a>) -> Option<History<'a>> {
        self.known_members(cursor, &["event", "where", "once", "property", "total", "within", "last"])?;
        let (within, keep) = (self.within(cursor, "within"), self.keep(cursor, SUMMED));
        let event = self.spec_with_property(cursor, Fold::Sum);
        let total = self.required(cursor, "total", "a number, or operators with one");
        let total = total.map(|total| self.value(&total, None));
        let (within, keep, event, total) = (within?, keep?, event?, total?);
        Some(History::Sum { counter: CounterSpec { keep, within, ..event }, total })
    }

    /// `$first` and `$last`: the value of a property at that event, and the age of the event.
    fn edge(&mut self, op: Op, cursor: &Cursor<'a>) -> Option<History<'a>> {
        let known = ["event", "where", "once", "property", "value", "$lt", "$lte", "$gt", "$gte"];
        self.known_members(cursor, &known)?;
        let fold = if op == Op::First { Fold::First } else { Fold::Last };
        let has_property = cursor.node.get("property").is_some() || cursor.node.get("value").is_some();
        let event = match has_property {
            true => self.spec_with_property(cursor, fold),
            false => self.spec(cursor, "event").map(|spec| CounterSpec { fold, ..spec }),
        };
        let value = has_property.then(|| {
            let value = self.required(cursor, "value", "a value, or operators with one")?;
            Some(self.value(&value, None))
        });
        let ages = self.ages(cursor);
        if ages.is_empty() && value.is_none() {
            self.says_nothing(cursor, "property and value, or $lt, $lte, $gt or $gte with a duration");
        }
        // The first event of all is the first one of its value.
        let once = |spec: &CounterSpec<'a>| if op == Op::First { "" } else { spec.once };
        let counter = event.map(|spec| CounterSpec { once: once(&spec), ..spec });
        Some(History::Edge { op, counter: counter?, value: value.flatten(), ages })
    }

    /// `$recency`: the age of the last event.
    fn recency(&mut self, cursor: &Cursor<'a>) -> Option<History<'a>> {
        self.known_members(cursor, &["event", "where", "once", "$lt", "$lte", "$gt", "$gte"])?;
        let event = self.spec(cursor, "event");
        let ages = self.ages(cursor);
        if !AGES.iter().any(|(key, _)| cursor.node.get(key).is_some()) {
            self.says_nothing(cursor, "$lt, $lte, $gt or $gte");
        }
        // An event that is exactly as old as an upper bound has to be seen, too.
        let upper = ages.iter().filter(|(op, _)| matches!(op, Op::Lt | Op::Lte));
        let within = upper.map(|(_, age)| millis(*age).plus(Millis(1))).max().unwrap_or_default();
        Some(History::Recency { counter: CounterSpec { within, ..event? }, ages })
    }

    /// `$sequence`: one event, and another one soon after it.
    fn sequence(&mut self, cursor: &Cursor<'a>) -> Option<History<'a>> {
        self.known_members(cursor, &["first", "then", "within", "since", "last"])?;
        let [first, then] = ["first", "then"].map(|key| {
            let event = self.required(cursor, key, "a map with the keys event, where, once")?;
            self.known_members(&event, &["event", "where", "once"])?;
            self.spec(&event, "event")
        });
        let within = self.required(cursor, "within", "a number and a unit, such as 90s, 10m, 48h, 7d or 2w");
        let within = within.and_then(|within| self.duration(&within));
        let (since, keep) = (self.within(cursor, "since"), self.keep(cursor, LOOKED_AT));
        let (first, then, within, since, keep) = (first?, then?, within?, since?, keep?);
        let first = CounterSpec { keep, within: since, ..first };
        let then = CounterSpec { keep, within: since, ..then };
        Some(History::Sequence { first, then, within })
    }

    /// The event that a map names under `key`, and the condition on its properties.
    fn spec(&mut self, cursor: &Cursor<'a>, key: &str) -> Option<CounterSpec<'a>> {
        let event = self.event_name(cursor, key);
        let filter = cursor.get("where").map(When::new);
        if let Some(filter) = &filter {
            filter.read_filter(self.diagnostics);
        }
        let once = match cursor.get("once") {
            Some(once) => self.property_name(&once, "the name of a property, such as order_id")?,
            None => "",
        };
        Some(CounterSpec { filter, once, ..CounterSpec::of(event?) })
    }

    fn spec_with_property(&mut self, cursor: &Cursor<'a>, fold: Fold) -> Option<CounterSpec<'a>> {
        let spec = self.spec(cursor, "event");
        let expected = "the name of a property, such as price";
        let property = self.required(cursor, "property", expected)?;
        let property = self.property_name(&property, expected)?;
        Some(CounterSpec { property, fold, ..spec? })
    }

    fn property_name(&mut self, cursor: &Cursor<'a>, expected: &str) -> Option<&'a str> {
        let name = cursor.node.as_str().filter(|name| !name.is_empty() && name.len() <= 200);
        if name.is_none() {
            self.wrong_type(cursor, expected);
        }
        name
    }

    fn required(&mut self, map: &Cursor<'a>, key: &str, expected: &str) -> Option<Cursor<'a>> {
        let found = map.get(key);
        if found.is_none() {
            self.error_at(map, key, "missing-key", format!("missing key `{key}`")).expected(expected);
        }
        found
    }

    fn says_nothing(&mut self, cursor: &Cursor<'_>, expected: &str) {
        let operator = cursor.path.rsplit('.').next().unwrap_or(&cursor.path);
        let message = format!("`{operator}` has no test for the event");
        self.error(cursor, "missing", message).expected(expected);
    }

    /// A window; zero, for ever, without one.
    fn within(&mut self, map: &Cursor<'a>, key: &str) -> Option<Millis> {
        map.get(key).map_or(Some(Millis(0)), |within| self.duration(&within))
    }

    /// The number of last events that count.
    fn keep(&mut self, map: &Cursor<'a>, default: u32) -> Option<u32> {
        let Some(last) = map.get("last") else { return Some(default) };
        let count = self.integer(&last)?;
        if !(1..=MAX_COUNT).contains(&count) {
            let message = format!("the count is {count}, but a profile keeps from 1 to {MAX_COUNT} times of an event");
            self.error(&last, "count-too-large", message).expected("a number in this range");
            return None;
        }
        Some(count)
    }

    /// The test in `count`, at least one without it, and the number of events that is enough to decide it.
    fn count_of(&mut self, map: &Cursor<'a>) -> Option<(NumberTest, u32)> {
        match map.get("count") {
            Some(count) => self.count(&count),
            None => Some((NumberTest::Bounds(vec![(Op::Gte, 1.0)]), 1)),
        }
    }

    /// The test of a number of events, and the number of events that is enough to decide it.
    fn count(&mut self, cursor: &Cursor<'a>) -> Option<(NumberTest, u32)> {
        let (test, keep) = match &cursor.node.kind {
            Kind::Map(entries) if !entries.is_empty() => {
                let bounds: Vec<_> = entries.iter().map(|entry| self.count_bound(entry, cursor)).collect();
                let bounds: Vec<(Bound, u32)> = bounds.into_iter().collect::<Option<_>>()?;
                let keep = bounds.iter().map(|(_, keep)| *keep).max()?;
                (NumberTest::Bounds(bounds.into_iter().map(|(bound, _)| bound).collect()), keep)
            }
            Kind::Number(_) => {
                let count = self.integer(cursor)?;
                (NumberTest::Is(f64::from(count)), count.saturating_add(1))
            }
            _ => {
                self.wrong_type(cursor, "a number, or $eq, $ne, $lt, $lte, $gt or $gte with one");
                return None;
            }
        };
        if keep > MAX_COUNT {
            let message = format!("this needs {keep} times of an event, but a profile keeps only the last {MAX_COUNT}");
            self.error(cursor, "count-too-large", message).expected("a smaller number");
            return None;
        }
        Some((test, keep.max(1)))
    }

    /// A bound of a number of events, and the number of events that is enough to decide it.
    fn count_bound(&mut self, entry: &'a Entry, map: &Cursor<'a>) -> Option<(Bound, u32)> {
        let cursor = map.member(entry);
        let (op, more) = match entry.key.as_str() {
            "$gte" => (Op::Gte, 0),
            "$lt" => (Op::Lt, 0),
            "$gt" => (Op::Gt, 1),
            "$lte" => (Op::Lte, 1),
            "$eq" => (Op::Eq, 1),
            "$ne" => (Op::Ne, 1),
            _ => {
                self.unknown_operator(entry, &cursor, ["$eq", "$ne", "$lt", "$lte", "$gt", "$gte"]);
                return None;
            }
        };
        let count = self.integer(&cursor)?;
        Some(((op, f64::from(count)), count.saturating_add(more)))
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked before the cast")]
    fn integer(&mut self, cursor: &Cursor<'_>) -> Option<u32> {
        match cursor.node.kind {
            Kind::Number(number) if (0.0..=1e6).contains(&number) && number.fract() == 0.0 => Some(number as u32),
            _ => {
                self.wrong_type(cursor, "an integer");
                None
            }
        }
    }

    /// The bounds of an age, in milliseconds.
    fn ages(&mut self, map: &Cursor<'a>) -> Vec<Bound> {
        let mut ages = Vec::new();
        for (key, op) in AGES {
            let Some(age) = map.get(key) else { continue };
            #[expect(clippy::cast_precision_loss, reason = "durations in rules are far below 2^53 milliseconds")]
            ages.extend(self.duration(&age).map(|age| (op, age.0 as f64)));
        }
        ages
    }

    fn event_name(&mut self, map: &Cursor<'a>, key: &str) -> Option<&'a str> {
        let found = map.node.get(key);
        let name = found.and_then(|found| found.as_str()).filter(|name| !name.is_empty() && name.len() <= 200);
        if name.is_none() {
            let message = match found {
                Some(found) => format!("found {}", found.kind_name()),
                None => format!("missing key `{key}`"),
            };
            self.error_at(map, key, "event-name", message).expected("the name of an event, such as Product Added");
        }
        name
    }

    fn duration(&mut self, cursor: &Cursor<'_>) -> Option<Millis> {
        let message = match cursor.node.as_str().map(duration::parse) {
            Some(Ok(Millis(0))) => "the duration is zero".to_owned(),
            Some(Ok(length)) => return Some(length),
            Some(Err(error)) => error.to_string(),
            None => format!("found {}", cursor.node.kind_name()),
        };
        self.error(cursor, "duration", message).expected("a number and a unit, such as 90s, 10m, 48h, 7d or 2w");
        None
    }
}

#[expect(clippy::cast_possible_truncation, reason = "it was a whole number of milliseconds before")]
const fn millis(age: f64) -> Millis {
    Millis(age as i64)
}
