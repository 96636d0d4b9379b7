//! The operations of a Profile object: their names, bodies and replies.

mod people;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use throughline::{Account, MemberMessage};

use crate::event::{IngestResult, Record};
use crate::store::{Erasure, Removed};

pub use people::*;

/// An operation: its body, name and reply. Every operation is idempotent.
pub trait Operation: Serialize + DeserializeOwned {
    /// The name in the address.
    const NAME: &'static str;
    /// The reply.
    type Reply: Serialize + DeserializeOwned;
}

/// Declares the name and the reply of operations.
macro_rules! operations {
    ($($body:ident = $name:literal -> $reply:ty;)*) => {
        $(impl Operation for $body {
            const NAME: &'static str = $name;
            type Reply = $reply;
        })*
    };
}

operations! {
    Ingest = "ingest" -> MaybeMoved<Ingested>;
    Survey = "survey" -> MaybeMoved<Surveyed>;
    Admit = "admit" -> MaybeMoved<Admitted>;
    Withdraw = "withdraw" -> MaybeMoved<()>;
    MergeFrom = "merge_from" -> MaybeMoved<MergeOutcome>;
    BeginMerge = "begin_merge" -> BegunMerge;
    ExportEvents = "export_events" -> ExportedEvents;
    FinishMerge = "finish_merge" -> ();
    Unmerge = "unmerge" -> MaybeMoved<UnmergeOutcome>;
    Restore = "restore" -> ();
    TakeBack = "take_back" -> ();
    ForwardToAccount = "forward_to_account" -> AccountSync;
    PullFromAccount = "pull_from_account" -> AccountSync;
    ClaimMessage = "claim_message" -> MaybeMoved<Claimed>;
    MintToken = "mint_token" -> MaybeMoved<Minted>;
    RedeemHandOver = "redeem_hand_over" -> Redeemed;
    ViewProfile = "view_profile" -> MaybeMoved<Option<ProfileView>>;
    Erase = "erase" -> MaybeMoved<Option<Erased>>;
    ForgetMember = "forget_member" -> Forgotten;
    ExportProfile = "export_profile" -> MaybeMoved<Option<ExportPage>>;
    HangUp = "hang_up" -> ();
    RetryDelivery = "retry_delivery" -> MaybeMoved<bool>;
}

/// The reply of a profile that may have been merged into another one.
#[derive(Debug, Serialize, Deserialize)]
pub enum MaybeMoved<T> {
    /// The reply.
    Here(T),
    /// The profile that this one was merged into. The operation has to be sent there.
    Moved(String),
}

/// Stores events and reduces them.
#[derive(Debug, Serialize, Deserialize)]
pub struct Ingest {
    pub records: Vec<Record>,
}

/// The results of ingesting events.
#[derive(Debug, Serialize, Deserialize)]
pub struct Ingested {
    /// One result for each record, in their order.
    pub results: Vec<IngestResult>,
    /// The profile's version afterwards.
    pub version: u64,
}

/// Stores a member's events in the profile of the account.
#[derive(Debug, Serialize, Deserialize)]
pub struct ForwardToAccount {
    /// The account's id.
    pub account: String,
    /// The member's profile.
    pub member: String,
    pub records: Vec<Record>,
}

/// Returns what members may know about the account.
#[derive(Debug, Serialize, Deserialize)]
pub struct PullFromAccount {}

/// The part of an account that its members may know.
#[derive(Debug, Serialize, Deserialize)]
pub struct AccountSync {
    pub account: Account,
}

/// Makes a member responsible for a message of its account's journey.
#[derive(Debug, Serialize, Deserialize)]
pub struct ClaimMessage {
    /// The account's id.
    pub account: String,
    /// The part of it that members may know.
    pub known: Account,
    pub message: MemberMessage,
}

/// The message is stored in the member's object.
#[derive(Debug, Serialize, Deserialize)]
pub struct Claimed {}

/// Returns what is known about the subject, for people.
#[derive(Debug, Serialize, Deserialize)]
pub struct ViewProfile {
    /// The position before which the page of events ends, or `None` for the latest events.
    pub before: Option<i64>,
    /// The number of events.
    pub limit: i64,
}

/// The JSON of a profile as `GET /v1/profiles` returns it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProfileView(pub serde_json::Value);

/// Mints a token for the edge.
#[derive(Debug, Serialize, Deserialize)]
pub struct MintToken {
    /// Whether it is proven that the device is the subject's. Without a proof only a device gets a token, of its own.
    pub proven: bool,
}

/// A token, or the reason why there is none.
#[derive(Debug, Serialize, Deserialize)]
pub enum Minted {
    /// A token that expires `expires` seconds after the Unix epoch.
    Token { token: String, subject: String, expires: u64, version: u64 },
    /// The reason.
    Nothing(String),
    /// The profile is erased, or nothing is known about the subject.
    Erased,
}

/// Erases this profile, and everything about it in other places.
#[derive(Debug, Serialize, Deserialize)]
pub struct Erase {
    /// Whether later events about the same identifiers are ignored.
    pub suppress: bool,
    /// The profile that this one was merged into, if it asks: then this one is erased, and not the winner.
    pub winner: Option<String>,
}

/// An erasure that is done.
#[derive(Debug, Serialize, Deserialize)]
pub struct Erased {
    /// When it began, in milliseconds since the Unix epoch.
    pub at: i64,
    /// Whether later events are ignored.
    pub suppress: bool,
    /// The numbers of removed things.
    pub removed: Removed,
}

impl From<Erasure> for Erased {
    fn from(erasure: Erasure) -> Self {
        Self { at: erasure.at, suppress: erasure.suppress, removed: erasure.removed }
    }
}

/// Removes the events of members from the profile of their account.
#[derive(Debug, Serialize, Deserialize)]
pub struct ForgetMember {
    /// The members' profiles.
    pub members: Vec<String>,
}

/// The numbers of removed things.
#[derive(Debug, Serialize, Deserialize)]
pub struct Forgotten {
    /// The number of events.
    pub events: u64,
}

/// Returns a page of everything that is stored about the subject.
#[derive(Debug, Serialize, Deserialize)]
pub struct ExportProfile {
    /// The position at which the page begins.
    pub at: ExportPosition,
}

/// A position in an export: its parts follow one another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExportPosition {
    /// The profile, with identifiers and merges.
    Profile,
    /// The events after a position of the journal.
    Events(i64),
    /// The deliveries after a `send_id`.
    Deliveries(String),
    /// The archive files after a name.
    Files(String),
}

/// A page of an export.
#[derive(Debug, Serialize, Deserialize)]
pub struct ExportPage {
    /// Lines of JSON, each with its line feed.
    pub lines: String,
    /// The next position, or `None` at the end.
    pub next: Option<ExportPosition>,
}

/// Uses a hand-over token of this profile, also if the profile was merged since.
#[derive(Debug, Serialize, Deserialize)]
pub struct RedeemHandOver {
    /// The id of the hand-over token.
    pub jti: String,
    /// When it expires, in milliseconds since the Unix epoch.
    pub expires: i64,
}

/// Whether a hand-over token was used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Redeemed {
    /// It was not.
    First,
    /// It was.
    Again,
}

/// The operation that upgrades a request to a WebSocket. It has no body; [`OpenLive`] is in a header.
pub const OPEN_LIVE: &str = "live";
/// The header with [`OpenLive`].
pub const OPEN_LIVE_HEADER: &str = "x-tl-live";

/// Accepts the WebSocket of an open page.
#[derive(Debug, Serialize, Deserialize)]
pub struct OpenLive {
    /// Whether it is proven that the device is the subject's.
    pub proven: bool,
    /// The alias of the device, unless an app shows nothing but a token.
    pub device: Option<String>,
}

/// Closes the WebSockets of a device.
#[derive(Debug, Serialize, Deserialize)]
pub struct HangUp {
    /// The alias of the device.
    pub device: String,
    /// Whether its id has ended. Otherwise it leads to another profile.
    pub is_sign_out: bool,
}

/// Tries a failed delivery again.
#[derive(Debug, Serialize, Deserialize)]
pub struct RetryDelivery {
    /// The id of the message.
    pub send_id: String,
}
