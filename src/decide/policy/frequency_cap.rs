//! Frequency caps: limits on how often content is shown or sent.

use crate::decide::Decider;
use crate::decide::denial::{Denial, DenialCause};
use crate::decision::reason::Reason;
use crate::facts::local_clock::LocalClock;
use crate::plan::tables::{Campaign, Cap, CapFlags, Channel, Class, Message, Offer, Per, Slot, Text};
use crate::plan::{Id, Ids};
use crate::prelude::*;
use crate::profile::account::Account;
use crate::profile::stamp::Stamp;
use crate::time::Millis;

/// The length of a calendar day in milliseconds.
pub(crate) const DAY: i64 = 24 * 60 * 60 * 1000;

/// The class and offer for which caps are checked.
#[derive(Clone, Copy)]
pub(crate) struct CapOwner {
    pub(crate) class: Class,
    pub(crate) offer: Option<Id<Offer>>,
}

/// The slot, message and channel in which content would appear.
#[derive(Clone, Copy)]
pub(crate) struct Surface<'n> {
    pub(crate) slot: Option<Id<Slot>>,
    pub(crate) message: Id<Message>,
    pub(crate) channel: &'n str,
}

impl Campaign {
    /// Returns the class and offer that caps of the campaign depend on.
    pub(crate) const fn subject(&self) -> CapOwner {
        CapOwner { class: self.class, offer: self.offer }
    }
}

impl Cap {
    /// Checks whether the cap applies to this class and offer.
    fn concerns(&self, subject: CapOwner) -> bool {
        self.classes.contains(subject.class) && (self.offer.is_none() || self.offer == subject.offer)
    }

    /// Checks whether the cap depends on slot, message or channel.
    const fn is_placed(&self) -> bool {
        self.slot.is_some() || self.message.is_some() || !self.channels.is_empty()
    }
}

impl<'a: 'p, 'p> Decider<'a, 'p> {
    /// Checks the caps of the policies that do not depend on slot, message or channel.
    pub(crate) fn check_policy_caps(&self, subject: CapOwner) -> Result<(), Denial> {
        let mut caps = self.plan.rows(self.plan.settings().caps);
        caps.try_for_each(
            |(id, cap)| {
                if !cap.is_placed() && cap.concerns(subject) { self.check_cap(id, &cap) } else { Ok(()) }
            },
        )
    }

    /// Checks the caps of the policies that do.
    pub(crate) fn check_placed_caps(&self, subject: CapOwner, surface: Surface<'_>) -> Result<(), Denial> {
        let mut caps = self.plan.rows(self.plan.settings().caps);
        caps.try_for_each(|(id, cap)| {
            let is_here = cap.slot.is_none_or(|_| cap.slot == surface.slot)
                && cap.message.is_none_or(|message| message == surface.message)
                && (cap.channels.is_empty() || self.names(cap.channels, surface.channel));
            if cap.is_placed() && is_here && cap.concerns(subject) { self.check_cap(id, &cap) } else { Ok(()) }
        })
    }

    /// Checks that the cap is not reached.
    pub(crate) fn check_cap(&self, id: Id<Cap>, cap: &Cap) -> Result<(), Denial> {
        let seen = u32::try_from(self.counted(cap).count()).unwrap_or(u32::MAX);
        if seen < cap.max { Ok(()) } else { Err(Reason::Capped.by(DenialCause::Cap(id))) }
    }

    /// Returns the times that the cap counts now.
    pub(crate) fn counted<'c>(&'c self, cap: &'c Cap) -> impl Iterator<Item = Millis> + 'c {
        let now = self.facts.now;
        let per = cap.per;
        let today = (per == Per::Day).then(|| self.clock()).map(|clock| (clock, clock.day(now)));
        let is_within = move |at: &Millis| match per {
            Per::Session => self.facts.request.session.is_some_and(|start| *at >= start),
            Per::Day => today.is_some_and(|(clock, day)| clock.day(*at) == day),
            Per::Window => *at > now.minus(cap.window),
            Per::Total => true,
        };
        let account = self.profile.account().filter(|_| cap.flags.contains(CapFlags::ACCOUNT));
        let stamps = self.plan.list(cap.keys).flat_map(move |key| self.stamps(key, account));
        stamps.map(|stamp| stamp.at()).filter(move |at| *at <= now && is_within(at))
    }

    /// Returns the exposures of a key to the subject, and to other members of the account; each once.
    fn stamps(&self, key: Id<Text>, account: Option<&'p Account>) -> impl Iterator<Item = &'p Stamp> + use<'a, 'p> {
        let key = self.plan.text(key);
        let own = self.profile.exposures.get(key);
        let all = account.and_then(|account| account.exposures.get(key));
        let others = all.into_iter().flatten().filter(move |stamp| own.is_none_or(|own| !own.contains(*stamp)));
        own.into_iter().flatten().chain(others)
    }

    /// Returns when the cap allows one more if nothing else happens; `None` if time alone does not help.
    pub(crate) fn cap_resets_at(&self, cap: &Cap) -> Option<Millis> {
        let times: Vec<Millis> = self.counted(cap).collect();
        let is_enough = |at: &Millis| times.iter().filter(|time| *time >= at).count() >= cap.max as usize;
        let blocking = times.iter().copied().filter(is_enough).max()?;
        match cap.per {
            Per::Window => Some(blocking.plus(cap.window)),
            Per::Day => Some(self.tomorrow()),
            Per::Session | Per::Total => None,
        }
    }

    /// Returns the start of the subject's next day.
    fn tomorrow(&self) -> Millis {
        let (clock, now) = (self.clock(), self.facts.now);
        clock.later(now, Millis(DAY.saturating_sub(clock.wall(now).0.rem_euclid(DAY))))
    }

    /// Returns the subject's clock.
    pub(crate) fn clock(&self) -> LocalClock<'_> {
        LocalClock::of_subject(self.plan, self.profile, &self.facts.request)
    }

    fn names(&self, channels: Ids<Channel>, name: &str) -> bool {
        let mut rows = self.plan.list(channels).filter_map(|id| self.plan.get(id));
        rows.any(|row| self.plan.text(row.id) == name)
    }

    /// Checks whether a list contains an id.
    pub(crate) fn has<T: 'static>(&self, list: Ids<T>, id: Id<T>) -> bool {
        self.plan.list(list).any(|item| item == id)
    }
}
