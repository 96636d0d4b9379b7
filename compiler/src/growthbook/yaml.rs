//! Writes rules as YAML: the outer levels as blocks, deeper values in flow style on one line.
//!
//! People read and edit the result, so its layout matters: a rule per block, its members on one line each.
//! Emitters do not choose this themselves. `serde_yaml` is unmaintained, `saphyr` writes blocks only, and
//! `serde-saphyr` selects the flow style by wrapper types: the same decisions as here, in `Serialize`
//! implementations for a `Value` that does not use serde. Only JSON's types occur, so the writer stays short.

use throughline::canonical::write_number;
use throughline::{Object, Value};

/// The number of block levels: section, item, and members of the item.
const BLOCKS: usize = 3;

/// Returns the YAML of rules.
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

/// Writes the value after a key or a dash.
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

/// Writes an item of a list: a map as a block, so that the members of a rule are below each other.
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

/// Writes a key or a string: plain if it is unambiguous, quoted otherwise.
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

/// Writes items between brackets; a map has spaces inside.
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

/// Writes a string in double quotes. Line ends and characters that YAML does not allow are escaped.
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
