//! Zones as the database has them: TZif, by RFC 9636, with the POSIX rule in its last line.

/// Nobody asks for local times before 2020.
const FIRST: i64 = 1_577_836_800;

/// What is known of a zone from 2020 on. Offsets from UTC are in seconds, to the east.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Data {
    /// The offset before the first change.
    pub before: i32,
    /// Changes that follow no rule: when, in seconds since 1970, and the offset from then on.
    pub changes: Vec<(u32, i32)>,
    /// The offset of standard time after them.
    pub standard: i32,
    /// The offset of summer time after them.
    pub summer: i32,
    /// When there is summer time after them.
    pub rule: Option<Rule>,
}

/// When summer time begins and ends: a day, as the plan has it, and a second of that day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    /// When it begins, in standard time.
    pub start: (u32, i32),
    /// When it ends, in summer time.
    pub end: (u32, i32),
}

/// Reads a file of the database; none if it is of another kind than the database has.
pub fn read(bytes: &[u8]) -> Option<Data> {
    // The first part has times of 32 bits, for readers of long ago.
    let first = Header::read(bytes)?;
    let bytes = bytes.get(first.len(4)?..)?;
    let header = Header::read(bytes)?;
    let body = bytes.get(Header::LEN..)?;
    let (times, body) = body.split_at_checked(header.times.checked_mul(8)?)?;
    let (kinds, body) = body.split_at_checked(header.times)?;
    let offset = |kind: u8| {
        let at = usize::from(kind).checked_mul(6)?;
        body.get(at..)?.first_chunk().map(|bytes| i32::from_be_bytes(*bytes))
    };
    let (mut before, mut changes) = (offset(0)?, Vec::new());
    for (time, kind) in times.chunks_exact(8).zip(kinds) {
        let (time, offset) = (i64::from_be_bytes(*time.first_chunk()?), offset(*kind)?);
        if time < FIRST {
            before = offset;
        } else {
            changes.push((u32::try_from(time).ok()?, offset));
        }
    }
    let footer = std::str::from_utf8(bytes.get(header.len(8)?..)?).ok()?;
    let (standard, summer, rule) = posix(footer.trim_matches('\n'))?;
    Some(Data { before, changes, standard, summer, rule })
}

/// How much there is of everything.
struct Header {
    counts: [usize; 6],
    times: usize,
}

impl Header {
    const LEN: usize = 44;

    fn read(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(b"TZif")?.get(16..)?;
        let mut counts = [0; 6];
        for (count, bytes) in counts.iter_mut().zip(rest.chunks_exact(4)) {
            *count = u32::from_be_bytes(*bytes.first_chunk()?) as usize;
        }
        Some(Self { counts, times: *counts.get(3)? })
    }

    /// The length of header and body, where a time has so many bytes.
    fn len(&self, time: usize) -> Option<usize> {
        let [utc, standard, leaps, times, kinds, letters] = self.counts;
        let sizes = [
            (utc, 1),
            (standard, 1),
            (leaps, time.checked_add(4)?),
            (times, time.checked_add(1)?),
            (kinds, 6),
            (letters, 1),
        ];
        sizes.iter().try_fold(Self::LEN, |sum, (count, size)| sum.checked_add(count.checked_mul(*size)?))
    }
}

/// A text such as `CET-1CEST,M3.5.0,M10.5.0/3`: standard time, summer time, and the rule between them.
fn posix(text: &str) -> Option<(i32, i32, Option<Rule>)> {
    let (standard, rest) = offset(skip_name(text)?)?;
    if rest.is_empty() {
        return Some((standard, standard, None));
    }
    let rest = skip_name(rest)?;
    let (summer, rest) = if rest.starts_with(',') { (standard.checked_add(3600)?, rest) } else { offset(rest)? };
    let (start, end) = rest.strip_prefix(',')?.split_once(',')?;
    Some((standard, summer, Some(Rule { start: day(start)?, end: day(end)? })))
}

fn skip_name(text: &str) -> Option<&str> {
    match text.strip_prefix('<') {
        Some(quoted) => quoted.split_once('>').map(|(_, rest)| rest),
        None => Some(text.trim_start_matches(|c: char| c.is_ascii_alphabetic())),
    }
}

/// An offset, which POSIX counts to the west, and what follows it.
fn offset(text: &str) -> Option<(i32, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || "+-:".contains(c))).unwrap_or(text.len());
    let (offset, rest) = text.split_at_checked(end)?;
    Some((seconds(offset)?.checked_neg()?, rest))
}

/// `2`, `-1:30` or `24:00:00` in seconds.
fn seconds(text: &str) -> Option<i32> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let mut unit = 3600_i32;
    let mut sum = 0_i32;
    for part in digits.trim_start_matches('+').split(':') {
        sum = sum.checked_add(part.parse::<i32>().ok()?.checked_mul(unit)?)?;
        unit = unit.checked_div(60)?;
    }
    sum.checked_mul(sign)
}

/// `M3.5.0/2`: month, week and weekday in digits, and the second of that day; without one it is two o'clock.
fn day(text: &str) -> Option<(u32, i32)> {
    let (day, time) = text.strip_prefix('M')?.split_once('/').unwrap_or((text.strip_prefix('M')?, "2"));
    let digits = day.split('.').map(|part| part.parse::<u32>().ok());
    let number = digits.into_iter().try_fold(0_u32, |sum, digit| sum.checked_mul(10)?.checked_add(digit?))?;
    Some((number, seconds(time)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_as_posix_has_them() {
        assert_eq!(posix("JST-9"), Some((32_400, 32_400, None)));
        assert_eq!(posix("<-0330>3:30"), Some((-12_600, -12_600, None)));
        let rule = Rule { start: (350, 7200), end: (1050, 10_800) };
        assert_eq!(posix("CET-1CEST,M3.5.0,M10.5.0/3"), Some((3600, 7200, Some(rule))));
        let rule = Rule { start: (350, -3600), end: (1050, 0) };
        assert_eq!(posix("<-02>2<-01>,M3.5.0/-1,M10.5.0/0"), Some((-7200, -3600, Some(rule))));
        let rule = Rule { start: (1010, 7200), end: (410, 7200) };
        assert_eq!(posix("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"), Some((37_800, 39_600, Some(rule))));
        assert_eq!(posix("CET-1CEST,J60,J300"), None);
    }
}
