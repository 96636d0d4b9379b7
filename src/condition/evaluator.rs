//! Nodes that test the subject.

use super::compare::{every, holds, node, nodes, note_found, some};
use super::consent;
use super::interned::InternedFact;
use super::trace::ConditionTracer;
use crate::collections::IdMap;
use crate::event::consent::Consent;
use crate::facts::Request;
use crate::json::Value;
use crate::json::ValueRef;
use crate::plan::condition_ops::wide;
use crate::plan::tables::{ACCOUNT, Attribute, CARRIED, Journey, JourneyState, Node, Segment, Source};
use crate::plan::{Id, Op, Plan};
use crate::prelude::*;
use crate::profile::{InstanceStatus, Profile};
use crate::time::Millis;

/// Evaluates the conditions of one decision; what a node has in common with others is evaluated once.
pub struct Evaluator<'a> {
    pub(super) plan: &'a Plan,
    pub(super) profile: &'a Profile,
    pub(super) request: &'a Request,
    pub(super) now: Millis,
    /// Without a subject, `id` is what the request's attributes say.
    claims_id: bool,
    /// Which nodes hold, of those that were asked and are worth remembering.
    known: IdMap<bool>,
    /// The attributes that conditions asked for.
    facts: IdMap<InternedFact<'a>>,
}

impl<'a> Evaluator<'a> {
    /// An evaluator that knows no results yet. `profile` has all pending events applied.
    #[must_use]
    pub const fn new(plan: &'a Plan, profile: &'a Profile, request: &'a Request, now: Millis) -> Self {
        Self { plan, profile, request, now, claims_id: false, known: IdMap::new(), facts: IdMap::new() }
    }

    /// As [`Self::new`], but without a subject the attribute `id` is what the request's attributes say.
    pub(crate) fn for_features(plan: &'a Plan, profile: &'a Profile, request: &'a Request, now: Millis) -> Self {
        Self { claims_id: profile.subject.is_empty(), ..Self::new(plan, profile, request, now) }
    }

    /// Whether the condition holds.
    pub fn holds(&mut self, id: Id<Node>) -> bool {
        self.test(id, &mut ConditionTracer::new(false))
    }

    /// The tree of the condition's evaluation: what was asked, what was found, what was missing, what held.
    pub fn explain(&mut self, id: Id<Node>) -> Value {
        let mut tracer = ConditionTracer::new(true);
        self.test(id, &mut tracer);
        tracer.finish()
    }

    /// The subject's value of an attribute.
    ///
    /// `id` is always the subject; `channel` and `locale` are what the request says of itself where its attributes
    /// do not have them.
    #[must_use]
    pub fn attribute(&self, id: Id<Attribute>) -> Value {
        self.fact(id).to_value()
    }

    /// The subject's `id`.
    pub(crate) fn id(&self) -> Value {
        if self.claims_id {
            ValueRef::Object(&self.request.attributes).walk(["id"]).to_value()
        } else {
            Value::from(self.profile.subject.as_str())
        }
    }

    /// As [`Self::attribute`], where it stands.
    pub(crate) fn fact(&self, id: Id<Attribute>) -> ValueRef<'a> {
        let Some(row) = self.plan.get(id) else { return ValueRef::Null };
        let mut path = self.plan.list(row.path).map(|name| self.plan.text(name));
        if row.source == Source::Profile as u32 {
            if row.flags & ACCOUNT != 0
                && let Some(known) = self.profile.account_trait(path.clone())
            {
                return known;
            }
            let first = path.next().and_then(|name| self.profile.traits.get(name));
            return first.map_or(ValueRef::Null, |stamped| ValueRef::from(&stamped.0).walk(path));
        }
        let text = |text: &'a Option<String>| text.as_deref().map_or(ValueRef::Null, ValueRef::Text);
        match self.plan.text(row.name) {
            "id" if !self.claims_id => ValueRef::Text(&self.profile.subject),
            name => match (ValueRef::Object(&self.request.attributes).walk(path), name) {
                (ValueRef::Null, "channel") => text(&self.request.channel),
                (ValueRef::Null, "locale") => text(&self.request.locale),
                (found, _) => found,
            },
        }
    }

    /// As [`Self::fact`], looked up once.
    pub(crate) fn remembered(&mut self, id: Id<Attribute>) -> InternedFact<'a> {
        if let Some(known) = self.facts.get(id.0) {
            return known;
        }
        let fact = InternedFact::new(self.plan, self.fact(id));
        self.facts.insert(id.0, fact);
        fact
    }

    /// Returns the state of consent for a purpose, or the plan's default where the subject has stated nothing.
    #[must_use]
    pub fn consent(&self, purpose: &str) -> Consent {
        consent::consent(self.plan, self.request, &self.profile.consent, purpose)
    }

    /// Returns the consent that the subject has stated for a purpose.
    #[must_use]
    pub fn stated(&self, purpose: &str) -> Option<Consent> {
        consent::stated(self.plan, self.request, &self.profile.consent, purpose)
    }

    /// Whether the node holds. What several conditions have is evaluated once, unless somebody watches; segments too, whatever
    /// the plan says of them, because the time of a condition is bounded by that.
    fn test(&mut self, id: Id<Node>, visitor: &mut ConditionTracer) -> bool {
        let Some((node, op)) = node(self.plan, id) else { return false };
        let is_remembered = !visitor.watches && (node.is_shared() || op == Op::Segment);
        if is_remembered && let Some(known) = self.known.get(id.0) {
            return known;
        }
        visitor.enter(op);
        let holds = self.test_op(node, op, visitor);
        visitor.leave(holds);
        if is_remembered {
            self.known.insert(id.0, holds);
        }
        holds
    }

    fn test_op(&mut self, node: Node, op: Op, visitor: &mut ConditionTracer) -> bool {
        match op {
            Op::True => true,
            Op::And => every(visitor.watches, nodes(self.plan, node), |child| self.test(child, visitor)),
            Op::Or => some(visitor.watches, nodes(self.plan, node), |child| self.test(child, visitor)),
            Op::Not => !self.test(Id::new(node.a), visitor),
            Op::Attribute => self.test_attribute(node, visitor),
            Op::Segment => self.test_segment(Id::new(node.a), visitor),
            Op::Count | Op::Distinct => self.test_count(node, visitor),
            Op::Sum => self.test_sum(node, visitor),
            Op::Recency => self.test_age(node, visitor),
            Op::First | Op::Last if node.c == 1 => self.test_age(node, visitor),
            Op::First | Op::Last => self.test_value(node, visitor),
            Op::Sequence => self.test_sequence(node, visitor),
            Op::Distance => self.test_distance(node, visitor),
            Op::Schedule => {
                let (from, until) = (Millis(wide(node.a, node.b)), Millis(wide(node.c, node.d)));
                visitor.note("from", || time(from));
                visitor.note("until", || time(until));
                visitor.note("found", || time(self.now));
                from <= self.now && self.now < until
            }
            Op::Consent => {
                let purpose = self.plan.text(Id::new(node.a));
                let state = self.consent(purpose);
                visitor.note("purpose", || Value::from(purpose));
                visitor.note("operand", || Value::from(Consent::from_number(node.b).name()));
                visitor.note("found", || Value::from(state.name()));
                state.number() == node.b
            }
            Op::Journey => self.test_journey(node, visitor),
            Op::Local => self.test_local(node, visitor),
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
            | Op::Vlte => false,
        }
    }

    fn test_attribute(&mut self, attribute: Node, visitor: &mut ConditionTracer) -> bool {
        let (id, test) = (Id::<Attribute>::new(attribute.a), Id::new(attribute.b));
        let fact = self.remembered(id);
        if !visitor.watches {
            let quickly = node(self.plan, test).and_then(|(node, op)| fact.test(self.plan, node, op));
            return quickly.unwrap_or_else(|| holds(self.plan, test, fact.view, visitor));
        }
        let name = || self.plan.get(id).map_or("", |row| self.plan.text(row.name)).to_owned();
        visitor.note("attribute", || Value::String(name()));
        note_found(visitor, fact.view, name);
        holds(self.plan, test, fact.view, visitor)
    }

    fn test_segment(&mut self, id: Id<Segment>, visitor: &mut ConditionTracer) -> bool {
        let Some(row) = self.plan.get(id) else { return false };
        let name = self.plan.text(row.id);
        visitor.note("segment", || Value::from(name));
        if row.flags & CARRIED != 0 {
            visitor.note("carried", || Value::Bool(true));
            return self.profile.segments.contains(name);
        }
        if let Some(holds) = visitor.told(id) {
            visitor.note("repeated", || Value::Bool(true));
            return holds;
        }
        let holds = self.test(row.node, visitor);
        visitor.tell(id, holds);
        holds
    }

    fn test_journey(&self, node: Node, visitor: &mut ConditionTracer) -> bool {
        let id = self.plan.get(Id::<Journey>::new(node.a)).map_or("", |row| self.plan.text(row.id));
        visitor.note("journey", || Value::from(id));
        let of_account = || self.profile.account()?.journeys.get(id);
        let Some(instance) = self.profile.journeys.get(id).or_else(of_account) else {
            visitor.note("missing", || Value::from(id));
            return false;
        };
        let state = state(instance.status);
        visitor.note("found", || Value::Array(vec![state.name().into(), instance.step.as_str().into()]));
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

/// A time or length for explanations; what has no end is null.
pub(super) fn time(time: Millis) -> Value {
    if time == Millis::MIN || time == Millis::MAX { Value::Null } else { Value::Number(millis_number(time)) }
}
