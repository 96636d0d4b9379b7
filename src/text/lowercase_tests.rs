use super::lowercase::*;

fn letters() -> impl Iterator<Item = char> {
    '\0'..=char::MAX
}

/// Checks whether the standard library treats the sigma of such a word as its last letter.
fn is_final(word: String) -> bool {
    word.to_lowercase().contains('ς')
}

#[test]
fn small_letters_are_the_standard_librarys() {
    let same = |text: String| lowercase(&text) == text.to_lowercase();
    let differ = |letter: &char| {
        let in_words = [format!("{letter}"), format!("{letter}Σ"), format!("AΣ{letter}A"), format!("Σ{letter}Σ a")];
        !in_words.into_iter().all(same)
    };
    let odd: Vec<char> = letters().filter(differ).collect();
    // A compiler with another Unicode version has more characters or fewer.
    assert!(odd.is_empty() || char::UNICODE_VERSION != (17, 0, 0), "{odd:?}");
    assert!(odd.len() < 500 && odd.iter().all(|letter| *letter > '\u{2ff}'), "{odd:?}");
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
    let capitals: Vec<(u32, u32)> = letters()
        .filter(|letter| !letter.is_ascii() && letter.to_lowercase().count() == 1)
        .filter_map(|letter| Some((letter, letter.to_lowercase().next()?)))
        .filter(|(letter, small)| letter != small)
        .map(|(letter, small)| (u32::from(letter), u32::from(small).wrapping_sub(u32::from(letter))))
        .collect();
    let mut rest = &capitals[..];
    let mut small = Vec::new();
    while let Some((first, add)) = rest.first() {
        let length = |step: u32| {
            let run = rest.iter().zip(0_u32..128).take_while(|(letter, at)| **letter == (first + at * step, *add));
            run.count()
        };
        let (length, step) = if length(2) > length(1) { (length(2), 2) } else { (length(1), 1) };
        small.push([first << 8 | (length as u32 - 1) << 1 | (step - 1), *add]);
        rest = &rest[length..];
    }
    let is_cased = |letter: char| is_final(format!("{letter}Σ"));
    let is_ignorable = |letter: char| !is_cased(letter) && !is_final(format!("AΣ{letter}A"));
    println!("pub(super) static LOWERCASE: &[[u32; 2]] = &{small:#x?};");
    println!("pub(super) static CASED: &[u32] = &{:#x?};", runs(is_cased));
    println!("pub(super) static IGNORABLE: &[u32] = &{:#x?};", runs(is_ignorable));
}

fn runs(is_in: impl Fn(char) -> bool) -> Vec<u32> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for code in letters().filter(|letter| is_in(*letter)).map(u32::from) {
        match runs.last_mut() {
            Some((first, last)) if *last + 1 == code && code - *first < 256 => *last = code,
            _ => runs.push((code, code)),
        }
    }
    runs.into_iter().map(|(first, last)| first << 8 | (last - first)).collect()
}
