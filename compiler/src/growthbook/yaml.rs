//! Writes rules as YAML: the outer levels as blocks, what is deeper on one line, as JSON.

use throughline::canonical::write_number;
use throughline::{Object, Value};

/// How many levels are blocks: section, item, and what an item has.
const BLOCKS: usize = 3;

/// The YAML text of rules.
pub(super) fn write(rules: &Value) -> String {
    let mut out = String::new();
    if let Value::Object(sections) = rules {
        members(sections, 0, &mut out);
    }
    out
}

fn members(object: &Object, level: usize, out: &mut String) {
    for (name, value) in object.iter() {
        indent(level, out);
        key(name, out);
        out.push(':');
        block(value, level.saturating_add(1), out);
    }
}

/// What follows a key or a dash.
fn block(value: &Value, level: usize, out: &mut String) {
    match value {
        Value::Object(object) if level < BLOCKS && !object.is_empty() => {
            out.push('\n');
            members(object, level, out);
        }
        Value::Array(items) if level == BLOCKS && items.iter().any(|item| matches!(item, Value::Object(_))) => {
            out.push('\n');
            items.iter().for_each(|item| list_item(item, level, out));
        }
        other => {
            out.push(' ');
            flow(other, out);
            out.push('\n');
        }
    }
}

/// An item of a list: a map as a block, so that each rule's members stand below each other.
fn list_item(item: &Value, level: usize, out: &mut String) {
    indent(level, out);
    out.push_str("- ");
    match item {
        Value::Object(object) if !object.is_empty() => {
            for (index, (name, value)) in object.iter().enumerate() {
                if index > 0 {
                    indent(level.saturating_add(1), out);
                }
                key(name, out);
                out.push_str(": ");
                flow(value, out);
                out.push('\n');
            }
        }
        other => {
            flow(other, out);
            out.push('\n');
        }
    }
}

fn indent(level: usize, out: &mut String) {
    out.push_str(&"  ".repeat(level));
}

/// A key or a text: as it is, if nobody can take it for something else.
fn key(name: &str, out: &mut String) {
    let is_word = ["null", "true", "false"].into_iter().any(|word| name.eq_ignore_ascii_case(word));
    let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '$')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '$'));
    if is_plain && !is_word { out.push_str(name) } else { text(name, out) }
}

fn flow(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => write_number(*number, out),
        Value::String(value) => key(value, out),
        Value::Array(items) => separated(('[', ']'), items.iter(), out, flow),
        Value::Object(object) => separated(('{', '}'), object.iter(), out, |(name, value), out| {
            key(name, out);
            out.push_str(": ");
            flow(value, out);
        }),
    }
}

/// Items between brackets; a map has spaces inside.
fn separated<T>(
    (open, close): (char, char),
    items: impl Iterator<Item = T>,
    out: &mut String,
    write: impl Fn(T, &mut String),
) {
    let before = out.len();
    out.push(open);
    for (index, item) in items.enumerate() {
        out.push_str(if index > 0 {
            ", "
        } else if open == '{' {
            " "
        } else {
            ""
        });
        write(item, out);
    }
    if open == '{' && out.len() > before.saturating_add(1) {
        out.push(' ');
    }
    out.push(close);
}

/// A text in double quotes; what YAML takes for the end of a line, or does not allow, as an escape.
fn text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
