//! Journeys: several steps in time for one subject.
//!
//! A journey is driven by the times in the profile's counters alone. So it is the same in whatever order events arrived,
//! and a purchase that is reported late still ends it.

use core::cmp::Reverse;

use sha2::{Digest, Sha256};

use crate::account::Account;
use crate::action::{Action, with_sent, write};
use crate::condition::Evaluator;
use crate::decide::send::{Draft, Withheld, compose};
use crate::derived::without_request;
use crate::errand::Errand;
use crate::event::Event;
use crate::occurrence::Occurrence;
use crate::order::places_in_order;
use crate::plan::tables::{ACCOUNT, Channel, Counter, Journey, Message, RESUME, Step, StepKind};
use crate::plan::{Id, Plan};
use crate::prelude::*;
use crate::profile::{Instance, InstanceStatus, Profile, Stamp};
use crate::reduce::MESSAGE;
use crate::sorted::{Map, Set};
use crate::time::Millis;

/// For how long after it happened an event can begin a journey: an event that arrives later is history, not a reason to
/// speak. Within that time it does not matter whether the facts of the journey's condition arrive before the event or after.
pub const ENTRY_WINDOW: Millis = Millis(60 * 60 * 1000);

/// What [`advance`] finds.
#[derive(Clone, Debug, PartialEq)]
pub struct Advance {
    /// The profile, with its journeys where they are now.
    pub profile: Profile,
    /// The messages that became due, each once.
    pub actions: Vec<Action>,
    /// For an account: the messages that became due, for its members to get.
    pub errands: Vec<Errand>,
    /// When to look again, if nothing happens before; always later than now.
    pub wake_at: Option<Millis>,
}

/// Moves the subject's journeys on to `now`.
///
/// Pure and idempotent: advancing twice at the same time changes nothing and repeats no action. Ends come before steps, so
/// nothing is sent once an exit event is known. Journeys of higher priority speak first; what they send, and what is on its
/// way from earlier, counts for the caps of the others. What the rules are against only now waits, as long as it makes sense.
///
/// Journeys with the account as their unit are not the subject's: see [`advance_account`].
#[must_use]
pub fn advance(plan: &Plan, profile: &Profile, on_its_way: &[Event], now: Millis) -> Advance {
    advance_those(plan, profile, on_its_way, now, 0)
}

/// Moves the journeys of an account, of which this is the profile, on to `now`.
///
/// As [`advance`], but what becomes due is for a member to get. Whether that member may be sent it is not the account's to
/// know, so its journey goes on.
#[must_use]
pub fn advance_account(plan: &Plan, profile: &Profile, now: Millis) -> Advance {
    advance_those(plan, profile, &[], now, ACCOUNT)
}

/// Moves on the journeys whose unit has this flag.
fn advance_those(plan: &Plan, profile: &Profile, on_its_way: &[Event], now: Millis, unit: u32) -> Advance {
    let mut out = Advance { profile: profile.clone(), actions: Vec::new(), errands: Vec::new(), wake_at: None };
    let mut on_its_way = on_its_way.to_vec();
    let journeys = plan.rows(plan.all::<Journey>()).map(|(_, journey)| journey);
    let journeys: Vec<Journey> = journeys.filter(|journey| journey.flags & ACCOUNT == unit).collect();
    let priority = |place: usize| journeys.get(place).map(|journey| Reverse(journey.priority));
    for place in places_in_order(journeys.len(), &|a, b| priority(a).cmp(&priority(b))) {
        let Some(journey) = journeys.get(place).copied() else { continue };
        Run { plan, now, id: plan.text(journey.id), journey, on_its_way: &mut on_its_way, out: &mut out }.advance();
    }
    out
}

/// What a message that waits to be sent belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Waiting<'a> {
    /// The journey.
    pub journey: &'a str,
    /// The event that began it.
    pub entered: Stamp,
    /// The message.
    pub message: &'a str,
    /// The channel.
    pub channel: &'a str,
    /// From when on it must not be sent.
    pub expires: Millis,
}

/// Whether a message may still be sent, asked right before it is: much may have happened since it became due, and other
/// messages may be on their way.
///
/// # Errors
/// Says why it must not be sent any more, or from when on it may.
pub fn authorize(
    plan: &Plan,
    profile: &Profile,
    others: &[Event],
    waiting: &Waiting<'_>,
    now: Millis,
) -> Result<(), Withheld> {
    if now >= waiting.expires {
        return Err(Withheld::Expired);
    }
    let journey = plan.rows(plan.all::<Journey>()).find(|(_, row)| plan.text(row.id) == waiting.journey);
    let message = plan.rows(plan.all::<Message>()).find(|(_, row)| plan.text(row.id) == waiting.message);
    let channel = plan.rows(plan.all::<Channel>()).find(|(_, row)| plan.text(row.id) == waiting.channel);
    let (Some((_, journey)), Some((message, _)), Some((channel, _))) = (journey, message, channel) else {
        return Err(Withheld::Ended);
    };
    if is_over(plan, profile, &journey, waiting) {
        return Err(Withheld::Ended);
    }
    let profile = with_sent(plan, profile, others);
    let draft = Draft { journey: &journey, message, channels: [channel].into_iter() };
    compose(plan, &profile, now, draft).map(|_| ()).map_err(|withheld| withheld.before(waiting.expires))
}

/// Whether the journey has ended, or is that of an account that the subject has left.
fn is_over(plan: &Plan, profile: &Profile, journey: &Journey, waiting: &Waiting<'_>) -> bool {
    let entered = waiting.entered;
    let ended =
        |counters| goal(plan, counters, journey, entered).is_some() || exit(plan, counters, journey, entered).is_some();
    if journey.flags & ACCOUNT == 0 {
        return ended(&profile.counters);
    }
    let is_same = |account: &&Account| account.journeys.get(waiting.journey).is_some_and(|it| it.entered == entered);
    profile.account().filter(is_same).is_none_or(|account| ended(&account.counters))
}

/// One journey of one subject.
struct Run<'a> {
    plan: &'a Plan,
    now: Millis,
    id: &'a str,
    journey: Journey,
    on_its_way: &'a mut Vec<Event>,
    out: &'a mut Advance,
}

impl Run<'_> {
    /// Ends what has ended, begins what begins, and takes the steps that are due.
    ///
    /// Each round ends an instance or begins a later one, and the times in a counter are few, so it comes to an end.
    fn advance(&mut self) {
        let mut current = self.out.profile.journeys.get(self.id).cloned().map(|instance| self.end(instance));
        loop {
            match current {
                Some(active) if active.status == InstanceStatus::Active => {
                    let moved = self.go_on(active);
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

    /// The instance as it is after the goal, or an exit event while it went on. The goal counts after the end too.
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

    /// The first event that may begin the journey (again).
    fn entry(&self, former: Option<&Instance>) -> Option<Stamp> {
        let is_new = |stamp: &Stamp| {
            former.is_none_or(|former| {
                let again = former.entered.at().plus(self.journey.reenter);
                *stamp > former.entered && stamp.at() > former.since && stamp.at() >= again
            })
        };
        let is_fresh = |stamp: &Stamp| stamp.at().plus(ENTRY_WINDOW) > self.now;
        let stamps = stamps(self.plan, &self.out.profile.counters, self.journey.enter);
        let entered = stamps.into_iter().flatten().find(|stamp| is_fresh(stamp) && is_new(stamp))?;
        let request = without_request(self.plan, &self.out.profile, self.now);
        let mut eval = Evaluator::new(self.plan, &self.out.profile, &request, self.now);
        self.journey.when.is_none_or(|when| eval.holds(when)).then_some(entered)
    }

    /// The instance at its first step; where the journey resumes, behind the last message that was sent or seen.
    fn begin(&self, entered: Stamp) -> Instance {
        let is_known = |step: &Step| {
            let message = step.message.and_then(|id| self.plan.get(id)).map_or("", |row| self.plan.text(row.id));
            self.out.profile.exposures.contains_key(&format!("{MESSAGE}:{message}"))
        };
        let steps: Vec<Step> = self.plan.rows(self.journey.steps).map(|(_, step)| step).collect();
        let resumes = self.journey.flags & RESUME != 0;
        let known = steps.iter().rposition(is_known).filter(|_| resumes);
        let first = known.map_or(0, |last| last.saturating_add(1));
        let (step, status) = match steps.get(first) {
            Some(step) => (Some(step), InstanceStatus::Active),
            None => (steps.last(), InstanceStatus::Completed),
        };
        let step = step.map_or("", |step| self.plan.text(step.id)).to_owned();
        Instance { entered, step, since: entered.at(), status }
    }

    /// Takes steps until one has to wait. A journey whose step the rules no longer have ends there: better silent than wrong.
    fn go_on(&mut self, instance: Instance) -> Instance {
        let mut steps = self.plan.rows(self.journey.steps).map(|(_, step)| step);
        let mut step = steps.find(|step| self.plan.text(step.id) == instance.step);
        if step.is_none() {
            return Instance { status: InstanceStatus::Exited, ..instance };
        }
        let mut now_at = instance;
        let mut done = InstanceStatus::Completed;
        while let Some(current) = step {
            now_at.step = self.plan.text(current.id).to_owned();
            if current.kind == StepKind::Send as u32 {
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

    /// When a wait is over: counted from the step's beginning, or from a later event that it waits after.
    fn due(&self, step: &Step, since: Millis) -> Millis {
        let after = step.after.and_then(|counter| stamps(self.plan, &self.out.profile.counters, counter)?.next_back());
        after.map_or(since, |stamp| stamp.at().max(since)).plus(step.wait)
    }

    /// Adds the action of a step that sends; answers how the journey ends if this was its last message.
    ///
    /// # Errors
    /// When to try again, if the rules are against the message only until then.
    fn send(&mut self, step: &Step, instance: &Instance) -> Result<InstanceStatus, Millis> {
        let errand = Errand {
            send_id: send_id(&self.out.profile.subject, self.id, instance.entered, &instance.step),
            journey: self.id.to_owned(),
            entered: instance.entered,
            step: instance.step.clone(),
            by: self.mover(instance),
            at: instance.since,
        };
        if self.journey.flags & ACCOUNT != 0 {
            self.out.errands.push(errand);
            return Ok(InstanceStatus::Completed);
        }
        let (profile, rows) = (&self.out.profile, (&self.journey, step));
        let Some(action) = write(self.plan, profile, self.on_its_way, rows, &errand, self.now)? else {
            return Ok(InstanceStatus::Completed);
        };
        let status = if action.outcome.is_ok() { InstanceStatus::Completed } else { InstanceStatus::Suppressed };
        self.on_its_way.extend(action.sent().map(|event| Event { at: self.now, ..event }));
        self.out.actions.push(action);
        Ok(status)
    }

    /// The event that moved the instance to its step: the last one that it waited after, else the one that began it.
    fn mover(&self, instance: &Instance) -> Stamp {
        let steps: Vec<Step> = self.plan.rows(self.journey.steps).map(|(_, step)| step).collect();
        let before = steps.iter().take_while(|step| self.plan.text(step.id) != instance.step);
        let after = before.filter_map(|step| step.after).last();
        let last = after.and_then(|counter| stamps(self.plan, &self.out.profile.counters, counter)?.next_back());
        last.map_or(instance.entered, |last| last.max(instance.entered))
    }
}

/// When what is counted happened, by the counters' keys.
type Counters = Map<Set<Occurrence>>;

/// The first time of the goal within its time after the entry.
fn goal(plan: &Plan, counters: &Counters, journey: &Journey, entered: Stamp) -> Option<Stamp> {
    let until = entered.at().plus(journey.goal_within);
    first_after(plan, counters, journey.goal?, entered).filter(|stamp| stamp.at() <= until)
}

/// The first exit event after the entry.
fn exit(plan: &Plan, counters: &Counters, journey: &Journey, entered: Stamp) -> Option<Stamp> {
    plan.list(journey.exits).filter_map(|counter| first_after(plan, counters, counter, entered)).min()
}

fn first_after(plan: &Plan, counters: &Counters, counter: Id<Counter>, entered: Stamp) -> Option<Stamp> {
    stamps(plan, counters, counter)?.find(|stamp| *stamp > entered)
}

fn stamps<'a>(
    plan: &Plan,
    counters: &'a Counters,
    counter: Id<Counter>,
) -> Option<impl DoubleEndedIterator<Item = Stamp> + use<'a>> {
    let known = counters.get(plan.text(plan.get(counter)?.key))?;
    Some(known.iter().map(|occurrence| occurrence.stamp))
}

/// `s-` and 128 bits that name one step of one entry of one subject.
fn send_id(subject: &str, journey: &str, entered: Stamp, step: &str) -> String {
    let parts = [subject, journey, &entered.0.0.to_string(), &entered.1.to_string(), step];
    let hash = parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part).chain_update(b"\0"));
    let digits: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("s-{digits}")
}
