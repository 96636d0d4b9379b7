//! Why an endpoint does not do what it was asked for.

use throughline::{Object, Value};
use wasm_bindgen::JsValue;
use web_sys::Response;

use crate::platform::js;
use crate::prelude::*;
use crate::response;

/// A refusal, answered as `{"error": {"code", "message"}}`.
#[derive(Debug)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// A stable word for programs.
    pub code: &'static str,
    /// A sentence for people.
    pub message: String,
    /// A header that belongs to the status, such as `Allow`.
    pub header: Option<(&'static str, String)>,
}

impl Refusal {
    /// A refusal without a special header.
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), header: None }
    }

    /// The same with a header.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.header = Some((name, value.into()));
        self
    }

    /// The response.
    pub fn answer(&self) -> Result<Response, JsValue> {
        let mut error = Object::new();
        error.insert("code", self.code);
        error.insert("message", self.message.as_str());
        let mut body = Object::new();
        body.insert("error", Value::Object(error));
        self.answer_with(&Value::Object(body))
    }

    /// The response with another body.
    pub fn answer_with(&self, body: &Value) -> Result<Response, JsValue> {
        let response = response::json(self.status, body)?;
        if let Some((name, value)) = &self.header {
            response.headers().set(name, value)?;
        }
        Ok(response)
    }
}

impl From<JsValue> for Refusal {
    /// Something in the runtime has failed: what it was goes to the log, not to the visitor.
    fn from(cause: JsValue) -> Self {
        log(&js::reason(&cause));
        Self::new(500, "internal", "internal error; see the log")
    }
}

/// Writes a line to the log. Callers put no secrets and nothing personal in it.
pub fn log(message: &str) {
    js::console_error(message);
}
