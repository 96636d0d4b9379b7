//! Missing renditions of messages.

use std::collections::{BTreeMap, BTreeSet};

use super::Linter;
use super::logic::{Answer, Formula, Ranges, Text, Values, Variable, solve};
use super::reach::MessageReach;
use crate::rules::channel::WEB;
use crate::rules::message::Message;
use crate::source::cursor::ReadContext;

/// Checks the renditions of each message where it is used.
pub fn check<'r, 'a>(linter: &Linter<'r, 'a>, reaches: &[MessageReach<'r, 'a>], out: &mut ReadContext<'_>) {
    check_variations(linter, reaches, out);
    check_locales(linter, out);
    check_mobile(linter, reaches, out);
}

/// Reports variations between which a message does not differ.
fn check_variations<'r, 'a>(linter: &Linter<'r, 'a>, reaches: &[MessageReach<'r, 'a>], out: &mut ReadContext<'_>) {
    for reach in reaches {
        let Some(id) = reach.campaign.experiment.as_ref().map(|named| named.name) else { continue };
        let Some(experiment) = linter.rules.experiments.get(id) else { continue };
        let assigned: BTreeSet<&str> =
            experiment.variations.iter().filter(|(_, weight)| *weight > 0.0).map(|(id, _)| *id).collect();
        let placed = reach.campaign.slots.iter().map(|placement| (&placement.message, WEB));
        let next = reach.campaign.next.iter().map(|next| (&next.message, next.channel.name));
        for (named, channel) in placed.chain(next) {
            let Some(message) = linter.rules.messages.get(named.name) else { continue };
            let locales_of_variation: BTreeSet<&str> =
                message.in_channel(channel).filter_map(|rendition| Some(rendition.variation.as_ref()?.name)).collect();
            let silent: Vec<&str> = assigned.difference(&locales_of_variation).copied().collect();
            // A single one may be the control, which gets the rendition without a variation.
            if silent.len() > 1 {
                let text = format!(
                    "variations `{}` of experiment `{id}` get the same content from message `{}` in `{channel}`",
                    silent.join("`, `"),
                    named.name
                );
                let expected = "a rendition with `variation` for all but one of them";
                named.cursor.warning("missing-variation", text, out).expected(expected);
            }
        }
    }
}

/// Returns the locales of a message in a channel, without the default, for a variation or for all others.
fn locales<'a>(
    linter: &Linter<'_, 'a>,
    message: &Message<'a>,
    channel: &str,
    variation: Option<&str>,
) -> BTreeSet<&'a str> {
    let renditions = message.in_channel(channel);
    let fitting = renditions.filter(|rendition| rendition.variation.as_ref().map(|named| named.name) == variation);
    fitting.filter_map(|rendition| rendition.locale).filter(|locale| *locale != linter.rules.defaults.locale).collect()
}

/// Reports missing locales that exist in other channels of the message, in other messages of its slot, or
/// without a variation.
fn check_locales(linter: &Linter<'_, '_>, out: &mut ReadContext<'_>) {
    let mut slots: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    let mut neighbours: BTreeMap<&str, BTreeMap<&str, String>> = BTreeMap::new();
    for campaign in linter.rules.campaigns.values() {
        for placement in &campaign.slots {
            let Some(message) = linter.rules.messages.get(placement.message.name) else { continue };
            let known = slots.entry(placement.slot.name).or_default();
            let locales_of_variation = locales(linter, message, WEB, None);
            known.extend(locales_of_variation.into_iter().map(|locale| (locale, placement.message.name)));
        }
    }
    for campaign in linter.rules.campaigns.values() {
        for placement in &campaign.slots {
            for (locale, other) in slots.get(placement.slot.name).into_iter().flatten() {
                let wanted = neighbours.entry(placement.message.name).or_default();
                let why = || format!("message `{other}` has one in slot `{}`", placement.slot.name);
                wanted.entry(locale).or_insert_with(why);
            }
        }
    }
    for (id, message) in &linter.rules.messages {
        let channels: BTreeSet<&str> =
            message.renditions.iter().filter_map(|rendition| Some(rendition.channel.as_ref()?.name)).collect();
        let mut wanted: BTreeMap<(&str, &str), String> = BTreeMap::new();
        for (locale, why) in neighbours.remove(id).into_iter().flatten() {
            wanted.insert((WEB, locale), why);
        }
        for other in &channels {
            for locale in locales(linter, message, other, None) {
                for channel in &channels {
                    let why = || format!("the message has one in `{other}`");
                    wanted.entry((channel, locale)).or_insert_with(why);
                }
            }
        }
        for ((channel, locale), why) in wanted {
            if !covers(&locales(linter, message, channel, None), locale) {
                let text = format!("message `{id}` has no rendition for `{locale}` in `{channel}`; {why}");
                let expected = format!("a rendition with `locale: {locale}`");
                message.cursor.warning("missing-rendition", text, out).expected(expected);
            }
        }
        check_combinations(linter, id, message, &channels, out);
    }
}

/// Reports variations without a rendition in a locale that the message has: their subjects read another
/// language.
fn check_combinations<'a>(
    linter: &Linter<'_, 'a>,
    id: &str,
    message: &Message<'a>,
    channels: &BTreeSet<&str>,
    out: &mut ReadContext<'_>,
) {
    for channel in channels {
        let variations: BTreeSet<&str> =
            message.in_channel(channel).filter_map(|rendition| Some(rendition.variation.as_ref()?.name)).collect();
        let general = locales(linter, message, channel, None);
        for variation in variations {
            let locales_of_variation = locales(linter, message, channel, Some(variation));
            for locale in general.iter().filter(|locale| !covers(&locales_of_variation, locale)) {
                let text = format!(
                    "message `{id}` has no rendition for `{locale}` in variation `{variation}`, \
                     and a variation takes precedence over a locale"
                );
                let expected = format!("a rendition with `locale: {locale}` and `variation: {variation}`");
                message.cursor.warning("missing-rendition", text, out).expected(expected);
            }
        }
    }
}

/// Returns whether a subject with this locale gets a rendition in one of those: `de` is for `de-AT`, too.
fn covers(locales: &BTreeSet<&str>, locale: &str) -> bool {
    let shorter = locale.rmatch_indices('-').filter_map(|(at, _)| locale.get(..at));
    [locale].into_iter().chain(shorter).any(|locale| locales.contains(locale))
}

/// Reports slots that have campaigns on desktops and none on phones.
fn check_mobile<'r, 'a>(linter: &Linter<'r, 'a>, reaches: &[MessageReach<'r, 'a>], out: &mut ReadContext<'_>) {
    let device = |name: &str| {
        let values = Values::texts(Ranges::point(Text(name.to_owned())));
        Formula::known(Variable::Attribute("deviceType".to_owned()), values, String::new())
    };
    let is_eligible = |reach: &MessageReach<'_, '_>, device: &Formula<'_>| {
        let [when, frame] = reach.eligible_when();
        !matches!(solve(&[when, frame, device]), Answer::Never(_))
    };
    let (mobile, desktop) = (device("mobile"), device("desktop"));
    let mut silent: BTreeMap<&str, (bool, bool)> = BTreeMap::new();
    for reach in reaches {
        for placement in &reach.campaign.slots {
            let known = silent.entry(placement.slot.name).or_insert((false, false));
            known.0 = known.0 || is_eligible(reach, &mobile);
            known.1 = known.1 || is_eligible(reach, &desktop);
        }
    }
    for (id, slot) in &linter.rules.slots {
        if silent.get(id) == Some(&(false, true)) {
            let message = format!("slot `{id}` has campaigns for desktops but none for phones");
            slot.cursor.warning("missing-mobile", message, out).expected("a campaign that is also eligible on phones");
        }
    }
}
