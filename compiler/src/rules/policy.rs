//! Policies for whole classes of campaigns: consent, suppressions, caps, cool-downs and quiet hours.

use throughline::Consent;
use throughline::internals::plan::tables::{Classes, Withdrawal};

use crate::condition::When;
use crate::rules::channel::Roles;
use crate::rules::class::classes;
use crate::rules::cooldown::{Cooldown, QuietHours};
use crate::rules::frequency_cap::FrequencyCap;
use crate::rules::privacy::{self, RetentionRules};
use crate::rules::{Files, Rules};
use crate::source::cursor::{Cursor, Fields, ReadContext};

/// The policies.
#[derive(Clone, Debug)]
pub struct Policies<'a> {
    /// The purposes that must be granted.
    pub consent: ConsentPolicy<'a>,
    /// The conditions under which classes are suppressed.
    pub suppress: Vec<Suppression<'a>>,
    /// The frequency caps.
    pub caps: Vec<FrequencyCap<'a>>,
    /// The cool-downs.
    pub cooldowns: Vec<Cooldown<'a>>,
    /// The quiet hours.
    pub quiet: Vec<QuietHours<'a>>,
    /// The roles that messages of each class require of a channel.
    pub roles: Roles<'a>,
    /// Whether scores order campaigns.
    pub scores: bool,
    /// How long the collector keeps what it stores.
    pub retention: RetentionRules,
    /// The names of the parameters that recorded addresses keep.
    pub parameters: Vec<&'a str>,
}

/// The purposes that must be granted, by what needs them.
#[derive(Clone, Debug)]
pub struct ConsentPolicy<'a> {
    /// The state of a purpose without a recorded choice.
    pub default: Consent,
    /// The purpose that is needed to set cookies.
    pub store: Option<&'a str>,
    /// The purpose that is needed to record exposures.
    pub measure: Option<&'a str>,
    /// The purposes that each class needs.
    pub classes: [Vec<&'a str>; 3],
    /// The purposes that `Sec-GPC: 1` denies.
    pub gpc: Vec<&'a str>,
    /// The fate of what is stored when the consent to store it is withdrawn.
    pub withdrawal: Withdrawal,
}

/// A condition under which campaigns of some classes are not shown or sent.
#[derive(Clone, Debug)]
pub struct Suppression<'a> {
    /// The classes.
    pub classes: Classes,
    /// The condition.
    pub when: When<'a>,
}

impl<'a> Policies<'a> {
    /// Reads the policies of all files: a single `consent`, and the concatenation of each list.
    pub fn read(files: &Files<'a>, out: &mut ReadContext<'_>) -> Self {
        let known = ["consent", "suppress", "caps", "cooldown", "quiet", "scores", "roles", "retention", "addresses"];
        let sections = files.sections("policies").collect::<Vec<_>>().into_iter();
        let sections: Vec<Fields<'a>> = sections.map(|cursor| cursor.fields(&known, out)).collect();
        let all = |name: &str, out: &mut ReadContext<'_>| -> Vec<Cursor<'a>> {
            let places: Vec<_> = sections.iter().filter_map(|section| section.get(name)).collect();
            places.iter().flat_map(|cursor| cursor.list(out)).collect()
        };
        let consent = single(&sections, "consent", out);
        let retention = single(&sections, "retention", out);
        let addresses = single(&sections, "addresses", out);
        let mut roles = sections.iter().filter_map(|section| section.get("roles"));
        let wanted = roles.next();
        for again in roles {
            again
                .error("duplicate-key", "`policies.roles` is defined in two files", out)
                .expected("`roles` in one file");
        }
        Self {
            roles: wanted.map(|cursor| Roles::read(cursor, out)).unwrap_or_default(),
            consent: consent.map_or_else(ConsentPolicy::default, |cursor| ConsentPolicy::read(cursor, out)),
            suppress: all("suppress", out).into_iter().filter_map(|cursor| Suppression::read(cursor, out)).collect(),
            caps: all("caps", out).into_iter().filter_map(|cursor| FrequencyCap::read(cursor, out)).collect(),
            cooldowns: all("cooldown", out).into_iter().filter_map(|cursor| Cooldown::read(cursor, out)).collect(),
            scores: !sections.iter().any(|section| !section.flag("scores", true, out)),
            quiet: all("quiet", out).into_iter().filter_map(|cursor| QuietHours::read(cursor, out)).collect(),
            retention: retention.map(|cursor| RetentionRules::read(cursor, out)).unwrap_or_default(),
            parameters: addresses
                .map_or_else(privacy::usual_parameters, |cursor| privacy::kept_parameters(cursor, out)),
        }
    }

    /// Reports references of caps, cool-downs and quiet hours to unknown definitions.
    pub fn check(&self, rules: &Rules<'_>, out: &mut ReadContext<'_>) {
        self.caps.iter().for_each(|cap| cap.check(rules, out));
        self.cooldowns.iter().for_each(|cooldown| cooldown.check(rules, out));
        self.roles.check(rules, out);
        self.quiet.iter().for_each(|quiet| quiet.check(rules, out));
    }
}

/// Returns the only policy with a name, and reports further ones.
fn single<'a>(sections: &[Fields<'a>], name: &str, out: &mut ReadContext<'_>) -> Option<Cursor<'a>> {
    let mut found = sections.iter().filter_map(|section| section.get(name));
    let first = found.next()?;
    for again in found {
        let there = out.location(first.mark);
        let message = format!("`policies.{name}` is defined in two files");
        again.error("duplicate-key", message, out).expected(format!("`{name}` in one file; it is also at {there}"));
    }
    Some(first)
}

impl Default for ConsentPolicy<'_> {
    /// Returns the strict policy: nothing is stored, measured or promoted before consent is granted.
    fn default() -> Self {
        Self {
            default: Consent::Pending,
            store: Some("personalization"),
            measure: Some("analytics"),
            classes: [vec!["personalization"], Vec::new(), Vec::new()],
            gpc: vec!["sale_share", "advertising"],
            withdrawal: Withdrawal::Keep,
        }
    }
}

impl<'a> ConsentPolicy<'a> {
    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Self {
        let known = ["default", "store", "measure", "promo", "service", "transactional", "gpc", "withdrawal"];
        let fields = cursor.fields(&known, out);
        let careful = Self::default();
        let [promo, service, transactional] = careful.classes;
        let mut purposes = |name, otherwise| match fields.get(name) {
            Some(cursor) => cursor.references(out).into_iter().map(|purpose| purpose.name).collect(),
            None => otherwise,
        };
        let classes =
            [purposes("promo", promo), purposes("service", service), purposes("transactional", transactional)];
        let gpc = purposes("gpc", careful.gpc);
        let states = ["pending", "denied", "granted"];
        let default = fields.get("default").and_then(|cursor| cursor.keyword(&states, Consent::from_name, out));
        let withdrawal = fields.get("withdrawal");
        let withdrawal = withdrawal.and_then(|it| it.keyword(Withdrawal::NAMES, Withdrawal::from_name, out));
        Self {
            withdrawal: withdrawal.unwrap_or(careful.withdrawal),
            default: default.unwrap_or(careful.default),
            store: purpose(&fields, "store", careful.store, out),
            measure: purpose(&fields, "measure", careful.measure, out),
            classes,
            gpc,
        }
    }
}

/// Reads a purpose; `null` means that none is needed.
fn purpose<'a>(
    fields: &Fields<'a>,
    name: &str,
    otherwise: Option<&'a str>,
    out: &mut ReadContext<'_>,
) -> Option<&'a str> {
    match fields.get(name) {
        None => otherwise,
        Some(cursor) if cursor.is_null() => None,
        Some(cursor) => cursor.text(out),
    }
}

impl<'a> Suppression<'a> {
    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Option<Self> {
        let fields = cursor.fields(&["class", "when", "description"], out);
        let classes = fields.required("class", out).map_or(Classes::empty(), |cursor| classes(&cursor, out));
        Some(Self { classes, when: When::new(fields.required("when", out)?) })
    }
}
