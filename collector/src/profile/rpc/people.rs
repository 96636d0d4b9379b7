//! The operations about who a subject is: its identifiers, merges, and their undoing.

use serde::{Deserialize, Serialize};
use throughline::{MemberMessage, Profile};

use crate::event::Record;
use crate::event::identifier::Identifier;
use crate::store::{ArchiveFile, Conflict, Delivery, HandBack, HeldByLoser, SeenEvent, SourceRecords};

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
