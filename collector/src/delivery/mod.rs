//! Delivery of messages to the operator's services: one webhook per channel.

mod message;
mod webhook;

pub use message::OutboundMessage;
pub use webhook::send;
