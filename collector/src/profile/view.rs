//! What a profile shows to people with the secret key.

use serde_json::{Map, Value, json};
use throughline::Millis;
use worker::Result;

use crate::identity::identifier::Namespace;
use crate::platform::plan_cache;
use crate::profile::rpc::View;
use crate::profile::session::Live;
use crate::profile::{Profile, now_ms, outbox};

/// How many deliveries are shown.
const DELIVERIES: i64 = 100;

impl Profile {
    /// Identities, traits, consent, segments, journeys, exposures, deliveries, and events page by page.
    pub async fn view(&self, question: &View) -> Result<Option<Value>> {
        let store = self.store()?;
        if let Some(winner) = store.meta::<String>("moved_to")? {
            return Ok(Some(json!({ "movedTo": winner })));
        }
        if !store.is_known()? {
            return Ok(None);
        }
        let (plan, subject, now) = (plan_cache::current(&self.env).await, self.subject()?, now_ms());
        if let Some(plan) = &plan {
            self.recall_account(plan).await?;
        }
        let loaded = plan.clone();
        let (mut profile, version) = self
            .transact(move |store| {
                let mut live = Live::load(store, loaded, &subject)?;
                let profile = live.profile.clone();
                Ok((profile, live.settle(now)?))
            })
            .await?;
        if let Some(plan) = &plan {
            profile.decide_segments(plan, Millis(now));
        }
        let events = self.events(question)?;
        let is_full = i64::try_from(events.len()).is_ok_and(|count| count >= question.limit);
        let next = events.last().filter(|_| is_full).and_then(|event| event.get("seq")).cloned();
        let consent = profile.consent.iter().map(|(purpose, known)| (purpose.to_owned(), known.0.name().into()));
        let mut identities = json!({
            "anonymous_id": store.identifiers(Namespace::Anonymous.name())?,
            "user_id": store.identifiers(Namespace::User.name())?,
        });
        let accounts = store.identifiers(Namespace::Account.name())?;
        if let Some(members) = identities.as_object_mut().filter(|_| !accounts.is_empty()) {
            members.insert(Namespace::Account.name().to_owned(), accounts.into());
        }
        // Parts without entries are left out of a profile's JSON.
        let known = serde_json::to_value(&profile)?;
        let part = |name: &str| known.get(name).cloned().unwrap_or_else(|| json!({}));
        Ok(Some(json!({
            "subject": profile.subject,
            "version": version,
            "plan": plan.as_ref().map(|plan| plan.id()),
            "identities": identities,
            "traits": profile.known(),
            "consent": consent.collect::<Map<String, Value>>(),
            "segments": known.get("segments").cloned().unwrap_or_else(|| json!([])),
            "counters": part("counters"),
            "journeys": part("journeys"),
            "exposures": part("exposures"),
            "offers": part("offers"),
            "assignments": part("assignments"),
            "accounts": part("accounts"),
            "deliveries": outbox::all(&store, DELIVERIES)?,
            "merged": self.merged()?,
            "events": events,
            "next": next,
        })))
    }

    /// The events before a number, the last ones first.
    fn events(&self, question: &View) -> Result<Vec<Value>> {
        let query = "SELECT seq, record FROM journal WHERE seq < ? ORDER BY seq DESC LIMIT ?";
        let before = question.before.unwrap_or(i64::from(u32::MAX));
        let entries: Vec<crate::profile::store::Entry> =
            self.store()?.rows(query, vec![before.into(), question.limit.into()])?;
        let shown = |entry: &crate::profile::store::Entry| {
            let record = entry.record()?;
            let mut event = serde_json::to_value(&record.event)?;
            if let Some(members) = event.as_object_mut() {
                members.insert("seq".to_owned(), entry.seq.into());
                members.insert("source".to_owned(), record.source.into());
                members.insert("receivedAt".to_owned(), record.received.into());
            }
            Ok(event)
        };
        entries.iter().map(shown).collect()
    }

    /// The profiles that have become part of this one.
    fn merged(&self) -> Result<Vec<Value>> {
        #[derive(serde::Deserialize)]
        struct Row {
            loser: String,
            due: Option<i64>,
        }
        let rows: Vec<Row> = self.store()?.rows("SELECT loser, due FROM merge ORDER BY loser", Vec::new())?;
        Ok(rows.into_iter().map(|row| json!({ "profile": row.loser, "done": row.due.is_none() })).collect())
    }
}
