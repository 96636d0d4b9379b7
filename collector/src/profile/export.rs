//! The export of a profile: everything that is stored about the subject, as lines of JSON.
//!
//! ```text
//!   profile ──> identifiers, merges ──> events, page by page ──> deliveries ──> archive files
//! ```
//!
//! A page has at most [`MAX_PAGE`] bytes and one line more, so neither the object nor its caller holds all of it.
//! An event that arrives during the export may be in it or not.

use serde::Serialize;
use serde_json::{Value, json};
use throughline::Profile;
use worker::Result;

use crate::platform::clock;
use crate::profile::context::ObjectContext;
use crate::profile::rpc::{ExportPage, ExportPosition, ExportProfile, MaybeMoved};
use crate::store::{ProfileStore, key};

/// The number of rows that are read at once.
const ROWS: i64 = 100;
/// The length at which a page ends, in bytes.
const MAX_PAGE: usize = 256 * 1024;

/// Returns a page of the export, or `None` if nothing is known about the subject.
pub fn export_profile(context: &ObjectContext, request: ExportProfile) -> Result<MaybeMoved<Option<ExportPage>>> {
    let store = context.store()?;
    if let Some(winner) = store.get(key::MOVED_TO)? {
        return Ok(MaybeMoved::Moved(winner));
    }
    if store.is_erased()? || !store.is_known()? {
        return Ok(MaybeMoved::Here(None));
    }
    let mut page = ExportPage { lines: String::new(), next: Some(request.at) };
    while page.lines.len() < MAX_PAGE
        && let Some(at) = page.next.take()
    {
        page.next = write(&store, at, &mut page.lines)?;
    }
    Ok(MaybeMoved::Here(Some(page)))
}

/// Writes the lines at a position, and returns the next one.
fn write(store: &ProfileStore, at: ExportPosition, lines: &mut String) -> Result<Option<ExportPosition>> {
    match at {
        ExportPosition::Profile => write_profile(store, lines).map(|()| Some(ExportPosition::Events(0))),
        ExportPosition::Events(after) => write_events(store, after, lines).map(Some),
        ExportPosition::Deliveries(after) => write_deliveries(store, &after, lines).map(Some),
        ExportPosition::Files(after) => write_files(store, &after, lines),
    }
}

fn write_profile(store: &ProfileStore, lines: &mut String) -> Result<()> {
    let profile = store.get(key::PROFILE)?.unwrap_or_else(|| Profile::new(store.subject()));
    let version = store.get(key::VERSION)?.unwrap_or(0);
    let head = json!({ "exportedAt": clock::rfc3339(clock::now()), "version": version, "profile": profile });
    write_line(lines, "profile", &head)?;
    for id in store.all_identifiers()? {
        write_line(lines, "identifier", &json!({ "identifier": id.to_string() }))?;
    }
    for merge in store.merges()? {
        write_line(lines, "merge", &json!({ "profile": merge.loser, "done": merge.due.is_none() }))?;
    }
    Ok(())
}

fn write_events(store: &ProfileStore, after: i64, lines: &mut String) -> Result<ExportPosition> {
    let entries = store.entries_after(after, ROWS)?;
    for entry in &entries {
        write_line(lines, "event", &json!({ "seq": entry.seq, "record": entry.record()? }))?;
    }
    Ok(entries
        .last()
        .map_or_else(|| ExportPosition::Deliveries(String::new()), |last| ExportPosition::Events(last.seq)))
}

fn write_deliveries(store: &ProfileStore, after: &str, lines: &mut String) -> Result<ExportPosition> {
    let deliveries = store.deliveries_after(after, ROWS)?;
    for delivery in &deliveries {
        write_line(lines, "delivery", &json!({ "delivery": delivery }))?;
    }
    let last = deliveries.last().map(|delivery| delivery.send_id.clone());
    Ok(last.map_or_else(|| ExportPosition::Files(String::new()), ExportPosition::Deliveries))
}

fn write_files(store: &ProfileStore, after: &str, lines: &mut String) -> Result<Option<ExportPosition>> {
    let files = store.archive_files(after, ROWS)?;
    for file in &files {
        write_line(lines, "archiveFile", &json!({ "name": file.name }))?;
    }
    Ok(files.last().map(|last| ExportPosition::Files(last.name.clone())))
}

/// Writes a line: the members of an object, and `type` before them.
fn write_line(lines: &mut String, kind: &'static str, members: &Value) -> Result<()> {
    #[derive(Serialize)]
    struct Line<'a> {
        r#type: &'static str,
        #[serde(flatten)]
        members: &'a Value,
    }
    lines.push_str(&serde_json::to_string(&Line { r#type: kind, members })?);
    lines.push('\n');
    Ok(())
}
