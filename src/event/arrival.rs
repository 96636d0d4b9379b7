//! The time of an event: as its sender states it, corrected by the sender's clock, and in the order of its batch.

use crate::event::Event;
use crate::event::names::CONSENT_UPDATED;
use crate::json::Value;
use crate::json::canonical;
use crate::prelude::*;
use crate::time::{Millis, stated};

/// Clocks that are off by no more are left alone, because a request takes some time, too.
const MAX_SKEW: Millis = Millis(60_000);
/// 2000-01-01T00:00:00Z. Earlier times come from clocks that were never set, or from numbers in an unknown unit.
const FIRST: Millis = Millis(946_684_800_000);
/// Times further ahead cannot come from a clock that is a little fast.
const MAX_AHEAD: Millis = Millis(24 * 3_600_000);
/// The longest text of a time that is kept, in characters.
const MAX_STATED: usize = 100;

/// When a batch arrived, and when its sender says to have sent it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arrival {
    /// The time of receipt.
    pub received: Millis,
    /// `sentAt` of the batch, for calls that have none of their own.
    pub sent_at: Value,
}

impl Arrival {
    /// Returns the time of a call of the Segment specification, and the stated time if it cannot be right.
    ///
    /// - The time is `timestamp`, else `originalTimestamp`, else that of receipt.
    /// - If `sentAt` and the time of receipt differ by more than a minute, the sender's clock is wrong by the difference,
    ///   and the time is corrected by it.
    /// - A time that cannot be read, or is before 2000 or more than a day ahead, becomes the time of receipt. A time
    ///   that is less far ahead does, too, and counts as right.
    pub(crate) fn time_of(&self, call: &Value) -> (Millis, Option<String>) {
        let is_given = |value: &&Value| **value != Value::Null;
        let given = |names: [&str; 2]| names.into_iter().map(|name| call.at([name])).find(is_given);
        let Some(timestamp) = given(["timestamp", "originalTimestamp"]) else { return (self.received, None) };
        let sent_at = stated::read(call.at(["sentAt"])).or_else(|| stated::read(&self.sent_at));
        let ahead = sent_at.map_or(Millis(0), |sent_at| sent_at.minus(self.received));
        let is_wrong = ahead > MAX_SKEW || ahead < Millis(0).minus(MAX_SKEW);
        let at = stated::read(timestamp).map(|at| if is_wrong { at.minus(ahead) } else { at });
        match at.filter(|at| (FIRST..=self.received.plus(MAX_AHEAD)).contains(at)) {
            Some(at) => (at.min(self.received), None),
            None => (self.received, Some(shown(timestamp))),
        }
    }

    /// Moves the events of a batch apart that have one time, so that they stay in the order in which they were sent.
    ///
    /// Each further event is a millisecond later, and none is later than the receipt. The host does this once, where it
    /// reads the batch, and keeps the times. Choices about purposes keep theirs: of one time, a refusal wins. So do
    /// repetitions of an id, which count once and must not move other events.
    pub fn order_as_sent<'e>(&self, events: impl IntoIterator<Item = &'e mut Event>) {
        let others = events.into_iter().filter(|event| event.name != CONSENT_UPDATED);
        let mut events = without_repetitions(others.collect());
        let order = {
            let at = |index: usize| events.get(index).map_or(Millis::MIN, |event: &&mut Event| event.at);
            crate::collections::sorted_indices(events.len(), &|a, b| at(a).cmp(&at(b)))
        };
        let mut earliest = Millis::MIN;
        for index in &order {
            if let Some(event) = events.get_mut(*index) {
                event.at = event.at.max(earliest);
                earliest = event.at.plus(Millis(1));
            }
        }
        let mut latest = self.received;
        for index in order.iter().rev() {
            if let Some(event) = events.get_mut(*index) {
                event.at = event.at.min(latest);
                latest = event.at.minus(Millis(1));
            }
        }
    }
}

/// Returns the first event of each id, and all without an id.
fn without_repetitions(events: Vec<&mut Event>) -> Vec<&mut Event> {
    let mut is_first = vec![true; events.len()];
    let id = |index: usize| events.get(index).map_or("", |event| event.id.as_str());
    let order = crate::collections::sorted_indices(events.len(), &|a, b| id(a).cmp(id(b)));
    for (before, index) in order.iter().zip(order.iter().skip(1)) {
        if let Some(is_first) = is_first.get_mut(*index).filter(|_| !id(*index).is_empty()) {
            *is_first = id(*before) != id(*index);
        }
    }
    events.into_iter().zip(is_first).filter_map(|(event, is_first)| is_first.then_some(event)).collect()
}

fn shown(stated: &Value) -> String {
    let text = stated.as_str().map_or_else(|| canonical::to_string(stated), str::to_owned);
    text.chars().take(MAX_STATED).collect()
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2026-11-22T08:30:00Z.
    const NOW: i64 = 1_795_336_200_000;
    const HOUR: i64 = 3_600_000;

    fn arrival(sent_at: impl Into<Value>) -> Arrival {
        Arrival { received: Millis(NOW), sent_at: sent_at.into() }
    }

    fn time(arrival: &Arrival, call: &str) -> (i64, Option<String>) {
        let (at, stated) = arrival.time_of(&Value::from_json(call).unwrap());
        (at.0, stated)
    }

    #[test]
    fn clocks_are_corrected_in_both_directions() {
        for wrong_by in [-3 * HOUR, 3 * HOUR, -86_400_000 * 365 * 56, 86_400_000 * 400] {
            let at = |ago: i64| jiff::Timestamp::from_millisecond(NOW + wrong_by - ago).unwrap().to_string();
            let call = format!(r#"{{"timestamp":"{}","sentAt":"{}"}}"#, at(HOUR), at(500));
            assert_eq!(time(&arrival(Value::Null), &call), (NOW - HOUR + 500, None), "{wrong_by}");
            let call = format!(r#"{{"timestamp":"{}"}}"#, at(HOUR));
            assert_eq!(time(&arrival(at(500).as_str()), &call), (NOW - HOUR + 500, None), "{wrong_by}");
        }
    }

    #[test]
    fn a_clock_that_is_right_is_left_alone() {
        for off in [-60_000, -1_000, 0, 60_000] {
            let call = format!(r#"{{"timestamp":{},"sentAt":{}}}"#, NOW - 3 * HOUR, NOW + off);
            assert_eq!(time(&arrival(Value::Null), &call), (NOW - 3 * HOUR, None), "{off}");
        }
        let call = format!(r#"{{"timestamp":{},"sentAt":"never"}}"#, NOW - HOUR);
        assert_eq!(time(&arrival("nor this"), &call), (NOW - HOUR, None));
    }

    #[test]
    fn a_time_that_cannot_be_right_is_that_of_receipt_and_is_kept() {
        for (timestamp, stated) in [
            (r#""yesterday""#, "yesterday"),
            (r#""""#, ""),
            ("{}", "{}"),
            ("-1", "-1"),
            ("0", "0"),
            (r#""1999-12-31T23:59:59Z""#, "1999-12-31T23:59:59Z"),
            (r#""2026-11-23T08:30:00.001Z""#, "2026-11-23T08:30:00.001Z"),
            (r#""2569-11-22T08:30:00Z""#, "2569-11-22T08:30:00Z"),
        ] {
            let call = format!(r#"{{"timestamp":{timestamp}}}"#);
            assert_eq!(time(&arrival(Value::Null), &call), (NOW, Some(stated.to_owned())), "{timestamp}");
        }
        assert_eq!(time(&arrival(Value::Null), r#"{"timestamp":"2026-11-23T08:30:00Z"}"#), (NOW, None), "a fast clock");
        assert_eq!(time(&arrival(Value::Null), r#"{"timestamp":"2000-01-01"}"#), (FIRST.0, None));
        assert_eq!(time(&arrival(Value::Null), "{}"), (NOW, None));
        let call = r#"{"timestamp":null,"originalTimestamp":"2026-11-22T08:00:00Z"}"#;
        assert_eq!(time(&arrival(Value::Null), call), (NOW - HOUR / 2, None));
    }

    fn ordered(times: &[i64]) -> Vec<i64> {
        let mut events: Vec<Event> = times.iter().map(|at| Event { at: Millis(*at), ..Event::default() }).collect();
        Arrival { received: Millis(100), sent_at: Value::Null }.order_as_sent(&mut events);
        events.iter().map(|event| event.at.0).collect()
    }

    #[test]
    fn equal_times_are_moved_apart() {
        assert_eq!(ordered(&[5, 5, 5]), [5, 6, 7]);
        assert_eq!(ordered(&[6, 5, 5, 9]), [7, 5, 6, 9]);
        assert_eq!(ordered(&[100, 100, 3, 100]), [98, 99, 3, 100]);
        assert_eq!(ordered(&[98, 98, 98, 98]), [97, 98, 99, 100]);
        assert_eq!(ordered(&[]), [0; 0]);
    }

    #[test]
    fn choices_about_purposes_keep_their_time() {
        let event = |name: &str| Event { name: name.to_owned(), at: Millis(NOW - 10), ..Event::default() };
        let mut events = [event(CONSENT_UPDATED), event("Searched"), event(CONSENT_UPDATED), event("Clicked")];
        arrival(Value::Null).order_as_sent(&mut events);
        assert_eq!(events.map(|event| event.at.0), [NOW - 10, NOW - 10, NOW - 10, NOW - 9]);
    }

    #[test]
    fn repetitions_move_nothing() {
        let event = |id: &str, at| Event { id: id.to_owned(), at: Millis(at), ..Event::default() };
        let mut events = [event("b", 5), event("a", 4), event("a", 4), event("a", 4), event("", 5)];
        arrival(Value::Null).order_as_sent(&mut events);
        assert_eq!(events.map(|event| event.at.0), [5, 4, 4, 4, 6]);
    }

    proptest! {
        #[test]
        fn the_order_of_times_and_of_sending_stays(times in prop::collection::vec(0..=100_i64, 0..40)) {
            let found = ordered(&times);
            for (first, (at, moved)) in times.iter().zip(&found).enumerate() {
                prop_assert!(*moved <= 100 && (moved - at).abs() < 40);
                for (later, (other, other_moved)) in times.iter().zip(&found).enumerate().skip(first + 1) {
                    prop_assert_eq!(moved < other_moved, at <= other, "{} {}", first, later);
                }
            }
        }
    }
}
