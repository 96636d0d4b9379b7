//! Facts with interned strings, which conditions compare with constants by id.

use core::cmp::Ordering;

use crate::facts::reading::Reading;
use crate::json::ValueRef;
use crate::plan::tables::{Constant, ConstantKind, Node};
use crate::plan::{Id, Ids, Op, Plan};

/// A fact, and the constant that equals it.
#[derive(Clone, Debug)]
pub(crate) struct InternedFact<'a> {
    fact: Reading<'a>,
    /// `None` for a string that the plan does not [intern](Plan::intern), and for lists and objects, which equal
    /// nothing.
    constant: Option<Constant>,
}

impl<'a> InternedFact<'a> {
    pub(crate) fn new(plan: &Plan, fact: Reading<'a>) -> Self {
        let single = |kind: ConstantKind, number: f64| Some(Constant { kind, text: Id::new(0), number });
        let constant = match fact.view() {
            ValueRef::Null => single(ConstantKind::Null, 0.0),
            ValueRef::Bool(value) => single(ConstantKind::Boolean, f64::from(u8::from(value))),
            ValueRef::Number(number) => single(ConstantKind::Number, number),
            ValueRef::Text(text) => {
                plan.intern(text).map(|text| Constant { kind: ConstantKind::String, text, number: 0.0 })
            }
            ValueRef::List(_) | ValueRef::Object(_) => None,
        };
        Self { fact, constant }
    }

    pub(crate) fn view(&self) -> ValueRef<'_> {
        self.fact.view()
    }

    /// Compares a constant with the fact; `None` if the fact equals no constant of the plan.
    pub(crate) fn order(&self, plan: &Plan, id: Id<Constant>) -> Option<Ordering> {
        Some(plan.get(id)?.order(&self.constant?))
    }

    /// Checks whether the fact is one of the constants, which the compiler has sorted.
    pub(super) fn is_among(&self, plan: &Plan, constants: Ids<Constant>) -> bool {
        let order = |id: &u32| self.order(plan, Id::new(*id)).unwrap_or(Ordering::Less);
        plan.numbers(constants).binary_search_by(order).is_ok()
    }

    /// Tests a string by its id, if the node compares it with strings.
    ///
    /// The result is the one of the exact path, `compare`; other facts and nodes give `None` and take that path.
    pub(super) fn test(&self, plan: &Plan, node: Node, op: Op) -> Option<bool> {
        if !matches!(self.view(), ValueRef::Text(_)) {
            return None;
        }
        let is_same = || {
            let row = plan.get(Id::<Constant>::new(node.a)).filter(|row| row.kind == ConstantKind::String)?;
            Some(self.constant.is_some_and(|constant| constant.text == row.text))
        };
        match op {
            Op::Is | Op::Eq => is_same(),
            Op::Ne => is_same().map(|is_same| !is_same),
            Op::In => Some(self.is_among(plan, Ids::from_words(node.a, node.b))),
            _ => None,
        }
    }
}

impl Constant {
    /// Compares constants in their order in a plan: by kind, then by value, strings by id. Equal strings have equal
    /// ids.
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        self.kind.cmp(&other.kind).then_with(|| match self.kind {
            ConstantKind::String => self.text.cmp(&other.text),
            _ => self.number.partial_cmp(&other.number).unwrap_or_else(|| self.number.total_cmp(&other.number)),
        })
    }
}
