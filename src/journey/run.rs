//! One journey of one subject, advanced step by step.

use sha2::{Digest, Sha256};

use crate::collections::{SortedMap, SortedSet};
use crate::condition::Evaluator;
use crate::event::Event;
use crate::event::names::MESSAGE;
use crate::facts::derived::request_for_message;
use crate::journey::action::compose_action;
use crate::journey::member_message::MemberMessage;
use crate::journey::{Advance, ENTRY_WINDOW};
use crate::plan::tables::{Counter, Journey, JourneyFlags, Step, StepKind};
use crate::plan::{Id, Plan};
use crate::prelude::*;
use crate::profile::occurrence::{Occurrence, counted};
use crate::profile::stamp::Stamp;
use crate::profile::{Instance, InstanceStatus};
use crate::time::Millis;

/// The state while one journey of one subject advances.
pub(super) struct JourneyRun<'a> {
    pub(super) plan: &'a Plan,
    pub(super) now: Millis,
    pub(super) id: &'a str,
    pub(super) journey: Journey,
    pub(super) pending: &'a mut Vec<Event>,
    pub(super) out: &'a mut Advance,
}

impl JourneyRun<'_> {
    /// Ends an instance, begins one, and takes the steps that are due.
    // why: this terminates, because each round ends an instance or begins a later one, and a counter has few times.
    pub(super) fn advance(&mut self) {
        let mut current = self.out.profile.journeys.get(self.id).cloned().map(|instance| self.end(instance));
        loop {
            match current {
                Some(active) if active.status == InstanceStatus::Active => {
                    let moved = self.run_steps(active);
                    let waits = moved.status == InstanceStatus::Active;
                    current = Some(moved);
                    if waits {
                        break;
                    }
                }
                former => match self.entry(former.as_ref()) {
                    Some(entered) => current = Some(self.end(self.begin(entered))),
                    None => {
                        current = former;
                        break;
                    }
                },
            }
        }
        if let Some(instance) = current {
            self.out.profile.journeys.insert(self.id.to_owned(), instance);
        }
    }

    /// Returns the instance after its goal, which counts even after its end, or after an exit event while it was
    /// active.
    fn end(&self, instance: Instance) -> Instance {
        let (plan, counters, entered) = (self.plan, &self.out.profile.counters, instance.entered);
        let is_active = instance.status == InstanceStatus::Active;
        if let Some(reached) = goal(plan, counters, &self.journey, entered) {
            let since = if is_active { reached.at() } else { instance.since };
            return Instance { status: InstanceStatus::Converted, since, ..instance };
        }
        match exit(plan, counters, &self.journey, entered) {
            Some(left) if is_active => Instance { status: InstanceStatus::Exited, since: left.at(), ..instance },
            _ => instance,
        }
    }

    /// Returns the first event that may begin the journey, or begin it again.
    fn entry(&self, former: Option<&Instance>) -> Option<Stamp> {
        let is_new = |stamp: &Stamp| {
            former.is_none_or(|former| {
                let again = former.entered.at().plus(self.journey.reenter);
                // why: a value that `once` no longer recognises may be reported again while its journey is the last one.
                let is_other = stamp.1 != former.entered.1;
                is_other && *stamp > former.entered && stamp.at() > former.since && stamp.at() >= again
            })
        };
        let is_fresh = |stamp: &Stamp| stamp.at().plus(ENTRY_WINDOW) > self.now;
        let mut stamps = stamps(self.plan, &self.out.profile.counters, self.journey.enter);
        let entered = stamps.find(|stamp| is_fresh(stamp) && is_new(stamp))?;
        let request = request_for_message(self.plan, &self.out.profile, self.now);
        let mut eval = Evaluator::new(self.plan, &self.out.profile, &request, self.now);
        self.journey.when.is_none_or(|when| eval.holds(when)).then_some(entered)
    }

    /// Creates the instance at its first step, or behind the last message that was sent or seen if the journey resumes.
    fn begin(&self, entered: Stamp) -> Instance {
        let was_contacted = |step: &Step| {
            let message = step.message.and_then(|id| self.plan.get(id)).map_or("", |row| self.plan.text(row.id));
            self.out.profile.exposures.contains_key(&format!("{MESSAGE}:{message}"))
        };
        let steps: Vec<Step> = self.plan.rows(self.journey.steps).map(|(_, step)| step).collect();
        let resumes = self.journey.flags.contains(JourneyFlags::RESUME);
        let last = steps.iter().rposition(was_contacted).filter(|_| resumes);
        let first = last.map_or(0, |last| last.saturating_add(1));
        let (step, status) = match steps.get(first) {
            Some(step) => (Some(step), InstanceStatus::Active),
            None => (steps.last(), InstanceStatus::Completed),
        };
        let step = step.map_or("", |step| self.plan.text(step.id)).to_owned();
        Instance { entered, step, since: entered.at(), status }
    }

    /// Takes steps until one has to wait.
    // why: an instance at a step that the rules no longer have ends, because sending nothing is safer than a wrong
    // message.
    fn run_steps(&mut self, instance: Instance) -> Instance {
        let mut steps = self.plan.rows(self.journey.steps).map(|(_, step)| step);
        let mut step = steps.find(|step| self.plan.text(step.id) == instance.step);
        if step.is_none() {
            return Instance { status: InstanceStatus::Exited, ..instance };
        }
        let mut now_at = instance;
        let mut done = InstanceStatus::Completed;
        while let Some(current) = step {
            now_at.step = self.plan.text(current.id).to_owned();
            if current.kind == StepKind::Send {
                match self.send(&current, &now_at) {
                    Ok(status) => done = status,
                    Err(later) => return self.wait(now_at, later),
                }
            } else {
                let due = self.due(&current, now_at.since);
                if due > self.now {
                    return self.wait(now_at, due);
                }
                now_at.since = due;
            }
            step = steps.next();
        }
        Instance { status: done, ..now_at }
    }

    fn wait(&mut self, instance: Instance, until: Millis) -> Instance {
        self.out.wake_at = Some(self.out.wake_at.map_or(until, |other| other.min(until)));
        instance
    }

    /// Returns the end of a wait: counted from the start of the step, or from a later event that it waits for.
    fn due(&self, step: &Step, since: Millis) -> Millis {
        let after = step.after.and_then(|counter| stamps(self.plan, &self.out.profile.counters, counter).next_back());
        after.map_or(since, |stamp| stamp.at().max(since)).plus(step.wait)
    }

    /// Adds the action of a step that sends, and returns the journey's status if this was its last message.
    ///
    /// # Errors
    /// Returns the time to try again, if the message is denied only until then.
    fn send(&mut self, step: &Step, instance: &Instance) -> Result<InstanceStatus, Millis> {
        let member_message = MemberMessage {
            send_id: send_id(&self.out.profile.subject, self.id, instance.entered, &instance.step),
            journey: self.id.to_owned(),
            entered: instance.entered,
            step: instance.step.clone(),
            by: self.last_trigger(instance),
            at: instance.since,
        };
        if self.journey.flags.contains(JourneyFlags::ACCOUNT) {
            self.out.member_messages.push(member_message);
            return Ok(InstanceStatus::Completed);
        }
        let (profile, rows) = (&self.out.profile, (&self.journey, step));
        let Some(action) = compose_action(self.plan, profile, self.pending, rows, &member_message, self.now)? else {
            return Ok(InstanceStatus::Completed);
        };
        let status = if action.outcome.is_ok() { InstanceStatus::Completed } else { InstanceStatus::Suppressed };
        self.pending.extend(action.sent().map(|event| Event { at: self.now, ..event }));
        self.out.actions.push(action);
        Ok(status)
    }

    /// Returns the event that moved the instance to its step: the last one that it waited for, else the one that began
    /// it.
    fn last_trigger(&self, instance: &Instance) -> Stamp {
        let steps: Vec<Step> = self.plan.rows(self.journey.steps).map(|(_, step)| step).collect();
        let before = steps.iter().take_while(|step| self.plan.text(step.id) != instance.step);
        let after = before.filter_map(|step| step.after).last();
        let last = after.and_then(|counter| stamps(self.plan, &self.out.profile.counters, counter).next_back());
        last.map_or(instance.entered, |last| last.max(instance.entered))
    }
}

/// Occurrences, by the counters' keys.
type Counters = SortedMap<SortedSet<Occurrence>>;

/// Returns the first goal event within the goal's window after the entry.
pub(super) fn goal(plan: &Plan, counters: &Counters, journey: &Journey, entered: Stamp) -> Option<Stamp> {
    let until = entered.at().plus(journey.goal_within);
    first_after(plan, counters, journey.goal?, entered).filter(|stamp| stamp.at() <= until)
}

/// Returns the first exit event after the entry.
pub(super) fn exit(plan: &Plan, counters: &Counters, journey: &Journey, entered: Stamp) -> Option<Stamp> {
    plan.list(journey.exits).filter_map(|counter| first_after(plan, counters, counter, entered)).min()
}

/// Returns the first other event that is not earlier than the entry.
// why: nothing orders two events of one time. A reminder that is not sent harms less than one about a finished order.
fn first_after(plan: &Plan, counters: &Counters, counter: Id<Counter>, entered: Stamp) -> Option<Stamp> {
    stamps(plan, counters, counter).find(|stamp| *stamp != entered && stamp.at() >= entered.at())
}

fn stamps<'a>(
    plan: &Plan,
    counters: &'a Counters,
    counter: Id<Counter>,
) -> impl DoubleEndedIterator<Item = Stamp> + use<'a> {
    counted(plan, counters, counter).map(|occurrence| occurrence.stamp)
}

/// Returns `s-` and 128 bits of a hash that identifies one step of one entry of one subject.
fn send_id(subject: &str, journey: &str, entered: Stamp, step: &str) -> String {
    let parts = [subject, journey, &entered.0.0.to_string(), &entered.1.to_string(), step];
    let hash = parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part).chain_update(b"\0"));
    let digits: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("s-{digits}")
}
