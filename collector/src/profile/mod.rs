//! The Profile objects: one profile each, where events are deduplicated, stored and reduced, and journeys advance.
//!
//! [`object`] dispatches the operations of [`rpc`] to one module per protocol. Each module documents its states, and
//! why a crash at any step loses nothing. They share only what is below them:
//!
//! ```text
//! object ── account · member_message · people · merge · unmerge · outbox · archive · audit · ingest · token · view ·
//!           erase · export · live
//!                  │
//!               session        the profile for the time of one transaction; owns the store
//!                  │
//!               context        transactions, bindings and settings of the object
//!                  │
//!               sockets        the pages that hear of a commit
//! ```

mod account;
mod archive;
mod audit;
pub mod client;
mod context;
mod erase;
mod export;
mod ingest;
mod live;
mod member_message;
mod merge;
mod merge_loser;
mod object;
mod outbox;
mod outside;
mod people;
mod retention;
pub mod rpc;
mod session;
mod sockets;
mod token;
mod unmerge;
mod view;
