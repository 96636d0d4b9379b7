//! The message as it is sent: a CloudEvents 1.0 event.

use serde::Serialize;
use throughline::Value;

use crate::platform::clock;

/// A message for one person, with everything that the receiver of the webhook needs to bring it to them.
pub struct OutboundMessage {
    /// The id, equal in every attempt; also the idempotency key.
    pub send_id: String,
    /// The channel, which selects the webhook.
    pub channel: String,
    /// The id of the profile that the message is for.
    pub subject: String,
    /// The devices of the person.
    pub anonymous_ids: Vec<String>,
    /// The user ids of the person.
    pub user_ids: Vec<String>,
    /// The traits of the person.
    pub traits: Value,
    /// The journey, its step, its class, and the message's name in the rules.
    pub journey: String,
    pub step: String,
    pub class: String,
    pub message: String,
    /// Channel and content, rendered.
    pub rendered: Value,
    /// When it became due, in milliseconds since the Unix epoch.
    pub at: i64,
    /// When it expires, or `None` for never.
    pub expires: Option<i64>,
}

#[derive(Serialize)]
struct CloudEvent<'a> {
    specversion: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    source: &'static str,
    id: &'a str,
    time: String,
    subject: &'a str,
    datacontenttype: &'static str,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    subject: &'a str,
    anonymous_id: &'a [String],
    user_id: &'a [String],
    traits: &'a Value,
    journey: &'a str,
    step: &'a str,
    class: &'a str,
    message: &'a str,
    #[serde(flatten)]
    rendered: &'a Value,
    at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<i64>,
}

impl OutboundMessage {
    /// Returns the body of the webhook request. It is the same in every attempt as long as the profile is.
    pub fn to_cloud_event(&self) -> serde_json::Result<String> {
        serde_json::to_string(&CloudEvent {
            specversion: "1.0",
            kind: "throughline.message.requested",
            source: "/throughline/collector",
            id: &self.send_id,
            time: clock::rfc3339(self.at),
            subject: &self.subject,
            datacontenttype: "application/json",
            data: self.data(),
        })
    }

    fn data(&self) -> Data<'_> {
        Data {
            subject: &self.subject,
            anonymous_id: &self.anonymous_ids,
            user_id: &self.user_ids,
            traits: &self.traits,
            journey: &self.journey,
            step: &self.step,
            class: &self.class,
            message: &self.message,
            rendered: &self.rendered,
            at: self.at,
            expires: self.expires,
        }
    }
}
