//! Condition nodes that test the subject.

use super::compare::{every, holds, node, nodes, record_found, some};
use super::consent;
use super::interned::InternedFact;
use super::trace::ConditionTracer;
use crate::collections::IdMap;
use crate::event::consent::Consent;
use crate::facts::Request;
use crate::facts::reading::{self, Reading};
use crate::json::Value;
use crate::json::ValueRef;
use crate::plan::condition_ops::wide;
use crate::plan::tables::{
    Attribute, AttributeFlags, Journey, JourneyState, Node, Segment, SegmentFlags, Source, ValueKind,
};
use crate::plan::{Id, Op, Plan};
use crate::prelude::*;
use crate::profile::{InstanceStatus, Profile};
use crate::time::Millis;

/// The bit of the key of a fact that is not read as its type.
const AS_IT_IS: u32 = 1 << 31;

/// Evaluates the conditions of one decision. Nodes that several conditions share are evaluated once.
pub struct Evaluator<'a> {
    pub(super) plan: &'a Plan,
    pub(super) profile: &'a Profile,
    pub(super) request: &'a Request,
    pub(super) now: Millis,
    /// Whether the request's attributes supply `id`, because there is no subject.
    claims_id: bool,
    /// Results of the shared nodes and segments that were evaluated.
    results: IdMap<bool>,
    /// The attributes that conditions asked for, by id; those that were not read as their type by [`AS_IT_IS`] as well.
    facts: IdMap<InternedFact<'a>>,
}

impl<'a> Evaluator<'a> {
    /// Creates an evaluator. All pending events must be applied to `profile`.
    #[must_use]
    pub const fn new(plan: &'a Plan, profile: &'a Profile, request: &'a Request, now: Millis) -> Self {
        Self { plan, profile, request, now, claims_id: false, results: IdMap::new(), facts: IdMap::new() }
    }

    /// Creates an evaluator for features: without a subject, the request's attributes supply `id`.
    pub(crate) fn for_features(plan: &'a Plan, profile: &'a Profile, request: &'a Request, now: Millis) -> Self {
        Self { claims_id: profile.subject.is_empty(), ..Self::new(plan, profile, request, now) }
    }

    /// Checks whether the condition holds.
    pub fn holds(&mut self, id: Id<Node>) -> bool {
        self.test(id, &mut ConditionTracer::new(false))
    }

    /// Returns the evaluated tree of the condition: each node's operator, operand, fact and result.
    pub fn explain(&mut self, id: Id<Node>) -> Value {
        let mut tracer = ConditionTracer::new(true);
        self.test(id, &mut tracer);
        tracer.finish()
    }

    /// Returns the request with all derived facts.
    pub(crate) const fn request(&self) -> &'a Request {
        self.request
    }

    /// Returns the subject's value of an attribute.
    ///
    /// `id` is always the subject. `channel` and `locale` fall back to the request's own members.
    #[must_use]
    pub fn attribute(&self, id: Id<Attribute>) -> Value {
        self.fact(id).to_value()
    }

    /// Returns the subject's `id`.
    pub(crate) fn id(&self) -> Value {
        if self.claims_id {
            ValueRef::Object(&self.request.attributes).walk(["id"]).to_value()
        } else {
            Value::from(self.profile.subject.as_str())
        }
    }

    /// Returns the same value as [`Self::attribute`], borrowed.
    pub(crate) fn fact(&self, id: Id<Attribute>) -> ValueRef<'a> {
        let Some(row) = self.plan.get(id) else { return ValueRef::Null };
        let name = self.plan.text(row.name);
        if row.source == Source::Profile {
            let of_account = row.flags.contains(AttributeFlags::ACCOUNT).then(|| self.profile.account_trait(name));
            return of_account.flatten().or_else(|| self.profile.trait_value(name)).unwrap_or(ValueRef::Null);
        }
        let path = self.plan.list(row.path).map(|name| self.plan.text(name));
        let text = |text: &'a Option<String>| text.as_deref().map_or(ValueRef::Null, ValueRef::Text);
        match name {
            "id" if !self.claims_id => ValueRef::Text(&self.profile.subject),
            name => match (ValueRef::Object(&self.request.attributes).walk(path), name) {
                (ValueRef::Null, "channel") => text(&self.request.channel),
                (ValueRef::Null, "locale") => text(&self.request.locale),
                // An address that was in normal form has no other.
                (ValueRef::Null, "path" | "url" | "query") => ValueRef::Object(&self.request.attributes).walk([name]),
                (found, _) => found,
            },
        }
    }

    /// Returns the subject's value of an attribute, read as its declared type.
    pub(crate) fn reading(&self, id: Id<Attribute>) -> Reading<'a> {
        let found = self.fact(id);
        self.plan.get(id).map_or(Reading::Seen(found), |row| reading::read(self.plan, &row, found))
    }

    /// Returns the same value as [`Self::reading`], or as [`Self::fact`], looked up and interned once.
    pub(crate) fn interned(&mut self, id: Id<Attribute>, as_type: bool) -> InternedFact<'a> {
        let key = if as_type { id.0 } else { id.0 | AS_IT_IS };
        if let Some(cached) = self.facts.get(key) {
            return cached;
        }
        let found = if as_type { self.reading(id) } else { Reading::Seen(self.fact(id)) };
        let fact = InternedFact::new(self.plan, found);
        self.facts.insert(key, fact.clone());
        fact
    }

    /// Returns the state of consent for a purpose, or the plan's default where the subject has stated nothing.
    #[must_use]
    pub fn consent(&self, purpose: &str) -> Consent {
        consent::consent(self.plan, self.request, self.profile, self.now, purpose)
    }

    /// Returns the consent that the subject has stated for a purpose.
    #[must_use]
    pub fn stated(&self, purpose: &str) -> Option<Consent> {
        consent::stated(self.plan, self.request, self.profile, self.now, purpose)
    }

    /// Checks whether the node holds.
    ///
    /// Shared nodes and all segments are evaluated once, except for explanations.
    // why: segments may refer to segments. Without the cache, evaluation could take exponential time whatever the
    // plan's flags say.
    fn test(&mut self, id: Id<Node>, tracer: &mut ConditionTracer) -> bool {
        let Some((node, op)) = node(self.plan, id) else { return false };
        let is_cached = !tracer.is_recording && (node.op.shared || op == Op::Segment);
        if is_cached && let Some(cached) = self.results.get(id.0) {
            return cached;
        }
        tracer.enter(op);
        let holds = self.test_op(node, op, tracer);
        tracer.leave(holds);
        if is_cached {
            self.results.insert(id.0, holds);
        }
        holds
    }

    fn test_op(&mut self, node: Node, op: Op, tracer: &mut ConditionTracer) -> bool {
        match op {
            Op::True => true,
            Op::And => every(tracer.is_recording, nodes(self.plan, node), |child| self.test(child, tracer)),
            Op::Or => some(tracer.is_recording, nodes(self.plan, node), |child| self.test(child, tracer)),
            Op::Not => !self.test(Id::new(node.a), tracer),
            Op::Attribute => self.test_attribute(node, tracer),
            Op::Segment => self.test_segment(Id::new(node.a), tracer),
            Op::Count | Op::Distinct => self.test_count(node, tracer),
            Op::Sum => self.test_sum(node, tracer),
            Op::Recency => self.test_age(node, tracer),
            Op::First | Op::Last if node.c == 1 => self.test_age(node, tracer),
            Op::First | Op::Last => self.test_value(node, tracer),
            Op::Sequence => self.test_sequence(node, tracer),
            Op::Distance => self.test_distance(node, tracer),
            Op::Schedule => {
                let (from, until) = (Millis(wide(node.a, node.b)), Millis(wide(node.c, node.d)));
                tracer.record("from", || time(from));
                tracer.record("until", || time(until));
                tracer.record("found", || time(self.now));
                from <= self.now && self.now < until
            }
            Op::Consent => {
                let purpose = self.plan.text(Id::new(node.a));
                let state = self.consent(purpose);
                tracer.record("purpose", || Value::from(purpose));
                tracer.record("operand", || node.consent().map_or(Value::Null, |wanted| Value::from(wanted.name())));
                tracer.record("found", || Value::from(state.name()));
                node.consent() == Some(state)
            }
            Op::Journey => self.test_journey(node, tracer),
            Op::Local => self.test_local(node, tracer),
            Op::False
            | Op::Member
            | Op::Is
            | Op::Isi
            | Op::Eq
            | Op::Ne
            | Op::Lt
            | Op::Lte
            | Op::Gt
            | Op::Gte
            | Op::In
            | Op::Ini
            | Op::Regex
            | Op::Exists
            | Op::Type
            | Op::Size
            | Op::All
            | Op::ElemMatch
            | Op::Veq
            | Op::Vne
            | Op::Vgt
            | Op::Vgte
            | Op::Vlt
            | Op::Vlte
            | Op::InCidr
            | Op::InHashed => false,
        }
    }

    fn test_attribute(&mut self, attribute: Node, tracer: &mut ConditionTracer) -> bool {
        let (id, test) = (Id::<Attribute>::new(attribute.a), Id::new(attribute.b));
        let fact = self.interned(id, attribute.c != 0);
        let view = match fact.view() {
            ValueRef::Number(at) if attribute.c == 2 => ValueRef::Number(at - millis_number(self.now)),
            view => view,
        };
        if !tracer.is_recording {
            let by_id = node(self.plan, test).and_then(|(node, op)| fact.test(self.plan, node, op));
            return by_id.unwrap_or_else(|| holds(self.plan, test, view, tracer));
        }
        self.record_attribute(id, view, attribute.c, tracer);
        holds(self.plan, test, view, tracer)
    }

    /// Records an attribute and its value, or that it is missing, or the type that it could not be read as.
    fn record_attribute(&self, id: Id<Attribute>, view: ValueRef<'_>, form: u32, tracer: &mut ConditionTracer) {
        let Some(row) = self.plan.get(id) else { return };
        let (name, found) = (self.plan.text(row.name), self.fact(id));
        tracer.record("attribute", || Value::from(name));
        record_found(tracer, found, || name.to_owned());
        if view.is_null() && !found.is_null() {
            tracer.record("notA", || Value::from(row.kind.name()));
        }
        if form == 2 {
            tracer.record("fromNow", || view.to_value());
        } else if form == 1 && row.kind == ValueKind::Date {
            tracer.record("read", || view.to_value());
        }
    }

    fn test_segment(&mut self, id: Id<Segment>, tracer: &mut ConditionTracer) -> bool {
        let Some(row) = self.plan.get(id) else { return false };
        let name = self.plan.text(row.id);
        tracer.record("segment", || Value::from(name));
        if row.flags.contains(SegmentFlags::CARRIED) {
            tracer.record("carried", || Value::Bool(true));
            return self.profile.segments.contains(name);
        }
        if let Some(holds) = tracer.segment(id) {
            tracer.record("repeated", || Value::Bool(true));
            return holds;
        }
        let holds = self.test(row.node, tracer);
        tracer.record_segment(id, holds);
        holds
    }

    fn test_journey(&self, node: Node, tracer: &mut ConditionTracer) -> bool {
        let id = self.plan.get(Id::<Journey>::new(node.a)).map_or("", |row| self.plan.text(row.id));
        tracer.record("journey", || Value::from(id));
        let of_account = || self.profile.account()?.journeys.get(id);
        let Some(instance) = self.profile.journeys.get(id).or_else(of_account) else {
            tracer.record("missing", || Value::from(id));
            return false;
        };
        let state = state(instance.status);
        tracer.record("found", || Value::Array(vec![state.name().into(), instance.step.as_str().into()]));
        let in_state = node.b == u32::MAX || node.b == state as u32;
        let at_step = node.c == u32::MAX || self.plan.text(Id::new(node.c)) == instance.step;
        in_state && at_step
    }
}

const fn state(status: InstanceStatus) -> JourneyState {
    match status {
        InstanceStatus::Active => JourneyState::Active,
        InstanceStatus::Completed => JourneyState::Completed,
        InstanceStatus::Exited => JourneyState::Exited,
        InstanceStatus::Converted => JourneyState::Converted,
        InstanceStatus::Suppressed => JourneyState::Suppressed,
    }
}

#[expect(clippy::cast_precision_loss, reason = "times of this epoch are exact; others only have to compare")]
pub(super) const fn millis_number(time: Millis) -> f64 {
    time.0 as f64
}

/// Returns a time or duration for explanations; `null` if it is unbounded.
pub(super) fn time(time: Millis) -> Value {
    if time == Millis::MIN || time == Millis::MAX { Value::Null } else { Value::Number(millis_number(time)) }
}
