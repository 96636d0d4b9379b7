//! The event `Message Sent`, which caps count and responses are attributed to.

use crate::event::names::MESSAGE_SENT;
use crate::event::{Event, EventKind};
use crate::json::Object;
use crate::prelude::*;
use crate::time::Millis;

/// A message that was sent, or is being sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MessageSent<'a> {
    /// The id of this message to this subject.
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
    /// The time of sending.
    pub at: Millis,
}

impl MessageSent<'_> {
    /// Returns the event. Equal messages give events with equal ids.
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
