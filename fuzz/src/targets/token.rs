//! Any bytes as a token, a key set or a seal: an error, unless exactly that was signed here.

use std::sync::LazyLock;

use serde_json::{Value, json};
use throughline::envelope;
use throughline::keys::{Algorithm, KeySet, Purpose, Unmarked};
use throughline::token::{PreviewClaims, PreviewScope, PreviewVerifier, Verifier, detect_pii, jws, mint, mint_preview};

use crate::support::token::{NOW, claims, key, keys, verifier};

const PLAN: &[u8] = b"TLPLAN: what is in it does not matter to the seal";

/// Everything that was ever signed here, with verifiers that have the keys.
struct World {
    verifiers: Vec<Verifier>,
    tokens: Vec<String>,
    previews: PreviewVerifier,
    preview: String,
    plan_keys: KeySet,
    sealed: Vec<u8>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let preview = PreviewClaims {
        iss: "iss".into(),
        aud: "aud".into(),
        iat: NOW / 1_000,
        exp: NOW / 1_000 + 60,
        scope: vec![PreviewScope::Preview],
    };
    World {
        verifiers: Algorithm::ALL.map(|one| verifier(key(one, Purpose::Token))).into(),
        tokens: Algorithm::ALL.map(|one| mint(&key(one, Purpose::Token), &claims()).unwrap()).into(),
        previews: PreviewVerifier::new(keys(key(Algorithm::EdDsa, Purpose::Preview), Purpose::Preview), "iss", "aud")
            .unwrap(),
        preview: mint_preview(&key(Algorithm::EdDsa, Purpose::Preview), &preview).unwrap(),
        plan_keys: keys(key(Algorithm::EdDsa, Purpose::Plan), Purpose::Plan),
        sealed: envelope::seal(PLAN, &key(Algorithm::EdDsa, Purpose::Plan)).unwrap(),
    }
});

/// Verifies bytes. The first byte selects their kind.
pub fn token(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    match first % 5 {
        0 => any_text(&text),
        1 => signed(rest),
        2 => key_set(&text),
        3 => seal(rest),
        _ => changed(rest),
    }
}

/// Checks that only strings that were signed here are accepted, byte for byte.
fn any_text(text: &str) {
    let _ = detect_pii(text);
    for (at, verifier) in WORLD.verifiers.iter().enumerate() {
        let verdict = verifier.verify::<Value>(text, NOW);
        assert_eq!(verdict.is_ok(), WORLD.tokens[at] == text, "{text}");
    }
    let verdict = WORLD.previews.verify(text, NOW, PreviewScope::Preview);
    assert_eq!(verdict.is_ok(), WORLD.preview == text, "{text}");
}

/// Checks a valid signature over any claims: what is accepted is what was signed.
fn signed(payload: &[u8]) {
    let token = jws::sign(&key(Algorithm::Hs256, Purpose::Token), "tl+jwt", payload).unwrap();
    let verifier = verifier(key(Algorithm::Hs256, Purpose::Token));
    if let Ok(claims) = verifier.verify::<Value>(&token, NOW) {
        let payload: Value = serde_json::from_slice(payload).unwrap();
        assert_eq!(payload["sub"], json!(claims.sub), "another subject");
        assert_eq!(payload["tl"], claims.facts, "other facts");
    }
}

/// Checks that a key set that was read can be written and read again.
fn key_set(text: &str) {
    for purpose in [Purpose::Token, Purpose::Plan] {
        for unmarked in [Unmarked::Accept, Unmarked::Skip] {
            if let Ok(keys) = KeySet::parse_with(text, purpose, unmarked) {
                let secret = keys.keys().filter(|key| key.public_jwk().is_none()).count();
                let public = KeySet::parse(&keys.public_jwks(), purpose).unwrap();
                assert_eq!(public.len() + secret, keys.len());
            }
        }
    }
}

fn seal(bytes: &[u8]) {
    if let Ok(payload) = envelope::open(bytes, &WORLD.plan_keys) {
        assert_eq!((bytes, payload), (WORLD.sealed.as_slice(), PLAN));
    }
}

/// Changes signed strings by pairs of bytes, an offset and a value, so that a valid signature is never far.
fn changed(changes: &[u8]) {
    let Some((first, changes)) = changes.split_first() else { return };
    let change = |signed: &[u8]| {
        let mut out = signed.to_vec();
        for pair in changes.chunks_exact(2) {
            let at = usize::from(pair[0]) * 2 % out.len();
            out[at] = pair[1];
        }
        out
    };
    let at = usize::from(*first) % (WORLD.tokens.len() + 2);
    if at > WORLD.tokens.len() {
        return seal(&change(&WORLD.sealed));
    }
    let token = WORLD.tokens.get(at).unwrap_or(&WORLD.preview);
    any_text(&String::from_utf8_lossy(&change(token.as_bytes())));
}
