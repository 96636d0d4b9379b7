//! `publish`, `rollback` and `history`.

mod history;
mod rollback;

pub use history::ShowHistory;
pub use rollback::Rollback;

use std::process::{Command, Stdio};

use clap::Args;
use throughline::Plan;

use crate::failure::Failure;
use crate::keys::KeyDirectory;
use crate::rules::{Lint, Rules};
use crate::store::Target;
use history::{History, Version};

/// The longest note or name of an author, in characters.
const MAX_TEXT: usize = 500;

/// Arguments of `publish`.
#[derive(Args)]
pub struct Publish {
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    lint: Lint,
    /// Directory with the plan key
    #[arg(long, value_name = "DIR")]
    keys: std::path::PathBuf,
    #[command(flatten)]
    target: Target,
    /// Name of the publisher, for `history` (default: `user.name` of git)
    #[arg(long, value_name = "NAME", value_parser = short)]
    author: Option<String>,
    /// Note on the change, for `history`
    #[arg(long, value_name = "TEXT", value_parser = short)]
    note: Option<String>,
}

impl Publish {
    pub fn run(self) -> Result<(), Failure> {
        let plans = self.rules.checked(&self.lint)?;
        let keys = KeyDirectory::open(&self.keys)?;
        let store = self.target.store_or_new()?;
        let version = Version {
            edge: id(&plans.edge)?,
            public: id(&plans.public)?,
            published: jiff::Timestamp::now().as_millisecond(),
            author: self.author.or_else(git_user),
            note: self.note,
            is_withdrawn: false,
        };
        let mut history = History::read(&store)?;
        // Plans are published before the pointer names them, so a reader always finds the plan that it names.
        store.put(&edge_key(&version.edge), &keys.seal(&plans.edge)?)?;
        store.put(&public_key(&version.public), &keys.seal(&plans.public)?)?;
        let dropped = history.advance(version);
        history.write(&store)?;
        for old in dropped {
            store.delete(&edge_key(&old.edge))?;
            if !history.versions.iter().any(|kept| kept.public == old.public) {
                store.delete(&public_key(&old.public))?;
            }
        }
        history.announce("published")
    }
}

/// Returns the name that git signs commits with, if there is one.
fn git_user() -> Option<String> {
    let output = Command::new("git").args(["config", "user.name"]).stderr(Stdio::null()).output().ok()?;
    let name = String::from_utf8(output.stdout).ok()?;
    short(name.trim()).ok().filter(|name| output.status.success() && !name.is_empty())
}

/// Parses text that `history` shows on one line.
fn short(text: &str) -> Result<String, String> {
    match text.chars().count() {
        ..=MAX_TEXT if !text.contains(char::is_control) => Ok(text.to_owned()),
        _ => Err(format!("expected one line of at most {MAX_TEXT} characters")),
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
