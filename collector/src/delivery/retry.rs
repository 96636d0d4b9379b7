//! When a webhook is tried again: the pauses between attempts, their end, and receivers that ask for a pause.
//!
//! Receivers fail for minutes or hours, during a deployment or an outage. A message is therefore tried until it expires,
//! or for a day, and not a number of times.

use std::cell::RefCell;
use std::collections::HashMap;

/// The time for which a message without an expiry is tried, in milliseconds.
const LIFETIME_MS: i64 = 24 * 60 * 60 * 1000;
/// The longest pause between two attempts, in milliseconds.
const MAX_PAUSE_MS: i64 = 60 * 60 * 1000;
/// The statuses by which a receiver says that it will never accept the message. 410 and what the request itself is wrong in.
const FINAL: [u16; 9] = [400, 405, 406, 410, 411, 413, 414, 415, 422];
/// The statuses with which `Retry-After` is for everything that the receiver is sent (RFC 9110, RFC 6585).
const BUSY: [u16; 2] = [429, 503];

/// The reason why a message was not accepted.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// Another attempt may succeed, but not before this time, in milliseconds since the Unix epoch, if there is one.
    Later(String, Option<i64>),
    /// No attempt will succeed.
    Final(String),
}

thread_local! {
    /// The end of the pause of each receiver that has asked for one, by address.
    static PAUSES: RefCell<HashMap<String, i64>> = RefCell::default();
}

/// Returns the failure that a status other than 2xx is, with the time that `Retry-After` names.
///
/// A busy receiver gets nothing from this isolate until that time.
pub fn judge(url: &str, status: u16, retry_after: Option<&str>, now: i64) -> Failure {
    let reason = format!("the webhook returned {status}");
    if FINAL.contains(&status) {
        return Failure::Final(reason);
    }
    let until = retry_after.and_then(|text| until(text, now));
    if let Some(until) = until.filter(|_| BUSY.contains(&status)) {
        PAUSES.with_borrow_mut(|pauses| {
            pauses.retain(|_, end| *end > now);
            pauses.insert(url.to_owned(), until);
        });
    }
    Failure::Later(reason, until)
}

/// Returns the end of the pause that a receiver has asked for, if it has not passed.
pub fn pause_of(url: &str, now: i64) -> Option<i64> {
    PAUSES.with_borrow(|pauses| pauses.get(url).copied()).filter(|end| *end > now)
}

/// Returns the time of `Retry-After`, which is a number of seconds or an HTTP date. It is a day ahead at most.
fn until(text: &str, now: i64) -> Option<i64> {
    let at = match text.trim().parse::<u32>() {
        Ok(seconds) => now.saturating_add(i64::from(seconds).saturating_mul(1000)),
        Err(_) => date(text)?,
    };
    (at > now).then(|| at.min(now.saturating_add(LIFETIME_MS)))
}

#[expect(clippy::cast_possible_truncation, reason = "JavaScript's dates are whole milliseconds below 2^53")]
fn date(text: &str) -> Option<i64> {
    let at = js_sys::Date::parse(text);
    at.is_finite().then_some(at as i64)
}

/// Returns the time from which on a message is not tried any more.
pub fn end(expires: Option<i64>, now: i64) -> i64 {
    expires.unwrap_or_else(|| now.saturating_add(LIFETIME_MS))
}

/// Returns the pause after an attempt, in milliseconds: twice as long each time, an hour at most.
///
/// `chance` from 0 to 1 shortens it by up to a quarter, so that messages that failed together are not all sent together.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a pause is far below 2^53")]
pub fn pause(first: i64, attempts: u32, chance: f64) -> i64 {
    let doubled = first.saturating_mul(1_i64.checked_shl(attempts.min(32)).unwrap_or(i64::MAX));
    let longest = doubled.min(MAX_PAUSE_MS.max(first)) as f64;
    (longest * (1.0 - chance / 4.0)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour() {
        let pauses: Vec<i64> = (0..12).map(|attempts| pause(5_000, attempts, 0.0) / 1000).collect();
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]);
        assert_eq!(pause(5_000, u32::MAX, 1.0), 45 * 60 * 1000);
        assert!((3_750..=5_000).contains(&pause(5_000, 0, 0.5)));
    }

    #[test]
    fn a_message_ends_with_its_expiry_or_after_a_day() {
        assert_eq!(end(Some(7), 5), 7);
        assert_eq!(end(None, 5), 5 + LIFETIME_MS);
    }

    #[test]
    fn a_busy_receiver_is_paused_and_no_other() {
        let (busy, other) = ("https://busy.example/", "https://other.example/");
        let failure = judge(busy, 429, Some("15"), 1_000);
        assert_eq!(failure, Failure::Later("the webhook returned 429".to_owned(), Some(16_000)));
        assert_eq!(
            (pause_of(busy, 15_999), pause_of(busy, 16_000), pause_of(other, 1_000)),
            (Some(16_000), None, None)
        );
        // An error of the one message says nothing about the others.
        assert_eq!(
            judge(other, 500, Some("15"), 1_000),
            Failure::Later("the webhook returned 500".to_owned(), Some(16_000))
        );
        assert_eq!(pause_of(other, 1_000), None);
    }

    #[test]
    fn what_will_never_be_accepted_is_final() {
        for status in [400, 410, 413, 422] {
            assert!(matches!(judge("https://a.example/", status, None, 0), Failure::Final(_)), "{status}");
        }
        // A receiver's deployment answers these for a while.
        for status in [301, 401, 403, 404, 408, 409, 425, 429, 500, 502, 503] {
            assert!(matches!(judge("https://a.example/", status, None, 0), Failure::Later(_, None)), "{status}");
        }
    }

    #[test]
    fn a_request_to_wait_is_bounded() {
        assert_eq!(until("4294967295", 0), Some(LIFETIME_MS));
        assert_eq!(until("0", 0), None);
    }
}
