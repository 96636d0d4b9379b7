//! Profile tokens and preview tokens: signed, compact, checked without asking anybody.
//!
//! - [`Key`], [`VerifyKey`] and [`KeySet`]: JWK (RFC 7517), its algorithms (RFC 7518, RFC 8037) and thumbprints (RFC 7638).
//!   Every key is for one [`Purpose`].
//! - [`jws`]: JWS in compact form (RFC 7515), without the extensions of RFC 7797.
//! - [`Claims`], [`mint`] and [`Verifier`]: the profile token, a JWT (RFC 7519) made by the advice of RFC 8725.
//! - [`PreviewClaims`], [`mint_preview`] and [`PreviewVerifier`]: the preview token.
//! - [`detect_pii`]: the lint that keeps personal data out.
//!
//! Nothing here draws random numbers, reads a clock or does I/O: seeds and times come in as arguments.
//!
//! # The rules for a profile token
//!
//! In this order, and each with its own [`Rejection`]: at most 3,072 bytes; three segments; the header is canonical
//! base64url, JSON, an object without duplicate members; `alg` is there and not `none`; no `crit`; no `b64: false`;
//! `typ` is `tl+jwt`; no key of its own; `kid` is there and in the set; `alg` is the algorithm of that key;
//! the signature is good; the payload is an object without duplicate members; `iss` and `aud` are ours;
//! `iat` and `nbf` have come; `exp` is not further from `iat` than allowed; `sub`, `ver` and `tl` are there;
//! `exp` has not passed.
//!
//! # Examples
//! ```
//! use throughline::token::{Algorithm, Claims, Key, KeySet, Purpose, Rejection, Verifier, mint};
//!
//! let seed = [7; 32]; // 32 random bytes in real life
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
//! // The edge knows only the public half.
//! let public = KeySet::parse(&keys.public_jwks(), Purpose::Token)?;
//! let verifier = Verifier::new(public, &claims.iss, &claims.aud)?;
//! assert_eq!(verifier.verify(&token, 1_700_000_000_000), Ok(claims));
//!
//! // A day and more than the leeway later it has expired, and still says whose it was.
//! let late = verifier.verify::<Vec<String>>(&token, 1_700_086_461_000);
//! assert_eq!(late, Err(Rejection::Expired { subject: Some("p_8f3a".into()) }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod claims;
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
pub use mint::MintError;
pub use pii::{PiiKind, detect_pii};
pub use preview::{
    DEFAULT_PREVIEW_LIFETIME_MS, PREVIEW_TYP, PreviewClaims, PreviewScope, PreviewVerifier, mint_preview,
};
pub use rejection::{Rejection, Segment};
pub use verification::{DEFAULT_LEEWAY_MS, MAX_NAME};
