//! Holdouts, which withhold campaigns from a random share of subjects.

use throughline::internals::plan::tables::{Class, Classes};

use crate::rules::class::classes;
use crate::rules::{Definition, Rules, find};
use crate::source::cursor::{Cursor, ReadContext, Reference};

/// The classes of a holdout that names neither classes nor campaigns. Transactional messages are never
/// withheld.
const GLOBAL: Classes = Classes::empty().with(Class::Promo).with(Class::Service);

/// A share of subjects from whom campaigns are withheld.
#[derive(Clone, Debug)]
pub struct Holdout<'a> {
    /// The share, from 0 to 1.
    pub share: f64,
    /// The classes.
    pub classes: Classes,
    /// The campaigns, in addition to the classes.
    pub campaigns: Vec<Reference<'a>>,
    /// The attribute that is hashed; `None` for the subject.
    pub unit: Option<Reference<'a>>,
}

impl<'a> Definition<'a> for Holdout<'a> {
    const NOUN: &'static str = "holdout";

    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Self {
        let fields = cursor.fields(&["percent", "classes", "campaigns", "unit", "description"], out);
        let percent = fields.required("percent", out).and_then(|cursor| cursor.number(0.0..=100.0, out));
        let campaigns = fields.get("campaigns").map(|cursor| cursor.references(out)).unwrap_or_default();
        let otherwise = if fields.get("campaigns").is_some() { Classes::empty() } else { GLOBAL };
        Self {
            share: percent.unwrap_or(0.0) / 100.0,
            classes: fields.get("classes").map_or(otherwise, |cursor| classes(&cursor, out)),
            campaigns,
            unit: fields.get("unit").and_then(|cursor| cursor.reference(out)),
        }
    }
}

impl Holdout<'_> {
    /// Reports unknown campaigns, and a unit that a decision cannot read.
    pub fn check(&self, rules: &Rules<'_>, out: &mut ReadContext<'_>) {
        for campaign in &self.campaigns {
            find(&rules.campaigns, campaign, out);
        }
        rules.check_unit(self.unit.as_ref(), "a holdout", out);
    }
}
