//! Laws of templates: values never become markup, whatever they are and whichever filters apply.

use crate::generate;
use crate::support;

/// A hostile name.
const HOSTILE: &str = "\"><script>alert('x')</script><!-- & javascript: {{ tier }} {% raw %} \u{0}\n";

#[test]
fn a_hostile_value_never_changes_the_markup() {
    let mut written = 0;
    for seed in 0..support::cases(2_000) / 10 {
        let rules = generate::rules(seed);
        let plan = support::plan(&rules);
        for number in 0..10 {
            let mut facts = generate::facts(&rules, seed * 10 + number);
            for name in ["tier", "tags", "score", "vip"] {
                let value = if name == "tags" { serde_json::json!([HOSTILE, "a", HOSTILE]) } else { HOSTILE.into() };
                facts["profile"]["traits"][name] = serde_json::json!([value, 1_800_000_000_000_i64, 1]);
            }
            for field in ["weather", "country"] {
                facts["request"]["attributes"][field] = HOSTILE.into();
            }
            let found = support::decide(&plan, &support::facts(&facts));
            for (slot, fill) in found["slots"].as_object().into_iter().flatten() {
                let Some(html) = fill["html"].as_str() else { continue };
                // The template's own markup is `<a href="…" title="…">`, `<i>`, `</i>` and `</a>`.
                for (sign, own) in [('<', 4), ('"', 4), ('>', 4), ('\'', 0)] {
                    assert_eq!(html.matches(sign).count(), own, "{sign} in {slot} of {seed}/{number}: {html}");
                }
                written += usize::from(html.contains("&lt;script&gt;"));
            }
        }
    }
    assert!(written > 20, "only {written} values were written");
}

#[test]
fn whoever_explains_sees_what_is_shown_also_where_the_fuel_ends() {
    let rules = serde_json::json!({
        "attributes": { "tags": { "type": "list" , "edge": true }, "name": { "type": "string", "edge": true } },
        "policies": { "consent": { "default": "granted" } },
        "slots": { "hero": {} },
        "channels": { "web": {} },
        "messages": { "hello": { "renditions": [{ "channel": "web", "html":
            "{% for tag in tags %}{{ name | append: tag | upcase | replace: 'a', 'b' }};{% endfor %}" }] } },
        "campaigns": { "greet": { "class": "service", "slots": { "hero": "hello" } } },
    });
    let plan = support::plan(&rules);
    let tags: Vec<String> = (0..20_000).map(|number| number.to_string()).collect();
    let facts = support::facts(&serde_json::json!({
        "now": 1_800_000_000_000_i64,
        "profile": { "traits": { "tags": [tags, 1, 1], "name": ["Ann", 1, 1] } },
    }));
    let shown = throughline::decide(&plan, &facts);
    let rounds = shown.slots["hero"].content.body.matches(';').count();
    assert!((100..20_000).contains(&rounds), "the fuel ends on the way: {rounds} rounds");
    assert_eq!(throughline::explain(&plan, &facts).decision.to_json(), shown.to_json());
}
