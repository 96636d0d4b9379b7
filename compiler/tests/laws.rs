//! Laws that hold for all rules.

use proptest::prelude::*;
use throughline::Plan;
use throughline_compiler::{Options, Source, compile, parse};

use crate::support;

/// Strings that have a meaning somewhere in rules.
const PIECES: [&str; 24] = [
    ": ", "\n", "  ", "- ", "{", "}", "[", "]", "\"", "'", "{{", "}}", "{%", "$segment", "&a", "*a", "|\n", "#", "é",
    "\u{feff}", "null", "-1", "<script>", "<!--",
];

#[test]
fn equal_rules_make_equal_plans() {
    let sources = support::demo();
    assert_eq!(support::plans(&sources), support::plans(&sources));
}

#[test]
fn the_order_of_files_does_not_matter() {
    let sources = support::demo();
    let mut turned = sources.clone();
    turned.reverse();
    assert_eq!(support::plans(&sources), support::plans(&turned), "only one file of the demo has slots");
}

#[test]
fn yaml_and_json_make_equal_plans() {
    let json = |source: &Source| {
        let text = throughline::canonical::to_json_text(&parse(source).unwrap().to_value());
        Source::new(source.name.replace(".yaml", ".json"), text)
    };
    let sources = support::demo();
    let translated: Vec<Source> = sources.iter().map(json).collect();
    assert_eq!(support::plans(&sources), support::plans(&translated));
}

/// Checks large rules; a compiler with quadratic time would not finish.
#[test]
fn thousands_of_campaigns_compile() {
    let all = |line: &dyn Fn(usize) -> String| (0..3_000).map(line).collect::<String>();
    let messages = all(&|n| {
        format!(
            "  m{n}: {{ renditions: [ {{ channel: web, html: '<p>ä{n}</p>' }}, {{ channel: sms, text: '{n}' }} ] }}\n"
        )
    });
    let campaigns = all(&|n| {
        format!(
            "  c{n}: {{ class: promo, when: {{ utmCampaign: x{n} }}, slots: {{ a: m{n} }}, next: [ {{ channel: sms, message: m{n} }} ] }}\n"
        )
    });
    let text = format!("channels: {{ web: , sms: }}\nslots: {{ a: }}\nmessages:\n{messages}campaigns:\n{campaigns}");
    support::plans(&[Source::new("rules.yaml", text)]);
}

#[test]
fn hostile_sizes_are_refused() {
    let refused = |text: String| {
        let sources = [Source::new("rules.yaml", text)];
        let outcome = compile(&sources, Options::default());
        assert!(outcome.plans.is_none());
        outcome.diagnostics.iter().map(|found| found.code).collect::<Vec<_>>()
    };
    assert_eq!(refused("a: ".to_owned() + &"[".repeat(100)), ["too-deep"]);
    assert_eq!(refused("a: ".to_owned() + &"[".repeat(100_000)), ["syntax"], "the parser has a limit of its own");
    assert_eq!(refused("#".repeat((4 << 20) + 1)), ["too-large"]);
    let deep = "{\"a\":".repeat(10_000) + "1" + &"}".repeat(10_000);
    let sources = [Source::new("rules.json", deep)];
    assert!(compile(&sources, Options::default()).plans.is_none());
    let chain: String = (1..2_000).map(|n| format!("  s{n}: {{ when: {{ $segment: s{} }} }}\n", n - 1)).collect();
    let campaigns = "channels: { web: }\nslots: { h: }\nmessages: { m: { renditions: [ { channel: web, html: x } ] } }\n\
                     campaigns: { c: { class: promo, when: { $segment: s1999 }, slots: { h: m } } }";
    let codes = refused(format!("segments:\n  s0: {{ when: {{ isBot: true }} }}\n{chain}{campaigns}"));
    assert_eq!(codes, ["plan"], "segments that are chained too deep are told of, and nothing overflows");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Checks damaged rules: they give errors or plans, never a panic, and every plan loads.
    #[test]
    fn no_text_makes_the_compiler_panic(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..12, 0_usize..PIECES.len()), 1..6),
        json in any::<bool>(),
    ) {
        let mut text = support::source(&support::path("tests/rules/everything.yaml")).text;
        for (place, cut, piece) in edits {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            let from = place.index(places.len());
            let to = (from + cut).min(places.len() - 1);
            text.replace_range(places[from]..places[to], PIECES[piece]);
        }
        let sources = [Source::new(if json { "rules.json" } else { "rules.yaml" }, text)];
        let outcome = compile(&sources, Options::default());
        let _ = outcome.render(&sources, false);
        let _ = outcome.to_value(&sources);
        if let Some(plans) = outcome.plans {
            prop_assert!(Plan::load(&plans.edge).is_ok() && Plan::load(&plans.public).is_ok());
        }
    }

    #[test]
    fn no_noise_makes_the_compiler_panic(text in "\\PC{0,200}", json in any::<bool>()) {
        let sources = [Source::new(if json { "rules.json" } else { "rules.yaml" }, text)];
        let outcome = compile(&sources, Options::default());
        let _ = outcome.render(&sources, true);
    }
}
