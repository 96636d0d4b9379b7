//! Tests of the subject as nodes.

use throughline::internals::plan::condition_ops::narrow;
use throughline::internals::plan::tables::LocalPart;
use throughline::internals::plan::{Ids, Op};
use throughline::{Millis, Value};

use super::{NodeId, Writer, row};
use crate::condition::counter::{CounterSpec, SequenceSpec};
use crate::condition::tree::{Bound, Distance, History, Local, Span, Stage, SubjectTest, ValueTest};

impl Writer<'_> {
    pub(super) fn subject_test(&mut self, test: &SubjectTest<'_>) -> NodeId {
        match test {
            SubjectTest::Segment(segments) => {
                let parts = segments.iter().map(|segment| self.segment(segment.id)).collect();
                self.any_of(parts)
            }
            SubjectTest::Stage(stages) => {
                let parts = stages.iter().map(|stage| self.stage(stage)).collect();
                self.any_of(parts)
            }
            SubjectTest::History(tests) => {
                let parts = tests.iter().map(|test| self.history(test)).collect();
                self.all_of(parts)
            }
            SubjectTest::Schedule { from, until, is_local: true } => {
                let span = self.span((from.0, until.0));
                self.local_part(None, LocalPart::Wall, span)
            }
            SubjectTest::Schedule { from, until, .. } => {
                let ((a, b), (c, d)) = (narrow(from.0), narrow(until.0));
                self.node(Op::Schedule, [a, b, c, d])
            }
            SubjectTest::Local(local) => self.local(local),
            SubjectTest::Distance(distance) => self.distance(distance),
            SubjectTest::Consent(purposes) => {
                let parts = purposes.iter().map(|(purpose, state)| {
                    let purpose = self.plan.text(purpose);
                    self.node(Op::Consent, [purpose.0, state.number(), 0, 0])
                });
                let parts = parts.collect();
                self.all_of(parts)
            }
            SubjectTest::Journey { id, state, step } => {
                let step = step.map_or(u32::MAX, |step| self.plan.text(step).0);
                let state = state.map_or(u32::MAX, |state| state as u32);
                self.node(Op::Journey, [row(&self.ids.journeys, id).0, state, step, 0])
            }
        }
    }

    fn segment(&mut self, id: &str) -> NodeId {
        self.node(Op::Segment, [row(&self.ids.segments, id).0, 0, 0, 0])
    }

    fn stage(&mut self, stage: &Stage<'_>) -> NodeId {
        let mut parts = vec![self.segment(stage.id)];
        for earlier in &stage.earlier {
            let is_earlier = self.segment(earlier);
            parts.push(self.not(is_earlier));
        }
        self.all_of(parts)
    }

    fn history(&mut self, test: &History<'_>) -> NodeId {
        match test {
            History::Count { op, counter, count } => {
                let count = self.number(count);
                self.windowed(*op, counter, count)
            }
            History::Sum { counter, total } => {
                let total = self.value(total);
                self.windowed(Op::Sum, counter, total)
            }
            History::Edge { op, counter, value, ages } => self.edge(*op, counter, value.as_ref(), ages),
            History::Recency { counter, ages } => {
                let ages = self.bounds(ages);
                let age = self.all_of(ages);
                self.node(Op::Recency, [self.ids.counter(counter).0, age.0, 0, 0])
            }
            History::Sequence { first, then, within } => {
                let key = SequenceSpec::new(first, then, *within).key();
                self.node(Op::Sequence, [row(&self.ids.sequences, &key).0, 0, 0, 0])
            }
        }
    }

    fn edge(&mut self, op: Op, counter: &CounterSpec<'_>, value: Option<&ValueTest<'_>>, ages: &[Bound]) -> NodeId {
        let value = value.map(|value| self.value(value));
        let ages = self.bounds(ages);
        let counter = self.ids.counter(counter).0;
        let value = value.map(|value| self.node(op, [counter, value.0, 0, 0]));
        let age = (!ages.is_empty()).then(|| {
            let age = self.all_of(ages);
            self.node(op, [counter, age.0, 1, 0])
        });
        self.all_of(value.into_iter().chain(age).collect())
    }

    fn windowed(&mut self, op: Op, counter: &CounterSpec<'_>, test: NodeId) -> NodeId {
        let (low, high) = narrow(counter.within.0);
        self.node(op, [self.ids.counter(counter).0, test.0, low, high])
    }

    fn local(&mut self, local: &Local) -> NodeId {
        let time = local.time.map(|span| (LocalPart::Time, self.span(span)));
        let weekday = local.weekdays.as_ref().map(|days| (LocalPart::Weekday, self.among(Op::In, days)));
        let date = local.date.map(|(part, span)| (part, self.span(span)));
        let tests = [date, weekday, time].into_iter().flatten();
        let parts = tests.map(|(part, test)| self.local_part(local.zone.as_deref(), part, test)).collect();
        self.all_of(parts)
    }

    /// A part of the local time passes a test; none for the zone of the subject.
    fn local_part(&mut self, zone: Option<&str>, part: LocalPart, test: NodeId) -> NodeId {
        let zone = zone.map_or(u32::MAX, |zone| row(&self.ids.zones, zone).0);
        self.node(Op::Local, [zone, part as u32, test.0, 0])
    }

    fn span(&mut self, (from, until): Span) -> NodeId {
        let bounds = vec![self.bound(Op::Gte, from), self.bound(Op::Lt, until)];
        if from < until { self.all_of(bounds) } else { self.any_of(bounds) }
    }

    fn bound(&mut self, op: Op, number: i64) -> NodeId {
        self.compare(op, &Value::from(Millis(number)))
    }

    fn distance(&mut self, distance: &Distance<'_>) -> NodeId {
        let to: Vec<_> = distance.to.iter().map(|place| row(&self.ids.places, place)).collect();
        let (start, len) = if to.is_empty() { Ids::empty() } else { self.plan.ids(&to) }.words();
        let bounds = self.bounds(&distance.bounds);
        let bounds = self.all_of(bounds);
        let from = distance.from.map_or(u32::MAX, |name| row(&self.ids.attributes, name).0);
        self.node(Op::Distance, [from, start, len, bounds.0])
    }
}
