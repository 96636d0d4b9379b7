//! Published vectors: Wycheproof, the RFCs and the JOSE cookbook.
//!
//! Unsupported algorithms must be refused, not skipped: every vector has an expectation.

use crate::conformance;

use serde_json::{Value, json};
use throughline::keys::{Algorithm, Key, KeySet, Purpose, SignatureError, SkipReason, Unmarked, VerifyKey};
use throughline::token::{Rejection, jws};

/// Returns the JSON of a file of vectors, or `None` if the test is to be skipped.
#[track_caller]
fn load(part: &str) -> Option<Value> {
    conformance::text(part).map(|text| serde_json::from_str(&text).expect("conformance file is JSON"))
}

fn groups(file: &Value) -> impl Iterator<Item = (&Value, &Value)> {
    let groups = file["testGroups"].as_array().unwrap().iter();
    groups.flat_map(|group| group["tests"].as_array().unwrap().iter().map(move |test| (group, test)))
}

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn base64url(bytes: &[u8]) -> String {
    use base64ct::Encoding;
    base64ct::Base64UrlUnpadded::encode_string(bytes)
}

/// Returns the only key of a set with this JWK, or why it is not used.
fn key(jwk: &Value) -> Result<VerifyKey, SkipReason> {
    let set = key_set(jwk);
    match set.keys().next() {
        Some(key) => Ok(key.clone()),
        None => Err(set.skipped()[0].reason().clone()),
    }
}

fn key_set(jwk: &Value) -> KeySet {
    let jwks = json!({ "keys": [jwk] }).to_string();
    KeySet::parse_with(&jwks, Purpose::Token, Unmarked::Accept).unwrap()
}

#[derive(Default, Debug, PartialEq)]
struct Counts {
    accepted: usize,
    refused: usize,
    /// The number of vectors that are valid, but refused by a rule of ours.
    stricter: usize,
}

impl Counts {
    /// Counts a verdict, which must be that of the vector.
    #[track_caller]
    fn check(&mut self, test: &Value, verdict: Result<(), SignatureError>) {
        if test["result"] == "valid" {
            assert_eq!(verdict, Ok(()), "{test}");
            self.accepted += 1;
        } else {
            assert!(verdict.is_err(), "{test}");
            self.refused += 1;
        }
    }

    #[track_caller]
    fn expect(self, name: &str, accepted: usize, refused: usize, stricter: usize) {
        eprintln!("{name}: {self:?}");
        let want = Counts { accepted, refused, stricter };
        assert_eq!(self, want, "{name}");
    }
}

#[test]
fn wycheproof_ed25519() {
    let Some(file) = load("wycheproof/ed25519_test.json") else { return };
    let mut counts = Counts::default();
    for (group, test) in groups(&file) {
        let key = key(&group["publicKeyJwk"]).expect("all keys of the file are good");
        let verdict = key.verify(&hex(&test["msg"]), &hex(&test["sig"]));
        counts.check(test, verdict);
    }
    counts.expect("wycheproof ed25519", 88, 63, 0);
}

#[test]
fn wycheproof_ecdsa_p256_in_jws_encoding() {
    let Some(file) = load("wycheproof/ecdsa_secp256r1_sha256_p1363_test.json") else { return };
    let mut counts = Counts::default();
    for (group, test) in groups(&file) {
        // Nine groups have no JWK, so it is made from the point.
        let point = hex(&group["publicKey"]["uncompressed"]);
        let jwk = json!({
            "kty": "EC", "crv": "P-256", "x": base64url(&point[1..33]), "y": base64url(&point[33..]),
        });
        let key = key(&jwk).expect("all keys of the file are good");
        let verdict = key.verify(&hex(&test["msg"]), &hex(&test["sig"]));
        counts.check(test, verdict);
    }
    counts.expect("wycheproof ecdsa p256 p1363", 173, 89, 0);
}

#[test]
fn wycheproof_hmac_sha256() {
    let Some(file) = load("wycheproof/hmac_sha256_test.json") else { return };
    let mut counts = Counts::default();
    for (group, test) in groups(&file) {
        let secret = hex(&test["key"]);
        let jwk = json!({ "kty": "oct", "k": base64url(&secret) });
        let is_valid = test["result"] == "valid";
        let verdict = match key(&jwk) {
            Ok(key) => key.verify(&hex(&test["msg"]), &hex(&test["tag"])),
            Err(reason) => {
                // RFC 7518 section 3.2: a key of at least the hash's size.
                assert!(secret.len() < 32, "{reason}");
                counts.stricter += usize::from(is_valid);
                continue;
            }
        };
        if group["tagSize"] == 128 {
            // JWS has no truncated tags.
            assert_eq!(verdict, Err(SignatureError::Length), "{test}");
            counts.stricter += usize::from(is_valid);
            counts.refused += usize::from(!is_valid);
        } else if is_valid {
            assert_eq!(verdict, Ok(()), "{test}");
            counts.accepted += 1;
        } else {
            assert_eq!(verdict, Err(SignatureError::Invalid), "{test}");
            counts.refused += 1;
        }
    }
    counts.expect("wycheproof hmac-sha256", 30, 108, 36);
}

#[test]
fn wycheproof_json_web_signature() {
    let Some(file) = load("wycheproof/json_web_signature_test.json") else { return };
    let mut counts = Counts::default();
    for (group, test) in groups(&file) {
        let jwk = group.get("public").unwrap_or(&group["private"]);
        let token = test["jws"].as_str().map_or_else(|| test["jws"].to_string(), str::to_owned);
        let key = match key(jwk) {
            Ok(key) => key,
            Err(reason) => {
                // RSA and P-521 keys, and keys for encryption: their signatures are refused.
                assert!(matches!(reason, SkipReason::UnsupportedType | SkipReason::NotForSignatures), "{reason} {jwk}");
                counts.stricter += usize::from(test["result"] == "valid");
                counts.refused += usize::from(test["result"] != "valid");
                continue;
            }
        };
        let verdict = jws::verify_with(&key, &token);
        if test["result"] == "valid" {
            assert!(verdict.is_ok(), "{verdict:?} {test}");
            counts.accepted += 1;
        } else {
            assert!(verdict.is_err(), "{test}");
            counts.refused += 1;
        }
    }
    // 10 by HS256 and ES256; the other 34 valid ones are by RSA and P-521.
    counts.expect("wycheproof json web signature", 10, 353, 34);
}

#[test]
fn rfc_examples() {
    let Some(file) = load("rfc-jose/vectors.json") else { return };
    let (mut verified, mut thumbprints, mut unsigned) = (0, 0, 0);
    for vector in file.as_array().unwrap() {
        if let Some(want) = vector["thumbprint_sha256"].as_str() {
            let key = key(&vector["jwk"]).unwrap();
            assert_eq!(key.thumbprint(), want);
            assert_eq!(key.kid(), want, "the thumbprint is the default `kid`");
            thumbprints += 1;
            continue;
        }
        let token = vector["compact"].as_str().unwrap();
        if vector["alg"] == "none" {
            for algorithm in Algorithm::ALL {
                let key = Key::from_seed(algorithm, Purpose::Token, None, &[7; 32]).unwrap();
                let verdict = jws::verify_with(key.verify_key(), token);
                assert_eq!(verdict, Err(Rejection::AlgorithmNone));
            }
            unsigned += 1;
            continue;
        }
        let key = key(&vector["jwk"]).unwrap();
        assert_eq!(key.algorithm().name(), vector["alg"]);
        let payload = jws::verify_with(&key, token).unwrap();
        assert_eq!(payload, vector["payload_utf8"].as_str().unwrap().as_bytes());
        verified += 1;
    }
    eprintln!("rfc: {verified} verified, {thumbprints} thumbprints, {unsigned} unsigned refused");
    assert_eq!((verified, thumbprints, unsigned), (3, 1, 1));
}

#[test]
fn cookbook_signs_and_verifies_ed25519() {
    let Some(file) = load("jose-cookbook/curve25519/jws.json") else { return };
    let set = key_set(&file["input"]["key"]);
    let token = file["output"]["compact"].as_str().unwrap();
    let payload = jws::verify_with(set.keys().next().unwrap(), token).unwrap();
    assert_eq!(payload, file["input"]["payload"].as_str().unwrap().as_bytes());

    let input = file["signing"]["sig-input"].as_str().unwrap();
    let signature = set.signer().unwrap().sign(input.as_bytes()).unwrap();
    assert_eq!(base64url(&signature), file["signing"]["sig"].as_str().unwrap());
}

#[test]
fn cookbook_signs_and_verifies_hs256() {
    let Some(file) = load("jose-cookbook/jws/4_4.hmac-sha2_integrity_protection.json") else { return };
    let set = key_set(&file["input"]["key"]);
    let token = file["output"]["compact"].as_str().unwrap();
    let key = set.find("018c0ae5-4d9b-471b-bfd6-eef314bc7037").unwrap();
    let payload = jws::verify_with(key, token).unwrap();
    assert_eq!(payload, file["input"]["payload"].as_str().unwrap().as_bytes());

    let input = file["signing"]["sig-input"].as_str().unwrap();
    let signature = set.signer().unwrap().sign(input.as_bytes()).unwrap();
    assert_eq!(base64url(&signature), file["signing"]["sig"].as_str().unwrap());
}

#[test]
fn cookbook_keys_of_other_algorithms_are_refused() {
    for path in ["jws/4_1.rsa_v15_signature", "jws/4_2.rsa-pss_signature", "jws/4_3.ecdsa_signature"] {
        let Some(file) = load(&format!("jose-cookbook/{path}.json")) else { return };
        let reason = key(&file["input"]["key"]).unwrap_err();
        assert_eq!(reason, SkipReason::UnsupportedType, "{path}");

        // The token is refused whichever key is used instead.
        let token = file["output"]["compact"].as_str().unwrap();
        for algorithm in Algorithm::ALL {
            let key = Key::from_seed(algorithm, Purpose::Token, None, &[7; 32]).unwrap();
            let verdict = jws::verify_with(key.verify_key(), token);
            assert_eq!(verdict, Err(Rejection::AlgorithmMismatch), "{path}");
        }
    }
}

#[test]
fn cookbook_keys_are_read_or_refused() {
    for (path, want) in [
        ("3_1.ec_public_key", Some(SkipReason::UnsupportedType)),
        ("3_2.ec_private_key", Some(SkipReason::UnsupportedType)),
        ("3_3.rsa_public_key", Some(SkipReason::UnsupportedType)),
        ("3_4.rsa_private_key", Some(SkipReason::UnsupportedType)),
        ("3_5.symmetric_key_mac_computation", None),
        ("3_6.symmetric_key_encryption", Some(SkipReason::AlgorithmMismatch)),
    ] {
        let Some(jwk) = load(&format!("jose-cookbook/jwk/{path}.json")) else { return };
        assert_eq!(key(&jwk).err(), want, "{path}");
    }
}

#[test]
fn cookbook_detached_and_json_forms_are_refused() {
    for path in [
        "jws/4_5.signature_with_detached_content",
        "jws/4_6.protecting_specific_header_fields",
        "jws/4_7.protecting_content_only",
        "jws/4_8.multiple_signatures",
    ] {
        let Some(file) = load(&format!("jose-cookbook/{path}.json")) else { return };
        let jwk = match &file["input"]["key"] {
            Value::Array(keys) => keys.iter().find(|key| key["kty"] == "oct").unwrap(),
            jwk => jwk,
        };
        let key = key(jwk).unwrap();
        for (form, text) in file["output"].as_object().unwrap() {
            let text = text.as_str().map_or_else(|| text.to_string(), str::to_owned);
            assert!(jws::verify_with(&key, &text).is_err(), "{path} {form}");
        }
    }
}

#[test]
fn rfc7797_unencoded_payloads_are_refused() {
    for path in ["4.2.hmac-sha2_b64_false", "hmac-sha2_b64_false"] {
        let Some(file) = load(&format!("jose-cookbook/rfc7797/{path}.json")) else { return };
        let key = key(&file["input"]["key"]).unwrap();
        let flat = &file["output"]["json_flat"];
        let member = |name: &str| flat[name].as_str().unwrap().to_owned();
        let token = [member("protected"), member("payload"), member("signature")].join(".");
        let verdict = jws::verify_with(&key, &token);
        // The first example has no `crit` and a dot in its payload, so its form is invalid already.
        assert!(
            matches!(verdict, Err(Rejection::CriticalHeader | Rejection::SegmentCount { found: 4 })),
            "{path} {verdict:?}"
        );
    }
}
