//! Queries that hosts make of a plan besides decisions.

use crate::condition;
use crate::event::Event;
use crate::event::consent::Consent;
use crate::json::Value;
use crate::plan::Plan;
use crate::plan::tables::{Counter, Purpose, SettingsFlags, Slot, SlotFlags, Withdrawal};
use crate::text::normal_address::normal_properties;
use crate::time::Millis;

/// A slot as hosts find it on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotTarget<'a> {
    /// The slot's id, which an element names in `data-tl-slot`.
    pub id: &'a str,
    /// The CSS selector of its element, for pages without the attribute.
    pub selector: Option<&'a str>,
    /// Whether browsers may decide it themselves.
    pub is_public: bool,
}

/// How long the collector keeps what it stores; `None` for all time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Events, since they happened.
    pub events: Option<Millis>,
    /// Profiles without an identified person, since their last event.
    pub anonymous: Option<Millis>,
    /// Deliveries, since they were sent or given up.
    pub deliveries: Option<Millis>,
}

impl Plan {
    /// Whether the plan holds only public rules, so that browsers may load it.
    #[must_use]
    pub const fn is_public(&self) -> bool {
        self.settings().flags.contains(SettingsFlags::PUBLIC)
    }

    /// Returns all slots, in the order in which a decision fills them.
    pub fn slots(&self) -> impl Iterator<Item = SlotTarget<'_>> {
        self.rows(self.all::<Slot>()).map(|(_, row)| SlotTarget {
            id: self.text(row.id),
            selector: row.selector.map(|selector| self.text(selector)),
            is_public: row.flags.contains(SlotFlags::PUBLIC),
        })
    }

    /// Whether a view of this page may matter: a slot of the page can be filled, or the view is counted.
    ///
    /// If not, the page is the same for everybody, and a host need not know who asks for it.
    #[must_use]
    pub fn concerns(&self, view: &Event) -> bool {
        let properties = &*normal_properties(&view.properties);
        let path = properties.get("path").and_then(Value::as_str).unwrap_or("/");
        let is_filled = |row: &Slot| row.pages.is_none_or(|pages| self.is_match(pages, path));
        let is_counted = |row: &Counter| {
            self.text(row.event) == view.name && row.filter.is_none_or(|node| condition::filter(self, node, properties))
        };
        self.rows(self.all::<Slot>()).any(|(_, row)| is_filled(&row))
            || self.rows(self.all::<Counter>()).any(|(_, row)| is_counted(&row))
    }

    /// Returns the purpose without which nothing may be stored on a device, if the rules demand one.
    #[must_use]
    pub fn storage_purpose(&self) -> Option<&str> {
        self.settings().store.map(|purpose| self.text(purpose))
    }

    /// Returns the consent for purposes without any stated word.
    #[must_use]
    pub const fn default_consent(&self) -> Consent {
        self.settings().consent
    }

    /// Returns the purpose without which nothing may be measured, if the rules demand one.
    #[must_use]
    pub fn measurement_purpose(&self) -> Option<&str> {
        self.settings().measure.map(|purpose| self.text(purpose))
    }

    /// Returns whether the rules name a purpose. Consent for others is not kept.
    #[must_use]
    pub fn has_purpose(&self, name: &str) -> bool {
        self.find::<Purpose>(name, |row| row.name).is_some()
    }

    /// Returns the fate of what is stored when the consent to store it is withdrawn.
    #[must_use]
    pub const fn withdrawal(&self) -> Withdrawal {
        self.settings().withdrawal
    }

    /// Returns how long the collector keeps what it stores.
    #[must_use]
    pub fn retention(&self) -> Retention {
        let limit = |length: Millis| Some(length).filter(|length| length.0 > 0);
        let settings = self.settings();
        Retention {
            events: limit(settings.keep_events),
            anonymous: limit(settings.keep_anonymous),
            deliveries: limit(settings.keep_deliveries),
        }
    }

    /// Returns the purposes that `Sec-GPC: 1` denies.
    pub fn gpc_purposes(&self) -> impl Iterator<Item = &str> {
        self.list(self.settings().gpc).map(|purpose| self.text(purpose))
    }
}
