//! Stores of published plans: a directory that the local runtime watches, or Cloudflare KV.

use std::fs;
use std::io;
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
    /// Returns the store that the command line names.
    pub fn store(self) -> Result<Store, Failure> {
        match (self.local, self.cloudflare) {
            (Some(directory), _) => {
                fs::create_dir_all(&directory).map_err(|error| Failure::file(&directory, error))?;
                Ok(Store::Local(directory))
            }
            (None, Some(config)) if config.is_file() => Ok(Store::Cloudflare(config)),
            (None, Some(config)) => Err(Failure::file(&config, "file not found")),
            (None, None) => Err(Failure::Because("expected --local or --cloudflare".to_owned())),
        }
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
                let missing = String::from_utf8_lossy(&output.stderr).contains("404");
                match output.status.success() {
                    true => Ok(Some(output.stdout)),
                    false if missing => Ok(None),
                    false => Err(Failure::Because(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
                }
            }
        }
    }

    /// Sets the value of a key.
    pub fn put(&self, key: &str, value: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Local(directory) => write_whole(&directory.join(file_name(key)), value),
            Self::Cloudflare(config) => {
                let file = std::env::temp_dir().join(format!("throughline-{}-{}", std::process::id(), file_name(key)));
                write_whole(&file, value)?;
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
