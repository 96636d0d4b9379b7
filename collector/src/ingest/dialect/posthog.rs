//! Events of PostHog's clients: `{event, distinct_id, properties, timestamp, uuid}`.

use throughline::{Object, Value};

use super::{first, insert};

/// Returns the call that an event means.
///
/// - `$identify` and `$set` are identify calls, `$groupidentify` is a group call, `$create_alias` an alias; `$pageview` and
///   `$screen` are page and screen calls, and every other event is a track call.
/// - `$set` and `$set_once` of any event are traits.
/// - A `distinct_id` is the id of a device if the client says that nobody is identified, else the id of a person.
pub fn to_call(event: &Value) -> Object {
    let properties = event.at(["properties"]);
    let name = event.at(["event"]).as_str().unwrap_or_default();
    let mut call = Object::new();
    insert(&mut call, "messageId", first([event.at(["uuid"]), properties.at(["$insert_id"])]));
    insert(&mut call, "timestamp", event.at(["timestamp"]));
    name_sender(&mut call, event, name);
    let traits = traits(event);
    let kind = match name {
        "$identify" | "$set" => "identify",
        "$groupidentify" => "group",
        "$create_alias" => "alias",
        "$pageview" => "page",
        "$screen" => "screen",
        _ => "track",
    };
    call.insert("type", kind);
    match kind {
        "identify" => call.insert("traits", Value::Object(traits)),
        "group" => {
            insert(&mut call, "groupId", properties.at(["$group_key"]));
            insert(&mut call, "traits", properties.at(["$group_set"]));
        }
        "alias" => {}
        _ => {
            if kind == "track" {
                insert(&mut call, "event", event.at(["event"]));
            }
            call.insert("properties", Value::Object(described(properties)));
            if !traits.is_empty() {
                let context: Object = [("traits", Value::Object(traits))].into_iter().collect();
                call.insert("context", Value::Object(context));
            }
        }
    }
    call
}

/// Inserts the ids of device and person.
fn name_sender(call: &mut Object, event: &Value, name: &str) {
    let properties = event.at(["properties"]);
    let id = first([event.at(["distinct_id"]), event.at(["$distinct_id"]), properties.at(["distinct_id"])]);
    let device = first([properties.at(["$anon_distinct_id"]), properties.at(["$device_id"])]);
    let is_of_group = name == "$groupidentify" && id.as_str().is_some_and(|id| id.starts_with('$'));
    let is_anonymous = *properties.at(["$is_identified"]) == Value::Bool(false)
        || *properties.at(["$process_person_profile"]) == Value::Bool(false)
        || (id == device && name != "$identify")
        || is_of_group;
    if name == "$create_alias" {
        // One of the two ids is the person's: the other one, if this one is anonymous.
        let other = properties.at(["alias"]);
        insert(call, "userId", if is_anonymous { other } else { id });
        insert(call, "previousId", if is_anonymous { id } else { other });
    } else if is_anonymous && name != "$identify" {
        insert(call, "anonymousId", id);
    } else {
        insert(call, "userId", id);
        insert(call, "anonymousId", device);
    }
}

/// Returns the properties, with those of a page under the names that rules read.
fn described(properties: &Value) -> Object {
    let mut out = properties.as_object().cloned().unwrap_or_default();
    let names = [("$current_url", "url"), ("$pathname", "path"), ("$referrer", "referrer"), ("$screen_name", "name")];
    for (theirs, ours) in names {
        if out.get(ours).is_none() {
            insert(&mut out, ours, properties.at([theirs]));
        }
    }
    let is_kept = |name: &str| !matches!(name, "token" | "$set" | "$set_once");
    out.iter().filter(|(name, _)| is_kept(name)).map(|(name, value)| (name, value.clone())).collect()
}

/// Returns the traits that an event sets. `$set` beats `$set_once`, because no other profile is looked at here.
fn traits(event: &Value) -> Object {
    let properties = event.at(["properties"]);
    let mut traits = Object::new();
    for set in [properties.at(["$set_once"]), event.at(["$set_once"]), properties.at(["$set"]), event.at(["$set"])] {
        for (name, value) in set.as_object().into_iter().flat_map(Object::iter) {
            traits.insert(name, value.clone());
        }
    }
    traits
}

#[cfg(test)]
mod tests {
    use super::*;
    use throughline::canonical;

    fn call(event: &str) -> String {
        canonical::to_string(&Value::Object(to_call(&Value::from_json(event).unwrap())))
    }

    #[test]
    fn each_event_is_the_call_that_it_means() {
        for (event, expected) in [
            (
                r#"{"event":"$identify","uuid":"m","distinct_id":"u1","properties":{"$anon_distinct_id":"d1","$set":{"a":1},"$set_once":{"a":0,"b":2}}}"#,
                r#"{"anonymousId":"d1","messageId":"m","traits":{"a":1,"b":2},"type":"identify","userId":"u1"}"#,
            ),
            (
                r#"{"event":"Bought","distinct_id":"d1","properties":{"$device_id":"d1","$is_identified":false,"token":"k","n":1}}"#,
                r#"{"anonymousId":"d1","event":"Bought","properties":{"$device_id":"d1","$is_identified":false,"n":1},"type":"track"}"#,
            ),
            (
                r#"{"event":"$pageview","distinct_id":"u1","timestamp":"t","properties":{"$device_id":"d1","$pathname":"/a","$set":{"x":1}}}"#,
                r#"{"anonymousId":"d1","context":{"traits":{"x":1}},"properties":{"$device_id":"d1","$pathname":"/a","path":"/a"},"timestamp":"t","type":"page","userId":"u1"}"#,
            ),
            (
                r#"{"event":"$groupidentify","distinct_id":"$company_7","properties":{"$group_key":7,"$group_set":{"n":"A"}}}"#,
                r#"{"anonymousId":"$company_7","groupId":7,"traits":{"n":"A"},"type":"group"}"#,
            ),
            (
                r#"{"event":"$create_alias","distinct_id":"u1","properties":{"alias":"a1"}}"#,
                r#"{"previousId":"a1","type":"alias","userId":"u1"}"#,
            ),
            (
                r#"{"event":"$create_alias","distinct_id":"d1","properties":{"alias":"u1","$device_id":"d1"}}"#,
                r#"{"previousId":"d1","type":"alias","userId":"u1"}"#,
            ),
        ] {
            assert_eq!(call(event), expected, "{event}");
        }
    }
}
