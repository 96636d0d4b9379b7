//! The operations of a Profile object: their names, bodies and replies.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use throughline::{Account, MemberMessage, Profile};

use crate::event::identifier::Identifier;
use crate::event::{IngestResult, Record};
use crate::store::{
    ArchiveFile, Conflict, Delivery, Erasure, HandBack, HeldByLoser, Removed, SeenEvent, SourceRecords,
};

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

/// Returns who the subject is. It writes nothing.
#[derive(Debug, Serialize, Deserialize)]
pub struct Survey {}

/// The identity of a subject.
#[derive(Debug, Serialize, Deserialize)]
pub struct Surveyed {
    /// Whether it is a person. Otherwise it is a device, or nobody.
    pub is_person: bool,
    /// Whether it is erased, so that nothing is added to it.
    pub is_erased: bool,
    /// The identifiers of people.
    pub people: Vec<Identifier>,
    /// When the first of them was added, in milliseconds since the Unix epoch.
    pub created: i64,
}

/// Adds identifiers to the profile of a person.
#[derive(Debug, Serialize, Deserialize)]
pub struct Admit {
    /// The identifiers that are new here.
    pub identifiers: Vec<Identifier>,
    /// The other identifiers of the same call.
    pub beside: Vec<Identifier>,
    /// For the profile of a device: the device. It becomes the profile of this person, unless it is of another one.
    pub device: Option<Identifier>,
    /// The sender that named them.
    pub source: String,
    /// Whether a refusal is recorded as a conflict.
    pub is_final: bool,
}

/// Whether identifiers were added.
#[derive(Debug, Serialize, Deserialize)]
pub enum Admitted {
    /// All were added.
    All,
    /// These were not, because the profile has as many of their types as it may. The others were added, if the request
    /// was final.
    Without(Vec<Identifier>),
    /// None was: the profile belongs to another person.
    Refused,
}

/// Removes an identifier that another profile has got first, and records the conflict.
#[derive(Debug, Serialize, Deserialize)]
pub struct Withdraw {
    pub identifier: Identifier,
    pub source: String,
}

/// Merges another profile into this one.
#[derive(Debug, Serialize, Deserialize)]
pub struct MergeFrom {
    pub loser: String,
    /// The identifier that both have.
    pub reason: Identifier,
    /// For the profile of a device: the person that the device claimed to be, if it claimed to be any.
    pub claim: Option<String>,
    /// The sender that named it.
    pub source: String,
}

/// The result of a request to merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MergeOutcome {
    /// It is stored, and is done or continued by the winner.
    Accepted,
    /// The rules forbid it.
    Blocked,
}

/// Freezes this profile: from now on its events go to the winner.
#[derive(Debug, Serialize, Deserialize)]
pub struct BeginMerge {
    pub winner: String,
    /// Its identifiers of people, as the winner knows them; it has made sure that it may have them all.
    pub people: Vec<Identifier>,
    /// Whether it must be the profile of a device.
    pub is_device: bool,
}

/// Whether a profile is frozen.
#[derive(Debug, Serialize, Deserialize)]
pub enum BegunMerge {
    /// It is, with everything in it but its events.
    Frozen(Box<MergeSnapshot>),
    /// It has identifiers that the winner does not know.
    Changed,
    /// It has to finish merges of its own first.
    Busy,
    /// It was merged into this profile.
    Moved(String),
}

/// Everything in a frozen profile but its events.
#[derive(Debug, Serialize, Deserialize)]
pub struct MergeSnapshot {
    pub profile: Profile,
    pub held: HeldByLoser,
    pub deliveries: Vec<Delivery>,
    pub messages: Vec<MemberMessage>,
    /// The names of its files in the archive.
    #[serde(default)]
    pub files: Vec<ArchiveFile>,
    /// The accounts that have copies of its events.
    #[serde(default)]
    pub told_accounts: Vec<String>,
    pub conflicts: Vec<Conflict>,
    pub records: Vec<SourceRecords>,
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

/// Undoes a merge into this profile.
#[derive(Debug, Serialize, Deserialize)]
pub struct Unmerge {
    pub loser: String,
}

/// The result of a request to undo a merge.
#[derive(Debug, Serialize, Deserialize)]
pub enum UnmergeOutcome {
    /// It is stored, and is done or continued by the winner.
    Accepted,
    /// The profile was not merged into this one.
    Unknown,
    /// The reason why the merge cannot be undone.
    Refused(String),
}

/// Makes a merged profile one of its own again.
#[derive(Debug, Serialize, Deserialize)]
pub struct Restore {
    pub winner: String,
    pub held: HeldByLoser,
    pub hand_back: HandBack,
    pub conflicts: Vec<Conflict>,
    pub records: Vec<SourceRecords>,
}

/// Returns events to a restored profile.
#[derive(Debug, Serialize, Deserialize)]
pub struct TakeBack {
    pub records: Vec<Record>,
    /// The ids of events that are in its base.
    pub seen: Vec<SeenEvent>,
    /// Whether these are the last ones.
    pub is_last: bool,
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
