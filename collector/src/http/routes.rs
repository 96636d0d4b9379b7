//! The routes.

use throughline::EventKind;
use worker::{Env, Method, Request, Response, Result};

use crate::http::{admin_api, edge_api, live_api, reports, response, rights_api, segment_api, unmerge_api};
use crate::ingest::dialect::Dialect;

/// The endpoint that a path names.
enum Route {
    /// Events of clients, in their language.
    Calls(Dialect),
    /// An event in the address of an image.
    Pixel(Dialect),
    /// The settings of Segment's SDKs, for this write key.
    Settings(String),
    Metrics,
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
        if let Some(route) = Self::of_other_vendor(path) {
            return Some(route);
        }
        let name = path.strip_prefix("/v1/")?;
        Some(match name {
            "batch" | "b" | "import" => Self::Calls(Dialect::Segment(None)),
            "m" => Self::Metrics,
            "edge" => Self::Edge,
            "edge/batch" => Self::EdgeBatch,
            "edge/refresh" => Self::EdgeRefresh,
            "edge/redeem" => Self::EdgeRedeem,
            "edge/live" => Self::EdgeLive,
            "reports/identity-audit" => Self::IdentityAudit,
            "tokens" => Self::Token,
            "failed-events" => Self::FailedEvents,
            "health" => Self::Health,
            other => return Self::of_name(other),
        })
    }

    fn of_name(name: &str) -> Option<Self> {
        if let Some(key) = name.strip_prefix("projects/").and_then(|rest| rest.strip_suffix("/settings")) {
            return decoded(key).map(Self::Settings);
        }
        if let Some(kind) = name.strip_prefix("pixel/").and_then(kind_of) {
            return Some(Self::Pixel(Dialect::Segment(Some(kind))));
        }
        match kind_of(name) {
            Some(kind) => Some(Self::Calls(Dialect::Segment(Some(kind)))),
            None => Self::of_profile(name.strip_prefix("profiles/")?),
        }
    }

    /// Returns the endpoint of a path that is built into the clients of another vendor.
    fn of_other_vendor(path: &str) -> Option<Self> {
        Some(match path {
            "/batch" | "/e" | "/i/v0/e" | "/capture" => Self::Calls(Dialect::PostHog),
            "/com.snowplowanalytics.snowplow/tp2" => Self::Calls(Dialect::Snowplow),
            "/i" => Self::Pixel(Dialect::Snowplow),
            _ => return None,
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
            Self::Calls(Dialect::PostHog) => &[Method::Post, Method::Get],
            Self::Calls(_)
            | Self::Metrics
            | Self::Edge
            | Self::EdgeBatch
            | Self::EdgeRefresh
            | Self::EdgeRedeem
            | Self::Token
            | Self::Unmerge(_)
            | Self::RetryDelivery(..) => &[Method::Post],
            Self::Profile(_) => &[Method::Get, Method::Delete],
            Self::Pixel(_)
            | Self::Settings(_)
            | Self::EdgeLive
            | Self::ProfileExport(_)
            | Self::IdentityAudit
            | Self::FailedEvents
            | Self::Health
            | Self::Jwks => &[Method::Get],
        }
    }

    /// Returns whether pages call the endpoint, with the public write key.
    const fn is_for_pages(&self) -> bool {
        matches!(self, Self::Calls(_) | Self::Pixel(_) | Self::Settings(_) | Self::Metrics)
    }

    /// Returns whether pages send their credentials, of which there are none.
    const fn has_credentials(&self) -> bool {
        matches!(self, Self::Calls(Dialect::Snowplow) | Self::Pixel(Dialect::Snowplow))
    }

    fn method_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.methods().iter().map(Method::as_ref).collect();
        if self.is_for_pages() {
            names.push("OPTIONS");
        }
        names
    }

    async fn dispatch(self, request: Request, env: &Env) -> Result<Response> {
        match self {
            Self::Calls(dialect) => segment_api::calls(request, env, dialect).await,
            Self::Pixel(dialect) => segment_api::pixel(request, env, dialect).await,
            Self::Settings(key) => segment_api::settings(&request, env, &key),
            Self::Metrics => segment_api::metrics(),
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

/// Returns the kind of calls that a path names, in full or by its first letter.
fn kind_of(name: &str) -> Option<EventKind> {
    let full = match name {
        "t" => "track",
        "i" => "identify",
        "p" => "page",
        "s" => "screen",
        "g" => "group",
        "a" => "alias",
        full => full,
    };
    EventKind::from_name(full)
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
    let origin = request.headers().get("origin")?.filter(|_| route.has_credentials());
    let response = if request.method() == Method::Options {
        response::preflight(&request, &route.method_names().join(", "))?
    } else {
        checked(route, request, env).await?
    };
    response::readable_anywhere(response, origin.as_deref())
}

async fn checked(route: Route, request: Request, env: &Env) -> Result<Response> {
    if route.methods().contains(&request.method()) {
        return route.dispatch(request, env).await;
    }
    let expected: Vec<&str> = route.methods().iter().map(Method::as_ref).collect();
    let response = response::error(405, "wrong_method", &format!("expected {}", expected.join(" or ")))?;
    response.headers().set("allow", &route.method_names().join(", "))?;
    Ok(response)
}
