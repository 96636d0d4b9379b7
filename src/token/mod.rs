//! Profile tokens, hand-over tokens and preview tokens: signed, compact, and verified offline.
//!
//! Keys are in [`keys`](crate::keys); every key has one [`Purpose`](crate::keys::Purpose).
//!
//! - [`jws`]: JWS in compact form (RFC 7515), without the extensions of RFC 7797.
//! - [`Claims`], [`mint`] and [`Verifier`]: the profile token, a JWT (RFC 7519) that follows the advice of RFC 8725.
//! - [`HandOverClaims`], [`mint_hand_over`] and [`HandOverVerifier`]: the hand-over token, which is good once.
//! - [`PreviewClaims`], [`mint_preview`] and [`PreviewVerifier`]: the preview token.
//! - [`detect_pii`]: the check that keeps PII out of tokens.
//!
//! Nothing here draws random numbers, reads a clock or does I/O: seeds and times are arguments.
//!
//! # The rules for a profile token
//!
//! They are checked in this order, each with its own [`Rejection`]:
//!
//! 1. The token has at most 3,072 bytes and three segments.
//! 2. The header is canonical base64url of a JSON object without duplicate members.
//! 3. `alg` is present and not `none`; there is no `crit` and no `b64: false`.
//! 4. `typ` is `tl+jwt`, and the header has no key of its own.
//! 5. `kid` is present and in the key set, and `alg` is the algorithm of that key.
//! 6. The signature is valid.
//! 7. The payload is a JSON object without duplicate members.
//! 8. `iss` and `aud` are the expected ones.
//! 9. `iat` and `nbf` are not in the future, and `exp` is within the allowed lifetime.
//! 10. `sub`, `ver` and `tl` are present.
//! 11. `exp` has not passed.
//!
//! # Examples
//! ```
//! use throughline::keys::{Algorithm, Key, KeySet, Purpose};
//! use throughline::token::{Claims, Rejection, Verifier, mint};
//!
//! let seed = [7; 32]; // Use 32 random bytes.
//! let key = Key::from_seed(Algorithm::EdDsa, Purpose::Token, None, &seed)?;
//! let mut keys = KeySet::new(Purpose::Token);
//! keys.push(key)?;
//!
//! let claims = Claims {
//!     iss: "https://collect.shop.example".into(),
//!     aud: "shop.example".into(),
//!     sub: "p_8f3a".into(),
//!     iat: 1_700_000_000,
//!     exp: 1_700_086_400,
//!     ver: 12,
//!     facts: vec!["gold".to_owned()],
//! };
//! let token = mint(keys.signer().ok_or("no key")?, &claims)?;
//!
//! // The edge has only the public half.
//! let public = KeySet::parse(&keys.public_jwks(), Purpose::Token)?;
//! let verifier = Verifier::new(public, &claims.iss, &claims.aud)?;
//! assert_eq!(verifier.verify(&token, 1_700_000_000_000), Ok(claims));
//!
//! // After a day and the leeway it has expired, and still identifies its subject.
//! let late = verifier.verify::<Vec<String>>(&token, 1_700_086_461_000);
//! assert_eq!(late, Err(Rejection::Expired { subject: Some("p_8f3a".into()) }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod claims;
mod hand_over;
pub mod jws;
mod mint;
mod pii;
mod preview;
pub(crate) mod projection;
mod rejection;
mod verification;

pub use claims::{
    Claims, DEFAULT_LIFETIME_MS, PROFILE_TYP, Verifier, mint, mint_value, minted_length, minted_value_length,
};
pub use hand_over::{
    DEFAULT_HAND_OVER_LIFETIME_MS, HAND_OVER_TYP, HandOverClaims, HandOverVerifier, MAX_HAND_OVER_LIFETIME_MS,
    mint_hand_over,
};
pub use mint::MintError;
pub(crate) use pii::has_email;
pub use pii::{PiiKind, detect_pii};
pub use preview::{
    DEFAULT_PREVIEW_LIFETIME_MS, PREVIEW_TYP, PreviewClaims, PreviewScope, PreviewVerifier, mint_preview,
};
pub use rejection::{Rejection, Segment};
pub use verification::{DEFAULT_LEEWAY_MS, MAX_NAME};
