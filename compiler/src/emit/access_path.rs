//! Access paths: the necessary part of each campaign's condition under which a candidate index files the campaign.

use std::collections::{BTreeMap, BTreeSet};

use throughline::internals::json::ValueRef;
use throughline::internals::plan::condition_ops::Op;
use throughline::internals::plan::tables::{Attribute, Constant, ConstantKind, Node, Segment, SegmentFlags};
use throughline::internals::plan::{Id, Ids, PlanBuilder, Span};

/// Fewer candidates than this are looked at as quickly as they are found.
const FEW: usize = 4;

/// A fact about the subject that is looked up quickly.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccessTerm {
    /// The attribute's value, or an item of it, equals the constant, possibly after conversion.
    Value(Id<Attribute>, Id<Constant>),
    /// The condition holds.
    Holds(Id<Node>),
}

/// A necessary condition in disjunctive form: some term is true for every subject for whom the condition holds. Without terms
/// the condition never holds.
pub type AccessPath = Vec<AccessTerm>;

/// The number of distinct values that the conditions of a plan test for each attribute.
pub type ValueCounts = BTreeMap<Id<Attribute>, usize>;

/// Counts the values in the conditions that are in the plan so far.
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

/// Returns the cheapest access path of each condition; `None` if looking at the candidate costs less.
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

/// The cost of looking at one candidate; other costs are relative to it.
const LOOK: usize = 1_000;

/// The expected cost of terms, for each condition filed under them.
///
/// - The more values of an attribute the plan tests, the less often a subject has a certain one of them.
/// - A shared condition is evaluated once for all campaigns filed under it, and is assumed to hold one time in four.
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

/// The maximum number of access paths of a condition that are compared.
const MANY: usize = 64;

/// Reads conditions on the subject.
struct ConditionReader<'p> {
    plan: &'p PlanBuilder,
    /// The access paths of conditions that were read. Conditions share parts, which may share parts in turn.
    known: BTreeMap<Id<Node>, Vec<AccessPath>>,
}

impl ConditionReader<'_> {
    /// Returns access paths, each of which finds all subjects for whom the condition holds.
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

    /// Returns the constants that a value must equal, or contain, to satisfy the test; `None` if other values satisfy it.
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

    /// Returns the constant if values can be looked up by it: `null`, lists and objects cannot.
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

/// Returns a constant as the value that is looked up.
pub fn form(plan: &PlanBuilder, id: Id<Constant>) -> Option<ValueRef<'_>> {
    let row = plan.get(id)?;
    match row.kind {
        ConstantKind::Boolean => Some(ValueRef::Bool(row.number != 0.0)),
        ConstantKind::Number => Some(ValueRef::Number(row.number)),
        ConstantKind::String => Some(ValueRef::Text(plan.text_of(row.text))),
        ConstantKind::Null | ConstantKind::Json => None,
    }
}
