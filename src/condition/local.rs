//! Condition nodes that test the subject's local time.

use super::compare::holds;
use super::evaluator::{Evaluator, millis_number};
use super::trace::ConditionTracer;
use crate::facts::local_clock::{LocalClock, TIMEZONE, named_zone};
use crate::json::Value;
use crate::json::ValueRef;
use crate::plan::Id;
use crate::plan::tables::{LocalPart, Node, Zone};
use crate::prelude::*;
use crate::time::Millis;
use crate::time::calendar::{date, weekday};

const DAY: i64 = 86_400_000;

impl<'a> Evaluator<'a> {
    /// Returns the subject's clock.
    pub(crate) fn clock(&self) -> LocalClock<'a> {
        LocalClock::of_subject(self.plan, self.profile, self.request)
    }

    pub(super) fn test_local(&self, node: Node, tracer: &mut ConditionTracer) -> bool {
        let Some(part) = node.local_part() else { return false };
        let is_subjects = node.a == u32::MAX;
        if is_subjects && tracer.is_recording && named_zone(self.plan, self.profile, self.request).is_none() {
            tracer.record("missing", || Value::from(TIMEZONE));
        }
        let clock = if is_subjects { self.clock() } else { LocalClock::of_zone(self.plan, Id::<Zone>::new(node.a)) };
        let (wall, day) = (clock.wall(self.now), clock.day(self.now));
        let found = millis_number(Millis(part_of(part, wall, day)));
        tracer.record("part", || Value::from(part.name()));
        tracer.record("local", || Value::String(text(wall, day)));
        tracer.record("found", || Value::Number(found));
        holds(self.plan, Id::new(node.c), ValueRef::Number(found), tracer)
    }
}

fn part_of(part: LocalPart, wall: Millis, day: i64) -> i64 {
    match part {
        LocalPart::Time => wall.0.rem_euclid(DAY).div_euclid(60_000),
        LocalPart::Weekday => weekday(day),
        LocalPart::Date => day,
        LocalPart::Season => {
            let (_, month, day) = date(day);
            month.saturating_mul(100).saturating_add(day)
        }
        LocalPart::Wall => wall.0,
    }
}

/// Returns a local time for explanations, such as `2026-11-22T09:30`.
fn text(wall: Millis, day: i64) -> String {
    let minute = part_of(LocalPart::Time, wall, day);
    let (year, month, day) = date(day);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}", minute.div_euclid(60), minute.rem_euclid(60))
}
