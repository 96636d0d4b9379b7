//! `GET explain?path=/…`: the decision for this visitor on that page and its trace, for callers with a preview token.
//!
//! With `why_not=CAMPAIGN`, and optionally `slot=SLOT`, it also explains why a campaign is not shown.

use throughline::token::{PreviewScope, Rejection};
use throughline::{Facts, explain};
use web_sys::Response;

use crate::endpoints::active_plan;
use crate::error::Refusal;
use crate::prelude::*;
use crate::request::RequestContext;
use crate::request::cookies;
use crate::response;
use crate::visitor::Visitor;
use crate::visitor::{preview, request_facts};

/// Responds with the decision and its trace, as canonical JSON.
pub async fn respond(context: &RequestContext) -> Result<Response, Refusal> {
    check(context)?;
    let path = context.incoming.address.param("path").unwrap_or_else(|| "/".to_owned());
    if !path.starts_with('/') {
        return Err(Refusal::new(
            400,
            "invalid_path",
            format!("`path` is `{path}`, expected a path such as `/pricing`"),
        ));
    }
    let plan = active_plan(context).await?;
    let visitor = Visitor::recognise(&context.incoming, &context.isolate.config, context.now);
    let there = context.incoming.at(&format!("{}{path}", context.incoming.address.origin()));
    let request = request_facts::of(&there, visitor.session);
    let facts = Facts { now: context.now, profile: visitor.profile, request, events: Vec::new() };
    let mut explanation = explain(&plan, &facts);
    if let Some(campaign) = context.incoming.address.param("why_not") {
        explanation = explanation.why_not(&plan, &campaign, context.incoming.address.param("slot").as_deref());
    }
    Ok(response::json_text(200, &explanation.to_json())?)
}

/// Checks the preview token, which is sent as `Authorization: Bearer`, or as the parameter or cookie of a preview.
fn check(context: &RequestContext) -> Result<(), Refusal> {
    let cookie = context.incoming.cookies.get(cookies::PREVIEW).map(str::to_owned);
    let token = context.incoming.bearer().or_else(|| context.incoming.address.param(cookies::PREVIEW)).or(cookie);
    let Some(token) = token else {
        let message = "expected a preview token with the scope `explain`";
        return Err(Refusal::new(401, "missing_token", message).with("www-authenticate", "Bearer"));
    };
    preview::check_scope(context, &token, PreviewScope::Explain).map_err(|refused| {
        let status = if refused == Rejection::MissingScope { 403 } else { 401 };
        Refusal::new(status, refused.code(), format!("the preview token is refused: {refused}"))
            .with("www-authenticate", "Bearer")
    })
}
