//! The rows of policies: holdouts, exclusion groups, suppression, caps, silence.

use throughline::Millis;
use throughline::internals::plan::tables::{self, Class, Classes};
use throughline::internals::plan::{Id, Ids, Span};

use super::RowWriter;
use crate::condition::CounterSpec;
use crate::rules::channel::WEB;
use crate::rules::exclusion::Exclusion;
use crate::rules::frequency_cap::{CapScope, FrequencyCap, Limit};
use crate::source::cursor::Reference;

/// The classes that policies limit unless they name one: what must be said is said however often, and at any time.
const LIMITED_CLASSES: Classes = Classes::empty().with(Class::Promo).with(Class::Service);

impl RowWriter<'_, '_, '_, '_> {
    pub(super) fn holdouts(&mut self) {
        let rules = self.rules;
        for (id, holdout) in &rules.holdouts {
            let Some(unit) = self.split_by(holdout.unit.as_ref()) else { continue };
            let campaigns: Vec<_> =
                holdout.campaigns.iter().filter_map(|name| self.numbers.campaigns.get(name.name).copied()).collect();
            let row = tables::Holdout {
                id: self.plan.text(id),
                share: holdout.share,
                classes: holdout.classes,
                campaigns: self.plan.ids(&campaigns),
                unit,
            };
            self.plan.push(row);
        }
    }

    /// The member's part of its exclusion group.
    pub(super) fn exclusion(&mut self, exclusion: Option<&Exclusion<'_>>) -> Option<Id<tables::Exclusion>> {
        let exclusion = exclusion?;
        let unit = self.split_by(self.rules.exclusions.get(exclusion.group.name)?.unit.as_ref())?;
        let group = self.plan.text(exclusion.group.name);
        Some(self.plan.push(tables::Exclusion { group, unit, from: exclusion.from, to: exclusion.to }))
    }

    /// The attribute that a split is made by.
    pub(super) fn split_by(&self, unit: Option<&Reference<'_>>) -> Option<Id<tables::Attribute>> {
        self.ids.attributes.get(unit.map_or("id", |unit| unit.name)).copied()
    }

    pub(super) fn suppressions(&mut self) {
        for suppression in &self.rules.policies.suppress {
            let when = self.condition(&suppression.when);
            self.plan.push(tables::Suppression { classes: suppression.classes, when });
        }
    }

    pub(super) fn cooldowns(&mut self) {
        let rules = self.rules;
        for cooldown in &rules.policies.cooldowns {
            let campaign = cooldown.campaign.as_ref().and_then(|name| self.numbers.campaigns.get(name.name).copied());
            let event = cooldown
                .after
                .event()
                .map(|trigger| self.ids.counter(&CounterSpec { within: cooldown.window, ..trigger.counter() }));
            let seen = cooldown.after.key().map(|key| {
                self.expose(key.clone(), 1, cooldown.window);
                self.plan.text(&key)
            });
            let classes = cooldown.classes.unwrap_or(LIMITED_CLASSES);
            self.plan.push(tables::Cooldown { classes, campaign, event, seen, window: cooldown.window });
        }
        for quiet in &rules.policies.quiet {
            let named = quiet.channels.iter().map(|channel| channel.name);
            let others = rules.channels.keys().copied().filter(|id| *id != WEB && quiet.channels.is_empty());
            let channels = self.channel_numbers(named.chain(others));
            let classes = quiet.classes.unwrap_or(LIMITED_CLASSES);
            self.plan.push(tables::Quiet { classes, channels, from: quiet.from, until: quiet.until });
        }
    }

    pub(super) fn policy_caps(&mut self) -> Span<tables::Cap> {
        let caps: Vec<_> = self.rules.policies.caps.iter().filter_map(|cap| self.policy_cap(cap)).collect();
        self.plan.push_all(caps)
    }

    fn policy_cap(&mut self, cap: &FrequencyCap<'_>) -> Option<tables::Cap> {
        let (mut slot, mut offer, mut message) = (None, None, None);
        let mut classes = LIMITED_CLASSES;
        match &cap.scope {
            CapScope::All => {}
            CapScope::Class(class) => classes = Classes::empty().with(*class),
            CapScope::Slot(name) => slot = Some(*self.numbers.slots.get(name.name)?),
            CapScope::Offer(name) => offer = Some(*self.numbers.offers.get(name.name)?),
            CapScope::Message(name) => message = Some(*self.numbers.messages.get(name.name)?),
        }
        let channels = self.channel_numbers(cap.channels.iter().map(|channel| channel.name));
        Some(tables::Cap { classes, slot, offer, message, channels, ..self.cap(cap.keys(), &cap.limit) })
    }

    /// A cap that limits whatever it stands at.
    pub(super) fn cap(&mut self, keys: Vec<String>, limit: &Limit<'_>) -> tables::Cap {
        let texts: Vec<_> = keys.iter().map(|key| self.plan.text(key)).collect();
        if limit.unit.is_some() {
            self.of_account.extend(keys.iter().cloned());
        }
        for key in keys {
            self.expose(key, limit.max, limit.within());
        }
        tables::Cap {
            keys: self.plan.ids(&texts),
            max: limit.max,
            per: limit.per,
            window: limit.window,
            classes: Classes::ALL,
            slot: None,
            offer: None,
            message: None,
            channels: Ids::empty(),
            flags: tables::CapFlags::ACCOUNT.when(limit.unit.is_some()),
        }
    }

    fn channel_numbers<'n>(&mut self, names: impl Iterator<Item = &'n str>) -> Ids<tables::Channel> {
        let channels: Vec<_> = names.filter_map(|name| self.numbers.channels.get(name).copied()).collect();
        self.plan.ids(&channels)
    }

    /// Notes that the last `keep` times of `key` within a span must be remembered.
    pub(super) fn expose(&mut self, key: String, keep: u32, within: Millis) {
        let known = self.exposures.entry(key).or_insert((keep, within));
        *known = (known.0.max(keep), crate::emit::usage::longer(known.1, within));
    }

    pub(super) fn exposures(&mut self) {
        for (key, (keep, within)) in &self.exposures {
            let flags = tables::ExposureFlags::ACCOUNT.when(self.of_account.contains(key));
            let key = self.plan.text(key);
            self.plan.push(tables::Exposure { key, keep: *keep, within: *within, flags });
        }
    }
}
