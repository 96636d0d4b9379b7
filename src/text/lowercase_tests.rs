use super::lowercase::*;

fn all_chars() -> impl Iterator<Item = char> {
    '\0'..=char::MAX
}

/// Checks whether the standard library treats the sigma of such a word as its last letter.
fn is_final(word: String) -> bool {
    word.to_lowercase().contains('ς')
}

#[test]
fn lower_case_is_the_standard_librarys() {
    let same = |text: String| lowercase(&text) == text.to_lowercase();
    let differ = |c: &char| {
        let in_words = [format!("{c}"), format!("{c}Σ"), format!("AΣ{c}A"), format!("Σ{c}Σ a")];
        !in_words.into_iter().all(same)
    };
    let odd: Vec<char> = all_chars().filter(differ).collect();
    // A compiler with another Unicode version has more characters or fewer.
    assert!(odd.is_empty() || char::UNICODE_VERSION != (17, 0, 0), "{odd:?}");
    assert!(odd.len() < 500 && odd.iter().all(|c| *c > '\u{2ff}'), "{odd:?}");
}

#[test]
fn words_are_as_javascript_has_them() {
    let words = [("ΟΔΥΣΣΕΥΣ ΣΑΣ", "οδυσσευς σας"), ("Σ Σ.Σ'Α", "σ σ.σ'α"), ("İÉẞǅꭰ", "i\u{307}éßǆꭰ"), ("", "")];
    for (word, expected) in words {
        assert_eq!(lowercase(word), expected);
    }
}

/// Prints `lowercase_tables.rs` from the compiler's Unicode:
/// `cargo test -p throughline --lib lowercase -- --ignored --nocapture`.
#[test]
#[ignore = "prints the tables"]
fn tables() {
    let capitals: Vec<(u32, u32)> = all_chars()
        .filter(|c| !c.is_ascii() && c.to_lowercase().count() == 1)
        .filter_map(|c| Some((c, c.to_lowercase().next()?)))
        .filter(|(c, lower)| c != lower)
        .map(|(c, lower)| (u32::from(c), u32::from(lower).wrapping_sub(u32::from(c))))
        .collect();
    let mut rest = &capitals[..];
    let mut lower = Vec::new();
    while let Some((first, add)) = rest.first() {
        let length = |step: u32| {
            let run = rest.iter().zip(0_u32..128).take_while(|(c, at)| **c == (first + at * step, *add));
            run.count()
        };
        let (length, step) = if length(2) > length(1) { (length(2), 2) } else { (length(1), 1) };
        lower.push([first << 8 | (length as u32 - 1) << 1 | (step - 1), *add]);
        rest = &rest[length..];
    }
    let is_cased = |c: char| is_final(format!("{c}Σ"));
    let is_ignorable = |c: char| !is_cased(c) && !is_final(format!("AΣ{c}A"));
    println!("pub(super) static LOWERCASE: &[[u32; 2]] = &{lower:#x?};");
    println!("pub(super) static CASED: &[u32] = &{:#x?};", runs(is_cased));
    println!("pub(super) static IGNORABLE: &[u32] = &{:#x?};", runs(is_ignorable));
}

fn runs(is_in: impl Fn(char) -> bool) -> Vec<u32> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for code in all_chars().filter(|c| is_in(*c)).map(u32::from) {
        match runs.last_mut() {
            Some((first, last)) if *last + 1 == code && code - *first < 256 => *last = code,
            _ => runs.push((code, code)),
        }
    }
    runs.into_iter().map(|(first, last)| first << 8 | (last - first)).collect()
}
