//! The rules: all definitions of all files, read and checked.

pub mod account_unit;
pub mod attribute;
pub mod campaign;
pub mod catalogue;
pub mod channel;
pub mod class;
mod conditions;
pub mod cooldown;
pub mod cross_checks;
pub mod defaults;
pub mod event;
pub mod event_values;
pub mod exclusion;
pub mod experiment;
pub mod feature;
pub mod frequency_cap;
pub mod holdout;
pub mod identity;
pub mod journey;
pub mod lint_codes;
pub mod lint_settings;
pub mod message;
pub mod offer;
pub mod place;
pub mod policy;
pub mod privacy;
pub mod schedule;
pub mod score;
pub mod segment;
pub mod slot;
pub mod slot_schema;
pub mod stage;
pub mod trigger;

use std::collections::BTreeMap;

use throughline::internals::plan::tables::Per;

use crate::rules::campaign::Campaign;
use crate::rules::catalogue::{Item, List};
use crate::rules::channel::Channel;
use crate::rules::defaults::Defaults;
use crate::rules::event::Event;
use crate::rules::exclusion::ExclusionGroup;
use crate::rules::experiment::Experiment;
use crate::rules::feature::{AutoExperiment, Bandit, Feature, SavedGroup};
use crate::rules::frequency_cap::Limit;
use crate::rules::holdout::Holdout;
use crate::rules::identity::Identity;
use crate::rules::journey::Journey;
use crate::rules::lint_settings::LintSettings;
use crate::rules::message::Message;
use crate::rules::offer::Offer;
use crate::rules::place::Place;
use crate::rules::policy::Policies;
use crate::rules::segment::Segment;
use crate::rules::slot::Slot;
use crate::source::cursor::{Cursor, ReadContext, Reference};
use crate::source::tree::Node;
use attribute::Attribute;

/// The definitions of one kind, by id.
pub type Defs<'a, T> = BTreeMap<&'a str, T>;

/// The sections that a file of rules may have.
pub const SECTIONS: [&str; 25] = [
    "version",
    "defaults",
    "attributes",
    "events",
    "identity",
    "segments",
    "stages",
    "slots",
    "channels",
    "offers",
    "messages",
    "campaigns",
    "experiments",
    "holdouts",
    "exclusions",
    "policies",
    "journeys",
    "features",
    "autoExperiments",
    "savedGroups",
    "contextualBandits",
    "catalogue",
    "places",
    "lists",
    "lint",
];

/// A definition with an id.
pub trait Definition<'a>: Sized {
    /// The noun for it in diagnostics.
    const NOUN: &'static str;
    /// The expected form of an id.
    const ID: &'static str = "lower-case letters, digits, `.`, `_` and `-`, beginning with a letter or digit";

    /// Returns whether a string is a valid id for this kind of definition.
    fn is_id(id: &str) -> bool {
        let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        id.len() <= 100 && id.starts_with(is_letter) && id.chars().all(|c| is_letter(c) || "._-".contains(c))
    }
    /// Reads a definition, and reports every error that can be found without other definitions.
    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Self;
}

/// All definitions of all files.
#[derive(Clone, Debug)]
pub struct Rules<'a> {
    /// The defaults for definitions that leave something out.
    pub defaults: Defaults<'a>,
    /// The declared and built-in attributes.
    pub attributes: Defs<'a, Attribute<'a>>,
    /// The declared events; without any, the rules may name every event.
    pub events: Defs<'a, Event<'a>>,
    /// The identifiers that name people.
    pub identity: Identity<'a>,
    /// The named conditions.
    pub segments: Defs<'a, Segment<'a>>,
    /// The slots, in the order in which they are decided.
    pub slots: Vec<(&'a str, Slot<'a>)>,
    /// The channels.
    pub channels: Defs<'a, Channel<'a>>,
    /// The offers.
    pub offers: Defs<'a, Offer<'a>>,
    /// The messages.
    pub messages: Defs<'a, Message<'a>>,
    /// The campaigns.
    pub campaigns: Defs<'a, Campaign<'a>>,
    /// The experiments.
    pub experiments: Defs<'a, Experiment<'a>>,
    /// The holdouts.
    pub holdouts: Defs<'a, Holdout<'a>>,
    /// The exclusion groups. A subject is assigned to at most one member of each.
    pub exclusions: Defs<'a, ExclusionGroup<'a>>,
    /// Consent, suppressions, caps, cool-downs and quiet hours.
    pub policies: Policies<'a>,
    /// The journeys.
    pub journeys: Defs<'a, Journey<'a>>,
    /// The features.
    pub features: Defs<'a, Feature<'a>>,
    /// The experiments that pages run by themselves, in the order in which they run.
    pub auto_experiments: Vec<(&'a str, AutoExperiment<'a>)>,
    /// The saved groups of subjects.
    pub groups: Defs<'a, SavedGroup<'a>>,
    /// The items of the catalogue.
    pub catalogue: Defs<'a, Item>,
    /// The segments that are stages of the relationship, in their order.
    pub stages: Vec<Reference<'a>>,
    /// Shops, branches and venues.
    pub places: Defs<'a, Place>,
    /// The lists of catalogue items.
    pub lists: Defs<'a, List<'a>>,
    /// The contextual bandits, whose weights depend on the subject.
    pub bandits: Defs<'a, Bandit<'a>>,
    /// The linter's settings.
    pub lint: LintSettings<'a>,
}

impl<'a> Rules<'a> {
    /// Reads and checks each definition of all files, and then the references between them.
    pub fn read(trees: &'a [Node], out: &mut ReadContext<'_>) -> Self {
        let files = Files::new(trees, out);
        let defaults = Defaults::read(&files, out);
        out.zone = defaults.zone.clone();
        let mut attributes = files.definitions("attributes", out);
        refuse_built_in(&mut attributes, out);
        refuse_dotted_parameters(&attributes, out);
        attributes.extend(attribute::built_in());
        let features = files.definitions("features", out);
        let auto_experiments = files.in_order("autoExperiments", out);
        let groups = files.definitions("savedGroups", out);
        let bandits = files.definitions("contextualBandits", out);
        let implied = feature::implied_attributes(&features, &auto_experiments, &groups, &bandits, &attributes);
        attributes.extend(implied);
        let mut rules = Self {
            defaults,
            attributes,
            events: files.definitions("events", out),
            identity: Identity::read(&files, out),
            segments: files.definitions("segments", out),
            slots: files.in_order("slots", out),
            channels: files.definitions("channels", out),
            offers: files.definitions("offers", out),
            messages: files.definitions("messages", out),
            campaigns: files.definitions("campaigns", out),
            experiments: files.definitions("experiments", out),
            holdouts: files.definitions("holdouts", out),
            exclusions: files.definitions("exclusions", out),
            policies: Policies::read(&files, out),
            journeys: files.definitions("journeys", out),
            features,
            auto_experiments,
            groups,
            bandits,
            catalogue: files.definitions("catalogue", out),
            stages: stage::read(&files, out),
            places: files.definitions("places", out),
            lists: files.definitions("lists", out),
            lint: LintSettings::read(files.sections("lint").collect(), out),
        };
        conditions::read(&rules, out);
        rules.check(out);
        event::check(&rules, trees, out);
        if !rules.policies.scores {
            // Scores are checked even where the policy turns them off.
            rules.campaigns.values_mut().for_each(|campaign| campaign.score = None);
        }
        rules
    }

    fn check(&self, out: &mut ReadContext<'_>) {
        self.channels.values().for_each(|channel| channel.check(self, out));
        catalogue::check(self, out);
        place::check(self, out);
        stage::check(self, out);
        self.messages.values().for_each(|message| message.check(self, out));
        self.experiments.values().for_each(|experiment| experiment.check(self, out));
        self.campaigns.values().for_each(|campaign| campaign.check(self, out));
        self.journeys.values().for_each(|journey| journey.check(self, out));
        self.holdouts.values().for_each(|holdout| holdout.check(self, out));
        self.exclusions.values().for_each(|group| group.check(self, out));
        exclusion::check_members(self, out);
        self.policies.check(self, out);
        self.features.values().for_each(|feature| feature.check(self, out));
        feature::check_chains(self, out);
        self.auto_experiments.iter().for_each(|(_, experiment)| experiment.check(self, out));
        cross_checks::check(self, out);
    }

    /// Returns the slot with an id.
    #[must_use]
    pub fn slot(&self, id: &str) -> Option<&Slot<'a>> {
        self.slots.iter().find(|(known, _)| *known == id).map(|(_, slot)| slot)
    }

    /// Returns whether caps or quiet hours read the subject's local clock.
    #[must_use]
    pub fn uses_local_time(&self) -> bool {
        !self.policies.quiet.is_empty() || self.limits().any(|limit| limit.per == Per::Day)
    }

    /// Returns the limits of all caps.
    fn limits(&self) -> impl Iterator<Item = &Limit<'a>> {
        let campaigns = self.campaigns.values().flat_map(|campaign| &campaign.caps);
        campaigns.chain(self.policies.caps.iter().map(|cap| &cap.limit))
    }

    /// Returns the units of experiments, holdouts and exclusion groups; `None` for the subject.
    pub fn units(&self) -> impl Iterator<Item = Option<&Reference<'a>>> {
        let experiments = self.experiments.values().map(|experiment| &experiment.unit);
        let holdouts = self.holdouts.values().map(|holdout| &holdout.unit);
        let groups = self.exclusions.values().map(|group| &group.unit);
        experiments.chain(holdouts).chain(groups).map(Option::as_ref)
    }

    /// Reports a unit that is not declared, or that a decision cannot read. `user` is the definition that it splits.
    pub fn check_unit(&self, unit: Option<&Reference<'_>>, user: &str, out: &mut ReadContext<'_>) {
        let Some(unit) = unit else { return };
        if let Some(attribute) = self.attribute(unit, out) {
            attribute.require_at_edge(unit, user, out);
        }
    }

    /// Returns whether a cap or a journey has the account as its unit.
    #[must_use]
    pub fn has_account_units(&self) -> bool {
        let mut journeys = self.journeys.values();
        self.limits().any(|limit| limit.unit.is_some()) || journeys.any(|journey| journey.unit.is_some())
    }

    /// Resolves a dotted path to the longest attribute name that it begins with, and the members that follow.
    #[must_use]
    pub fn path<'n>(&self, path: &'n str) -> Option<(&'a str, Vec<&'n str>)> {
        let ends = path.match_indices('.').map(|(at, _)| at).chain([path.len()]).collect::<Vec<_>>();
        ends.into_iter().rev().find_map(|end| {
            let (name, rest) = path.split_at_checked(end)?;
            let (name, attribute) = self.attributes.get_key_value(name)?;
            let members: Vec<_> = rest.split('.').filter(|member| !member.is_empty()).collect();
            let has_members = matches!(attribute.kind, "object" | "list") || members.is_empty() || members == ["size"];
            has_members.then_some((*name, members))
        })
    }

    /// Returns the attribute with a name, and reports an unknown one.
    pub fn attribute(&self, name: &Reference<'_>, out: &mut ReadContext<'_>) -> Option<&Attribute<'a>> {
        find(&self.attributes, name, out)
    }
}

/// Returns the definition that a reference names, and reports an unknown one.
pub fn find<'r, 'a, T: Definition<'a>>(
    definitions: &'r Defs<'a, T>,
    name: &Reference<'_>,
    out: &mut ReadContext<'_>,
) -> Option<&'r T> {
    let found = definitions.get(name.name);
    if found.is_none() {
        name.unknown(T::NOUN, definitions.keys().copied(), out);
    }
    found
}

fn refuse_built_in<'a>(attributes: &mut Defs<'a, Attribute<'a>>, out: &mut ReadContext<'_>) {
    for name in attribute::built_in().into_keys() {
        if let Some(cursor) = attributes.remove(name).and_then(|attribute| attribute.cursor) {
            let message = format!("`{name}` is a built-in attribute of the request");
            cursor.error("duplicate-id", message, out).expected("another name");
        }
    }
}

fn refuse_dotted_parameters(attributes: &Defs<'_, Attribute<'_>>, out: &mut ReadContext<'_>) {
    for (name, attribute) in
        attributes.iter().filter(|(name, attribute)| attribute.derived.is_some() && name.contains('.'))
    {
        if let Some(cursor) = &attribute.cursor {
            let message = format!("`{name}` is a member of an object, but a parameter is a string");
            cursor.error("wrong-type", message, out).expected("a name without dots");
        }
    }
}

/// The top level of each file.
#[derive(Clone, Debug)]
pub struct Files<'a>(Vec<crate::source::cursor::Fields<'a>>);

impl<'a> Files<'a> {
    fn new(trees: &'a [Node], out: &mut ReadContext<'_>) -> Self {
        let files: Vec<_> = trees.iter().map(|tree| Cursor::top(tree).fields(&SECTIONS, out)).collect();
        for version in files.iter().filter_map(|file| file.get("version")) {
            version.integer(1..=1, out);
        }
        Self(files)
    }

    /// Returns the section with a name from each file that has it.
    pub fn sections<'f>(&'f self, name: &'f str) -> impl Iterator<Item = Cursor<'a>> + 'f {
        self.0.iter().filter_map(move |file| file.get(name))
    }

    /// Returns the only section with a name, and reports further ones.
    pub fn single(&self, name: &str, out: &mut ReadContext<'_>) -> Option<Cursor<'a>> {
        let mut sections = self.sections(name);
        let first = sections.next()?;
        for again in sections {
            let message = format!("`{name}` is defined in two files");
            let there = out.location(first.mark);
            again.error("duplicate-key", message, out).expected(format!("`{name}` in one file; it is also at {there}"));
        }
        Some(first)
    }

    fn definitions<T: Definition<'a>>(&self, section: &str, out: &mut ReadContext<'_>) -> Defs<'a, T> {
        self.in_order(section, out).into_iter().collect()
    }

    fn in_order<T: Definition<'a>>(&self, section: &str, out: &mut ReadContext<'_>) -> Vec<(&'a str, T)> {
        let mut places: BTreeMap<&str, Cursor<'a>> = BTreeMap::new();
        let mut found = Vec::new();
        for (id, cursor) in self.sections(section).flat_map(|map| map.definitions(out)).collect::<Vec<_>>() {
            if !T::is_id(id) {
                let message = format!("`{id}` is not a valid id for {} {}", article(T::NOUN), T::NOUN);
                cursor.error("id", message, out).expected(T::ID);
            }
            if let Some(first) = places.get(id) {
                let there = out.location(first.mark);
                let message = format!("{} `{id}` is defined twice", T::NOUN);
                cursor.error("duplicate-id", message, out).expected(format!("another id; the first one is at {there}"));
                continue;
            }
            places.insert(id, cursor.clone());
            found.push((id, T::read(cursor, out)));
        }
        found
    }
}

/// Returns the indefinite article of a noun.
fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}
