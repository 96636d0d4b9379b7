//! Member messages: messages of an account's journeys, on their way to the member who gets them.
//!
//! The account's object stores a message in the transaction that advances its journey, and repeats the call until a
//! member's object has claimed it. The member's object composes it and puts it into its own outbox.
//!
//! ```text
//!   account's object                                      member's object
//!
//!   journey step is due
//!          │ one transaction with the journey's state
//!          v
//!     ┌─────────┐   attempts += 1, due = now + backoff
//!     │ pending │ ──────────────── ClaimMessage ────────────────┐
//!     └─────────┘ <── error or kill: repeated when due          v
//!          │                                              ┌───────────┐
//!          │ <─────────────── Claimed ─────────────────── │  claimed  │ one row per send_id
//!          v                                              └───────────┘
//!     ┌─────────┐                                               │ advance_and_save composes it,
//!     │  done   │                                               │ or reschedules it while a rule forbids it
//!     └─────────┘                                               v
//!                                                         ┌───────────┐
//!                                                         │   done    │ with a delivery in the outbox
//!                                                         └───────────┘
//! ```
//!
//! A member that was merged replies with the winner, which is called instead. Rows that are done stay, so a repeated
//! claim finds its `send_id` and changes nothing.

use throughline::MemberMessage;
use worker::{Result, console_error};

use crate::platform::clock;
use crate::platform::plan_cache;
use crate::profile::client::{call_merged, moved_too_often};
use crate::profile::context::ObjectContext;
use crate::profile::rpc::{ClaimMessage, Claimed, MaybeMoved};
use crate::profile::session::ProfileSession;
use crate::store::{AddressedMessage, key};

/// The number of messages that one alarm delivers.
const AT_ONCE: i64 = 20;

/// In an account's object: delivers the messages that are due to their members.
pub async fn deliver_to_members(context: &ObjectContext) -> Result<()> {
    for message in context.store()?.due_messages(clock::now(), AT_ONCE)? {
        if let Err(error) = deliver_to_member(context, message).await {
            console_error!("member message, will be retried: {error}");
        }
    }
    Ok(())
}

async fn deliver_to_member(context: &ObjectContext, addressed: AddressedMessage) -> Result<()> {
    let AddressedMessage { member, message } = addressed;
    let send_id = message.send_id.clone();
    let operation = begin_attempt(context, message).await?;
    let claimed = call_merged(&context.env, &member, &operation).await?;
    claimed.ok_or_else(|| moved_too_often(&member))?;
    // INVARIANT: done only after the member has stored the message. A kill before this commit repeats the claim.
    context.transact(move |store| store.finish_message(&send_id)).await
}

/// Sets the next attempt, and returns the claim with what the account knows at this moment.
async fn begin_attempt(context: &ObjectContext, message: MemberMessage) -> Result<ClaimMessage> {
    let (plan, retry) = (plan_cache::current(&context.env).await, context.retry_wait());
    let work = context.transact(move |store| {
        // INVARIANT: the next attempt is set before this one begins. A kill during the call leaves an alarm that
        // repeats it.
        store.begin_message_attempt(&message.send_id, clock::now(), retry)?;
        let mut session = ProfileSession::load(store, plan)?;
        session.advance_and_save(clock::now())?;
        let account = store.get(key::ACCOUNT)?.unwrap_or_default();
        Ok(ClaimMessage { account, known: session.to_account(), message })
    });
    work.await
}

/// In a member's object: stores a message of its account, and composes it if the rules allow it now.
pub async fn claim(context: &ObjectContext, request: ClaimMessage) -> Result<MaybeMoved<Claimed>> {
    let plan = plan_cache::current(&context.env).await;
    let work = context.transact_even_erased(move |store| {
        if store.is_erased()? {
            return Ok(MaybeMoved::Here(Claimed {}));
        }
        if let Some(winner) = store.get(key::MOVED_TO)? {
            return Ok(MaybeMoved::Moved(winner));
        }
        let mut session = ProfileSession::load(store, plan)?;
        session.learn(&request.account, &request.known);
        // INVARIANT: the row's key is the account's send_id, so a repeated claim adds nothing, whether the message is
        // still waiting or composed.
        store.add_own_message(&request.message, clock::now())?;
        session.advance_and_save(clock::now())?;
        Ok(MaybeMoved::Here(Claimed {}))
    });
    work.await
}
