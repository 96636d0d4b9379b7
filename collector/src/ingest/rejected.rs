//! Rejected events: stored among the failed events before the sender hears of it.

use worker::{Env, console_error};

use crate::event::IngestResult;
use crate::store::failed_events::{self, FailedEvent};

/// Stores rejected events. Returns the result of each: dropped, or to be retried if it cannot be stored.
pub async fn store_rejected(env: &Env, rejected: Vec<FailedEvent>) -> Vec<(String, IngestResult)> {
    let stored = failed_events::put(env, &rejected).await;
    if let Err(error) = &stored {
        console_error!("failed events not stored: {error}");
    }
    let result = |reason: String| match &stored {
        Ok(()) => IngestResult::Drop(reason),
        Err(_) => IngestResult::Retry("the failed event could not be stored".to_owned()),
    };
    rejected.into_iter().map(|event| (event.message_id, result(event.reason))).collect()
}
