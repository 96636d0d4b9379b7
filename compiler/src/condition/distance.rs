//! `$distance`: how far it is to a place, or to the nearest of several.

use throughline::internals::plan::tables::Place;
use throughline::internals::plan::{Id, Ids, Op};

use super::history::AGES;
use super::{ConditionCompiler, NodeId, join};
use crate::source::tree::{Kind, Node};

/// Metres of the units of length.
const UNITS: [(&str, f64); 3] = [("km", 1000.0), ("mi", 1609.344), ("m", 1.0)];
/// No two places are further away from each other than this, in metres.
const FARTHEST: f64 = 20_100_000.0;

impl ConditionCompiler<'_> {
    /// `$distance: { to, from, $lt, $lte, $gt, $gte }`.
    pub(super) fn distance(&mut self, node: &Node, path: &str) -> Option<NodeId> {
        self.known_members(node, path, &["to", "from", "$lt", "$lte", "$gt", "$gte"])?;
        let (to, from) = (self.places(node, path), self.position(node, path));
        let mut bounds = Vec::new();
        for (key, op) in AGES {
            let Some(length) = node.get(key) else { continue };
            let metres = self.metres(length, &join(path, key));
            bounds.push(metres.map(|metres| self.compared(op, metres)));
        }
        if bounds.is_empty() {
            let message = "`$distance` has no limit";
            self.diagnostics.error(node.span, path, "missing", message).expected("$lt, $lte, $gt or $gte");
            return None;
        }
        let (bounds, to, from) = (self.all_of(bounds), to?, from?);
        self.scope.uses.places = true;
        let (start, len) = to.words();
        Some(self.node(Op::Distance, [from, start, len, bounds?.0]))
    }

    /// The places in `to`: one or several; none of them for all.
    fn places(&mut self, node: &Node, path: &str) -> Option<Ids<Place>> {
        let path = join(path, "to");
        let items = match node.get("to") {
            None if self.scope.places.is_empty() => {
                self.diagnostics.error(node.span, &path, "missing", "the rules define no places").expected("`places`");
                return None;
            }
            None => return Some(Ids::empty()),
            Some(Node { kind: Kind::List(items), .. }) if !items.is_empty() => items.as_slice(),
            Some(item) => std::slice::from_ref(item),
        };
        let places: Vec<_> = items.iter().map(|item| self.place(item, &path)).collect();
        let places: Option<Vec<Id<Place>>> = places.into_iter().collect();
        Some(self.plan.ids(&places?))
    }

    fn place(&mut self, node: &Node, path: &str) -> Option<Id<Place>> {
        let Some(name) = node.as_str() else {
            self.wrong_type(node, path, "the id of a place, or a list of ids");
            return None;
        };
        let found = self.scope.places.get(name).copied();
        if found.is_none() {
            let message = format!("unknown place `{name}`");
            let error = self.diagnostics.error(node.span, path, "unknown-place", message);
            error.expected_one_of(name, self.scope.places.keys().map(String::as_str));
        }
        found
    }

    /// The attribute in `from`, which has a position; `u32::MAX` for that of the request.
    fn position(&mut self, node: &Node, path: &str) -> Option<u32> {
        let Some(from) = node.get("from") else { return Some(u32::MAX) };
        let path = join(path, "from");
        let expected = "an attribute of type `object` with a latitude and a longitude";
        let Some(name) = from.as_str() else {
            self.wrong_type(from, &path, expected);
            return None;
        };
        match self.scope.attributes.get(name).map(|known| (known.id, known.kind)) {
            Some((id, "object")) => {
                self.scope.uses.attributes.insert(name.to_owned());
                Some(id.0)
            }
            Some((_, kind)) => {
                let message = format!("attribute `{name}` has type `{kind}`");
                self.diagnostics.error(from.span, &path, "wrong-type", message).expected(expected);
                None
            }
            None => {
                let message = format!("unknown attribute `{name}`");
                let error = self.diagnostics.error(from.span, &path, "unknown-attribute", message);
                error.expected_one_of(name, self.scope.attributes.keys().map(String::as_str));
                None
            }
        }
    }

    /// The metres of a length such as `25km`.
    fn metres(&mut self, node: &Node, path: &str) -> Option<f64> {
        let text = node.as_str().unwrap_or_default();
        let length =
            UNITS.iter().find_map(|(unit, metres)| Some(number(text.strip_suffix(unit)?.trim_end())? * metres));
        if let Some(metres) = length.filter(|metres| *metres > 0.0 && *metres <= FARTHEST) {
            return Some(metres);
        }
        let message = match node.as_str() {
            Some(text) => format!("`{}` is not a valid distance", text.chars().take(40).collect::<String>()),
            None => format!("found {}", node.kind_name()),
        };
        let expected = "a number and a unit, such as 800m, 25km or 10mi";
        self.diagnostics.error(node.span, path, "distance", message).expected(expected);
        None
    }
}

/// Digits, perhaps with a fraction.
fn number(text: &str) -> Option<f64> {
    let is_number =
        text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(|c| c.is_ascii_digit() || c == '.');
    text.parse().ok().filter(|_| is_number)
}
