//! `keys`: a private and a public file for each purpose, so that no key is shared more than needed.
//!
//! A key is exchanged in three steps, and the hosts may get each step's files in any order:
//!
//! 1. `add`: every host verifies with the new key as well, none signs with it.
//! 2. `promote`: a host with these files signs with it; the others verify what it signs.
//! 3. `remove`, when nothing that the old key has signed is in use any more.
//!
//! `rotate` does all three at once, for hosts that get the files together. It keeps the two keys before the new one.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use throughline::envelope;
use throughline::keys::{Algorithm, Key, KeySet, Purpose};

use crate::failure::{Failure, say};

/// The number of keys after a rotation, the signing one included: the signatures of the others stay valid.
const KEPT: usize = 3;

/// The subcommands of `keys`.
#[derive(Subcommand)]
pub enum Keys {
    /// Create a directory with keys for tokens, plans and previews
    New(New),
    /// Add a key that verifies, and does not sign yet: the first step of an exchange
    Add(Add),
    /// Sign with a key that `add` has added: the second step, once all hosts have the key
    Promote(Named),
    /// Remove a key, so that its signatures are refused: the last step, once nothing signed by it is in use
    Remove(Named),
    /// Add, promote and remove at once: sign with a new key; signatures of the two keys before it stay valid
    Rotate(Rotate),
    /// Print the public keys in the form of /.well-known/jwks.json
    Jwks(Jwks),
}

/// Arguments of `keys new`.
#[derive(Args)]
pub struct New {
    /// Directory to create
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Algorithm of the token key: EdDSA, ES256 or HS256
    #[arg(long, default_value = "EdDSA", value_parser = algorithm)]
    algorithm: Algorithm,
}

/// Arguments of `keys add`.
#[derive(Args)]
pub struct Add {
    /// Directory with the keys
    #[arg(long, value_name = "DIR")]
    keys: PathBuf,
    /// Purpose of the key: token, plan or preview
    #[arg(value_parser = purpose)]
    purpose: Purpose,
}

/// Arguments of `keys promote` and `keys remove`.
#[derive(Args)]
pub struct Named {
    /// Directory with the keys
    #[arg(long, value_name = "DIR")]
    keys: PathBuf,
    /// Purpose of the key: token, plan or preview
    #[arg(value_parser = purpose)]
    purpose: Purpose,
    /// Id of the key, as `keys add` and `keys jwks` print it
    kid: String,
}

/// Arguments of `keys rotate`.
#[derive(Args)]
pub struct Rotate {
    /// Directory with the keys
    #[arg(long, value_name = "DIR")]
    keys: PathBuf,
    /// Purpose of the key: token, plan or preview
    #[arg(value_parser = purpose)]
    purpose: Purpose,
}

/// Arguments of `keys jwks`.
#[derive(Args)]
pub struct Jwks {
    /// Directory with the keys
    #[arg(long, value_name = "DIR")]
    keys: PathBuf,
    /// Purpose of the keys: token, plan or preview
    #[arg(default_value = "token", value_parser = purpose)]
    purpose: Purpose,
}

impl Keys {
    pub fn run(self) -> Result<(), Failure> {
        match self {
            Self::New(new) => new.run(),
            Self::Add(add) => add.run(),
            Self::Promote(named) => named.promote(),
            Self::Remove(named) => named.remove(),
            Self::Rotate(rotate) => rotate.run(),
            Self::Jwks(jwks) => say(KeyDirectory::open(&jwks.keys)?.read(jwks.purpose)?.public_jwks()),
        }
    }
}

impl New {
    fn run(self) -> Result<(), Failure> {
        let directory = KeyDirectory(self.out);
        fs::create_dir_all(&directory.0).map_err(|error| Failure::file(&directory.0, error))?;
        for purpose in Purpose::ALL {
            let path = directory.private(purpose);
            if path.exists() {
                return Err(Failure::file(&path, "a key exists already; use `throughline keys rotate`"));
            }
        }
        for purpose in Purpose::ALL {
            let algorithm = if purpose == Purpose::Token { self.algorithm } else { Algorithm::EdDsa };
            let mut keys = KeySet::new(purpose);
            keys.push(random_key(algorithm, purpose)?)?;
            directory.write(&keys)?;
            directory.announce(&keys)?;
        }
        Ok(())
    }
}

impl Add {
    fn run(self) -> Result<(), Failure> {
        let directory = KeyDirectory::open(&self.keys)?;
        let mut keys = directory.read(self.purpose)?;
        let kid = add_key(&mut keys)?;
        directory.write(&keys)?;
        say(format!("{}: verifies {}s, key {kid}", directory.private(self.purpose).display(), self.purpose.name()))
    }
}

impl Named {
    fn promote(self) -> Result<(), Failure> {
        let directory = KeyDirectory::open(&self.keys)?;
        let mut keys = directory.read(self.purpose)?;
        if !keys.promote(&self.kid) {
            return Err(self.unknown(&directory));
        }
        if signer(&keys)?.kid() != self.kid {
            return Err(Failure::Because(format!("key `{}` has no private half, so it cannot sign", self.kid)));
        }
        directory.write(&keys)?;
        directory.announce(&keys)
    }

    fn remove(self) -> Result<(), Failure> {
        let directory = KeyDirectory::open(&self.keys)?;
        let mut keys = directory.read(self.purpose)?;
        if signer(&keys)?.kid() == self.kid {
            let message = format!("key `{}` signs; promote another key before you remove it", self.kid);
            return Err(Failure::Because(message));
        }
        if !keys.remove(&self.kid) {
            return Err(self.unknown(&directory));
        }
        directory.write(&keys)?;
        directory.announce(&keys)
    }

    fn unknown(&self, directory: &KeyDirectory) -> Failure {
        Failure::file(&directory.private(self.purpose), format!("no key `{}`", self.kid))
    }
}

impl Rotate {
    fn run(self) -> Result<(), Failure> {
        let directory = KeyDirectory::open(&self.keys)?;
        let mut keys = directory.read(self.purpose)?;
        let kid = add_key(&mut keys)?;
        keys.promote(&kid);
        let old: Vec<String> = keys.keys().skip(KEPT).map(|key| key.kid().to_owned()).collect();
        for kid in old {
            keys.remove(&kid);
        }
        directory.write(&keys)?;
        directory.announce(&keys)
    }
}

/// Adds a random key of the signing key's algorithm, and returns its id.
fn add_key(keys: &mut KeySet) -> Result<String, Failure> {
    let key = random_key(signer(keys)?.algorithm(), keys.purpose())?;
    let kid = key.kid().to_owned();
    keys.push(key)?;
    Ok(kid)
}

fn signer(keys: &KeySet) -> Result<&Key, Failure> {
    keys.signer().ok_or_else(|| Failure::Because("no key of this purpose signs".to_owned()))
}

/// A directory with keys.
pub struct KeyDirectory(PathBuf);

impl KeyDirectory {
    /// Opens a directory, which must exist.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        if !path.is_dir() {
            return Err(Failure::file(path, "key directory not found; create one with `throughline keys new --out`"));
        }
        Ok(Self(path.to_owned()))
    }

    /// Returns the keys for a purpose, with their private halves.
    pub fn read(&self, purpose: Purpose) -> Result<KeySet, Failure> {
        let path = self.private(purpose);
        let text = fs::read_to_string(&path).map_err(|error| Failure::file(&path, error))?;
        KeySet::parse(&text, purpose).map_err(|error| Failure::file(&path, error))
    }

    /// Seals a plan with the plan key.
    pub fn seal(&self, plan: &[u8]) -> Result<Vec<u8>, Failure> {
        let keys = self.read(Purpose::Plan)?;
        let key = keys.signer().ok_or_else(|| Failure::file(&self.private(Purpose::Plan), "no private key"))?;
        Ok(envelope::seal(plan, key)?)
    }

    fn private(&self, purpose: Purpose) -> PathBuf {
        self.0.join(format!("{}.private.jwks.json", purpose.name()))
    }

    fn write(&self, keys: &KeySet) -> Result<(), Failure> {
        let public = self.0.join(format!("{}.public.jwks.json", keys.purpose().name()));
        write_private(&self.private(keys.purpose()), &keys.private_jwks())?;
        fs::write(&public, keys.public_jwks()).map_err(|error| Failure::file(&public, error))
    }

    fn announce(&self, keys: &KeySet) -> Result<(), Failure> {
        let kid = keys.signer().map_or("", Key::kid);
        say(format!("{}: signs {}s, key {kid}", self.private(keys.purpose()).display(), keys.purpose().name()))
    }
}

/// Writes a file atomically, readable only by its owner.
fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    let new = path.with_extension("new");
    let _ = fs::remove_file(&new);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&new).and_then(|mut file| file.write_all(text.as_bytes()));
    written.and_then(|()| fs::rename(&new, path)).map_err(|error| Failure::file(path, error))
}

/// Generates a key from the system's random numbers.
fn random_key(algorithm: Algorithm, purpose: Purpose) -> Result<Key, Failure> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)
        .map_err(|error| Failure::Because(format!("the system's random number generator failed: {error}")))?;
    Ok(Key::from_seed(algorithm, purpose, None, &seed)?)
}

fn algorithm(name: &str) -> Result<Algorithm, String> {
    Algorithm::from_name(name)
        .ok_or_else(|| format!("unknown algorithm `{name}`, expected one of: EdDSA, ES256, HS256"))
}

fn purpose(name: &str) -> Result<Purpose, String> {
    Purpose::from_name(name).ok_or_else(|| format!("unknown purpose `{name}`, expected one of: token, plan, preview"))
}
