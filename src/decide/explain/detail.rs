//! Details of a denial, for explanations only.

use crate::bucket;
use crate::collections::SortedSet;
use crate::decide::Decider;
use crate::decide::denial::{Denial, DenialCause};
use crate::decide::experiment::unit_text;
use crate::decide::next_action::PossibleStep;
use crate::decision::reason::Reason;
use crate::json::{Object, Value};
use crate::plan::Id;
use crate::plan::tables::{
    Campaign, Cap, CapFlags, Cooldown, Exclusion, Holdout, NextStep, NextStepFlags, Offer, Text,
};
use crate::prelude::*;
use crate::time::Millis;

impl<'a: 'p, 'p> Decider<'a, 'p> {
    /// Returns the detail of a denial: the exposures that a cap counted, the bucket, the held offer, and the like.
    pub(crate) fn detail(&mut self, campaign: Id<Campaign>, denial: Denial) -> Value {
        self.detail_experiment(campaign);
        let plan = self.plan;
        let mut out = Object::new();
        match denial.by {
            DenialCause::Purpose(purpose) => out.insert("purpose", plan.text(purpose)),
            DenialCause::Schedule(from, until) => {
                out.insert("from", from);
                out.insert("until", until);
            }
            DenialCause::Condition(node) => return self.eval.explain(node),
            DenialCause::Holdout(id) => self.detail_holdout(id, &mut out),
            DenialCause::Exclusion(id) => self.detail_exclusion(id, &mut out),
            DenialCause::Suppression(id) => {
                out.insert("suppression", Value::Number(f64::from(id.0)));
                if let Some(row) = plan.get(id) {
                    out.insert("when", self.eval.explain(row.when));
                }
            }
            DenialCause::Cooldown(id) => self.detail_cooldown(id, &mut out),
            DenialCause::Cap(id) => self.detail_cap(id, &mut out),
            DenialCause::Offer(id) => self.detail_offer(id, &mut out),
            DenialCause::Message(id) => {
                let message = plan.get(id).map_or("", |row| plan.text(row.id));
                out.insert("message", message);
            }
            DenialCause::Campaign(id) => self.detail_rank(campaign, id, &mut out),
            DenialCause::Channel => {}
        }
        if out.is_empty() { Value::Null } else { Value::Object(out) }
    }

    fn detail_holdout(&self, id: Id<Holdout>, out: &mut Object) {
        let Some(row) = self.plan.get(id) else { return };
        out.insert("holdout", self.plan.text(row.id));
        out.insert("bucket", self.holdout_bucket(&row).map_or(Value::Null, Value::Number));
        out.insert("share", Value::Number(row.share));
    }

    fn detail_exclusion(&self, id: Id<Exclusion>, out: &mut Object) {
        let Some(row) = self.plan.get(id) else { return };
        out.insert("exclusion", self.plan.text(row.group));
        out.insert("bucket", self.exclusion_bucket(&row).map_or(Value::Null, Value::Number));
        out.insert("range", Value::Array(vec![Value::Number(row.from), Value::Number(row.to)]));
    }

    fn detail_cooldown(&self, id: Id<Cooldown>, out: &mut Object) {
        let Some(row) = self.plan.get(id) else { return };
        let event = row.event.and_then(|id| self.plan.get(id)).map(|counter| counter.event);
        if let Some(what) = event.or(row.seen) {
            out.insert("after", self.plan.text(what));
        }
        out.insert("since", self.last_of(&row).map_or(Value::Null, Value::from));
        out.insert("until", self.cooldown_ends_at(&row).map_or(Value::Null, Value::from));
    }

    /// Adds the key, the limit, the period, each time that counted, and the time at which the cap resets.
    fn detail_cap(&self, id: Id<Cap>, out: &mut Object) {
        let Some(row) = self.plan.get(id) else { return };
        let keys: Vec<&str> = self.plan.list(row.keys).map(|key: Id<Text>| self.plan.text(key)).collect();
        let times: SortedSet<(Millis, usize)> = self.counted(&row).enumerate().map(|(at, time)| (time, at)).collect();
        out.insert("cap", keys.join(" ").as_str());
        out.insert("max", Value::Number(f64::from(row.max)));
        out.insert("seen", Value::Number(times.len() as f64));
        out.insert("per", row.per.name());
        if row.flags.contains(CapFlags::ACCOUNT) {
            out.insert("unit", "account.id");
        }
        if row.window.0 != 0 {
            out.insert("window", row.window);
        }
        out.insert("times", Value::Array(times.into_iter().map(|(time, _)| Value::from(time)).collect()));
        if let Some(at) = self.cap_resets_at(&row) {
            out.insert("room", at);
        }
    }

    /// Adds the higher-ranking campaign, and what decided: priority, score or hash.
    fn detail_rank(&self, loser: Id<Campaign>, winner: Id<Campaign>, out: &mut Object) {
        let (Some(below), Some(above)) = (self.plan.get(loser), self.plan.get(winner)) else { return };
        out.insert("campaign", self.plan.text(above.id));
        let scores = (self.score(below.score), self.score(above.score));
        if below.priority != above.priority {
            out.insert("by", "priority");
        } else if scores.0 == scores.1 {
            out.insert("by", "hash");
        } else {
            out.insert("by", "score");
            out.insert("score", Value::Number(scores.0.number()));
            out.insert("otherScore", Value::Number(scores.1.number()));
        }
    }

    /// Traces the campaign's experiment: unit, bucket, the range of each variation, and the assigned one.
    pub(crate) fn detail_experiment(&mut self, campaign: Id<Campaign>) {
        let experiment = self.plan.get(campaign).and_then(|row| self.plan.get(row.experiment?));
        let Some(row) = experiment else { return };
        let mut out = Object::new();
        let unit = unit_text(&self.eval.attribute(row.unit));
        out.insert("unit", unit.as_deref().map_or(Value::Null, Value::from));
        let bucket = unit.and_then(|unit| bucket::bucket(self.plan.text(row.seed), &unit, 2));
        out.insert("bucket", bucket.map_or(Value::Null, Value::Number));
        let ranges = self.plan.rows(row.variations).map(|(_, variation)| {
            let range = vec![Value::Number(variation.from), Value::Number(variation.to)];
            (self.plan.text(variation.id), Value::Array(range))
        });
        out.insert("ranges", Value::Object(ranges.collect()));
        let assignment = self.plan.get(campaign).and_then(|campaign| self.assignment_of(&campaign));
        out.insert(
            "variation",
            assignment.as_ref().map_or(Value::Null, |assignment| Value::from(&*assignment.variation)),
        );
        out.insert("kept", Value::Bool(assignment.is_some_and(|assignment| assignment.sticky)));
        if let Err(denial) = self.check_exclusion(row.exclusion) {
            out.insert("outcome", denial.reason.code());
        }
        let key = self.plan.text(row.key);
        if let Some(tracer) = &mut self.tracer {
            tracer.experiment(key, Value::Object(out));
        }
    }

    /// Traces why the campaign does not have the next action.
    pub(crate) fn trace_next_action(&mut self, campaign: Id<Campaign>, denial: Denial) {
        if self.tracer.is_none() {
            return;
        }
        let detail = self.detail(campaign, denial);
        if let Some(tracer) = &mut self.tracer {
            tracer.passed(campaign, denial.reason, detail);
        }
    }

    /// Traces a step: its time and value if it is possible, otherwise the reason why it is not.
    pub(crate) fn trace_step(&mut self, campaign: Id<Campaign>, step: &NextStep, tried: &Result<PossibleStep, Denial>) {
        let mut out = Object::new();
        let (channel, message) = (self.plan.get(step.channel), self.plan.get(step.message));
        out.insert("channel", channel.map_or("", |row| self.plan.text(row.id)));
        out.insert("message", message.map_or("", |row| self.plan.text(row.id)));
        match tried {
            Ok(possible) => {
                out.insert("outcome", "possible");
                out.insert("at", possible.at);
                if possible.at > self.facts.now.plus(step.after) {
                    out.insert("postponed", Reason::QuietHours.code());
                }
                if step.flags.contains(NextStepFlags::BEST) {
                    out.insert("value", Value::Number(possible.value.number()));
                }
            }
            Err(denial) => {
                out.insert("outcome", denial.reason.code());
                let detail = self.detail(campaign, *denial);
                if detail != Value::Null {
                    out.insert("detail", detail);
                }
            }
        }
        if let Some(tracer) = &mut self.tracer {
            tracer.step(campaign, Value::Object(out));
        }
    }

    fn detail_offer(&self, id: Id<Offer>, out: &mut Object) {
        let Some(row) = self.plan.get(id) else { return };
        let offer = self.plan.text(row.id);
        out.insert("offer", offer);
        if let Some(stamp) = self.profile.offers.get(offer) {
            out.insert("since", stamp.at());
        }
    }
}
