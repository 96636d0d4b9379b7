//! The reducer: applies an event to a profile.

use crate::condition;
use crate::event::names::{ACCOUNT, EXPERIMENT_VIEWED, MESSAGE, MESSAGE_SEEN, MESSAGE_SENT, SEEN};
use crate::event::{Event, EventKind};
use crate::json::Value;
use crate::plan::Plan;
use crate::plan::tables::{self, ExperimentFlags};
use crate::prelude::*;
use crate::profile::occurrence::{Occurrence, remember, values_of};
use crate::profile::once::stamp_of;
use crate::profile::stamp::{Stamp, Stamped, keep_consent, keep_first, keep_first_offer, keep_last};
use crate::profile::traits::DeclaredTraits;
use crate::profile::{Profile, exposure_keep};
use crate::text::normal_address::normal_properties;

/// Applies an event to a profile.
///
/// Events can be applied in any order, and each any number of times: the resulting profile is the same. Only counters
/// of the plan are counted, and only consent for purposes that the plan names is kept.
///
/// - An event of an untrusted sender sets only traits that are undeclared, or declared with `client: true`.
/// - An event that another id claims ([`Event::claimed_by`]) sets claims, and assigns the subject to no account: see
///   [`ClaimedFacts`](crate::ClaimedFacts).
/// - Of the traits that no attribute reads, 300 short ones are kept.
///
/// # Examples
///
/// The later of two events wins, whichever arrives first:
///
/// ```
/// use throughline::{Event, Plan, Profile, Value, reduce};
/// # use throughline_compiler::{Options, Source, compile};
///
/// let rules = "attributes: { tier: { type: string } }";
/// # let plans = compile(&[Source::new("rules.yaml", rules)], Options::default()).plans.ok_or("mistakes")?;
/// # let bytes = plans.edge;
/// let plan = Plan::load(&bytes)?;
/// let silver = Event::from_json(
///     r#"{ "id": "m1", "type": "identify", "at": 1760000000000, "traits": { "tier": "silver" }, "trusted": true }"#,
/// )?;
/// let gold = Event::from_json(
///     r#"{ "id": "m2", "type": "identify", "at": 1760000001000, "traits": { "tier": "gold" }, "trusted": true }"#,
/// )?;
///
/// let mut profile = Profile::new("p1");
/// reduce(&plan, &mut profile, &gold);
/// reduce(&plan, &mut profile, &silver);
/// assert_eq!(profile.traits["tier"].0, Value::from("gold"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn reduce(plan: &Plan, profile: &mut Profile, event: &Event) {
    let stamp = Stamp::new(event.at, &event.id);
    set_facts(plan, profile, event, stamp);
    apply_consent(plan, profile, event);
    if event.name.is_empty() {
        return;
    }
    count(plan, profile, event, stamp);
    match event.name.as_str() {
        MESSAGE_SEEN => expose(plan, profile, event, stamp),
        MESSAGE_SENT if event.trusted => expose(plan, profile, event, stamp),
        EXPERIMENT_VIEWED if event.trusted => assign(plan, profile, event, stamp),
        _ => {}
    }
}

/// Applies only the consent that an event carries, for the purposes that the rules name.
pub(crate) fn apply_consent(plan: &Plan, profile: &mut Profile, event: &Event) {
    let stamp = Stamp::new(event.at, &event.id);
    for (purpose, state) in event.consent.iter().filter(|(purpose, _)| plan.has_purpose(purpose)) {
        let state = Stamped::new(*state, stamp);
        match &event.claimed_by {
            Some(claimed_by) => profile.claims.keep_consent(claimed_by, purpose, &state),
            None => keep_consent(&mut profile.consent, purpose, &state),
        }
    }
}

/// Sets the traits of an event, or the account of a group call.
fn set_facts(plan: &Plan, profile: &mut Profile, event: &Event, stamp: Stamp) {
    let has_facts = event.kind == EventKind::Group || !event.traits.is_empty();
    if !has_facts {
        return;
    }
    let declared = DeclaredTraits::new(plan, false);
    let is_claimed = event.claimed_by.is_some();
    match event.kind {
        EventKind::Group if is_claimed => {}
        EventKind::Group if event.trusted || declared.is_open(ACCOUNT) => profile.join(plan, event, stamp),
        EventKind::Group => {}
        _ => {
            let traits = if is_claimed { &mut profile.claims.traits } else { &mut profile.traits };
            declared.set(traits, &event.traits, stamp, event.trusted);
            profile.claims.traits.remove(ACCOUNT);
        }
    }
}

fn count(plan: &Plan, profile: &mut Profile, event: &Event, stamp: Stamp) {
    let properties = &*normal_properties(&event.properties);
    for (_, counter) in plan.rows(plan.all::<tables::Counter>()) {
        let counts = plan.text(counter.event) == event.name
            && counter.filter.is_none_or(|node| condition::filter(plan, node, properties));
        if counts {
            let stamp = stamp_of(plan, &counter, properties, stamp);
            let values = values_of(plan, &counter, properties).into_iter();
            let occurrences = values.map(|value| Occurrence { stamp, value });
            remember(plan, &mut profile.counters, plan.text(counter.key), occurrences);
        }
    }
}

/// Records an exposure under every key that a cap may count: alone, and together with the channel.
///
/// A sent message counts when it is sent. Seeing it later does not count as a second contact.
fn expose(plan: &Plan, profile: &mut Profile, event: &Event, stamp: Stamp) {
    let property = |name| event.properties.get(name).and_then(Value::as_str);
    let mut record = |key: &str| keep_last(&mut profile.exposures, key, [stamp].into_iter(), exposure_keep(plan, key));
    let is_sent = event.name == MESSAGE_SENT;
    if let (false, Some(message)) = (is_sent, property("message")) {
        record(&format!("{SEEN}:{message}"));
    }
    if is_sent || property("send_id").is_none() {
        let named = ["campaign", MESSAGE, "offer", "class", "slot"].map(|kind| property(kind).map(|id| (kind, id)));
        let keys = named.into_iter().flatten().map(|(kind, id)| format!("{kind}:{id}")).chain(["all".to_owned()]);
        for key in keys {
            record(&key);
            if let Some(channel) = property("channel") {
                record(&format!("{key}@{channel}"));
            }
        }
    }
    let is_declared = |id: &&str| plan.find(id, |row: &tables::Offer| row.id).is_some();
    if let Some(offer) = property("offer").filter(is_declared) {
        keep_first_offer(&mut profile.offers, offer, stamp);
    }
}

/// Keeps the first variation of each sticky experiment with this key.
fn assign(plan: &Plan, profile: &mut Profile, event: &Event, stamp: Stamp) {
    let property = |name| event.properties.get(name).and_then(Value::as_str);
    let (Some(key), Some(variation)) = (property("experiment_id"), property("variation_id")) else { return };
    for (_, experiment) in plan.rows(plan.all::<tables::Experiment>()) {
        let exists = |id: &str| plan.rows(experiment.variations).any(|(_, row)| plan.text(row.id) == id);
        if plan.text(experiment.key) == key && experiment.flags.contains(ExperimentFlags::STICKY) && exists(variation) {
            let assignment = assignment_key(key, experiment.bucket_version);
            keep_first(&mut profile.assignments, &assignment, &Stamped::new(variation.to_owned(), stamp));
        }
    }
}

/// Returns the key of a kept assignment, in GrowthBook's form.
pub(crate) fn assignment_key(experiment: &str, bucket_version: u32) -> String {
    format!("{experiment}__{bucket_version}")
}
