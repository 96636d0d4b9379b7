//! The rows of campaigns: who gets what, where, by which channel, and what goes before what.

use throughline::Millis;
use throughline::internals::plan::Id;
use throughline::internals::plan::tables;

use super::RowWriter;
use crate::condition;
use crate::rules::campaign::Campaign;
use crate::rules::channel::REMEMBERED;
use crate::rules::experiment::Experiment;
use crate::rules::score::{Score, ScoreFact, ScoreTerm};
use crate::rules::slot::{self, Slot};

impl<'a> RowWriter<'_, '_, 'a, '_> {
    pub(super) fn channels(&mut self) {
        for (id, channel) in &self.rules.channels {
            let reach = channel.reach_condition(self.rules);
            let reach = reach.map(|reach| condition::write(&reach, &self.ids, &mut self.plan));
            let consent = channel.consent.map(|purpose| self.plan.text(purpose));
            let contacts = channel.responds.as_ref().map(|responds| {
                let key = format!("all@{id}");
                self.expose(key.clone(), REMEMBERED, responds.within);
                self.plan.text(&key)
            });
            let row = tables::Channel {
                id: self.plan.text(id),
                consent,
                reach,
                responds: channel.responds.as_ref().map(|responds| self.trigger(&responds.event)),
                contacts,
                within: channel.responds.as_ref().map_or(Millis(0), |responds| responds.within),
                least: channel.responds.as_ref().map_or(0, |responds| responds.least),
                otherwise: channel.expected,
            };
            self.plan.push(row);
        }
    }

    pub(super) fn offers(&mut self) {
        for (id, offer) in &self.rules.offers {
            let row = tables::Offer {
                id: self.plan.text(id),
                group: offer.group.and_then(|group| self.numbers.offer_groups.get(group).copied()),
                version: offer.version,
                from: offer.schedule.from,
                until: offer.schedule.until,
            };
            self.plan.push(row);
        }
    }

    pub(super) fn experiment(&mut self, id: &str, experiment: &Experiment<'a>) {
        let when = experiment.when.as_ref().map(|when| self.condition(when));
        let ranges = experiment.ranges();
        let variations: Vec<_> =
            ranges.map(|(id, from, to)| tables::Variation { id: self.plan.text(id), from, to }).collect();
        let Some(unit) = self.split_by(experiment.unit.as_ref()) else { return };
        let row = tables::Experiment {
            key: self.plan.text(id),
            seed: self.plan.text(experiment.seed.unwrap_or(id)),
            unit,
            flags: tables::ExperimentFlags::STICKY
                .when(experiment.sticky)
                .with(tables::ExperimentFlags::ACTIVE.when(experiment.active)),
            when,
            bucket_version: experiment.bucket_version,
            min_bucket_version: experiment.min_bucket_version,
            exclusion: self.exclusion(experiment.exclusion.as_ref()),
            variations: self.plan.push_all(variations),
        };
        self.plan.push(row);
    }

    pub(super) fn campaign(&mut self, id: &str, campaign: &Campaign<'a>) {
        let when = campaign.when.as_ref().map(|when| self.condition(when));
        let caps: Vec<_> = campaign.caps.iter().map(|limit| self.cap(vec![format!("campaign:{id}")], limit)).collect();
        let topic = campaign.reach.topic.map(|topic| self.plan.text(topic));
        let next = campaign.next.iter().filter_map(|next| {
            let channel = *self.numbers.channels.get(next.channel.name)?;
            let message = *self.numbers.messages.get(next.message.name)?;
            let allows_roles = self
                .rules
                .channels
                .get(next.channel.name)
                .is_none_or(|row| row.allows_roles(campaign.roles(self.rules)));
            Some(tables::NextStep {
                channel,
                message,
                after: next.after,
                until: next.until,
                flags: tables::NextStepFlags::BEST
                    .when(campaign.reach.best)
                    .with(tables::NextStepFlags::WRONG_ROLE.when(!allows_roles)),
                half_life: campaign.reach.half_life.unwrap_or(Millis::MAX),
                topic,
            })
        });
        let next: Vec<_> = next.collect();
        let row = tables::Campaign {
            id: self.plan.text(id),
            class: campaign.class,
            priority: campaign.priority,
            score: campaign.score.as_ref().map(|score| self.score(score)),
            when,
            from: campaign.schedule.from,
            until: campaign.schedule.until,
            offer: campaign.offer.as_ref().and_then(|offer| self.numbers.offers.get(offer.name).copied()),
            experiment: campaign.experiment.as_ref().and_then(|it| self.numbers.experiments.get(it.name).copied()),
            exclusion: self.exclusion(campaign.exclusion.as_ref()),
            caps: self.plan.push_all(caps),
            next: self.plan.push_all(next),
            flags: tables::CampaignFlags::empty(),
        };
        self.plan.push(row);
    }

    fn score(&mut self, score: &Score<'a>) -> Id<tables::Score> {
        let terms: Vec<_> = score.terms.iter().map(|term| self.term(term)).collect();
        let row = tables::Score { bias: score.bias, link: score.link, terms: self.plan.push_all(terms) };
        self.plan.push(row)
    }

    fn term(&mut self, term: &ScoreTerm<'a>) -> tables::Term {
        let mut row = tables::Term {
            kind: term.fact.kind(),
            flags: tables::TermFlags::LOG.when(term.log),
            attribute: None,
            counter: None,
            weight: term.weight,
            otherwise: term.otherwise,
            span: Millis(0),
            most: 0,
            model: term.model.map(|model| self.plan.text(model)),
        };
        if let Some((trigger, most, within)) = term.fact.trigger() {
            (row.most, row.span, row.counter) = (most, within, Some(self.trigger(trigger)));
        }
        match &term.fact {
            ScoreFact::Attribute(name) => row.attribute = self.ids.attributes.get(name.name).copied(),
            ScoreFact::Decay(_, half_life) => row.span = *half_life,
            ScoreFact::Count(..) => {}
        }
        row
    }

    pub(super) fn slot(&mut self, id: &str, slot: &Slot<'a>) {
        let row = tables::Slot {
            id: self.plan.text(id),
            selector: slot.selector.map(|selector| self.plan.text(selector)),
            pages: self.pages(slot),
            flags: tables::SlotFlags::PUBLIC.when(slot.public).with(tables::SlotFlags::JSON.when(slot.json)),
            candidates: self.slot_index(id),
        };
        self.plan.push(row);
    }

    fn pages(&mut self, slot: &Slot<'_>) -> Option<Id<tables::Regex>> {
        if slot.pages.is_empty() {
            return None;
        }
        match crate::regex::compile(&slot::pattern(&slot.pages), false) {
            Ok(automaton) => Some(self.plan.regex(automaton)),
            Err(error) => {
                slot.cursor.error("glob", format!("the pages cannot be compiled: {error}"), self.out);
                None
            }
        }
    }
}
