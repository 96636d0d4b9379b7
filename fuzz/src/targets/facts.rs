//! Any string as facts: both readers agree, and accepted facts can be decided.

use throughline::Facts;
use throughline::internals::json;

use super::exercise::{LOADED, exercise};

/// Reads facts. The first byte selects a plan, the rest is JSON.
pub fn facts(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let native: Option<Facts> = serde_json::from_str(text).ok();
    let own = json::parse(text).ok().and_then(|value| Facts::from_value(value).ok());
    assert_eq!(native, own, "the browser's reader and the native one differ");
    if let Some(facts) = own {
        exercise(&LOADED[usize::from(*first) % LOADED.len()], &facts);
    }
}
