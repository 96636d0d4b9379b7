//! The collector worker: takes events, keeps one profile for each person, moves journeys, and issues tokens for the edge.

mod admin;
mod answer;
mod auth;
mod body;
mod call;
mod clock;
mod edge;
mod failed;
mod hash;
mod identity;
mod ids;
mod ingest;
mod plans;
mod profile;
mod record;
mod resolve;
mod routes;
mod segment;
mod settings;
mod stub;
mod webhook;

use worker::{Context, Env, Request, Response, Result, console_error, event};

#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    routes::answer(request, &env).await.or_else(|error| {
        console_error!("{error}");
        answer::error(503, "unavailable", "try again")
    })
}
