//! The next action: its channel, its time, and the alternatives.

use core::cmp::Reverse;

use crate::collections::sorted_indices;
use crate::decide::Decider;
use crate::decide::denial::{Denial, DenialCause};
use crate::decide::policy::frequency_cap::Surface;
use crate::decide::score::Micros;
use crate::decide::slot::Rank;
use crate::decision::reason::Reason;
use crate::decision::{Assignment, NextAction};
use crate::event::names::MESSAGE;
use crate::math::exp2;
use crate::plan::Id;
use crate::plan::tables::{Campaign, NextStep, NextStepFlags};
use crate::prelude::*;
use crate::time::Millis;

/// A step that is possible.
#[derive(Clone, Copy)]
pub(crate) struct PossibleStep {
    pub(crate) step: NextStep,
    /// The first time outside of quiet hours.
    pub(crate) at: Millis,
    /// The expected value: the subject's rate of response in the channel, decayed by the delay.
    pub(crate) value: Micros,
    /// The time of the subject's last response in the channel.
    pub(crate) responded: Option<Millis>,
}

impl<'a: 'p, 'p> Decider<'a, 'p> {
    /// Chooses the possible steps of the highest-ranking campaign that has one: the first, and the others as
    /// alternatives.
    pub(crate) fn choose_next_action(&mut self) {
        let Some(index) = self.plan.settings().next.and_then(|id| self.plan.get(id)) else { return };
        let mut best: Option<(Rank, Id<Campaign>, Campaign, Vec<PossibleStep>)> = None;
        for (id, campaign, _) in self.candidates(&index) {
            let ends = best.as_ref().is_some_and(|(leader, ..)| Reverse(campaign.priority) > leader.0);
            if ends && self.tracer.is_none() {
                break;
            }
            let rank = self.rank(id, &campaign);
            let leads = best.as_ref().is_none_or(|(leader, ..)| rank < *leader);
            if !leads && self.tracer.is_none() {
                continue;
            }
            match (self.possible_steps(id, &campaign), &best) {
                (Err(denial), _) => self.trace_next_action(id, denial),
                (Ok(_), Some((_, leader, ..))) if !leads => {
                    self.trace_next_action(id, Reason::Outranked.by(DenialCause::Campaign(*leader)))
                }
                (Ok(steps), former) => {
                    if let Some((_, former, ..)) = former {
                        self.trace_next_action(*former, Reason::Outranked.by(DenialCause::Campaign(id)));
                    }
                    best = Some((rank, id, campaign, steps));
                }
            }
        }
        if let Some((_, id, campaign, steps)) = best {
            if let Some(tracer) = &mut self.tracer {
                tracer.chosen(id);
            }
            self.decision.next_action = self.next_action(&campaign, &steps);
        }
    }

    /// Returns the campaign's possible steps in order of preference; at least one.
    fn possible_steps(&mut self, id: Id<Campaign>, campaign: &Campaign) -> Result<Vec<PossibleStep>, Denial> {
        self.is_eligible(id, campaign)?;
        self.check_offer(campaign)?;
        let mut steps = Vec::new();
        for (_, step) in self.plan.rows(campaign.next) {
            let tried = self.try_step(campaign, &step);
            if self.tracer.is_some() {
                self.trace_step(id, &step, &tried);
            }
            steps.extend(tried);
        }
        if steps.is_empty() {
            return Err(Reason::Unreachable.by(DenialCause::Channel));
        }
        let key = |index: usize| {
            let is_best = |possible: &&PossibleStep| possible.step.flags.contains(NextStepFlags::BEST);
            let possible: Option<&PossibleStep> = steps.get(index).filter(is_best);
            possible.map(|possible| Reverse((possible.value, possible.responded)))
        };
        let order = sorted_indices(steps.len(), &|a, b| key(a).cmp(&key(b)));
        Ok(order.into_iter().filter_map(|index| steps.get(index).copied()).collect())
    }

    fn try_step(&mut self, campaign: &Campaign, step: &NextStep) -> Result<PossibleStep, Denial> {
        let here = |reason: Reason| reason.by(DenialCause::Channel);
        let (message, channel) =
            self.plan.get(step.message).zip(self.plan.get(step.channel)).ok_or(here(Reason::NoRendition))?;
        if step.flags.contains(NextStepFlags::WRONG_ROLE) {
            return Err(here(Reason::RoleMismatch));
        }
        self.check_unseen(step.message, &message, MESSAGE)?;
        self.check_channel(step.channel, step.topic).map_err(here)?;
        let surface = Surface { slot: None, message: step.message, channel: self.plan.text(channel.id) };
        self.check_placed_caps(campaign.subject(), surface)?;
        let (now, wanted) = (self.facts.now, self.facts.now.plus(step.after));
        let at = self.allowed_at(campaign.class, step.channel, wanted).ok_or(here(Reason::QuietHours))?;
        if step.until != Millis::MAX && at >= now.plus(step.until) {
            return Err(here(Reason::TooLate));
        }
        if !step.flags.contains(NextStepFlags::BEST) {
            return Ok(PossibleStep { step: *step, at, value: Micros::default(), responded: None });
        }
        let (rate, responded) = self.responsiveness(&channel);
        let delay = at.minus(now).0 as f64 / step.half_life.0.max(1) as f64;
        let decay = if step.half_life == Millis::MAX { 1.0 } else { exp2(-delay) };
        Ok(PossibleStep { step: *step, at, value: Micros::from_number(rate * decay), responded })
    }

    fn next_action(&mut self, campaign: &Campaign, steps: &[PossibleStep]) -> Option<NextAction<'a>> {
        let assignment = self.assignment_of(campaign);
        let actions = steps.iter().filter_map(|possible| self.action(campaign, possible, assignment.as_ref()));
        let mut actions = actions.collect::<Vec<_>>().into_iter();
        self.record_assignment(assignment);
        let first = actions.next()?;
        let alternatives = actions.collect();
        Some(NextAction { alternatives, ..first })
    }

    fn action(
        &mut self,
        campaign: &Campaign,
        possible: &PossibleStep,
        assignment: Option<&Assignment<'_>>,
    ) -> Option<NextAction<'a>> {
        let step = &possible.step;
        let message = self.plan.get(step.message)?;
        let channel = self.plan.text(self.plan.get(step.channel)?.id);
        let rendition = self.rendition(&message, channel, assignment.map(|assignment| &*assignment.variation));
        Some(NextAction {
            campaign: self.plan.text(campaign.id).into(),
            channel: channel.into(),
            message: self.plan.text(message.id).into(),
            at: possible.at,
            until: (step.until != Millis::MAX).then(|| self.facts.now.plus(step.until)),
            score: campaign.score.map(|score| self.score(Some(score)).number()),
            models: self.models(campaign.score),
            content: rendition.map(|rendition| self.render(&message, &rendition)),
            alternatives: Vec::new(),
        })
    }
}
