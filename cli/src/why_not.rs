//! Formats the answer to "why was this campaign not shown?" for people.

use throughline::canonical;
use throughline::internals::plan::tables::{Campaign, Slot};
use throughline::{Object, Plan, Value};
use throughline_compiler::source::diagnostic::closest;

use crate::failure::Failure;
use crate::tree::{draw_detail, draw_steps, line, styled};

/// Formats the answer: a line for each slot and for the next action, and below it what decided.
pub fn draw(answer: &Value) -> String {
    let campaign = answer.at(["campaign"]).as_str().unwrap_or_default();
    let mut out = String::new();
    if let Some(outcome) = answer.at(["outcome"]).as_str() {
        line(&mut out, 0, format_args!("`{campaign}`: {}", styled(outcome)));
        return out;
    }
    line(&mut out, 0, format_args!("why not `{campaign}`"));
    let slots = answer.at(["slots"]).as_object().into_iter().flat_map(Object::iter);
    for (slot, found) in slots {
        draw_place(&mut out, slot, found);
    }
    if *answer.at(["nextAction"]) != Value::Null {
        draw_place(&mut out, "next action", answer.at(["nextAction"]));
    }
    out
}

/// Fails for a campaign or a slot that the plan does not have, and suggests one.
pub fn check_names(plan: &Plan, campaign: &str, slot: Option<&str>) -> Result<(), Failure> {
    let campaigns: Vec<&str> = plan.rows(plan.all::<Campaign>()).map(|(_, row)| plan.text(row.id)).collect();
    check_name("campaign", campaign, &campaigns)?;
    let slots: Vec<&str> = plan.rows(plan.all::<Slot>()).map(|(_, row)| plan.text(row.id)).collect();
    slot.map_or(Ok(()), |slot| check_name("slot", slot, &slots))
}

fn check_name(noun: &str, found: &str, known: &[&str]) -> Result<(), Failure> {
    if known.contains(&found) {
        return Ok(());
    }
    let hint = match closest(found, known) {
        Some(name) => format!("did you mean `{name}`?"),
        None if known.is_empty() => format!("the rules define no {noun}"),
        None if known.len() <= 12 => format!("expected one of: {}", known.join(", ")),
        None => format!("the rules define {} others", known.len()),
    };
    Err(Failure::Usage(format!("unknown {noun} `{found}`: {hint}")))
}

fn draw_place(out: &mut String, cursor: &str, found: &Value) {
    line(out, 1, format_args!("{cursor}: {}", styled(found.at(["outcome"]).as_str().unwrap_or_default())));
    if let Some(because) = found.at(["because"]).as_object() {
        line(out, 2, format_args!("{}", sentence(because)));
    }
    draw_detail(out, 2, found.at(["detail"]));
    draw_steps(out, 2, found);
}

/// Formats the test that decided: `score` was found to be 12: `$gte` 50 does not hold (`of[1].of[0]`).
fn sentence(because: &Object) -> String {
    let text = |name: &str| because.get(name).map(canonical::to_string);
    let subject = ["member", "attribute", "event", "purpose", "journey", "part", "segment"].into_iter().find_map(text);
    let wanted = because.get("notA").and_then(Value::as_str);
    let found = match (text("found"), text("missing")) {
        (Some(found), _) => match wanted {
            Some(kind) => format!("is {found}, which is not {} {kind}", if kind == "object" { "an" } else { "a" }),
            None => format!("is {found}"),
        },
        (None, Some(missing)) => format!("is missing ({missing})"),
        (None, None) => "has no value".to_owned(),
    };
    let op = because.get("op").and_then(Value::as_str).unwrap_or_default();
    let operand = text("operand").map(|operand| format!(" {operand}")).unwrap_or_default();
    let holds = if because.get("holds") == Some(&Value::Bool(true)) { "holds" } else { "does not hold" };
    let path = because.get("path").and_then(Value::as_str).unwrap_or_default();
    format!("{} {found}: {op}{operand} {holds} ({path})", subject.unwrap_or_else(|| op.to_owned()))
}
