//! Stores of published plans: a directory that the local runtime watches, or Cloudflare KV.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;

use crate::failure::Failure;

/// The options that select a store.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct Target {
    /// Directory with one file for each key, which the local runtime watches
    #[arg(long, value_name = "DIR")]
    local: Option<PathBuf>,
    /// Cloudflare KV, through wrangler: path of the wrangler.toml with the binding PLANS
    #[arg(long, value_name = "WRANGLER_TOML")]
    cloudflare: Option<PathBuf>,
}

/// A store of bytes by key.
pub enum Store {
    /// A directory with one file for each key.
    Local(PathBuf),
    /// The KV namespace that this configuration binds as `PLANS`.
    Cloudflare(PathBuf),
}

impl Target {
    /// Returns the store that the command line names, and creates the directory of a new local one. Directories above it must
    /// exist, so that a mistyped path is an error.
    pub fn store_or_new(self) -> Result<Store, Failure> {
        if let Some(directory) = self.local.as_ref().filter(|directory| !directory.exists()) {
            fs::create_dir(directory).map_err(|error| Failure::file(directory, error))?;
        }
        self.store()
    }

    /// Returns the store that the command line names.
    pub fn store(self) -> Result<Store, Failure> {
        match (self.local, self.cloudflare) {
            (Some(directory), _) if directory.is_dir() => Ok(Store::Local(directory)),
            (Some(directory), _) => Err(Failure::file(&directory, "directory not found")),
            (None, Some(config)) if config.is_file() => Ok(Store::Cloudflare(config)),
            (None, Some(config)) => Err(Failure::file(&config, "file not found")),
            (None, None) => Err(Failure::Because("expected --local or --cloudflare".to_owned())),
        }
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Local(path) | Self::Cloudflare(path)) = self;
        write!(f, "{}", path.display())
    }
}

impl Store {
    /// Returns the value of a key, if it exists.
    pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        match self {
            Self::Local(directory) => match fs::read(directory.join(file_name(key))) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(Failure::file(&directory.join(file_name(key)), error)),
            },
            Self::Cloudflare(config) => {
                let output = wrangler(config, &["get", key]).stderr(Stdio::piped()).output().map_err(no_wrangler)?;
                let error = String::from_utf8_lossy(&output.stderr);
                match output.status.success() {
                    true => Ok(Some(output.stdout)),
                    false if is_missing(&error) => Ok(None),
                    false => Err(Failure::Because(error.trim().to_owned())),
                }
            }
        }
    }

    /// Sets the value of a key.
    pub fn put(&self, key: &str, value: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Local(directory) => write_whole(&directory.join(file_name(key)), value),
            Self::Cloudflare(config) => {
                let file = write_temporary(value)?;
                let path = file.display().to_string();
                let status = wrangler(config, &["put", key, "--path", &path]).stdout(Stdio::null()).status();
                fs::remove_file(&file).map_err(|error| Failure::file(&file, error))?;
                match status.map_err(no_wrangler)?.success() {
                    true => Ok(()),
                    false => Err(Failure::Because(format!("wrangler failed to write `{key}`"))),
                }
            }
        }
    }

    /// Removes a key.
    pub fn delete(&self, key: &str) -> Result<(), Failure> {
        match self {
            Self::Local(directory) => match fs::remove_file(directory.join(file_name(key))) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Failure::file(directory, error)),
                _ => Ok(()),
            },
            Self::Cloudflare(config) => {
                let status = wrangler(config, &["delete", key]).stdout(Stdio::null()).status().map_err(no_wrangler)?;
                if status.success() {
                    Ok(())
                } else {
                    Err(Failure::Because(format!("wrangler failed to delete `{key}`")))
                }
            }
        }
    }
}

fn wrangler(config: &Path, verb: &[&str]) -> Command {
    let mut command = Command::new("wrangler");
    command.args(["kv", "key"]).args(verb).args(["--binding", "PLANS", "--remote", "--config"]).arg(config);
    command
}

/// Whether wrangler's error says that the key has no value: `Failed to fetch <URL> - 404: Not Found`. Any other number 404,
/// such as in an account's id, says nothing about the key.
fn is_missing(error: &str) -> bool {
    error.lines().any(|line| line.trim().ends_with("404: Not Found"))
}

/// Writes a new file that only its owner can read, under a name that nobody can guess.
fn write_temporary(value: &[u8]) -> Result<PathBuf, Failure> {
    let random = getrandom::u64().map_err(|error| Failure::Because(format!("no random numbers: {error}")))?;
    let path = std::env::temp_dir().join(format!("throughline-{random:016x}"));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&path).and_then(|mut file| file.write_all(value));
    written.map(|()| path.clone()).map_err(|error| Failure::file(&path, error))
}

fn no_wrangler(error: io::Error) -> Failure {
    Failure::Because(format!("cannot run wrangler: {error}; install it with `npm install`"))
}

/// Returns the file name of a key: every byte except letters, digits and `-_.` is percent-encoded.
fn file_name(key: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    key.bytes().map(encode).collect()
}

/// Writes a file atomically. A name that begins with a dot is a file that is still being written.
pub fn write_whole(path: &Path, value: &[u8]) -> Result<(), Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let new = path.with_file_name(format!(".{name}"));
    fs::write(&new, value).and_then(|()| fs::rename(&new, path)).map_err(|error| Failure::file(path, error))
}
