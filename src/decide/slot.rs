//! Fills slots.

use core::cmp::Reverse;

use crate::decide::Decider;
use crate::decide::denial::{Denial, DenialCause};
use crate::decide::policy::frequency_cap::Surface;
use crate::decide::score::Micros;
use crate::decision::reason::Reason;
use crate::decision::{Assignment, Fill};
use crate::event::names::SEEN;
use crate::plan::Id;
use crate::plan::tables::{Campaign, Message, MessageFlags, Rendition, Slot};
use crate::prelude::*;
use crate::text::fnv::fnv64a;

/// The rank of a campaign, least first: priority, then score, then a hash that differs from subject to subject.
pub(crate) type Rank = (Reverse<u32>, Reverse<Micros>, u64, Id<Campaign>);

/// An eligible campaign for a slot, with its content.
struct Candidate<'a> {
    rank: Rank,
    id: Id<Campaign>,
    message: Message,
    rendition: Rendition,
    assignment: Option<Assignment<'a>>,
}

impl<'a: 'p, 'p> Decider<'a, 'p> {
    /// Fills the slot with the highest-ranking candidate.
    pub(crate) fn fill(&mut self, id: Id<Slot>) {
        let Some(slot) = self.plan.get(id) else { return };
        let name = self.plan.text(slot.id);
        let winner = self.winner(id, &slot);
        self.decision.reasons.insert(name, winner.as_ref().map_or(Reason::NoCandidate, |_| Reason::Filled));
        if let Some((campaign, winner)) = winner.and_then(|winner| Some((self.plan.get(winner.id)?, winner))) {
            let fill = self.content_of(&winner, &campaign);
            self.decision.slots.insert(name, fill);
            self.record_assignment(winner.assignment);
        }
    }

    /// Returns the rank of a campaign for this subject.
    pub(crate) fn rank(&self, id: Id<Campaign>, campaign: &Campaign) -> Rank {
        let hash = fnv64a([self.profile.subject.as_str(), self.plan.text(campaign.id)]);
        (Reverse(campaign.priority), Reverse(self.score(campaign.score)), hash, id)
    }

    /// Returns the best candidate.
    // why: candidates come best priority first, so the search can stop below the priority of the best one. An
    // explanation searches all of them.
    fn winner(&mut self, slot_id: Id<Slot>, slot: &Slot) -> Option<Candidate<'a>> {
        let index = self.plan.get(slot.candidates)?;
        if let Some(tracer) = &mut self.tracer {
            tracer.enter(slot_id);
        }
        let mut best: Option<Candidate<'a>> = None;
        for (id, campaign, message) in self.candidates(&index) {
            let Some(message) = message else { continue };
            if let Some(leader) = best.as_ref().filter(|_| self.tracer.is_none()) {
                if Reverse(campaign.priority) > leader.rank.0 {
                    break;
                }
                if self.rank(id, &campaign) > leader.rank {
                    continue;
                }
            }
            match self.candidate((slot_id, slot), id, &campaign, message) {
                Err(denial) => self.trace_denial(id, denial),
                Ok(candidate) => {
                    let (loser, by) = match best.take() {
                        Some(leader) if leader.rank < candidate.rank => (Some(candidate.id), best.insert(leader).id),
                        former => (former.map(|former| former.id), best.insert(candidate).id),
                    };
                    if let Some(loser) = loser {
                        self.trace_denial(loser, Reason::Outranked.by(DenialCause::Campaign(by)));
                    }
                }
            }
        }
        if let (true, Some(winner)) = (self.tracer.is_some(), &best) {
            self.detail_experiment(winner.id);
        }
        if let (Some(tracer), Some(winner)) = (&mut self.tracer, &best) {
            tracer.won(winner.id);
        }
        best
    }

    fn trace_denial(&mut self, campaign: Id<Campaign>, denial: Denial) {
        if self.tracer.is_none() {
            return;
        }
        let detail = self.detail(campaign, denial);
        if let Some(tracer) = &mut self.tracer {
            tracer.denied(campaign, denial.reason, detail);
        }
    }

    /// Returns the campaign's content for the slot, or the reason why it has none.
    fn candidate(
        &mut self,
        (slot_id, slot): (Id<Slot>, &Slot),
        id: Id<Campaign>,
        campaign: &Campaign,
        message_id: Id<Message>,
    ) -> Result<Candidate<'a>, Denial> {
        self.is_eligible(id, campaign)?;
        let channel = self.facts.request.channel.as_deref().unwrap_or("web");
        let surface = Surface { slot: Some(slot_id), message: message_id, channel };
        self.check_placed_caps(campaign.subject(), surface)?;
        self.check_offer(campaign)?;
        let message = self.plan.get(message_id).ok_or(Reason::NoRendition.by(DenialCause::Channel))?;
        self.check_unseen(message_id, &message, SEEN)?;
        let assignment = self.assignment_of(campaign);
        let rendition = self
            .rendition(&message, channel, assignment.as_ref().map(|assignment| &*assignment.variation))
            .filter(|rendition| rendition.fits(slot))
            .ok_or(Reason::NoRendition.by(DenialCause::Channel))?;
        let rank = self.rank(id, campaign);
        Ok(Candidate { rank, id, message, rendition, assignment })
    }

    fn content_of(&mut self, winner: &Candidate<'a>, campaign: &Campaign) -> Fill<'a> {
        Fill {
            campaign: self.plan.text(campaign.id).into(),
            class: campaign.class,
            message: self.plan.text(winner.message.id).into(),
            offer: campaign.offer.and_then(|id| self.plan.get(id)).map(|offer| self.plan.text(offer.id).into()),
            locale: winner.rendition.locale.map(|locale| self.plan.text(locale).into()),
            experiment: winner.assignment.as_ref().map(|assignment| assignment.experiment.clone()),
            variation: winner.assignment.as_ref().map(|assignment| assignment.variation.clone()),
            score: campaign.score.map(|_| winner.rank.1.0.number()),
            models: self.models(campaign.score),
            content: self.render(&winner.message, &winner.rendition),
        }
    }

    /// Checks that a message that is shown once is new to the subject: not [`SEEN`], or not contacted at all.
    pub(crate) fn check_unseen(&self, id: Id<Message>, message: &Message, how: &str) -> Result<(), Denial> {
        let key = || format!("{how}:{}", self.plan.text(message.id));
        let seen = message.flags.contains(MessageFlags::ONCE) && self.profile.exposures.contains_key(&key());
        if seen { Err(Reason::AlreadySeen.by(DenialCause::Message(id))) } else { Ok(()) }
    }
}
