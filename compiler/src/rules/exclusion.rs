//! Exclusion groups, which assign a subject to at most one of several experiments and campaigns.

use crate::rules::{Definition, Rules, find};
use crate::source::cursor::{Cursor, Fields, ReadContext, Reference};

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
        rules.check_unit(self.unit.as_ref(), "an exclusion group", out);
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
        find(&rules.exclusions, &member.group, out);
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
