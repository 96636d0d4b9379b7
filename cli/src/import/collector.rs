//! The collector, as a sender of batches sees it.

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::failure::Failure;

/// How often a batch is sent until the import gives up. The pauses between are 1, 2, 4 … seconds.
const TRIES: u32 = 7;
/// The longest time of a request, in seconds.
const TIMEOUT: u32 = 120;

/// The greatest sum of [`sent_length`] in a batch: a line of curl's configuration has at most 100 KB in older versions.
pub const MAX_BODY: usize = 90_000;

/// A collector and the write key for it.
pub struct Collector {
    url: String,
    key: String,
}

/// An answer to a request.
enum Answer {
    /// The results by message id.
    Results(Map<String, Value>),
    /// Sending the batch again may help.
    Later(String),
    /// Sending it again does not help.
    Refused(String),
}

impl Collector {
    pub fn new(url: &str, key: String) -> Self {
        Self { url: format!("{}/v1/batch", url.trim_end_matches('/')), key }
    }

    /// Sends calls, again if need be. Returns their results by message id.
    ///
    /// # Errors
    /// Returns the reason if the collector refuses the batch, or does not take it in several tries.
    pub fn send(&self, calls: &[String]) -> Result<Map<String, Value>, Failure> {
        let body = format!("{{\"batch\":[{}]}}", calls.join(","));
        let mut pause = Duration::from_secs(1);
        for left in (0..TRIES).rev() {
            match self.post(&body)? {
                Answer::Results(results) => return Ok(results),
                Answer::Refused(reason) => return Err(Failure::Because(reason)),
                Answer::Later(reason) if left == 0 => return Err(Failure::Because(reason)),
                Answer::Later(_) => thread::sleep(pause),
            }
            pause = pause.saturating_mul(2);
        }
        Err(Failure::Because("the collector was not asked".to_owned()))
    }

    /// Posts a body with curl. The key and the people go through its standard input, because other users of the
    /// machine can read command lines and files.
    fn post(&self, body: &str) -> Result<Answer, Failure> {
        let settings = [
            ("url", self.url.as_str()),
            ("user", &format!("{}:", self.key)),
            ("header", "content-type: application/json"),
            ("write-out", "\n%{http_code}"),
            ("max-time", &TIMEOUT.to_string()),
            ("data-binary", body),
        ];
        let config: String = settings.iter().map(|(name, value)| format!("{name} = \"{}\"\n", quoted(value))).collect();
        let mut curl = Command::new("curl")
            .args(["--disable", "--silent", "--show-error", "--config", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| Failure::Because(format!("cannot run curl: {error}")))?;
        if let Some(mut input) = curl.stdin.take() {
            input.write_all(config.as_bytes())?;
        }
        let output = curl.wait_with_output()?;
        if !output.status.success() {
            return Ok(Answer::Later(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        Ok(answer(&String::from_utf8_lossy(&output.stdout)))
    }
}

/// Reads curl's output: the body, and the status on a line of its own.
fn answer(output: &str) -> Answer {
    let (body, status) = output.rsplit_once('\n').unwrap_or(("", output));
    let said = serde_json::from_str::<Value>(body).unwrap_or_default();
    match (status, said.get("results")) {
        ("200", Some(Value::Object(results))) => Answer::Results(results.clone()),
        ("429" | "500" | "502" | "503" | "504", _) => Answer::Later(format!("the collector answered {status}")),
        _ => {
            let message = said.pointer("/error/message").and_then(Value::as_str).unwrap_or("this is no collector");
            Answer::Refused(format!("the collector answered {status}: {message}"))
        }
    }
}

/// Returns a value as curl's configuration quotes it.
fn quoted(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\r', "\\r")
}

/// Returns the length of a call in a batch as it is sent.
pub fn sent_length(call: &str) -> usize {
    quoted(call).len().saturating_add(1)
}
