//! Holdouts and exclusion groups, which withhold campaigns from a random share of subjects.

use throughline::internals::plan::tables::{Class, Classes};

use crate::rules::campaign::Campaign;
use crate::rules::class::classes;
use crate::rules::message::refuse_private;
use crate::rules::{Definition, Rules, find};
use crate::source::cursor::{Cursor, Fields, ReadContext, Reference};

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

/// A group of experiments and campaigns. A subject is assigned to at most one of them.
#[derive(Clone, Debug)]
pub struct ExclusionGroup<'a> {
    /// The attribute that is hashed; `None` for the subject.
    pub unit: Option<Reference<'a>>,
}

/// The range of a member in an exclusion group.
#[derive(Clone, Debug)]
pub struct Exclusion<'a> {
    /// The group.
    pub group: Reference<'a>,
    /// The first bucket of the range.
    pub from: f64,
    /// The first bucket after the range.
    pub to: f64,
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
            find::<Campaign<'_>>(&rules.campaigns, campaign, out);
        }
        check_unit(self.unit.as_ref(), "a holdout", rules, out);
    }
}

impl<'a> Definition<'a> for ExclusionGroup<'a> {
    const NOUN: &'static str = "exclusion group";

    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Self {
        let fields = cursor.fields(&["unit", "description"], out);
        Self { unit: fields.get("unit").and_then(|cursor| cursor.reference(out)) }
    }
}

impl ExclusionGroup<'_> {
    /// Reports a unit that a decision cannot read.
    pub fn check(&self, rules: &Rules<'_>, out: &mut ReadContext<'_>) {
        check_unit(self.unit.as_ref(), "an exclusion group", rules, out);
    }
}

impl<'a> Exclusion<'a> {
    /// Reads the range at `exclusion`, if the member has one.
    pub fn read(fields: &Fields<'a>, out: &mut ReadContext<'_>) -> Option<Self> {
        let fields = fields.get("exclusion")?.fields(&["group", "from", "to"], out);
        let group = fields.required("group", out).and_then(|cursor| cursor.reference(out));
        let mut bucket = |name| fields.required(name, out).and_then(|cursor| cursor.number(0.0..=1.0, out));
        let (from, to) = (bucket("from")?, bucket("to")?);
        if from >= to {
            fields.cursor().error("out-of-range", "the range is empty", out).expected("a `to` greater than `from`");
        }
        Some(Self { group: group?, from, to })
    }
}

/// Reports unknown groups, and members whose ranges overlap: a subject could be assigned to both.
pub fn check_members(rules: &Rules<'_>, out: &mut ReadContext<'_>) {
    let campaigns = rules.campaigns.iter().filter_map(|(id, row)| Some((*id, row.exclusion.as_ref()?)));
    let experiments = rules.experiments.iter().filter_map(|(id, row)| Some((*id, row.exclusion.as_ref()?)));
    let members: Vec<(&str, &Exclusion<'_>)> = experiments.chain(campaigns).collect();
    for (index, (_, member)) in members.iter().enumerate() {
        find::<ExclusionGroup<'_>>(&rules.exclusions, &member.group, out);
        let others = members.iter().take(index);
        let overlaps = |other: &Exclusion<'_>| {
            other.group.name == member.group.name && member.from < other.to && other.from < member.to
        };
        if let Some((id, other)) = others.into_iter().find(|(_, other)| overlaps(other)) {
            let message = format!("the range overlaps that of `{id}`, from {} to {}", other.from, other.to);
            member.group.cursor.error("overlap", message, out).expected("disjoint ranges within the group");
        }
    }
}

fn check_unit(unit: Option<&Reference<'_>>, cursor: &str, rules: &Rules<'_>, out: &mut ReadContext<'_>) {
    let Some(unit) = unit else { return };
    if let Some(attribute) = rules.attribute(unit, out) {
        refuse_private(attribute, unit, cursor, out);
    }
}
