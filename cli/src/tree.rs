//! Formats an explanation as a tree for people.

use anstyle::{AnsiColor, Style};
use std::fmt::Write;

use throughline::canonical;
use throughline::{Explanation, Millis, NextAction, Object, Value};

const GOOD: Style = Style::new().bold().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green)));
const BAD: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red)));
const FAINT: Style = Style::new().dimmed();

/// Formats an explanation, one line for each slot, candidate, tested condition and step.
pub fn draw(explanation: &Explanation<'_>) -> String {
    let (decision, trace) = (&explanation.decision, &explanation.trace);
    let mut out = String::new();
    line(&mut out, 0, format_args!("decision {} for `{}` by plan {}", decision.id(), decision.subject, decision.plan));
    for part in items(trace.at(["partial"])) {
        line(&mut out, 1, format_args!("truncated in the token: {}", part.as_str().unwrap_or_default()));
    }
    for (slot, reason) in &decision.reasons {
        let score = decision.slots.get(slot).and_then(|fill| fill.score);
        line(&mut out, 1, format_args!("{slot}: {}{}", reason.code(), scored(score)));
        items(trace.at(["slots", slot])).iter().for_each(|candidate| draw_candidate(&mut out, candidate));
    }
    match &decision.next_action {
        Some(next) => draw_next(&mut out, next),
        None => line(&mut out, 1, format_args!("next action: none")),
    }
    items(trace.at(["nextAction"])).iter().for_each(|candidate| draw_candidate(&mut out, candidate));
    let experiments = trace.at(["experiments"]).as_object().into_iter().flat_map(Object::iter);
    for (key, state) in experiments {
        line(
            &mut out,
            1,
            format_args!("experiment {key}: {}", state.at(["variation"]).as_str().unwrap_or("not in the experiment")),
        );
        draw_detail(&mut out, 2, state);
    }
    for missing in items(trace.at(["missing"])) {
        let text = |name| missing.at([name]).as_str().unwrap_or_default();
        line(&mut out, 1, format_args!("message {}: `{}` is missing", text("message"), text("attribute")));
    }
    out
}

fn draw_next(out: &mut String, next: &NextAction) {
    let score = scored(next.score);
    line(out, 1, format_args!("next action: {} ({}){score}", way(next), next.campaign));
    for alternative in &next.alternatives {
        line(out, 2, format_args!("alternative: {}", way(alternative)));
    }
}

fn way(next: &NextAction) -> String {
    let until = next.until.map(|until| format!(", until {}", time(until))).unwrap_or_default();
    format!("{} by {} at {}{until}", next.message, next.channel, time(next.at))
}

fn scored(score: Option<f64>) -> String {
    score.map(|score| format!(", score {score}")).unwrap_or_default()
}

fn time(at: Millis) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| at.0.to_string(), |time| time.to_string())
}

fn draw_candidate(out: &mut String, candidate: &Value) {
    let campaign = candidate.at(["campaign"]).as_str().unwrap_or_default();
    let priority = canonical::to_string(candidate.at(["priority"]));
    let outcome = candidate.at(["outcome"]).as_str().unwrap_or_default();
    line(out, 2, format_args!("{} {campaign} {FAINT}priority {priority}{FAINT:#}", styled(outcome)));
    draw_detail(out, 3, candidate.at(["detail"]));
    draw_steps(out, 3, candidate);
}

/// Writes the outcome of each step of a next action.
pub fn draw_steps(out: &mut String, depth: usize, candidate: &Value) {
    for step in items(candidate.at(["steps"])) {
        let text = |name| step.at([name]).as_str().unwrap_or_default();
        line(out, depth, format_args!("{} {} by {}", styled(text("outcome")), text("message"), text("channel")));
        let keys = ["channel", "message", "outcome", "detail"];
        draw_members(out, depth.saturating_add(1), step, &keys);
        draw_detail(out, depth.saturating_add(1), step.at(["detail"]));
    }
}

/// Writes the detail that decided: a condition as a tree, other values as members. A condition in a member
/// follows below.
pub fn draw_detail(out: &mut String, depth: usize, detail: &Value) {
    if detail.at(["op"]) != &Value::Null {
        return draw_condition(out, depth, detail);
    }
    draw_members(out, depth, detail, &["when"]);
    if detail.at(["when"]) != &Value::Null {
        draw_condition(out, depth, detail.at(["when"]));
    }
}

/// Writes the members of an object on one line, except for some.
fn draw_members(out: &mut String, depth: usize, object: &Value, without: &[&str]) {
    let members = object.as_object().into_iter().flat_map(Object::iter).filter(|(name, _)| !without.contains(name));
    let members: Vec<String> = members.map(|(name, value)| format!("{name} {}", written(name, value))).collect();
    if !members.is_empty() {
        line(out, depth, format_args!("{FAINT}{}{FAINT:#}", members.join(", ")));
    }
}

/// Formats a value; a time is formatted as such.
fn written(name: &str, value: &Value) -> String {
    match value {
        Value::Number(number) if ["at", "from", "room", "since", "until"].contains(&name) => {
            time(Millis(*number as i64))
        }
        value => canonical::to_string(value),
    }
}

/// Returns an outcome in its colour.
pub fn styled(outcome: &str) -> String {
    let style = if ["won", "possible"].contains(&outcome) { GOOD } else { BAD };
    format!("{style}{outcome}{style:#}")
}

fn items(list: &Value) -> &[Value] {
    match list {
        Value::Array(items) => items,
        _ => &[],
    }
}

/// Writes a node of a condition: `✗ $gte 3` and the value that was found, then the nodes below it.
fn draw_condition(out: &mut String, depth: usize, node: &Value) {
    let (mark, style) = if *node.at(["holds"]) == Value::Bool(true) { ("✓", GOOD) } else { ("✗", BAD) };
    let mut text = String::new();
    let members = node.as_object().into_iter().flat_map(Object::iter);
    for (name, value) in members.filter(|(name, _)| !["op", "holds", "of"].contains(name)) {
        let _ = write!(text, " {FAINT}{name}{FAINT:#} {}", canonical::to_string(value));
    }
    line(out, depth, format_args!("{style}{mark}{style:#} {}{text}", node.at(["op"]).as_str().unwrap_or_default()));
    for child in items(node.at(["of"])) {
        draw_condition(out, depth.saturating_add(1), child);
    }
}

/// Writes a line of the tree.
pub fn line(out: &mut String, depth: usize, text: std::fmt::Arguments<'_>) {
    let _ = writeln!(out, "{}{text}", "  ".repeat(depth));
}
