//! The page for one visitor.

use throughline::html::{Encoding, Filler, Marks, Reason};
use wasm_bindgen::JsValue;
use web_sys::{Headers, Response, TextDecoder};

use crate::outbox::{self, Envelope};
use crate::page::PageOutcome;
use crate::page::slots;
use crate::page::stream::Stream;
use crate::platform::crypto::visitor_mark;
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

/// Whether a response is a whole HTML page that can be rewritten. One in an encoding that cannot be read is counted.
pub fn is_rewritable(context: &RequestContext, response: &Response) -> bool {
    let headers = response.headers();
    let get = |name: &str| headers.get(name).ok().flatten().unwrap_or_default();
    let content_type = get("content-type");
    let is_html = content_type.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/html"));
    let is_download = get("content-disposition").trim_start().to_ascii_lowercase().starts_with("attachment");
    if response.status() != 200 || response.body().is_none() || !is_html || is_download {
        return false;
    }
    let is_readable = can_decode(&get("content-encoding")) && is_ascii_compatible(charset(&content_type));
    if !is_readable {
        context.isolate.unfilled.count(Reason::Encoding.name());
    }
    is_readable
}

/// Whether the runtime decodes a body with this content encoding. It compares byte by byte: `GZIP` would stay as it is.
fn can_decode(encoding: &str) -> bool {
    matches!(encoding, "" | "gzip" | "br") || encoding.eq_ignore_ascii_case("identity")
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
    let content_type = response.headers().get("content-type")?.unwrap_or_default();
    let charset = charset(&content_type);
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
    let is_utf8 = charset.is_some_and(|charset| charset.eq_ignore_ascii_case("utf-8"));
    let encoding = if charset.is_some() { Encoding::Labelled } else { Encoding::Unlabelled };
    let fills = slots::fills(&outcome.plan, &outcome.decision, is_utf8);
    let stream = Stream::new(context, response, Filler::new(fills, marks(context, &outcome), encoding))?;
    let page = Response::new_with_opt_readable_stream_and_init(Some(&stream.readable), &init)?;
    let env = context.env.clone();
    context.execution.wait_until(async move {
        let filled = stream.finished().await;
        if record {
            let exposures = slots::exposures(&outcome.decision, &filled);
            let events: Vec<_> = exposures.into_iter().chain([outcome.view]).collect();
            outbox::store_events(&env, &envelope, &events).await;
        }
    });
    Ok(page)
}

/// Returns what filled elements say of the decision: a page that is stored somewhere can so be told from a fresh one.
fn marks(context: &RequestContext, outcome: &PageOutcome) -> Marks {
    Marks {
        decision: outcome.decision.id(),
        at: context.now.0.div_euclid(1000),
        visitor: visitor_mark(&outcome.visitor.profile.subject),
    }
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
