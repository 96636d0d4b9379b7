//! `rollback`: makes an earlier plan the current one again, after opening it.

use std::path::PathBuf;

use clap::Args;
use sha2::{Digest, Sha256};
use throughline::keys::Purpose;
use throughline::{Plan, envelope};

use super::history::{History, Version};
use super::{edge_key, public_key};
use crate::failure::Failure;
use crate::keys::KeyDirectory;
use crate::store::{Store, Target};

/// Arguments of `rollback`.
#[derive(Args)]
pub struct Rollback {
    /// Plan to go to, from `history` (default: the one before the current one)
    #[arg(long, value_name = "PLAN")]
    to: Option<String>,
    /// Directory with the plan key, to verify the signature as hosts do
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
    #[command(flatten)]
    target: Target,
}

impl Rollback {
    pub fn run(self) -> Result<(), Failure> {
        let store = self.target.store()?;
        let mut history = History::read_existing(&store)?;
        let wanted = self.to.as_deref();
        let Some(target) = index(wanted, &history) else { return Err(unknown(wanted, &history)) };
        if let Some(version) = history.versions.get(target) {
            check(version, &store, self.keys.as_deref().map(KeyDirectory::open).transpose()?.as_ref())?;
        }
        let is_back = target > history.current;
        if let (Some(left), true) = (history.versions.get_mut(history.current), is_back) {
            left.is_withdrawn = true;
        }
        if let Some(version) = history.versions.get_mut(target) {
            version.is_withdrawn = false;
        }
        history.current = target;
        history.write(&store)?;
        history.announce(if is_back { "rolled back to" } else { "went to" })
    }
}

/// Returns the index of the plan to go to.
fn index(wanted: Option<&str>, history: &History) -> Option<usize> {
    match wanted {
        Some(id) => history.versions.iter().position(|version| version.edge == id),
        None => history.before(),
    }
}

fn unknown(wanted: Option<&str>, history: &History) -> Failure {
    let ids: Vec<&str> = history.versions.iter().map(|version| version.edge.as_str()).collect();
    let what = match wanted {
        Some(id) => format!("plan `{id}` is not in the history"),
        None => "no plan is before the current one".to_owned(),
    };
    Failure::Because(format!("{what}; plans in the history: {}", ids.join(", ")))
}

/// Opens both plans of a version as a host does, so that the pointer never names one that no host can read.
fn check(version: &Version, store: &Store, keys: Option<&KeyDirectory>) -> Result<(), Failure> {
    for (key, id) in [(edge_key(&version.edge), &version.edge), (public_key(&version.public), &version.public)] {
        let wrong =
            |error: String| Failure::Because(format!("`{key}` cannot be used: {error}; the current plan stays"));
        let sealed = store.get(&key)?.ok_or_else(|| wrong("it is not in the store".to_owned()))?;
        let payload = match keys {
            Some(keys) => {
                envelope::open(&sealed, &keys.read(Purpose::Plan)?).map_err(|error| wrong(error.to_string()))?
            }
            None => unsigned(&sealed).map_err(|error| wrong(error.to_string()))?,
        };
        let plan = Plan::load(payload).map_err(|error| wrong(error.to_string()))?;
        if plan.id() != id {
            return Err(wrong(format!("it holds plan `{}`", plan.id())));
        }
    }
    Ok(())
}

/// Returns the plan in an envelope if it is whole.
fn unsigned(sealed: &[u8]) -> Result<&[u8], envelope::EnvelopeError> {
    let parts = envelope::split(sealed)?;
    let is_whole = Sha256::digest(parts.payload).as_slice() == parts.hash;
    if is_whole { Ok(parts.payload) } else { Err(envelope::EnvelopeError::Checksum) }
}
