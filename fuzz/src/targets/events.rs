//! Any events: the profile does not depend on order, repetition, or native form against Segment calls.

use throughline::internals::json;
use throughline::{Arrival, Call, Event, Millis, Profile, Value, reduce};

use super::exercise::LOADED;

/// Reduces events. The first byte selects a plan, the second the rotation, the rest is a JSON list of events
/// or calls.
pub fn events(bytes: &[u8]) {
    let [plan, turn, rest @ ..] = bytes else { return };
    let Some(Ok(Value::Array(items))) = std::str::from_utf8(rest).ok().map(json::parse) else { return };
    let arrival = Arrival { received: Millis(1_760_000_000_000), sent_at: Value::Null };
    let read = |item: &Value| {
        Event::from_value(item.clone()).ok().or_else(|| {
            Some(Call { members: item.as_object()?.clone(), warnings: Vec::new() }.event(&arrival, false).ok()?.0)
        })
    };
    let events: Vec<Event> = items.iter().filter_map(read).collect();
    let plan = &LOADED[usize::from(*plan) % LOADED.len()];
    let reduced = |events: &mut dyn Iterator<Item = &Event>| {
        let mut profile = Profile::new("p");
        events.for_each(|event| reduce(plan, &mut profile, event));
        profile
    };
    let wanted = reduced(&mut events.iter());
    let at = usize::from(*turn) % events.len().max(1);
    assert_eq!(reduced(&mut events.iter().rev()), wanted, "backwards");
    assert_eq!(reduced(&mut events.iter().cycle().skip(at).take(2 * events.len())), wanted, "twice, from the middle");
    let (first, second) = events.split_at(at);
    let mut merged = reduced(&mut first.iter());
    merged.merge(plan, &reduced(&mut second.iter()));
    assert_eq!(merged, wanted, "two hosts");
}
