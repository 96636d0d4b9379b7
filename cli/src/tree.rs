//! An explanation as a tree that a person reads.

use anstyle::{AnsiColor, Style};
use std::fmt::Write;

use throughline::{Explanation, Value, canonical};

const GOOD: Style = Style::new().bold().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green)));
const BAD: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red)));
const FAINT: Style = Style::new().dimmed();

/// The explanation, one line for each slot, candidate and tested condition.
pub fn draw(explanation: &Explanation<'_>) -> String {
    let decision = &explanation.decision;
    let mut out = String::new();
    line(&mut out, 0, format_args!("decision {} for `{}` by plan {}", decision.id(), decision.subject, decision.plan));
    let slots = explanation.trace.at(["slots"]);
    for (slot, reason) in &decision.reasons {
        line(&mut out, 1, format_args!("{slot}: {}", reason.code()));
        let Value::Array(candidates) = slots.at([slot]) else { continue };
        for candidate in candidates {
            draw_candidate(&mut out, candidate);
        }
    }
    match &decision.next_action {
        Some(next) => {
            line(&mut out, 1, format_args!("next action: {} by {} ({})", next.message, next.channel, next.campaign))
        }
        None => line(&mut out, 1, format_args!("next action: none")),
    }
    for arm in &decision.assignments {
        line(&mut out, 1, format_args!("experiment {}: {}", arm.experiment, arm.variation));
    }
    out
}

fn draw_candidate(out: &mut String, candidate: &Value) {
    let text = |name| candidate.at([name]).as_str().unwrap_or_default();
    let outcome = text("outcome");
    let style = if outcome == "won" { GOOD } else { BAD };
    line(out, 2, format_args!("{style}{outcome}{style:#} {}", text("campaign")));
    match candidate.at(["detail"]) {
        Value::Null => {}
        detail if detail.at(["op"]) != &Value::Null => draw_condition(out, 3, detail),
        detail => line(out, 3, format_args!("{FAINT}{}{FAINT:#}", canonical::to_string(detail))),
    }
}

/// A node of a condition: `✗ $gte 3` and what was found, then the nodes below it.
fn draw_condition(out: &mut String, depth: usize, node: &Value) {
    let (mark, style) = if *node.at(["holds"]) == Value::Bool(true) { ("✓", GOOD) } else { ("✗", BAD) };
    let mut text = String::new();
    let members = node.as_object().into_iter().flat_map(throughline::Object::iter);
    for (name, value) in members.filter(|(name, _)| !["op", "holds", "of"].contains(name)) {
        let _ = write!(text, " {FAINT}{name}{FAINT:#} {}", canonical::to_string(value));
    }
    line(out, depth, format_args!("{style}{mark}{style:#} {}{text}", node.at(["op"]).as_str().unwrap_or_default()));
    if let Value::Array(children) = node.at(["of"]) {
        for child in children {
            draw_condition(out, depth.saturating_add(1), child);
        }
    }
}

fn line(out: &mut String, depth: usize, text: std::fmt::Arguments<'_>) {
    let _ = writeln!(out, "{}{text}", "  ".repeat(depth));
}
