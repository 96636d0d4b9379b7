//! Operators on what happened: how often, how much, what first and last, what after what.

use throughline::Millis;
use throughline::internals::plan::tables::{Counter, Fold};
use throughline::internals::plan::{Id, Op};

use super::{ConditionCompiler, Keys, NodeId, join};
use crate::condition::scope::CounterSpec;
use crate::source::duration;
use crate::source::tree::{Entry, Kind, Node};

/// A profile keeps at most so many times of an event.
const MAX_COUNT: u32 = 256;
/// So many last numbers are added up unless the rules say another number.
const SUMMED: u32 = 32;
/// So many last events of each kind are looked at for a sequence unless the rules say another number.
const LOOKED_AT: u32 = 8;
/// The operators on an age.
pub(super) const AGES: [(&str, Op); 4] = [("$lt", Op::Lt), ("$lte", Op::Lte), ("$gt", Op::Gt), ("$gte", Op::Gte)];

impl ConditionCompiler<'_> {
    /// `$event`, or a list of such, which all have to hold; and so with the other operators of this file.
    pub(super) fn history(&mut self, key: &str, node: &Node, path: &str) -> Option<NodeId> {
        let Kind::List(items) = &node.kind else { return self.happened(key, node, path) };
        let items = items.iter().enumerate();
        let parts = items.map(|(index, item)| self.happened(key, item, &format!("{path}[{index}]"))).collect();
        self.all_of(parts)
    }

    fn happened(&mut self, key: &str, node: &Node, path: &str) -> Option<NodeId> {
        match key {
            "$event" => self.event(node, path),
            "$distinct" => self.distinct(node, path),
            "$sum" => self.sum(node, path),
            "$sequence" => self.sequence(node, path),
            "$first" => self.edge(Op::First, node, path),
            "$last" => self.edge(Op::Last, node, path),
            _ => self.recency(node, path),
        }
    }

    /// `$event`: how often an event happened.
    fn event(&mut self, node: &Node, path: &str) -> Option<NodeId> {
        self.known_members(node, path, &["name", "where", "count", "within"])?;
        let (within, count) = (self.within(node, path, "within"), self.count_of(node, path));
        let event = self.spec(node, path, "name");
        let (within, (count, keep), event) = (within?, count?, event?);
        let counter = self.scope.counter(CounterSpec { keep, within, ..event });
        Some(self.windowed(Op::Count, counter, count, within))
    }

    /// `$distinct`: how many different values a property of an event had.
    fn distinct(&mut self, node: &Node, path: &str) -> Option<NodeId> {
        self.known_members(node, path, &["event", "where", "property", "count", "within"])?;
        let (within, count) = (self.within(node, path, "within"), self.count_of(node, path));
        let event = self.spec_with_property(node, path, Fold::Distinct);
        let (within, (count, keep), event) = (within?, count?, event?);
        let counter = self.scope.counter(CounterSpec { keep, within, ..event });
        Some(self.windowed(Op::Distinct, counter, count, within))
    }

    /// `$sum`: what the last values of a property add up to.
    fn sum(&mut self, node: &Node, path: &str) -> Option<NodeId> {
        self.known_members(node, path, &["event", "where", "property", "total", "within", "last"])?;
        let (within, keep) = (self.within(node, path, "within"), self.keep(node, path, SUMMED));
        let event = self.spec_with_property(node, path, Fold::Sum);
        let total = self.required(node, path, "total", "a number, or operators with one");
        let total = total.and_then(|total| self.value(total, &join(path, "total"), None));
        let (within, keep, event, total) = (within?, keep?, event?, total?);
        let counter = self.scope.counter(CounterSpec { keep, within, ..event });
        Some(self.windowed(Op::Sum, counter, total, within))
    }

    /// `$first` and `$last`: what a property was at that event, and how long ago it is.
    fn edge(&mut self, op: Op, node: &Node, path: &str) -> Option<NodeId> {
        self.known_members(node, path, &["event", "where", "property", "value", "$lt", "$lte", "$gt", "$gte"])?;
        let fold = if op == Op::First { Fold::First } else { Fold::Last };
        let has_property = node.get("property").is_some() || node.get("value").is_some();
        let event = match has_property {
            true => self.spec_with_property(node, path, fold),
            false => self.spec(node, path, "event").map(|spec| CounterSpec { fold, ..spec }),
        };
        let value = has_property.then(|| {
            let value = self.required(node, path, "value", "a value, or operators with one")?;
            self.value(value, &join(path, "value"), None)
        });
        let (ages, _) = self.ages(node, path);
        if ages.is_empty() && value.is_none() {
            return self.says_nothing(node, path, "property and value, or $lt, $lte, $gt or $gte with a duration");
        }
        let counter = self.scope.counter(event?);
        let value = value.map(|value| value.map(|value| self.node(op, [counter.0, value.0, 0, 0])));
        let age = (!ages.is_empty()).then(|| self.all_of(ages).map(|age| self.node(op, [counter.0, age.0, 1, 0])));
        self.all_of(value.into_iter().chain(age).collect())
    }

    /// `$recency`: how long ago an event happened last.
    fn recency(&mut self, node: &Node, path: &str) -> Option<NodeId> {
        self.known_members(node, path, &["event", "where", "$lt", "$lte", "$gt", "$gte"])?;
        let event = self.spec(node, path, "event");
        let (ages, within) = self.ages(node, path);
        if ages.is_empty() {
            return self.says_nothing(node, path, "$lt, $lte, $gt or $gte");
        }
        let (age, event) = (self.all_of(ages), event);
        let (age, event) = (age?, event?);
        let counter = self.scope.counter(CounterSpec { within, ..event });
        Some(self.node(Op::Recency, [counter.0, age.0, 0, 0]))
    }

    /// `$sequence`: one event, and another one soon after it.
    fn sequence(&mut self, node: &Node, path: &str) -> Option<NodeId> {
        self.known_members(node, path, &["first", "then", "within", "since", "last"])?;
        let [first, then] = ["first", "then"].map(|key| {
            let event = self.required(node, path, key, "a map with the keys event, where")?;
            let path = join(path, key);
            self.known_members(event, &path, &["event", "where"])?;
            self.spec(event, &path, "event")
        });
        let within = self.required(node, path, "within", "a number and a unit, such as 90s, 10m, 48h, 7d or 2w");
        let within = within.and_then(|within| self.duration(within, &join(path, "within")));
        let (since, keep) = (self.within(node, path, "since"), self.keep(node, path, LOOKED_AT));
        let (first, then, spec_within, since, keep) = (first?, then?, within?, since?, keep?);
        let first = CounterSpec { keep, within: since, ..first };
        let then = CounterSpec { keep, within: since, ..then };
        let sequence = self.scope.sequence(first, then, spec_within, since);
        Some(self.node(Op::Sequence, [sequence.0, 0, 0, 0]))
    }

    fn windowed(&mut self, op: Op, counter: Id<Counter>, test: NodeId, within: Millis) -> NodeId {
        let (low, high) = throughline::internals::plan::condition_ops::narrow(within.0);
        self.node(op, [counter.0, test.0, low, high])
    }

    /// The event that a map names under `key`, and the condition on its properties.
    fn spec(&mut self, node: &Node, path: &str, key: &str) -> Option<CounterSpec> {
        let (event, filter) = (self.event_name(node, path, key), self.event_filter(node, path));
        let (event, filter) = (event?, filter?);
        Some(CounterSpec { event: event.to_owned(), filter: filter.cloned(), ..CounterSpec::default() })
    }

    fn spec_with_property(&mut self, node: &Node, path: &str, fold: Fold) -> Option<CounterSpec> {
        let spec = self.spec(node, path, "event");
        let property = self.required(node, path, "property", "the name of a property, such as price")?;
        let Some(property) = property.as_str().filter(|name| !name.is_empty() && name.len() <= 200) else {
            self.wrong_type(property, &join(path, "property"), "the name of a property, such as price");
            return None;
        };
        Some(CounterSpec { property: property.to_owned(), fold, ..spec? })
    }

    fn required<'n>(&mut self, node: &'n Node, path: &str, key: &str, expected: &str) -> Option<&'n Node> {
        let found = node.get(key);
        if found.is_none() {
            let message = format!("missing key `{key}`");
            self.diagnostics.error(node.span, &join(path, key), "missing-key", message).expected(expected);
        }
        found
    }

    fn says_nothing(&mut self, node: &Node, path: &str, expected: &str) -> Option<NodeId> {
        let operator = path.rsplit('.').next().unwrap_or(path);
        let message = format!("`{operator}` has no test for the event");
        self.diagnostics.error(node.span, path, "missing", message).expected(expected);
        None
    }

    /// A window; zero, for ever, without one.
    fn within(&mut self, node: &Node, path: &str, key: &str) -> Option<Millis> {
        node.get(key).map_or(Some(Millis(0)), |within| self.duration(within, &join(path, key)))
    }

    /// How many last events count.
    fn keep(&mut self, node: &Node, path: &str, default: u32) -> Option<u32> {
        let Some(last) = node.get("last") else { return Some(default) };
        let path = join(path, "last");
        let count = self.whole(last, &path)?;
        if !(1..=MAX_COUNT).contains(&count) {
            let message = format!("the count is {count}, but a profile keeps from 1 to {MAX_COUNT} times of an event");
            self.diagnostics.error(last.span, &path, "count-too-large", message).expected("a number in this range");
            return None;
        }
        Some(count)
    }

    /// What `count` says, at least one without it, and how many are enough to know.
    fn count_of(&mut self, node: &Node, path: &str) -> Option<(NodeId, u32)> {
        match node.get("count") {
            Some(count) => self.count(count, &join(path, "count")),
            None => Some((self.at_least_once(), 1)),
        }
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
            let message = format!("this needs {keep} times of an event, but a profile keeps only the last {MAX_COUNT}");
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
                self.wrong_type(node, path, "an integer");
                None
            }
        }
    }

    /// What the ages in a map ask for, and the window that is enough to know.
    fn ages(&mut self, node: &Node, path: &str) -> (Vec<Option<NodeId>>, Millis) {
        let mut window = Millis(0);
        let mut ages = Vec::new();
        for (key, op) in AGES {
            let Some(age) = node.get(key) else { continue };
            let age = self.duration(age, &join(path, key));
            if let (Some(age), Op::Lt | Op::Lte) = (age, op) {
                // An age of exactly `age` has to be seen, too.
                window = window.max(age.plus(Millis(1)));
            }
            #[expect(clippy::cast_precision_loss, reason = "durations in rules are far below 2^53 milliseconds")]
            ages.push(age.map(|age| self.compared(op, age.0 as f64)));
        }
        (ages, window)
    }

    /// The value compares so with a number.
    pub(super) fn compared(&mut self, op: Op, number: f64) -> NodeId {
        let number = Node { kind: Kind::Number(number), ..Node::default() };
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
                None => (node.span, format!("missing key `{key}`")),
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
            Some(Ok(Millis(0))) => "the duration is zero".to_owned(),
            Some(Ok(length)) => return Some(length),
            Some(Err(error)) => error.to_string(),
            None => format!("found {}", node.kind_name()),
        };
        self.diagnostics.error(node.span, path, "duration", message).expected(expected);
        None
    }
}
