//! Delivery of messages to the services that bring them to people.

pub mod webhook;
