//! `GET /v1/edge/live`: the live channel of an open page, which the edge passes on.

use worker::{Env, Request, Response, Result};

use crate::http::{edge_api, response};
use crate::ingest::edge_message::EdgeMessage;
use crate::ingest::resolve::current_profile;
use crate::profile::client;
use crate::profile::rpc::OpenLive;

/// The header with the edge's message, percent-encoded, because an upgrade has no body.
const MESSAGE: &str = "x-tl-message";
/// The longest message, in bytes.
const MAX_MESSAGE: usize = 4096;

/// Upgrades to a WebSocket of the profile whose token the visitor would get. It creates nothing, and answers 404 for a
/// visitor of whom nothing is known.
pub async fn open(request: &Request, env: &Env) -> Result<Response> {
    if let Some(refusal) = edge_api::refuse_stranger(request, env) {
        return refusal;
    }
    if !is_upgrade(request)? {
        return response::error(426, "no_upgrade", "expected `Upgrade: websocket`");
    }
    let encoded = request.headers().get(MESSAGE)?.filter(|encoded| encoded.len() <= MAX_MESSAGE);
    let text = encoded.and_then(|encoded| js_sys::decode_uri_component(&encoded).ok()).map(String::from);
    let Some(message) = text.as_deref().and_then(|text| serde_json::from_str::<EdgeMessage<'_>>(text).ok()) else {
        return response::error(400, "unreadable", "`x-tl-message` is not an edge message");
    };
    let (device, token) = (message.device(), message.token());
    let profile = match &device {
        Some(device) => current_profile(env, device, token.as_deref()).await?,
        None => token.map(|profile| (profile, true)),
    };
    let Some((profile, proven)) = profile else { return unknown() };
    let page = OpenLive { proven, device: device.map(|device| device.id.value) };
    client::open_live(env, &profile, &page).await?.map_or_else(unknown, Ok)
}

fn is_upgrade(request: &Request) -> Result<bool> {
    Ok(request.headers().get("upgrade")?.is_some_and(|to| to.eq_ignore_ascii_case("websocket")))
}

fn unknown() -> Result<Response> {
    response::error(404, "unknown_visitor", "nothing is known that this visitor may know")
}
