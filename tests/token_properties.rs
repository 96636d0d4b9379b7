//! Laws: no bytes make the token code panic, and no changed token is accepted.

use proptest::prelude::*;
use serde_json::{Value, json};
use throughline::keys::{Algorithm, Key, KeySet, Purpose, Unmarked};
use throughline::token::{detect_pii, jws, mint};

use crate::support;
use crate::support::token::{NOW, claims, verifier};

fn key(algorithm: Algorithm) -> Key {
    support::token::key(algorithm, Purpose::Token)
}

fn token(algorithm: Algorithm) -> String {
    mint(&key(algorithm), &claims()).unwrap()
}

/// Checks every position with every character that base64url or a dot could be.
#[test]
fn any_change_of_one_character_is_rejected() {
    const ALPHABET: &[u8] = b"AQgwBx09-_.=+ ";
    for algorithm in Algorithm::ALL {
        let verifier = verifier(key(algorithm));
        let token = token(algorithm);
        assert!(verifier.verify::<Value>(&token, NOW).is_ok());
        for at in 0..token.len() {
            // Distributes the alphabet over the positions, because each change costs a signature check.
            for pick in 0..2 {
                let mut changed = token.clone().into_bytes();
                changed[at] = ALPHABET[(at * 5 + pick * 7) % ALPHABET.len()];
                let changed = String::from_utf8(changed).unwrap();
                if changed != token {
                    assert!(verifier.verify::<Value>(&changed, NOW).is_err(), "{changed}");
                }
            }
        }
    }
}

/// Checks the last character of each segment with every other character, for its unused bits.
#[test]
fn any_change_of_a_last_character_is_rejected() {
    for algorithm in Algorithm::ALL {
        let verifier = verifier(key(algorithm));
        let token = token(algorithm);
        let ends = token.match_indices('.').map(|(at, _)| at - 1).chain([token.len() - 1]);
        for at in ends {
            for byte in 0..128 {
                let mut changed = token.clone().into_bytes();
                changed[at] = byte;
                let changed = String::from_utf8(changed).unwrap();
                if changed != token {
                    assert!(verifier.verify::<Value>(&changed, NOW).is_err(), "{changed}");
                }
            }
        }
    }
}

fn algorithm() -> impl Strategy<Value = Algorithm> {
    prop::sample::select(Algorithm::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_byte_is_rejected(algorithm in algorithm(), at: prop::sample::Index, byte in 0_u8..128) {
        let token = token(algorithm);
        let mut changed = token.clone().into_bytes();
        changed[at.index(token.len())] = byte;
        let changed = String::from_utf8(changed).unwrap();
        let verdict = verifier(key(algorithm)).verify::<Value>(&changed, NOW);
        prop_assert_eq!(verdict.is_ok(), changed == token);
    }

    #[test]
    fn a_cut_or_grown_token_is_rejected(algorithm in algorithm(), at: prop::sample::Index, tail in "[A-Za-z0-9_.-]{0,8}") {
        let token = token(algorithm);
        let changed = format!("{}{tail}", &token[..at.index(token.len())]);
        let verdict = verifier(key(algorithm)).verify::<Value>(&changed, NOW);
        prop_assert_eq!(verdict.is_ok(), changed == token);
    }

    #[test]
    fn a_token_of_another_key_is_rejected(algorithm in algorithm(), seed in 8_u8..) {
        prop_assume!(seed != 255, "no ES256 key");
        let verdict = verifier(Key::from_seed(algorithm, Purpose::Token, Some("k"), &[seed; 32]).unwrap()).verify::<Value>(&token(algorithm), NOW);
        prop_assert!(verdict.is_err());
    }

    #[test]
    fn any_text_is_an_error_and_no_panic(text in any::<String>(), now in any::<u64>()) {
        prop_assert!(verifier(key(Algorithm::EdDsa)).verify::<Value>(&text, now).is_err());
        prop_assert!(KeySet::parse_with(&text, Purpose::Token, Unmarked::Accept).is_err());
        let _ = detect_pii(&text);
    }

    #[test]
    fn any_text_of_the_right_form_is_an_error(text in "[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,90}") {
        prop_assert!(verifier(key(Algorithm::EdDsa)).verify::<Value>(&text, NOW).is_err());
    }

    /// Checks hostile bytes under a valid signature, so that they reach the code after its check.
    #[test]
    fn any_signed_payload_is_read_without_panic(payload in prop::collection::vec(any::<u8>(), 0..200), now in any::<u64>()) {
        let token = jws::sign(&key(Algorithm::Hs256), "tl+jwt", &payload).unwrap();
        prop_assert!(verifier(key(Algorithm::Hs256)).verify::<Value>(&token, now).is_err());
    }

    #[test]
    fn any_claims_are_read_without_panic(
        numbers in prop::collection::vec(any::<u64>(), 4),
        sub in any::<String>(),
        now in any::<u64>(),
    ) {
        let payload = json!({
            "iss": "iss", "aud": "aud", "sub": sub, "iat": numbers[0], "exp": numbers[1], "nbf": numbers[2], "ver": numbers[3], "tl": {},
        });
        let token = jws::sign(&key(Algorithm::Hs256), "tl+jwt", payload.to_string().as_bytes()).unwrap();
        let _ = verifier(key(Algorithm::Hs256)).verify::<Value>(&token, now);
    }

    #[test]
    fn any_signature_over_any_message_is_checked_without_panic(
        algorithm in algorithm(),
        message in prop::collection::vec(any::<u8>(), 0..64),
        signature in prop::collection::vec(any::<u8>(), 0..70),
    ) {
        prop_assert!(key(algorithm).verify_key().verify(&message, &signature).is_err());
    }

    #[test]
    fn what_is_minted_has_the_length_that_was_promised(kid in "[a-z\"\\\\é]{1,20}", payload in prop::collection::vec(any::<u8>(), 0..300)) {
        let key = Key::from_seed(Algorithm::Hs256, Purpose::Token, Some(&kid), &[7; 32]).unwrap();
        let token = jws::sign(&key, "tl+jwt", &payload).unwrap();
        prop_assert_eq!(token.len(), jws::signed_length(&key, "tl+jwt", payload.len()));
        prop_assert_eq!(jws::verify_with(key.verify_key(), &token), Ok(payload));
    }
}
