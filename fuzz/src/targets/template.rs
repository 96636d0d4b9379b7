//! Any template with any value: errors, or content in which the value has not become markup.

use serde_json::json;
use throughline::{Facts, Plan};
use throughline_compiler::{Options, Source, compile};

use crate::support;

/// Every context of an output in HTML. A value must not add characters that end a text, an attribute or a
/// tag.
const PLACES: &str = r#"<a href="/p/{{ tier }}" title='{{ tier }}' class="a {{ tier }}"><b>{{ tier }}</b></a><img src='/x?q={{ tier }}#{{ tier }}'>"#;

/// Renders a template. After a zero byte, the rest is the value.
pub fn template(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (template, value) = text.split_once('\0').unwrap_or((text, ""));
    let evil = format!("<tl-evil a=\"'>{value}");
    for format in ["html", "text"] {
        let body = content(format, template, &evil);
        let says_so = template.contains("tl-evil") || format == "text";
        assert!(says_so || !body.contains("<tl-evil"), "the value has become markup:\n{body}");
    }
    let body = content("html", PLACES, value);
    for mark in ['<', '>', '"', '\''] {
        assert_eq!(body.matches(mark).count(), PLACES.matches(mark).count(), "`{mark}` from the value:\n{body}");
    }
    let url = body.split('"').nth(1).and_then(|url| url.strip_prefix("/p/")).unwrap();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte);
    assert!(url.bytes().all(is_plain), "the value has become part of a URL:\n{body}");
}

/// Returns the content of a slot with this template and value; empty if the template is refused.
fn content(format: &str, template: &str, value: &str) -> String {
    let rules = json!({
        "attributes": { "tier": { "type": "string", "edge": true } }, "channels": { "web": {} }, "slots": { "s": {} },
        "messages": { "m": { "renditions": [{ "channel": "web", (format): template }] } },
        "campaigns": { "c": { "class": "service", "slots": { "s": "m" } } },
        "policies": { "consent": { "default": "granted" } },
    });
    let outcome = compile(&[Source::new("rules.json", rules.to_string())], Options::default());
    let Some(plans) = outcome.plans else {
        assert!(!outcome.diagnostics.is_empty(), "no plans, and nobody says why");
        return String::new();
    };
    let facts: Facts =
        support::facts(&json!({ "now": 1, "profile": { "subject": "p", "traits": { "tier": [value, 1, 1] } } }));
    let plan = Plan::load(&plans.edge).unwrap();
    let decision = throughline::decide(&plan, &facts);
    decision.slots.get("s").map_or_else(String::new, |fill| fill.content.body.to_string())
}
