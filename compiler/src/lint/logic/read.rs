//! From what is written to formulas.
//!
//! Whatever is not known here is opaque: it may hold or not, but it does not do both at once. So a form of the language
//! that is newer than this reader never makes it say something wrong.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use throughline::canonical;

use super::formula::{Assertion, Formula, Literal, Variable};
use super::operator::Test;
use super::ranges::Ranges;
use super::values::{Text, Values};
use crate::rules::Rules;
use crate::source::tree::{Entry, Kind, Node};

/// Segments that use each other deeper than this are not looked into.
const MAX_DEPTH: u32 = 12;

/// What segments say if they hold, or if they do not; none for those that are opaque.
type Segments<'a> = BTreeMap<(&'a str, bool), Option<Rc<Formula<'a>>>>;

/// Reads the conditions of some rules.
pub struct Conditions<'r, 'a> {
    pub(super) rules: &'r Rules<'a>,
    segments: RefCell<Segments<'a>>,
    /// Whether what is read now says something that only the collector knows, or that nobody knows here.
    is_private: Cell<bool>,
    depth: Cell<u32>,
}

/// What the keys of a condition name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    Attributes,
    Members,
}

/// What a test is about.
struct About<'a> {
    name: &'a str,
    subject: Variable,
    universe: Values,
}

impl<'r, 'a> Conditions<'r, 'a> {
    /// A reader that has read nothing yet.
    #[must_use]
    pub const fn new(rules: &'r Rules<'a>) -> Self {
        Self { rules, segments: RefCell::new(BTreeMap::new()), is_private: Cell::new(false), depth: Cell::new(0) }
    }

    /// What a condition on a subject says if it holds, or if it does not.
    #[must_use]
    pub fn read(&self, node: &'a Node, holds: bool) -> Formula<'a> {
        self.condition(node, holds, Keys::Attributes)
    }

    /// What a condition on the properties of an event says if it holds, or if it does not.
    #[must_use]
    pub fn read_filter(&self, node: &'a Node, holds: bool) -> Formula<'a> {
        self.condition(node, holds, Keys::Members)
    }

    fn condition(&self, node: &'a Node, holds: bool, keys: Keys) -> Formula<'a> {
        let Kind::Map(entries) = &node.kind else { return self.opaque("", "", node, holds) };
        Formula::joined(entries.iter().map(|entry| self.part(entry, holds, keys)).collect(), holds)
    }

    fn part(&self, entry: &'a Entry, holds: bool, keys: Keys) -> Formula<'a> {
        let value = &entry.value;
        match (entry.key.as_str(), &value.kind) {
            ("$and", Kind::List(items)) => {
                Formula::joined(items.iter().map(|item| self.condition(item, holds, keys)).collect(), holds)
            }
            ("$or", Kind::List(items)) => self.any_of(items, holds, keys),
            ("$nor", Kind::List(items)) => self.any_of(items, !holds, keys),
            ("$not", _) => self.condition(value, !holds, keys),
            (key, _) if keys == Keys::Members => {
                if key.starts_with('$') {
                    return self.opaque("", key, value, holds);
                }
                let about = About { name: key, subject: Variable::Attribute(key.to_owned()), universe: Values::all() };
                self.value(&about, value, holds)
            }
            (key, _) => self.subject_part(key, value, holds),
        }
    }

    /// `$or`; without parts it holds, as in GrowthBook.
    fn any_of(&self, items: &'a [Node], holds: bool, keys: Keys) -> Formula<'a> {
        if items.is_empty() {
            return Formula::constant(holds);
        }
        Formula::joined(items.iter().map(|item| self.condition(item, holds, keys)).collect(), !holds)
    }

    fn subject_part(&self, key: &'a str, value: &'a Node, holds: bool) -> Formula<'a> {
        let read = match key {
            "$segment" => self.segments(value, holds),
            "$event" => self.events(value, holds),
            "$recency" => self.recency(value, holds),
            "$schedule" => self.schedule(value, holds),
            "$consent" => consent(value, holds),
            "$journey" => journey(value, holds),
            _ if key.starts_with('$') => None,
            _ => self.about(key).map(|about| self.value(&about, value, holds)),
        };
        read.unwrap_or_else(|| self.opaque(key, "", value, holds))
    }

    /// The declared attribute that a path begins with, and what it may be.
    fn about(&self, path: &'a str) -> Option<About<'a>> {
        let shorter = path.rmatch_indices('.').filter_map(|(dot, _)| path.get(..dot));
        let declared =
            [path].into_iter().chain(shorter).find_map(|name| Some((name, self.rules.attributes.get(name)?)));
        let (name, attribute) = declared?;
        if !attribute.is_at_edge() {
            self.is_private.set(true);
        }
        // For features an app may say `id` itself, as a number.
        let is_known = name == path && name != "id";
        let universe = if is_known { Values::of(attribute.kind, &attribute.values) } else { Values::all() };
        Some(About { name: path, subject: Variable::Attribute(path.to_owned()), universe })
    }

    /// What stands after a name: a bare value, or operators, of which all have to hold.
    fn value(&self, about: &About<'a>, node: &'a Node, holds: bool) -> Formula<'a> {
        let entries = node.entries();
        if entries.is_empty() || !entries.iter().all(|entry| entry.key.starts_with('$')) {
            return self.test(about, "", node, holds);
        }
        let parts = entries.iter().map(|entry| match entry.key.as_str() {
            "$not" => self.value(about, &entry.value, !holds),
            operator => self.test(about, operator, &entry.value, holds),
        });
        Formula::joined(parts.collect(), holds)
    }

    fn test(&self, about: &About<'a>, operator: &'a str, operand: &'a Node, holds: bool) -> Formula<'a> {
        let said = Assertion::Written { name: about.name, operator, operand, negated: !holds };
        if let Some(versions) = versions(operator, operand, holds) {
            let subject = Variable::Version(about.name.to_owned());
            return Formula::Is(Literal { subject, values: Values::texts(versions), exact: false, said });
        }
        // A bare list where none can be is told when compiling.
        if operator.is_empty() && matches!(operand.kind, Kind::List(_)) {
            return self.opaque(about.name, operator, operand, holds);
        }
        let name = if operator.is_empty() { "$is" } else { operator };
        let Some(test) = Test::new(name, &operand.to_value()) else {
            return self.opaque(about.name, operator, operand, holds);
        };
        let values = about.universe.intersect(if holds { &test.holds } else { &test.fails });
        let exact = test.holds.intersect(&test.fails).intersect(&about.universe).is_empty();
        let literal = Literal { subject: about.subject.clone(), values, exact, said };
        if exact {
            return Formula::Is(literal);
        }
        // The very same test cannot both hold and fail.
        Formula::All(vec![Formula::Is(literal), self.opaque(about.name, operator, operand, holds)])
    }

    /// Something that holds or does not, and nothing else is known of it.
    pub fn opaque(&self, name: &'a str, operator: &'a str, operand: &'a Node, holds: bool) -> Formula<'a> {
        if name.starts_with('$') || (name.is_empty() && operator.starts_with('$')) {
            self.is_private.set(true);
        }
        let subject = Variable::Opaque(format!("{name} {operator} {}", canonical::to_string(&operand.to_value())));
        let said = Assertion::Written { name, operator, operand, negated: !holds };
        Formula::Is(Literal { subject, values: Values::flag(holds), exact: false, said })
    }

    /// `$segment`: the subject is in one of them.
    fn segments(&self, node: &'a Node, holds: bool) -> Option<Formula<'a>> {
        let items = match &node.kind {
            Kind::List(items) if !items.is_empty() => items.as_slice(),
            Kind::String(_) => core::slice::from_ref(node),
            _ => return None,
        };
        let parts: Option<Vec<_>> = items.iter().map(|item| self.segment(item, holds)).collect();
        Some(Formula::joined(parts?, !holds))
    }

    fn segment(&self, node: &'a Node, holds: bool) -> Option<Formula<'a>> {
        let (id, segment) = self.rules.segments.get_key_value(node.as_str()?)?;
        let known = self.segments.borrow().get(&(*id, holds)).cloned();
        let known = match known {
            Some(known) => known,
            None => {
                let read = segment.when.as_ref().and_then(|when| self.look_into(when.node, holds));
                self.segments.borrow_mut().insert((*id, holds), read.clone());
                read
            }
        };
        // The collector may have decided the membership some time ago, about other facts.
        let said = || Assertion::Written { name: "$segment", operator: "", operand: node, negated: !holds };
        let opaque = || {
            let subject = Variable::Opaque(format!("$segment {id}"));
            Formula::Is(Literal { subject, values: Values::flag(holds), exact: false, said: said() })
        };
        Some(known.map_or_else(opaque, Formula::Shared))
    }

    /// What the condition of a segment says; none if a page cannot decide it.
    fn look_into(&self, node: &'a Node, holds: bool) -> Option<Rc<Formula<'a>>> {
        if self.depth.get() >= MAX_DEPTH {
            return None;
        }
        let outer = self.is_private.replace(false);
        self.depth.set(self.depth.get().saturating_add(1));
        let read = self.read(node, holds);
        self.depth.set(self.depth.get().saturating_sub(1));
        let is_private = self.is_private.replace(outer);
        (!is_private).then(|| Rc::new(read))
    }
}

/// The padded texts of the versions that satisfy an operator, or do not.
fn versions(operator: &str, operand: &Node, holds: bool) -> Option<Ranges<Text>> {
    if !matches!(operand.kind, Kind::String(_) | Kind::Number(_)) {
        return None;
    }
    let value = operand.to_value();
    let version = || Text(throughline::internals::condition::padded_version((&value).into()));
    let found = match operator {
        "$veq" => Ranges::point(version()),
        "$vne" => Ranges::point(version()).complement(),
        "$vlt" => Ranges::below(version(), false),
        "$vlte" => Ranges::below(version(), true),
        "$vgt" => Ranges::above(version(), false),
        "$vgte" => Ranges::above(version(), true),
        _ => return None,
    };
    Some(if holds { found } else { found.complement() })
}

fn words(names: &[&str]) -> Ranges<Text> {
    Ranges::points(names.iter().map(|name| Text((*name).to_owned())))
}

/// `$consent`: each of the purposes is in its state.
fn consent(node: &Node, holds: bool) -> Option<Formula<'_>> {
    let literal = |purpose: &str, state: &str, operand| {
        let states = words(&["granted", "denied", "pending"]);
        let found = words(&[state]);
        let values = Values::texts(states.intersect(&if holds { found } else { found.complement() }));
        let said = Assertion::Written { name: "$consent", operator: "", operand, negated: !holds };
        Formula::Is(Literal { subject: Variable::Consent(purpose.to_owned()), values, exact: true, said })
    };
    match &node.kind {
        Kind::String(purpose) => Some(literal(purpose, "granted", node)),
        Kind::Map(entries) => {
            let parts: Option<Vec<_>> =
                entries.iter().map(|entry| Some(literal(&entry.key, entry.value.as_str()?, node))).collect();
            Some(Formula::joined(parts?, holds))
        }
        _ => None,
    }
}

/// `$journey`: the subject is in it, or was; in this state, at this step.
fn journey(node: &Node, holds: bool) -> Option<Formula<'_>> {
    let known = |entry: &Entry| matches!(entry.key.as_str(), "id" | "state" | "step") && entry.value.as_str().is_some();
    if !node.entries().iter().all(known) {
        return None;
    }
    let id = node.get("id")?.as_str()?;
    let literal = |subject: Variable, entered: Values| {
        let not = Values { null: !entered.null, texts: entered.texts.complement(), ..Values::none() };
        let values = if holds { entered } else { not };
        let said = Assertion::Written { name: "$journey", operator: "", operand: node, negated: !holds };
        Formula::Is(Literal { subject, values, exact: true, said })
    };
    let text = |key| node.get(key).and_then(Node::as_str);
    let state = text("state").map_or_else(Ranges::all, |state| words(&[state]));
    let mut parts = vec![literal(Variable::JourneyState(id.to_owned()), Values::texts(state))];
    parts.extend(text("step").map(|step| literal(Variable::JourneyStep(id.to_owned()), Values::texts(words(&[step])))));
    Some(Formula::joined(parts, holds))
}
