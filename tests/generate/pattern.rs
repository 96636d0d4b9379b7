//! Regular expressions over the characters that strings of facts have.

use super::Dice;

/// Characters in both cases (the long s does not fold to another one), surrogates, and classes.
const ATOMS: [&str; 19] = [
    "go",
    "L",
    "é",
    "É",
    "ſ",
    ".",
    "😀",
    "\\ud83d",
    "\\ude00",
    "\\d",
    "\\w",
    "\\W",
    "\\s",
    "\\S",
    "[A-M]",
    "[^o]",
    "[éA-Z]",
    "[^\\d😀]",
    "(?:OL|ſ)",
];
const EDGES: [&str; 4] = ["^", "$", "\\b", "\\B"];

pub fn pattern(dice: &mut Dice) -> String {
    let one = sequence(dice);
    match dice.below(6) {
        0 => format!("{one}|{}", sequence(dice)),
        1 => format!("^({one}|{})$", sequence(dice)),
        2 => format!("^{one}"),
        3 => format!("{one}$"),
        4 => format!("^{}{{2}}$", dice.pick(&ATOMS)),
        _ => one,
    }
}

fn sequence(dice: &mut Dice) -> String {
    let count = *dice.pick(&[1, 1, 2, 3]);
    let term = |dice: &mut Dice| {
        if dice.percent(20) {
            return (*dice.pick(&EDGES)).to_owned();
        }
        let times = if dice.percent(50) { *dice.pick(&["*", "+", "?", "{2}", "{1,2}", "{3,}", "+?"]) } else { "" };
        format!("{}{times}", dice.pick(&ATOMS))
    };
    (0..count).map(|_| term(dice)).collect()
}
