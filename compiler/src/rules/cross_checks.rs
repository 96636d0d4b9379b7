//! Checks that need several definitions at once.

use std::collections::{BTreeMap, BTreeSet};

use crate::condition::When;
use crate::condition::tree::{Condition, SubjectTest};
use crate::rules::Rules;
use crate::source::cursor::{Cursor, ReadContext};

/// Reports errors between definitions.
pub fn check(rules: &Rules<'_>, out: &mut ReadContext<'_>) {
    check_offer_groups(rules, out);
    check_variations(rules, out);
    check_purposes(rules, out);
}

/// Reports offer groups that are used both in public slots and elsewhere.
///
/// A browser does not know which offers the edge shows in other slots, so it could show a second one of the
/// group.
fn check_offer_groups(rules: &Rules<'_>, out: &mut ReadContext<'_>) {
    let mut seen: BTreeMap<&str, (bool, &str)> = BTreeMap::new();
    for (id, campaign) in &rules.campaigns {
        let Some(name) = &campaign.offer else { continue };
        let Some(group) = rules.offers.get(name.name).and_then(|offer| offer.group) else { continue };
        // A campaign without slots makes its offer in next actions, which only the edge decides.
        let elsewhere = campaign.slots.is_empty().then_some((&name.cursor, false));
        let placed = campaign
            .slots
            .iter()
            .filter_map(|placement| rules.slot(placement.slot.name).map(|slot| (&placement.slot.cursor, slot.public)));
        for (cursor, is_public) in placed.chain(elsewhere) {
            let (public, first) = *seen.entry(group).or_insert((is_public, id));
            if public != is_public {
                let message = format!("offers of group `{group}` are used both in public slots and elsewhere");
                let expected = format!("either only `public` slots, or none; compare with campaign `{first}`");
                cursor.error("split-group", message, out).expected(expected);
                break;
            }
        }
    }
}

/// Reports variations of renditions that no experiment of a campaign with this message has.
fn check_variations(rules: &Rules<'_>, out: &mut ReadContext<'_>) {
    let mut possible: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for campaign in rules.campaigns.values() {
        let named = campaign.experiment.as_ref().and_then(|name| rules.experiments.get(name.name));
        let variations = named.into_iter().flat_map(|experiment| experiment.variations.iter().map(|(id, _)| *id));
        let variations: BTreeSet<&str> = variations.collect();
        for message in campaign.messages() {
            possible.entry(message.name).or_default().extend(&variations);
        }
    }
    for (id, message) in &rules.messages {
        let known = possible.get(id).cloned().unwrap_or_default();
        for variation in message.renditions.iter().filter_map(|rendition| rendition.variation.as_ref()) {
            if !known.contains(variation.name) {
                let text =
                    format!("no campaign with message `{id}` has an experiment with variation `{}`", variation.name);
                variation.cursor.error("unknown-id", text, out).expected_one_of(variation.name, known.iter().copied());
            }
        }
    }
}

/// Warns of unknown purposes that resemble a known one. Purposes are free names, so others are not reported.
fn check_purposes(rules: &Rules<'_>, out: &mut ReadContext<'_>) {
    let policy = &rules.policies.consent;
    let mut known: BTreeSet<&str> = policy.classes.iter().flatten().copied().collect();
    known.extend(policy.gpc.iter().copied().chain(policy.store).chain(policy.measure));
    known.extend(rules.channels.values().filter_map(|channel| channel.consent));
    let asked: Vec<_> = rules.conditions().flat_map(purposes).collect();
    for (purpose, cursor) in asked {
        let near = known.iter().find(|name| strsim::osa_distance(name, purpose) <= 2);
        if let (false, Some(near)) = (known.contains(purpose), near) {
            let message = format!("unknown purpose `{purpose}`: no policy and no channel names it");
            cursor.warning("unknown-purpose", message, out).expected(format!("did you mean `{near}`?"));
        }
    }
}

/// Returns the purposes that `$consent` names in a condition, each with its position.
fn purposes<'a>(when: &When<'a>) -> Vec<(&'a str, Cursor<'a>)> {
    let mut found = Vec::new();
    when.condition().walk(&mut |condition| {
        let Condition::Subject { source, test: SubjectTest::Consent(_), .. } = condition else { return };
        let at = |mark| Cursor { mark, ..when.cursor.clone() };
        found.extend(source.as_str().map(|name| (name, at(source.span))));
        found.extend(source.entries().iter().map(|member| (member.key.as_str(), at(member.key_span))));
    });
    found
}
