//! Projection: the part of a profile that travels in a token.
//!
//! Two steps make a token. [`Profile::project`] selects what decisions of a plan can read, in one pass and for all
//! subjects alike. [`Profile::truncate_to_budget`] then drops facts of this subject until the token is short enough.
//! Segments that read more than a page may know are decided before the projection, by [`Profile::decide_segments`]; the
//! token carries only their names.

use alloc::borrow::Cow;

use crate::collections::{SortedMap, SortedSet};
use crate::condition::Evaluator;
use crate::event::consent::Consent;
use crate::facts::derived::request_for_message;
use crate::json::{Object, Value};
use crate::plan::tables::{
    Attribute, AttributeFlags, Counter, CounterFlags, Experiment, Exposure, ExposureFlags, Journey, Offer, Purpose,
    Segment, SegmentFlags, Slot, Source,
};
use crate::plan::{Id, row::Row};
use crate::plan::{Plan, tables::Text};
use crate::prelude::*;
use crate::profile::Profile;
use crate::profile::account::Account;
use crate::profile::claims::ClaimedFacts;
use crate::profile::occurrence::{Occurrence, truncate};
use crate::profile::stamp::{Stamp, Stamped};
use crate::profile::traits::{name_of, spellings};
use crate::text::fnv::fnv32a;
use crate::time::Millis;
use crate::token::detect_pii;

/// The parts of a profile in the order in which they are dropped from a token that is too long.
///
/// The part that pages miss least comes first. Within a part, facts of accounts are dropped before the subject's own.
/// Consent is never dropped.
pub const DROP_ORDER: [&str; 7] = ["journeys", "segments", "counters", "traits", "assignments", "exposures", "offers"];

impl Profile {
    /// Returns the part of the profile that decisions of this plan read at this time.
    ///
    /// These are attributes with `edge: true` whose values do not look like PII, occurrences and exposures within the
    /// windows of the plan, and offers that have not ended.
    #[must_use]
    pub fn project(&self, plan: &Plan, now: Millis) -> Self {
        Self {
            subject: self.subject.clone(),
            traits: project_traits(plan, &self.effective_traits(), AttributeFlags::EDGE, false),
            consent: self.project_consent(plan),
            claims: ClaimedFacts::default(),
            counters: project_counters(plan, &self.counters, now, CounterFlags::EDGE),
            exposures: project_exposures(plan, &self.exposures, now, ExposureFlags::empty()),
            offers: entries_of(&self.offers, plan, |row: &Offer| (row.until > now).then_some(row.id)),
            assignments: self.project_assignments(plan),
            journeys: entries_of(&self.journeys, plan, |row: &Journey| Some(row.id)),
            accounts: self.project_accounts(plan, now),
            segments: self.segments.clone(),
            partial: self.partial.clone(),
        }
    }

    /// Returns the profile without the exposures of these decisions.
    ///
    /// A page that still shows them can be decided again without its own content counting against it.
    #[must_use]
    pub fn before(mut self, plan: &Plan, decisions: &[&str]) -> Self {
        let slots = || plan.rows(plan.all::<Slot>()).map(|(_, slot)| plan.text(slot.id));
        let exposure = |decision: &str, slot: &str| fnv32a(&format!("{decision}:{slot}"));
        let shown: SortedSet<u32> =
            decisions.iter().flat_map(|decision| slots().map(|slot| exposure(decision, slot))).collect();
        remove_exposures(&mut self.exposures, &shown);
        self.accounts.values_mut().for_each(|account| remove_exposures(&mut account.exposures, &shown));
        self
    }

    /// Decides the segments that only the collector can decide, so that the token can carry them.
    pub fn decide_segments(&mut self, plan: &Plan, now: Millis) {
        self.segments.clear();
        let request = request_for_message(plan, self, now);
        for (_, segment) in
            plan.rows(plan.all::<Segment>()).filter(|(_, row)| row.flags.contains(SegmentFlags::CARRIED))
        {
            // why: the evaluator reads memberships from the profile, and a segment may refer to earlier ones.
            if Evaluator::new(plan, self, &request, now).holds(segment.node) {
                self.segments.insert(plan.text(segment.id).to_owned());
            }
        }
    }

    /// Returns every segment that the subject is in, without a request: those that only the collector can decide, and
    /// those that a page would decide.
    #[must_use]
    pub fn all_segments(&self, plan: &Plan, now: Millis) -> SortedSet<String> {
        let mut profile = self.clone();
        profile.decide_segments(plan, now);
        let request = request_for_message(plan, &profile, now);
        let mut eval = Evaluator::new(plan, &profile, &request, now);
        let of_page = plan.rows(plan.all::<Segment>()).filter(|(_, row)| !row.flags.contains(SegmentFlags::CARRIED));
        let held = of_page.filter(|(_, row)| eval.holds(row.node)).map(|(_, row)| plan.text(row.id).to_owned());
        profile.segments.iter().cloned().chain(held).collect()
    }

    /// Drops facts until `fits` holds, and returns whether it does in the end.
    ///
    /// Parts are dropped in the order of [`DROP_ORDER`], one fact at a time: the longest list of counters and
    /// exposures, and the last entry by name of the other parts. `partial` names each part that lost a fact, so that
    /// explanations can report it.
    // why: `fits` is asked after every fact, because only the encoded token has an exact length.
    pub fn truncate_to_budget(&mut self, fits: impl Fn(&Self) -> bool) -> bool {
        for part in DROP_ORDER {
            loop {
                if fits(self) {
                    return true;
                }
                if !self.drop_one(part) {
                    break;
                }
                self.partial.insert(part.to_owned());
            }
        }
        fits(self)
    }

    /// Drops one fact of a part, those of accounts first.
    fn drop_one(&mut self, part: &str) -> bool {
        self.accounts.values_mut().any(|account| drop_of_account(account, part)) || self.drop_own(part)
    }

    fn drop_own(&mut self, part: &str) -> bool {
        match part {
            "journeys" => self.journeys.pop_last().is_some(),
            "segments" => self.segments.pop_last().is_some(),
            "counters" => drop_longest(&mut self.counters),
            "traits" => self.traits.pop_last().is_some(),
            "assignments" => self.assignments.pop_last().is_some(),
            "exposures" => drop_longest(&mut self.exposures),
            "offers" => self.offers.pop_last().is_some(),
            _ => false,
        }
    }

    /// Projects every account to what attributes and caps of the plan read.
    ///
    /// An account of which nothing is kept stays, because `joined` shows which account is the subject's.
    fn project_accounts(&self, plan: &Plan, now: Millis) -> SortedMap<Account> {
        if !plan.reads_accounts() {
            return SortedMap::new();
        }
        let project = |account: &Account| Account {
            joined: account.joined,
            traits: project_traits(plan, &account.traits, AttributeFlags::EDGE.with(AttributeFlags::ACCOUNT), true),
            counters: project_counters(plan, &account.counters, now, CounterFlags::EDGE.with(CounterFlags::ACCOUNT)),
            exposures: project_exposures(plan, &account.exposures, now, ExposureFlags::ACCOUNT),
            journeys: entries_of(&account.journeys, plan, |row: &Journey| Some(row.id)),
        };
        self.accounts.iter().map(|(key, account)| (key, project(account))).collect()
    }

    /// Returns all traits that count. A claimed one has the least stamp, so that an own one of any time replaces it.
    fn effective_traits(&self) -> Cow<'_, SortedMap<Stamped<Value>>> {
        let mut traits = Cow::Borrowed(&self.traits);
        for (name, claimed) in &self.claims.traits {
            if !self.traits.contains_key(name) {
                traits.to_mut().insert(name, Stamped::new(claimed.0.clone(), Stamp::default()));
            }
        }
        traits
    }

    /// Returns the consent that counts for each purpose that the plan names.
    fn project_consent(&self, plan: &Plan) -> SortedMap<Stamped<Consent>> {
        let purposes = plan.rows(plan.all::<Purpose>()).map(|(_, row)| plan.text(row.name));
        purposes.filter_map(|purpose| Some((purpose, self.effective_consent(purpose)?))).collect()
    }

    fn project_assignments(&self, plan: &Plan) -> SortedMap<Stamped<String>> {
        let experiments: SortedSet<&str> =
            plan.rows(plan.all::<Experiment>()).map(|(_, row)| plan.text(row.key)).collect();
        let needed = |key: &str| key.rsplit_once("__").is_some_and(|(experiment, _)| experiments.contains(experiment));
        self.assignments.iter().filter(|(key, _)| needed(key)).map(|(key, kept)| (key, kept.clone())).collect()
    }
}

/// Keeps the parts of traits of people, or of accounts, that attributes with these flags read.
fn project_traits(
    plan: &Plan,
    traits: &SortedMap<Stamped<Value>>,
    flags: AttributeFlags,
    of_accounts: bool,
) -> SortedMap<Stamped<Value>> {
    let mut out = SortedMap::new();
    let is_wanted = |row: &Attribute| row.source == Source::Profile && row.flags.contains(flags);
    for (_, row) in plan.rows(plan.all::<Attribute>()).filter(|(_, row)| is_wanted(row)) {
        for (name, path) in spellings(name_of(plan.text(row.name), of_accounts)) {
            let Some(stamped) = traits.get(name) else { continue };
            // why: the stamp travels even without a value, so that an earlier value that arrives later does not come
            // back.
            let carried = out.get_or_insert_with(name, || Stamped::new(Value::Null, stamped.stamp()));
            let found = stamped.0.at(path.clone());
            if *found != Value::Null && !is_pii(found) {
                put(&mut carried.0, path, found);
            }
        }
    }
    out
}

/// Keeps the occurrences of counters with these flags that are enough for a page. Values that look like PII are
/// dropped.
fn project_counters(
    plan: &Plan,
    counters: &SortedMap<SortedSet<Occurrence>>,
    now: Millis,
    flags: CounterFlags,
) -> SortedMap<SortedSet<Occurrence>> {
    let mut out = SortedMap::new();
    for (_, row) in plan.rows(plan.all::<Counter>()).filter(|(_, row)| row.flags.contains(flags)) {
        // why: a value that was reported before the window has to be recognised when it is reported again.
        let is_once = !row.once.is_empty();
        let (key, after) = (plan.text(row.key), after(now, row.within));
        let all = counters.get(key).into_iter().flatten();
        let is_wanted = |occurrence: &&Occurrence| is_once || occurrence.at() > after;
        let mut kept: SortedSet<_> =
            all.filter(is_wanted).filter(|occurrence| !is_pii(&occurrence.value)).cloned().collect();
        if !is_once {
            truncate(&mut kept, row.fold, row.carry as usize);
        }
        if !kept.is_empty() {
            out.insert(key, kept);
        }
    }
    out
}

/// Keeps the exposures within the windows of the plan's caps.
fn project_exposures(
    plan: &Plan,
    exposures: &SortedMap<SortedSet<Stamp>>,
    now: Millis,
    flags: ExposureFlags,
) -> SortedMap<SortedSet<Stamp>> {
    let mut out = SortedMap::new();
    for (_, row) in plan.rows(plan.all::<Exposure>()).filter(|(_, row)| row.flags.contains(flags)) {
        let (key, after) = (plan.text(row.key), after(now, row.within));
        let all = exposures.get(key).into_iter().flatten();
        let kept: SortedSet<Stamp> = all.copied().filter(|stamp| stamp.at() > after).collect();
        if !kept.is_empty() {
            out.insert(key, kept);
        }
    }
    out
}

/// Removes the exposures whose event ids have these hashes.
fn remove_exposures(exposures: &mut SortedMap<SortedSet<Stamp>>, shown: &SortedSet<u32>) {
    let others = |stamps: &SortedSet<Stamp>| -> SortedSet<Stamp> {
        stamps.iter().filter(|stamp| !shown.contains(&stamp.1)).copied().collect()
    };
    let left = exposures.iter().map(|(key, stamps)| (key, others(stamps)));
    *exposures = left.filter(|(_, stamps)| !stamps.is_empty()).collect();
}

/// Checks whether an e-mail address or a phone number is anywhere in a value.
///
/// Such a value never leaves the collector, whatever its attribute's flags say.
fn is_pii(value: &Value) -> bool {
    match value {
        Value::String(text) => detect_pii(text).is_some(),
        Value::Array(items) => items.iter().any(is_pii),
        Value::Object(members) => members.iter().any(|(name, value)| detect_pii(name).is_some() || is_pii(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Sets the value at a path, and creates the objects on the way.
fn put<'p>(target: &mut Value, mut path: impl Iterator<Item = &'p str>, value: &Value) {
    let Some(name) = path.next() else {
        *target = value.clone();
        return;
    };
    let mut object = match core::mem::take(target) {
        Value::Object(object) => object,
        _ => Object::new(),
    };
    let mut member = object.get(name).cloned().unwrap_or_default();
    put(&mut member, path, value);
    object.insert(name, member);
    *target = Value::Object(object);
}

/// Returns the exclusive start of a window that ends now; a window of 0 is unbounded.
fn after(now: Millis, within: Millis) -> Millis {
    if within.0 == 0 { Millis::MIN } else { now.minus(within) }
}

/// Returns the entries whose ids are in rows of a table.
fn entries_of<R: Row + 'static, T: Clone>(
    map: &SortedMap<T>,
    plan: &Plan,
    need: impl Fn(&R) -> Option<Id<Text>>,
) -> SortedMap<T> {
    let ids = plan.rows(plan.all::<R>()).filter_map(|(_, row)| need(&row)).map(|id| plan.text(id));
    ids.filter_map(|id| map.get(id).map(|value| (id.to_owned(), value.clone()))).collect()
}

fn drop_of_account(account: &mut Account, part: &str) -> bool {
    match part {
        "journeys" => account.journeys.pop_last().is_some(),
        "counters" => drop_longest(&mut account.counters),
        "traits" => account.traits.pop_last().is_some(),
        "exposures" => drop_longest(&mut account.exposures),
        _ => false,
    }
}

fn drop_longest<T: Ord>(sets: &mut SortedMap<SortedSet<T>>) -> bool {
    let longest = sets.iter().max_by_key(|(_, stamps)| stamps.len()).map(|(key, _)| key.to_owned());
    longest.and_then(|key| sets.remove(&key)).is_some()
}
