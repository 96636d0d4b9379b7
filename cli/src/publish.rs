//! `publish` and `rollback`.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use throughline::Plan;

use crate::failure::{Failure, say};
use crate::keys::KeyDirectory;
use crate::rules::{Lint, Rules};
use crate::store::{Store, Target};

/// The key of the pointer to the current plan.
const CURRENT: &str = "plan:current";
/// The number of earlier plans that are kept for a rollback.
const KEPT: usize = 10;

/// Arguments of `publish`.
#[derive(Args)]
pub struct Publish {
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    lint: Lint,
    /// Directory with the plan key
    #[arg(long, value_name = "DIR")]
    keys: PathBuf,
    #[command(flatten)]
    target: Target,
}

/// Arguments of `rollback`.
#[derive(Args)]
pub struct Rollback {
    /// Plan to go back to (default: the previous one)
    #[arg(long, value_name = "PLAN")]
    to: Option<String>,
    #[command(flatten)]
    target: Target,
}

impl Publish {
    pub fn run(self) -> Result<(), Failure> {
        let plans = self.rules.checked(&self.lint)?;
        let keys = KeyDirectory::open(&self.keys)?;
        let store = self.target.store()?;
        let version = Version { edge: id(&plans.edge)?, public: id(&plans.public)? };
        let mut history = History::read(&store)?;
        // Plans are published before the pointer names them, so a reader always finds the plan that it names.
        store.put(&edge_key(&version.edge), &keys.seal(&plans.edge)?)?;
        store.put(&public_key(&version.public), &keys.seal(&plans.public)?)?;
        let dropped = history.advance(version);
        history.write(&store)?;
        for old in dropped {
            store.delete(&edge_key(&old.edge))?;
            if !history.0.iter().any(|kept| kept.public == old.public) {
                store.delete(&public_key(&old.public))?;
            }
        }
        history.announce("published")
    }
}

impl Rollback {
    pub fn run(self) -> Result<(), Failure> {
        let store = self.target.store()?;
        let mut history = History::read(&store)?;
        let target = match &self.to {
            Some(id) => history.0.iter().position(|version| version.edge == *id),
            None => (history.0.len() > 1).then_some(1),
        };
        let Some(target) = target else {
            let known: Vec<_> = history.0.iter().skip(1).map(|version| version.edge.as_str()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(Failure::Because(format!("no such earlier plan; earlier plans: {known}")));
        };
        let version = history.0.remove(target);
        history.0.insert(0, version);
        history.write(&store)?;
        history.announce("rolled back to")
    }
}

/// The ids of the two plans of a compilation.
#[derive(Clone, PartialEq)]
struct Version {
    edge: String,
    public: String,
}

/// The published versions, the current one first.
struct History(Vec<Version>);

impl History {
    fn read(store: &Store) -> Result<Self, Failure> {
        let Some(bytes) = store.get(CURRENT)? else { return Ok(Self(Vec::new())) };
        let found: Value =
            serde_json::from_slice(&bytes).map_err(|error| Failure::Because(format!("{CURRENT}: {error}")))?;
        let previous = found.get("previous").and_then(Value::as_array).into_iter().flatten();
        Ok(Self([&found].into_iter().chain(previous).filter_map(Version::read).collect()))
    }

    fn write(&self, store: &Store) -> Result<(), Failure> {
        let Some((current, previous)) = self.0.split_first() else { return Ok(()) };
        let previous: Vec<Value> = previous.iter().map(Version::write).collect();
        let published = jiff::Timestamp::now().as_millisecond();
        let pointer =
            json!({ "edge": current.edge, "public": current.public, "published": published, "previous": previous });
        store.put(CURRENT, pointer.to_string().as_bytes())
    }

    /// Adds the newest version, and returns the versions that are no longer kept.
    fn advance(&mut self, version: Version) -> Vec<Version> {
        self.0.retain(|known| *known != version);
        self.0.insert(0, version);
        self.0.split_off(self.0.len().min(KEPT))
    }

    fn announce(&self, verb: &str) -> Result<(), Failure> {
        let Some(current) = self.0.first() else { return Ok(()) };
        say(format!(
            "{verb} plan {} (public {}); earlier plans kept: {}",
            current.edge,
            current.public,
            self.0.len().saturating_sub(1)
        ))
    }
}

impl Version {
    fn read(value: &Value) -> Option<Self> {
        let text = |name| value.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self { edge: text("edge")?, public: text("public")? })
    }

    fn write(&self) -> Value {
        json!({ "edge": self.edge, "public": self.public })
    }
}

fn id(plan: &[u8]) -> Result<String, Failure> {
    Ok(Plan::load(plan)?.id().to_owned())
}

fn edge_key(id: &str) -> String {
    format!("plan:{id}")
}

fn public_key(id: &str) -> String {
    format!("public:{id}")
}
