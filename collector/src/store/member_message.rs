//! The table `member_message`: messages of an account's journeys.
//!
//! In the account's object a row names the member that it is for. In the member's object the column is empty. A row
//! whose `due` is null is done; it stays, so that a repeated claim changes nothing.

use serde::Deserialize;
use throughline::MemberMessage;
use worker::{Result, SqlStorageValue};

use crate::store::ProfileStore;
use crate::store::versioned::{decode, encode};

/// The kind of JSON in the column `message`.
const KIND: &str = "member_message";
/// The value of the column `member` for a message to this profile's own subject.
const OWN: &str = "";

/// A message with the profile of the member that it is for.
pub struct AddressedMessage {
    /// The member's profile.
    pub member: String,
    /// The message.
    pub message: MemberMessage,
}

#[derive(Deserialize)]
struct Row {
    member: String,
    version: u32,
    json: String,
}

impl ProfileStore {
    /// In an account's object: adds a message for a member, due at once.
    pub fn add_message_for(&self, member: &str, message: &MemberMessage, now: i64) -> Result<()> {
        let [version, json] = encode(message)?;
        let values = vec![message.send_id.as_str().into(), member.into(), now.into(), version, json];
        let statement = "INSERT OR IGNORE INTO member_message (send_id, member, attempts, due, version, message) \
            VALUES (?, ?, 0, ?, ?, ?)";
        self.sql.execute(statement, values)
    }

    /// In a member's object: adds a message for its subject, due at once.
    pub fn add_own_message(&self, message: &MemberMessage, now: i64) -> Result<()> {
        self.add_message_for(OWN, message, now)
    }

    /// In an account's object: returns up to `limit` messages that are due, the longest due first.
    pub fn due_messages(&self, now: i64, limit: i64) -> Result<Vec<AddressedMessage>> {
        let query = "SELECT member, version, message AS json FROM member_message \
            WHERE member <> '' AND due <= ? ORDER BY due LIMIT ?";
        self.messages(query, vec![now.into(), limit.into()])
    }

    /// In a member's object: returns the messages that are not composed yet.
    pub fn own_messages(&self) -> Result<Vec<MemberMessage>> {
        let query = "SELECT member, version, message AS json FROM member_message \
            WHERE member = ? AND due IS NOT NULL ORDER BY send_id";
        Ok(self.messages(query, vec![OWN.into()])?.into_iter().map(|own| own.message).collect())
    }

    /// Counts an attempt, and sets the next one to `now + retry * 2^attempts`.
    pub fn begin_message_attempt(&self, send_id: &str, now: i64, retry: i64) -> Result<()> {
        let statement = "UPDATE member_message SET attempts = attempts + 1, due = ? + ? * (1 << MIN(attempts, 10)) \
            WHERE send_id = ?";
        self.sql.execute(statement, vec![now.into(), retry.into(), send_id.into()])
    }

    /// Sets when a message is due.
    pub fn schedule_message(&self, send_id: &str, due: i64) -> Result<()> {
        self.sql.execute("UPDATE member_message SET due = ? WHERE send_id = ?", vec![due.into(), send_id.into()])
    }

    /// Marks a message as done.
    pub fn finish_message(&self, send_id: &str) -> Result<()> {
        self.sql.execute("UPDATE member_message SET due = NULL WHERE send_id = ?", vec![send_id.into()])
    }

    /// In a member's object: postpones the messages that are due before `until`.
    pub fn postpone_own_messages(&self, until: i64) -> Result<()> {
        let values = vec![until.into(), OWN.into(), until.into()];
        self.sql.execute("UPDATE member_message SET due = ? WHERE member = ? AND due < ?", values)
    }

    /// Returns when the next message is due.
    pub(super) fn next_member_message(&self) -> Result<Option<i64>> {
        self.sql.value("SELECT MIN(due) AS value FROM member_message", Vec::new())
    }

    fn messages(&self, query: &str, values: Vec<SqlStorageValue>) -> Result<Vec<AddressedMessage>> {
        let rows: Vec<Row> = self.sql.rows(query, values)?;
        rows.into_iter()
            .map(|row| Ok(AddressedMessage { member: row.member, message: decode(KIND, row.version, &row.json)? }))
            .collect()
    }
}
