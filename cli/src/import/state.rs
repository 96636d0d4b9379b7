//! The state of an import: how far it has come, so that the same command continues an import that ended early.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::failure::Failure;
use crate::store::write_whole;

/// The state of one import in its file.
pub struct State {
    path: PathBuf,
    import: String,
    /// The number of records that are done.
    pub records: u64,
}

impl State {
    /// Opens the state of an import, which begins anew unless the file is about the same one: equal records, mapping
    /// and destination.
    pub fn open(path: PathBuf, import: String) -> Result<Self, Failure> {
        let records = match fs::read(&path) {
            Ok(bytes) => done(&bytes, &import),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
            Err(error) => return Err(Failure::file(&path, error)),
        };
        Ok(Self { path, import, records })
    }

    /// Stores how far the import has come.
    pub fn save(&mut self, records: u64) -> Result<(), Failure> {
        self.records = records;
        write_whole(&self.path, json!({ "import": self.import, "records": records }).to_string().as_bytes())
    }

    /// Removes the file, at the end of the import.
    pub fn close(self) -> Result<(), Failure> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Failure::file(&self.path, error)),
            _ => Ok(()),
        }
    }
}

fn done(bytes: &[u8], import: &str) -> u64 {
    let stored = serde_json::from_slice::<Value>(bytes).unwrap_or_default();
    let is_same = stored.get("import").and_then(Value::as_str) == Some(import);
    stored.get("records").and_then(Value::as_u64).filter(|_| is_same).unwrap_or(0)
}

/// Returns a hash of files and texts: equal for equal imports.
pub fn fingerprint<'p>(files: impl IntoIterator<Item = &'p Path>, texts: &[&str]) -> Result<String, Failure> {
    let mut hash = Sha256::new();
    for path in files {
        let mut file = BufReader::new(File::open(path).map_err(|error| Failure::file(path, error))?);
        let mut part = [0; 1 << 14];
        loop {
            let length = file.read(&mut part).map_err(|error| Failure::file(path, error))?;
            if length == 0 {
                break;
            }
            hash.update(part.get(..length).unwrap_or_default());
        }
        hash.update([0]);
    }
    texts.iter().for_each(|text| hash.update(text.as_bytes()));
    Ok(hex(&hash.finalize()))
}

/// Returns bytes in lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
