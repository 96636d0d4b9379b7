//! The reach of campaigns: formulas of when each may be eligible.

use std::cell::OnceCell;

use throughline::Millis;
use throughline::internals::plan::tables::Class;

use super::Linter;
use super::logic::{Formula, Number, Ranges, Text, Values, Variable, times};
use crate::rules::campaign::Campaign;
use crate::rules::offer::Offer;
use crate::rules::schedule::Schedule;
use crate::source::cursor::Cursor;

/// The keys of a campaign that the lints understand.
const UNDERSTOOD: [&str; 9] = ["class", "priority", "when", "schedule", "offer", "experiment", "caps", "slots", "next"];

/// A campaign with the formulas of its eligibility.
pub struct MessageReach<'r, 'a> {
    /// Its id.
    pub id: &'a str,
    /// The position of the definition.
    pub cursor: Cursor<'a>,
    /// The campaign.
    pub campaign: &'r Campaign<'a>,
    /// Its offer, with the id.
    pub offer: Option<(&'a str, &'r Offer<'a>)>,
    /// Its condition.
    pub when: Formula<'a>,
    /// The other requirements: the schedules, and the consent that its class needs.
    pub frame: Formula<'a>,
    /// Whether nothing else in its definition can prevent it: it has no caps, and all its keys are
    /// understood.
    pub is_free: bool,
    /// Whether the lints understand all its keys.
    pub is_understood: bool,
    silent: OnceCell<Formula<'a>>,
}

/// Returns the reach of every campaign.
pub fn all<'r, 'a>(linter: &Linter<'r, 'a>) -> Vec<MessageReach<'r, 'a>> {
    let reach = |(id, campaign): (&&'a str, &'r Campaign<'a>)| {
        let cursor = linter.definitions.get("campaigns", id)?.clone();
        let offer = campaign.offer.as_ref();
        let offer = offer.and_then(|named| Some((named.name, linter.rules.offers.get(named.name)?)));
        let is_understood = linter.definitions.has_only("campaigns", id, &UNDERSTOOD);
        let when = campaign.when.as_ref();
        Some(MessageReach {
            id,
            campaign,
            offer,
            when: when.map_or_else(|| Formula::constant(true), |when| linter.conditions.read(when.condition(), true)),
            frame: frame(linter, campaign, offer.map(|(_, offer)| offer)),
            is_free: is_understood && cursor.node.get("caps").is_none(),
            is_understood,
            silent: OnceCell::new(),
            cursor,
        })
    };
    linter.rules.campaigns.iter().filter_map(reach).collect()
}

impl<'r, 'a> MessageReach<'r, 'a> {
    /// Returns the formulas that must hold for the campaign to be eligible.
    #[must_use]
    pub fn eligible_when(&self) -> [&Formula<'a>; 2] {
        [&self.when, &self.frame]
    }

    /// Returns the formula of the campaign not being eligible.
    #[must_use]
    pub fn silent(&self, linter: &Linter<'r, 'a>) -> &Formula<'a> {
        self.silent.get_or_init(|| self.silencing_conditions(linter))
    }

    fn silencing_conditions(&self, linter: &Linter<'r, 'a>) -> Formula<'a> {
        let when = self.campaign.when.as_ref();
        let when =
            when.map_or_else(|| Formula::constant(false), |when| linter.conditions.read(when.condition(), false));
        let mut ways = vec![when];
        for purpose in purposes(linter, self.campaign.class) {
            let states = Ranges::points(["denied", "pending"].map(|state| Text(state.to_owned())));
            ways.push(Formula::known(Variable::Consent((*purpose).to_owned()), Values::texts(states), String::new()));
        }
        let schedules = [Some(self.campaign.schedule), self.offer.map(|(_, offer)| offer.schedule)];
        for schedule in schedules.into_iter().flatten() {
            let outside = Values::numbers(span(schedule).complement());
            ways.push(Formula::known(Variable::Now, outside, String::new()));
        }
        Formula::Any(ways)
    }
}

fn purposes<'l>(linter: &'l Linter<'_, '_>, class: Class) -> &'l [&'l str] {
    linter.rules.policies.consent.classes.get(class as usize).map_or(&[], Vec::as_slice)
}

fn frame<'a>(linter: &Linter<'_, 'a>, campaign: &Campaign<'a>, offer: Option<&Offer<'a>>) -> Formula<'a> {
    let mut parts = Vec::new();
    for purpose in purposes(linter, campaign.class) {
        let granted = Values::texts(Ranges::point(Text("granted".to_owned())));
        let why = format!("class `{}` requires consent to `{purpose}`", campaign.class.name());
        parts.push(Formula::known(Variable::Consent((*purpose).to_owned()), granted, why));
    }
    let schedules =
        [("the campaign's schedule", Some(campaign.schedule)), ("the offer's time span", offer.map(|o| o.schedule))];
    for (what, schedule) in schedules {
        if let Some(schedule) = schedule.filter(|schedule| span(*schedule) != Ranges::all()) {
            parts.push(Formula::known(Variable::Now, Values::numbers(span(schedule)), what.to_owned()));
        }
    }
    Formula::All(parts)
}

/// Returns the times of a schedule.
fn span(schedule: Schedule) -> Ranges<Number> {
    times(schedule.from, schedule.until)
}

/// Returns the formula of the current time not being before a time.
#[must_use]
pub fn not_before<'a>(now: Millis) -> Formula<'a> {
    Formula::known(Variable::Now, Values::numbers(times(now, Millis::MAX)), "the current time".to_owned())
}
