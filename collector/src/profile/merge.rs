//! Two profiles become one. The winner drives it to its end, over crashes and errors: what is to be done is noted before
//! it is begun, and every step can be repeated.
//!
//! The loser freezes: it answers where it went, and its events go there. The winner takes over what it knew, its events
//! included, points its devices to itself, and lets it forget.

use serde::Deserialize;
use throughline::Profile as Known;
use worker::{Result, console_error};

use crate::identity::identifier::{Identifier, Namespace};
use crate::identity::{Change, change};
use crate::platform::durable_object::ask;
use crate::platform::plan_cache;
use crate::profile::rpc::{Absorb, Export, Exported, Freeze, Frozen, Release};
use crate::profile::session::Live;
use crate::profile::{Profile, freeze, is_somebody_else, member_message, now_ms, outbox};

/// How many events are taken over at once.
const PAGE: i64 = 100;
/// No more deliveries than this are taken over.
const MAX_DELIVERIES: i64 = 1_000;

#[derive(Deserialize)]
struct Intent {
    loser: String,
    user: String,
}

impl Profile {
    /// Notes that another profile becomes part of this one, and begins at once.
    pub async fn absorb(&self, question: Absorb) -> Result<()> {
        let (loser, user) = (question.loser, question.user);
        if loser == self.subject()? {
            return Ok(());
        }
        let intent = Intent { loser: loser.clone(), user: user.clone() };
        self.transact(move |store| {
            let values = vec![loser.into(), user.as_str().into(), now_ms().into()];
            store.identify(Namespace::User.name(), &user)?;
            store.run("INSERT OR IGNORE INTO merge (loser, user, attempts, due) VALUES (?, ?, 0, ?)", values)
        })
        .await?;
        if let Err(error) = self.drive(&intent).await {
            console_error!("merge, will be retried: {error}");
        }
        Ok(())
    }

    /// Goes on with merges that are not at their end.
    pub async fn merge_due(&self) -> Result<()> {
        let query = "SELECT loser, user FROM merge WHERE due <= ? ORDER BY due LIMIT 10";
        let intents: Vec<Intent> = self.store()?.rows(query, vec![now_ms().into()])?;
        for intent in intents {
            if let Err(error) = self.drive(&intent).await {
                console_error!("merge, will be retried: {error}");
            }
        }
        Ok(())
    }

    async fn drive(&self, intent: &Intent) -> Result<()> {
        self.note_attempt(intent.loser.clone()).await?;
        let question = Freeze { winner: self.subject()?, user: intent.user.clone() };
        if let Some(frozen) = freeze(&self.env, &intent.loser, &question).await? {
            self.take_events(&intent.loser).await?;
            let devices = frozen.devices.clone();
            self.take_state(frozen).await?;
            for device in &devices {
                let to_us = Change::Move { from: intent.loser.clone(), to: self.subject()? };
                change(&self.env, &Identifier::anonymous(device), to_us).await?;
            }
            let () = ask(&self.env, "PROFILES", &intent.loser, "release", &Release {}).await?;
        }
        let loser = intent.loser.clone();
        self.transact(move |store| store.run("UPDATE merge SET due = NULL WHERE loser = ?", vec![loser.into()])).await
    }

    /// Sets the time of the next attempt before this one begins.
    async fn note_attempt(&self, loser: String) -> Result<()> {
        let retry = self.settings.retry.max(100);
        self.transact(move |store| {
            let again = "UPDATE merge SET attempts = attempts + 1, due = ? + ? * (1 << MIN(attempts, 10)) WHERE loser = ? AND due IS NOT NULL";
            store.run(again, vec![now_ms().into(), retry.into(), loser.into()])
        })
        .await
    }

    async fn take_events(&self, loser: &str) -> Result<()> {
        let mut after = 0;
        loop {
            let page: Exported = ask(&self.env, "PROFILES", loser, "export", &Export { after }).await?;
            let Some((last, _)) = page.events.last() else { return Ok(()) };
            after = *last;
            let (plan, subject) = (plan_cache::current(&self.env).await, self.subject()?);
            self.transact(move |store| {
                let mut live = Live::load(store, plan, &subject)?;
                for (_, record) in page.events {
                    live.apply(record)?;
                }
                live.settle(now_ms()).map(|_| ())
            })
            .await?;
        }
    }

    /// Takes over what was counted, and where journeys and messages are.
    async fn take_state(&self, frozen: Frozen) -> Result<()> {
        let plan = plan_cache::current(&self.env).await.ok_or("no plan is loaded, so profiles cannot be merged")?;
        let (subject, archive_after) = (self.subject()?, self.settings.archive_after);
        self.transact(move |store| {
            let mut base: Known = store.meta("base")?.unwrap_or_else(|| Known::new(subject.clone()));
            base.merge(&plan, &frozen.base);
            store.set_meta("base", &base)?;
            if frozen.secured {
                store.set_meta("secured", &true)?;
            }
            for device in &frozen.devices {
                store.identify(Namespace::Anonymous.name(), device)?;
            }
            for taken in frozen.deliveries {
                if outbox::find(store, &taken.send_id)?.is_none() {
                    taken.keep(store)?;
                }
            }
            member_message::take_over(store, &frozen.member_messages, now_ms())?;
            let mut live = Live::load(store, Some(plan.clone()), &subject)?;
            live.merge(&plan, &frozen.profile);
            live.settle(now_ms())?;
            store.set_meta("archive_at", &now_ms().saturating_add(archive_after))
        })
        .await
    }

    /// Becomes part of another profile; none if this one is somebody else's.
    pub async fn freeze(&self, question: Freeze) -> Result<Option<Frozen>> {
        self.transact(move |store| {
            if is_somebody_else(store, &question.user)? {
                return Ok(None);
            }
            store.set_meta("moved_to", &question.winner)?;
            store.clear_meta("wake_at")?;
            store.clear_meta("tell_at")?;
            Ok(Some(Frozen {
                profile: store.meta("profile")?.unwrap_or_default(),
                base: store.meta("base")?.unwrap_or_default(),
                secured: store.meta("secured")?.unwrap_or(false),
                devices: store.identifiers(Namespace::Anonymous.name())?,
                deliveries: outbox::all(store, MAX_DELIVERIES)?,
                member_messages: member_message::own(store)?,
            }))
        })
        .await
    }

    /// Some events after a number.
    pub fn export(&self, question: &Export) -> Result<Exported> {
        let entries = self.store()?.entries(question.after, PAGE)?;
        let events: Result<_> = entries.iter().map(|entry| Ok((entry.seq, entry.record()?))).collect();
        Ok(Exported { events: events? })
    }

    /// Forgets everything but where it went, for tokens and senders that know only this profile.
    pub async fn release(&self) -> Result<()> {
        self.transact(|store| {
            for table in ["journal", "seen", "delivery", "errand", "identity", "merge"] {
                store.run(&format!("DELETE FROM {table}"), Vec::new())?;
            }
            store.run("DELETE FROM meta WHERE name NOT IN ('moved_to', 'subject')", Vec::new())
        })
        .await
    }
}
