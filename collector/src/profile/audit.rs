//! The numbers of this profile for the audit, reported to the Identity object that keeps the sums.
//!
//! `AUDIT_AT` is set in the transaction that changes a number, and cleared once the object has stored the report. Until
//! then an alarm reports again. Reports are complete and numbered, so a repeated or an overtaken one changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use worker::Result;

use crate::identity;
use crate::identity::audit::{ProfileReport, SourceNumbers, TOTAL};
use crate::platform::clock;
use crate::profile::context::ObjectContext;
use crate::store::{ConflictKind, ProfileStore, key};

/// Reports the numbers, if it is time.
pub async fn report(context: &ObjectContext) -> Result<()> {
    if context.store()?.get(key::AUDIT_AT)?.is_none_or(|at| at > clock::now()) {
        return Ok(());
    }
    let retry = context.retry_wait();
    let report = context.transact(move |store| begin(store, retry)).await?;
    let revision = report.revision;
    identity::report(&context.env, &report).await?;
    let work = context.transact(move |store| {
        // INVARIANT: what changed during the call has set AUDIT_AT to now, and is reported under a later number.
        let is_latest = store.get(key::AUDIT_AT)?.is_none_or(|at| at > clock::now());
        if is_latest && store.get(key::AUDIT_REVISION)? == Some(revision) { store.clear(key::AUDIT_AT) } else { Ok(()) }
    });
    work.await
}

/// Reports that the profile has no numbers any more, because it is being erased.
pub async fn report_nothing(context: &ObjectContext) -> Result<()> {
    let store = context.store()?;
    let revision = store.get(key::AUDIT_REVISION)?.unwrap_or(0).max(clock::now()).saturating_add(1);
    let profile = store.subject().to_owned();
    identity::report(&context.env, &ProfileReport { profile, revision, numbers: BTreeMap::new() }).await
}

fn begin(store: &ProfileStore, retry: i64) -> Result<ProfileReport> {
    let now = clock::now();
    let revision = store.get(key::AUDIT_REVISION)?.unwrap_or(0).max(now).saturating_add(1);
    store.set(key::AUDIT_REVISION, &revision)?;
    store.set(key::AUDIT_AT, &now.saturating_add(retry))?;
    let numbers = if store.contains(key::MOVED_TO)? { BTreeMap::new() } else { numbers(store)? };
    Ok(ProfileReport { profile: store.subject().to_owned(), revision, numbers })
}

fn numbers(store: &ProfileStore) -> Result<BTreeMap<String, SourceNumbers>> {
    let mut numbers: BTreeMap<String, SourceNumbers> = BTreeMap::new();
    let mut add = |source: &str, more: SourceNumbers| {
        for name in [source, TOTAL] {
            let sum = numbers.entry(name.to_owned()).or_default();
            sum.records = sum.records.saturating_add(more.records);
            sum.conflicts = sum.conflicts.saturating_add(more.conflicts);
            sum.blocked = sum.blocked.saturating_add(more.blocked);
        }
    };
    for of_source in store.records_by_source()? {
        add(&of_source.name, SourceNumbers { records: of_source.records, ..SourceNumbers::default() });
    }
    for conflict in store.conflicts()? {
        add(
            &conflict.source,
            match conflict.kind {
                ConflictKind::Identifier => SourceNumbers { conflicts: 1, ..SourceNumbers::default() },
                ConflictKind::Merge => SourceNumbers { blocked: 1, ..SourceNumbers::default() },
            },
        );
    }
    let is_person = store.is_person()?;
    let with_records = store.records_by_source()?.into_iter().filter(|source| source.records > 0);
    let with_records: BTreeSet<String> = with_records.map(|source| source.name).collect();
    if is_person {
        numbers.entry(TOTAL.to_owned()).or_default();
    }
    for (source, numbers) in &mut numbers {
        numbers.people = i64::from(is_person && (source == TOTAL || with_records.contains(source)));
    }
    Ok(numbers)
}
