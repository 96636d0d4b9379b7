//! Events arrive in the profile, and time passes.
//!
//! A batch is stored, reduced, and answered by its journeys in one transaction. It is acknowledged after the commit, so
//! a crash before leads to a retry, which deduplication makes harmless.

use throughline::Plan;
use worker::Result;

use crate::event::IngestResult;
use crate::platform::clock;
use crate::platform::plan_cache;
use crate::profile::context::ObjectContext;
use crate::profile::erase::ERASED;
use crate::profile::retention;
use crate::profile::rpc::{Ingest, Ingested, MaybeMoved};
use crate::profile::session::ProfileSession;
use crate::store::key;

/// Stores events and reduces them, all or nothing.
pub async fn ingest(context: &ObjectContext, request: Ingest) -> Result<MaybeMoved<Ingested>> {
    let plan = plan_cache::current(&context.env).await;
    let (now, archive_after) = (clock::now(), context.settings.archive_after);
    let limits = plan.as_deref().map(Plan::retention);
    let oldest = request.records.iter().map(|record| record.event.at.0).min();
    let work = context.transact_even_erased(move |store| {
        if store.is_erased()? {
            let ignored = IngestResult::Ignored(ERASED.to_owned());
            return Ok(MaybeMoved::Here(Ingested { results: vec![ignored; request.records.len()], version: 0 }));
        }
        if let Some(winner) = store.get(key::MOVED_TO)? {
            return Ok(MaybeMoved::Moved(winner));
        }
        let mut session = ProfileSession::load(store, plan)?;
        let results: Result<_> = request.records.into_iter().map(|record| session.admit(record)).collect();
        let (results, version) = (results?, session.advance_and_save(now)?);
        if !store.contains(key::ARCHIVE_AT)? {
            store.set(key::ARCHIVE_AT, &now.saturating_add(archive_after))?;
        }
        store.set(key::ACTIVE_AT, &now)?;
        retention::schedule(store, limits, oldest, now)?;
        Ok(MaybeMoved::Here(Ingested { results, version }))
    });
    work.await
}

/// Advances the journeys to the present.
pub async fn advance(context: &ObjectContext) -> Result<()> {
    let (plan, now) = (plan_cache::current(&context.env).await, clock::now());
    let work = context.transact(move |store| {
        if store.contains(key::MOVED_TO)? {
            return Ok(());
        }
        ProfileSession::load(store, plan)?.advance_and_save(now).map(|_| ())
    });
    work.await
}
