//! The collector worker: takes events, keeps one profile for each person, moves journeys, and issues tokens for the edge.

mod delivery;
mod http;
mod identity;
mod ingest;
mod platform;
mod profile;

use worker::{Context, Env, Request, Response, Result, console_error, event};

#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    http::routes::answer(request, &env).await.or_else(|error| {
        console_error!("{error}");
        http::response::error(503, "unavailable", "try again")
    })
}
