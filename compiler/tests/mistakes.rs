//! Invalid rules, with their exact diagnostics.
//!
//! Each `mistakes/*.yaml` has its diagnostics beside it in a `.txt` file; `BLESS=1` writes them anew. A line
//! `# file: <name>` begins another file of the same rules.

use throughline_compiler::{Options, Severity, Source, compile};

use crate::support;

/// Returns the files of a case.
fn sources(text: &str) -> Vec<Source> {
    let Some(first) = text.strip_prefix("# file: ") else { return vec![Source::new("rules.yaml", text)] };
    let file = |part: &str| {
        let (name, text) = part.split_once('\n').unwrap();
        Source::new(name, text)
    };
    first.split("\n# file: ").map(file).collect()
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let cases = support::files("tests/mistakes", "yaml");
    assert!(cases.len() >= 12, "the cases are gone");
    let mut wrong = Vec::new();
    for case in cases {
        let sources = sources(&std::fs::read_to_string(&case).unwrap());
        let outcome = compile(&sources, Options::default());
        let said = outcome.render(&sources, false);
        let answer = case.with_extension("txt");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&answer, &said).unwrap();
        }
        if std::fs::read_to_string(&answer).unwrap_or_default() != said {
            wrong.push(format!("{}:\n{said}", case.display()));
        }
        assert!(!outcome.diagnostics.is_empty(), "{}: nothing is wrong", case.display());
        let has_errors = outcome.diagnostics.iter().any(|found| found.severity == Severity::Error);
        assert_eq!(outcome.plans.is_none(), has_errors, "{}", case.display());
    }
    assert!(wrong.is_empty(), "other answers than expected:\n{}", wrong.join("\n"));
}

#[test]
fn programs_get_the_same_as_people() {
    let (sources, outcome) = support::outcome("slots:\n  home.hero: { pagez: [\"/\"] }\n");
    let expected = r#"[{"code":"unknown-key","column":16,"expected":"did you mean `pages`?","file":"rules.yaml","line":2,"message":"unknown key `pagez`","path":"slots.home.hero.pagez","severity":"error"}]"#;
    assert_eq!(throughline::canonical::to_string(&outcome.to_value(&sources)), expected);
}

#[test]
fn colours_are_only_where_they_are_wanted() {
    let (sources, outcome) = support::outcome("slotz: {}\n");
    assert!(!outcome.render(&sources, false).contains('\u{1b}'));
    assert!(outcome.render(&sources, true).contains('\u{1b}'));
}
