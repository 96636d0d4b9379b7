//! What decided against a campaign, in words and numbers; made only where somebody listens.

use crate::decide::Decider;
use crate::decide::campaign::{Cause, Denial};
use crate::plan::Id;
use crate::plan::tables::{Cap, Cooldown, Exclusion, Holdout, Offer, Per, Text};
use crate::prelude::*;
use crate::sorted::Set;
use crate::time::Millis;
use crate::value::{Object, Value};

impl Decider<'_> {
    /// What decided: the numbers that a cap counted, the bucket that was drawn, the offer that is held, and the like.
    pub(crate) fn detail(&mut self, denial: Denial) -> Value {
        let plan = self.plan;
        let mut out = Object::new();
        match denial.by {
            Cause::Purpose(purpose) => out.insert("purpose", plan.text(purpose)),
            Cause::Schedule(from, until) => {
                out.insert("from", from);
                out.insert("until", until);
            }
            Cause::Condition(node) => return self.eval.explain(node),
            Cause::Holdout(id) => self.detail_holdout(id, &mut out),
            Cause::Exclusion(id) => self.detail_exclusion(id, &mut out),
            Cause::Suppression(id) => {
                out.insert("suppression", Value::Number(f64::from(id.0)));
                if let Some(row) = plan.get(id) {
                    out.insert("when", self.eval.explain(row.when));
                }
            }
            Cause::Cooldown(id) => self.detail_cooldown(id, &mut out),
            Cause::Cap(id) => self.detail_cap(id, &mut out),
            Cause::Offer(id) => self.detail_offer(id, &mut out),
            Cause::Message(id) => {
                let message = plan.get(id).map_or("", |row| plan.text(row.id));
                out.insert("message", message);
            }
            Cause::Campaign(id) => out.insert("campaign", plan.get(id).map_or("", |row| plan.text(row.id))),
            Cause::Channel => {}
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
        out.insert("until", self.warm_at(&row).map_or(Value::Null, Value::from));
    }

    /// The key, the limit, the span, each time that counted, and when there is room again if only time goes by.
    fn detail_cap(&self, id: Id<Cap>, out: &mut Object) {
        let Some(row) = self.plan.get(id) else { return };
        let keys: Vec<&str> = self.plan.list(row.keys).map(|key: Id<Text>| self.plan.text(key)).collect();
        let times: Set<(Millis, usize)> = self.counted(&row).enumerate().map(|(at, time)| (time, at)).collect();
        out.insert("cap", keys.join(" ").as_str());
        out.insert("max", Value::Number(f64::from(row.max)));
        out.insert("seen", Value::Number(times.len() as f64));
        out.insert("per", Per::from_number(row.per).map_or("", Per::name));
        if row.window.0 != 0 {
            out.insert("window", row.window);
        }
        out.insert("times", Value::Array(times.into_iter().map(|(time, _)| Value::from(time)).collect()));
        if let Some(at) = self.room_at(&row) {
            out.insert("room", at);
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
