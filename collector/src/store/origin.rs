//! The origin of a row: the profile that it was merged from, and after a `/` the one that it came there from.

use worker::SqlStorageValue;

/// The condition on the column `origin` of rows that were merged from a profile; its values are those of [`of_origin`].
pub const OF_ORIGIN: &str = "(origin = ? OR substr(origin, 1, length(?) + 1) = ? || '/')";

/// Returns the values of [`OF_ORIGIN`].
pub fn of_origin(profile: &str) -> Vec<SqlStorageValue> {
    vec![profile.into(), profile.into(), profile.into()]
}

/// Returns whether a row was merged from a profile.
pub fn is_from(origin: &str, profile: &str) -> bool {
    origin.strip_prefix(profile).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Returns the origin in the winner of a row that has this origin in the loser.
pub fn after_merge(loser: &str, origin: &str) -> String {
    if origin.is_empty() { loser.to_owned() } else { format!("{loser}/{origin}") }
}

/// Returns the origin in the loser of a row that has this origin in the winner.
pub fn after_unmerge(loser: &str, origin: &str) -> String {
    origin.strip_prefix(loser).and_then(|rest| rest.strip_prefix('/')).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_the_way_back() {
        let twice = after_merge("b", &after_merge("c", ""));
        assert_eq!(twice, "b/c");
        assert!(is_from(&twice, "b"));
        assert!(!is_from(&twice, "c"));
        assert!(!is_from("bc", "b"));
        assert_eq!(after_unmerge("b", &twice), "c");
        assert_eq!(after_unmerge("b", "b"), "");
    }
}
