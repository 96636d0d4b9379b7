//! The records of a file: the rows of CSV, or the lines of NDJSON.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use clap::ValueEnum;
use serde_json::{Map, Value};

use crate::failure::Failure;

/// The longest line of NDJSON, in bytes.
const MAX_LINE: u64 = 1 << 20;

/// A form of files with records.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A header with the names of columns, then a row for each record
    Csv,
    /// A JSON object on each line
    Ndjson,
}

impl Format {
    /// Returns the form that the name of a file tells; `Csv` if it tells none.
    pub fn of(path: &Path) -> Self {
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        if ["ndjson", "jsonl", "json"].contains(&extension.as_str()) { Self::Ndjson } else { Self::Csv }
    }
}

/// A record with its line in the file, from one; or the reason why the line cannot be read.
pub struct Record {
    /// The line where it begins.
    pub line: u64,
    /// The values by column.
    pub values: Result<Map<String, Value>, String>,
}

/// Returns the records of a file, in order. A line that cannot be read does not end them.
pub fn read(path: &Path, format: Format, delimiter: u8) -> Result<Box<dyn Iterator<Item = Record>>, Failure> {
    let file = BufReader::new(File::open(path).map_err(|error| Failure::file(path, error))?);
    match format {
        Format::Csv => rows(file, delimiter).map_err(|error| Failure::file(path, error)),
        Format::Ndjson => Ok(Box::new(Lines { file, line: 0 })),
    }
}

fn rows(file: impl Read + 'static, delimiter: u8) -> Result<Box<dyn Iterator<Item = Record>>, csv::Error> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(WithoutReturns(file));
    let columns: Vec<String> = reader.headers()?.iter().map(|name| name.trim().to_owned()).collect();
    let records = reader.into_records().map(move |row| match row {
        Ok(row) => Record {
            line: row.position().map_or(0, csv::Position::line),
            values: Ok(columns.iter().cloned().zip(row.iter().map(Value::from)).collect()),
        },
        Err(error) => Record { line: error.position().map_or(0, csv::Position::line), values: Err(reason(&error)) },
    });
    Ok(Box::new(records))
}

fn reason(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("the row has {len} fields, expected {expected_len} as in the header")
        }
        csv::ErrorKind::Utf8 { .. } => "the row is not UTF-8".to_owned(),
        _ => error.to_string(),
    }
}

/// A file without carriage returns: after one, the parser is a line behind.
struct WithoutReturns<R>(R);

impl<R: Read> Read for WithoutReturns<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let length = self.0.read(buffer)?;
            let mut kept = 0_usize;
            for at in 0..length {
                if buffer.get(at).is_some_and(|byte| *byte != b'\r') {
                    buffer.copy_within(at..=at, kept);
                    kept = kept.saturating_add(1);
                }
            }
            // Nothing is left of a part of returns alone, and that would be the end of the file.
            if kept > 0 || length == 0 {
                return Ok(kept);
            }
        }
    }
}

struct Lines<R> {
    file: R,
    line: u64,
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Record;

    /// Returns the next line that is not blank.
    fn next(&mut self) -> Option<Record> {
        loop {
            let mut bytes = Vec::new();
            let read = self.file.by_ref().take(MAX_LINE).read_until(b'\n', &mut bytes);
            self.line = self.line.saturating_add(1);
            let values = match read {
                Ok(0) => return None,
                Ok(_) if bytes.len() as u64 == MAX_LINE && bytes.last() != Some(&b'\n') => self
                    .file
                    .skip_until(b'\n')
                    .map_err(|error| error.to_string())
                    .and(Err("the line is too long".to_owned())),
                Ok(_) if bytes.trim_ascii().is_empty() => continue,
                Ok(_) => serde_json::from_slice(&bytes).map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            return Some(Record { line: self.line, values });
        }
    }
}
