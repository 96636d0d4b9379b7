//! One JSON Web Key: RFC 7517, RFC 7518 section 6, RFC 8037 section 2, thumbprints by RFC 7638.

use super::algorithm::Algorithm;
use super::base64;
use super::crypto::Crypto;
use super::key::{Key, KeyError, Material, Private, VerifyKey};
use super::purpose::Purpose;
use super::strict_json::{Members, Scalar, elements};
use crate::json::canonical;
use crate::prelude::*;
use core::fmt;
use zeroize::Zeroizing;

/// The reason why a key of a set is skipped, as RFC 7517 section 5 asks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SkipReason {
    /// `kty` and `crv` name an unsupported key type.
    UnsupportedType,
    /// `alg` is not the one algorithm of the key type.
    AlgorithmMismatch,
    /// `use` is not `sig`, or `key_ops` has neither `sign` nor `verify`.
    NotForSignatures,
    /// `tl` names another or an unknown purpose.
    OtherPurpose,
    /// The member `tl` is missing, and keys without it were not allowed.
    Unmarked,
    /// A member has the wrong type, is missing or is not canonical base64url.
    Member(&'static str),
    /// The members are present, but are not a valid key.
    Key(KeyError),
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SkipReason::UnsupportedType => {
                f.write_str("key type is not supported, expected `OKP` with `Ed25519`, `EC` with `P-256`, or `oct`")
            }
            SkipReason::AlgorithmMismatch => f.write_str("`alg` does not fit the key type"),
            SkipReason::NotForSignatures => f.write_str("`use` or `key_ops` do not allow signatures"),
            SkipReason::OtherPurpose => f.write_str("`tl` names another purpose"),
            SkipReason::Unmarked => f.write_str("`tl` is missing, expected `token`, `plan` or `preview`"),
            SkipReason::Member(member) => {
                write!(f, "`{member}` is missing or not as its type demands")
            }
            SkipReason::Key(error) => error.fmt(f),
        }
    }
}

impl From<KeyError> for SkipReason {
    fn from(error: KeyError) -> Self {
        SkipReason::Key(error)
    }
}

/// The members of a key.
pub(crate) struct Jwk<'a> {
    members: Members<'a>,
    operations: Option<Vec<Scalar<'a>>>,
}

/// A key of a set, with its private half if it has one and may sign.
pub(crate) enum JwkEntry {
    Signer(Key),
    Verifies(VerifyKey),
}

impl JwkEntry {
    pub(crate) fn verify_key(&self) -> &VerifyKey {
        match self {
            JwkEntry::Signer(key) => key.verify_key(),
            JwkEntry::Verifies(key) => key,
        }
    }
}

impl<'a> Jwk<'a> {
    /// Parses an element of a set; `None` if it is not an object, or has a `key_ops` that is not a list.
    pub(crate) fn parse(json: &'a str) -> Option<Self> {
        let members = Members::read(json.as_bytes()).ok()?;
        let operations = match members.json("key_ops") {
            None | Some("null") => None,
            Some(list) => Some(elements(list)?.into_iter().map(Scalar::read).collect()),
        };
        Some(Self { members, operations })
    }

    /// Returns the key's id, whether or not the key can be used.
    pub(crate) fn kid(&self) -> Option<String> {
        self.members.get("kid").text().map(str::to_owned)
    }

    /// Reads the key for one purpose; `unmarked` accepts a key without `tl`.
    pub(crate) fn read(
        &self,
        crypto: &'static dyn Crypto,
        purpose: Purpose,
        unmarked: bool,
    ) -> Result<JwkEntry, SkipReason> {
        self.check_purpose(purpose, unmarked)?;
        let algorithm = self.algorithm()?;
        let may_sign = self.may_sign()?;
        let kid = self.members.get("kid");
        let kid = match &kid {
            Scalar::Absent => None,
            kid => Some(kid.text().ok_or(SkipReason::Member("kid"))?),
        };
        let public = match algorithm {
            Algorithm::EdDsa => Some(self.bytes("x")?),
            Algorithm::Es256 => {
                let (mut x, y) = (self.bytes("x")?, self.bytes("y")?);
                if x.len() != 32 {
                    return Err(KeyError::Material(algorithm).into());
                }
                x.extend_from_slice(&y);
                Some(x)
            }
            Algorithm::Hs256 => None,
        };
        let public = public.map(|bytes| Material::new(crypto, algorithm, bytes)).transpose()?;
        let private = match algorithm {
            Algorithm::EdDsa | Algorithm::Es256 => "d",
            Algorithm::Hs256 => "k",
        };
        match public {
            Some(public) if self.members.get(private).is_absent() => {
                Ok(JwkEntry::Verifies(VerifyKey::new(purpose, kid, public)?))
            }
            public => {
                let (private, derived) = Private::new(crypto, algorithm, self.bytes(private)?)?;
                if public.is_some_and(|public| public.bytes != derived.bytes) {
                    return Err(KeyError::HalvesDiffer.into());
                }
                let verify = VerifyKey::new(purpose, kid, derived)?;
                Ok(if may_sign {
                    JwkEntry::Signer(Key::from_halves(verify, private))
                } else {
                    JwkEntry::Verifies(verify)
                })
            }
        }
    }

    fn check_purpose(&self, purpose: Purpose, unmarked: bool) -> Result<(), SkipReason> {
        match self.members.get("tl") {
            Scalar::Absent if unmarked => Ok(()),
            Scalar::Absent => Err(SkipReason::Unmarked),
            Scalar::Text(name) if name == purpose.name() => Ok(()),
            _ => Err(SkipReason::OtherPurpose),
        }
    }

    fn algorithm(&self) -> Result<Algorithm, SkipReason> {
        let algorithm = match (self.members.get("kty").text(), self.members.get("crv").text()) {
            (Some("OKP"), Some("Ed25519")) => Algorithm::EdDsa,
            (Some("EC"), Some("P-256")) => Algorithm::Es256,
            (Some("oct"), _) => Algorithm::Hs256,
            _ => return Err(SkipReason::UnsupportedType),
        };
        match self.members.get("alg") {
            Scalar::Absent => Ok(algorithm),
            Scalar::Text(name) if name == algorithm.name() => Ok(algorithm),
            _ => Err(SkipReason::AlgorithmMismatch),
        }
    }

    /// Returns whether `use` and `key_ops` allow signing; an error if they do not even allow verifying.
    ///
    /// A private key with `key_ops: ["sign"]`, as WebCrypto exports it, verifies too, with its public half.
    fn may_sign(&self) -> Result<bool, SkipReason> {
        match self.members.get("use") {
            Scalar::Absent => {}
            Scalar::Text(usage) if usage == "sig" => {}
            _ => return Err(SkipReason::NotForSignatures),
        }
        let Some(operations) = &self.operations else {
            return Ok(true);
        };
        let allows = |name| operations.iter().any(|one| one.text() == Some(name));
        if allows("sign") || allows("verify") { Ok(allows("sign")) } else { Err(SkipReason::NotForSignatures) }
    }

    fn bytes(&self, name: &'static str) -> Result<Zeroizing<Vec<u8>>, SkipReason> {
        self.members.get(name).text().and_then(base64::decode).map(Zeroizing::new).ok_or(SkipReason::Member(name))
    }
}

/// Returns the SHA-256 thumbprint (RFC 7638) in base64url.
pub(crate) fn thumbprint(material: &Material) -> String {
    let members = Zeroizing::new(format!("{{{}}}", *identity(material)));
    base64::encode(&material.crypto.sha256(members.as_bytes()))
}

/// Returns the public JWK; `None` if the key has no public half.
pub(crate) fn public(key: &VerifyKey) -> Option<String> {
    let has_public = key.algorithm() != Algorithm::Hs256;
    has_public.then(|| format!("{{{},{}}}", *identity(key.material()), labels(key)))
}

/// Returns the JWK with its secret.
pub(crate) fn private(key: &Key) -> Zeroizing<String> {
    let verify = key.verify_key();
    let identity = identity(verify.material());
    let secret = match key.algorithm() {
        Algorithm::EdDsa | Algorithm::Es256 => private_member(&key.private().bytes),
        // The secret is the identity already.
        Algorithm::Hs256 => Zeroizing::default(),
    };
    Zeroizing::new(format!("{{{},{}{}}}", *identity, *secret, labels(verify)))
}

fn private_member(bytes: &[u8]) -> Zeroizing<String> {
    let encoded = Zeroizing::new(base64::encode(bytes));
    Zeroizing::new(format!("\"d\":\"{}\",", *encoded))
}

/// Returns the members that identify the key, in the order in which RFC 7638 hashes them.
fn identity(material: &Material) -> Zeroizing<String> {
    let encoded = |part: &[u8]| Zeroizing::new(base64::encode(part));
    let bytes = &material.bytes;
    Zeroizing::new(match material.algorithm {
        Algorithm::EdDsa => format!(r#""crv":"Ed25519","kty":"OKP","x":"{}""#, *encoded(bytes)),
        Algorithm::Es256 => {
            let (x, y) = bytes.split_at_checked(32).unwrap_or_default();
            format!(r#""crv":"P-256","kty":"EC","x":"{}","y":"{}""#, *encoded(x), *encoded(y))
        }
        Algorithm::Hs256 => format!(r#""k":"{}","kty":"oct""#, *encoded(bytes)),
    })
}

fn labels(key: &VerifyKey) -> String {
    format!(r#""kid":{},"alg":"{}","use":"sig","tl":"{}""#, json_string(key.kid()), key.algorithm(), key.purpose())
}

/// Returns `text` as a JSON string with quotes.
pub(crate) fn json_string(text: &str) -> String {
    let mut out = String::new();
    canonical::write_string(text, &mut out);
    out
}
