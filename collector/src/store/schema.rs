//! The schema version, the tables, and their migrations.
//!
//! Every database stores the version of its tables; every row with JSON stores the version under which that JSON was
//! written (see [`versioned`](super::versioned)). To change what is stored:
//!
//! 1. Count up [`SCHEMA_VERSION`].
//! 2. For a change of tables, change the `CREATE` statements and add a [`TableMigration`] that brings the previous
//!    version's tables to the new form.
//! 3. For a change of JSON, add a `JsonMigration` in `versioned.rs`. It runs when an old value is read.

use worker::{Error, Result};

use crate::store::sql::Sql;
use crate::store::{conflict, hand_over, identity, link, merge, report};

/// The version of tables and JSON that this build writes. It reads every earlier version, and refuses later ones.
pub const SCHEMA_VERSION: u32 = 2;

/// The table with the version of a database's tables: one row.
const VERSION_TABLE: &str =
    "CREATE TABLE IF NOT EXISTS schema (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL)";

/// The tables of one kind of object. `WITHOUT ROWID` halves the rows that are written where the key is a string.
pub struct Schema {
    /// The statements that create the tables of the current version.
    pub tables: &'static str,
    /// The changes since version 1, in their order.
    pub migrations: &'static [TableMigration],
}

/// The statements that bring the tables of one version to the next.
pub struct TableMigration {
    /// The version that they lead to.
    pub to: u32,
    /// The statements.
    pub statements: &'static str,
}

/// The tables of a Profile object.
pub const PROFILE: Schema = Schema {
    tables: "
CREATE TABLE meta (name TEXT PRIMARY KEY, version INTEGER NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE identity (namespace TEXT, value TEXT, origin TEXT NOT NULL DEFAULT '', at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (namespace, value)) WITHOUT ROWID;
CREATE TABLE seen (source TEXT, id TEXT, hash TEXT NOT NULL, at INTEGER NOT NULL, origin TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (source, id)) WITHOUT ROWID;
CREATE TABLE journal (seq INTEGER PRIMARY KEY, version INTEGER NOT NULL, record TEXT NOT NULL);
CREATE TABLE delivery (send_id TEXT PRIMARY KEY, state TEXT NOT NULL, due INTEGER,
    version INTEGER NOT NULL, delivery TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE member_message (send_id TEXT PRIMARY KEY, member TEXT NOT NULL, attempts INTEGER NOT NULL, due INTEGER,
    version INTEGER NOT NULL, message TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE merge (loser TEXT PRIMARY KEY, state TEXT NOT NULL, attempts INTEGER NOT NULL, due INTEGER,
    version INTEGER NOT NULL, detail TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE apart (profile TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE conflict (kind TEXT, identifier TEXT, other TEXT, source TEXT NOT NULL, reason TEXT NOT NULL,
    at INTEGER NOT NULL, origin TEXT NOT NULL, PRIMARY KEY (kind, identifier, other)) WITHOUT ROWID;
CREATE TABLE source (name TEXT, origin TEXT, records INTEGER NOT NULL, PRIMARY KEY (name, origin)) WITHOUT ROWID;
CREATE TABLE archive_file (name TEXT PRIMARY KEY, newest INTEGER NOT NULL, doomed INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE hand_over (jti TEXT PRIMARY KEY, expires INTEGER NOT NULL) WITHOUT ROWID;
",
    migrations: &[
        TableMigration { to: 2, statements: ARCHIVE_FILE },
        TableMigration { to: 2, statements: identity::TO_VERSION_2 },
        TableMigration { to: 2, statements: "ALTER TABLE seen ADD COLUMN origin TEXT NOT NULL DEFAULT ''" },
        TableMigration { to: 2, statements: merge::TO_VERSION_2 },
        TableMigration { to: 2, statements: conflict::TABLES },
        TableMigration { to: 2, statements: hand_over::TABLE },
        TableMigration { to: 2, statements: "DELETE FROM meta WHERE name = 'secured'" },
    ],
};

/// The names of the archive files, since version 2. Files that were written before are not in it.
const ARCHIVE_FILE: &str =
    "CREATE TABLE archive_file (name TEXT PRIMARY KEY, newest INTEGER NOT NULL, doomed INTEGER NOT NULL) WITHOUT ROWID";

/// The tables of an Identity object.
pub const IDENTITY: Schema = Schema {
    tables: "
CREATE TABLE link (key TEXT PRIMARY KEY, profile TEXT NOT NULL, proven INTEGER NOT NULL, version INTEGER NOT NULL,
    device TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE tombstone (digest TEXT PRIMARY KEY, profile TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE report (profile TEXT PRIMARY KEY, revision INTEGER NOT NULL, version INTEGER NOT NULL,
    numbers TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE total (source TEXT PRIMARY KEY, records INTEGER NOT NULL, people INTEGER NOT NULL,
    conflicts INTEGER NOT NULL, blocked INTEGER NOT NULL) WITHOUT ROWID;
",
    migrations: &[
        TableMigration { to: 2, statements: link::TO_VERSION_2 },
        TableMigration { to: 2, statements: TOMBSTONE },
        TableMigration { to: 2, statements: report::TABLES },
    ],
};

/// The identifiers of erased people, since version 2.
const TOMBSTONE: &str = "CREATE TABLE tombstone (digest TEXT PRIMARY KEY, profile TEXT NOT NULL) WITHOUT ROWID";

/// The tables of the database of failed events. Databases from before the schema had a version are of version 1.
pub const FAILED_EVENTS: Schema = Schema {
    tables: "
CREATE TABLE failed_event (number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, at INTEGER NOT NULL,
    source TEXT NOT NULL, message_id TEXT NOT NULL, reason TEXT NOT NULL, payload TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 1);
CREATE INDEX failed_event_at ON failed_event (at);
CREATE TABLE failed_event_identifier (identifier TEXT, name TEXT, PRIMARY KEY (identifier, name)) WITHOUT ROWID;
CREATE INDEX failed_event_identifier_name ON failed_event_identifier (name);
CREATE TABLE erased_identifier (identifier TEXT PRIMARY KEY) WITHOUT ROWID;
",
    migrations: &[TableMigration { to: 2, statements: FAILED_EVENT_IDENTIFIER }],
};

/// The version of each row, and whom a failed event is about, since version 2.
const FAILED_EVENT_IDENTIFIER: &str = "
ALTER TABLE failed_event ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
CREATE INDEX failed_event_at ON failed_event (at);
CREATE TABLE failed_event_identifier (identifier TEXT, name TEXT, PRIMARY KEY (identifier, name)) WITHOUT ROWID;
CREATE INDEX failed_event_identifier_name ON failed_event_identifier (name);
CREATE TABLE erased_identifier (identifier TEXT PRIMARY KEY) WITHOUT ROWID;
";

impl Schema {
    /// Returns the statements that bring tables of version `found`, or no tables, to the current version.
    ///
    /// # Errors
    /// When a later version of the collector has written the database.
    pub fn statements_since(&self, found: Option<u32>) -> core::result::Result<Vec<&'static str>, String> {
        let scripts = match found {
            None => vec![self.tables],
            Some(found) => {
                pending(self.migrations, found, SCHEMA_VERSION)?.iter().map(|step| step.statements).collect()
            }
        };
        let statements = scripts.iter().flat_map(|script| script.split(';')).map(str::trim);
        Ok(statements.filter(|statement| !statement.is_empty()).collect())
    }

    /// Creates the tables of a new database, and migrates those of an old one.
    ///
    /// # Errors
    /// When a later version of the collector has written the database.
    pub fn prepare(&self, sql: &Sql) -> Result<()> {
        // INVARIANT: nothing is awaited in here, so all statements are committed together or not at all.
        sql.execute(VERSION_TABLE, Vec::new())?;
        let found: Option<u32> = sql.value("SELECT version AS value FROM schema", Vec::new())?;
        if found == Some(SCHEMA_VERSION) {
            return Ok(());
        }
        match found {
            None => {
                sql.execute(self.tables, Vec::new()).map_err(|error| Error::from(not_created(&error.to_string())))?
            }
            Some(found) => {
                let steps = pending(self.migrations, found, SCHEMA_VERSION).map_err(Error::from)?;
                steps.into_iter().try_for_each(|step| sql.execute(step.statements, Vec::new()))?;
            }
        }
        sql.execute("INSERT OR REPLACE INTO schema (id, version) VALUES (1, ?)", vec![i64::from(SCHEMA_VERSION).into()])
    }
}

/// Returns the migrations from version `found` to version `current`, in their order.
fn pending(
    migrations: &[TableMigration],
    found: u32,
    current: u32,
) -> core::result::Result<Vec<&TableMigration>, String> {
    if found > current {
        return Err(newer("the database", found, current));
    }
    Ok(migrations.iter().filter(|step| step.to > found && step.to <= current).collect())
}

/// Returns the message for tables that cannot be created: mostly they exist, from a build before version 1.
fn not_created(error: &str) -> String {
    format!("{error}: a database without a schema version is older than version 1, delete it to start anew")
}

/// Returns the message for something that a later version has written.
pub fn newer(what: &str, found: u32, current: u32) -> String {
    format!("{what} has schema version {found}, newer than version {current} of this build: deploy a newer collector")
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: [TableMigration; 3] = [
        TableMigration { to: 2, statements: "two" },
        TableMigration { to: 3, statements: "three" },
        TableMigration { to: 5, statements: "five" },
    ];

    fn statements(found: u32, current: u32) -> Result<Vec<&'static str>, String> {
        pending(&STEPS, found, current).map(|steps| steps.iter().map(|step| step.statements).collect())
    }

    #[test]
    fn only_the_steps_after_the_stored_version_run() {
        assert_eq!(statements(1, 5), Ok(vec!["two", "three", "five"]));
        assert_eq!(statements(3, 5), Ok(vec!["five"]));
        assert_eq!(statements(2, 3), Ok(vec!["three"]));
        assert_eq!(statements(5, 5), Ok(vec![]));
    }

    #[test]
    fn a_newer_database_is_refused() {
        let error = statements(6, 5).err().unwrap_or_default();
        assert!(error.contains("the database has schema version 6"), "{error}");
    }

    #[test]
    fn scripts_are_split_into_statements() {
        let created = FAILED_EVENTS.statements_since(None).unwrap_or_default();
        let migrated = FAILED_EVENTS.statements_since(Some(1)).unwrap_or_default();
        assert_eq!(created.len(), migrated.len());
        assert!(created.iter().all(|statement| statement.starts_with("CREATE ")), "{created:?}");
        assert!(migrated.first().is_some_and(|statement| statement.starts_with("ALTER TABLE ")), "{migrated:?}");
        assert_eq!(FAILED_EVENTS.statements_since(Some(SCHEMA_VERSION)), Ok(vec![]));
    }

    #[test]
    fn tables_without_a_version_are_named_as_older_than_version_1() {
        let message = not_created("table meta already exists: SQLITE_ERROR");
        assert!(message.contains("table meta already exists"), "{message}");
        assert!(message.contains("older than version 1, delete it to start anew"), "{message}");
    }

    #[test]
    fn every_migration_leads_to_a_known_version() {
        for schema in [&PROFILE, &IDENTITY, &FAILED_EVENTS] {
            assert!(schema.migrations.is_sorted_by_key(|step| step.to));
            assert!(schema.migrations.last().is_none_or(|step| step.to <= SCHEMA_VERSION));
        }
    }
}
