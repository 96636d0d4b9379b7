//! Formats of times: the strftime directives of Liquid's `date`.

use throughline::internals::plan::tables::DateField;

use super::TemplateError;

/// A format of times.
#[derive(Clone, Debug)]
pub struct Pattern(pub Vec<Piece>);

/// A piece of such a format.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Literal text.
    Text(String),
    /// A field, padded with a character to at least this many digits.
    Number(DateField, u32, char),
    /// A name of the locale, in capitals or not.
    Name(DateNames, bool),
    /// The locale's own format.
    Own(LocaleFormat),
}

/// The kinds of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateNames {
    /// January.
    Months,
    /// Jan.
    ShortMonths,
    /// Sunday.
    Weekdays,
    /// Sun.
    ShortWeekdays,
    /// AM and PM.
    Halves,
}

/// The formats that a locale defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocaleFormat {
    /// `%x`
    Date,
    /// `%X`
    Time,
    /// `%c`
    Both,
}

impl Pattern {
    /// Parses a format such as `%-d. %B %Y`.
    pub(crate) fn read(text: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            if letter != '%' {
                push_text(&mut pieces, letter);
                continue;
            }
            let mut flags = String::new();
            let directive = loop {
                match letters.next() {
                    // `E` and `O` select other calendars and digits, which are not supported.
                    Some(flag @ ('-' | '_' | '0' | '^' | 'E' | 'O')) => flags.push(flag),
                    other => break other,
                }
            };
            pieces.extend(directive.and_then(|directive| pieces_of(directive, &flags)).ok_or_else(|| {
                let found = directive.map_or(String::new(), String::from);
                TemplateError::new(
                    format!("`date` does not support `%{flags}{found}`"),
                    "directives such as %Y %m %-d %B %b %A %a %H %I %M %S %p %x",
                )
            })?);
        }
        Ok(Self(pieces))
    }
}

fn push_text(pieces: &mut Vec<Piece>, letter: char) {
    match pieces.last_mut() {
        Some(Piece::Text(text)) => text.push(letter),
        _ => pieces.push(Piece::Text(letter.to_string())),
    }
}

fn pieces_of(directive: char, flags: &str) -> Option<Vec<Piece>> {
    let number = |field, width, fill| {
        let fill = if flags.contains('_') {
            ' '
        } else if flags.contains('0') {
            '0'
        } else {
            fill
        };
        vec![Piece::Number(field, if flags.contains('-') { 0 } else { width }, fill)]
    };
    let name = |names| vec![Piece::Name(names, flags.contains('^'))];
    let text = |text: &str| vec![Piece::Text(text.to_owned())];
    let all = |format: &str| Pattern::read(format).ok().map(|pattern| pattern.0);
    Some(match directive {
        'Y' => number(DateField::Year, 4, '0'),
        'y' => number(DateField::ShortYear, 2, '0'),
        'm' => number(DateField::Month, 2, '0'),
        'd' => number(DateField::Day, 2, '0'),
        'e' => number(DateField::Day, 2, ' '),
        'j' => number(DateField::YearDay, 3, '0'),
        'u' => number(DateField::IsoWeekday, 1, '0'),
        'w' => number(DateField::Weekday, 1, '0'),
        'H' => number(DateField::Hour, 2, '0'),
        'k' => number(DateField::Hour, 2, ' '),
        'I' => number(DateField::Hour12, 2, '0'),
        'l' => number(DateField::Hour12, 2, ' '),
        'M' => number(DateField::Minute, 2, '0'),
        'S' => number(DateField::Second, 2, '0'),
        'B' => name(DateNames::Months),
        'b' | 'h' => name(DateNames::ShortMonths),
        'A' => name(DateNames::Weekdays),
        'a' => name(DateNames::ShortWeekdays),
        'p' | 'P' => name(DateNames::Halves),
        'x' => vec![Piece::Own(LocaleFormat::Date)],
        'X' => vec![Piece::Own(LocaleFormat::Time)],
        'c' => vec![Piece::Own(LocaleFormat::Both)],
        'F' => return all("%Y-%m-%d"),
        'D' => return all("%m/%d/%y"),
        'T' => return all("%H:%M:%S"),
        'R' => return all("%H:%M"),
        'r' => return all("%I:%M:%S %p"),
        '%' => text("%"),
        'n' => text("\n"),
        't' => text("\t"),
        _ => return None,
    })
}
