//! The public part of the rules: what can be shown in public slots.

use std::collections::BTreeSet;

use throughline::internals::plan::tables::Classes;

use crate::rules::campaign::{Campaign, Reach};
use crate::rules::channel::{Roles, WEB};
use crate::rules::frequency_cap::CapScope;
use crate::rules::message::Message;
use crate::rules::{Defs, Rules};
use crate::source::cursor::Reference;

/// Returns the rules without everything that is not needed to fill public slots.
///
/// Segments and journeys stay: the usage omits what no condition uses.
pub fn rules<'a>(rules: &Rules<'a>) -> Rules<'a> {
    let mut public = rules.clone();
    public.slots.retain(|(_, slot)| slot.public);
    public.campaigns = campaigns(rules);
    let used = |name: fn(&Campaign<'a>) -> Vec<&'a str>| -> BTreeSet<&'a str> {
        public.campaigns.values().flat_map(name).collect()
    };
    let messages = used(|campaign| campaign.messages().map(|message| message.name).collect());
    let offers = used(|campaign| campaign.offer.iter().map(|offer| offer.name).collect());
    let experiments = used(|campaign| campaign.experiment.iter().map(|experiment| experiment.name).collect());
    let classes = public.campaigns.values().map(|campaign| campaign.class).collect::<Classes>();
    public.messages = keep(&rules.messages, &messages);
    public.messages.values_mut().for_each(keep_web);
    public.offers = keep(&rules.offers, &offers);
    public.experiments = keep(&rules.experiments, &experiments);
    public.channels.retain(|id, _| *id == WEB);
    let is_public = |campaign: &str| public.campaigns.contains_key(campaign);
    public.holdouts.retain(|_, holdout| {
        holdout.classes.intersects(classes) || holdout.campaigns.iter().any(|campaign| is_public(campaign.name))
    });
    public.policies.suppress.retain(|suppression| suppression.classes.intersects(classes));
    public.policies.caps.retain(|cap| match &cap.scope {
        CapScope::All => true,
        CapScope::Class(class) => classes.contains(*class),
        CapScope::Slot(slot) => rules.slot(slot.name).is_some_and(|slot| slot.public),
        CapScope::Offer(offer) => offers.contains(offer.name),
        CapScope::Message(message) => messages.contains(message.name),
    });
    // A cap over several channels together also counts exposures on pages; one without the channel of pages
    // does not.
    let is_on_pages = |channels: &[Reference<'_>]| channels.is_empty() || channels.iter().any(|name| name.name == WEB);
    public.policies.caps.retain(|cap| is_on_pages(&cap.channels));
    public.policies.cooldowns.retain(|cooldown| match (&cooldown.campaign, cooldown.classes) {
        (Some(campaign), _) => is_public(campaign.name),
        (None, named) => named.is_none_or(|named| named.intersects(classes)),
    });
    public.policies.quiet.clear();
    public.policies.roles = Roles::default();
    // Responses in other channels decide nothing on a page.
    public.channels.values_mut().for_each(|channel| channel.responds = None);
    public.features.retain(|_, feature| feature.public);
    public.auto_experiments.retain(|(_, experiment)| experiment.public);
    // Conditions can read where a subject is in a journey, but its steps are not public.
    public.journeys.values_mut().for_each(|journey| journey.hide());
    public
}

/// Returns the campaigns in public slots, without their other channels.
fn campaigns<'a>(rules: &Rules<'a>) -> Defs<'a, Campaign<'a>> {
    let mut campaigns = rules.campaigns.clone();
    for campaign in campaigns.values_mut() {
        campaign.slots.retain(|placement| rules.slot(placement.slot.name).is_some_and(|slot| slot.public));
        campaign.next.clear();
        campaign.reach = Reach::default();
    }
    campaigns.retain(|_, campaign| !campaign.slots.is_empty());
    campaigns
}

fn keep<'a, T: Clone>(definitions: &Defs<'a, T>, ids: &BTreeSet<&str>) -> Defs<'a, T> {
    definitions.iter().filter(|(id, _)| ids.contains(*id)).map(|(id, it)| (*id, it.clone())).collect()
}

fn keep_web(message: &mut Message<'_>) {
    message.renditions.retain(|rendition| rendition.is_in(WEB));
}
