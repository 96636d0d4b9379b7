//! What is asked of a Profile object, and what it answers.

use serde::{Deserialize, Serialize};
use throughline::{Account, MemberMessage, Profile};

use crate::ingest::record::{Outcome, Record};
use crate::profile::outbox::Delivery;

/// Keep these events.
#[derive(Debug, Serialize, Deserialize)]
pub struct Ingest {
    pub records: Vec<Record>,
}

/// What became of them.
#[derive(Debug, Serialize, Deserialize)]
pub enum Ingested {
    /// One outcome for each record, in their order.
    Done { outcomes: Vec<Outcome>, version: u64 },
    /// This profile has become part of another one: ask there.
    Moved(String),
}

/// Become the profile of this person.
#[derive(Debug, Serialize, Deserialize)]
pub struct Adopt {
    pub user: String,
}

/// Whether the profile is this person's now.
#[derive(Debug, Serialize, Deserialize)]
pub enum Adopted {
    Yes,
    /// It is somebody else's, or has become part of another profile.
    No,
}

/// Make another profile a part of this one.
#[derive(Debug, Serialize, Deserialize)]
pub struct Absorb {
    pub loser: String,
    pub user: String,
}

/// Become part of another profile: from now on events go there.
#[derive(Debug, Serialize, Deserialize)]
pub struct Freeze {
    pub winner: String,
    pub user: String,
}

/// All of a frozen profile but its events.
#[derive(Debug, Serialize, Deserialize)]
pub struct Frozen {
    pub profile: Profile,
    pub base: Profile,
    pub secured: bool,
    pub devices: Vec<String>,
    pub deliveries: Vec<Delivery>,
    #[serde(default)]
    pub member_messages: Vec<MemberMessage>,
}

/// Name the events after this one.
#[derive(Debug, Serialize, Deserialize)]
pub struct Export {
    pub after: i64,
}

/// Some events of a frozen profile, each with its number.
#[derive(Debug, Serialize, Deserialize)]
pub struct Exported {
    pub events: Vec<(i64, Record)>,
}

/// Forget everything but where it went.
#[derive(Debug, Serialize, Deserialize)]
pub struct Release {}

/// As the profile of an account: keep what a member did.
#[derive(Debug, Serialize, Deserialize)]
pub struct Tell {
    /// The account's id.
    pub account: String,
    /// The member's profile.
    pub member: String,
    pub records: Vec<Record>,
}

/// As the profile of an account: say what is known.
#[derive(Debug, Serialize, Deserialize)]
pub struct Recall {}

/// What members may know of an account.
#[derive(Debug, Serialize, Deserialize)]
pub struct Heard {
    pub account: Account,
}

/// Get a message of a journey of our account.
#[derive(Debug, Serialize, Deserialize)]
pub struct Take {
    /// The account's id.
    pub account: String,
    /// What is known of it.
    pub known: Account,
    pub errand: MemberMessage,
}

/// Whether the errand is kept.
#[derive(Debug, Serialize, Deserialize)]
pub enum Taken {
    Yes,
    /// This profile has become part of another one: ask there.
    Moved(String),
}

/// Show what is known.
#[derive(Debug, Serialize, Deserialize)]
pub struct View {
    /// Events before this number; none for the last ones.
    pub before: Option<i64>,
    /// How many events.
    pub limit: i64,
}

/// Sign what the edge needs to know.
#[derive(Debug, Serialize, Deserialize)]
pub struct Mint {
    /// Whether the token may show what trusted senders said.
    pub proven: bool,
}

/// A token, if there is one.
#[derive(Debug, Serialize, Deserialize)]
pub enum Minted {
    /// Seconds since 1970 are in `expires`.
    Token {
        token: String,
        subject: String,
        expires: u64,
        version: u64,
    },
    /// Why not: nothing is known, or the device has not proven whose it is.
    Nothing(String),
    Moved(String),
}
