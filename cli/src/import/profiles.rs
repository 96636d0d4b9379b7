//! `import profiles`: sends the people of a file to the collector.
//!
//! Each record becomes an `identify` call whose message id is a hash of its content. So an import that is repeated, in
//! part or as a whole, changes nothing that it has said before.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::collector::{Collector, MAX_BODY, sent_length};
use super::mapping::Mapping;
use super::records::{self, Format, Record};
use super::state::{State, fingerprint, hex};
use crate::failure::{Failure, say};
use crate::progress::progress;

/// The maximum number of calls in a batch.
const MAX_CALLS: usize = 250;
/// The greatest length of a call, in bytes: that of an event at the collector.
const MAX_CALL: usize = 32 << 10;

/// Arguments of `import profiles`.
#[derive(Args)]
pub struct Profiles {
    /// CSV with a header, or NDJSON
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Name of the system that the file comes from: equal records of two systems count as two
    #[arg(long, value_name = "NAME")]
    source: String,
    /// Address of the collector
    #[arg(long, value_name = "URL")]
    collector: String,
    /// Write key of the source, trusted for merges
    #[arg(long, env = "THROUGHLINE_WRITE_KEY", hide_env_values = true, value_name = "KEY")]
    key: String,
    /// YAML that says which column is which id, trait or purpose (default: `userId`, and traits)
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Form of the file (default: by its name)
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Character between the fields of CSV
    #[arg(long, default_value_t = ',', value_name = "CHARACTER")]
    delimiter: char,
    /// File in which an import that ends early keeps how far it has come (default: FILE.import)
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

/// The number of records by what has become of them.
#[derive(Default)]
struct Counts {
    new: u64,
    known: u64,
    ignored: u64,
    failed: u64,
}

/// A call of the Segment specification, as JSON.
struct Call {
    id: String,
    text: String,
}

/// Calls that wait to be sent, each with the line of its record.
#[derive(Default)]
struct Batch {
    calls: Vec<String>,
    lines: Vec<(String, u64)>,
    bytes: usize,
}

impl Profiles {
    /// Sends all records. A record that fails is reported with its line, and the others are sent.
    pub fn run(self) -> Result<(), Failure> {
        let delimiter = u8::try_from(self.delimiter)
            .map_err(|_| Failure::Because("`--delimiter`: expected an ASCII character".to_owned()))?;
        let mapping = self.mapping.as_deref().map_or_else(|| Ok(Mapping::default()), Mapping::read)?;
        let collector = Collector::new(&self.collector, self.key.clone());
        let mut state = self.state()?;
        let format = self.format.unwrap_or_else(|| Format::of(&self.file));
        let (skipped, bar) = (state.records, progress("records"));
        let (mut counts, mut batch, mut read) = (Counts::default(), Batch::default(), 0_u64);
        for record in records::read(&self.file, format, delimiter)? {
            read = read.saturating_add(1);
            if read <= skipped {
                continue;
            }
            bar.inc(1);
            match self.call(&mapping, record) {
                Ok((line, call)) => {
                    if batch.is_full(&call) {
                        self.send(&collector, &mut batch, &mut counts)?;
                        state.save(read.saturating_sub(1))?;
                    }
                    batch.push(line, call);
                }
                Err((line, reason)) => self.report(&mut counts, line, &reason),
            }
        }
        self.send(&collector, &mut batch, &mut counts)?;
        state.close()?;
        bar.finish_and_clear();
        self.sum_up(&counts, skipped)
    }

    fn state(&self) -> Result<State, Failure> {
        let files = [Some(&self.file), self.mapping.as_ref()].into_iter().flatten().map(PathBuf::as_path);
        let import = fingerprint(files, &[&self.source, "\n", &self.collector])?;
        let path = self.state.clone().unwrap_or_else(|| {
            let mut name = self.file.clone().into_os_string();
            name.push(".import");
            PathBuf::from(name)
        });
        State::open(path, import)
    }

    /// Returns the line of a record and its call, or the reason why it has none.
    fn call(&self, mapping: &Mapping, record: Record) -> Result<(u64, Call), (u64, String)> {
        let line = record.line;
        let call = record.values.and_then(|values| mapping.call(&values));
        let mut call = call.map_err(|reason| (line, reason))?;
        let hash = Sha256::digest(Value::Object(call.clone()).to_string());
        let id = format!("import-{}-{}", self.source, hex(hash.get(..16).unwrap_or_default()));
        call.insert("messageId".to_owned(), id.as_str().into());
        let text = Value::Object(call).to_string();
        if text.len() > MAX_CALL {
            return Err((
                line,
                format!("the record makes a call of {} bytes, expected at most {MAX_CALL}", text.len()),
            ));
        }
        Ok((line, Call { id, text }))
    }

    /// Sends the batch, if it has calls, and empties it.
    fn send(&self, collector: &Collector, batch: &mut Batch, counts: &mut Counts) -> Result<(), Failure> {
        let Batch { calls, lines, .. } = std::mem::take(batch);
        let Some((_, first)) = lines.first() else { return Ok(()) };
        let results = collector.send(&calls).map_err(|failure| match failure {
            Failure::Because(reason) => {
                let file = self.file.display();
                Failure::Because(format!("{file}:{first}: {reason}; the same command continues here"))
            }
            other => other,
        })?;
        for (id, line) in lines {
            let result = results.get(&id).unwrap_or(&Value::Null);
            let text = |name: &str| result.get(name).and_then(Value::as_str).unwrap_or_default();
            match text("result") {
                "ok" => counts.new = counts.new.saturating_add(1),
                "duplicate" => counts.known = counts.known.saturating_add(1),
                "ignored" => counts.ignored = counts.ignored.saturating_add(1),
                "warning" => {
                    counts.new = counts.new.saturating_add(1);
                    self.print(line, "warning", text("details"));
                }
                other => self.report(counts, line, &format!("{other}: {}", text("details"))),
            }
        }
        Ok(())
    }

    fn report(&self, counts: &mut Counts, line: u64, reason: &str) {
        counts.failed = counts.failed.saturating_add(1);
        self.print(line, "error", reason);
    }

    fn print(&self, line: u64, level: &str, reason: &str) {
        anstream::eprintln!("{}:{line}: {level}: {reason}", self.file.display());
    }

    fn sum_up(&self, counts: &Counts, skipped: u64) -> Result<(), Failure> {
        let Counts { new, known, ignored, failed } = counts;
        let before = if skipped > 0 { format!(", {skipped} by an earlier run") } else { String::new() };
        say(format!(
            "{}: {new} imported, {known} known before, {ignored} ignored, {failed} failed{before}",
            self.file.display()
        ))?;
        if *failed > 0 { Err(Failure::Reported) } else { Ok(()) }
    }
}

impl Batch {
    fn push(&mut self, line: u64, call: Call) {
        self.lines.push((call.id, line));
        self.bytes = self.bytes.saturating_add(sent_length(&call.text));
        self.calls.push(call.text);
    }

    /// Whether another call has no room.
    fn is_full(&self, call: &Call) -> bool {
        let bytes = self.bytes.saturating_add(sent_length(&call.text));
        !self.calls.is_empty() && (self.calls.len() >= MAX_CALLS || bytes > MAX_BODY)
    }
}
