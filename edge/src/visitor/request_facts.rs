//! The facts of a request that decisions may depend on: page, device, location and consent.

use throughline::{Millis, Object, Request, UserAgent, Value};

use crate::prelude::*;
use crate::request::bot;
use crate::request::incoming_request::IncomingRequest;
use crate::visitor::consent;

/// The longest value of a fact, in bytes; longer ones are truncated.
const MAX_TEXT: usize = 2048;
/// The longest address or query, in bytes. It is as long as the platform accepts: campaigns and clicks are often at the end.
const MAX_ADDRESS: usize = 16 * 1024;

/// Returns the facts of a request.
pub fn of(incoming: &IncomingRequest, session: Millis) -> Request {
    let agent = agent(incoming);
    let bot = is_bot(incoming, &agent.user_agent);
    let locale = incoming.header("accept-language").and_then(|header| first_locale(&header));
    let (consent, consent_at) = consent::from_cookies(&incoming.cookies);
    Request {
        attributes: attributes(incoming, bot, locale.as_deref()),
        consent,
        consent_at,
        gpc: incoming.has_gpc(),
        agent: Some(agent),
        bot,
        channel: Some("web".to_owned()),
        locale,
        session: Some(session),
        slots: None,
    }
}

/// Whether a bot sent the request, by its user agent or by the platform's verdict.
pub fn is_bot(incoming: &IncomingRequest, user_agent: &str) -> bool {
    // Programs of apps and servers call endpoints by design, under the names of their libraries: with POST or a token.
    let calls = incoming.method == "POST" || incoming.bearer().is_some();
    let is_program = calls && !user_agent.starts_with("Mozilla/");
    let is_bot = if is_program { bot::calls_itself_bot(user_agent) } else { bot::is_bot(user_agent) };
    is_bot || incoming.client("verifiedBotCategory").is_some()
}

fn attributes(incoming: &IncomingRequest, bot: bool, locale: Option<&str>) -> Object {
    let address = &incoming.address;
    let mut out = Object::new();
    out.insert("url", cut_at(&address.url(), MAX_ADDRESS));
    put(&mut out, "path", &address.path);
    put(&mut out, "host", &address.host);
    out.insert("query", cut_at(&address.search(), MAX_ADDRESS));
    put(&mut out, "referrer", &incoming.header("referer").unwrap_or_default());
    // Personal data: only conditions read it, and no answer has it.
    put(&mut out, "ip", &incoming.header("cf-connecting-ip").unwrap_or_default());
    for name in ["country", "region", "city", "timezone"] {
        put(&mut out, name, &incoming.client(name).unwrap_or_default());
    }
    // `Value::from_json` is linked already; `str::parse::<f64>` would add the tables of the standard library.
    for name in ["latitude", "longitude"] {
        if let Some(Ok(degrees @ Value::Number(_))) = incoming.client(name).map(|text| Value::from_json(&text)) {
            out.insert(name, degrees);
        }
    }
    put(&mut out, "locale", locale.unwrap_or_default());
    put(&mut out, "channel", "web");
    out.insert("isBot", Value::Bool(bot));
    out
}

/// Returns the user agent and its client hints. Strings in client hints are quoted.
fn agent(incoming: &IncomingRequest) -> UserAgent {
    let user_agent = incoming.header("user-agent").unwrap_or_default();
    let hint = |name: &str| incoming.header(&format!("sec-ch-ua-{name}"));
    let strings = |hint: String| hint.split(',').map(|item| cut(item.trim().trim_matches('"')).to_owned()).collect();
    UserAgent {
        user_agent: cut(&user_agent).to_owned(),
        mobile: hint("mobile").map(|mobile| mobile == "?1"),
        platform: hint("platform").map(strings).and_then(|platform: Vec<String>| platform.into_iter().next()),
        form_factors: hint("form-factors").map(strings).unwrap_or_default(),
    }
}

/// Inserts a fact, unless it is empty: an unknown fact is missing, not an empty string.
fn put(out: &mut Object, name: &str, value: &str) {
    if !value.is_empty() {
        out.insert(name, cut(value));
    }
}

fn cut(text: &str) -> &str {
    cut_at(text, MAX_TEXT)
}

fn cut_at(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or_default()
}

/// Returns the preferred locale of `Accept-Language`: the first one, since browsers order the list by preference.
fn first_locale(header: &str) -> Option<String> {
    let first = header.split([',', ';']).next()?.trim();
    let is_tag = !first.is_empty()
        && first.len() <= 35
        && first.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_tag.then(|| first.to_owned())
}
