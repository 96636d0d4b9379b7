//! Campaigns that another one always beats, and campaigns whose order is left to chance.

use std::collections::{BTreeMap, BTreeSet};

use throughline::internals::plan::tables::{Class, Classes};

use super::Linter;
use super::definitions::has_only;
use super::logic::{Answer, Formula, Literal, Variable, overlap, solve};
use super::reach::MessageReach;
use crate::rules::channel::WEB;
use crate::rules::message::Message;
use crate::rules::slot::Slot;
use crate::source::cursor::ReadContext;

/// The maximum number of campaigns in a slot that are compared with a campaign.
const MAX_RIVALS: usize = 64;
/// The maximum number of pairs of equal priority that are compared per slot.
const MAX_PAIRS: usize = 400;

/// A campaign that competes for a slot.
struct SlotClaim<'s, 'r, 'a> {
    reach: &'s MessageReach<'r, 'a>,
    message: &'r Message<'a>,
    /// The index of the campaign's placement.
    at: usize,
}

/// Checks the campaigns of each slot.
pub fn check<'r, 'a>(linter: &Linter<'r, 'a>, reaches: &[MessageReach<'r, 'a>], out: &mut ReadContext<'_>) {
    let mut reported = BTreeSet::new();
    let mut slot_claims = slot_claims(linter, reaches);
    for (id, slot) in &linter.rules.slots {
        let mut slot_claims = slot_claims.remove(id).unwrap_or_default();
        slot_claims.sort_by_key(|claim| core::cmp::Reverse(claim.reach.campaign.priority));
        check_shadows(linter, (id, slot), &slot_claims, out);
        check_ties(id, &slot_claims, &mut reported, out);
    }
}

/// Returns the campaigns that compete for each slot.
fn slot_claims<'s, 'r, 'a>(
    linter: &Linter<'r, 'a>,
    reaches: &'s [MessageReach<'r, 'a>],
) -> BTreeMap<&'a str, Vec<SlotClaim<'s, 'r, 'a>>> {
    let mut slot_claims: BTreeMap<&str, Vec<SlotClaim<'s, 'r, 'a>>> = BTreeMap::new();
    for reach in reaches {
        for (at, placement) in reach.campaign.slots.iter().enumerate() {
            if let Some(message) = linter.rules.messages.get(placement.message.name) {
                slot_claims.entry(placement.slot.name).or_default().push(SlotClaim { reach, message, at });
            }
        }
    }
    slot_claims
}

/// A requirement of a campaign, by which possible winners are indexed: only campaigns that share one are
/// compared.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum ClaimKey<'f> {
    /// No requirement, or none of a simple form.
    Nothing,
    /// A requirement on a variable.
    Some(&'f Variable),
    /// A requirement on an event, in any time span.
    Event(&'f str),
    /// The requirement that a variable equals a string.
    Text(&'f Variable, &'f str),
}

impl<'f> ClaimKey<'f> {
    const fn about(subject: &'f Variable) -> Self {
        match subject {
            Variable::Count(event, _) | Variable::Recency(event) => Self::Event(event.as_str()),
            other => Self::Some(other),
        }
    }

    /// Returns whether the key carries nothing but the attribute.
    const fn is_opaque(&self) -> bool {
        matches!(self, Self::Some(Variable::Opaque(_)))
    }
}

/// Indexes winners, each by the rarest of its requirements.
fn index<'s, 'r, 'a>(winners: &[&'s SlotClaim<'s, 'r, 'a>]) -> BTreeMap<ClaimKey<'s>, Vec<&'s SlotClaim<'s, 'r, 'a>>> {
    let required: Vec<Vec<ClaimKey<'_>>> = winners.iter().map(|claim| keys(&claim.reach.when)).collect();
    let mut shared: BTreeMap<&ClaimKey<'_>, usize> = BTreeMap::new();
    for key in required.iter().flatten() {
        let count = shared.entry(key).or_default();
        *count = count.saturating_add(1);
    }
    let mut index: BTreeMap<ClaimKey<'_>, Vec<&SlotClaim<'_, '_, '_>>> = BTreeMap::new();
    for (claim, keys) in winners.iter().zip(&required) {
        let rarest = keys.iter().min_by_key(|key| (key.is_opaque(), shared.get(key).copied()));
        index.entry(rarest.cloned().unwrap_or(ClaimKey::Nothing)).or_default().push(claim);
    }
    index
}

fn check_shadows<'r, 'a>(
    linter: &Linter<'r, 'a>,
    (id, slot): (&str, &Slot<'a>),
    slot_claims: &[SlotClaim<'_, 'r, 'a>],
    out: &mut ReadContext<'_>,
) {
    let winners: Vec<_> = slot_claims.iter().filter(|claim| always_fills(linter, claim)).collect();
    let winners = index(&winners);
    let mut left_out = 0_usize;
    for claim in slot_claims {
        let mut keys = BTreeSet::from([ClaimKey::Nothing]);
        literals(&claim.reach.when, &mut |literal| {
            keys.insert(ClaimKey::about(&literal.subject));
            let texts = literal.values.texts.finite().unwrap_or_default();
            keys.extend(texts.into_iter().map(|text| ClaimKey::Text(&literal.subject, &text.0)));
        });
        let mut rivals = keys.iter().filter_map(|key| winners.get(key)).flatten().filter(|winner| {
            winner.reach.campaign.priority > claim.reach.campaign.priority && may_shadow(linter, winner, claim)
        });
        let beats = |winner: &&&SlotClaim<'_, 'r, 'a>| {
            let [when, frame] = claim.reach.eligible_when();
            matches!(solve(&[when, frame, winner.reach.silent(linter)]), Answer::Never(_))
        };
        if matches!(solve(&claim.reach.eligible_when()), Answer::Never(_)) {
            continue;
        }
        if let Some(winner) = rivals.by_ref().take(MAX_RIVALS).find(|winner| beats(winner)) {
            let Some(placement) = claim.reach.campaign.slots.get(claim.at) else { continue };
            let (winner, priority) = (winner.reach.id, winner.reach.campaign.priority);
            let message = format!(
                "campaign `{}` never fills slot `{id}`: whenever it is eligible, so is `{winner}` with the higher priority {priority}",
                claim.reach.id
            );
            let expected = format!("a higher priority than {priority}, or a condition on `{winner}`");
            placement.slot.cursor.warning("shadowed-campaign", message, out).expected(expected);
        } else if rivals.next().is_some() {
            left_out = left_out.saturating_add(1);
        }
    }
    if left_out > 0 {
        let message = format!(
            "slot `{id}` has too many campaigns: {left_out} of them were only compared with {MAX_RIVALS} others"
        );
        slot.cursor.warning("unchecked", message, out).expected("fewer campaigns for one slot");
    }
}

/// Returns whether only its condition, the schedules and the consent of its class can prevent the campaign
/// from filling the slot.
fn always_fills(linter: &Linter<'_, '_>, claim: &SlotClaim<'_, '_, '_>) -> bool {
    let reach = claim.reach;
    let offer_is_free = reach.offer.is_none_or(|(id, offer)| {
        offer.group.is_none() && linter.definitions.has_only("offers", id, &["version", "from", "until", "terms"])
    });
    let known = ["consent", "suppress", "caps", "scores", "roles", "retention", "addresses"];
    let policies = linter.definitions.section_has_only("policies", &known);
    let message = claim.message;
    reach.is_free
        && offer_is_free
        && policies
        && !message.once
        && has_only(message.cursor.node, &["once", "renditions"])
}

/// Returns whether the winner is eligible wherever the loser is, as far as classes, offers and channels go.
fn may_shadow(linter: &Linter<'_, '_>, winner: &SlotClaim<'_, '_, '_>, loser: &SlotClaim<'_, '_, '_>) -> bool {
    let (first, second) = (winner.reach.campaign.class, loser.reach.campaign.class);
    let covers_both = |classes: Classes| !classes.contains(first) || classes.contains(second);
    let policies = &linter.rules.policies;
    let held_out_alike = linter.rules.holdouts.values().all(|holdout| {
        let names = |claim: &SlotClaim<'_, '_, '_>| holdout.campaigns.iter().any(|named| named.name == claim.reach.id);
        covers_both(holdout.classes) && (!names(winner) || names(loser))
    });
    let suppressed_alike = policies.suppress.iter().all(|suppression| covers_both(suppression.classes));
    // A cap on both counts for both; any other one might stop the winner alone.
    let capped_alike = linter.definitions.list("policies", "caps").iter().all(|cap| {
        let is_for = |key: &str, value: Option<&str>| match cap.node.get(key) {
            None => true,
            Some(node) => node.as_str() == value,
        };
        let applies = |claim: &SlotClaim<'_, '_, '_>| {
            let (class, offer) = (claim.reach.campaign.class, claim.reach.offer.map(|(id, _)| id));
            // A transactional message is limited only by caps that name its class.
            let is_free = class == Class::Transactional && cap.node.get("class").is_none();
            !is_free && is_for("class", Some(class.name())) && is_for("offer", offer)
        };
        has_only(cap.node, &["class", "slot", "offer", "max", "per"]) && (!applies(winner) || applies(loser))
    });
    let default = |channel: &str| {
        winner.message.in_channel(channel).any(|rendition| rendition.locale.is_none() && rendition.variation.is_none())
    };
    let channels = loser.message.renditions.iter().filter_map(|rendition| rendition.channel.as_ref());
    let has_default_text = channels.map(|channel| channel.name).chain([WEB]).all(default);
    loser.reach.is_understood && held_out_alike && suppressed_alike && capped_alike && has_default_text
}

/// Returns all requirements of a condition. The condition of a campaign that this one beats mentions each of
/// them.
fn keys<'f>(formula: &'f Formula<'_>) -> Vec<ClaimKey<'f>> {
    match formula {
        Formula::Is(literal) => vec![match literal.values.texts.finite().as_deref() {
            Some([only]) if !literal.values.null => ClaimKey::Text(&literal.subject, &only.0),
            _ => ClaimKey::about(&literal.subject),
        }],
        Formula::All(parts) => parts.iter().flat_map(keys).collect(),
        Formula::Any(_) | Formula::Shared(_) => Vec::new(),
    }
}

/// Visits all literals of a formula, duplicates included.
fn literals<'f, 'a>(formula: &'f Formula<'a>, see: &mut dyn FnMut(&'f Literal<'a>)) {
    match formula {
        Formula::Is(literal) => see(literal),
        Formula::All(parts) | Formula::Any(parts) => parts.iter().for_each(|part| literals(part, see)),
        Formula::Shared(formula) => literals(formula, see),
    }
}

/// Reports the first two campaigns of each priority that can compete for the slot at the same time.
fn check_ties<'a>(
    slot: &str,
    slot_claims: &[SlotClaim<'_, '_, 'a>],
    reported: &mut BTreeSet<(&'a str, &'a str)>,
    out: &mut ReadContext<'_>,
) {
    for equals in slot_claims.chunk_by(|a, b| a.reach.campaign.priority == b.reach.campaign.priority) {
        let pairs = equals.iter().enumerate().flat_map(|(at, first)| {
            let others = equals.get(at.saturating_add(1)..).unwrap_or_default();
            others.iter().map(move |second| (first.reach, second.reach))
        });
        let tie = pairs.take(MAX_PAIRS).find(|(first, second)| {
            let [a, b] = first.eligible_when();
            let [c, d] = second.eligible_when();
            first.is_understood && second.is_understood && overlap(&[a, b, c, d])
        });
        let Some((first, second)) = tie else { continue };
        if !reported.insert((first.id, second.id)) {
            continue;
        }
        let cursor =
            crate::lint::definitions::member(&second.cursor, "priority").unwrap_or_else(|| second.cursor.clone());
        let message = format!(
            "campaigns `{}` and `{}` compete for slot `{slot}` with the same priority {}, so a hash of the person decides",
            first.id, second.id, first.campaign.priority
        );
        cursor.warning("tie", message, out).expected("different priorities");
    }
}
