//! The operations of a Profile object: their names, bodies and replies.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use throughline::{Account, MemberMessage, Profile};

use crate::event::{IngestResult, Record};
use crate::store::{ArchiveFile, Delivery, Erasure, Removed};

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
    ClaimIdentifier = "claim_identifier" -> IdentifierClaim;
    MergeFrom = "merge_from" -> ();
    BeginMerge = "begin_merge" -> Option<MergeSnapshot>;
    ExportEvents = "export_events" -> ExportedEvents;
    FinishMerge = "finish_merge" -> ();
    ForwardToAccount = "forward_to_account" -> AccountSync;
    PullFromAccount = "pull_from_account" -> AccountSync;
    ClaimMessage = "claim_message" -> MaybeMoved<Claimed>;
    MintToken = "mint_token" -> MaybeMoved<Minted>;
    ViewProfile = "view_profile" -> MaybeMoved<Option<ProfileView>>;
    Erase = "erase" -> MaybeMoved<Option<Erased>>;
    ForgetMember = "forget_member" -> Forgotten;
    ExportProfile = "export_profile" -> MaybeMoved<Option<ExportPage>>;
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

/// Makes this the profile of a person.
#[derive(Debug, Serialize, Deserialize)]
pub struct ClaimIdentifier {
    pub user: String,
}

/// Whether the profile is the person's.
#[derive(Debug, Serialize, Deserialize)]
pub enum IdentifierClaim {
    /// It is.
    Claimed,
    /// It belongs to another person, or was merged into another profile.
    Refused,
}

/// Merges another profile into this one.
#[derive(Debug, Serialize, Deserialize)]
pub struct MergeFrom {
    pub loser: String,
    pub user: String,
}

/// Freezes this profile: from now on its events go to the winner.
#[derive(Debug, Serialize, Deserialize)]
pub struct BeginMerge {
    pub winner: String,
    pub user: String,
}

/// Everything in a frozen profile but its events.
#[derive(Debug, Serialize, Deserialize)]
pub struct MergeSnapshot {
    pub profile: Profile,
    pub base: Profile,
    pub secured: bool,
    pub devices: Vec<String>,
    pub deliveries: Vec<Delivery>,
    pub messages: Vec<MemberMessage>,
    /// The names of its files in the archive.
    #[serde(default)]
    pub files: Vec<ArchiveFile>,
}

/// Returns a page of the events of a frozen profile.
#[derive(Debug, Serialize, Deserialize)]
pub struct ExportEvents {
    /// The position after which the page begins.
    pub after: i64,
}

/// A page of events, each with its position in the journal.
#[derive(Debug, Serialize, Deserialize)]
pub struct ExportedEvents {
    pub events: Vec<(i64, Record)>,
}

/// Deletes everything in a frozen profile but where it went.
#[derive(Debug, Serialize, Deserialize)]
pub struct FinishMerge {}

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
    /// Whether the token may have facts from trusted senders.
    pub proven: bool,
}

/// A token, or the reason why there is none.
#[derive(Debug, Serialize, Deserialize)]
pub enum Minted {
    /// A token that expires `expires` seconds after the Unix epoch.
    Token { token: String, subject: String, expires: u64, version: u64 },
    /// The reason, such as that nothing is known about the subject.
    Nothing(String),
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
