//! The Identity objects: which profile an identifier belongs to. Each identifier has one serial place that decides.

pub mod identifier;

use serde::{Deserialize, Serialize};
use worker::{DurableObject, Env, Request, Response, Result, SqlStorage, State, durable_object};

use crate::identity::identifier::Identifier;
use crate::platform::durable_object::ask;

/// Where an identifier leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The profile.
    pub profile: String,
    /// For a device: the person who uses it, once somebody has said so.
    pub user: Option<String>,
    /// For a device: whether a trusted sender has said so.
    pub trusted: bool,
}

/// What to do with an identifier, once and for everybody.
#[derive(Debug, Serialize, Deserialize)]
pub enum Change {
    /// Nothing: only look.
    Find,
    /// Let it lead to this profile, if it leads nowhere yet.
    Claim { profile: String },
    /// As `Claim`; and let the device belong to this person, if it belongs to nobody.
    Link { profile: String, user: String, trusted: bool },
    /// Let it lead to this profile and this person from now on.
    Point { profile: String, user: String, trusted: bool },
    /// Let it lead to `to`, if it leads to `from`, which has become a part of it.
    Move { from: String, to: String },
}

#[derive(Serialize, Deserialize)]
struct Question {
    key: String,
    change: Change,
}

/// Changes where an identifier leads; answers where it leads then.
pub async fn change(env: &Env, id: &Identifier, change: Change) -> Result<Option<Link>> {
    ask(env, "IDENTITIES", &id.shard(), "change", &Question { key: id.key(), change }).await
}

/// The serial place of some identifiers.
#[durable_object]
pub struct Identity {
    sql: SqlStorage,
}

impl DurableObject for Identity {
    fn new(state: State, _env: Env) -> Self {
        Self { sql: state.storage().sql() }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let Question { key, change } = serde_json::from_str(&request.text().await?)?;
        // From here on nothing waits, so nothing comes between reading and writing.
        self.sql.exec(
            "CREATE TABLE IF NOT EXISTS link (key TEXT PRIMARY KEY, profile TEXT NOT NULL, user TEXT, trusted INTEGER NOT NULL) WITHOUT ROWID",
            None,
        )?;
        let found = self.find(&key)?;
        let changed = match change {
            Change::Find => found.clone(),
            Change::Claim { profile } => found.clone().or(Some(Link { profile, user: None, trusted: false })),
            Change::Link { profile, user, trusted } => Some(linked(found.clone(), profile, user, trusted)),
            Change::Point { profile, user, trusted } => Some(Link { profile, user: Some(user), trusted }),
            Change::Move { from, to } => found.clone().map(|link| moved(link, &from, to)),
        };
        if let Some(link) = changed.as_ref().filter(|link| Some(*link) != found.as_ref()) {
            self.keep(&key, link)?;
        }
        Response::from_json(&changed)
    }
}

/// The device as it was if it belongs to somebody, else as this person's. A trusted word counts, an untrusted one takes nothing back.
fn linked(found: Option<Link>, profile: String, user: String, trusted: bool) -> Link {
    match found {
        None => Link { profile, user: Some(user), trusted },
        Some(link) if link.user.is_none() => Link { user: Some(user), trusted, ..link },
        Some(link) if link.user.as_ref() == Some(&user) => Link { trusted: link.trusted || trusted, ..link },
        Some(link) => link,
    }
}

fn moved(link: Link, from: &str, to: String) -> Link {
    if link.profile == from { Link { profile: to, ..link } } else { link }
}

impl Identity {
    fn find(&self, key: &str) -> Result<Option<Link>> {
        #[derive(Deserialize)]
        struct Row {
            profile: String,
            user: Option<String>,
            trusted: i64,
        }
        let cursor = self.sql.exec("SELECT profile, user, trusted FROM link WHERE key = ?", vec![key.into()])?;
        let rows: Vec<Row> = cursor.to_array()?;
        let link = |row: Row| Link { profile: row.profile, user: row.user, trusted: row.trusted != 0 };
        Ok(rows.into_iter().next().map(link))
    }

    fn keep(&self, key: &str, link: &Link) -> Result<()> {
        let values =
            vec![key.into(), link.profile.as_str().into(), link.user.clone().into(), i64::from(link.trusted).into()];
        self.sql.exec("INSERT OR REPLACE INTO link (key, profile, user, trusted) VALUES (?, ?, ?, ?)", values)?;
        Ok(())
    }
}
