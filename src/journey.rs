//! Journeys: several steps in time for one subject.
//!
//! A journey is driven by the times in the profile's counters alone. So it is the same in whatever order events arrived,
//! and a purchase that is reported late still ends it.

use sha2::{Digest, Sha256};

use crate::condition::Evaluator;
use crate::decide::send::{Draft, Withheld, compose};
use crate::decision::Content;
use crate::facts::Request;
use crate::plan::tables::{Channel, Class, Counter, Journey, Message, Step, StepKind};
use crate::plan::{Id, Plan};
use crate::prelude::*;
use crate::profile::{Instance, InstanceStatus, Profile, Stamp};
use crate::sorted::Set;
use crate::time::Millis;
use crate::value::{Object, Value};

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
    /// When to look again, if nothing happens before; always later than now.
    pub wake_at: Option<Millis>,
}

/// A message of a journey that became due.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// Names this message to this subject: equal for equal subject, journey, entry and step.
    pub send_id: String,
    /// The journey.
    pub journey: String,
    /// The event that began it.
    pub entered: Stamp,
    /// The step.
    pub step: String,
    /// The journey's class.
    pub class: Class,
    /// The message.
    pub message: String,
    /// When it became due.
    pub at: Millis,
    /// From when on it must not be sent; [`Millis::MAX`] for never.
    pub expires: Millis,
    /// What to send, or why nothing is.
    pub outcome: Result<Letter, Withheld>,
}

/// What to send by which channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// The channel.
    pub channel: String,
    /// The content.
    pub content: Content<'static>,
}

impl Letter {
    /// The letter as a JSON value: `channel`, and `html`, `text` or `json`, with the `subject` of an e-mail.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut out = Object::new();
        out.insert("channel", self.channel.as_str());
        self.content.insert_into(&mut out);
        Value::Object(out)
    }
}

/// Moves the subject's journeys on to `now`.
///
/// Pure and idempotent: advancing twice at the same time changes nothing and repeats no action. Ends come before steps, so
/// nothing is sent once an exit event is known.
#[must_use]
pub fn advance(plan: &Plan, profile: &Profile, now: Millis) -> Advance {
    let mut out = Advance { profile: profile.clone(), actions: Vec::new(), wake_at: None };
    for (_, journey) in plan.rows(plan.all::<Journey>()) {
        Run { plan, now, id: plan.text(journey.id), journey, out: &mut out }.advance();
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

/// Whether a message may still be sent, asked right before it is: much may have happened since it became due.
///
/// # Errors
/// Says why it must not be sent any more.
pub fn authorize(plan: &Plan, profile: &Profile, waiting: &Waiting<'_>, now: Millis) -> Result<(), Withheld> {
    if now >= waiting.expires {
        return Err(Withheld::Expired);
    }
    let journey = plan.rows(plan.all::<Journey>()).find(|(_, row)| plan.text(row.id) == waiting.journey);
    let message = plan.rows(plan.all::<Message>()).find(|(_, row)| plan.text(row.id) == waiting.message);
    let channel = plan.rows(plan.all::<Channel>()).find(|(_, row)| plan.text(row.id) == waiting.channel);
    let (Some((_, journey)), Some((message, _)), Some((channel, _))) = (journey, message, channel) else {
        return Err(Withheld::Ended);
    };
    let ended =
        goal(plan, profile, &journey, waiting.entered).or_else(|| exit(plan, profile, &journey, waiting.entered));
    if ended.is_some() {
        return Err(Withheld::Ended);
    }
    compose(plan, profile, now, Draft { class: journey.class, message, channels: [channel].into_iter() }).map(|_| ())
}

/// One journey of one subject.
struct Run<'a> {
    plan: &'a Plan,
    now: Millis,
    id: &'a str,
    journey: Journey,
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
        let (plan, profile, entered) = (self.plan, &self.out.profile, instance.entered);
        let is_active = instance.status == InstanceStatus::Active;
        if let Some(reached) = goal(plan, profile, &self.journey, entered) {
            let since = if is_active { reached.at() } else { instance.since };
            return Instance { status: InstanceStatus::Converted, since, ..instance };
        }
        match exit(plan, profile, &self.journey, entered) {
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
        let stamps = stamps(self.plan, &self.out.profile, self.journey.enter);
        let entered = stamps.into_iter().flatten().copied().find(|stamp| is_fresh(stamp) && is_new(stamp))?;
        let request = Request::default();
        let mut eval = Evaluator::new(self.plan, &self.out.profile, &request, self.now);
        self.journey.when.is_none_or(|when| eval.holds(when)).then_some(entered)
    }

    fn begin(&self, entered: Stamp) -> Instance {
        let first = self.plan.rows(self.journey.steps).next();
        let step = first.map_or("", |(_, step)| self.plan.text(step.id)).to_owned();
        Instance { entered, step, since: entered.at(), status: InstanceStatus::Active }
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
                done = self.send(&current, &now_at);
            } else {
                let due = self.due(&current, now_at.since);
                if due > self.now {
                    self.out.wake_at = Some(self.out.wake_at.map_or(due, |other| other.min(due)));
                    return now_at;
                }
                now_at.since = due;
            }
            step = steps.next();
        }
        Instance { status: done, ..now_at }
    }

    /// When a wait is over: counted from the step's beginning, or from a later event that it waits after.
    fn due(&self, step: &Step, since: Millis) -> Millis {
        let after = step.after.and_then(|counter| stamps(self.plan, &self.out.profile, counter)?.last());
        after.map_or(since, |stamp| stamp.at().max(since)).plus(step.wait)
    }

    /// Adds the action of a step that sends; says how the journey ends if this was its last message.
    fn send(&mut self, step: &Step, instance: &Instance) -> InstanceStatus {
        let Some(message) = step.message else { return InstanceStatus::Completed };
        let expires = instance.since.plus(step.ttl);
        let outcome = if self.now >= expires {
            Err(Withheld::Expired)
        } else {
            let draft = Draft { class: self.journey.class, message, channels: self.plan.list(step.channels) };
            compose(self.plan, &self.out.profile, self.now, draft)
        };
        let outcome = outcome.map(|(channel, content)| Letter { channel: self.channel(channel), content });
        let status = if outcome.is_ok() { InstanceStatus::Completed } else { InstanceStatus::Suppressed };
        self.out.actions.push(Action {
            send_id: send_id(&self.out.profile.subject, self.id, instance.entered, &instance.step),
            journey: self.id.to_owned(),
            entered: instance.entered,
            step: instance.step.clone(),
            class: Class::from_number(self.journey.class).unwrap_or(Class::Promo),
            message: self.plan.get(message).map_or("", |row| self.plan.text(row.id)).to_owned(),
            at: instance.since,
            expires,
            outcome,
        });
        status
    }

    fn channel(&self, id: Id<Channel>) -> String {
        self.plan.get(id).map_or("", |row| self.plan.text(row.id)).to_owned()
    }
}

/// The first time of the goal within its time after the entry.
fn goal(plan: &Plan, profile: &Profile, journey: &Journey, entered: Stamp) -> Option<Stamp> {
    let until = entered.at().plus(journey.goal_within);
    first_after(plan, profile, journey.goal?, entered).filter(|stamp| stamp.at() <= until)
}

/// The first exit event after the entry.
fn exit(plan: &Plan, profile: &Profile, journey: &Journey, entered: Stamp) -> Option<Stamp> {
    plan.list(journey.exits).filter_map(|counter| first_after(plan, profile, counter, entered)).min()
}

fn first_after(plan: &Plan, profile: &Profile, counter: Id<Counter>, entered: Stamp) -> Option<Stamp> {
    stamps(plan, profile, counter)?.after(&entered).next().copied()
}

fn stamps<'a>(plan: &Plan, profile: &'a Profile, counter: Id<Counter>) -> Option<&'a Set<Stamp>> {
    profile.counters.get(plan.text(plan.get(counter)?.key))
}

/// `s-` and 128 bits that name one step of one entry of one subject.
fn send_id(subject: &str, journey: &str, entered: Stamp, step: &str) -> String {
    let parts = [subject, journey, &entered.0.0.to_string(), &entered.1.to_string(), step];
    let hash = parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part).chain_update(b"\0"));
    let digits: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("s-{digits}")
}
