//! The event that says that a message was sent: what caps count, and what responses are held against.

use crate::event::names::MESSAGE_SENT;
use crate::event::{Event, EventKind};
use crate::json::Object;
use crate::prelude::*;
use crate::time::Millis;

/// A message that was sent, or is on its way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MessageSent<'a> {
    /// Names the message to this subject.
    pub send_id: &'a str,
    /// The journey.
    pub journey: &'a str,
    /// The journey's step.
    pub step: &'a str,
    /// The journey's class.
    pub class: &'a str,
    /// The message.
    pub message: &'a str,
    /// The channel.
    pub channel: &'a str,
    /// The offer that it makes.
    pub offer: Option<&'a str>,
    /// When.
    pub at: Millis,
}

impl MessageSent<'_> {
    /// The event: equal messages have equal ids.
    #[must_use]
    pub fn event(&self) -> Event {
        let mut properties = Object::new();
        let named = [
            ("send_id", Some(self.send_id)),
            ("journey", Some(self.journey)),
            ("step", Some(self.step)),
            ("class", Some(self.class)),
            ("message", Some(self.message)),
            ("channel", Some(self.channel)),
            ("offer", self.offer),
        ];
        for (name, text) in named {
            if let Some(text) = text {
                properties.insert(name, text);
            }
        }
        Event {
            id: format!("{}:sent", self.send_id),
            kind: EventKind::Track,
            name: MESSAGE_SENT.to_owned(),
            at: self.at,
            properties,
            trusted: true,
            ..Event::default()
        }
    }
}
