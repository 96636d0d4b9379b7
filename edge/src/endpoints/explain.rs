//! `GET explain?path=/…`: why this visitor would see what they see there, and with `why_not=CAMPAIGN` (and `slot=SLOT`) why not
//! something else. Only with a preview token.

use throughline::token::{PreviewScope, Rejection};
use throughline::{Facts, explain};
use web_sys::Response;

use crate::endpoints::active_plan;
use crate::error::Refusal;
use crate::prelude::*;
use crate::request::Call;
use crate::request::cookies;
use crate::response;
use crate::visitor::Visitor;
use crate::visitor::context;
use crate::visitor::preview;

/// The decision and its trace, as canonical JSON.
pub async fn respond(call: &Call) -> Result<Response, Refusal> {
    check(call)?;
    let path = call.incoming.address.param("path").unwrap_or_else(|| "/".to_owned());
    if !path.starts_with('/') {
        return Err(Refusal::new(
            400,
            "invalid_path",
            format!("`path` is `{path}`, expected a path such as `/pricing`"),
        ));
    }
    let plan = active_plan(call).await?;
    let visitor = Visitor::recognise(&call.incoming, &call.edge.config, call.now);
    let there = call.incoming.at(&format!("{}{path}", call.incoming.address.origin()));
    let request = context::of(&there, visitor.session);
    let facts = Facts { now: call.now, profile: visitor.profile, request, events: Vec::new() };
    let mut explanation = explain(&plan, &facts);
    if let Some(campaign) = call.incoming.address.param("why_not") {
        explanation = explanation.why_not(&plan, &campaign, call.incoming.address.param("slot").as_deref());
    }
    Ok(response::json_text(200, &explanation.to_json())?)
}

/// The token comes as `Authorization: Bearer`, as the parameter or as the cookie of a preview.
fn check(call: &Call) -> Result<(), Refusal> {
    let cookie = call.incoming.cookies.get(cookies::PREVIEW).map(str::to_owned);
    let token = call.incoming.bearer().or_else(|| call.incoming.address.param(cookies::PREVIEW)).or(cookie);
    let Some(token) = token else {
        let message = "expected a preview token with the scope `explain`";
        return Err(Refusal::new(401, "missing_token", message).with("www-authenticate", "Bearer"));
    };
    preview::allows(call, &token, PreviewScope::Explain).map_err(|refused| {
        let status = if refused == Rejection::MissingScope { 403 } else { 401 };
        Refusal::new(status, refused.code(), format!("the preview token is refused: {refused}"))
            .with("www-authenticate", "Bearer")
    })
}
