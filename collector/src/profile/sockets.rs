//! The WebSockets of a subject's open pages. They hear that the profile has another version, and nothing about it.
//!
//! The runtime keeps them while the object sleeps. `entry.js` has the handlers of messages, which need no instance.

use worker::{Result, State, WebSocket, WebSocketPair, WebSocketRequestResponsePair};

use crate::store::{ProfileStore, key};

/// The most sockets of one profile. Another one closes the oldest.
const MAX_SOCKETS: usize = 16;
/// The age at which a socket is closed in place of being told something, in milliseconds: a page that opens another one
/// shows again who it is.
const MAX_AGE: i64 = 60 * 60 * 1000;
/// The state `OPEN` of a socket.
const OPEN: u16 = 1;

/// The reason for which the collector closes a socket.
#[derive(Clone, Copy, Debug)]
pub enum Ending {
    /// The page may belong to another profile by now, and has to ask.
    Moved,
    /// The profile is erased.
    Erased,
    /// The device has signed out, or has got another id.
    SignedOut,
    /// Newer pages have taken the places.
    TooMany,
}

/// The part of a profile that pages hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Its version.
    Version(u64),
    /// That it was merged into another one.
    Moved,
    /// That it is erased.
    Erased,
}

impl Heard {
    /// Reads it from the store.
    pub fn of(store: &ProfileStore) -> Result<Self> {
        if store.is_erased()? {
            return Ok(Self::Erased);
        }
        if store.contains(key::MOVED_TO)? {
            return Ok(Self::Moved);
        }
        Ok(Self::Version(store.get(key::VERSION)?.unwrap_or(0)))
    }
}

/// Accepts the socket of a page, and tells it the version. Returns the page's end.
pub fn accept(state: &State, device: Option<&str>, version: u64, now: i64) -> Result<WebSocket> {
    let mut open = open_sockets(state);
    open.sort_by_key(since);
    let surplus = open.len().saturating_add(1).saturating_sub(MAX_SOCKETS);
    for oldest in open.iter().take(surplus) {
        close(oldest, Ending::TooMany);
    }
    let pair = WebSocketPair::new()?;
    // The runtime answers without waking the object.
    state.set_websocket_auto_response(&WebSocketRequestResponsePair::new("ping", "pong")?);
    match device {
        Some(device) => state.accept_websocket_with_tags(&pair.server, &[device]),
        None => state.accept_web_socket(&pair.server),
    }
    pair.server.serialize_attachment(now)?;
    tell(&pair.server, version);
    Ok(pair.client)
}

/// Returns whether any page listens.
pub fn is_heard(state: &State) -> bool {
    !state.get_websockets().is_empty()
}

/// Tells the pages what has changed.
pub fn announce(state: &State, heard: Heard, now: i64) {
    for socket in open_sockets(state) {
        match heard {
            Heard::Erased => close(&socket, Ending::Erased),
            Heard::Moved => close(&socket, Ending::Moved),
            Heard::Version(_) if since(&socket) < now.saturating_sub(MAX_AGE) => close(&socket, Ending::Moved),
            Heard::Version(version) => tell(&socket, version),
        }
    }
}

/// Closes the sockets of a device.
pub fn close_device(state: &State, device: &str, ending: Ending) {
    for socket in state.get_websockets_with_tag(device) {
        close(&socket, ending);
    }
}

/// Closes all sockets.
pub fn close_all(state: &State, ending: Ending) {
    for socket in open_sockets(state) {
        close(&socket, ending);
    }
}

fn open_sockets(state: &State) -> Vec<WebSocket> {
    let mut sockets = state.get_websockets();
    sockets.retain(|socket| AsRef::<web_sys::WebSocket>::as_ref(socket).ready_state() == OPEN);
    sockets
}

/// Returns when a socket was accepted.
fn since(socket: &WebSocket) -> i64 {
    socket.deserialize_attachment().ok().flatten().unwrap_or(0)
}

/// A page that has just gone is told in vain.
fn tell(socket: &WebSocket, version: u64) {
    socket.send_with_str(format!("{{\"ver\":{version}}}")).ok();
}

fn close(socket: &WebSocket, ending: Ending) {
    let (code, reason) = match ending {
        Ending::Moved => (4001, "moved"),
        Ending::Erased => (4002, "erased"),
        Ending::SignedOut => (4003, "signed out"),
        Ending::TooMany => (4004, "too many"),
    };
    socket.close(Some(code), Some(reason)).ok();
}
