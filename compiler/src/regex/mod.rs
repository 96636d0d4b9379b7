//! JavaScript's regular expressions, compiled to automata that run in linear time.
//!
//! Patterns mean what `new RegExp(pattern)` means in a browser, Annex B included: they match UTF-16 code
//! units. Look-around and back-references are errors, because no automaton can match them.

mod automaton;
mod case;
mod class;
mod error;
mod parse;

pub use error::RegexError;

use regex_automata::MatchKind;
use regex_automata::dfa::{StartKind, dense};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};

/// The maximum length of a pattern, in characters.
const MAX_PATTERN: usize = 2_000;
/// The maximum size of an automaton in a plan, in bytes.
const MAX_AUTOMATON: usize = 256 * 1024;
/// The maximum size of the intermediate machines, in bytes.
const MAX_WORK: usize = 8 * 1024 * 1024;

/// Compiles a pattern to the bytes that [`Automaton`](throughline::internals::plan::automaton::Automaton)
/// reads.
///
/// # Errors
/// Returns the syntax error of the pattern, an unsupported feature, or that the automaton is too large.
pub fn compile(pattern: &str, ignore_case: bool) -> Result<Vec<u8>, RegexError> {
    // Keeps all matches and not only the preferred one, because the question is whether there is any.
    let config = dense::Config::new()
        .match_kind(MatchKind::All)
        .start_kind(StartKind::Unanchored)
        .dfa_size_limit(Some(MAX_WORK))
        .determinize_size_limit(Some(MAX_WORK));
    let automaton = dense::Builder::new().configure(config).build_from_nfa(&machine(pattern, ignore_case)?);
    let bytes = automaton::bytes(&automaton.map_err(|_| RegexError::TooLarge)?);
    bytes.filter(|bytes| bytes.len() <= MAX_AUTOMATON).ok_or(RegexError::TooLarge)
}

fn machine(pattern: &str, ignore_case: bool) -> Result<NFA, RegexError> {
    if pattern.chars().count() > MAX_PATTERN {
        return Err(RegexError::TooLarge);
    }
    let syntax = parse::parse(pattern, ignore_case)?;
    let config = thompson::Config::new().which_captures(WhichCaptures::None).nfa_size_limit(Some(MAX_WORK));
    thompson::Compiler::new().configure(config).build_from_hir(&syntax).map_err(|_| RegexError::TooLarge)
}

#[cfg(test)]
mod tests {
    use throughline::internals::plan::automaton::Automaton;

    use super::*;

    fn is_match(pattern: &str, ignore_case: bool, text: &str) -> bool {
        let bytes = compile(pattern, ignore_case).unwrap();
        let automaton = Automaton::read(&bytes).unwrap();
        assert!(automaton.is_valid());
        automaton.is_match(text)
    }

    #[track_caller]
    fn assert_matches(pattern: &str, text: &str, expected: bool) {
        assert_eq!(is_match(pattern, false, text), expected, "/{pattern}/ on {text:?}");
    }

    /// Each result is that of `new RegExp(pattern).test(text)` in Node 20.
    #[test]
    fn patterns_mean_what_they_mean_in_javascript() {
        let cases = [
            ("", "", true),
            ("^a$", "a\n", false),
            ("^a.b$", "a\u{2028}b", false),
            ("^a[^]b$", "a\u{2028}b", true),
            ("[]", "a", false),
            (r"^\d$", "٣", false),
            (r"^\w$", "é", false),
            (r"^\W$", "é", true),
            (r"\bé", "aé", true),
            (r"\B", "aéb", false),
            (r"^\s$", "\u{feff}", true),
            (r"^\s$", "\u{85}", false),
            (r"^[\w-z]+$", "a-z", true),
            (r"^[\b]$", "\u{8}", true),
            ("^[a&&b]+$", "a&b", true),
            ("^[[]$", "[", true),
            ("^]}{$", "]}{", true),
            ("^a{,3}$", "a{,3}", true),
            ("^a{2,3}$", "aaa", true),
            ("^a{2}$", "aaa", false),
            (r"^\u{3}$", "uuu", true),
            (r"^\u00e9$", "é", true),
            (r"^\ud83d\ude00$", "😀", true),
            (r"^\x41\x4$", "Ax4", true),
            (r"^\p{L}$", "p{L}", true),
            (r"^\101\8$", "A8", true),
            (r"^\cA\c$", "\u{1}\\c", true),
            (r"^\k$", "k", true),
            ("^(?<year>[0-9]{4})$", "2026", true),
            ("^(?:a|b|)$", "", true),
            ("^(a*)*b$", "aaab", true),
            (r"^\/a/b$", "/a/b", true),
            (r"^\0$", "\0", true),
            ("^.$", "😀", false),
            ("^..$", "😀", true),
            ("^😀$", "😀", true),
            ("^[😀]$", "😀", false),
            ("^[😀]{2}$", "😀", true),
            ("^😀{2}$", "😀\u{1f600}", false),
            ("^[^😀]", "😀", false),
            ("^[^a]{2}$", "😀", true),
            (r"^\ud83d", "😀", true),
            (r"\ude00$", "😀", true),
            (r"^\ud83d$", "😀", false),
            (r"^[\ud800-\udfff]+$", "😀𝒳", true),
            (r"^[\0-\uffff]{2}$", "😀", true),
            (r"^[\ue000-\uffff]", "😀", false),
            (r"^\W\S$", "😀", true),
            ("^😀?$", "", false),
        ];
        for (pattern, text, expected) in cases {
            assert_matches(pattern, text, expected);
        }
    }

    /// Each result is that of `new RegExp(pattern, "i").test(text)` in Node 20.
    #[test]
    fn case_is_ignored_as_in_javascript() {
        let cases = [
            ("^straße$", "STRASSE", false),
            ("^STRAßE$", "straße", true),
            ("^k$", "\u{212a}", false),
            ("^s$", "\u{17f}", false),
            ("^é$", "É", true),
            ("^σ$", "ς", true),
            ("^[a-c]+$", "ABC", true),
            ("^[^a]$", "A", false),
            (r"^\w$", "\u{17f}", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(is_match(pattern, true, text), expected, "/{pattern}/i on {text:?}");
        }
    }

    #[test]
    fn what_no_automaton_can_do_is_named_with_its_place() {
        assert_eq!(compile("ab(?=c)", false), Err(RegexError::LookAround { at: 2 }));
        assert_eq!(compile("(?<!a)b", false), Err(RegexError::LookAround { at: 0 }));
        assert_eq!(compile(r"(a)\1", false), Err(RegexError::BackReference { at: 3 }));
        assert_eq!(compile(r"(?<x>a)\k<x>", false), Err(RegexError::BackReference { at: 7 }));
    }

    #[test]
    fn what_is_no_regular_expression_is_named_with_its_place() {
        let cases = [
            ("a(b", 1),
            ("a)", 1),
            ("[a", 0),
            ("[z-a]", 1),
            ("*a", 0),
            ("a**", 2),
            ("^*", 1),
            ("a{3,2}", 1),
            ("{2}", 0),
            ("a\\", 1),
            ("(?i)a", 0),
        ];
        for (pattern, cursor) in cases {
            match compile(pattern, false) {
                Err(RegexError::Syntax { at, .. }) => assert_eq!(at, cursor, "{pattern}"),
                other => assert!(other.is_err(), "{pattern} compiles"),
            }
        }
    }

    #[test]
    fn size_is_limited() {
        assert_eq!(compile("(a{1000}){1000}", false), Err(RegexError::TooLarge));
        assert_eq!(compile("(a|b)*a(a|b){20}", false), Err(RegexError::TooLarge));
        assert_eq!(compile(&"(".repeat(1000), false), Err(RegexError::TooLarge));
        assert_eq!(compile(&"a".repeat(2001), false), Err(RegexError::TooLarge));
    }
}
