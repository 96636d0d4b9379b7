//! The facts of a request that decisions may depend on.

use throughline::{Millis, Object, Request, Value};

use crate::incoming::Incoming;
use crate::{consent, device};

/// Longer values are cut: nothing that decides is this long.
const MAX_TEXT: usize = 2048;
/// Campaign parameters by GrowthBook's names for them.
const UTM: [(&str, &str); 5] = [
    ("utmSource", "utm_source"),
    ("utmMedium", "utm_medium"),
    ("utmCampaign", "utm_campaign"),
    ("utmTerm", "utm_term"),
    ("utmContent", "utm_content"),
];

/// What a request tells of page, device and place, and what it allows.
pub fn of(incoming: &Incoming, session: Millis) -> Request {
    let agent = incoming.header("user-agent").unwrap_or_default();
    let bot = is_bot(incoming, &agent);
    let locale = incoming.header("accept-language").and_then(|header| first_locale(&header));
    Request {
        attributes: attributes(incoming, &agent, bot, locale.as_deref()),
        consent: consent::of(&incoming.cookies),
        gpc: incoming.has_gpc(),
        bot,
        channel: Some("web".to_owned()),
        locale,
        session: Some(session),
        slots: None,
    }
}

/// Whether a program asks: by its name, or because the platform knows it.
pub fn is_bot(incoming: &Incoming, user_agent: &str) -> bool {
    device::is_bot(user_agent) || incoming.client("verifiedBotCategory").is_some()
}

fn attributes(incoming: &Incoming, agent: &str, bot: bool, locale: Option<&str>) -> Object {
    let address = &incoming.address;
    let mut out = Object::new();
    put(&mut out, "url", &address.url());
    put(&mut out, "path", &address.path);
    put(&mut out, "host", &address.host);
    out.insert("query", cut(&address.search()));
    put(&mut out, "referrer", &incoming.header("referer").unwrap_or_default());
    put(&mut out, "deviceType", device::device_type(agent));
    put(&mut out, "browser", device::browser(agent));
    for (name, parameter) in UTM {
        put(&mut out, name, &address.param(parameter).unwrap_or_default());
    }
    for name in ["country", "region", "city", "timezone"] {
        put(&mut out, name, &incoming.client(name).unwrap_or_default());
    }
    put(&mut out, "locale", locale.unwrap_or_default());
    put(&mut out, "channel", "web");
    out.insert("isBot", Value::Bool(bot));
    out
}

/// A fact that is not known is left out, rather than being the empty text.
fn put(out: &mut Object, name: &str, value: &str) {
    if !value.is_empty() {
        out.insert(name, cut(value));
    }
}

fn cut(text: &str) -> &str {
    let end = text.floor_char_boundary(MAX_TEXT);
    text.get(..end).unwrap_or_default()
}

/// The locale that `Accept-Language` prefers. Browsers write their list in order, so the first one is it.
fn first_locale(header: &str) -> Option<String> {
    let first = header.split([',', ';']).next()?.trim();
    let is_tag = !first.is_empty()
        && first.len() <= 35
        && first.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_tag.then(|| first.to_owned())
}
