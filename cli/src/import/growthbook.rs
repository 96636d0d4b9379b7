//! `import growthbook`: converts the rules of GrowthBook.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use throughline_compiler::Severity;
use throughline_compiler::growthbook::{ImportOptions, import};

use crate::failure::{Failure, say};

/// Arguments of `import growthbook`.
#[derive(Args)]
pub struct Growthbook {
    /// Payload as SDKs load it, encrypted or not
    #[arg(value_name = "FILE")]
    payload: PathBuf,
    /// Decryption key of the SDK connection, in base64
    #[arg(long, env = "GROWTHBOOK_DECRYPTION_KEY", hide_env_values = true, value_name = "KEY")]
    key: Option<String>,
    /// Let browsers evaluate the imported features; anybody can then read their rules
    #[arg(long)]
    public: bool,
    /// File for the rules (default: standard output)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Growthbook {
    pub fn run(self) -> Result<(), Failure> {
        let payload = fs::read_to_string(&self.payload).map_err(|error| Failure::file(&self.payload, error))?;
        let options = ImportOptions { key: self.key.as_deref(), public: self.public };
        let found = import(&payload, options).map_err(|finding| {
            anstream::eprintln!("{finding}");
            Failure::Reported
        })?;
        for finding in &found.findings {
            anstream::eprintln!("{finding}");
        }
        match &self.out {
            Some(file) => fs::write(file, &found.rules).map_err(|error| Failure::file(file, error))?,
            None => say(found.rules.trim_end())?,
        }
        let is_error = |finding: &throughline_compiler::growthbook::Finding| finding.severity == Severity::Error;
        if found.findings.iter().any(is_error) { Err(Failure::Reported) } else { Ok(()) }
    }
}
