//! The next action: possible steps, their times and their order.

use serde_json::{Value, json};

use super::policy::Place;
use super::{DAY, Model, asked, duration, list, members, names};

/// The maximum number of contacts and responses that count.
const REMEMBERED: usize = 32;

impl Model<'_> {
    /// Returns the action with its alternatives, and the assignment in the campaign's experiment.
    pub fn next_action(&self) -> Option<(Value, Option<Value>)> {
        let allowed =
            members(&self.rules["campaigns"]).filter(|(id, row)| self.may_speak(id, row) && self.offer_fits(row));
        let possible = allowed.filter_map(|(id, row)| {
            let steps = self.steps(id, row);
            (!steps.is_empty()).then(|| ((self.rank(id, row), id.clone()), row, steps))
        });
        let ((_, id), campaign, steps) = possible.min_by(|(a, ..), (b, ..)| a.cmp(b))?;
        let assignment = self.assignment(campaign)?;
        let mut actions = steps.into_iter().map(|(step, at)| self.action(step, at, &assignment));
        let mut first = actions.next()?;
        let others: Vec<Value> = actions.collect();
        first["campaign"] = json!(id);
        self.add_score(campaign, &mut first);
        if !others.is_empty() {
            first["alternatives"] = json!(others);
        }
        Some((first, Some(assignment).filter(|assignment| !assignment.is_null())))
    }

    fn action(&self, step: &Value, at: i64, assignment: &Value) -> Value {
        let (message, channel) = (step["message"].as_str().unwrap(), step["channel"].as_str().unwrap());
        let mut action = json!({ "channel": channel, "message": message, "at": at });
        if let Some(until) = step["until"].as_str() {
            action["until"] = json!(self.now + duration(until));
        }
        if let Some(rendition) = self.rendition(message, channel, assignment["variation"].as_str()) {
            self.render(rendition, &mut action);
        }
        action
    }

    /// Returns the possible steps with their times, the best first if the campaign asks for it.
    fn steps<'v>(&self, id: &str, campaign: &'v Value) -> Vec<(&'v Value, i64)> {
        let mut steps: Vec<(&Value, i64)> =
            list(&campaign["next"]).filter_map(|step| Some((step, self.possible_at(id, campaign, step)?))).collect();
        if campaign["choose"] == "best" {
            let half_life = campaign["halfLife"].as_str().map(duration);
            steps.sort_by_key(|(step, at)| {
                let (rate, last) = self.responsiveness(step["channel"].as_str().unwrap());
                let decay = half_life.map_or(1.0, |half_life| (-((at - self.now) as f64) / half_life as f64).exp2());
                (-(rate * decay * 1e6).round() as i64, last.map_or(1, |last| -last))
            });
        }
        steps
    }

    /// Returns when the step can be taken; `None` if it cannot.
    fn possible_at(&self, id: &str, campaign: &Value, step: &Value) -> Option<i64> {
        let (name, message) = (step["channel"].as_str().unwrap(), step["message"].as_str().unwrap());
        let channel = &self.rules["channels"][name];
        let class = campaign["class"].as_str().unwrap();
        let wanted = campaign.get("roles").unwrap_or(&self.rules["policies"]["roles"][class]);
        let suits = channel["roles"].is_null()
            || wanted.is_null()
            || list(&channel["roles"]).any(|role| names(wanted, role.as_str().unwrap()));
        let possible = suits
            && !self.was_told(message, "message")
            && self.reaches(name, &campaign["topic"])
            && self.has_room_for(asked(id, campaign), Some(Place { slot: "", message, channel: name }));
        let after = step["after"].as_str().map_or(0, duration);
        let at = self.allowed_at(class, name, self.now + after)?;
        let in_time = step["until"].as_str().is_none_or(|until| at < self.now + duration(until));
        (possible && in_time).then_some(at)
    }

    /// Returns whether the channel is allowed, for this topic too, and reaches the subject.
    pub fn reaches(&self, channel: &str, topic: &Value) -> bool {
        let channel = &self.rules["channels"][channel];
        let refused = |purpose: &str| {
            let refused = |topic: &str| self.stated(&format!("{purpose}.{topic}")).as_deref() == Some("denied");
            topic.as_str().is_some_and(refused)
        };
        let is_allowed =
            channel["consent"].as_str().is_none_or(|purpose| self.consent(purpose) == "granted" && !refused(purpose));
        let reached = |name: &Value| self.attribute(name.as_str().unwrap()) == true;
        is_allowed && channel.get("reach").is_none_or(reached)
    }

    /// Returns the first time from another on that is not quiet, which is a full minute; `None` if it is
    /// always quiet.
    pub fn allowed_at(&self, class: &str, channel: &str, from: i64) -> Option<i64> {
        let of_day = |text: &Value| {
            let (hour, minute) = text.as_str().unwrap().split_once(':').unwrap();
            (hour.parse::<i64>().unwrap() * 60 + minute.parse::<i64>().unwrap()) * 60_000
        };
        let is_quiet = |at: i64| {
            let time = self.local(at).rem_euclid(DAY);
            list(&self.rules["policies"]["quiet"]).any(|quiet| {
                let (start, end) = (of_day(&quiet["from"]), of_day(&quiet["until"]));
                let holds = if start < end { start <= time && time < end } else { time >= start || time < end };
                let concerns =
                    if quiet["class"].is_null() { class != "transactional" } else { names(&quiet["class"], class) };
                holds && concerns && (quiet["channel"].is_null() || names(&quiet["channel"], channel))
            })
        };
        let minutes = (1..=2 * 24 * 60).map(|minute| (from / 60_000 + minute) * 60_000);
        std::iter::once(from).chain(minutes).find(|at| !is_quiet(*at))
    }

    /// Returns the share of contacts in the channel that the person responded to, and when last.
    fn responsiveness(&self, channel: &str) -> (f64, Option<i64>) {
        let responds = &self.rules["channels"][channel]["responds"];
        if responds.is_null() {
            return (0.5, None);
        }
        let after = responds["within"].as_str().map_or(i64::MIN, |within| self.now - duration(within));
        let mut contacts: Vec<i64> = self.seen(&format!("all@{channel}")).filter(|at| *at > after).collect();
        let mut responses: Vec<i64> = self.times(&responds["event"], responds).filter(|at| *at > after).collect();
        for times in [&mut contacts, &mut responses] {
            times.sort_unstable();
            times.drain(..times.len().saturating_sub(REMEMBERED));
        }
        let last = responses.last().copied();
        if contacts.is_empty() || (contacts.len() as u64) < responds["least"].as_u64().unwrap_or(5) {
            return (responds["default"].as_f64().unwrap_or(0.5), last);
        }
        let responded = responses.iter().filter(|at| **at >= contacts[0]).count().min(contacts.len());
        (responded as f64 / contacts.len() as f64, last)
    }
}
