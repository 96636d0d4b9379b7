//! Frequency caps: limits on the number of exposures in a time span.

use throughline::Millis;
use throughline::internals::plan::tables::{Class, Per};

use crate::rules::account_unit;
use crate::rules::{Rules, find};
use crate::source::cursor::{Cursor, Fields, ReadContext, Reference};
use crate::source::duration;

/// The largest limit, which is also the number of times that a profile keeps.
const MOST: u32 = 256;
/// The longest calendar day that any change of a clock can make.
const LONGEST_DAY: Millis = Millis(26 * 60 * 60 * 1000);

/// A maximum number of exposures in a time span.
#[derive(Clone, Debug)]
pub struct Limit<'a> {
    /// The maximum.
    pub max: u32,
    /// The kind of span.
    pub per: Per,
    /// The length of a sliding window.
    pub window: Millis,
    /// The account, if the exposures of all its members count; `None` for those of the person.
    pub unit: Option<Reference<'a>>,
}

/// A limit for a class, slot, offer, message or everything, in some channels or in all together.
#[derive(Clone, Debug)]
pub struct FrequencyCap<'a> {
    /// The scope of the limit.
    pub scope: CapScope<'a>,
    /// The channels whose exposures count together; empty for all.
    pub channels: Vec<Reference<'a>>,
    /// The limit.
    pub limit: Limit<'a>,
}

/// The exposures that a cap counts.
#[derive(Clone, Debug)]
pub enum CapScope<'a> {
    /// All exposures.
    All,
    /// Exposures of campaigns of a class.
    Class(Class),
    /// Exposures in a slot.
    Slot(Reference<'a>),
    /// Exposures of campaigns with an offer.
    Offer(Reference<'a>),
    /// Exposures of a message.
    Message(Reference<'a>),
}

impl<'a> Limit<'a> {
    /// Reads `max`, `per` and `unit` of a map.
    pub fn read(fields: &Fields<'a>, out: &mut ReadContext<'_>) -> Option<Self> {
        let max = fields.required("max", out).and_then(|cursor| cursor.integer(1..=MOST, out));
        let unit = account_unit::unit(fields, out);
        let per = fields.required("per", out)?;
        if per.node.as_str() == Some("account") {
            per.error("duration", "`account` is not a duration", out)
                .expected("a duration such as `7d`, with `unit: account.id`");
            return None;
        }
        let word = per.node.as_str().and_then(Per::from_name).filter(|word| *word != Per::Window);
        let window = if word.is_some() { Millis(0) } else { window(&per, out)? };
        if word.is_none() && window.0 <= 0 {
            per.error("out-of-range", "the window has zero length", out).expected("a longer window");
        }
        Some(Self { max: max?, per: word.unwrap_or(Per::Window), window, unit })
    }

    /// Returns how far back it counts; zero for unlimited.
    #[must_use]
    pub const fn within(&self) -> Millis {
        match self.per {
            Per::Session | Per::Total => Millis(0),
            Per::Day => LONGEST_DAY,
            Per::Window => self.window,
        }
    }
}

/// Reads the window of a cap, where the words for other windows could have stood as well.
fn window(per: &Cursor<'_>, out: &mut ReadContext<'_>) -> Option<Millis> {
    match duration::parse(per.text(out)?) {
        Ok(window) => Some(window),
        Err(error) => {
            let expected = "`session`, `day`, `total`, or a number and a unit, such as `12h`, `7d` or `2w`";
            per.error("duration", error.to_string(), out).expected(expected);
            None
        }
    }
}

impl<'a> FrequencyCap<'a> {
    pub fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Option<Self> {
        const SCOPES: [&str; 4] = ["class", "slot", "offer", "message"];
        let known = ["class", "slot", "offer", "message", "channel", "max", "per", "unit", "description"];
        let fields = cursor.fields(&known, out);
        let limit = Limit::read(&fields, out);
        let channels = fields.get("channel").map(|cursor| cursor.references(out)).unwrap_or_default();
        let scopes: Vec<_> = SCOPES.into_iter().filter_map(|name| Some((name, fields.get(name)?))).collect();
        let scope = match scopes.as_slice() {
            [] => CapScope::All,
            [("class", cursor)] => CapScope::Class(cursor.keyword(Class::NAMES, Class::from_name, out)?),
            [("slot", cursor)] => CapScope::Slot(cursor.clone().reference(out)?),
            [("offer", cursor)] => CapScope::Offer(cursor.clone().reference(out)?),
            [(_, cursor)] => CapScope::Message(cursor.clone().reference(out)?),
            _ => {
                let message = "the cap has several scopes";
                let expected = format!("at most one of: {}", SCOPES.join(", "));
                fields.cursor().error("scope", message, out).expected(expected);
                return None;
            }
        };
        Some(Self { scope, channels, limit: limit? })
    }

    /// Reports references to unknown definitions.
    pub fn check(&self, rules: &Rules<'_>, out: &mut ReadContext<'_>) {
        match &self.scope {
            CapScope::Slot(slot) if rules.slot(slot.name).is_none() => {
                slot.unknown("slot", rules.slots.iter().map(|(id, _)| *id), out);
            }
            CapScope::Offer(offer) => {
                find(&rules.offers, offer, out);
            }
            CapScope::Message(message) => {
                find(&rules.messages, message, out);
            }
            CapScope::All | CapScope::Class(_) | CapScope::Slot(_) => {}
        }
        account_unit::check(self.limit.unit.as_ref(), rules, out);
        for channel in &self.channels {
            find(&rules.channels, channel, out);
        }
    }

    /// Returns the keys of the exposures that it counts together.
    pub fn keys(&self) -> Vec<String> {
        let key = match &self.scope {
            CapScope::All => "all".to_owned(),
            CapScope::Class(class) => format!("class:{}", class.name()),
            CapScope::Slot(slot) => format!("slot:{}", slot.name),
            CapScope::Offer(offer) => format!("offer:{}", offer.name),
            CapScope::Message(message) => format!("message:{}", message.name),
        };
        if self.channels.is_empty() {
            return vec![key];
        }
        self.channels.iter().map(|channel| format!("{key}@{}", channel.name)).collect()
    }
}
