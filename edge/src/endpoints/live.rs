//! `GET live`: the live channel of an open page. The collector keeps its WebSocket, and this endpoint passes it on.
//!
//! Browsers open WebSockets to other origins without asking (there is no CORS), and send cookies along. So a page that is
//! not ours is refused by its `Origin`.

use wasm_bindgen::JsValue;
use web_sys::{Headers, Request, RequestInit, Response};

use crate::endpoints::active_plan;
use crate::error::{Refusal, log};
use crate::outbox::{self, Envelope, path};
use crate::prelude::*;
use crate::refresh;
use crate::request::{RequestContext, cors};
use crate::visitor::decide_for_visitor::facts_for_visitor;
use crate::visitor::{Visitor, request_facts};

/// The header with the message to the collector, because an upgrade has no body. It has a device and a proof, and the
/// collector limits its length.
const MESSAGE: &str = "x-tl-message";
/// The status of a response with a WebSocket.
pub const SWITCHING_PROTOCOLS: u16 = 101;

/// Responds with the collector's WebSocket for this visitor.
pub async fn respond(context: &RequestContext) -> Result<Response, Refusal> {
    if !context.isolate.config.live {
        return Err(Refusal::new(404, "live_off", "the live channel is switched off: `LIVE` is not `on`"));
    }
    let upgrade = context.incoming.header("upgrade").unwrap_or_default();
    if context.incoming.method != "GET" || !upgrade.eq_ignore_ascii_case("websocket") {
        return Err(Refusal::new(426, "no_upgrade", "expected `Upgrade: websocket`"));
    }
    cors::check_sender(context)?;
    let visitor = visitor(context).await?;
    let message = Envelope::of_visitor(context, &visitor).to_json([]);
    let response = forward(context, &message).await?;
    match response.status() {
        SWITCHING_PROTOCOLS => Ok(response),
        404 => Err(Refusal::new(404, "unknown_visitor", "nothing is known of this visitor yet")),
        status => {
            log(&format!("live: status {status}"));
            Err(Refusal::new(503, "unavailable", "the live channel cannot be opened now"))
        }
    }
}

/// Returns the visitor, if they may be recognised and the collector may know them.
async fn visitor(context: &RequestContext) -> Result<Visitor, Refusal> {
    let plan = active_plan(context).await?;
    let visitor = Visitor::recognise(&context.incoming, &context.isolate.config, context.now);
    let request = request_facts::of(&context.incoming, visitor.session);
    let (visitor, _) = facts_for_visitor(&plan, visitor, request, context.now, &|_| Vec::new());
    if refresh::is_known(&visitor) {
        return Ok(visitor);
    }
    Err(Refusal::new(403, "not_recognised", "expected consent to storage, and a signed device or a token in force"))
}

/// Asks the collector to upgrade. Of the visitor's request nothing goes along.
///
/// There is no limit in time: no page waits, and a signal would end the accepted WebSocket as well.
async fn forward(context: &RequestContext, message: &str) -> Result<Response, JsValue> {
    let (collector, authorization) = outbox::collector(&context.isolate.config, &context.env)?;
    let headers = Headers::new()?;
    headers.set("upgrade", "websocket")?;
    headers.set("authorization", &authorization)?;
    headers.set(MESSAGE, &String::from(js_sys::encode_uri_component(message)))?;
    let init = RequestInit::new();
    init.set_headers(&headers);
    collector.fetch(&Request::new_with_str_and_init(&format!("{}{}", outbox::COLLECTOR, path::LIVE), &init)?).await
}
