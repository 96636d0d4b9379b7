//! The Durable Object of a profile: dispatches operations and alarms to the protocols.

use std::rc::Rc;

use serde::de::DeserializeOwned;
use throughline::Plan;
use worker::{DurableObject, Env, Error, Request, Response, Result, State, console_error, durable_object};

use crate::platform::clock;
use crate::platform::plan_cache;
use crate::profile::context::ObjectContext;
use crate::profile::rpc::{
    Admit, BeginMerge, ClaimMessage, Erase, ExportEvents, ExportProfile, FinishMerge, ForgetMember, ForwardToAccount,
    HangUp, Ingest, MergeFrom, MintToken, OPEN_LIVE, Operation, PullFromAccount, RedeemHandOver, Restore,
    RetryDelivery, Survey, TakeBack, Unmerge, ViewProfile, Withdraw,
};
use crate::profile::{
    account, archive, audit, erase, export, ingest, live, member_message, merge, merge_loser, outbox, outside, people,
    retention, token, unmerge, view,
};

/// The object of one profile.
#[durable_object]
pub struct Profile {
    context: ObjectContext,
}

impl DurableObject for Profile {
    fn new(state: State, env: Env) -> Self {
        Self { context: ObjectContext::new(state, env) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let path = request.path();
        let operation = path.trim_start_matches('/');
        let context = &self.context;
        if operation == OPEN_LIVE {
            return live::open(context, &request);
        }
        let body = request.text().await?;
        match operation {
            Ingest::NAME => reply::<Ingest>(&ingest::ingest(context, parse(&body)?).await?),
            Survey::NAME => reply::<Survey>(&people::survey(context, &parse(&body)?)?),
            Admit::NAME => reply::<Admit>(&people::admit(context, parse(&body)?).await?),
            Withdraw::NAME => reply::<Withdraw>(&people::withdraw(context, parse(&body)?).await?),
            MergeFrom::NAME => reply::<MergeFrom>(&merge::merge_from(context, parse(&body)?).await?),
            BeginMerge::NAME => reply::<BeginMerge>(&merge_loser::begin_merge(context, parse(&body)?).await?),
            ExportEvents::NAME => reply::<ExportEvents>(&merge_loser::export_events(context, &parse(&body)?)?),
            FinishMerge::NAME => reply::<FinishMerge>(&merge_loser::finish_merge(context, parse(&body)?).await?),
            Unmerge::NAME => reply::<Unmerge>(&unmerge::unmerge(context, parse(&body)?).await?),
            Restore::NAME => reply::<Restore>(&unmerge::restore(context, parse(&body)?).await?),
            TakeBack::NAME => reply::<TakeBack>(&unmerge::take_back(context, parse(&body)?).await?),
            ForwardToAccount::NAME => reply::<ForwardToAccount>(&account::receive(context, parse(&body)?).await?),
            PullFromAccount::NAME => reply::<PullFromAccount>(&account::share(context, parse(&body)?).await?),
            ClaimMessage::NAME => reply::<ClaimMessage>(&member_message::claim(context, parse(&body)?).await?),
            MintToken::NAME => reply::<MintToken>(&token::mint_token(context, &parse(&body)?).await?),
            RedeemHandOver::NAME => reply::<RedeemHandOver>(&people::redeem_hand_over(context, parse(&body)?).await?),
            ViewProfile::NAME => reply::<ViewProfile>(&view::view_profile(context, &parse(&body)?).await?),
            Erase::NAME => reply::<Erase>(&erase::erase(context, parse(&body)?).await?),
            ForgetMember::NAME => reply::<ForgetMember>(&account::forget_member(context, parse(&body)?).await?),
            ExportProfile::NAME => reply::<ExportProfile>(&export::export_profile(context, parse(&body)?)?),
            RetryDelivery::NAME => reply::<RetryDelivery>(&outbox::retry_delivery(context, parse(&body)?).await?),
            HangUp::NAME => {
                live::hang_up(context, &parse(&body)?);
                reply::<HangUp>(&())
            }
            other => Err(Error::from(format!("unknown operation `{other}`"))),
        }
    }

    /// Runs everything that is due.
    ///
    /// Each protocol sets the time of its next attempt before it begins one, so a failure delays only itself.
    async fn alarm(&self) -> Result<Response> {
        if self.context.store()?.is_erased()? {
            erase::continue_due(&self.context).await;
            return Response::empty();
        }
        let plan = plan_cache::current(&self.context.env).await;
        ingest::advance(&self.context).await?;
        log("merge", merge::continue_due(&self.context).await);
        if let Some(plan) = &plan {
            log("retention", retention::retain(&self.context, plan).await);
            log("account sync", account::forward_to_account(&self.context, plan).await);
            log("delivery", self.deliver(plan).await);
        }
        log("member message", member_message::deliver_to_members(&self.context).await);
        log("audit", audit::report(&self.context).await);
        log("archive", archive::archive(&self.context).await);
        log("purge", outside::purge_due(&self.context).await);
        Response::empty()
    }
}

impl Profile {
    /// Sends what is due, checked against what the account knows at this moment.
    async fn deliver(&self, plan: &Rc<Plan>) -> Result<()> {
        let due = outbox::due(&self.context, clock::now())?;
        if due.is_empty() {
            return Ok(());
        }
        account::pull_from_account(&self.context, plan).await?;
        outbox::deliver(&self.context, plan, due).await;
        Ok(())
    }
}

fn log(protocol: &str, result: Result<()>) {
    if let Err(error) = result {
        console_error!("{protocol}: {error}");
    }
}

fn parse<T: DeserializeOwned>(body: &str) -> Result<T> {
    Ok(serde_json::from_str(body)?)
}

fn reply<O: Operation>(reply: &O::Reply) -> Result<Response> {
    Response::ok(serde_json::to_string(reply)?)
}
