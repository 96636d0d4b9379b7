//! Any bytes as a plan: an error, or a plan that can be used.

use throughline::Plan;
use throughline::envelope;

use super::exercise::{FACTS, PLANS, exercise};

/// Loads a plan. If the first byte is even, the rest is the plan.
///
/// If it is odd, it selects one of ours, and the rest are changes of five bytes: a little-endian offset and a
/// value, so seeds survive changes of the format. A shorter last change truncates the plan at its offset.
pub fn plan(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    if first % 2 == 0 {
        return load(rest);
    }
    let mut changed = PLANS[usize::from(first / 2) % PLANS.len()].clone();
    let place =
        |bytes: &[u8], len: usize| bytes.iter().rev().fold(0, |sum, byte| sum * 256 + usize::from(*byte)) % len.max(1);
    let changes = rest.chunks_exact(5);
    let cut = changes.remainder();
    for change in changes {
        let at = place(&change[..4], changed.len());
        changed[at] = change[4];
    }
    if !cut.is_empty() {
        changed.truncate(place(cut, changed.len()));
    }
    load(&changed);
}

fn load(bytes: &[u8]) {
    let _ = envelope::split(bytes);
    match Plan::load(bytes) {
        Ok(plan) => FACTS.iter().for_each(|facts| exercise(&plan, facts)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
