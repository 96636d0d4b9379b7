//! Signing and verifying keys: JWK (RFC 7517), its algorithms (RFC 7518, RFC 8037) and thumbprints (RFC 7638).
//!
//! Every key has one [`Purpose`], so a key for tokens cannot sign plans, and vice versa.

mod algorithm;
pub(crate) mod base64;
mod crypto;
pub(crate) mod jwk;
mod key;
mod key_set;
mod purpose;
mod small_order;
pub(crate) mod strict_json;

pub use algorithm::Algorithm;
pub use crypto::{BuiltIn, Crypto, SignatureVerifier, Signer};
pub use jwk::SkipReason;
pub use key::{Key, KeyError, MAX_KID, MIN_SECRET, SignatureError, VerifyKey};
pub use key_set::{KeySet, KeySetError, MAX_JWKS, MAX_KEYS, Skipped, Unmarked};
pub use purpose::Purpose;
