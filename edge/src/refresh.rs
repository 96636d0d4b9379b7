//! Fresh facts: the collector is asked for a visitor's token while the page is fetched.
//!
//! A request waits for the answer only as long as it may. An answer that comes later is kept in this isolate for the
//! visitor's next request.

use alloc::collections::VecDeque;
use alloc::rc::Rc;
use core::cell::{Cell, RefCell};

use js_sys::Promise;
use throughline::{Millis, Plan, Value};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::future_to_promise;

use crate::error::log;
use crate::outbox::{self, Envelope, Failure};
use crate::platform::js;
use crate::prelude::*;
use crate::request::RequestContext;
use crate::visitor::Visitor;

/// The most visitors whose answers are kept.
const MAX_ANSWERS: usize = 256;
/// The time for which an answer is kept, in milliseconds.
const KEPT_MS: i64 = 60_000;
/// The failures in a row after which the collector is left alone.
const MAX_FAILURES: u32 = 3;
/// The time for which it is left alone, in milliseconds.
const PAUSE_MS: i64 = 5000;
/// The time that an open page waits for what it has heard of, in milliseconds.
const LIVE_WAIT_MS: u32 = 1000;

/// The answers of the collector in this isolate, and its health as far as this isolate has seen it.
#[derive(Default)]
pub struct Refreshes {
    /// The oldest question first.
    // INVARIANT: there is one entry for a visitor, and at most `MAX_ANSWERS` in all.
    entries: RefCell<VecDeque<Entry>>,
    failures: Cell<u32>,
    paused_until: Cell<Millis>,
}

/// A question about one visitor, and its answer once it is there.
struct Entry {
    visitor: String,
    asked_at: Millis,
    answer: Option<Value>,
}

/// A question that has been sent. It is answered even if nobody waits for it.
pub struct Question(Promise);

impl Question {
    /// Waits for the answer, but not longer than `FRESH_WAIT`.
    pub async fn wait(&self, context: &RequestContext) {
        self.wait_for(context.isolate.config.fresh_wait_ms).await;
    }

    /// Waits for the answer, but not longer than this time, in milliseconds.
    async fn wait_for(&self, milliseconds: u32) {
        js::wait_at_most(&self.0, milliseconds).await;
    }
}

/// Returns the visitor of an endpoint's request with the freshest facts that are there within `FRESH_WAIT`.
pub async fn refreshed(context: &RequestContext, plan: &Plan, mut visitor: Visitor) -> Visitor {
    apply(context, plan, &mut visitor);
    if let Some(question) = ask(context, &visitor) {
        question.wait(context).await;
        apply(context, plan, &mut visitor);
    }
    visitor
}

/// Returns the visitor of an open page that has heard of this version of the profile: whatever the age of the facts, they
/// are asked for if they are of an earlier version. Nobody waits for a page, so the answer has more time.
pub async fn refreshed_to(context: &RequestContext, plan: &Plan, mut visitor: Visitor, version: u64) -> Visitor {
    apply(context, plan, &mut visitor);
    if visitor.version >= version || !is_known(&visitor) {
        return refreshed(context, plan, visitor).await;
    }
    if let Some(question) = send(context, &visitor) {
        question.wait_for(LIVE_WAIT_MS).await;
        apply(context, plan, &mut visitor);
    }
    visitor
}

/// Asks the collector about a visitor, unless the facts are fresh or nobody can know more of them.
pub fn ask(context: &RequestContext, visitor: &Visitor) -> Option<Question> {
    let fresh_ms = context.isolate.config.fresh_ms.filter(|fresh_ms| is_due(visitor, *fresh_ms, context.now))?;
    let since = context.now.minus(Millis(fresh_ms));
    if context.isolate.refreshes.was_asked_since(&key(visitor), since) { None } else { ask_at_once(context, visitor) }
}

/// Asks the collector about a visitor, whatever the age of the facts: something may just have happened.
pub fn ask_at_once(context: &RequestContext, visitor: &Visitor) -> Option<Question> {
    if context.isolate.config.fresh_ms.is_none() { None } else { send(context, visitor) }
}

/// Sends the question, unless the collector is left alone.
fn send(context: &RequestContext, visitor: &Visitor) -> Option<Question> {
    let refreshes = &context.isolate.refreshes;
    if context.now < refreshes.paused_until.get() {
        return None;
    }
    let key = key(visitor);
    refreshes.note_question(&key, context.now);
    let message = Envelope::new(context, visitor).offering().to_json([]);
    let (isolate, env, asked_at) = (Rc::clone(&context.isolate), context.env.clone(), context.now);
    let promise = future_to_promise(async move {
        let answer = outbox::post(&isolate.config, &env, outbox::path::REFRESH, &message).await;
        isolate.refreshes.settle(&key, asked_at, answer);
        Ok(JsValue::UNDEFINED)
    });
    context.execution.wait_until_settled(&promise);
    Some(Question(promise))
}

/// Applies the newest answer about a visitor that this isolate has.
pub fn apply(context: &RequestContext, plan: &Plan, visitor: &mut Visitor) {
    if !is_known(visitor) {
        return;
    }
    let answer = context.isolate.refreshes.answer(&key(visitor), context.now);
    if let Some(answer) = answer {
        visitor.adopt(&context.isolate.config, plan, &answer, context.now);
    }
}

/// Whether the facts of a visitor should be asked for.
fn is_due(visitor: &Visitor, fresh_ms: i64, now: Millis) -> bool {
    let age = now.seconds().saturating_sub(visitor.issued);
    let is_old = i64::try_from(age.saturating_mul(1000)).is_ok_and(|age| age >= fresh_ms);
    let is_ending = visitor.expires.is_none_or(|expires| {
        let life = expires.saturating_sub(visitor.issued);
        expires.saturating_sub(now.seconds()) < life / 10
    });
    is_known(visitor) && (is_old || is_ending)
}

/// Whether the collector may know something of the visitor: not of a new device, and nothing that it tells an unsigned one.
pub fn is_known(visitor: &Visitor) -> bool {
    visitor.proof().is_some() || (visitor.is_signed && !visitor.is_new)
}

/// Returns the key of a visitor's answers. It has the person as well, so a device that changes hands gets none of the former's.
fn key(visitor: &Visitor) -> String {
    format!("{} {}", visitor.id, visitor.profile.subject)
}

impl Refreshes {
    fn was_asked_since(&self, visitor: &str, since: Millis) -> bool {
        self.entries.borrow().iter().any(|entry| entry.visitor == visitor && entry.asked_at > since)
    }

    fn answer(&self, visitor: &str, now: Millis) -> Option<Value> {
        let oldest = now.minus(Millis(KEPT_MS));
        let entries = self.entries.borrow();
        entries.iter().find(|entry| entry.visitor == visitor && entry.asked_at > oldest)?.answer.clone()
    }

    /// Notes a question. The answer to an earlier one stays until the new one is there.
    fn note_question(&self, visitor: &str, asked_at: Millis) {
        let answer = self.answer(visitor, asked_at);
        self.insert(visitor, asked_at, answer);
    }

    fn insert(&self, visitor: &str, asked_at: Millis, answer: Option<Value>) {
        let mut entries = self.entries.borrow_mut();
        let oldest = asked_at.minus(Millis(KEPT_MS));
        entries.retain(|entry| entry.visitor != visitor && entry.asked_at > oldest);
        if entries.len() >= MAX_ANSWERS {
            entries.pop_front();
        }
        entries.push_back(Entry { visitor: visitor.to_owned(), asked_at, answer });
    }

    /// Keeps an answer, or notes a failure, after which the visitor's next request may ask again.
    fn settle(&self, visitor: &str, asked_at: Millis, answer: Result<Value, Failure>) {
        match answer {
            Ok(answer) => {
                self.failures.set(0);
                self.insert(visitor, asked_at, Some(answer));
            }
            Err(cause) => {
                log(&format!("refresh: {cause}"));
                self.entries.borrow_mut().retain(|entry| entry.visitor != visitor);
                self.failures.set(self.failures.get().saturating_add(1));
                if self.failures.get() >= MAX_FAILURES {
                    self.failures.set(0);
                    self.paused_until.set(Millis(js::now().0.saturating_add(PAUSE_MS)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    #[test]
    fn answers_are_bounded_and_the_newest_stay() {
        let refreshes = Refreshes::default();
        for number in 0..1000 {
            refreshes.settle(&format!("v{number}"), Millis(number), Ok(Value::from("answer")));
        }
        assert_eq!(refreshes.entries.borrow().len(), MAX_ANSWERS);
        assert!(refreshes.answer("v999", Millis(1000)).is_some());
        assert!(refreshes.answer("v743", Millis(1000)).is_none());
    }

    #[test]
    fn an_answer_is_kept_for_a_minute_and_stays_while_the_next_is_awaited() {
        let refreshes = Refreshes::default();
        refreshes.settle("v1", Millis(0), Ok(Value::from("first")));
        refreshes.note_question("v1", Millis(1000));
        assert!(refreshes.was_asked_since("v1", Millis(999)));
        assert!(!refreshes.was_asked_since("v1", Millis(1000)));
        assert_eq!(refreshes.answer("v1", Millis(2000)), Some(Value::from("first")));
        refreshes.settle("v1", Millis(1000), Ok(Value::from("second")));
        assert_eq!(refreshes.answer("v1", Millis(2000)), Some(Value::from("second")));
        assert_eq!(refreshes.answer("v1", Millis(61_000)), None);
        assert_eq!(refreshes.answer("v2", Millis(2000)), None);
    }
}
