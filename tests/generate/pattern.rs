//! Regular expressions over the letters that texts have.

use super::Dice;

/// Some are units and halves of characters, some are classes, some are only places.
const ATOMS: [&str; 22] = [
    "g",
    "o",
    "A",
    "é",
    "É",
    "/",
    "7",
    ".",
    "😀",
    "\\ud83d",
    "\\ude00",
    "\\d",
    "\\w",
    "\\W",
    "\\s",
    "\\S",
    "[a-g]",
    "[^o]",
    "[éA-Z]",
    "[^\\d😀]",
    "(?:ol|r)",
    "\\.",
];
const EDGES: [&str; 4] = ["^", "$", "\\b", "\\B"];

pub fn pattern(dice: &mut Dice) -> String {
    let one = sequence(dice);
    match dice.below(5) {
        0 => format!("{one}|{}", sequence(dice)),
        1 => format!("^({one}|{})$", sequence(dice)),
        2 => format!("^{one}"),
        3 => format!("{one}$"),
        _ => one,
    }
}

fn sequence(dice: &mut Dice) -> String {
    let count = 1 + dice.below(3);
    let term = |dice: &mut Dice| {
        if dice.percent(12) {
            return (*dice.pick(&EDGES)).to_owned();
        }
        let times = if dice.percent(50) { *dice.pick(&["*", "+", "?", "{2}", "{1,2}", "{3,}", "+?"]) } else { "" };
        format!("{}{times}", dice.pick(&ATOMS))
    };
    (0..count).map(|_| term(dice)).collect()
}
