//! The `userHash`: a proof by the shop's server, carried by the page, that the visitor is signed in as a user.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// Returns whether `shown` is the lower-case hexadecimal HMAC-SHA-256 of the user id with one of the secrets.
///
/// Every secret is tried and every byte compared, so the time says nothing about the right one.
pub fn is_user_hash(secrets: &[String], user: &str, shown: &str) -> bool {
    let is_right = secrets.iter().fold(Choice::from(0), |is_right, secret| {
        is_right | user_hash(secret, user).as_bytes().ct_eq(shown.as_bytes())
    });
    is_right.into()
}

fn user_hash(secret: &str, user: &str) -> String {
    // INVARIANT: HMAC takes keys of any length, so the empty text is never compared: `shown` would have to be empty.
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return " ".to_owned() };
    let bytes = mac.chain_update(user.as_bytes()).finalize().into_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRETS: [&str; 2] = ["old", "key"];
    /// HMAC-SHA-256 of the fox with `key`, as Wikipedia's page on HMAC has it.
    const FOX: &str = "The quick brown fox jumps over the lazy dog";
    const HASH: &str = "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8";

    fn is_right(secrets: &[&str], user: &str, shown: &str) -> bool {
        let secrets: Vec<String> = secrets.iter().map(|secret| (*secret).to_owned()).collect();
        is_user_hash(&secrets, user, shown)
    }

    #[test]
    fn any_secret_proves() {
        assert!(is_right(&SECRETS, FOX, HASH));
        assert!(is_right(&["key", "new"], FOX, HASH));
    }

    #[test]
    fn nothing_else_proves() {
        assert!(!is_right(&[], FOX, HASH));
        assert!(!is_right(&["old"], FOX, HASH));
        assert!(!is_right(&SECRETS, "u-2", HASH));
        let shorter: String = HASH.chars().skip(1).collect();
        for shown in ["", " ", &HASH.to_uppercase(), &shorter, &format!("{HASH}0")] {
            assert!(!is_right(&SECRETS, FOX, shown), "{shown}");
        }
    }
}
