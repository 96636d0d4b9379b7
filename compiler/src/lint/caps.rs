//! Caps that are never reached.

use std::collections::{BTreeMap, BTreeSet};

use super::Linter;
use super::definitions::{has_only, items, member};
use crate::rules::account_unit;
use crate::source::cursor::{Cursor, ReadContext};
use crate::source::duration;
use crate::source::tree::{Kind, Node};
use throughline::internals::plan::tables::Class;

/// The possible scopes of a cap.
const SCOPES: [&str; 4] = ["class", "slot", "offer", "message"];
/// The longest calendar day, on which a clock is put back by an hour.
const LONGEST_DAY: i64 = 25 * 60 * 60 * 1000;

/// A cap as the lint reads it.
struct LintedCap<'a> {
    cursor: Cursor<'a>,
    /// The scope; exposures must match all entries.
    scope: BTreeMap<&'a str, &'a str>,
    /// The channels whose exposures count together; empty for all.
    channels: BTreeSet<&'a str>,
    max: f64,
    span: CapWindow,
    /// Whether the exposures of all members of an account count.
    is_per_account: bool,
    name: String,
}

/// The time span of a cap.
#[derive(Clone, Copy, PartialEq)]
enum CapWindow {
    Session,
    Day,
    Total,
    Window(i64),
}

impl CapWindow {
    /// Returns whether everything that happened in the other span also happened in this one.
    fn holds(self, other: Self) -> bool {
        match (self, other) {
            (Self::Total, _) | (Self::Session, Self::Session) | (Self::Day, Self::Day) => true,
            (Self::Window(long), Self::Window(short)) => long >= short,
            (Self::Window(long), Self::Day) => long >= LONGEST_DAY,
            _ => false,
        }
    }
}

/// Checks the caps of policies and campaigns.
pub fn check(linter: &Linter<'_, '_>, out: &mut ReadContext<'_>) {
    let policies: Vec<LintedCap<'_>> = linter.definitions.list("policies", "caps").iter().filter_map(policy).collect();
    for (at, cap) in policies.iter().enumerate() {
        let before = policies.get(..at).unwrap_or_default();
        let after = policies.get(at.saturating_add(1)..).unwrap_or_default();
        let tighter = before.iter().find(|other| other.stops(cap));
        let tighter = tighter.or_else(|| after.iter().find(|other| other.stops(cap) && !cap.stops(other)));
        if !report_unused(linter, cap, out) {
            report(cap, tighter, out);
        }
    }
    for (id, campaign) in &linter.rules.campaigns {
        let caps = linter.definitions.get("campaigns", id).and_then(|cursor| member(cursor, "caps"));
        let Some(caps) = caps else { continue };
        let mut known = Vec::from([("campaign", *id), ("class", campaign.class.name())]);
        known.extend(campaign.offer.as_ref().map(|offer| ("offer", offer.name)));
        let messages: BTreeSet<&str> = campaign.messages().map(|named| named.name).collect();
        known.extend(messages.first().filter(|_| messages.len() == 1).map(|only| ("message", *only)));
        let own: Vec<LintedCap<'_>> = items(&caps)
            .iter()
            .filter_map(|cursor| LintedCap::read(cursor, &known, &format!("campaign `{id}`, ")))
            .collect();
        for (at, cap) in own.iter().enumerate() {
            let before = own.get(..at).unwrap_or_default();
            let after = own.get(at.saturating_add(1)..).unwrap_or_default();
            let tighter = before.iter().find(|other| other.stops(cap));
            let tighter = tighter.or_else(|| after.iter().find(|other| other.stops(cap) && !cap.stops(other)));
            // General caps do not apply to transactional messages.
            let general = policies.iter().filter(|_| campaign.class != Class::Transactional);
            let tighter = tighter.or_else(|| general.into_iter().find(|other| other.stops(cap)));
            if tighter.is_some() {
                report(cap, tighter, out);
            } else {
                check_once(linter, campaign, cap, out);
            }
        }
    }
}

impl<'a> LintedCap<'a> {
    /// Reads a cap; `None` if a key is not understood.
    fn read(cursor: &Cursor<'a>, known: &[(&'a str, &'a str)], of: &str) -> Option<Self> {
        if !has_only(cursor.node, &["class", "slot", "offer", "message", "channel", "max", "per", "unit"]) {
            return None;
        }
        let channels = member(cursor, "channel");
        let channels = channels.iter().flat_map(|cursor| match cursor.node.as_str() {
            Some(only) => vec![Some(only)],
            None => items(cursor).iter().map(|item| item.node.as_str()).collect(),
        });
        let channels: BTreeSet<&str> = channels.collect::<Option<_>>()?;
        let Kind::Number(max) = cursor.node.get("max")?.kind else { return None };
        let span = match cursor.node.get("per")?.as_str()? {
            "session" => CapWindow::Session,
            "day" => CapWindow::Day,
            "total" => CapWindow::Total,
            length => CapWindow::Window(duration::parse(length).ok()?.0),
        };
        let mut scope: BTreeMap<&str, &str> = known.iter().copied().collect();
        for key in SCOPES {
            if let Some(value) = cursor.node.get(key) {
                scope.insert(key, value.as_str()?);
            }
        }
        let per = cursor.node.get("per")?.as_str()?;
        let is_per_account = cursor.node.get("unit").and_then(Node::as_str) == Some(account_unit::ID);
        let whose = if is_per_account { " and account" } else { "" };
        let name = format!("{of}{max} per {per}{whose}");
        Some(Self { cursor: cursor.clone(), scope, channels, max, span, is_per_account, name })
    }

    /// Returns whether this cap is reached whenever the other one is.
    fn stops(&self, other: &Self) -> bool {
        let is_wider = self.scope.iter().all(|(key, value)| other.scope.get(key) == Some(value));
        // A transactional message is limited only by caps that name its class.
        let is_free = other.scope.get("class") == Some(&"transactional") && !self.scope.contains_key("class");
        let is_wider = is_wider && (self.channels.is_empty() || self.channels == other.channels);
        // An account has at least as many exposures as each of its members.
        let is_whole = self.is_per_account || !other.is_per_account;
        is_wider && is_whole && !is_free && self.max <= other.max && self.span.holds(other.span)
    }
}

fn policy<'a>(cursor: &Cursor<'a>) -> Option<LintedCap<'a>> {
    let scope = SCOPES.iter().find_map(|key| Some(format!("{key} `{}`, ", cursor.node.get(key)?.as_str()?)));
    let mut cap = LintedCap::read(cursor, &[], "")?;
    let channels: Vec<&str> = cap.channels.iter().copied().collect();
    let channels = if channels.is_empty() { String::new() } else { format!("in `{}`, ", channels.join("`, `")) };
    cap.name = format!("{}{channels}{}", scope.unwrap_or_else(|| "everything, ".to_owned()), cap.name);
    Some(cap)
}

fn report(cap: &LintedCap<'_>, tighter: Option<&LintedCap<'_>>, out: &mut ReadContext<'_>) {
    let Some(other) = tighter else { return };
    let there = out.location(other.cursor.mark);
    let message = format!("this cap never binds: another cap ({}) is reached first, or at the same time", other.name);
    let expected = format!("a tighter cap than the one at {there}, or none");
    cap.cursor.warning("cap-never-binds", message, out).expected(expected);
}

/// Reports a cap on something that nothing uses.
fn report_unused(linter: &Linter<'_, '_>, cap: &LintedCap<'_>, out: &mut ReadContext<'_>) -> bool {
    let campaigns = || linter.rules.campaigns.values();
    let is_used = |(key, value): (&&str, &&str)| match *key {
        "class" => {
            let classes = campaigns().map(|campaign| campaign.class);
            let mut classes = classes.chain(linter.rules.journeys.values().map(|journey| journey.class));
            classes.any(|class| class.name() == *value)
        }
        "slot" => campaigns().any(|campaign| campaign.slots.iter().any(|placement| placement.slot.name == *value)),
        "offer" => {
            let offers = campaigns().map(|campaign| campaign.offer.as_ref());
            let mut offers = offers.chain(linter.rules.journeys.values().map(|journey| journey.offer.as_ref()));
            offers.any(|offer| offer.is_some_and(|offer| offer.name == *value))
        }
        "message" => {
            let messages = campaigns().flat_map(crate::rules::campaign::Campaign::messages);
            let mut messages = messages.chain(linter.rules.journeys.values().flat_map(|journey| journey.messages()));
            messages.any(|message| message.name == *value)
        }
        _ => true,
    };
    if let Some((key, value)) = cap.scope.iter().find(|entry| !is_used(*entry)) {
        let message = format!("this cap never binds: no campaign uses the {key} `{value}`");
        cap.cursor.warning("cap-never-binds", message, out).expected("a cap on something that campaigns use");
        return true;
    }
    let message = cap
        .scope
        .get("message")
        .filter(|name| linter.rules.messages.get(**name).is_some_and(|message| message.once) && cap.max >= 1.0)
        .filter(|_| !cap.is_per_account);
    if let Some(name) = message {
        let message = format!("this cap never binds: the message `{name}` is shown once");
        cap.cursor.warning("cap-never-binds", message, out).expected("no cap, or a message without `once`");
    }
    message.is_some()
}

/// Reports a cap that allows more exposures than the campaign has messages which are shown once.
#[expect(clippy::cast_precision_loss, reason = "nobody writes 2^53 messages")]
fn check_once(
    linter: &Linter<'_, '_>,
    campaign: &crate::rules::campaign::Campaign<'_>,
    cap: &LintedCap<'_>,
    out: &mut ReadContext<'_>,
) {
    let names: BTreeSet<&str> = campaign.messages().map(|named| named.name).collect();
    let is_once = |name: &&str| linter.rules.messages.get(*name).is_some_and(|message| message.once);
    if cap.is_per_account || names.is_empty() || !names.iter().all(is_once) || cap.max < names.len() as f64 {
        return;
    }
    let messages =
        if names.len() == 1 { "message is".to_owned() } else { format!("{} messages are each", names.len()) };
    let message = format!("this cap never binds: the campaign's {messages} shown once");
    cap.cursor.warning("cap-never-binds", message, out).expected("no cap, or messages without `once`");
}
