//! JavaScript interfaces of workerd that `web-sys` does not have.
//!
//! They are declared here because the `worker` crate would add 18 KB gz.

use crate::prelude::*;
use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use throughline::Millis;
use wasm_bindgen::{JsCast, prelude::*};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{Request, Response};

/// The time for which KV may answer from the local cache, in seconds. It is the minimum that KV accepts.
const CACHE_TTL: u32 = 30;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = crypto, js_name = randomUUID)]
    fn random_uuid() -> String;

    /// Returns a promise that resolves after this time, in milliseconds.
    #[wasm_bindgen(js_namespace = scheduler, js_name = wait)]
    pub fn sleep(milliseconds: u32) -> Promise;

    #[wasm_bindgen(js_namespace = console, js_name = error)]
    pub fn console_error(message: &str);

    /// The execution context of a request.
    pub type ExecutionContext;
    #[wasm_bindgen(method, js_name = waitUntil)]
    pub fn wait_until_settled(this: &ExecutionContext, promise: &Promise);

    /// A service binding, or the static assets.
    pub type Fetcher;
    #[wasm_bindgen(method, catch, js_name = fetch)]
    async fn fetch_value(this: &Fetcher, request: &Request) -> Result<JsValue, JsValue>;

    /// A KV namespace.
    pub type Kv;
    #[wasm_bindgen(method, catch)]
    async fn get(this: &Kv, key: &str, options: &Object) -> Result<JsValue, JsValue>;

    /// The namespace of the outbox's Durable Objects (`outbox.js`).
    pub type Outboxes;
    #[wasm_bindgen(method, catch, js_name = getByName)]
    pub fn get_by_name(this: &Outboxes, name: &str) -> Result<Outbox, JsValue>;

    /// A stub of one outbox object. Its methods are remote calls.
    pub type Outbox;
    #[wasm_bindgen(method, catch)]
    pub async fn keep(this: &Outbox, message: &str) -> Result<JsValue, JsValue>;
}

impl ExecutionContext {
    /// Continues work after the response.
    pub fn wait_until(&self, work: impl Future<Output = ()> + 'static) {
        self.wait_until_settled(&future_to_promise(async move {
            work.await;
            Ok(JsValue::UNDEFINED)
        }));
    }
}

impl Fetcher {
    /// Returns the response of the bound service.
    pub async fn fetch(&self, request: &Request) -> Result<Response, JsValue> {
        self.fetch_value(request).await?.dyn_into()
    }
}

impl Kv {
    /// Returns the string value of a key, or `None` if there is none.
    pub async fn text(&self, key: &str) -> Result<Option<String>, JsValue> {
        self.get(key, &read_as("text")?).await.map(|found| found.as_string())
    }

    /// Returns the bytes of a key, or `None` if there are none.
    pub async fn bytes(&self, key: &str) -> Result<Option<Vec<u8>>, JsValue> {
        let found = self.get(key, &read_as("arrayBuffer")?).await?;
        Ok((!found.is_null()).then(|| Uint8Array::new(&found).to_vec()))
    }
}

fn read_as(kind: &str) -> Result<Object, JsValue> {
    let options = Object::new();
    Reflect::set(&options, &"type".into(), &kind.into())?;
    Reflect::set(&options, &"cacheTtl".into(), &CACHE_TTL.into())?;
    Ok(options)
}

/// Returns the message of an exception.
pub fn reason(cause: &JsValue) -> String {
    text(cause, "message").or_else(|| cause.as_string()).unwrap_or_else(|| "unknown".to_owned())
}

/// Waits for a promise, but not longer than this time, in milliseconds.
pub async fn wait_at_most(promise: &Promise, milliseconds: u32) {
    let _ = JsFuture::from(Promise::race(&Array::of2(promise, &sleep(milliseconds)))).await;
}

/// Returns the time, which the runtime advances only while a request waits.
#[expect(clippy::cast_possible_truncation, reason = "the clock counts whole milliseconds, far below 2^53")]
pub fn now() -> Millis {
    Millis(js_sys::Date::now() as i64)
}

/// Returns a new random id: a letter and 122 random bits in hexadecimal.
///
/// Because of the letter, the PII lint for tokens does not mistake the id for a telephone number.
pub fn random_id() -> String {
    let uuid = random_uuid();
    format!("v{}", uuid.replace('-', ""))
}

/// Returns the binding with this name, if it exists. The caller is responsible for its type.
pub fn binding<T: JsCast>(env: &JsValue, name: &str) -> Option<T> {
    let found = Reflect::get(env, &name.into()).ok()?;
    (!found.is_undefined() && !found.is_null()).then(|| found.unchecked_into())
}

/// Returns a variable or secret. An empty one counts as not set.
pub fn variable(env: &JsValue, name: &str) -> Option<String> {
    Reflect::get(env, &name.into()).ok()?.as_string().filter(|text| !text.is_empty())
}

/// Returns a member of an object if it is a non-empty string.
pub fn text(object: &JsValue, name: &str) -> Option<String> {
    if !object.is_object() {
        return None;
    }
    Reflect::get(object, &name.into()).ok()?.as_string().filter(|text| !text.is_empty())
}
