//! Cool-downs and quiet hours: times in which campaigns are not shown or sent.

use throughline::Millis;
use throughline::internals::plan::tables::Classes;

use crate::rules::channel::WEB;
use crate::rules::class::classes;
use crate::rules::trigger::Trigger;
use crate::rules::{Rules, find};
use crate::source::cursor::{Cursor, ReadContext, Reference};

/// A cool-down: campaigns are withheld for a time after a trigger.
#[derive(Clone, Debug)]
pub struct Cooldown<'a> {
    /// The withheld classes; `None` for those that caps limit.
    pub classes: Option<Classes>,
    /// The withheld campaign, instead of classes.
    pub campaign: Option<Reference<'a>>,
    /// The trigger.
    pub after: After<'a>,
    /// The duration.
    pub window: Millis,
}

/// The trigger of a cool-down.
#[derive(Clone, Debug)]
pub enum After<'a> {
    /// An event.
    Event(Trigger<'a>),
    /// An exposure to any campaign of a class.
    Class(&'a str),
    /// An exposure to a campaign.
    Campaign(Reference<'a>),
    /// An exposure to a message.
    Message(Reference<'a>),
}

/// Quiet hours: a time of the day at which people are not contacted.
#[derive(Clone, Debug)]
pub struct QuietHours<'a> {
    /// The withheld classes; `None` for those that caps limit.
    pub classes: Option<Classes>,
    /// The affected channels; empty for all channels except pages.
    pub channels: Vec<Reference<'a>>,
    /// The beginning, since midnight.
    pub from: Millis,
    /// The end, since midnight.
    pub until: Millis,
}

impl<'a> Cooldown<'a> {
    pub fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Option<Self> {
        let fields = cursor.fields(&["class", "campaign", "after", "for", "description"], out);
        let affected = fields.get("class").map(|cursor| classes(&cursor, out));
        let campaign = fields.get("campaign").and_then(|cursor| cursor.reference(out));
        if let (Some(_), Some(campaign)) = (affected, &campaign) {
            let message = "the cool-down has both a class and a campaign";
            campaign.cursor.error("scope", message, out).expected("at most one of: class, campaign");
        }
        let window = fields.required("for", out).and_then(|cursor| cursor.duration(out));
        let after = fields.required("after", out).and_then(|cursor| After::read(cursor, out));
        Some(Self { classes: affected, campaign, after: after?, window: window? })
    }

    /// Reports references to unknown campaigns and messages.
    pub fn check(&self, rules: &Rules<'_>, out: &mut ReadContext<'_>) {
        let after = match &self.after {
            After::Campaign(campaign) => Some(campaign),
            _ => None,
        };
        for campaign in self.campaign.iter().chain(after) {
            find(&rules.campaigns, campaign, out);
        }
        if let After::Message(message) = &self.after {
            find(&rules.messages, message, out);
        }
    }
}

impl<'a> After<'a> {
    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Option<Self> {
        let fields = cursor.fields(&["event", "where", "once", "class", "campaign", "message"], out);
        let given: Vec<&str> =
            ["event", "class", "campaign", "message"].into_iter().filter(|name| fields.get(name).is_some()).collect();
        let named = |name: &str, out: &mut ReadContext<'_>| fields.get(name).and_then(|cursor| cursor.reference(out));
        match given.as_slice() {
            ["event"] => Trigger::read(&fields, out).map(Self::Event),
            ["class"] => Some(Self::Class(crate::rules::class::class(&fields, out).name())),
            ["campaign"] => named("campaign", out).map(Self::Campaign),
            ["message"] => named("message", out).map(Self::Message),
            _ => {
                let message = "a cool-down begins after exactly one trigger";
                fields
                    .cursor()
                    .error("after", message, out)
                    .expected("exactly one of: event, class, campaign, message");
                None
            }
        }
    }

    /// Returns the key of the exposures that begin the cool-down, or `None` if an event begins it.
    pub fn key(&self) -> Option<String> {
        match self {
            Self::Event(_) => None,
            Self::Class(class) => Some(format!("class:{class}")),
            Self::Campaign(campaign) => Some(format!("campaign:{}", campaign.name)),
            Self::Message(message) => Some(format!("message:{}", message.name)),
        }
    }

    /// Returns the event that begins the cool-down, if one does.
    pub const fn event(&self) -> Option<&Trigger<'a>> {
        match self {
            Self::Event(trigger) => Some(trigger),
            Self::Class(_) | Self::Campaign(_) | Self::Message(_) => None,
        }
    }
}

impl<'a> QuietHours<'a> {
    pub fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Option<Self> {
        let fields = cursor.fields(&["class", "channel", "from", "until", "description"], out);
        let affected = fields.get("class").map(|cursor| classes(&cursor, out));
        let channels = fields.get("channel").map(|cursor| cursor.references(out)).unwrap_or_default();
        let from = fields.required("from", out).and_then(|cursor| time_of_day(&cursor, out));
        let until = fields.required("until", out).and_then(|cursor| time_of_day(&cursor, out));
        let (from, until) = (from?, until?);
        if from == until {
            let message = "the quiet hours are empty: `from` equals `until`";
            fields.cursor().error("out-of-range", message, out).expected("another `until`");
        }
        Some(Self { classes: affected, channels, from, until })
    }

    /// Reports unknown channels, and the channel `web`, to which quiet hours do not apply.
    pub fn check(&self, rules: &Rules<'_>, out: &mut ReadContext<'_>) {
        for channel in &self.channels {
            find(&rules.channels, channel, out);
            if channel.name == WEB {
                let message = "quiet hours do not apply to the channel `web`";
                channel.cursor.error("channel", message, out).expected("a channel other than `web`");
            }
        }
    }
}

/// Reads a time of the day such as `21:30`, as the time since midnight.
fn time_of_day(cursor: &Cursor<'_>, out: &mut ReadContext<'_>) -> Option<Millis> {
    let text = cursor.text(out)?;
    let part = |text: &str, below: i64| {
        let number = text.parse::<i64>().ok().filter(|number| (0..below).contains(number))?;
        (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
    };
    let time = text.split_once(':').and_then(|(hour, minute)| Some((part(hour, 24)?, part(minute, 60)?)));
    let Some((hour, minute)) = time else {
        let message = format!("`{text}` is not a time of the day");
        cursor.error("time", message, out).expected("hours and minutes, such as 21:30");
        return None;
    };
    Some(Millis(hour.saturating_mul(60).saturating_add(minute).saturating_mul(60_000)))
}
