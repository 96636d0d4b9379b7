//! The Profile objects: the serial place of one profile, where events are kept once, counted, and move journeys.

mod account;
mod archive;
mod member_message;
mod merge;
pub mod outbox;
pub mod rpc;
mod session;
pub mod store;
mod token;
mod view;

use std::cell::RefCell;
use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use worker::{DurableObject, Env, Error, Request, Response, Result, State, console_error, durable_object};

use crate::identity::identifier::Namespace;
use crate::platform::durable_object::ask;
use crate::platform::plan_cache;
use crate::platform::settings::Settings;
use rpc::{Absorb, Adopt, Adopted, Export, Freeze, Ingest, Ingested, Mint, Minted, Recall, Release, View};
use session::Live;
use store::Store;

/// No name of an object but one with these: an alarm sometimes does not know the name, so it is kept.
const SUBJECT: &str = "subject";

pub(crate) use crate::platform::clock::now as now_ms;

/// The serial place of one profile.
#[durable_object]
pub struct Profile {
    state: State,
    env: Env,
    settings: Rc<Settings>,
    store: RefCell<Option<Store>>,
}

impl DurableObject for Profile {
    fn new(state: State, env: Env) -> Self {
        let settings = Settings::of(&env);
        Self { state, env, settings, store: RefCell::new(None) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let operation = request.path();
        let body = request.text().await?;
        match operation.trim_start_matches('/') {
            "ingest" => answer(&self.ingest(question(&body)?).await?),
            "adopt" => answer(&self.adopt(question(&body)?).await?),
            "absorb" => answer(&self.absorb(question(&body)?).await?),
            "freeze" => answer(&self.freeze(question(&body)?).await?),
            "export" => answer(&self.export(&question::<Export>(&body)?)?),
            "release" => {
                let Release {} = question(&body)?;
                answer(&self.release().await?)
            }
            "tell" => answer(&self.hear(question(&body)?).await?),
            "recall" => {
                let Recall {} = question(&body)?;
                answer(&self.recall().await?)
            }
            "take" => answer(&self.take(question(&body)?).await?),
            "mint" => answer(&self.mint(question(&body)?).await?),
            "view" => answer(&self.view(&question(&body)?).await?),
            other => Err(Error::from(format!("unknown operation `{other}`"))),
        }
    }

    /// Does all that is due. What fails has set its next time before it began, so that nothing holds up the rest.
    async fn alarm(&self) -> Result<Response> {
        let plan = plan_cache::current(&self.env).await;
        self.settle().await?;
        let merged = self.merge_due().await;
        let (told, delivered) = match &plan {
            Some(plan) => (self.tell_account(plan).await, self.deliver(plan).await),
            None => (Ok(()), Ok(())),
        };
        let handed = self.hand_over().await;
        let archived = self.archive().await;
        for (what, result) in [
            ("merge", merged),
            ("account", told),
            ("member message", handed),
            ("delivery", delivered),
            ("archive", archived),
        ] {
            if let Err(error) = result {
                console_error!("{what}: {error}");
            }
        }
        Response::empty()
    }
}

impl Profile {
    /// Keeps events, counts them and moves journeys, all or nothing.
    async fn ingest(&self, question: Ingest) -> Result<Ingested> {
        let plan = plan_cache::current(&self.env).await;
        let (subject, now, archive_after) = (self.subject()?, now_ms(), self.settings.archive_after);
        self.transact(move |store| {
            if let Some(winner) = store.meta("moved_to")? {
                return Ok(Ingested::Moved(winner));
            }
            let mut live = Live::load(store, plan, &subject)?;
            let mut outcomes = Vec::with_capacity(question.records.len());
            for record in question.records {
                outcomes.push(live.apply(record)?);
            }
            let version = live.settle(now)?;
            if store.meta::<i64>("archive_at")?.is_none() {
                store.set_meta("archive_at", &now.saturating_add(archive_after))?;
            }
            Ok(Ingested::Done { outcomes, version })
        })
        .await
    }

    /// Becomes the profile of a person, unless it is somebody else's.
    async fn adopt(&self, question: Adopt) -> Result<Adopted> {
        self.transact(move |store| {
            if store.meta::<String>("moved_to")?.is_some() || is_somebody_else(store, &question.user)? {
                return Ok(Adopted::No);
            }
            store.identify(Namespace::User.name(), &question.user)?;
            Ok(Adopted::Yes)
        })
        .await
    }

    /// Moves the journeys on to now.
    async fn settle(&self) -> Result<()> {
        let plan = plan_cache::current(&self.env).await;
        let (subject, now) = (self.subject()?, now_ms());
        self.transact(move |store| {
            if store.meta::<String>("moved_to")?.is_none() {
                Live::load(store, plan, &subject)?.settle(now)?;
            }
            Ok(())
        })
        .await
    }

    /// The id of this profile.
    fn subject(&self) -> Result<String> {
        let store = self.store()?;
        if let Some(known) = store.meta(SUBJECT)? {
            return Ok(known);
        }
        let name = self.state.id().name().ok_or_else(|| Error::from("the object has no name"))?;
        store.set_meta(SUBJECT, &name)?;
        Ok(name)
    }

    fn store(&self) -> Result<Store> {
        if let Some(store) = self.store.borrow().as_ref() {
            return Ok(store.clone());
        }
        let store = Store::open(self.state.storage().sql())?;
        *self.store.borrow_mut() = Some(store.clone());
        Ok(store)
    }

    /// Runs `work` in a transaction and sets the alarm for whatever is due then; an error undoes everything.
    ///
    /// `work` cannot wait, so nothing comes between its reads and its writes.
    async fn transact<T: 'static>(&self, work: impl FnOnce(&Store) -> Result<T> + 'static) -> Result<T> {
        let (store, storage, alarms) = (self.store()?, self.state.storage(), self.state.storage());
        let result = Rc::new(RefCell::new(None));
        let place = result.clone();
        let transaction = storage.transaction(move |_| async move {
            let value = work(&store)?;
            if let Some(due) = store.due()? {
                // An alarm for this very moment would never come.
                alarms.set_alarm(due.saturating_sub(now_ms()).max(2)).await?;
            }
            *place.borrow_mut() = Some(value);
            Ok(())
        });
        transaction.await?;
        result.take().ok_or_else(|| Error::from("the transaction returned no result"))
    }
}

/// Whether the profile belongs to another person.
fn is_somebody_else(store: &Store, user: &str) -> Result<bool> {
    let users = store.identifiers(Namespace::User.name())?;
    Ok(!users.is_empty() && !users.iter().any(|known| known == user))
}

fn question<T: DeserializeOwned>(body: &str) -> Result<T> {
    Ok(serde_json::from_str(body)?)
}

fn answer(value: &impl Serialize) -> Result<Response> {
    Response::ok(serde_json::to_string(value)?)
}

/// Asks a profile to keep events.
pub async fn ingest(env: &Env, profile: &str, question: &Ingest) -> Result<Ingested> {
    ask(env, "PROFILES", profile, "ingest", question).await
}

/// Asks a profile to become a person's.
pub async fn adopt(env: &Env, profile: &str, question: &Adopt) -> Result<Adopted> {
    ask(env, "PROFILES", profile, "adopt", question).await
}

/// Asks a profile to make another one a part of itself.
pub async fn absorb(env: &Env, profile: &str, question: &Absorb) -> Result<()> {
    ask(env, "PROFILES", profile, "absorb", question).await
}

/// Asks a profile for a token.
pub async fn mint(env: &Env, profile: &str, question: &Mint) -> Result<Minted> {
    ask(env, "PROFILES", profile, "mint", question).await
}

/// Asks a profile for what it knows.
pub async fn view(env: &Env, profile: &str, question: &View) -> Result<Option<serde_json::Value>> {
    ask(env, "PROFILES", profile, "view", question).await
}

/// Asks a profile to become part of another one.
async fn freeze(env: &Env, profile: &str, question: &Freeze) -> Result<Option<rpc::Frozen>> {
    ask(env, "PROFILES", profile, "freeze", question).await
}
