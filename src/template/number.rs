//! Arithmetic, and the formatting of numbers.
//!
//! Numbers are rounded in decimal, by the digits that JavaScript prints, halves away from zero. So 1.005 with two
//! digits is 1.01, and 0.1 plus 0.2 is 0.3.

use crate::json::canonical::write_number;
use crate::json::number;
use crate::plan::Plan;
use crate::plan::tables::{NumberFormat, TemplateFilter};
use crate::prelude::*;

/// Smaller numbers are printed with an exponent, and can have more decimal places than a double has digits.
const WITH_EXPONENT: f64 = 1e-6;
/// The decimal digits that a double always holds.
const DIGITS: usize = 15;

/// Returns the greatest integer that is not greater.
pub(super) fn floor(number: f64) -> f64 {
    let rest = number % 1.0;
    let whole = number - rest;
    if rest < 0.0 { whole - 1.0 } else { whole }
}

/// Applies an arithmetic filter; `None` if there is no finite result.
pub(super) fn calculate(filter: TemplateFilter, a: f64, b: f64) -> Option<f64> {
    let is_whole = |number: f64| number % 1.0 == 0.0;
    let result = match filter {
        TemplateFilter::Plus => tidy(a + b),
        TemplateFilter::Minus => tidy(a - b),
        TemplateFilter::Times => tidy(a * b),
        TemplateFilter::DividedBy if is_whole(a) && is_whole(b) => floor(a / b),
        TemplateFilter::DividedBy | TemplateFilter::DividedExactly => tidy(a / b),
        TemplateFilter::Modulo => tidy(a - b * floor(a / b)),
        TemplateFilter::Round => round(a, b.clamp(0.0, DIGITS as f64) as usize),
        TemplateFilter::Floor => floor(a),
        TemplateFilter::Ceil => -floor(-a),
        TemplateFilter::Abs => a.abs(),
        TemplateFilter::AtLeast => a.max(b),
        TemplateFilter::AtMost => a.min(b),
        _ => return None,
    };
    // Adding 0 turns -0 into 0.
    result.is_finite().then_some(result + 0.0)
}

/// Removes the digits that are artefacts of binary floating point.
pub(super) fn tidy(number: f64) -> f64 {
    match plain(number) {
        Some(digits) if number.abs() >= WITH_EXPONENT => round(number, DIGITS.saturating_sub(digits.whole.len())),
        _ => number,
    }
}

fn round(number: f64, digits: usize) -> f64 {
    plain(number).and_then(|number| number::parse(&number.rounded(digits).to_text())).unwrap_or(number)
}

/// The decimal digits of a number.
struct Digits {
    negative: bool,
    whole: String,
    fraction: String,
}

/// Returns the digits of a number; `None` if it is so large that it is printed with an exponent.
fn plain(number: f64) -> Option<Digits> {
    let mut text = String::new();
    write_number(number.abs(), &mut text);
    let (text, zeros) = text.split_once("e-").unwrap_or((&text, "0"));
    if text.contains(['e', 'n']) {
        return None;
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let negative = number < 0.0;
    Some(match zeros.parse::<usize>().ok()?.checked_sub(1) {
        None => Digits { negative, whole: whole.to_owned(), fraction: fraction.to_owned() },
        Some(zeros) => {
            Digits { negative, whole: "0".to_owned(), fraction: format!("{}{whole}{fraction}", "0".repeat(zeros)) }
        }
    })
}

impl Digits {
    /// Rounds to a number of decimal places.
    fn rounded(mut self, digits: usize) -> Self {
        let rounds_up = self.fraction.as_bytes().get(digits).is_some_and(|digit| *digit >= b'5');
        self.fraction.truncate(digits);
        if rounds_up {
            let (fraction, carry) = one_more(&self.fraction);
            self.fraction = fraction;
            if carry {
                let (whole, carry) = one_more(&self.whole);
                self.whole = if carry { format!("1{whole}") } else { whole };
            }
        }
        self
    }

    fn to_text(&self) -> String {
        format!("{}{}.{}", if self.negative { "-" } else { "" }, self.whole, self.fraction)
    }
}

/// Increments a string of digits, and returns whether a digit is carried out of it.
fn one_more(digits: &str) -> (String, bool) {
    let head = digits.trim_end_matches('9');
    let zeros = digits.len().saturating_sub(head.len());
    let (start, carry) = match head.split_at_checked(head.len().saturating_sub(1)) {
        Some((start, last)) if !last.is_empty() => {
            let last = last.bytes().next().map_or('0', |digit| char::from(digit.saturating_add(1)));
            (format!("{start}{last}"), false)
        }
        _ => (String::new(), true),
    };
    (format!("{start}{}", "0".repeat(zeros)), carry)
}

/// Appends a number in the format of a locale.
pub(super) fn write(plan: &Plan, format: &NumberFormat, number: f64, out: &mut String) {
    let Some(digits) = plain(number) else { return write_number(number, out) };
    let mut digits = digits.rounded(format.most as usize);
    while digits.fraction.len() > format.least as usize && digits.fraction.ends_with('0') {
        digits.fraction.pop();
    }
    while digits.fraction.len() < format.least as usize {
        digits.fraction.push('0');
    }
    let is_zero = digits.whole.bytes().chain(digits.fraction.bytes()).all(|digit| digit == b'0');
    if digits.negative && !is_zero {
        out.push('-');
    }
    out.push_str(plan.text(format.before));
    let count = digits.whole.len();
    for (index, digit) in digits.whole.chars().enumerate() {
        if index > 0 && begins_group(count.saturating_sub(index), format) {
            out.push_str(plan.text(format.group));
        }
        out.push(digit);
    }
    if !digits.fraction.is_empty() {
        out.push_str(plan.text(format.point));
        out.push_str(&digits.fraction);
    }
    out.push_str(plan.text(format.after));
}

/// Checks whether a group begins with the digit that has `left` digits from it to the end.
const fn begins_group(left: usize, format: &NumberFormat) -> bool {
    let last = format.last_group as usize;
    if last == 0 || left < last {
        return false;
    }
    match left.saturating_sub(last).checked_rem(format.groups as usize) {
        Some(rest) => rest == 0,
        None => left == last,
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "the very number is wanted")]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_as_people_see_them() {
        for (number, digits, wanted) in [
            (1.005, 2, 1.01),
            (-1.005, 2, -1.01),
            (2.5, 0, 3.0),
            (-2.5, 0, -3.0),
            (0.49, 0, 0.0),
            (99.995, 2, 100.0),
            (0.096, 2, 0.1),
            (1234.5, 3, 1234.5),
            (1e300, 2, 1e300),
            (1e-9, 2, 0.0),
            (-1.25e-7, 8, -1.3e-7),
            (9.96e-7, 8, 1e-6),
            (5e-324, 15, 0.0),
        ] {
            assert_eq!(round(number, digits), wanted, "{number} to {digits}");
        }
    }

    #[test]
    fn arithmetic_is_what_people_expect() {
        let table = [
            (TemplateFilter::Plus, 0.1, 0.2, Some(0.3)),
            (TemplateFilter::Minus, 1.1, 1.0, Some(0.1)),
            (TemplateFilter::Times, 4.35, 100.0, Some(435.0)),
            (TemplateFilter::Times, 1e-9, 2e-9, Some(2e-18)),
            (TemplateFilter::DividedBy, 10.0, 4.0, Some(2.0)),
            (TemplateFilter::DividedBy, -7.0, 2.0, Some(-4.0)),
            (TemplateFilter::DividedBy, 7.5, 2.0, Some(3.75)),
            (TemplateFilter::DividedExactly, 10.0, 4.0, Some(2.5)),
            (TemplateFilter::DividedBy, 1.0, 0.0, None),
            (TemplateFilter::Modulo, -7.0, 3.0, Some(2.0)),
            (TemplateFilter::Modulo, 7.0, 0.0, None),
            (TemplateFilter::Ceil, -1.5, 0.0, Some(-1.0)),
            (TemplateFilter::Floor, -1.5, 0.0, Some(-2.0)),
        ];
        for (filter, a, b, wanted) in table {
            assert_eq!(calculate(filter, a, b), wanted, "{a} {} {b}", filter.name());
        }
    }
}
