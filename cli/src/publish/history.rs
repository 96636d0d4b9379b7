//! The published plans: which is current, and which can be gone back to.

use clap::Args;
use serde_json::{Value, json};

use crate::failure::{Failure, say};
use crate::store::{Store, Target};

/// The key of the pointer to the current plan.
const CURRENT: &str = "plan:current";
/// The number of plans that are kept, the current one included.
const KEPT: usize = 10;

/// Arguments of `history`.
#[derive(Args)]
pub struct ShowHistory {
    #[command(flatten)]
    target: Target,
    /// Print the history as JSON
    #[arg(long)]
    json: bool,
}

impl ShowHistory {
    pub fn run(self) -> Result<(), Failure> {
        let history = History::read_existing(&self.target.store()?)?;
        if self.json {
            return say(history.to_value());
        }
        history
            .versions
            .iter()
            .enumerate()
            .try_for_each(|(index, version)| say(version.line(if index == history.current { "*" } else { " " })))
    }
}

/// A published pair of plans.
#[derive(Clone)]
pub struct Version {
    /// The id of the edge plan.
    pub edge: String,
    /// The id of the public plan.
    pub public: String,
    /// The time of publication, in milliseconds since 1970; 0 if it was not recorded.
    pub published: i64,
    /// The name of whoever published it.
    pub author: Option<String>,
    /// The note on the change.
    pub note: Option<String>,
    /// Whether a rollback left it, so that no further rollback stops there.
    pub is_withdrawn: bool,
}

/// The published versions, the newest first.
pub struct History {
    /// The versions.
    pub versions: Vec<Version>,
    /// The index of the current one.
    pub current: usize,
    /// The time since when it is current, in milliseconds since 1970.
    since: i64,
}

impl History {
    /// Reads the history; it is empty before anything is published.
    pub fn read(store: &Store) -> Result<Self, Failure> {
        let Some(bytes) = store.get(CURRENT)? else { return Ok(Self { versions: Vec::new(), current: 0, since: 0 }) };
        let found: Value =
            serde_json::from_slice(&bytes).map_err(|error| Failure::Because(format!("{CURRENT}: {error}")))?;
        let list = |name| found.get(name).and_then(Value::as_array);
        let versions: Vec<Version> = match list("history") {
            Some(versions) => versions.iter().filter_map(Version::read).collect(),
            // Earlier versions of the command wrote the current plan and the ones before it.
            None => {
                [&found].into_iter().chain(list("previous").into_iter().flatten()).filter_map(Version::read).collect()
            }
        };
        let edge = found.get("edge").and_then(Value::as_str).unwrap_or_default();
        let current = versions.iter().position(|version| version.edge == edge);
        let current = current.ok_or_else(|| Failure::Because(format!("{CURRENT}: `edge` is not in `history`")))?;
        Ok(Self { versions, current, since: found.get("published").and_then(Value::as_i64).unwrap_or(0) })
    }

    /// Reads the history, and fails if nothing has been published.
    pub fn read_existing(store: &Store) -> Result<Self, Failure> {
        let history = Self::read(store)?;
        match history.versions.is_empty() {
            true => Err(Failure::Because(format!("no plan has been published in {store}"))),
            false => Ok(history),
        }
    }

    /// Writes the pointer that hosts read, with the history.
    pub fn write(&mut self, store: &Store) -> Result<(), Failure> {
        self.since = jiff::Timestamp::now().as_millisecond();
        store.put(CURRENT, self.to_value().to_string().as_bytes())
    }

    fn to_value(&self) -> Value {
        let history: Vec<Value> = self.versions.iter().map(Version::to_value).collect();
        let Some(current) = self.versions.get(self.current) else { return json!({ "history": history }) };
        json!({ "edge": current.edge, "public": current.public, "published": self.since, "history": history })
    }

    /// Adds the newest version, which becomes the current one, and returns the versions that are no longer kept.
    pub fn advance(&mut self, version: Version) -> Vec<Version> {
        self.versions.retain(|known| (&known.edge, &known.public) != (&version.edge, &version.public));
        self.versions.insert(0, version);
        self.current = 0;
        self.versions.split_off(self.versions.len().min(KEPT))
    }

    /// Returns the index of the plan before the current one: the newest older one that no rollback has left.
    pub fn before(&self) -> Option<usize> {
        let older = self.versions.iter().enumerate().skip(self.current.saturating_add(1));
        older.into_iter().find(|(_, version)| !version.is_withdrawn).map(|(index, _)| index)
    }

    pub fn announce(&self, verb: &str) -> Result<(), Failure> {
        let Some(current) = self.versions.get(self.current) else { return Ok(()) };
        say(format!(
            "{verb} plan {} (public {}); other plans kept: {}",
            current.edge,
            current.public,
            self.versions.len().saturating_sub(1)
        ))
    }
}

impl Version {
    fn read(value: &Value) -> Option<Self> {
        let text = |name| value.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            edge: text("edge")?,
            public: text("public")?,
            published: value.get("published").and_then(Value::as_i64).unwrap_or(0),
            author: text("author"),
            note: text("note"),
            is_withdrawn: value.get("withdrawn").and_then(Value::as_bool).unwrap_or(false),
        })
    }

    fn to_value(&self) -> Value {
        json!({
            "edge": self.edge, "public": self.public, "published": self.published, "author": self.author,
            "note": self.note, "withdrawn": self.is_withdrawn,
        })
    }

    /// Returns the version as a line of `history`.
    fn line(&self, mark: &str) -> String {
        let time = jiff::Timestamp::from_millisecond(self.published).ok().filter(|_| self.published != 0);
        let time = time.map_or_else(|| "time unknown        ".to_owned(), |time| time.strftime("%FT%TZ").to_string());
        let author = self.author.as_deref().unwrap_or("author unknown");
        let note = self.note.as_ref().map(|note| format!("  {note}")).unwrap_or_default();
        let withdrawn = if self.is_withdrawn { "  (rolled back)" } else { "" };
        format!("{mark} {}  {time}  {author}{note}{withdrawn}", self.edge)
    }
}
