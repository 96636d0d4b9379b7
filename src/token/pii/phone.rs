//! Detects phone numbers.

use crate::prelude::*;

/// Checks whether `text` contains a phone number.
pub(crate) fn is_in(text: &[char]) -> bool {
    has_link(text) || has_run(text)
}

fn has_link(text: &[char]) -> bool {
    let lower: String = text.iter().map(char::to_ascii_lowercase).collect();
    ["tel:", "sms:", "callto:", "whatsapp:", "wa.me/"].into_iter().flat_map(|scheme| lower.match_indices(scheme)).any(
        |(at, scheme)| {
            let before = lower.get(..at).and_then(|before| before.chars().next_back());
            let after = lower.get(at.saturating_add(scheme.len())..);
            let digits =
                after.unwrap_or_default().chars().take_while(|c| is_phone_char(*c)).filter(char::is_ascii_digit);
            !before.is_some_and(char::is_alphanumeric) && digits.count() >= 7
        },
    )
}

fn has_run(text: &[char]) -> bool {
    let mut before = None;
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        if !is_phone_char(*first) {
            before = Some(*first);
            rest = tail;
            continue;
        }
        // A plus begins a number and is never inside one.
        let length = tail.iter().take_while(|c| is_phone_char(**c) && **c != '+').count().saturating_add(1);
        let (run, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        if !is_glued(before, run, after.first().copied()) && Digits::read(run).is_phone() {
            return true;
        }
        before = run.last().copied();
        rest = after;
    }
    false
}

fn is_phone_char(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, ' ' | '-' | '.' | '/' | '(' | ')' | '+')
}

/// Checks whether the run is part of something else: a code, a UUID, a time of day.
fn is_glued(before: Option<char>, run: &[char], after: Option<char>) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let starts = before.is_some_and(is_word) && run.first() != Some(&' ');
    let ends = after.is_some_and(|c| is_word(c) || c == ':') && run.last() != Some(&' ');
    starts || ends
}

/// Groups of digits, and their separators.
struct Digits {
    run: String,
    groups: Vec<String>,
    count: usize,
    dots: usize,
    others: usize,
}

impl Digits {
    fn read(run: &[char]) -> Self {
        let run: String = run.iter().collect();
        let run = run
            .trim_start_matches([' ', '-', '.', '/', ')'])
            .trim_end_matches([' ', '-', '.', '/', '(', ')', '+'])
            .to_owned();
        let groups: Vec<String> =
            run.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty()).map(str::to_owned).collect();
        let count = groups.iter().map(String::len).sum();
        let dots = run.matches('.').count();
        let others = run.matches([' ', '-', '/', '(', ')']).count();
        Self { run, groups, count, dots, others }
    }

    fn is_phone(&self) -> bool {
        if self.is_decimal() {
            return false;
        }
        if self.run.starts_with('+') {
            return (8..=15).contains(&self.count);
        }
        self.is_bracketed() || self.is_north_american() || self.is_trunk() || self.is_double_zero()
    }

    /// Checks for decimal numbers: one dot is a fraction, and a dot among other separators belongs to several
    /// fractions.
    fn is_decimal(&self) -> bool {
        self.dots > 0 && (self.dots == 1 || self.others > 0)
    }

    /// Checks for `(030) 123456`.
    fn is_bracketed(&self) -> bool {
        let area = self.run.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        area.is_some_and(|(area, _)| (2..=5).contains(&area.len()) && area.chars().all(|c| c.is_ascii_digit()))
            && (7..=13).contains(&self.count)
    }

    /// Checks for `555-123-4567`; an area code begins with 2 to 9.
    fn is_north_american(&self) -> bool {
        let groups: Vec<&str> = self.groups.iter().map(String::as_str).collect();
        let (area, exchange, line) = match *groups.as_slice() {
            [area, exchange, line] | ["1", area, exchange, line] => (area, exchange, line),
            _ => return false,
        };
        [area.len(), exchange.len(), line.len()] == [3, 3, 4] && !area.starts_with(['0', '1'])
    }

    /// Checks for `0151 2345678`.
    fn is_trunk(&self) -> bool {
        let Some((first, rest)) = self.groups.split_first() else {
            return false;
        };
        first.starts_with('0')
            && !first.starts_with("00")
            && first.len() >= 2
            && !rest.is_empty()
            && (9..=13).contains(&self.count)
            && !self.has_equal_fours()
            && !self.starts_with_date()
    }

    /// Checks for `0049 151 2345678`.
    fn is_double_zero(&self) -> bool {
        let digits = self.groups.concat();
        digits.strip_prefix("00").is_some_and(|country| !country.starts_with('0'))
            && self.groups.len() >= 2
            && (10..=17).contains(&self.count)
            && !self.has_equal_fours()
    }

    /// Checks for groups of four digits, such as `0012-3456-7890`, which card and order numbers have.
    fn has_equal_fours(&self) -> bool {
        self.groups.iter().all(|group| group.len() == 4)
    }

    /// Checks for a date at the start, such as `01.02.2026 1530`.
    fn starts_with_date(&self) -> bool {
        let small = |group: &String| group.parse::<u8>().is_ok_and(|n| (1..=31).contains(&n));
        match self.groups.as_slice() {
            [day, month, year, ..] => {
                let year_is = |century| year.len() == 4 && year.starts_with(century);
                small(day) && small(month) && (year_is("19") || year_is("20"))
            }
            _ => false,
        }
    }
}
