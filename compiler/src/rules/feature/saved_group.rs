//! Saved groups, and the weights of contextual bandits.

use throughline::Value;

use super::{numbers, present};
use crate::condition::{Dialect, KnownGroup, When};
use crate::rules::Definition;
use crate::source::cursor::{Cursor, ReadContext};
use crate::source::tree::{Kind, Node, Span};

/// The condition of a group without one, which has been reported.
static NOTHING: Node = Node { span: Span { file: 0, start: 0, end: 0 }, kind: Kind::Null };

/// A saved group of subjects: a list of values, or a condition.
#[derive(Clone, Debug)]
pub struct SavedGroup<'a> {
    /// The position of the definition.
    pub cursor: Cursor<'a>,
    /// The group as conditions use it.
    pub group: KnownGroup<'a>,
    /// Its condition.
    pub when: Option<Cursor<'a>>,
}

impl<'a> Definition<'a> for SavedGroup<'a> {
    const NOUN: &'static str = "saved group";
    const ID: &'static str = "a string without control characters";

    fn is_id(id: &str) -> bool {
        super::is_key(id)
    }

    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Self {
        if let Kind::List(items) = &cursor.node.kind {
            let values = items.iter().map(Node::to_value).collect();
            return Self { group: KnownGroup::Values(values), when: None, cursor };
        }
        let fields = cursor.fields(&["type", "attributeKey", "values", "condition", "description"], out);
        let is_type = |word: &str| ["list", "condition"].iter().position(|known| *known == word);
        let kind = fields.required("type", out).and_then(|cursor| cursor.keyword(&["list", "condition"], is_type, out));
        let values = present(&fields, "values").map(|cursor| cursor.list(out));
        let when = present(&fields, "condition").filter(|_| kind == Some(1));
        let group = match kind {
            Some(0) => KnownGroup::List {
                attribute: present(&fields, "attributeKey").and_then(|cursor| cursor.text(out)),
                values: values.unwrap_or_default().into_iter().map(|cursor| cursor.node.to_value()).collect(),
            },
            _ => KnownGroup::Condition(when.as_ref().map_or(&NOTHING, |cursor| cursor.node)),
        };
        if kind == Some(1) {
            fields.required("condition", out);
        }
        Self { group, when, cursor: fields.cursor().clone() }
    }
}

/// A contextual bandit: weights that depend on the subject.
#[derive(Clone, Debug)]
pub struct Bandit<'a> {
    /// Its version.
    pub version: Option<Value>,
    /// Its sets of weights.
    pub leaves: Vec<Leaf<'a>>,
}

/// The weights for some subjects.
#[derive(Clone, Debug)]
pub struct Leaf<'a> {
    /// Its id.
    pub id: Value,
    /// The condition in each dialect: it is read in that of every feature with the bandit. None for everybody.
    whens: Option<[When<'a>; 2]>,
    /// The weights.
    pub weights: Vec<f64>,
}

impl<'a> Leaf<'a> {
    /// The condition in the dialect of a feature; none for everybody.
    pub fn when(&self, dialect: Dialect) -> Option<&When<'a>> {
        let [rules, growthbook] = self.whens.as_ref()?;
        Some(match dialect {
            Dialect::Rules => rules,
            Dialect::GrowthBook => growthbook,
        })
    }
}

impl<'a> Definition<'a> for Bandit<'a> {
    const NOUN: &'static str = "contextual bandit";
    const ID: &'static str = "a string without control characters";

    fn is_id(id: &str) -> bool {
        super::is_key(id)
    }

    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Self {
        let fields = cursor.fields(&["banditVersion", "contexts", "description"], out);
        let contexts = present(&fields, "contexts").map(|cursor| cursor.list(out)).unwrap_or_default();
        let mut leaf = |cursor: Cursor<'a>| {
            let fields = cursor.fields(&["leafId", "condition", "weights"], out);
            Leaf {
                id: fields.required("leafId", out).map(|cursor| cursor.node.to_value()).unwrap_or_default(),
                whens: present(&fields, "condition").map(|cursor| [When::new(cursor.clone()), When::new(cursor)]),
                weights: fields.required("weights", out).map(|cursor| numbers(&cursor, out)).unwrap_or_default(),
            }
        };
        Self {
            leaves: contexts.into_iter().map(&mut leaf).collect(),
            version: fields.get("banditVersion").map(|cursor| cursor.node.to_value()),
        }
    }
}
