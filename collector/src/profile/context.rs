//! The parts of a Profile object that its protocols share: bindings, settings, the store, and transactions.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use throughline::Plan;
use worker::{Env, Error, Result, State, WebSocket};

use crate::platform::clock;
use crate::platform::settings::Settings;
use crate::profile::session::ProfileSession;
use crate::profile::sockets::{self, Ending, Heard};
use crate::store::ProfileStore;

/// The shortest wait before a failed call of another object is retried, in milliseconds.
const MIN_RETRY: i64 = 100;

/// The platform's side of a Profile object.
pub struct ObjectContext {
    state: State,
    /// The bindings.
    pub env: Env,
    /// The operator's settings.
    pub settings: Rc<Settings>,
    store: RefCell<Option<ProfileStore>>,
    is_bucket_locked: Rc<Cell<bool>>,
}

/// The right to change the profile's files in the archive. Dropping it returns it.
pub struct BucketLock(Rc<Cell<bool>>);

impl Drop for BucketLock {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl ObjectContext {
    /// Returns the context of an object. The store is opened when it is first used.
    pub fn new(state: State, env: Env) -> Self {
        let settings = Settings::of(&env);
        Self { state, env, settings, store: RefCell::new(None), is_bucket_locked: Rc::default() }
    }

    /// Returns the store.
    pub fn store(&self) -> Result<ProfileStore> {
        if let Some(store) = self.store.borrow().as_ref() {
            return Ok(store.clone());
        }
        let store = ProfileStore::open(self.state.storage().sql(), self.state.id().name())?;
        *self.store.borrow_mut() = Some(store.clone());
        Ok(store)
    }

    /// Returns the id of the profile.
    pub fn subject(&self) -> Result<String> {
        Ok(self.store()?.subject().to_owned())
    }

    /// Returns the wait before the first retry of a call of another object, in milliseconds.
    pub fn retry_wait(&self) -> i64 {
        self.settings.retry.max(MIN_RETRY)
    }

    /// Returns the right to change the profile's files in the archive, or `None` while another task has it.
    pub fn bucket_lock(&self) -> Option<BucketLock> {
        let is_free = !self.is_bucket_locked.replace(true);
        is_free.then(|| BucketLock(self.is_bucket_locked.clone()))
    }

    /// Runs `work` in a transaction, and sets the alarm for whatever is due afterwards. An error undoes everything.
    ///
    /// # Errors
    /// When `work` fails, or the profile is erased. So what began before an erasure does not write afterwards.
    pub async fn transact<T: 'static>(&self, work: impl FnOnce(&ProfileStore) -> Result<T> + 'static) -> Result<T> {
        let guarded = move |store: &ProfileStore| {
            if store.is_erased()? { Err(Error::from("the profile is erased")) } else { work(store) }
        };
        self.transact_even_erased(guarded).await
    }

    /// As [`transact`](Self::transact), also in an erased profile: for the erasure itself, and for operations that have
    /// an answer then.
    pub async fn transact_even_erased<T: 'static>(
        &self,
        work: impl FnOnce(&ProfileStore) -> Result<T> + 'static,
    ) -> Result<T> {
        let (store, storage, alarms) = (self.store()?, self.state.storage(), self.state.storage());
        let is_heard = sockets::is_heard(&self.state);
        let result = Rc::new(RefCell::new(None));
        let slot = result.clone();
        // INVARIANT: `work` is not async, so no other request of the object runs between its reads and its writes. The
        // alarm is part of the transaction: what is due is never stored without a timer.
        let transaction = storage.transaction(move |_| async move {
            let before = is_heard.then(|| Heard::of(&store)).transpose()?;
            let value = work(&store)?;
            let after = is_heard.then(|| Heard::of(&store)).transpose()?;
            if let Some(due) = store.next_due()? {
                // An alarm for the current millisecond would never fire.
                alarms.set_alarm(due.saturating_sub(clock::now()).max(2)).await?;
            }
            *slot.borrow_mut() = Some((value, after.filter(|after| before != Some(*after))));
            Ok(())
        });
        transaction.await?;
        let done = result.take().ok_or_else(|| Error::from("the transaction returned no result"))?;
        // INVARIANT: pages hear of a version only after its commit, so an answer to them is at least as new.
        if let Some(heard) = done.1 {
            sockets::announce(&self.state, heard, clock::now());
        }
        Ok(done.0)
    }

    /// Accepts the socket of a page of this device, and tells it the version. Returns the page's end.
    pub fn accept_socket(&self, device: Option<&str>, version: u64, now: i64) -> Result<WebSocket> {
        sockets::accept(&self.state, device, version, now)
    }

    /// Closes the sockets of a device.
    pub fn close_sockets_of(&self, device: &str, ending: Ending) {
        sockets::close_device(&self.state, device, ending);
    }

    /// Closes all sockets. Their pages open others, at the profile where they belong.
    pub fn move_sockets(&self) {
        sockets::close_all(&self.state, Ending::Moved);
    }

    /// Deletes the object's storage. The next operation finds a new, empty profile.
    pub async fn destroy(&self) -> Result<()> {
        self.state.storage().delete_alarm().await?;
        self.state.storage().delete_all().await?;
        *self.store.borrow_mut() = None;
        Ok(())
    }

    /// Runs `work` on the loaded profile, as [`transact`](Self::transact) does.
    pub async fn with_session<T: 'static>(
        &self,
        plan: Option<Rc<Plan>>,
        work: impl FnOnce(&mut ProfileSession) -> Result<T> + 'static,
    ) -> Result<T> {
        self.transact(move |store| work(&mut ProfileSession::load(store, plan)?)).await
    }
}
