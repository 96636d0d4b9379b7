//! Channels that are never tried, because one before them is always possible.

use super::Linter;
use super::definitions::{has_only, items, member};
use super::reach::MessageReach;
use crate::rules::journey::StepAction;
use crate::source::cursor::{ReadContext, Reference};

/// Checks the channels of next actions and of journeys.
pub fn check<'r, 'a>(linter: &Linter<'r, 'a>, reaches: &[MessageReach<'r, 'a>], out: &mut ReadContext<'_>) {
    // Quiet hours, caps and roles can rule a channel out.
    if !linter.definitions.section_has_only("policies", &["consent", "suppress", "scores", "retention", "addresses"]) {
        return;
    }
    for reach in reaches.iter().filter(|reach| reach.is_understood) {
        let steps = member(&reach.cursor, "next").map(|cursor| items(&cursor)).unwrap_or_default();
        if steps.iter().all(|step| has_only(step.node, &["channel", "message", "after", "until"])) {
            let ways = reach.campaign.next.iter().map(|next| (&next.channel, &next.message));
            check_order(linter, ways, out);
        }
    }
    for (id, journey) in &linter.rules.journeys {
        let steps = linter.definitions.key("journeys", id, "steps").map(|cursor| items(&cursor)).unwrap_or_default();
        if !steps.iter().all(|step| has_only(step.node, &["id", "wait", "after", "send", "channels", "ttl"])) {
            continue;
        }
        for step in &journey.steps {
            if let StepAction::Send { message, channels, .. } = &step.action {
                check_order(linter, channels.iter().map(|channel| (channel, message)), out);
            }
        }
    }
}

/// Reports the first channel after one that is always possible.
fn check_order<'n, 'a: 'n>(
    linter: &Linter<'_, '_>,
    mut ways: impl Iterator<Item = (&'n Reference<'a>, &'n Reference<'a>)>,
    out: &mut ReadContext<'_>,
) {
    let Some((always, _)) = ways.find(|(channel, message)| is_always_possible(linter, channel.name, message.name))
    else {
        return;
    };
    if let Some((never, _)) = ways.next() {
        let message = format!(
            "`{}` is never tried: the earlier `{}` needs neither consent nor an address, so it is always possible",
            never.name, always.name
        );
        let expected = format!("`consent` or `reach` on the channel `{}`, or that channel last", always.name);
        never.cursor.warning("unreachable-alternative", message, out).expected(expected);
    }
}

fn is_always_possible(linter: &Linter<'_, '_>, channel: &str, message: &str) -> bool {
    let is_open = linter.definitions.has_only("channels", channel, &[]);
    let is_plain = linter.definitions.has_only("messages", message, &["once", "renditions"]);
    let has_plain_rendition = linter.rules.messages.get(message).is_some_and(|message| {
        let mut renditions = message.in_channel(channel);
        !message.once && renditions.any(|rendition| rendition.locale.is_none() && rendition.variation.is_none())
    });
    is_open && is_plain && has_plain_rendition
}
