//! The collector worker: accepts events, keeps one profile per person and account, advances journeys, delivers their
//! messages, and mints tokens for the edge.
//!
//! Folders, lowest first; each imports only from those above it in this list:
//!
//! - `platform`: clock, hashes, settings, the current plan, and calls of Durable Objects
//! - `event`: identifiers, journal records, and what became of an event
//! - `store`: all SQL, and the names and schema version of everything stored
//! - `identity`, `delivery`: the Identity objects; the webhook
//! - `profile`: the Profile objects and their protocols
//! - `ingest`: from calls of senders to records in profiles
//! - `http`: routes, authentication and responses

mod delivery;
mod event;
mod http;
mod identity;
mod ingest;
mod platform;
mod profile;
mod store;

use worker::{Context, Env, Request, Response, Result, console_error};

#[worker::event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    http::routes::respond(request, &env).await.or_else(|error| {
        console_error!("request failed: {error}");
        http::response::error(503, "unavailable", "try again")
    })
}
