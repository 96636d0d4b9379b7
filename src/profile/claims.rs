//! Claims: facts that an id without a proof said about the subject.
//!
//! A claim never replaces a word that is not claimed. A claimed trait is a fallback. Claimed consent can narrow the
//! subject's own consent, and never widens it.

use crate::collections::SortedMap;
use crate::event::consent::Consent;
use crate::event::names::ACCOUNT;
use crate::json::codec::Need::Optional;
use crate::json::codec::{JsonCodec, Member, put, read_members};
use crate::json::input::{DecodeFault, JsonSource};
use crate::json::{Object, Value, ValueRef};
use crate::plan::Plan;
use crate::profile::Profile;
use crate::profile::stamp::{Stamp, Stamped, keep_consent, keep_latest};
use crate::profile::traits::{DeclaredTraits, latest_value};

/// The greatest number of ids whose claimed consent a profile keeps. A person has fewer devices.
const MAX_CLAIMANTS: usize = 256;

/// The facts that ids without a proof said about a subject. Every part is a join, like the parts of a profile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClaimedFacts {
    /// Traits, by name, without the account.
    pub traits: SortedMap<Stamped<Value>>,
    /// Consent, by the id that claimed it and by purpose.
    pub consent: SortedMap<SortedMap<Stamped<Consent>>>,
}

impl JsonCodec for ClaimedFacts {
    fn read(&mut self, input: JsonSource<'_, '_>) -> Result<(), DecodeFault> {
        read_members(
            input,
            &mut [
                Member::new(Optional, "traits", &mut self.traits),
                Member::new(Optional, "consent", &mut self.consent),
            ],
        )
    }
    fn to_value(&self) -> Value {
        let mut out = Object::new();
        put(&mut out, "traits", &self.traits);
        put(&mut out, "consent", &self.consent);
        Value::Object(out)
    }
    fn is_omitted(&self) -> bool {
        self.traits.is_empty() && self.consent.is_empty()
    }
}

impl ClaimedFacts {
    pub(crate) fn merge(&mut self, plan: &Plan, other: &Self) {
        for (name, value) in &other.traits {
            keep_latest(&mut self.traits, name, value);
        }
        DeclaredTraits::new(plan, false).limit(&mut self.traits);
        for (claimant, states) in &other.consent {
            states.iter().for_each(|(purpose, state)| self.keep_consent(claimant, purpose, state));
        }
    }

    /// Adds the consent that an id claimed. The ids that are first in their order are kept.
    pub(crate) fn keep_consent(&mut self, claimant: &str, purpose: &str, state: &Stamped<Consent>) {
        keep_consent(self.consent.get_or_insert_with(claimant, SortedMap::new), purpose, state);
        if self.consent.len() > MAX_CLAIMANTS {
            self.consent.pop_last();
        }
    }

    /// Returns the strictest of the latest words of all ids on a purpose, with the latest stamp of such a word.
    fn strictest(&self, purpose: &str) -> Option<&Stamped<Consent>> {
        let weight = |word: &Stamped<Consent>| match word.0 {
            Consent::Pending => 0,
            Consent::Granted => 1,
            Consent::Denied => 2,
        };
        let order = |word: &Stamped<Consent>| (weight(word), word.1);
        let mut strictest: Option<&Stamped<Consent>> = None;
        for word in self.consent.values().filter_map(|states| states.get(purpose)) {
            if strictest.is_none_or(|known| order(word) > order(known)) {
                strictest = Some(word);
            }
        }
        strictest
    }
}

impl Profile {
    /// Returns the value of a trait that counts: the profile's own, or else the claimed one.
    #[must_use]
    pub fn effective_trait(&self, name: &str) -> Option<&Stamped<Value>> {
        self.traits.get(name).or_else(|| self.claims.traits.get(name))
    }

    /// Returns the value of an attribute: the latest of the profile's own, or else a claimed one.
    pub(crate) fn trait_value(&self, attribute: &str) -> Option<ValueRef<'_>> {
        latest_value(attribute, |name| {
            // A claimed value has the least stamp, as in a token.
            let own = self.traits.get(name).map(|stamped| (stamped.stamp(), &stamped.0));
            own.or_else(|| self.claims.traits.get(name).map(|stamped| (Stamp::default(), &stamped.0)))
        })
    }

    /// Returns the consent that counts for a purpose, if anybody stated any.
    ///
    /// - Without a word of its own: `denied` if the latest word of any claiming id is, else `granted` if one is.
    /// - With a word of its own: that word, unless a claimed `denied` is not earlier. So a claim never widens it.
    ///
    /// A claimed state other than `denied` has the least stamp, because any word that is not claimed replaces it.
    #[must_use]
    pub fn effective_consent(&self, purpose: &str) -> Option<Stamped<Consent>> {
        let own = self.consent.get(purpose);
        let Some(claimed) = self.claims.strictest(purpose) else { return own.cloned() };
        let is_denied = claimed.0 == Consent::Denied;
        match own {
            Some(own) if !is_denied || claimed.1 < own.1 => Some(own.clone()),
            _ if is_denied => Some(claimed.clone()),
            _ => Some(Stamped::new(claimed.0, Stamp::default())),
        }
    }

    /// Returns the profile of a device as claims of the device, to be merged into the profile of a person.
    ///
    /// Traits and consent become claims, and accounts are left out. All that the device did stays as it is. Turning two
    /// profiles of one device into claims and merging them is the same as merging them first.
    #[must_use]
    pub fn into_claims(mut self, claimed_by: &str) -> Self {
        self.traits.remove(ACCOUNT);
        self.accounts = SortedMap::new();
        for (name, value) in core::mem::take(&mut self.traits) {
            keep_latest(&mut self.claims.traits, &name, &value);
        }
        for (purpose, state) in core::mem::take(&mut self.consent) {
            self.claims.keep_consent(claimed_by, &purpose, &state);
        }
        self
    }
}
