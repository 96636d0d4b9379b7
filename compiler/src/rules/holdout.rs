//! Who is kept out by chance: holdouts, and exclusion groups.

use throughline::internals::plan::tables::{Class, Classes};

use crate::rules::campaign::Campaign;
use crate::rules::class::classes;
use crate::rules::message::refuse_private;
use crate::rules::{Definition, Rules, find};
use crate::source::cursor::{Cursor, Fields, ReadContext, Reference};

/// The classes that a holdout without classes and campaigns keeps from people: what must be said is said to everybody.
const GLOBAL: Classes = Classes::empty().with(Class::Promo).with(Class::Service);

/// People whom campaigns never reach.
#[derive(Clone, Debug)]
pub struct Holdout<'a> {
    /// The share of people, 0 to 1.
    pub share: f64,
    /// The classes that are held out.
    pub classes: Classes,
    /// And these campaigns.
    pub campaigns: Vec<Reference<'a>>,
    /// The attribute that is split; none for the subject.
    pub unit: Option<Reference<'a>>,
}

/// A group of experiments and campaigns of which nobody meets two.
#[derive(Clone, Debug)]
pub struct ExclusionGroup<'a> {
    /// The attribute that is split; none for the subject.
    pub unit: Option<Reference<'a>>,
}

/// A member's part of a group.
#[derive(Clone, Debug)]
pub struct Exclusion<'a> {
    /// The group.
    pub group: Reference<'a>,
    /// Buckets from here...
    pub from: f64,
    /// ...to before here.
    pub to: f64,
}

impl<'a> Definition<'a> for Holdout<'a> {
    const NOUN: &'static str = "holdout";

    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Self {
        let fields = cursor.fields(&["percent", "classes", "campaigns", "unit", "description"], out);
        let percent = fields.required("percent", out).and_then(|cursor| cursor.number(0.0..=100.0, out));
        let campaigns = fields.get("campaigns").map(|cursor| cursor.texts(out)).unwrap_or_default();
        let otherwise = if fields.get("campaigns").is_some() { Classes::empty() } else { GLOBAL };
        Self {
            share: percent.unwrap_or(0.0) / 100.0,
            classes: fields.get("classes").map_or(otherwise, |cursor| classes(&cursor, out)),
            campaigns,
            unit: fields.get("unit").and_then(|cursor| cursor.named(out)),
        }
    }
}

impl Holdout<'_> {
    /// Tells of campaigns that are not there, and of a unit that a decision cannot read.
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
        Self { unit: fields.get("unit").and_then(|cursor| cursor.named(out)) }
    }
}

impl ExclusionGroup<'_> {
    /// Tells of a unit that a decision cannot read.
    pub fn check(&self, rules: &Rules<'_>, out: &mut ReadContext<'_>) {
        check_unit(self.unit.as_ref(), "an exclusion group", rules, out);
    }
}

impl<'a> Exclusion<'a> {
    /// The member's part at `exclusion`, if it has one.
    pub fn read(fields: &Fields<'a>, out: &mut ReadContext<'_>) -> Option<Self> {
        let fields = fields.get("exclusion")?.fields(&["group", "from", "to"], out);
        let group = fields.required("group", out).and_then(|cursor| cursor.named(out));
        let mut bucket = |name| fields.required(name, out).and_then(|cursor| cursor.number(0.0..=1.0, out));
        let (from, to) = (bucket("from")?, bucket("to")?);
        if from >= to {
            fields.cursor().error("out-of-range", "the range is empty", out).expected("a `to` greater than `from`");
        }
        Some(Self { group: group?, from, to })
    }
}

/// Tells of groups that are not there and of members that overlap: nobody may meet two of them.
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
