//! Requests that pass through, after which the visitor may be somebody: the site's server may have signed them in.

use alloc::rc::Rc;

use throughline::{Facts, Plan, allows_storage};
use wasm_bindgen::JsValue;
use web_sys::{Headers, Response};

use crate::page::named_device;
use crate::page::origin::{self, Validators};
use crate::page::personalized_page::make_private;
use crate::prelude::*;
use crate::refresh;
use crate::request::RequestContext;
use crate::response;
use crate::visitor::set_cookies::set_cookies;
use crate::visitor::{Visitor, request_facts};

/// Returns the origin's response to a request that is not filled.
///
/// The origin learns the device. If it may have signed the visitor in, the response brings the person's token, so that the
/// next page is theirs already.
pub async fn pass(context: &RequestContext) -> Result<Response, JsValue> {
    let named = named(context).await;
    let alias = named.as_ref().map(|(visitor, _)| visitor.id.as_str());
    let response = origin::fetch(context, Validators::Keep, alias).await?;
    match named {
        Some((visitor, plan)) if may_have_signed_in(context, &visitor, &response) => {
            greet(context, &plan, visitor, response).await
        }
        _ => Ok(response),
    }
}

/// Returns the visitor whose device the origin may know of, unless the request is for an image, a script or the like.
async fn named(context: &RequestContext) -> Option<(Visitor, Rc<Plan>)> {
    if !context.incoming.may_sign_in() {
        return None;
    }
    let visitor = Visitor::recognise(&context.incoming, &context.isolate.config, context.now);
    if !visitor.is_signed || visitor.is_new {
        return None;
    }
    let plan = context.plan_or_load().await?;
    let request = request_facts::of(&context.incoming, visitor.session);
    named_device(context, &plan, &visitor, request)?;
    Some((visitor, plan))
}

/// Whether the origin may have signed the visitor in: whoever is unknown has sent something, or has been redirected with a
/// cookie, as after a login elsewhere.
fn may_have_signed_in(context: &RequestContext, visitor: &Visitor, response: &Response) -> bool {
    let is_unknown = visitor.profile.subject == visitor.id;
    let has_sent = context.incoming.method == "POST" && response.status() < 400;
    let is_redirected =
        (300..304).contains(&response.status()) && response.headers().has("set-cookie").unwrap_or(false);
    is_unknown && response.status() >= 200 && (has_sent || is_redirected)
}

/// Returns the response with the visitor's fresh token, if the collector has one by now.
async fn greet(
    context: &RequestContext,
    plan: &Plan,
    mut visitor: Visitor,
    response: Response,
) -> Result<Response, JsValue> {
    if let Some(question) = refresh::ask_at_once(context, &visitor) {
        question.wait(context).await;
    }
    refresh::apply(context, plan, &mut visitor);
    let request = request_facts::of(&context.incoming, visitor.session);
    let facts = Facts { now: context.now, profile: visitor.profile.clone(), request, events: Vec::new() };
    if !visitor.is_refreshed || !allows_storage(plan, &facts) {
        return Ok(response);
    }
    let headers = Headers::new_with_headers(&response.headers())?;
    make_private(&headers)?;
    set_cookies(&headers, &context.isolate.config, &context.incoming.cookies, &visitor, false, context.now);
    let init = response::init(response.status(), &headers);
    Response::new_with_opt_readable_stream_and_init(response.body().as_ref(), &init)
}
