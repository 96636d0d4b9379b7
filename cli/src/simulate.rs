//! `simulate`: decides for each line of facts.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::PathBuf;

use clap::Args;
use throughline::{Facts, Plan, decide};

use crate::failure::Failure;
use crate::progress::progress;
use crate::rules::Rules;

/// Arguments of `simulate`.
#[derive(Args)]
pub struct Simulate {
    #[command(flatten)]
    rules: Rules,
    /// File with one JSON object of facts on each line; `-` for standard input
    #[arg(long, default_value = "-", value_name = "FILE")]
    facts: PathBuf,
}

impl Simulate {
    /// Writes a line per input line: the decision, or `{"error": …, "line": …}`. Blank lines are skipped.
    pub fn run(self) -> Result<(), Failure> {
        let plan = Plan::load(&self.rules.compile()?.edge)?;
        let input: Box<dyn BufRead> = match self.facts.as_os_str() == "-" {
            true => Box::new(BufReader::new(io::stdin())),
            false => {
                Box::new(BufReader::new(File::open(&self.facts).map_err(|error| Failure::file(&self.facts, error))?))
            }
        };
        let mut out = BufWriter::new(io::stdout().lock());
        let progress = progress("decisions");
        let mut bad: usize = 0;
        for (index, line) in input.lines().enumerate() {
            let line = line.map_err(|error| Failure::file(&self.facts, error))?;
            if line.trim().is_empty() {
                continue;
            }
            let written = match serde_json::from_str::<Facts>(&line) {
                Ok(facts) => writeln!(out, "{}", decide(&plan, &facts).to_json()),
                Err(error) => {
                    bad = bad.saturating_add(1);
                    let number = index.saturating_add(1);
                    writeln!(out, "{}", serde_json::json!({ "error": error.to_string(), "line": number }))
                }
            };
            written?;
            progress.inc(1);
        }
        out.flush()?;
        progress.finish_and_clear();
        if bad > 0 {
            Err(Failure::Because(format!("invalid facts on {bad} lines; the output has the errors")))
        } else {
            Ok(())
        }
    }
}
