//! Times in calls.

use throughline::{Event, Millis, Value};

/// The difference beyond which a clock that is ahead is corrected, in milliseconds.
pub const MAX_SKEW: i64 = 60_000;

/// Returns a timestamp in milliseconds since the Unix epoch, or `None` if it is not one.
pub fn millis_of(timestamp: &str) -> Option<i64> {
    // The reader of events reads the timestamp, so that both accept the same forms: this is an event at that time,
    // received at the end of time.
    let members =
        [("type", "page"), ("messageId", "-"), ("timestamp", timestamp)].map(|(name, text)| (name, Value::from(text)));
    let call = Value::Object(members.into_iter().collect());
    Event::from_segment(&call, Millis::MAX, false).ok().map(|event| event.at.0)
}
