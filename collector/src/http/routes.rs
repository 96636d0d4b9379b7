//! The routes.

use throughline::EventKind;
use worker::{Env, Method, Request, Response, Result};

use crate::http::{admin_api, edge_api, live_api, reports, response, rights_api, segment_api, unmerge_api};

/// The endpoint that a path names.
enum Route {
    /// Calls of SDKs: one of this kind, or a batch of any kinds.
    Calls(Option<EventKind>),
    Edge,
    EdgeBatch,
    EdgeRefresh,
    EdgeRedeem,
    EdgeLive,
    Token,
    Profile(String),
    ProfileExport(String),
    Unmerge(String),
    RetryDelivery(String, String),
    IdentityAudit,
    FailedEvents,
    Health,
    Jwks,
}

impl Route {
    fn of(path: &str) -> Option<Self> {
        if path == "/.well-known/jwks.json" {
            return Some(Self::Jwks);
        }
        let name = path.strip_prefix("/v1/")?;
        Some(match name {
            "track" | "t" => Self::Calls(Some(EventKind::Track)),
            "identify" | "i" => Self::Calls(Some(EventKind::Identify)),
            "page" | "p" => Self::Calls(Some(EventKind::Page)),
            "screen" | "s" => Self::Calls(Some(EventKind::Screen)),
            "group" | "g" => Self::Calls(Some(EventKind::Group)),
            "alias" | "a" => Self::Calls(Some(EventKind::Alias)),
            "batch" | "b" => Self::Calls(None),
            "edge" => Self::Edge,
            "edge/batch" => Self::EdgeBatch,
            "edge/refresh" => Self::EdgeRefresh,
            "edge/redeem" => Self::EdgeRedeem,
            "edge/live" => Self::EdgeLive,
            "reports/identity-audit" => Self::IdentityAudit,
            "tokens" => Self::Token,
            "failed-events" => Self::FailedEvents,
            "health" => Self::Health,
            other => Self::of_profile(other.strip_prefix("profiles/")?)?,
        })
    }

    fn of_profile(name: &str) -> Option<Self> {
        if let Some(name) = name.strip_suffix("/export") {
            return decoded(name).map(Self::ProfileExport);
        }
        if let Some((profile, send_id)) = name.strip_suffix("/retry").and_then(|name| name.split_once("/deliveries/")) {
            return Some(Self::RetryDelivery(decoded(profile)?, decoded(send_id)?));
        }
        match name.strip_suffix("/unmerge") {
            Some(name) => decoded(name).map(Self::Unmerge),
            None => decoded(name).map(Self::Profile),
        }
    }

    /// Returns the methods of the endpoint.
    const fn methods(&self) -> &'static [Method] {
        match self {
            Self::Calls(_)
            | Self::Edge
            | Self::EdgeBatch
            | Self::EdgeRefresh
            | Self::EdgeRedeem
            | Self::Token
            | Self::Unmerge(_)
            | Self::RetryDelivery(..) => &[Method::Post],
            Self::Profile(_) => &[Method::Get, Method::Delete],
            Self::EdgeLive
            | Self::ProfileExport(_)
            | Self::IdentityAudit
            | Self::FailedEvents
            | Self::Health
            | Self::Jwks => &[Method::Get],
        }
    }

    /// Returns whether pages call the endpoint, with the public write key.
    const fn is_for_pages(&self) -> bool {
        matches!(self, Self::Calls(_))
    }

    async fn dispatch(self, request: Request, env: &Env) -> Result<Response> {
        match self {
            Self::Calls(kind) => segment_api::calls(request, env, kind).await,
            Self::Edge => edge_api::post(request, env).await,
            Self::EdgeBatch => edge_api::batch(request, env).await,
            Self::EdgeRefresh => edge_api::refresh(request, env).await,
            Self::EdgeRedeem => edge_api::redeem(request, env).await,
            Self::EdgeLive => live_api::open(&request, env).await,
            Self::Unmerge(name) => unmerge_api::post(request, env, &name).await,
            Self::RetryDelivery(name, send_id) => admin_api::retry_delivery(&request, env, &name, send_id).await,
            Self::IdentityAudit => reports::identity_audit(&request, env).await,
            Self::Token => admin_api::token(request, env).await,
            Self::Profile(name) if request.method() == Method::Delete => rights_api::erase(&request, env, &name).await,
            Self::Profile(name) => admin_api::profile(&request, env, &name).await,
            Self::ProfileExport(name) => rights_api::export(&request, env, &name).await,
            Self::FailedEvents => admin_api::failed_events(&request, env).await,
            Self::Health => admin_api::health(env).await,
            Self::Jwks => admin_api::jwks(env),
        }
    }
}

fn decoded(text: &str) -> Option<String> {
    js_sys::decode_uri_component(text).ok().map(String::from).filter(|name| !name.is_empty())
}

/// Responds to a request.
pub async fn respond(request: Request, env: &Env) -> Result<Response> {
    let Some(route) = Route::of(request.path().trim_end_matches('/')) else {
        return response::error(404, "unknown_path", "unknown path");
    };
    if !route.is_for_pages() {
        return checked(route, request, env).await;
    }
    if request.method() == Method::Options {
        return response::preflight();
    }
    response::readable_anywhere(checked(route, request, env).await?)
}

async fn checked(route: Route, request: Request, env: &Env) -> Result<Response> {
    let methods = route.methods();
    if methods.contains(&request.method()) {
        return route.dispatch(request, env).await;
    }
    let mut names: Vec<&str> = methods.iter().map(Method::as_ref).collect();
    let response = response::error(405, "wrong_method", &format!("expected {}", names.join(" or ")))?;
    if route.is_for_pages() {
        names.push("OPTIONS");
    }
    response.headers().set("allow", &names.join(", "))?;
    Ok(response)
}
