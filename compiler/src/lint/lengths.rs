//! Texts that are longer than their channels take.

use throughline::condition::View;
use throughline::plan::tables::{Format, Pipe};

use super::Linter;
use super::definitions::member;
use crate::messages::Rendition;
use crate::place::Reader;
use crate::template::{Part, Term};

/// So long is the value of an attribute taken to be of which nothing else is known.
const ASSUMED: usize = 20;
/// A template of WhatsApp has a body of at most so many characters.
const WHATSAPP: usize = 1024;
/// APNs and FCM take messages of at most so many bytes.
const PUSH: usize = 4096;
/// RFC 5322, section 2.1.1: lines should have no more characters.
const SUBJECT: usize = 78;

/// A text at its longest.
pub struct Worst {
    /// The text, with values at their longest.
    pub text: String,
    /// What was assumed, to be said after the length.
    pub assumption: String,
}

/// Looks at the texts of each channel.
pub fn check(linter: &Linter<'_, '_>, out: &mut Reader<'_>) {
    for message in linter.rules.messages.values() {
        for rendition in &message.renditions {
            let Some(channel) = rendition.channel.as_ref().map(|channel| channel.name) else { continue };
            let is_text = rendition.format == Format::Text;
            if is_kind(channel, "whatsapp") && is_text {
                let length = |text: &str| text.chars().count();
                tell(linter, (rendition, "text"), length, (WHATSAPP, "characters", "a template of WhatsApp"), out);
            }
            if is_kind(channel, "push") && is_text {
                tell(linter, (rendition, "text"), str::len, (PUSH, "bytes", "a push message"), out);
            }
            if rendition.subject.is_some() {
                let length = |text: &str| text.chars().count();
                tell(linter, (rendition, "subject"), length, (SUBJECT, "characters", "a line of an e-mail"), out);
            }
        }
    }
}

fn tell(
    linter: &Linter<'_, '_>,
    (rendition, key): (&Rendition<'_>, &str),
    length: impl Fn(&str) -> usize,
    (most, unit, what): (usize, &str, &str),
    out: &mut Reader<'_>,
) {
    let Some(worst) = worst_case(linter, rendition, key) else { return };
    let found = length(&worst.text);
    if found > most {
        let place = member(&rendition.place, key).unwrap_or_else(|| rendition.place.clone());
        let message = format!("the {key} has {found} {unit}{}", worst.assumption);
        place.warning("too-long", message, out).expected(format!("at most {most} {unit}: {what} takes no more"));
    }
}

/// Whether a channel is of a kind, by its name: `sms`, and `sms-at` too.
pub fn is_kind(channel: &str, kind: &str) -> bool {
    channel.split(['.', '_', '-']).any(|part| part == kind)
}

/// The body or the subject of a rendition with the longest values that its attributes are known or assumed to have; none
/// if nobody knows how often a part of it is said.
pub fn worst_case(linter: &Linter<'_, '_>, rendition: &Rendition<'_>, key: &str) -> Option<Worst> {
    let template = if key == "subject" { rendition.subject.as_ref()? } else { &rendition.body };
    let mut assumed = Vec::new();
    let text = longest(linter, &template.parts, &mut assumed)?;
    let assumption = match assumed.as_slice() {
        [] => String::new(),
        names => format!(", with {ASSUMED} characters for {}", names.join(", ")),
    };
    Some(Worst { text, assumption })
}

/// The longest text that parts can write.
fn longest(linter: &Linter<'_, '_>, parts: &[Part<'_>], assumed: &mut Vec<String>) -> Option<String> {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Text(piece) => text.push_str(piece),
            Part::Output { term, source, .. } => {
                let values = values(linter, term).unwrap_or_else(|| {
                    let name = format!("`{}`", source.name);
                    if !assumed.contains(&name) {
                        assumed.push(name);
                    }
                    vec!["x".repeat(ASSUMED)]
                });
                text.push_str(values.iter().max_by_key(|value| value.len()).map_or("", String::as_str));
            }
            Part::If { then, other, .. } => {
                let ways = [longest(linter, then, assumed)?, longest(linter, other, assumed)?];
                text.push_str(ways.iter().max_by_key(|way| way.len()).map_or("", String::as_str));
            }
            Part::Assign(..) | Part::Capture { .. } => {}
            Part::For { .. } | Part::Break(_) | Part::Continue(_) => return None,
        }
    }
    Some(text)
}

/// The texts that a value can have, if they are known.
fn values(linter: &Linter<'_, '_>, term: &Term<'_>) -> Option<Vec<String>> {
    match term {
        Term::Constant(value) => Some(vec![View::from(value).to_text().into_owned()]),
        Term::Attribute(named) => {
            let known = linter.rules.attributes.get(named.name)?;
            match known.kind {
                "boolean" => Some(vec!["false".to_owned()]),
                _ => Some(known.values.clone()).filter(|values| !values.is_empty()),
            }
        }
        Term::Pipe(Pipe::Default, terms) => {
            let all: Option<Vec<_>> = terms.iter().map(|term| values(linter, term)).collect();
            Some(all?.concat())
        }
        _ => None,
    }
}
