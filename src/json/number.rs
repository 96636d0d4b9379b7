//! Parses decimal numbers exactly, with big integers in place of lookup tables.
//!
//! why: the standard library's parser is faster, but its tables of powers of five cost every browser 12 KB (gzip, see
//! ARCHITECTURE.md, "Bytes"). Nearly all numbers take the exact path in doubles, so speed hardly matters here.

use crate::prelude::*;
use core::cmp::Ordering;

/// Digits beyond this number cannot change a double, except by whether any of them is not 0.
const MAX_DIGITS: usize = 780;
/// The greatest exponent for which a power of ten is exactly a double.
const MAX_EXACT_POWER: u32 = 22;

/// Returns the double nearest to a decimal number such as `-12.5e3`. Ties go to the even double, and a number that is
/// too large is infinite.
///
/// As in JavaScript, digits may be missing on one side of the point, and the sign may be `+`.
pub(crate) fn parse(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let decimal = Decimal::read(unsigned)?;
    let magnitude = decimal.to_double_quickly().unwrap_or_else(|| decimal.to_double());
    Some(if text.starts_with('-') { -magnitude } else { magnitude })
}

/// A number: `digits`, as an integer, times ten to the power of `exponent`.
// INVARIANT: the first digit is not 0, and no digits mean 0.
struct Decimal {
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    fn read(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = || whole.bytes().chain(fraction.bytes());
        if all().next().is_none() || !all().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let mut digits: Vec<u8> = all().map(|byte| byte.wrapping_sub(b'0')).skip_while(|digit| *digit == 0).collect();
        let mut exponent = exponent.saturating_sub(length(fraction.len()));
        if digits.len() > MAX_DIGITS {
            let rest = digits.split_off(MAX_DIGITS);
            exponent = exponent.saturating_add(length(rest.len()));
            if rest.iter().any(|digit| *digit != 0) {
                // One digit 1 stands for all that follow: a number above a tie stays above it.
                digits.push(1);
                exponent = exponent.saturating_sub(1);
            }
        }
        Some(Self { digits, exponent })
    }

    /// Returns the nearest double where digits and power of ten are exact doubles, because then one operation rounds
    /// once.
    fn to_double_quickly(&self) -> Option<f64> {
        let power = u32::try_from(self.exponent.unsigned_abs()).ok().filter(|power| *power <= MAX_EXACT_POWER)?;
        if self.digits.len() > 15 {
            return None;
        }
        let mantissa = self.digits.iter().fold(0.0, |number, digit| number * 10.0 + f64::from(*digit));
        let power = (0..power).fold(1.0, |power, _| power * 10.0);
        Some(if self.exponent < 0 { mantissa / power } else { mantissa * power })
    }

    /// Returns the nearest double by long division of big integers.
    ///
    /// The number is the fraction `above / below`. Example: `0.3` is 3 / 10.
    ///
    /// 1. Scale one side by powers of two until the fraction is from 1 to below 2; `power` counts them. 0.3 is 1.2 ×
    ///    2^-2.
    /// 2. Divide bit by bit: each step yields one bit of the mantissa and doubles the remainder. A normal double takes
    ///    53 bits, a subnormal one fewer.
    /// 3. Compare the remainder with one half of the last bit, and round once, ties to even.
    ///
    /// why: the division is exact up to the single rounding, so no error analysis is needed and every host agrees.
    fn to_double(&self) -> f64 {
        let magnitude = self.exponent.saturating_add(length(self.digits.len()));
        if self.digits.is_empty() || magnitude < -400 {
            return 0.0;
        }
        if magnitude > 400 {
            return f64::INFINITY;
        }
        let mut above = self.digits.iter().fold(Whole(Vec::new()), |number, digit| number.times_ten_plus(*digit));
        let mut below = Whole(vec![1]);
        for _ in 0..self.exponent.unsigned_abs() {
            let scaled = if self.exponent < 0 { &mut below } else { &mut above };
            *scaled = core::mem::take(scaled).times_ten_plus(0);
        }
        // INVARIANT: the number is 2^power times above / below, which is from 1 to below 2 after this block.
        let mut power = above.bits().saturating_sub(below.bits());
        let shifted = if power < 0 { &mut above } else { &mut below };
        for _ in 0..power.unsigned_abs() {
            shifted.double();
        }
        if above.compare(&below) == Ordering::Less {
            above.double();
            power = power.saturating_sub(1);
        }
        if power > 1023 {
            return f64::INFINITY;
        }
        // Subnormal doubles have fewer bits.
        let precision = 53_i64.min(power.saturating_add(1075));
        let mut bits = 0_u64;
        for _ in 0..precision {
            let is_one = above.compare(&below) != Ordering::Less;
            if is_one {
                above.subtract(&below);
            }
            above.double();
            bits = bits << 1 | u64::from(is_one);
        }
        let rounds_up = match above.compare(&below) {
            Ordering::Greater => precision >= 0,
            Ordering::Equal => bits & 1 == 1,
            Ordering::Less => false,
        };
        // The leading bit of a normal double is not stored: adding it carries into the exponent, and so does rounding
        // up.
        let exponent = u64::try_from(power.saturating_add(1022)).unwrap_or(0);
        f64::from_bits((exponent << 52).wrapping_add(bits).wrapping_add(u64::from(rounds_up)))
    }
}

/// A non-negative integer of any length, least significant word first.
#[derive(Default)]
struct Whole(Vec<u32>);

impl Whole {
    fn times_ten_plus(mut self, digit: u8) -> Self {
        let mut carry = u64::from(digit);
        for word in &mut self.0 {
            carry = u64::from(*word).wrapping_mul(10).wrapping_add(carry);
            *word = low(carry);
            carry >>= 32;
        }
        self.push(low(carry));
        self
    }

    fn double(&mut self) {
        let mut carry = 0;
        for word in &mut self.0 {
            let next = *word >> 31;
            *word = *word << 1 | carry;
            carry = next;
        }
        self.push(carry);
    }

    /// Subtracts a number that is not greater.
    fn subtract(&mut self, other: &Self) {
        let mut borrow = false;
        for (index, word) in self.0.iter_mut().enumerate() {
            let (once, first) = word.overflowing_sub(other.0.get(index).copied().unwrap_or(0));
            let (twice, second) = once.overflowing_sub(u32::from(borrow));
            *word = twice;
            borrow = first || second;
        }
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }

    /// Returns the number of significant bits.
    fn bits(&self) -> i64 {
        let unused = self.0.last().map_or(0, |word| word.leading_zeros());
        length(self.0.len()).saturating_mul(32).saturating_sub(i64::from(unused))
    }

    /// Appends a most significant word unless it is 0.
    // INVARIANT: the most significant word is not 0, so `compare` can compare lengths first.
    fn push(&mut self, word: u32) {
        if word != 0 {
            self.0.push(word);
        }
    }
}

/// Parses an exponent; it saturates far beyond the exponents of doubles.
fn read_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = digits.bytes().map(|byte| i64::from(byte.wrapping_sub(b'0')));
    let size = digits.fold(0_i64, |number, digit| number.saturating_mul(10).saturating_add(digit));
    Some(if text.starts_with('-') { size.saturating_neg() } else { size })
}

fn length(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
const fn low(word: u64) -> u32 {
    word as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn assert_same(text: &str) {
        let (ours, std) = (parse(text).map(f64::to_bits), text.parse::<f64>().ok().map(f64::to_bits));
        assert_eq!(ours, std, "{text}");
    }

    #[test]
    fn reads_what_the_standard_library_reads() {
        let texts = [
            "0",
            "-0",
            "+0.0",
            "1",
            "1.",
            ".5",
            "-.5e1",
            "5e-324",
            "4.9e-324",
            "2.4703282292062327e-324",
            "2.4703282292062328e-324",
            "2.2250738585072011e-308",
            "2.2250738585072014e-308",
            "1.7976931348623157e308",
            "1.7976931348623158e308",
            "1.797693134862315807e308",
            "1.797693134862315808e308",
            "1e309",
            "-1e309",
            "1e-400",
            "9007199254740993",
            "9007199254740992.5",
            "9007199254740993.0000000000000000000000001",
            "123456789012345678901234567890e-10",
            "1e22",
            "1e23",
            "8.5e22",
            "0e999999999999999999999",
            "1e999999999999999999999",
            "1e-999999999999999999999",
            "0.000000000000000000000000000001e30",
            "179769313486231580793e289",
            "",
            ".",
            "+",
            "-",
            "e5",
            "1e",
            "1e+",
            "1.2.3",
            "1e5.5",
            "--1",
            "+-1",
            "1_0",
            " 1",
            "1 ",
            "٣",
        ];
        for text in texts {
            assert_same(text);
        }
    }

    #[test]
    fn rounds_ties_to_even_however_far_away_the_last_digit_is() {
        // Halfway between two doubles, exactly, with all of its 767 digits; and a digit more.
        let tie = format!("{:.1100}", f64::from_bits(1)).trim_end_matches('0').to_owned();
        let halves = ["2470328229206232720882843964341106861825299013071623822127928412503377536351043"];
        for text in [&tie, &format!("{tie}{}1", "0".repeat(500)), &format!("{}e-402", halves[0])] {
            assert_same(text);
        }
        for power in 0..60 {
            let tie = (1_u64 << 53 | 1) as f64 * 2_f64.powi(power) + 2_f64.powi(power);
            assert_same(&format!("{tie:.0}"));
            assert_same(&format!("{tie:.0}.{}1", "0".repeat(900)));
        }
    }

    #[test]
    fn hostile_lengths_cost_little() {
        assert_same(&"9".repeat(100_000));
        assert_same(&format!("0.{}1", "0".repeat(100_000)));
        assert_same(&format!("{}e-100000", "1".repeat(100_000)));
    }

    proptest! {
        #[test]
        fn every_double_is_read_back(bits: u64) {
            let number = f64::from_bits(bits);
            if number.is_finite() {
                assert_same(&format!("{number:e}"));
                assert_same(&format!("{number:.40e}"));
            }
        }

        #[test]
        fn any_digits_are_read_as_the_standard_library_reads_them(text in r"[+-]?[0-9]{0,40}\.?[0-9]{0,40}(e[+-]?[0-9]{1,3})?") {
            assert_same(&text);
        }
    }
}
