//! Keys, key sets, profile tokens and preview tokens, through the public API.

use serde_json::{Value, json};
use throughline::Profile;
use throughline::keys::{Algorithm, Key, KeyError, KeySet, KeySetError, Purpose, SkipReason, Unmarked};
use throughline::token::{
    Claims, MintError, PiiKind, PreviewClaims, PreviewScope, PreviewVerifier, Rejection, Verifier, jws, mint,
    mint_preview, mint_value, minted_length, minted_value_length,
};

const ISS: &str = "https://collect.shop.example";
const AUD: &str = "shop.example";
const IAT: u64 = 1_700_000_000;
const EXP: u64 = IAT + 3_600;
const NOW: u64 = IAT * 1_000;

fn key(kid: &str) -> Key {
    Key::from_seed(Algorithm::EdDsa, Purpose::Token, Some(kid), &[7; 32]).unwrap()
}

fn keys(of: impl IntoIterator<Item = Key>) -> KeySet {
    let mut keys = KeySet::new(Purpose::Token);
    for key in of {
        keys.push(key).unwrap();
    }
    keys
}

fn verifier() -> Verifier {
    Verifier::new(keys([key("k1")]), ISS, AUD).unwrap()
}

fn claims(facts: Value) -> Claims<Value> {
    Claims { iss: ISS.into(), aud: AUD.into(), sub: "p_1".into(), iat: IAT, exp: EXP, ver: 3, facts }
}

/// Returns a token with the valid claims changed by `edit`, past the checks of `mint`.
fn signed(edit: impl FnOnce(&mut Value)) -> String {
    let mut payload = json!({
        "iss": ISS, "aud": AUD, "sub": "p_1", "iat": IAT, "exp": EXP, "ver": 3, "tl": { "a": 1 },
    });
    edit(&mut payload);
    jws::sign(&key("k1"), "tl+jwt", payload.to_string().as_bytes()).unwrap()
}

#[track_caller]
fn assert_verdict(edit: impl FnOnce(&mut Value), want: Result<(), Rejection>) {
    let verdict = verifier().verify::<Value>(&signed(edit), NOW);
    assert_eq!(verdict.map(|_| ()), want);
}

// ---- minting and verifying ----

#[test]
fn what_is_minted_is_read_back_with_every_algorithm() {
    for algorithm in Algorithm::ALL {
        let key = Key::from_seed(algorithm, Purpose::Token, None, &[9; 32]).unwrap();
        let claims = claims(json!({ "tier": "gold", "times": [1, 2, 3], "ü": "ß" }));
        let token = mint(&key, &claims).unwrap();
        assert_eq!(token, mint(&key, &claims).unwrap(), "signing is deterministic");
        assert_eq!(token.len(), minted_length(&key, &claims).unwrap());
        let verifier = Verifier::new(keys([key]), ISS, AUD).unwrap();
        assert_eq!(verifier.verify(&token, NOW), Ok(claims));
    }
}

#[test]
fn profiles_are_read_as_everything_else_is() {
    let profile = json!({ "subject": "p1", "offers": { "winter": [1, 2] } });
    for (facts, is_good) in [(profile, true), (json!({}), true), (json!({ "traits": 1 }), false), (json!("p1"), false)]
    {
        let token = mint(&key("k1"), &claims(facts)).unwrap();
        let read = verifier().verify_profile(&token, NOW);
        assert_eq!(read, verifier().verify::<Profile>(&token, NOW));
        assert_eq!(read.map(drop), if is_good { Ok(()) } else { Err(Rejection::InvalidClaim("tl")) });
    }
}

#[test]
fn values_are_minted_as_everything_else_is() {
    let facts = json!({ "z": [1, -2.5, 1e21, true, null], "a": { "k10": "ü\n", "k9": "" }, "m": 0 });
    let Claims { iss, aud, sub, iat, exp, ver, facts } = claims(facts);
    let facts = throughline::internals::json::parse(&facts.to_string()).unwrap();
    let value = Claims { iss, aud, sub, iat, exp, ver, facts };
    let key = key("k1");
    let token = mint_value(&key, &value).unwrap();
    assert_eq!(token.len(), minted_value_length(&key, &value));
    assert_eq!(verifier().verify::<throughline::Value>(&token, NOW), Ok(value.clone()));
    let refusals = [
        Claims { sub: String::new(), ..value.clone() },
        Claims { exp: 0, ..value.clone() },
        Claims { ver: u64::MAX, ..value.clone() },
        Claims { facts: throughline::Value::from("ann@example.com"), ..value },
    ];
    for claims in refusals {
        assert_eq!(mint_value(&key, &claims), mint(&key, &claims));
        assert!(mint_value(&key, &claims).is_err());
    }
}

#[test]
fn the_public_half_is_enough_to_verify() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
        let key = Key::from_seed(algorithm, Purpose::Token, Some("k"), &[9; 32]).unwrap();
        let token = mint(&key, &claims(json!({}))).unwrap();
        let public = KeySet::parse(&keys([key]).public_jwks(), Purpose::Token).unwrap();
        assert!(public.signer().is_none());
        let verifier = Verifier::new(public, ISS, AUD).unwrap();
        assert!(verifier.verify::<Value>(&token, NOW).is_ok());
    }
}

#[test]
fn facts_can_be_of_any_type() {
    #[derive(serde::Serialize, serde::Deserialize, PartialEq, Debug)]
    struct Facts {
        tier: String,
    }
    let facts = Facts { tier: "gold".into() };
    let claims = Claims { iss: ISS.into(), aud: AUD.into(), sub: "p".into(), iat: IAT, exp: EXP, ver: 0, facts };
    let token = mint(&key("k1"), &claims).unwrap();
    assert_eq!(verifier().verify(&token, NOW), Ok(claims));
    let other = verifier().verify::<Vec<u8>>(&token, NOW);
    assert_eq!(other.unwrap_err(), Rejection::InvalidClaim("tl"));
}

#[test]
fn issuer_and_audience_are_exact() {
    assert_verdict(|_| (), Ok(()));
    assert_verdict(|payload| payload["iss"] = json!("https://evil.example"), Err(Rejection::WrongIssuer));
    assert_verdict(|payload| payload["iss"] = json!(format!("{ISS}/")), Err(Rejection::WrongIssuer));
    assert_verdict(|payload| payload["aud"] = json!("other.example"), Err(Rejection::WrongAudience));
    assert_verdict(|payload| payload["aud"] = json!([AUD]), Err(Rejection::InvalidClaim("aud")));
    assert_verdict(|payload| payload["aud"] = json!(""), Err(Rejection::InvalidClaim("aud")));
}

#[test]
fn every_claim_is_needed() {
    for claim in ["iss", "aud", "sub", "iat", "exp", "ver", "tl"] {
        assert_verdict(
            |payload| drop(payload.as_object_mut().unwrap().remove(claim)),
            Err(Rejection::MissingClaim(claim)),
        );
    }
    assert_verdict(|payload| payload["tl"] = json!(null), Err(Rejection::MissingClaim("tl")));
}

#[test]
fn claims_of_the_wrong_type_are_refused() {
    for claim in ["iss", "aud", "sub"] {
        for value in [
            json!(null),
            json!(1),
            json!(true),
            json!(["x"]),
            json!({}),
            json!(""),
            json!("a\u{0}"),
            json!("x".repeat(201)),
        ] {
            assert_verdict(|payload| payload[claim] = value, Err(Rejection::InvalidClaim(claim)));
        }
    }
    for claim in ["iat", "nbf", "exp", "ver"] {
        for value in [
            json!(null),
            json!("1700000000"),
            json!(1.5),
            json!(1.7e9),
            json!(-1),
            json!(u64::MAX),
            json!(9_007_199_254_740_992_u64),
            json!([1]),
            json!({}),
        ] {
            assert_verdict(|payload| payload[claim] = value, Err(Rejection::InvalidClaim(claim)));
        }
    }
    assert_verdict(|payload| payload["sub"] = json!("x".repeat(200)), Ok(()));
    assert_verdict(|payload| payload["ver"] = json!(9_007_199_254_740_991_u64), Ok(()));
    assert_verdict(|payload| payload["exp"] = json!(253_402_300_800_u64), Err(Rejection::InvalidClaim("exp")));
    assert_verdict(|payload| payload["exp"] = json!(IAT - 1), Err(Rejection::InvalidClaim("exp")));
}

#[test]
fn claims_that_nobody_asked_for_are_read_past() {
    assert_verdict(|payload| payload["jti"] = json!({ "any": ["thing", null] }), Ok(()));
}

#[test]
fn an_expired_token_names_its_subject_and_no_facts() {
    let token = signed(|_| ());
    let expired = Err(Rejection::Expired { subject: Some("p_1".into()) });
    let at = |now_ms| verifier().verify::<Value>(&token, now_ms).map(|claims| claims.sub);
    assert_eq!(at(EXP * 1_000), Ok("p_1".into()));
    assert_eq!(at(EXP * 1_000 + 59_999), Ok("p_1".into()), "within the leeway");
    assert_eq!(at(EXP * 1_000 + 60_000), expired);
    assert_eq!(at(u64::MAX), expired);
    assert_eq!(at(u64::MAX).unwrap_err().subject(), Some("p_1"));

    let strict = verifier().leeway_ms(0);
    assert!(strict.verify::<Value>(&token, EXP * 1_000 - 1).is_ok());
    assert_eq!(strict.verify::<Value>(&token, EXP * 1_000).map(|claims| claims.sub), expired);
}

#[test]
fn an_expired_token_that_is_bad_in_another_way_names_nobody() {
    for edit in [
        |payload: &mut Value| payload["iss"] = json!("x"),
        |payload: &mut Value| payload["aud"] = json!("x"),
        |payload: &mut Value| payload["ver"] = json!("x"),
        |payload: &mut Value| payload["tl"] = json!(null),
        |payload: &mut Value| payload["iat"] = json!(IAT - 40 * 86_400),
    ] {
        let rejection = verifier().verify::<Value>(&signed(edit), u64::MAX).unwrap_err();
        assert_eq!(rejection.subject(), None, "{rejection}");
    }
    let token = signed(|_| ());
    let other = Key::from_seed(Algorithm::EdDsa, Purpose::Token, Some("k1"), &[8; 32]).unwrap();
    let verifier = Verifier::new(keys([other]), ISS, AUD).unwrap();
    assert_eq!(verifier.verify::<Value>(&token, u64::MAX), Err(Rejection::InvalidSignature));
}

#[test]
fn a_token_from_the_future_is_not_valid_yet() {
    let ahead = |claim: &'static str, seconds: u64| move |payload: &mut Value| payload[claim] = json!(IAT + seconds);
    assert_verdict(ahead("iat", 60), Ok(()));
    assert_verdict(ahead("iat", 61), Err(Rejection::NotYetValid));
    assert_verdict(ahead("nbf", 60), Ok(()));
    assert_verdict(ahead("nbf", 61), Err(Rejection::NotYetValid));
    let past_nbf = |payload: &mut Value| {
        payload["nbf"] = json!(IAT);
        payload["iat"] = json!(IAT + 61);
    };
    assert_verdict(past_nbf, Err(Rejection::NotYetValid));
    assert_eq!(verifier().verify::<Value>(&signed(|_| ()), 0), Err(Rejection::NotYetValid));
}

#[test]
fn a_token_may_not_live_for_ever() {
    let lives = |seconds: u64| move |payload: &mut Value| payload["exp"] = json!(IAT + seconds);
    assert_verdict(lives(31 * 86_400), Ok(()));
    assert_verdict(lives(31 * 86_400 + 1), Err(Rejection::LifetimeTooLong));
    let short = verifier().max_lifetime_ms(3_599_999);
    assert_eq!(short.verify::<Value>(&signed(|_| ()), NOW), Err(Rejection::LifetimeTooLong));
}

#[test]
fn mint_refuses_what_verify_would() {
    let mint_with = |edit: fn(&mut Claims<Value>)| {
        let mut claims = claims(json!({}));
        edit(&mut claims);
        mint(&key("k1"), &claims).unwrap_err()
    };
    assert_eq!(mint_with(|claims| claims.iss.clear()), MintError::Claim("iss"));
    assert_eq!(mint_with(|claims| claims.aud = "x".repeat(201)), MintError::Claim("aud"));
    assert_eq!(mint_with(|claims| claims.sub = "a\nb".into()), MintError::Claim("sub"));
    assert_eq!(mint_with(|claims| claims.iat = u64::MAX), MintError::Claim("iat"));
    assert_eq!(mint_with(|claims| claims.exp = IAT - 1), MintError::Claim("exp"));
    assert_eq!(mint_with(|claims| claims.ver = u64::MAX), MintError::Claim("ver"));
    let deep = |claims: &mut Claims<Value>| {
        claims.facts = (0..40).fold(json!(1), |inner, _| json!([inner]));
    };
    assert_eq!(mint_with(deep), MintError::Facts);
}

#[test]
fn mint_keeps_to_the_budget() {
    let key = key("k1");
    let base = minted_length(&key, &claims(json!(""))).unwrap();
    let fits = (jws::MAX_TOKEN - base) / 4 * 3;
    let token = mint(&key, &claims(json!("x".repeat(fits)))).unwrap();
    assert!((3_069..=3_072).contains(&token.len()), "{}", token.len());
    assert!(verifier().verify::<Value>(&token, NOW).is_ok());

    let over = claims(json!("x".repeat(fits + 4)));
    let length = minted_length(&key, &over).unwrap();
    assert_eq!(mint(&key, &over), Err(MintError::TooLarge { length, limit: 3_072 }));
}

#[test]
fn mint_refuses_personal_data_without_repeating_it() {
    let refused = |facts: Value| mint(&key("k1"), &claims(facts)).unwrap_err();
    let email = refused(json!({ "traits": { "nick": ["jo", "jane@example.com"] } }));
    assert_eq!(email, MintError::Pii { member: "nick".into(), kind: PiiKind::Email });
    assert!(!format!("{email} {email:?}").contains("jane"));

    let name = refused(json!({ "jane@example.com": 1 }));
    assert!(matches!(name, MintError::Pii { kind: PiiKind::Email, .. }));
    assert!(!format!("{name} {name:?}").contains("jane"));

    let phone = refused(json!({ "contact": "+49 151 1234567" }));
    assert_eq!(phone, MintError::Pii { member: "contact".into(), kind: PiiKind::Phone });

    let mut by_subject = claims(json!({}));
    by_subject.sub = "jane@example.com".into();
    let error = mint(&key("k1"), &by_subject).unwrap_err();
    assert_eq!(error, MintError::Pii { member: "sub".into(), kind: PiiKind::Email });
}

// ---- preview tokens ----

fn preview_keys() -> KeySet {
    let key = Key::from_seed(Algorithm::EdDsa, Purpose::Preview, Some("pv"), &[5; 32]).unwrap();
    let mut keys = KeySet::new(Purpose::Preview);
    keys.push(key).unwrap();
    keys
}

fn preview(scope: Vec<PreviewScope>) -> PreviewClaims {
    PreviewClaims { iss: ISS.into(), aud: AUD.into(), iat: IAT, exp: EXP, scope }
}

#[test]
fn a_preview_token_grants_its_scopes_for_a_while() {
    let keys = preview_keys();
    let claims = preview(vec![PreviewScope::Explain]);
    let token = mint_preview(keys.signer().unwrap(), &claims).unwrap();
    let verifier = PreviewVerifier::new(keys, ISS, AUD).unwrap();
    assert_eq!(verifier.verify(&token, NOW, PreviewScope::Explain), Ok(claims));
    assert_eq!(verifier.verify(&token, NOW, PreviewScope::Preview), Err(Rejection::MissingScope));
    let late = verifier.verify(&token, EXP * 1_000 + 60_000, PreviewScope::Explain);
    assert_eq!(late, Err(Rejection::Expired { subject: None }));
    let early = verifier.verify(&token, NOW - 60_001, PreviewScope::Explain);
    assert_eq!(early, Err(Rejection::NotYetValid));
    let short = verifier.max_lifetime_ms(1_000).leeway_ms(0);
    assert_eq!(short.verify(&token, NOW, PreviewScope::Explain), Err(Rejection::LifetimeTooLong));
}

#[test]
fn scopes_that_are_not_known_grant_nothing() {
    let keys = preview_keys();
    let signed = |scope: Value| {
        let payload = json!({ "iss": ISS, "aud": AUD, "iat": IAT, "exp": EXP, "scope": scope });
        jws::sign(keys.signer().unwrap(), "tl-preview+jwt", payload.to_string().as_bytes()).unwrap()
    };
    let verifier = PreviewVerifier::new(preview_keys(), ISS, AUD).unwrap();
    let verdict = |scope| verifier.verify(&signed(scope), NOW, PreviewScope::Preview).map(|claims| claims.scope);
    assert_eq!(verdict(json!("admin preview")), Ok(vec![PreviewScope::Preview]));
    for scope in ["admin", "Preview", "previews", "explain,preview", "preview\u{a0}"] {
        assert_eq!(verdict(json!(scope)), Err(Rejection::MissingScope), "{scope}");
    }
    for scope in [json!(["preview"]), json!(""), json!(null), json!(1)] {
        assert_eq!(verdict(scope), Err(Rejection::InvalidClaim("scope")));
    }
    let none = mint_preview(keys.signer().unwrap(), &preview(vec![]));
    assert_eq!(none, Err(MintError::Claim("scope")));
}

// ---- keys and key sets ----

#[test]
fn a_key_goes_through_its_private_jwk_unchanged() {
    for algorithm in Algorithm::ALL {
        for purpose in Purpose::ALL {
            let key = Key::from_seed(algorithm, purpose, Some("k \"1\""), &[3; 32]).unwrap();
            let jwks = format!("{{\"keys\":[{}]}}", *key.private_jwk());
            let set = KeySet::parse(&jwks, purpose).unwrap();
            let read = set.signer().unwrap();
            assert_eq!(*read.private_jwk(), *key.private_jwk());
            assert_eq!((read.kid(), read.algorithm(), read.purpose()), ("k \"1\"", algorithm, purpose));
            assert_eq!(read.sign(b"x"), key.sign(b"x"));
            assert_eq!(*set.private_jwks(), jwks);
        }
    }
}

#[test]
fn secrets_show_in_no_output_but_their_own() {
    for algorithm in Algorithm::ALL {
        let key = Key::from_seed(algorithm, Purpose::Token, Some("k1"), &[0xAB; 32]).unwrap();
        let secret = "q6urq6urq6urq6ur"; // base64url of 0xAB bytes
        assert!(key.private_jwk().contains(secret));
        let debug = format!("{key:?} {:?} ", key.verify_key());
        let set = keys([key]);
        let shown = format!("{debug} {set:?} {}", set.public_jwks());
        for leak in [secret, "171, 171", "abab", "ABAB", "\"d\"", "\"k\":"] {
            assert!(!shown.contains(leak), "{algorithm}: {shown}");
        }
        assert!(shown.contains("k1"));
    }
}

#[test]
fn hs256_is_never_published() {
    let secret = Key::from_seed(Algorithm::Hs256, Purpose::Token, Some("h"), &[1; 32]).unwrap();
    assert_eq!(secret.verify_key().public_jwk(), None);
    assert_eq!(keys([secret]).public_jwks(), r#"{"keys":[]}"#);
}

#[test]
fn rotation_never_refuses_a_token_of_a_key_still_in_the_set() {
    let old = key("old");
    let token_of_old = mint(&old, &claims(json!({}))).unwrap();
    let mut set = keys([old]);
    let new = Key::from_seed(Algorithm::Es256, Purpose::Token, Some("new"), &[2; 32]).unwrap();
    set.push(new).unwrap();
    assert_eq!(set.signer().unwrap().kid(), "old", "published first, signing later");
    assert!(set.promote("new"));
    assert_eq!(set.signer().unwrap().kid(), "new");
    let token_of_new = mint(set.signer().unwrap(), &claims(json!({}))).unwrap();

    let published = set.public_jwks();
    let both = Verifier::new(KeySet::parse(&published, Purpose::Token).unwrap(), ISS, AUD).unwrap();
    assert!(both.verify::<Value>(&token_of_old, NOW).is_ok());
    assert!(both.verify::<Value>(&token_of_new, NOW).is_ok());

    assert!(set.remove("old"));
    assert!(!set.remove("old"));
    assert!(!set.promote("old"));
    let one = Verifier::new(set, ISS, AUD).unwrap();
    assert_eq!(one.verify::<Value>(&token_of_old, NOW), Err(Rejection::UnknownKeyId));
    assert!(one.verify::<Value>(&token_of_new, NOW).is_ok());
}

#[test]
fn a_set_is_for_one_purpose() {
    let plan = Key::from_seed(Algorithm::EdDsa, Purpose::Plan, None, &[1; 32]).unwrap();
    let wrong = KeySetError::WrongPurpose { found: Purpose::Plan, expected: Purpose::Token };
    assert_eq!(KeySet::new(Purpose::Token).push(plan), Err(wrong.clone()));
    assert_eq!(Verifier::new(KeySet::new(Purpose::Plan), ISS, AUD).err(), Some(wrong));
    assert!(PreviewVerifier::new(KeySet::new(Purpose::Token), ISS, AUD).is_err());
}

/// Returns a public Ed25519 JWK (RFC 8037 appendix A.2) with these members added, or removed by null.
fn jwk(members: Value) -> Value {
    let mut jwk = json!({
        "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "a", "tl": "token",
    });
    for (name, value) in members.as_object().unwrap() {
        match value {
            Value::Null => drop(jwk.as_object_mut().unwrap().remove(name)),
            value => jwk[name] = value.clone(),
        }
    }
    jwk
}

fn parse(keys: &[Value]) -> Result<KeySet, KeySetError> {
    KeySet::parse(&json!({ "keys": keys }).to_string(), Purpose::Token)
}

#[test]
fn keys_that_do_not_fit_are_passed_over_with_a_reason() {
    const D: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    for (members, want) in [
        (json!({ "kty": "RSA" }), SkipReason::UnsupportedType),
        (json!({ "kty": null }), SkipReason::UnsupportedType),
        (json!({ "kty": 1 }), SkipReason::UnsupportedType),
        (json!({ "crv": "X25519" }), SkipReason::UnsupportedType),
        (json!({ "kty": "EC" }), SkipReason::UnsupportedType),
        (json!({ "kty": "EC", "crv": "secp256k1" }), SkipReason::UnsupportedType),
        (json!({ "alg": "ES256" }), SkipReason::AlgorithmMismatch),
        (json!({ "alg": "HS256" }), SkipReason::AlgorithmMismatch),
        (json!({ "alg": 7 }), SkipReason::AlgorithmMismatch),
        (json!({ "use": "enc" }), SkipReason::NotForSignatures),
        (json!({ "key_ops": ["encrypt"] }), SkipReason::NotForSignatures),
        (json!({ "key_ops": [] }), SkipReason::NotForSignatures),
        (json!({ "tl": "plan" }), SkipReason::OtherPurpose),
        (json!({ "tl": "Token" }), SkipReason::OtherPurpose),
        (json!({ "tl": ["token"] }), SkipReason::OtherPurpose),
        (json!({ "tl": null }), SkipReason::Unmarked),
        (json!({ "x": null }), SkipReason::Member("x")),
        (json!({ "x": 1 }), SkipReason::Member("x")),
        (json!({ "x": "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo" }), SkipReason::Member("x")),
        (json!({ "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=" }), SkipReason::Member("x")),
        (json!({ "x": "AAAA" }), SkipReason::Key(KeyError::Material(Algorithm::EdDsa))),
        (json!({ "d": "AAAA" }), SkipReason::Key(KeyError::Material(Algorithm::EdDsa))),
        (json!({ "d": 1 }), SkipReason::Member("d")),
        (json!({ "d": D, "x": null }), SkipReason::Member("x")),
        (json!({ "d": format!("A{}", &D[1..]) }), SkipReason::Key(KeyError::HalvesDiffer)),
        (json!({ "kid": 1 }), SkipReason::Member("kid")),
        (json!({ "kid": "" }), SkipReason::Key(KeyError::KeyId)),
        (json!({ "kid": "x".repeat(129) }), SkipReason::Key(KeyError::KeyId)),
        (json!({ "kid": "a\nb" }), SkipReason::Key(KeyError::KeyId)),
        (json!({ "kty": "oct" }), SkipReason::Member("k")),
        (json!({ "kty": "oct", "k": "c2hvcnQ" }), SkipReason::Key(KeyError::ShortSecret { length: 5 })),
        (json!({ "kty": "EC", "crv": "P-256" }), SkipReason::Member("y")),
        (json!({ "kty": "EC", "crv": "P-256", "y": "AAAA" }), SkipReason::Key(KeyError::Material(Algorithm::Es256))),
    ] {
        // The valid key after the invalid one is still found.
        let set = parse(&[jwk(members.clone()), jwk(json!({ "kid": "good" }))]).unwrap();
        let kids: Vec<_> = set.keys().map(|key| key.kid()).collect();
        assert_eq!(kids, ["good"], "{members}");
        let skipped = &set.skipped()[0];
        assert_eq!((skipped.index(), skipped.reason()), (0, &want), "{members}");
        assert!(skipped.to_string().starts_with("keys[0] is not used: "));
    }
}

#[test]
fn a_point_off_the_curve_is_no_key() {
    let x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    let point = |y: &str| jwk(json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y }));
    let on = point("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
    assert_eq!(parse(&[on]).unwrap().len(), 1);
    let off = point("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a4");
    assert!(parse(&[off]).unwrap().is_empty());
}

#[test]
fn what_a_key_may_do_is_kept() {
    const D: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    for (members, signs) in [
        (json!({}), false),
        (json!({ "use": "sig", "alg": "EdDSA" }), false),
        (json!({ "key_ops": ["verify"] }), false),
        (json!({ "d": D }), true),
        (json!({ "d": D, "key_ops": ["sign"] }), true),
        (json!({ "d": D, "key_ops": ["sign", "verify"] }), true),
        (json!({ "d": D, "key_ops": ["verify"] }), false),
    ] {
        let set = parse(&[jwk(members.clone())]).unwrap();
        assert_eq!(set.len(), 1, "{members}");
        assert_eq!(set.signer().is_some(), signs, "{members}");
    }
}

#[test]
fn keys_without_a_mark_need_permission() {
    let jwks = json!({ "keys": [jwk(json!({ "tl": null })), jwk(json!({ "tl": "plan", "kid": "b" }))] }).to_string();
    assert!(KeySet::parse(&jwks, Purpose::Token).unwrap().is_empty());
    let set = KeySet::parse_with(&jwks, Purpose::Token, Unmarked::Accept).unwrap();
    assert_eq!(set.keys().map(|key| key.kid()).collect::<Vec<_>>(), ["a"]);
}

#[test]
fn a_malformed_set_is_refused() {
    for jwks in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"keys":{}}"#,
        r#"{"keys":[1]}"#,
        r#"{"keys":null}"#,
        r#"{"keys":[{"key_ops":"sign"}]}"#,
    ] {
        assert_eq!(KeySet::parse(jwks, Purpose::Token).unwrap_err(), KeySetError::Malformed, "{jwks}");
    }
    let twice = jwk(json!({})).to_string().replacen('{', r#"{"kty":"oct","#, 1);
    let jwks = format!(r#"{{"keys":[{twice}]}}"#);
    assert_eq!(KeySet::parse(&jwks, Purpose::Token).unwrap_err(), KeySetError::DuplicateMember);
    let same = [jwk(json!({})), jwk(json!({}))];
    assert_eq!(parse(&same).unwrap_err(), KeySetError::DuplicateKeyId("a".into()));
    let unreadable = [jwk(json!({})), jwk(json!({ "x": "not base64url!", "k": "not base64url!" }))];
    assert_eq!(parse(&unreadable).unwrap_err(), KeySetError::DuplicateKeyId("a".into()));
}

#[test]
fn a_set_is_bounded() {
    let many = |count: usize| -> Vec<Value> { (0..count).map(|n| jwk(json!({ "kid": n.to_string() }))).collect() };
    let mut full = parse(&many(16)).unwrap();
    assert_eq!(parse(&many(17)).unwrap_err(), KeySetError::TooManyKeys { found: 17 });
    assert_eq!(full.push(key("k1")), Err(KeySetError::TooManyKeys { found: 17 }));
    let jwks = json!({ "keys": [], "x": "x".repeat(16_384) }).to_string();
    assert_eq!(KeySet::parse(&jwks, Purpose::Token).unwrap_err(), KeySetError::TooLarge { length: jwks.len() });
}

#[test]
fn the_default_kid_is_the_thumbprint_and_tells_keys_apart() {
    let mut seen = std::collections::BTreeSet::new();
    for algorithm in Algorithm::ALL {
        for seed in 1..5 {
            let key = Key::from_seed(algorithm, Purpose::Token, None, &[seed; 32]).unwrap();
            assert_eq!(key.kid(), key.verify_key().thumbprint());
            assert_eq!(key.kid().len(), 43);
            assert!(seen.insert(key.kid().to_owned()));
        }
    }
    let out_of_range = Key::from_seed(Algorithm::Es256, Purpose::Token, None, &[0xFF; 32]);
    assert_eq!(out_of_range.unwrap_err(), KeyError::Material(Algorithm::Es256));
}
