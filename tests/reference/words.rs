//! Consent as a list of words: who said what of which purpose, and when.

use serde_json::Value;

use super::history::Stamp;
use super::members;

/// A statement about a purpose.
pub struct Word {
    pub stamp: Stamp,
    /// The id that claims it; `None` for the person's own word.
    pub claimed_by: Option<String>,
    pub purpose: String,
    pub state: String,
}

/// The words of a profile.
pub fn known(profile: &Value, stamp: impl Fn(&Value, usize) -> Stamp) -> Vec<Word> {
    let word = |claimed_by: Option<&String>, (purpose, row): (&String, &Value)| Word {
        stamp: stamp(row, 1),
        claimed_by: claimed_by.cloned(),
        purpose: purpose.clone(),
        state: row[0].as_str().unwrap().to_owned(),
    };
    let own = members(&profile["consent"]).map(|row| word(None, row));
    let claims = members(&profile["claims"]["consent"]);
    own.chain(claims.flat_map(|(id, rows)| members(rows).map(move |row| word(Some(id), row)))).collect()
}

/// Returns the state of a purpose and the time since which it counts.
pub fn effective(words: &[Word], purpose: &str) -> Option<(i64, String)> {
    let about: Vec<&Word> = words.iter().filter(|word| word.purpose == purpose).collect();
    let last_of = |who: Option<&str>| last(about.iter().copied().filter(|word| word.claimed_by.as_deref() == who));
    let mut ids: Vec<&str> = about.iter().filter_map(|word| word.claimed_by.as_deref()).collect();
    ids.sort_unstable();
    ids.dedup();
    let claims: Vec<&Word> = ids.into_iter().filter_map(|id| last_of(Some(id))).collect();
    let said = |state: &str| claims.iter().filter(|word| word.state == state).map(|word| word.stamp.0).max();
    match (last_of(None), said("denied")) {
        (Some(own), Some(denied)) if denied >= own.stamp.0 => Some((denied, "denied".to_owned())),
        (Some(own), _) => Some((own.stamp.0, own.state.clone())),
        (None, Some(denied)) => Some((denied, "denied".to_owned())),
        (None, None) if said("granted").is_some() => Some((0, "granted".to_owned())),
        (None, None) => said("pending").map(|_| (0, "pending".to_owned())),
    }
}

/// Returns the last word; of words of one millisecond the strictest.
fn last<'a>(words: impl Iterator<Item = &'a Word>) -> Option<&'a Word> {
    let strictness = |state: &str| ["granted", "pending", "denied"].iter().position(|known| *known == state);
    words.max_by_key(|word| (word.stamp.0, strictness(&word.state), word.stamp.1))
}
