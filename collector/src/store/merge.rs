//! The table `merge`: the profiles that are, or are being, merged into this one; and `apart`, those that never are.

use serde::{Deserialize, Serialize};
use throughline::Profile;
use worker::{Result, SqlStorageValue};

use crate::event::identifier::Identifier;
use crate::store::ProfileStore;
use crate::store::identity::OwnIdentifier;
use crate::store::versioned::{decode, encode};

/// The kind of JSON in the column `detail`.
const KIND: &str = "merge";
/// The change of the table to version 2. A merge of version 1 cannot be undone, because the loser's base was not kept.
pub const TO_VERSION_2: &str = "
ALTER TABLE merge RENAME TO merge_before;
CREATE TABLE merge (loser TEXT PRIMARY KEY, state TEXT NOT NULL, attempts INTEGER NOT NULL, due INTEGER,
    version INTEGER NOT NULL, detail TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO merge SELECT loser, CASE WHEN due IS NULL THEN 'merged' ELSE 'pending' END, attempts, due, 2,
    json_object('reason', json_object('kind', 'user_id', 'value', user)) FROM merge_before;
DROP TABLE merge_before;
CREATE TABLE apart (profile TEXT PRIMARY KEY) WITHOUT ROWID;
";

/// A profile that is to be merged into this one, or was.
#[derive(Clone, Debug)]
pub struct Merge {
    /// The profile that ends.
    pub loser: String,
    /// How far the merge is.
    pub state: MergeState,
    /// When it continues, or `None` if nothing is left to do.
    pub due: Option<i64>,
    /// Everything else.
    pub detail: MergeDetail,
}

/// How far a merge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MergeState {
    /// The loser is to be copied.
    Pending,
    /// The loser has ended.
    Merged,
    /// The rules forbid it; both profiles stay.
    Blocked,
    /// The loser's part is to be given back.
    Undoing,
    /// The loser is a profile of its own again.
    Undone,
}

/// The reason of a merge, and what is needed to undo it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MergeDetail {
    /// The identifier that both profiles have.
    pub reason: Option<Identifier>,
    /// The sender that named it.
    pub source: String,
    /// For a device: the person that it claimed to be. It is merged only into the profile of that person.
    pub claim: Option<String>,
    /// The state of the loser, without its events. It is absent until the loser is frozen.
    pub held: Option<HeldByLoser>,
    /// The journeys of this profile before the merge, in a profile without anything else.
    pub before: Profile,
    /// The things that go back to the loser, while the merge is being undone.
    pub hand_back: Option<HandBack>,
}

/// The state of a merged profile, without its events.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HeldByLoser {
    /// Its base, which is part of the base of the winner.
    pub base: Profile,
    /// The profile that the winner's compaction made of its events since, as claims if it was a device.
    pub compacted: Profile,
    /// Its journeys, in a profile without anything else.
    pub journeys: Profile,
    /// Its identifiers.
    pub identifiers: Vec<OwnIdentifier>,
    /// The ids of its deliveries.
    pub send_ids: Vec<String>,
    /// The merges into it, as columns of this table.
    pub merges: Vec<MergeRow>,
    /// The number of times that it had changed.
    pub version: u64,
    /// Whether it was a device, so that its words are claims.
    pub is_device: bool,
}

/// The journeys and deliveries that go back to a loser.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HandBack {
    /// The journeys, in a profile without anything else.
    pub journeys: Profile,
    /// The deliveries, as stored.
    pub deliveries: Vec<crate::store::Delivery>,
}

impl MergeState {
    const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Merged => "merged",
            Self::Blocked => "blocked",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
        }
    }
}

/// A row of the table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MergeRow {
    loser: String,
    state: MergeState,
    due: Option<i64>,
    version: u32,
    detail: String,
}

impl MergeRow {
    fn merge(self) -> Result<Merge> {
        let detail = decode(KIND, self.version, &self.detail)?;
        Ok(Merge { loser: self.loser, state: self.state, due: self.due, detail })
    }
}

/// Returns a profile with nothing but the journeys of another one.
pub fn only_journeys(profile: &Profile) -> Profile {
    Profile { journeys: profile.journeys.clone(), ..Profile::default() }
}

impl Merge {
    /// Returns a merge that is due at once.
    pub fn new(loser: &str, detail: MergeDetail, now: i64) -> Self {
        Self { loser: loser.to_owned(), state: MergeState::Pending, due: Some(now), detail }
    }

    /// Returns whether there is something left to do.
    pub const fn is_open(&self) -> bool {
        self.due.is_some()
    }

    /// Returns the id in whose name a device's words are claims.
    pub fn claimant(&self, held: &HeldByLoser) -> String {
        let device = held.identifiers.iter().find(|own| own.id.is_device());
        device.map_or_else(|| self.loser.clone(), |own| own.id.to_string())
    }

    /// Returns the profiles that the loser adds to the base of the winner.
    pub fn bases(&self) -> Result<Vec<Profile>> {
        let Some(held) = &self.detail.held else { return Ok(Vec::new()) };
        let mut bases = vec![held.base.clone()];
        for row in &held.merges {
            bases.extend(row.clone().merge()?.bases()?);
        }
        if held.is_device {
            let claimant = self.claimant(held);
            bases = bases.into_iter().map(|base| base.into_claims(&claimant)).collect();
        }
        bases.push(held.compacted.clone());
        Ok(bases)
    }
}

const COLUMNS: &str = "loser, state, due, version, detail";

impl ProfileStore {
    /// Returns a merge.
    pub fn merge(&self, loser: &str) -> Result<Option<Merge>> {
        let query = format!("SELECT {COLUMNS} FROM merge WHERE loser = ?");
        self.sql.row::<MergeRow>(&query, vec![loser.into()])?.map(MergeRow::merge).transpose()
    }

    /// Writes a merge, replacing the one of the same loser.
    pub fn put_merge(&self, merge: &Merge) -> Result<()> {
        let [version, detail] = encode(&merge.detail)?;
        let values: Vec<SqlStorageValue> =
            vec![merge.loser.as_str().into(), merge.state.name().into(), merge.due.into(), version, detail];
        let statement = "INSERT INTO merge (loser, state, attempts, due, version, detail) VALUES (?, ?, 0, ?, ?, ?) \
            ON CONFLICT (loser) DO UPDATE SET state = excluded.state, due = excluded.due, \
            version = excluded.version, detail = excluded.detail";
        self.sql.execute(statement, values)
    }

    /// Forgets a merge.
    pub fn remove_merge(&self, loser: &str) -> Result<()> {
        self.sql.execute("DELETE FROM merge WHERE loser = ?", vec![loser.into()])
    }

    /// Returns up to ten merges that are due, the longest due first.
    pub fn due_merges(&self, now: i64) -> Result<Vec<Merge>> {
        let query = format!("SELECT {COLUMNS} FROM merge WHERE due <= ? ORDER BY due LIMIT 10");
        self.sql.rows::<MergeRow>(&query, vec![now.into()])?.into_iter().map(MergeRow::merge).collect()
    }

    /// Counts an attempt, and sets the next one to `now + retry * 2^attempts`. Returns the number of attempts before
    /// this one, or `None` if nothing is left to do.
    pub fn begin_merge_attempt(&self, loser: &str, now: i64, retry: i64) -> Result<Option<i64>> {
        let query = "SELECT attempts AS value FROM merge WHERE loser = ? AND due IS NOT NULL";
        let attempts: Option<i64> = self.sql.value(query, vec![loser.into()])?;
        let statement = "UPDATE merge SET attempts = attempts + 1, due = ? + ? * (1 << MIN(attempts, 10)) \
            WHERE loser = ? AND due IS NOT NULL";
        self.sql.execute(statement, vec![now.into(), retry.into(), loser.into()])?;
        Ok(attempts)
    }

    /// Resets the attempts of a merge, for its next phase.
    pub fn reset_merge_attempts(&self, loser: &str) -> Result<()> {
        self.sql.execute("UPDATE merge SET attempts = 0 WHERE loser = ?", vec![loser.into()])
    }

    /// Returns all merges.
    pub fn merges(&self) -> Result<Vec<Merge>> {
        let query = format!("SELECT {COLUMNS} FROM merge ORDER BY loser");
        self.sql.rows::<MergeRow>(&query, Vec::new())?.into_iter().map(MergeRow::merge).collect()
    }

    /// Returns all merges as they are stored.
    pub fn merge_rows(&self) -> Result<Vec<MergeRow>> {
        self.sql.rows(&format!("SELECT {COLUMNS} FROM merge ORDER BY loser"), Vec::new())
    }

    /// Adds merges as they were stored.
    pub fn add_merge_rows(&self, rows: &[MergeRow]) -> Result<()> {
        rows.iter().cloned().try_for_each(|row| self.put_merge(&row.merge()?))
    }

    /// Forgets what merged profiles held, because the past is erased. These merges cannot be undone any more.
    pub fn forget_losers(&self) -> Result<()> {
        for mut merge in self.merges()?.into_iter().filter(|merge| merge.state == MergeState::Merged) {
            merge.detail =
                MergeDetail { reason: merge.detail.reason, source: merge.detail.source, ..MergeDetail::default() };
            self.put_merge(&merge)?;
        }
        Ok(())
    }

    /// Returns when the next merge continues.
    pub(super) fn next_merge(&self) -> Result<Option<i64>> {
        self.sql.value("SELECT MIN(due) AS value FROM merge", Vec::new())
    }

    /// Stores that this profile and another one were told apart, so that they are never merged again.
    pub fn keep_apart(&self, profile: &str) -> Result<()> {
        self.sql.execute("INSERT OR IGNORE INTO apart (profile) VALUES (?)", vec![profile.into()])
    }

    /// Returns whether this profile and another one were told apart.
    pub fn is_apart(&self, profile: &str) -> Result<bool> {
        let found: Option<String> =
            self.sql.value("SELECT profile AS value FROM apart WHERE profile = ?", vec![profile.into()])?;
        Ok(found.is_some())
    }
}
