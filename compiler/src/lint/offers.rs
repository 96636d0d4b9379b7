//! Contradictory offers that a subject could have at the same time.

use std::collections::BTreeMap;

use super::Linter;
use super::logic::overlap;
use super::reach::MessageReach;
use crate::source::cursor::ReadContext;

/// The maximum number of pairs of campaigns that are compared.
const MAX_PAIRS: usize = 2_000;
/// The maximum number of campaigns of an offer that are compared with those of others.
const MAX_CAMPAIGNS: usize = 8;

/// Checks campaigns with different offers for the same subjects.
pub fn check<'r, 'a>(linter: &Linter<'r, 'a>, reaches: &[MessageReach<'r, 'a>], out: &mut ReadContext<'_>) {
    let mut by_offer: BTreeMap<&str, Vec<&MessageReach<'r, 'a>>> = BTreeMap::new();
    for reach in reaches.iter().filter(|reach| reach.is_understood) {
        let Some((id, _)) = reach.offer else { continue };
        if linter.definitions.has_only("offers", id, &["group", "version", "from", "until", "terms"]) {
            by_offer.entry(id).or_default().push(reach);
        }
    }
    let offers: Vec<_> = by_offer.values().collect();
    let pairs = offers.iter().enumerate().flat_map(|(at, first)| {
        let others = offers.get(at.saturating_add(1)..).unwrap_or_default();
        others.iter().map(move |second| (first, second))
    });
    for (first, second) in pairs.take(MAX_PAIRS) {
        check_pair(first, second, out);
    }
}

/// Reports the first two campaigns that contradict each other, if any.
fn check_pair<'r, 'a>(first: &[&MessageReach<'r, 'a>], second: &[&MessageReach<'r, 'a>], out: &mut ReadContext<'_>) {
    for one in first.iter().take(MAX_CAMPAIGNS) {
        for other in second.iter().take(MAX_CAMPAIGNS) {
            let (Some((a, offer)), Some((b, rival))) = (one.offer, other.offer) else { continue };
            let message = match (offer.group, rival.group) {
                // An offer without a group can be shown beside any other, which may not be intended.
                (None, None) => {
                    format!(
                        "one person can have two offers at the same time, `{a}` of `{}` and `{b}` of `{}`",
                        one.id, other.id
                    )
                }
                (Some(group), Some(same)) if group == same && one.campaign.priority == other.campaign.priority => {
                    format!(
                        "offers `{a}` and `{b}` of group `{group}` compete in `{}` and `{}` with the same priority, so a hash decides",
                        one.id, other.id
                    )
                }
                _ => continue,
            };
            let [w, x] = one.eligible_when();
            let [y, z] = other.eligible_when();
            let Some(named) = other.campaign.offer.as_ref().filter(|_| overlap(&[w, x, y, z])) else { continue };
            let expected = match offer.group {
                None => {
                    "one `group` for both if a person may have only one, or a group for each if they can be combined"
                }
                Some(_) => "different priorities, or mutually exclusive conditions",
            };
            named.cursor.warning("contradictory-offers", message, out).expected(expected);
            return;
        }
    }
}
