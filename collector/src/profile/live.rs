//! The live channel: a page that is open hears when its profile changes.
//!
//! ```text
//!   page ──upgrade──> edge ──device, proof──> collector ──> Profile object: accepts the socket, sends {"ver": n}
//!                                                              │ commit with another version ──> {"ver": n}
//!                                                              │ merged, or a merge undone ──> closed, 4001
//!                                                              │ erased ──> closed, 4002
//!                                                              │ signed out, or the id replaced ──> closed, 4003
//!                                                              └ 16 newer sockets ──> closed, 4004
//! ```
//!
//! No fact travels on it. The page asks for its token as always, and gets what it may know then.

use worker::{Request, Response, Result};

use crate::platform::clock;
use crate::profile::context::ObjectContext;
use crate::profile::rpc::{HangUp, MaybeMoved, OPEN_LIVE_HEADER, OpenLive};
use crate::profile::sockets::{Ending, Heard};
use crate::profile::token;
use crate::store::key;

/// Accepts the socket of a page that may get a token of this profile. The others are told where it went, or nothing.
pub fn open(context: &ObjectContext, request: &Request) -> Result<Response> {
    let header = request.headers().get(OPEN_LIVE_HEADER)?.unwrap_or_default();
    let page: OpenLive = serde_json::from_str(&header)?;
    let store = context.store()?;
    let nothing = || Response::from_json(&MaybeMoved::Here(()));
    match Heard::of(&store)? {
        Heard::Moved => Response::from_json(&store.get(key::MOVED_TO)?.map_or(MaybeMoved::Here(()), MaybeMoved::Moved)),
        Heard::Version(version) if store.is_known()? && token::refusal(&store, page.proven)?.is_none() => {
            Response::from_websocket(context.accept_socket(page.device.as_deref(), version, clock::now())?)
        }
        Heard::Version(_) | Heard::Erased => nothing(),
    }
}

/// Closes the sockets of a device that has another profile or none by now. After a merge there are none here.
pub fn hang_up(context: &ObjectContext, request: &HangUp) {
    context.close_sockets_of(&request.device, if request.is_sign_out { Ending::SignedOut } else { Ending::Moved });
}
