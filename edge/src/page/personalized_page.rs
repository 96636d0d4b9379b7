//! The page for one visitor.

use wasm_bindgen::JsValue;
use web_sys::{Headers, Response, TextDecoder};

use crate::outbox::{self, Envelope};
use crate::page::PageOutcome;
use crate::page::rewriter::Rewriter;
use crate::prelude::*;
use crate::request::RequestContext;
use crate::response;
use crate::visitor::set_cookies::{clear_cookies, set_cookies};

/// Headers that describe the origin's bytes or permit caching, and are wrong for a personalised page.
const STALE: [&str; 14] = [
    "etag",
    "last-modified",
    "content-length",
    "accept-ranges",
    "content-md5",
    "digest",
    "content-digest",
    "repr-digest",
    "expires",
    "age",
    "pragma",
    "cdn-cache-control",
    "cloudflare-cdn-cache-control",
    "surrogate-control",
];

/// Whether a response is a whole HTML page that can be rewritten.
pub fn is_rewritable(response: &Response) -> bool {
    let headers = response.headers();
    let get = |name: &str| headers.get(name).ok().flatten().unwrap_or_default();
    let content_type = get("content-type");
    let is_html = content_type.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/html"));
    // The runtime decodes gzip and Brotli.
    let is_readable =
        matches!(get("content-encoding").trim().to_ascii_lowercase().as_str(), "" | "identity" | "gzip" | "br");
    let is_download = get("content-disposition").trim_start().to_ascii_lowercase().starts_with("attachment");
    response.status() == 200
        && response.body().is_some()
        && is_html
        && is_readable
        && !is_download
        && is_ascii_compatible(charset(&content_type))
}

/// Whether markup in this encoding is ASCII. Pages in unknown encodings are not rewritten.
fn is_ascii_compatible(label: Option<&str>) -> bool {
    let Some(label) = label else { return true };
    let encoding = TextDecoder::new_with_label(label).map(|decoder| decoder.encoding());
    encoding.is_ok_and(|name| !matches!(name.as_str(), "utf-16le" | "utf-16be" | "iso-2022-jp" | "replacement"))
}

fn charset(content_type: &str) -> Option<&str> {
    let parameters = content_type.split(';').skip(1).filter_map(|pair| pair.split_once('='));
    let found = parameters
        .map(|(name, value)| (name.trim(), value.trim()))
        .find(|(name, _)| name.eq_ignore_ascii_case("charset"));
    found.map(|(_, value)| value.trim_matches('"'))
}

/// Responds with the page for this visitor. Page view and exposures are recorded after the page has been sent.
pub fn respond(context: &RequestContext, response: &Response, outcome: PageOutcome) -> Result<Response, JsValue> {
    let headers = personal_headers(context, response, &outcome)?;
    let is_utf8 = response
        .headers()
        .get("content-type")?
        .is_some_and(|kind| charset(&kind).is_some_and(|charset| charset.eq_ignore_ascii_case("utf-8")));
    let init = response::init(response.status(), &headers);
    let record = outcome.is_recorded();
    let envelope = Envelope::new(context, &outcome.visitor);

    if outcome.decision.slots.is_empty() {
        let page = Response::new_with_opt_readable_stream_and_init(response.body().as_ref(), &init)?;
        if record {
            outbox::store_later(context, envelope, vec![outcome.view]);
        }
        return Ok(page);
    }
    let rewriter = Rewriter::new(&outcome.plan, &outcome.decision, is_utf8)?;
    let stream = rewriter.stream(response)?;
    let page = Response::new_with_opt_readable_stream_and_init(Some(&stream.readable), &init)?;
    let env = context.env.clone();
    context.execution.wait_until(async move {
        let filled = stream.finished().await;
        if record {
            let exposures = filled.exposures(&outcome.decision);
            let events: Vec<_> = exposures.into_iter().chain([outcome.view]).collect();
            outbox::store_events(&env, &envelope, &events).await;
        }
    });
    Ok(page)
}

/// Keeps a response out of every shared cache. One that must not be stored anywhere stays so.
pub fn make_private(headers: &Headers) -> Result<(), JsValue> {
    let was_no_store =
        headers.get("cache-control")?.is_some_and(|found| found.to_ascii_lowercase().contains("no-store"));
    headers.set("cache-control", if was_no_store { "private, no-store" } else { "private, no-cache" })
}

fn personal_headers(context: &RequestContext, response: &Response, outcome: &PageOutcome) -> Result<Headers, JsValue> {
    let headers = Headers::new_with_headers(&response.headers())?;
    for name in STALE {
        headers.delete(name)?;
    }
    // The stream is decoded here; the platform encodes it again for this browser.
    headers.delete("content-encoding")?;
    make_private(&headers)?;
    // On a shared computer the back button must not show who was signed in.
    if outcome.visitor.is_person() {
        headers.set("cache-control", "private, no-store")?;
    }
    let vary = response.headers().get("vary")?.unwrap_or_default().to_ascii_lowercase();
    if !vary.split(',').any(|name| matches!(name.trim(), "cookie" | "*")) {
        headers.append("vary", "Cookie")?;
    }
    if let Some(timing) = outcome.timing(context) {
        headers.append("server-timing", &timing)?;
    }
    if outcome.may_set_cookies() {
        set_cookies(
            &headers,
            &context.isolate.config,
            &context.incoming.cookies,
            &outcome.visitor,
            outcome.changed,
            context.now,
        );
    } else if outcome.refuses_storage() {
        clear_cookies(context, &headers, &outcome.facts);
    }
    outcome.preview.set_headers(context, &headers);
    Ok(headers)
}
