//! The reference of reasons has every code of decisions, in their order, and no others.

use throughline::Reason;

#[test]
fn the_documentation_has_every_reason() {
    let page = include_str!("../docs/explain.md");
    let documented: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(code, _)| code).collect();
    let codes: Vec<&str> = Reason::ALL.iter().map(|reason| reason.code()).collect();
    assert_eq!(documented, codes);
}
