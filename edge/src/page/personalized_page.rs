//! The response for one visitor.

use wasm_bindgen::JsValue;
use web_sys::{Headers, Response, TextDecoder};

use crate::outbox::{self, Message};
use crate::page::Outcome;
use crate::page::rewriter::Rewriter;
use crate::prelude::*;
use crate::request::Call;
use crate::response;
use crate::visitor::decide_for_visitor::{forget, keep};

/// Headers that tell of the origin's bytes, or let others keep the page.
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

/// Whether a response is a whole HTML page in a form that can be rewritten.
pub fn is_rewritable(response: &Response) -> bool {
    let headers = response.headers();
    let get = |name: &str| headers.get(name).ok().flatten().unwrap_or_default();
    let content_type = get("content-type");
    let is_html = content_type.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/html"));
    // The runtime decodes these two itself.
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

/// Whether the markup of pages in this encoding is ASCII; unknown encodings are left alone.
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

/// The page for this visitor; what was seen is recorded when the page has been sent.
pub fn answer(call: &Call, response: &Response, outcome: Outcome) -> Result<Response, JsValue> {
    let headers = personal_headers(call, response, &outcome)?;
    let is_utf8 = response
        .headers()
        .get("content-type")?
        .is_some_and(|kind| charset(&kind).is_some_and(|charset| charset.eq_ignore_ascii_case("utf-8")));
    let init = response::init(response.status(), &headers);
    let record = outcome.decision.measure && !outcome.preview.is_on() && !outcome.visitor.id.is_empty();
    let message = Message::new(&outcome.visitor, &outcome.decision, call.now);

    if outcome.decision.slots.is_empty() {
        let page = Response::new_with_opt_readable_stream_and_init(response.body().as_ref(), &init)?;
        if record {
            outbox::keep_later(call, message, vec![outcome.view]);
        }
        return Ok(page);
    }
    let rewriter = Rewriter::new(&outcome.plan, &outcome.decision, is_utf8)?;
    let stream = rewriter.stream(response)?;
    let page = Response::new_with_opt_readable_stream_and_init(Some(&stream.readable), &init)?;
    let env = call.env.clone();
    call.context.wait_until(async move {
        let seen = stream.finished().await;
        if record {
            let shown = seen.shown(&outcome.decision);
            let events: Vec<_> = shown.into_iter().chain([outcome.view]).collect();
            outbox::keep(&env, &message, &message.with(&events)).await;
        }
    });
    Ok(page)
}

fn personal_headers(call: &Call, response: &Response, outcome: &Outcome) -> Result<Headers, JsValue> {
    let headers = Headers::new_with_headers(&response.headers())?;
    for name in STALE {
        headers.delete(name)?;
    }
    // The stream is decoded now; whoever is in front of us encodes it again for this browser.
    headers.delete("content-encoding")?;
    let was_no_store = response.headers().get("cache-control")?.is_some_and(|found| found.contains("no-store"));
    headers.set("cache-control", if was_no_store { "private, no-store" } else { "private, no-cache" })?;
    let vary = response.headers().get("vary")?.unwrap_or_default().to_ascii_lowercase();
    if !vary.split(',').any(|name| matches!(name.trim(), "cookie" | "*")) {
        headers.append("vary", "Cookie")?;
    }
    headers.append("server-timing", &format!("tl;desc=\"{}\"", outcome.decision.id()))?;
    if outcome.decision.store && !outcome.preview.is_on() {
        keep(&headers, &call.edge.config, &outcome.visitor, outcome.changed, call.now);
    } else {
        forget(&headers, &outcome.plan, &outcome.request, &call.incoming.cookies);
    }
    outcome.preview.mark(&headers);
    Ok(headers)
}
