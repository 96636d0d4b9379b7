//! Texts that exceed the limits of their channels.

use throughline::internals::plan::tables::Format;

use super::Linter;
use super::definitions::member;
use super::estimate::Estimate;
use crate::rules::message::Rendition;
use crate::source::cursor::{Cursor, ReadContext};

/// The maximum number of characters in the body of a WhatsApp template.
const WHATSAPP: usize = 1024;
/// The maximum size of a message for APNs and FCM, in bytes.
const PUSH: usize = 4096;
/// The recommended maximum length of a line in RFC 5322, section 2.1.1.
const SUBJECT: usize = 78;

/// Checks the texts of each channel.
pub fn check(linter: &Linter<'_, '_>, out: &mut ReadContext<'_>) {
    for message in linter.rules.messages.values() {
        for rendition in &message.renditions {
            let Some(channel) = rendition.channel.as_ref().map(|channel| channel.name) else { continue };
            let is_text = rendition.format == Format::Text;
            if is_kind(channel, "whatsapp") && is_text {
                let length = |text: &str| text.chars().count();
                report(linter, (rendition, "text"), length, (WHATSAPP, "characters", "a WhatsApp template"), out);
            }
            if is_kind(channel, "push") && is_text {
                report(linter, (rendition, "text"), str::len, (PUSH, "bytes", "a push message"), out);
            }
            if rendition.subject.is_some() {
                let length = |text: &str| text.chars().count();
                report(linter, (rendition, "subject"), length, (SUBJECT, "characters", "a line of an e-mail"), out);
            }
        }
    }
}

fn report(
    linter: &Linter<'_, '_>,
    (rendition, key): (&Rendition<'_>, &str),
    length: impl Fn(&str) -> usize,
    (most, unit, what): (usize, &str, &str),
    out: &mut ReadContext<'_>,
) {
    let template = if key == "subject" { rendition.subject.as_ref() } else { Some(&rendition.body) };
    let Some(estimate) = template.map(|template| Estimate::of(linter, template)) else { return };
    let found = length(&estimate.text);
    let cursor = member(&rendition.cursor, key).unwrap_or_else(|| rendition.cursor.clone());
    if found > most {
        let message = format!("the {key} has {found} {unit}{}", estimate.assumption());
        cursor.warning("too-long", message, out).expected(format!("at most {most} {unit}, the limit of {what}"));
    } else {
        report_unbounded(&estimate, &cursor, &format!("{found} {unit}"), out);
    }
}

/// Reports a text that contains a list of unknown length.
pub fn report_unbounded(estimate: &Estimate, cursor: &Cursor<'_>, least: &str, out: &mut ReadContext<'_>) {
    if !estimate.endless.is_empty() {
        let names = estimate.endless.join(", ");
        let message = format!("this text has {least} without {names}, whose length is unbounded");
        let expected = "`limit:` on the loop, `truncate:`, or a list of the rules, which has a `limit`";
        cursor.warning("endless-text", message, out).expected(expected);
    }
}

/// Returns whether the name of a channel says that it is of a kind: `sms`, or `sms-at`.
pub fn is_kind(channel: &str, kind: &str) -> bool {
    channel.split(['.', '_', '-']).any(|part| part == kind)
}
