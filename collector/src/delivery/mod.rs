//! Delivery of messages to the operator's services: one webhook per channel.

mod message;
pub mod retry;
mod webhook;

pub use message::OutboundMessage;
pub use webhook::{send, url_of};
