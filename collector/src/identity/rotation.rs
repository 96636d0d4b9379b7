//! The id of a device is replaced when a person signs in on it, and ends when they sign out.
//!
//! Somebody may have planted the id in the browser before the person signed in, and knows it (session fixation). So the
//! first message after the proof that offers a fresh id is answered with it:
//!
//! ```text
//!   old id                                             next id
//!
//!   ┌───────────┐ a proof links it to a person
//!   │ anonymous │ ─────────────┐
//!   └───────────┘              v
//!                         ┌────────┐  a message offers `next`:        ┌───────┐
//!                         │ proven │ ── Rotate ─── Begin(profile) ──> │ begun │ proven, is_fresh, previous = old
//!                         └────────┘                                  └───────┘
//!                              v                                          │ the browser shows it
//!                        ┌──────────┐                                     v
//!     every message ──>  │ rotating │ <────────── Replaced(now) ───── ┌────────┐
//!     is answered with   └──────────┘                                 │  seen  │ previous = none
//!     the same next id         v ends = now + 60 s                    └────────┘
//!                         ┌────────┐                                      │ sign-out
//!       sign-out ───────> │ ending │ <─────────── ends = now ─────────────┘
//!                         └────────┘
//!                              v at `ends`
//!                         ┌────────┐  its events reach the person as claims;
//!                         │ ended  │  it gets no token, and is answered with the id that it offers,
//!                         └────────┘  which leads to nobody
//! ```
//!
//! - `Rotate` keeps the id that was offered first, so a browser that loses an answer gets the same id again.
//! - `Begin` is sent after `Rotate`, and again with every answer, so the next message makes up for a crash between
//!   the two.
//! - `Replaced` is sent before `Seen`, so a crash between the two sends it again; the first time counts.

use crate::store::{DeviceState, Link};

/// The time for which the old id still proves who its person is, in milliseconds: requests of the browser overtake each
/// other.
const OVERLAP: i64 = 60_000;

/// Returns whether an id proves nothing any more.
pub fn is_ended(link: &Link, now: i64) -> bool {
    link.device.ends.is_some_and(|ends| ends <= now)
}

pub fn rotate(mut link: Link, next: String) -> Link {
    if link.proven && !link.device.is_fresh && link.device.next.is_none() {
        link.device.next = Some(next);
    }
    link
}

pub fn begin(profile: String, previous: String) -> Link {
    let device = DeviceState { is_fresh: true, previous: Some(previous), ..DeviceState::default() };
    Link { device, ..Link::proven(profile) }
}

pub fn replaced(mut link: Link, at: i64) -> Link {
    if link.device.ends.is_none() {
        link.device.ends = Some(at.saturating_add(OVERLAP));
    }
    link
}

pub fn seen(mut link: Link) -> Link {
    link.device.previous = None;
    link
}

pub fn end(mut link: Link, at: i64) -> Link {
    link.device.ends = Some(link.device.ends.map_or(at, |ends| ends.min(at)));
    link
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linked() -> Link {
        Link::proven("p".to_owned())
    }

    #[test]
    fn the_first_offer_stays() {
        let rotating = rotate(rotate(linked(), "one".to_owned()), "two".to_owned());
        assert_eq!(rotating.device.next.as_deref(), Some("one"));
    }

    #[test]
    fn an_id_that_is_fresh_or_of_nobody_is_not_replaced() {
        let fresh = begin("p".to_owned(), "old".to_owned());
        assert_eq!(rotate(fresh, "next".to_owned()).device.next, None);
        let unproven = Link { proven: false, ..linked() };
        assert_eq!(rotate(unproven, "next".to_owned()).device.next, None);
    }

    #[test]
    fn the_old_id_proves_for_a_minute_after_the_next_one_was_seen_first() {
        let link = replaced(replaced(linked(), 1_000), 50_000);
        assert!(!is_ended(&link, 60_999));
        assert!(is_ended(&link, 61_000));
    }

    #[test]
    fn a_sign_out_ends_at_once_and_nothing_prolongs_it() {
        let link = replaced(end(replaced(linked(), 1_000), 2_000), 3_000);
        assert!(is_ended(&link, 2_000));
        assert_eq!(end(link, 9_000).device.ends, Some(2_000));
    }
}
