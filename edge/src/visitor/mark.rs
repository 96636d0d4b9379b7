//! The mark of a visitor in a filled page, by which the tag notices that a page was filled for somebody else.

use crate::prelude::*;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "/crypto.js")]
extern "C" {
    /// Returns the mark of a subject: the first 12 characters of the SHA-256 digest of `tl-for`, a zero byte and the subject,
    /// in base64url. It does not tell who the subject is.
    #[wasm_bindgen(js_name = markOf)]
    pub fn mark(subject: &str) -> String;
}
