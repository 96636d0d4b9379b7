//! The hand-over token: it brings a person from an app or a message into one browser, once.

use throughline::token::{DEFAULT_HAND_OVER_LIFETIME_MS, HandOverClaims, mint_hand_over};
use worker::Result;

use crate::platform::settings::Settings;

/// The bytes of the id of a token.
const ID_BYTES: u32 = 16;

/// Mints a token for the subject of a profile. Returns it with its end, in seconds since the Unix epoch.
///
/// # Errors
/// When there is no key to sign with.
pub fn mint(settings: &Settings, subject: &str, now: i64) -> Result<(String, u64)> {
    let key = settings.token_keys.signer().ok_or("`TOKEN_KEYS` has no private key")?;
    let issued = now.unsigned_abs().div_euclid(1000);
    let claims = HandOverClaims {
        iss: settings.issuer.clone(),
        aud: settings.audience.clone(),
        sub: subject.to_owned(),
        iat: issued,
        exp: issued.saturating_add(DEFAULT_HAND_OVER_LIFETIME_MS.div_euclid(1000)),
        jti: random_id()?,
    };
    let token = mint_hand_over(key, &claims).map_err(|error| error.to_string())?;
    Ok((token, claims.exp))
}

/// Returns the claims of a token that this collector has minted and that is in force. Whether it was used is not checked.
pub fn verify(settings: &Settings, token: &str, now: i64) -> Option<HandOverClaims> {
    settings.hand_overs.as_ref()?.verify(token, now.unsigned_abs()).ok()
}

/// Returns a random id from the platform's secure source.
fn random_id() -> Result<String> {
    let bytes = js_sys::Uint8Array::new_with_length(ID_BYTES);
    let crypto = js_sys::Reflect::get(&js_sys::global(), &"crypto".into())?;
    let fill: js_sys::Function = js_sys::Reflect::get(&crypto, &"getRandomValues".into())?.into();
    fill.call1(&crypto, &bytes)?;
    Ok(bytes.to_vec().iter().map(|byte| format!("{byte:02x}")).collect())
}
