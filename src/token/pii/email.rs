//! Detects e-mail addresses.

use crate::prelude::*;

/// Checks whether `text` contains an e-mail address.
pub(crate) fn is_in(text: &[char]) -> bool {
    (0..text.len()).any(|at| match text.get(at..) {
        Some(['@', host @ ..]) => {
            let local = text.get(..at).unwrap_or_default();
            ends_a_mailbox(local) && starts_a_host(host)
        }
        _ => false,
    })
}

fn ends_a_mailbox(text: &[char]) -> bool {
    let is_local = |c: &char| c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-\"".contains(*c) || is_foreign(*c);
    text.iter().rev().take_while(|c| is_local(c)).any(|c| c.is_ascii_alphanumeric() || is_foreign(*c))
}

fn starts_a_host(text: &[char]) -> bool {
    if let ['[', literal @ ..] = text {
        let literal: String = literal.iter().take_while(|c| **c != ']').collect();
        return literal.starts_with("IPv6:") || literal.parse::<core::net::Ipv4Addr>().is_ok();
    }
    let host: String =
        text.iter().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.') || is_foreign(**c)).collect();
    let labels: Vec<&str> = host.trim_end_matches(['.', '-']).split('.').collect();
    let Some((top, lower)) = labels.split_last() else {
        return false;
    };
    let is_top = top.starts_with("xn--")
        || (top.chars().nth(1).is_some() && !top.contains(|c: char| c.is_ascii_digit() || c == '-'));
    is_top && !lower.is_empty() && lower.iter().all(|label| !label.is_empty()) && !is_image_density(lower, top)
}

/// Checks for the name of an image for dense screens: `icon@2x.png`.
fn is_image_density(lower: &[&str], top: &str) -> bool {
    let is_image = ["png", "jpg", "jpeg", "gif", "webp", "avif", "svg"].contains(&top);
    let is_density = |label: &str| label.strip_suffix('x').is_some_and(|n| n.parse::<u8>().is_ok());
    is_image && matches!(lower, [density] if is_density(density))
}

fn is_foreign(c: char) -> bool {
    !c.is_ascii() && !c.is_whitespace() && !c.is_control()
}
