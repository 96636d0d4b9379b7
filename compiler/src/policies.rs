//! Policies: consent, holdouts, suppression and caps, for whole classes of campaigns.

use throughline::plan::tables::{Class, Per};
use throughline::{Consent, Millis};

use crate::offers::Offer;
use crate::place::{Fields, Named, Place, Reader};
use crate::rules::{Definition, Files, Rules, find};

/// No cap counts further: a profile keeps no more times than this.
const MOST: u32 = 256;

/// Consent, suppression and caps.
#[derive(Clone, Debug)]
pub struct Policies<'a> {
    /// Which purposes must be granted for what.
    pub consent: ConsentPolicy<'a>,
    /// When classes are silent.
    pub suppress: Vec<Suppression<'a>>,
    /// How often classes, slots and offers are seen.
    pub caps: Vec<Cap<'a>>,
}

/// Which purposes must be granted for what.
#[derive(Clone, Debug)]
pub struct ConsentPolicy<'a> {
    /// The state of a purpose that nobody has decided about.
    pub default: Consent,
    /// The purpose without which no cookie is set.
    pub store: Option<&'a str>,
    /// The purpose without which no exposure is recorded.
    pub measure: Option<&'a str>,
    /// The purposes that each class needs.
    pub classes: [Vec<&'a str>; 3],
    /// The purposes that `Sec-GPC: 1` denies.
    pub gpc: Vec<&'a str>,
}

/// A state in which campaigns of some classes are silent.
#[derive(Clone, Debug)]
pub struct Suppression<'a> {
    /// The classes, one bit each.
    pub classes: u32,
    /// When.
    pub when: Place<'a>,
}

/// People whom campaigns of some classes never reach.
#[derive(Clone, Debug)]
pub struct Holdout {
    /// The share of people, 0 to 1.
    pub share: f64,
    /// The classes, one bit each.
    pub classes: u32,
}

/// At most so many in a span of time.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// At most so many.
    pub max: u32,
    /// The span.
    pub per: Per,
    /// The length of a sliding window.
    pub window: Millis,
}

/// A limit for a class, a slot, an offer, or everything.
#[derive(Clone, Debug)]
pub struct Cap<'a> {
    /// What it limits.
    pub scope: Scope<'a>,
    /// How much of it.
    pub limit: Limit,
}

/// What a cap limits.
#[derive(Clone, Debug)]
pub enum Scope<'a> {
    /// Everything together.
    All,
    /// Campaigns of a class.
    Class(Class),
    /// What stands in a slot.
    Slot(Named<'a>),
    /// Campaigns with an offer.
    Offer(Named<'a>),
}

impl<'a> Policies<'a> {
    /// Reads the policies of all files: one `consent`, and all of `suppress` and `caps`.
    pub fn read(files: &Files<'a>, out: &mut Reader<'_>) -> Self {
        let sections: Vec<Fields<'a>> = files
            .sections("policies")
            .collect::<Vec<_>>()
            .into_iter()
            .map(|place| place.fields(&["consent", "suppress", "caps"], out))
            .collect();
        let all = |name: &str, out: &mut Reader<'_>| -> Vec<Place<'a>> {
            let places: Vec<_> = sections.iter().filter_map(|section| section.get(name)).collect();
            places.iter().flat_map(|place| place.list(out)).collect()
        };
        let mut consents = sections.iter().filter_map(|section| section.get("consent"));
        let consent = consents.next();
        for again in consents {
            let there = consent.as_ref().map(|first| out.location(first.mark)).unwrap_or_default();
            let found = again.error("duplicate-key", "`policies.consent` stands in two files", out);
            found.expected(format!("`consent` once; it is also at {there}"));
        }
        Self {
            consent: consent.map_or_else(ConsentPolicy::default, |place| ConsentPolicy::read(place, out)),
            suppress: all("suppress", out).into_iter().filter_map(|place| Suppression::read(place, out)).collect(),
            caps: all("caps", out).into_iter().filter_map(|place| Cap::read(place, out)).collect(),
        }
    }

    /// Tells of caps for slots and offers that are not there.
    pub fn check(&self, rules: &Rules<'_>, out: &mut Reader<'_>) {
        for cap in &self.caps {
            match &cap.scope {
                Scope::Slot(slot) if rules.slot(slot.name).is_none() => {
                    slot.unknown("slot", rules.slots.iter().map(|(id, _)| *id), out);
                }
                Scope::Offer(offer) => {
                    find::<Offer<'_>>(&rules.offers, offer, out);
                }
                Scope::All | Scope::Class(_) | Scope::Slot(_) => {}
            }
        }
    }
}

impl Default for ConsentPolicy<'_> {
    /// The careful one: nothing is stored, measured or advertised before somebody says yes.
    fn default() -> Self {
        Self {
            default: Consent::Pending,
            store: Some("personalization"),
            measure: Some("analytics"),
            classes: [vec!["personalization"], Vec::new(), Vec::new()],
            gpc: vec!["sale_share", "advertising"],
        }
    }
}

impl<'a> ConsentPolicy<'a> {
    fn read(place: Place<'a>, out: &mut Reader<'_>) -> Self {
        let known = ["default", "store", "measure", "promo", "service", "transactional", "gpc"];
        let fields = place.fields(&known, out);
        let careful = Self::default();
        let [promo, service, transactional] = careful.classes;
        let mut purposes = |name, otherwise| match fields.get(name) {
            Some(place) => place.texts(out).into_iter().map(|purpose| purpose.name).collect(),
            None => otherwise,
        };
        let classes =
            [purposes("promo", promo), purposes("service", service), purposes("transactional", transactional)];
        let gpc = purposes("gpc", careful.gpc);
        let states = ["pending", "denied", "granted"];
        let default = fields.get("default").and_then(|place| place.word(&states, Consent::from_name, out));
        Self {
            default: default.unwrap_or(careful.default),
            store: purpose(&fields, "store", careful.store, out),
            measure: purpose(&fields, "measure", careful.measure, out),
            classes,
            gpc,
        }
    }
}

/// A purpose; `null` says that none is needed.
fn purpose<'a>(fields: &Fields<'a>, name: &str, otherwise: Option<&'a str>, out: &mut Reader<'_>) -> Option<&'a str> {
    match fields.get(name) {
        None => otherwise,
        Some(place) if place.is_null() => None,
        Some(place) => place.text(out),
    }
}

impl<'a> Suppression<'a> {
    fn read(place: Place<'a>, out: &mut Reader<'_>) -> Option<Self> {
        let fields = place.fields(&["class", "when", "description"], out);
        let classes = fields.required("class", out).map_or(0, |place| classes(&place, out));
        Some(Self { classes, when: fields.required("when", out)? })
    }
}

/// The classes here, one bit each.
fn classes(place: &Place<'_>, out: &mut Reader<'_>) -> u32 {
    let words = place.one_or_list(out);
    if words.is_empty() {
        place.error("empty", "no class stands here", out).expected_one_of("", Class::NAMES.iter().copied());
    }
    words
        .iter()
        .filter_map(|place| place.word(Class::NAMES, Class::from_name, out))
        .fold(0, |bits, class| bits | class.bit())
}

impl<'a> Definition<'a> for Holdout {
    const NOUN: &'static str = "holdout";

    fn read(place: Place<'a>, out: &mut Reader<'_>) -> Self {
        let fields = place.fields(&["percent", "classes", "description"], out);
        let percent = fields.required("percent", out).and_then(|place| place.number(0.0..=100.0, out));
        Self {
            share: percent.unwrap_or(0.0) / 100.0,
            classes: fields.required("classes", out).map_or(0, |place| classes(&place, out)),
        }
    }
}

impl Limit {
    /// Reads `max` and `per` of a map.
    pub fn read(fields: &Fields<'_>, out: &mut Reader<'_>) -> Option<Self> {
        let max = fields.required("max", out).and_then(|place| place.whole(1..=MOST, out));
        let per = fields.required("per", out)?;
        let word = per.node.as_str().and_then(Per::from_name).filter(|word| *word != Per::Window);
        let window = if word.is_some() { Millis(0) } else { per.duration(out)? };
        if word.is_none() && window.0 <= 0 {
            per.error("out-of-range", "a window without length holds nothing", out).expected("a longer window");
        }
        Some(Self { max: max?, per: word.unwrap_or(Per::Window), window })
    }

    /// How far back it looks; zero for ever.
    #[must_use]
    pub const fn within(self) -> Millis {
        match self.per {
            Per::Session | Per::Total => Millis(0),
            Per::Day => Millis(24 * 60 * 60 * 1000),
            Per::Window => self.window,
        }
    }
}

impl<'a> Cap<'a> {
    fn read(place: Place<'a>, out: &mut Reader<'_>) -> Option<Self> {
        let fields = place.fields(&["class", "slot", "offer", "max", "per", "description"], out);
        let limit = Limit::read(&fields, out);
        let scopes: Vec<_> =
            ["class", "slot", "offer"].into_iter().filter_map(|name| Some((name, fields.get(name)?))).collect();
        let scope = match scopes.as_slice() {
            [] => Scope::All,
            [("class", place)] => Scope::Class(place.word(Class::NAMES, Class::from_name, out)?),
            [("slot", place)] => Scope::Slot(place.clone().named(out)?),
            [(_, place)] => Scope::Offer(place.clone().named(out)?),
            _ => {
                let message = "the cap has several scopes";
                fields.place().error("scope", message, out).expected("at most one of: class, slot, offer");
                return None;
            }
        };
        Some(Self { scope, limit: limit? })
    }
}
