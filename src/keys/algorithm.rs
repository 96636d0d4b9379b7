//! The three algorithms, by their registered names (RFC 7518, RFC 8037).

use core::fmt;

/// A signature algorithm. The key alone determines it, never a token's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Ed25519 (RFC 8037): the default.
    EdDsa,
    /// ECDSA with P-256 and SHA-256 (RFC 7518 section 3.4).
    Es256,
    /// HMAC with SHA-256 (RFC 7518 section 3.2). The key that verifies can also sign.
    Hs256,
}

impl Algorithm {
    /// All algorithms, the default first.
    pub const ALL: [Algorithm; 3] = [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Hs256];

    /// Returns the registered JOSE name: `EdDSA`, `ES256` or `HS256`.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::EdDsa => "EdDSA",
            Algorithm::Es256 => "ES256",
            Algorithm::Hs256 => "HS256",
        }
    }

    /// Returns the algorithm with exactly this JOSE name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// Returns the length of a signature, in bytes.
    pub fn signature_length(self) -> usize {
        match self {
            Algorithm::EdDsa | Algorithm::Es256 => 64,
            Algorithm::Hs256 => 32,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
