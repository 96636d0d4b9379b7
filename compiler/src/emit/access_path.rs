//! How the candidates of a lane are found: by what must be so before a campaign's condition can hold.

use std::collections::{BTreeMap, BTreeSet};

use throughline::internals::json::ValueRef;
use throughline::internals::plan::condition_ops::Op;
use throughline::internals::plan::tables::{Attribute, Constant, ConstantKind, Node, Segment, SegmentFlags};
use throughline::internals::plan::{Id, Ids, PlanBuilder, Span};

/// So few candidates are looked at as quickly as they are found.
const FEW: usize = 4;

/// Something that is so or not, and quickly known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccessTerm {
    /// The attribute's value, or an item of it, is the constant, or becomes it when it is converted.
    Value(Id<Attribute>, Id<Constant>),
    /// The condition holds.
    Holds(Id<Node>),
}

/// What finds a candidate: one of these terms must be so; without any it is never one.
pub type AccessPath = Vec<AccessTerm>;

/// How many different values the conditions of a plan ask of each attribute.
pub type ValueCounts = BTreeMap<Id<Attribute>, usize>;

/// What the conditions ask that are in the plan by now.
pub fn asked(plan: &PlanBuilder) -> ValueCounts {
    let subject = ConditionReader { plan, known: BTreeMap::new() };
    let mut values: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for node in Span::<Node>::new(0, plan.count::<Node>()).iter().filter_map(|id| plan.get(id)) {
        if node.kind() == Op::Attribute {
            values.entry(Id::new(node.a)).or_default().extend(subject.values(Id::new(node.b)).unwrap_or_default());
        }
    }
    values.into_iter().map(|(attribute, values)| (attribute, values.len())).collect()
}

/// For each condition what finds it best, or none if it always has to be looked at.
pub fn choose(plan: &PlanBuilder, asked: &ValueCounts, conditions: &[Option<Id<Node>>]) -> Vec<Option<AccessPath>> {
    if conditions.len() < FEW {
        return vec![None; conditions.len()];
    }
    let mut subject = ConditionReader { plan, known: BTreeMap::new() };
    let choices = conditions.iter().map(|when| when.map_or_else(Vec::new, |when| subject.accesses(when)));
    let choices: Vec<Vec<AccessPath>> = choices.collect();
    let costs = Costs::new(asked, choices.iter().flatten().flatten());
    let best = |accesses: Vec<AccessPath>| accesses.into_iter().min_by_key(|access| costs.of(access));
    choices.into_iter().map(|accesses| best(accesses).filter(|access| costs.of(access) < LOOK)).collect()
}

/// What it costs to look at one candidate.
const LOOK: usize = 1_000;

/// What terms are expected to cost for each condition that they find: the more values the plan asks of an attribute, the
/// fewer of them a subject has; and a condition is evaluated once for all who share it, and then holds one time in four.
struct Costs<'a> {
    asked: &'a ValueCounts,
    shares: BTreeMap<Id<Node>, usize>,
}

impl<'a> Costs<'a> {
    fn new<'t>(asked: &'a ValueCounts, terms: impl Iterator<Item = &'t AccessTerm>) -> Self {
        let mut shares: BTreeMap<_, usize> = BTreeMap::new();
        for term in terms {
            if let AccessTerm::Holds(node) = *term {
                let share = shares.entry(node).or_default();
                *share = share.saturating_add(1);
            }
        }
        Self { asked, shares }
    }

    fn of(&self, access: &AccessPath) -> usize {
        access.iter().map(|term| self.of_term(term)).sum()
    }

    fn of_term(&self, term: &AccessTerm) -> usize {
        match term {
            AccessTerm::Value(attribute, _) => {
                let asked = self.asked.get(attribute).copied().unwrap_or(0);
                LOOK.div_euclid(asked.saturating_add(1))
            }
            AccessTerm::Holds(node) => {
                let share = self.shares.get(node).copied().unwrap_or(0).max(1);
                LOOK.div_euclid(share).saturating_add(LOOK / 4)
            }
        }
    }
}

/// Of the accesses of a condition so many are compared.
const MANY: usize = 64;

/// Reads conditions on the subject.
struct ConditionReader<'p> {
    plan: &'p PlanBuilder,
    /// What is known of conditions: they share parts, which may share parts again.
    known: BTreeMap<Id<Node>, Vec<AccessPath>>,
}

impl ConditionReader<'_> {
    /// Accesses of which each finds all subjects for which the condition holds.
    fn accesses(&mut self, id: Id<Node>) -> Vec<AccessPath> {
        if let Some(known) = self.known.get(&id) {
            return known.clone();
        }
        let mut accesses = self.read(id);
        accesses.iter_mut().for_each(|access| {
            access.sort_unstable();
            access.dedup();
        });
        let mut seen = BTreeSet::new();
        accesses.retain(|access| seen.insert(access.clone()));
        accesses.truncate(MANY);
        self.known.insert(id, accesses.clone());
        accesses
    }

    fn read(&mut self, id: Id<Node>) -> Vec<AccessPath> {
        let Some((node, op)) = self.node(id) else { return Vec::new() };
        let itself = vec![AccessTerm::Holds(id)];
        match op {
            Op::True => Vec::new(),
            Op::False => vec![Vec::new()],
            Op::And => self.children(node).into_iter().flat_map(|child| self.accesses(child)).collect(),
            Op::Or => {
                let children = self.children(node);
                let by_values = |child| self.accesses(child).into_iter().find(|access| access.iter().all(is_value));
                let together: Option<Vec<AccessPath>> = children.into_iter().map(by_values).collect();
                together.map(|accesses| accesses.concat()).into_iter().chain([itself]).collect()
            }
            Op::Attribute => {
                let attribute = Id::new(node.a);
                let values = self.values(Id::new(node.b));
                let values =
                    values.map(|all| all.into_iter().map(|value| AccessTerm::Value(attribute, value)).collect());
                values.into_iter().chain([itself]).collect()
            }
            Op::Segment => match self.plan.get(Id::<Segment>::new(node.a)) {
                Some(row) if !row.flags.contains(SegmentFlags::CARRIED) => {
                    let mut accesses = self.accesses(row.node);
                    accesses.push(itself);
                    accesses
                }
                _ => vec![itself],
            },
            _ => vec![itself],
        }
    }

    /// The constants of which a value must be one, or have one, if it satisfies the test; none if others do.
    fn values(&self, id: Id<Node>) -> Option<Vec<Id<Constant>>> {
        let (node, op) = self.node(id)?;
        match op {
            Op::False => Some(Vec::new()),
            Op::Is | Op::Eq => self.single(Id::new(node.a)).map(|constant| vec![constant]),
            Op::In => self.plan.list(Ids::from_words(node.a, node.b)).map(|constant| self.single(constant)).collect(),
            Op::And => self.children(node).into_iter().find_map(|child| self.values(child)),
            Op::Or => {
                let values = self.children(node).into_iter().map(|child| self.values(child));
                values.collect::<Option<Vec<_>>>().map(|all| all.concat())
            }
            _ => None,
        }
    }

    /// The constant, if values can be looked up by it: nothing, lists and objects have no form of their own.
    fn single(&self, id: Id<Constant>) -> Option<Id<Constant>> {
        form(self.plan, id).map(|_| id)
    }

    fn node(&self, id: Id<Node>) -> Option<(Node, Op)> {
        let node = self.plan.get(id)?;
        Some((node, node.kind()))
    }

    fn children(&self, node: Node) -> Vec<Id<Node>> {
        self.plan.list(Ids::from_words(node.a, node.b)).collect()
    }
}

const fn is_value(term: &AccessTerm) -> bool {
    matches!(term, AccessTerm::Value(..))
}

/// A constant as the form of a value that is looked up.
pub fn form(plan: &PlanBuilder, id: Id<Constant>) -> Option<ValueRef<'_>> {
    let row = plan.get(id)?;
    match row.kind {
        ConstantKind::Boolean => Some(ValueRef::Bool(row.number != 0.0)),
        ConstantKind::Number => Some(ValueRef::Number(row.number)),
        ConstantKind::String => Some(ValueRef::Text(plan.text_of(row.text))),
        ConstantKind::Null | ConstantKind::Json => None,
    }
}
