//! The HTTP interface: routes, who may call them, and what they answer.

mod admin_api;
mod auth;
mod body;
mod edge_api;
pub mod response;
pub mod routes;
mod segment_api;
