//! The HTTP interface: routes, authentication, and responses.

mod admin_api;
mod auth;
mod body;
mod edge_api;
mod live_api;
mod reports;
pub mod response;
mod rights_api;
pub mod routes;
mod segment_api;
mod unmerge_api;
