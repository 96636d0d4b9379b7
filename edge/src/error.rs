//! Refusals, the error responses of endpoints, and the log.

use throughline::{Object, Value};
use wasm_bindgen::JsValue;
use web_sys::Response;

use crate::platform::js;
use crate::prelude::*;
use crate::response;

/// A refusal. Its response is `{"error": {"code", "message"}}`.
#[derive(Debug)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// A stable code for programs.
    pub code: &'static str,
    /// A message for people.
    pub message: String,
    /// The header that the status requires, such as `Allow`.
    pub header: Option<(&'static str, String)>,
}

impl Refusal {
    /// Returns a refusal without a header.
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), header: None }
    }

    /// Adds the header.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.header = Some((name, value.into()));
        self
    }

    /// Returns the response.
    pub fn to_response(&self) -> Result<Response, JsValue> {
        let mut error = Object::new();
        error.insert("code", self.code);
        error.insert("message", self.message.as_str());
        let mut body = Object::new();
        body.insert("error", Value::Object(error));
        self.to_response_with(&Value::Object(body))
    }

    /// Returns the response with another body.
    pub fn to_response_with(&self, body: &Value) -> Result<Response, JsValue> {
        let response = response::json(self.status, body)?;
        if let Some((name, value)) = &self.header {
            response.headers().set(name, value)?;
        }
        Ok(response)
    }
}

impl From<JsValue> for Refusal {
    /// Logs a failure of the runtime. The visitor gets no details.
    fn from(cause: JsValue) -> Self {
        log(&js::reason(&cause));
        Self::new(500, "internal", "internal error; see the log")
    }
}

/// Writes a line to the log. Callers must not put secrets or personal data into it.
pub fn log(message: &str) {
    js::console_error(message);
}
