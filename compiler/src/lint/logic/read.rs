//! From conditions to formulas.
//!
//! A test that is not known here is opaque: it may hold or not, but it does not do both at once. So a new operator never
//! leads to a wrong finding.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use throughline::Consent;
use throughline::canonical;
use throughline::internals::plan::Op;
use throughline::internals::plan::tables::JourneyState;

use super::formula::{Assertion, Formula, Literal, Variable};
use super::operator::Test;
use super::ranges::Ranges;
use super::values::{Text, Values};
use super::version_key::version_key;
use crate::condition::tree::{AttributeTest, Condition, Operator, Segment, SubjectTest, ValueTest};
use crate::rules::Rules;
use crate::source::tree::{Kind, Node};

/// Segments that use each other deeper than this are not looked into.
const MAX_DEPTH: u32 = 12;

/// The formulas of segments if they hold, or if they do not; none for those that are opaque.
type Segments<'a> = BTreeMap<(&'a str, bool), Option<Rc<Formula<'a>>>>;

/// Reads the conditions of some rules.
pub struct Conditions<'r, 'a> {
    rules: &'r Rules<'a>,
    segments: RefCell<Segments<'a>>,
    /// Whether segments are opaque.
    is_closed: bool,
    /// Whether the condition that is being read has a part that only the collector can decide, or an opaque one.
    is_private: Cell<bool>,
    depth: Cell<u32>,
}

/// A value under test: an attribute, or a member of a value.
struct About<'a> {
    name: &'a str,
    subject: Variable,
    universe: Values,
}

/// An operator of a condition on the subject, with its operand as it is written.
#[derive(Clone, Copy)]
pub(super) struct Operand<'a> {
    pub operator: &'a str,
    pub source: &'a Node,
    pub holds: bool,
}

impl<'a> Operand<'a> {
    /// A literal that follows from this operator.
    pub fn literal(self, subject: Variable, values: Values) -> Formula<'a> {
        let said = Assertion::Written { name: self.operator, operator: "", operand: self.source, negated: !self.holds };
        Formula::Is(Literal { subject, values, exact: true, said })
    }
}

impl<'r, 'a> Conditions<'r, 'a> {
    /// A reader that has read nothing yet.
    #[must_use]
    pub const fn new(rules: &'r Rules<'a>) -> Self {
        let segments = RefCell::new(BTreeMap::new());
        Self { rules, segments, is_closed: false, is_private: Cell::new(false), depth: Cell::new(0) }
    }

    /// A reader that takes segments for facts of their own.
    #[must_use]
    pub fn without_segments(rules: &'r Rules<'a>) -> Self {
        Self { is_closed: true, ..Self::new(rules) }
    }

    /// Returns what follows from a condition if it holds, or if it does not.
    #[must_use]
    pub fn read(&self, condition: &Condition<'a>, holds: bool) -> Formula<'a> {
        match condition {
            Condition::Never => Formula::constant(!holds),
            Condition::All(parts) => Formula::joined(parts.iter().map(|part| self.read(part, holds)).collect(), holds),
            Condition::Any(parts) => self.any_of(parts.iter().map(|part| &part.condition), holds),
            Condition::Nor(parts) => self.any_of(parts.iter(), !holds),
            Condition::Not(condition) => self.read(condition, !holds),
            Condition::Attribute(attribute) => self.value(&self.about(attribute), &attribute.test, holds),
            Condition::Member { path, test } => {
                let subject = Variable::Attribute((*path).to_owned());
                self.value(&About { name: path, subject, universe: Values::all() }, test, holds)
            }
            Condition::SavedGroup { source, .. } => self.opaque("$savedGroup", "", source, holds),
            Condition::Subject { operator, source, test } => {
                let operand = Operand { operator, source, holds };
                let read = self.subject_test(operand, test);
                read.unwrap_or_else(|| self.opaque(operator, "", source, holds))
            }
        }
    }

    /// `$or`; without parts it holds, as in GrowthBook.
    fn any_of<'c>(&self, parts: impl Iterator<Item = &'c Condition<'a>>, holds: bool) -> Formula<'a>
    where
        'a: 'c,
    {
        let parts: Vec<_> = parts.map(|part| self.read(part, holds)).collect();
        if parts.is_empty() { Formula::constant(holds) } else { Formula::joined(parts, !holds) }
    }

    fn subject_test(&self, operand: Operand<'a>, test: &SubjectTest<'a>) -> Option<Formula<'a>> {
        match test {
            SubjectTest::Segment(segments) => {
                let parts = segments.iter().map(|segment| self.segment(operand, segment)).collect();
                Some(Formula::joined(parts, !operand.holds))
            }
            SubjectTest::History(tests) => self.history(operand, tests),
            SubjectTest::Schedule { from, until, is_local: false } => super::history::schedule(operand, *from, *until),
            SubjectTest::Consent(purposes) => Some(consent(operand, purposes)),
            SubjectTest::Journey { id, state, step } => Some(journey(operand, id, *state, *step)),
            SubjectTest::Stage(_) | SubjectTest::Schedule { .. } | SubjectTest::Local(_) | SubjectTest::Distance(_) => {
                None
            }
        }
    }

    fn about(&self, test: &AttributeTest<'a>) -> About<'a> {
        let attribute = self.rules.attributes.get(test.name);
        if attribute.is_some_and(|attribute| !attribute.is_at_edge()) {
            self.is_private.set(true);
        }
        // For features an app may set `id` itself, as a number.
        let known = attribute.filter(|_| test.rest.is_none() && test.name != "id");
        let universe = known.map_or_else(Values::all, |attribute| Values::of(attribute.kind, &attribute.values));
        About { name: test.path, subject: Variable::Attribute(test.path.to_owned()), universe }
    }

    fn value(&self, about: &About<'a>, test: &ValueTest<'a>, holds: bool) -> Formula<'a> {
        match test {
            ValueTest::All(parts) => {
                Formula::joined(parts.iter().map(|part| self.value(about, part, holds)).collect(), holds)
            }
            ValueTest::Not(test) => self.value(about, test, !holds),
            ValueTest::Operator { name, source, test, .. } => self.operator(about, name, source, test, holds),
            ValueTest::Never => Formula::constant(!holds),
            // Only elements of lists have members, and those are opaque.
            ValueTest::Members(_) => Formula::constant(true),
        }
    }

    fn operator(
        &self,
        about: &About<'a>,
        operator: &'a str,
        operand: &'a Node,
        test: &Operator<'a>,
        holds: bool,
    ) -> Formula<'a> {
        let said = Assertion::Written { name: about.name, operator, operand, negated: !holds };
        if let Operator::Version { op, written, .. } = test {
            let subject = Variable::Version(about.name.to_owned());
            return Formula::Is(Literal { subject, values: versions(*op, written, holds), exact: false, said });
        }
        let is_from_now = matches!(test, Operator::FromNow(..));
        // A bare list in place of a single value is reported when the rules are compiled.
        let is_bare_list = operator.is_empty() && matches!(operand.kind, Kind::List(_));
        let Some(test) = Test::new(test).filter(|_| !is_bare_list) else {
            return self.opaque(about.name, operator, operand, holds);
        };
        let values = about.universe.intersect(if holds { &test.holds } else { &test.fails });
        // A date and the time until then depend on each other, which the solver does not know.
        let exact = !is_from_now && test.holds.intersect(&test.fails).intersect(&about.universe).is_empty();
        let subject = if is_from_now { Variable::FromNow(about.name.to_owned()) } else { about.subject.clone() };
        let literal = Literal { subject, values, exact, said };
        if exact {
            return Formula::Is(literal);
        }
        // The very same test cannot both hold and fail.
        Formula::All(vec![Formula::Is(literal), self.opaque(about.name, operator, operand, holds)])
    }

    /// A test that holds or not, without further knowledge.
    pub fn opaque(&self, name: &'a str, operator: &'a str, operand: &'a Node, holds: bool) -> Formula<'a> {
        if name.starts_with('$') {
            self.is_private.set(true);
        }
        let subject = Variable::Opaque(format!("{name} {operator} {}", canonical::to_string(&operand.to_value())));
        let said = Assertion::Written { name, operator, operand, negated: !holds };
        Formula::Is(Literal { subject, values: Values::flag(holds), exact: false, said })
    }

    fn segment(&self, operand: Operand<'a>, segment: &Segment<'a>) -> Formula<'a> {
        let (id, holds) = (segment.id, operand.holds);
        let known = self.segments.borrow().get(&(id, holds)).cloned();
        let known = known.unwrap_or_else(|| {
            let when = self.rules.segments.get(id).and_then(|segment| segment.when.as_ref());
            let when = when.filter(|_| !self.is_closed);
            let read = when.and_then(|when| self.look_into(when.condition(), holds));
            self.segments.borrow_mut().insert((id, holds), read.clone());
            read
        });
        // The collector may have decided the membership some time ago, about other facts.
        let opaque = || {
            let name = operand.operator;
            let said = Assertion::Written { name, operator: "", operand: segment.source, negated: !holds };
            let subject = Variable::Opaque(format!("$segment {id}"));
            Formula::Is(Literal { subject, values: Values::flag(holds), exact: false, said })
        };
        known.map_or_else(opaque, Formula::Shared)
    }

    /// Returns the formula of a segment's condition; none if a page cannot decide it.
    fn look_into(&self, condition: &Condition<'a>, holds: bool) -> Option<Rc<Formula<'a>>> {
        if self.depth.get() >= MAX_DEPTH {
            return None;
        }
        let outer = self.is_private.replace(false);
        self.depth.set(self.depth.get().saturating_add(1));
        let read = self.read(condition, holds);
        self.depth.set(self.depth.get().saturating_sub(1));
        let is_private = self.is_private.replace(outer);
        (!is_private).then(|| Rc::new(read))
    }
}

/// The keys of the versions that satisfy an operator, or do not. What is not a version differs from every other one, and
/// passes no other test.
fn versions(op: Op, written: &str, holds: bool) -> Values {
    let found = version_key(written).map(Text).map_or_else(Ranges::none, |version| match op {
        Op::Vlt => Ranges::below(version, false),
        Op::Vlte => Ranges::below(version, true),
        Op::Vgt => Ranges::above(version, false),
        Op::Vgte => Ranges::above(version, true),
        _ => Ranges::point(version),
    });
    let is_in = holds != (op == Op::Vne);
    Values { null: !is_in, ..Values::texts(if is_in { found } else { found.complement() }) }
}

fn words(names: &[&str]) -> Ranges<Text> {
    Ranges::points(names.iter().map(|name| Text((*name).to_owned())))
}

/// `$consent`: each of the purposes is in its state.
fn consent<'a>(operand: Operand<'a>, purposes: &[(&'a str, Consent)]) -> Formula<'a> {
    let literal = |(purpose, state): &(&str, Consent)| {
        let found = words(&[state.name()]);
        let found = if operand.holds { found } else { found.complement() };
        let states = Values::texts(words(&["granted", "denied", "pending"]).intersect(&found));
        operand.literal(Variable::Consent((*purpose).to_owned()), states)
    };
    match purposes {
        [only] if operand.source.as_str().is_some() => literal(only),
        all => Formula::joined(all.iter().map(literal).collect(), operand.holds),
    }
}

/// `$journey`: the subject is in it, or was; in this state, at this step.
fn journey<'a>(operand: Operand<'a>, id: &str, state: Option<JourneyState>, step: Option<&str>) -> Formula<'a> {
    let literal = |subject: Variable, entered: Ranges<Text>| {
        let not = Values { null: true, texts: entered.complement(), ..Values::none() };
        operand.literal(subject, if operand.holds { Values::texts(entered) } else { not })
    };
    let state = state.map_or_else(Ranges::all, |state| words(&[state.name()]));
    let mut parts = vec![literal(Variable::JourneyState(id.to_owned()), state)];
    parts.extend(step.map(|step| literal(Variable::JourneyStep(id.to_owned()), words(&[step]))));
    Formula::joined(parts, operand.holds)
}
