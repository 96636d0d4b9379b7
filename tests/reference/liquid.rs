//! Liquid, parsed anew on each run: a naive interpreter that walks over the text.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::filters::apply;
use super::formats::Formats;
use super::liquid_value::{is_blank, member, number, same, written};

/// The interpreter. `attribute` knows facts, `formats` the locale's conventions, `escape` escapes a value
/// after the text so far.
pub struct Liquid<'a> {
    pub attribute: &'a dyn Fn(&str) -> Option<Value>,
    pub list: &'a dyn Fn(&str) -> Value,
    pub formats: &'a Formats<'a>,
    pub escape: &'a dyn Fn(&str, &str) -> String,
    pub variables: HashMap<String, Value>,
    pub loops: Vec<(usize, usize)>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    Text(String),
    Output(String),
    Tag(String, String),
}

/// The end of a block: its own, or that of the loop.
#[derive(Clone, Copy, PartialEq)]
enum Flow {
    On,
    Break,
    Continue,
}

/// Splits at braces, removes white space where `-` says so, and keeps comments and raw text whole.
pub fn pieces(template: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut rest = template.to_owned();
    let mut trim = false;
    while let Some(at) = rest.find("{{").into_iter().chain(rest.find("{%")).min() {
        let is_tag = rest[at..].starts_with("{%");
        let before = rest[..at].to_owned();
        let end = if is_tag { "%}" } else { "}}" };
        let inner = rest[at + 2..].split(end).next().unwrap().to_owned();
        rest = rest[at + 2 + inner.len() + 2..].to_owned();
        let before = if trim { before.trim_start().to_owned() } else { before };
        let before = if inner.starts_with('-') { before.trim_end().to_owned() } else { before };
        trim = inner.ends_with('-');
        found.push(Piece::Text(before));
        let inner = inner.trim_matches('-').trim().to_owned();
        let (name, args) = inner.split_once(' ').unwrap_or((&inner, ""));
        if is_tag && (name == "raw" || name == "comment") {
            let (content, after) = rest.split_once(&format!("{{% end{name} %}}")).unwrap();
            let content = if trim { content.trim_start() } else { content };
            found.push(Piece::Text(if name == "raw" { content.to_owned() } else { String::new() }));
            trim = false;
            rest = after.to_owned();
        } else if is_tag {
            found.push(Piece::Tag(name.to_owned(), args.trim().to_owned()));
        } else {
            found.push(Piece::Output(inner));
        }
    }
    found.push(Piece::Text(if trim { rest.trim_start().to_owned() } else { rest }));
    found
}

impl Liquid<'_> {
    pub fn render(&mut self, template: &str) -> String {
        let mut out = String::new();
        self.run(&pieces(template), &mut out);
        out
    }

    fn run(&mut self, pieces: &[Piece], out: &mut String) -> Flow {
        let mut at = 0;
        while at < pieces.len() {
            match &pieces[at] {
                Piece::Text(text) => out.push_str(text),
                Piece::Output(expression) => {
                    let text = written(&self.filtered(expression));
                    let text = (self.escape)(&text, out);
                    out.push_str(&text);
                }
                Piece::Tag(name, args) => {
                    let (branches, end) = block(pieces, at, name);
                    let flow = self.tag(name, args, &branches, out);
                    if flow != Flow::On {
                        return flow;
                    }
                    at = end;
                }
            }
            at += 1;
        }
        Flow::On
    }

    /// Runs a tag. `branches` are the tags that divide the block, each with the pieces after it; the first one is
    /// its own.
    fn tag(&mut self, name: &str, args: &str, branches: &[(Piece, &[Piece])], out: &mut String) -> Flow {
        match name {
            "break" => return Flow::Break,
            "continue" => return Flow::Continue,
            "assign" => {
                let (name, value) = args.split_once('=').unwrap();
                let value = self.filtered(value);
                self.variables.insert(name.trim().to_owned(), value);
            }
            "capture" => {
                let (mut inner, escape) = (String::new(), self.escape);
                let plain = |text: &str, _: &str| super::content::plain(text);
                let mut inside =
                    Liquid { escape: &plain, variables: self.variables.clone(), loops: self.loops.clone(), ..*self };
                let flow = inside.run(branches[0].1, &mut inner);
                self.variables = inside.variables;
                self.escape = escape;
                self.variables.insert(args.to_owned(), json!(inner));
                return flow;
            }
            "for" => return self.for_loop(args, branches, out),
            _ => {
                let subject = if name == "case" { self.value(args) } else { Value::Null };
                for (start, body) in branches {
                    let Piece::Tag(word, test) = start else { continue };
                    let holds = match word.as_str() {
                        "case" => false,
                        "else" => true,
                        "when" => {
                            test.replace(" or ", ",").split(',').any(|value| same(&self.value(value.trim()), &subject))
                        }
                        "unless" => !self.condition(test),
                        _ => self.condition(test),
                    };
                    if holds {
                        return self.run(body, out);
                    }
                }
            }
        }
        Flow::On
    }

    fn for_loop(&mut self, args: &str, branches: &[(Piece, &[Piece])], out: &mut String) -> Flow {
        let words: Vec<&str> = args.split_whitespace().collect();
        let range = words[2].strip_prefix('(').and_then(|range| range.strip_suffix(')'));
        let list = match range.and_then(|range| range.split_once("..")) {
            Some((from, to)) => {
                let (from, to) = (number(&self.value(from)) as i64, number(&self.value(to)) as i64);
                (from..=to).take(1000).map(|number| json!(number)).collect()
            }
            None => self.value(words[2]),
        };
        let mut items = list.as_array().cloned().unwrap_or_default();
        let option =
            |name: &str| args.split_once(name).and_then(|(_, rest)| rest.trim().split(' ').next().map(str::to_owned));
        let amount = |name: &str| option(name).map(|text| number(&self.value(&text)) as usize);
        items.drain(..amount("offset:").unwrap_or(0).min(items.len()));
        items.truncate(amount("limit:").unwrap_or(usize::MAX));
        if words.contains(&"reversed") {
            items.reverse();
        }
        if items.is_empty() {
            return branches.get(1).map_or(Flow::On, |(_, other)| self.run(other, out));
        }
        let before = self.variables.get(words[0]).cloned();
        let length = items.len();
        for (index, item) in items.into_iter().enumerate() {
            self.variables.insert(words[0].to_owned(), item);
            self.loops.push((index, length));
            let flow = self.run(branches[0].1, out);
            self.loops.pop();
            if flow == Flow::Break {
                break;
            }
        }
        self.variables.remove(words[0]);
        self.variables.extend(before.map(|value| (words[0].to_owned(), value)));
        Flow::On
    }

    fn filtered(&self, expression: &str) -> Value {
        let mut parts = outside_quotes(expression, '|').into_iter();
        let input = self.value(parts.next().unwrap().trim());
        parts.fold(input, |input, filter| {
            let (name, args) = filter.split_once(':').unwrap_or((&filter, ""));
            let args = outside_quotes(args, ',').into_iter().filter(|arg| !arg.trim().is_empty());
            let args = args.map(|arg| self.value(arg.trim().trim_start_matches("allow_false:").trim()));
            let (name, args) = (name.trim(), args.collect::<Vec<_>>());
            self.formats.write(name, &input, args.first()).unwrap_or_else(|| apply(name, input, &args))
        })
    }

    /// Evaluates from the right, as in Liquid: the first `and` or `or` has all that follows on its right
    /// side.
    fn condition(&self, text: &str) -> bool {
        let split = |word: &str| text.find(word).map(|at| (at, word.to_owned()));
        match split(" and ").into_iter().chain(split(" or ")).min() {
            Some((at, word)) => {
                let (left, right) = (self.comparison(&text[..at]), self.condition(&text[at + word.len()..]));
                if word == " and " { left && right } else { left || right }
            }
            None => self.comparison(text),
        }
    }

    fn comparison(&self, text: &str) -> bool {
        let operators = [" == ", " != ", " <> ", " <= ", " >= ", " < ", " > ", " contains "];
        let Some(operator) = operators.into_iter().find(|operator| text.contains(operator)) else {
            return !matches!(self.value(text.trim()), Value::Null | Value::Bool(false));
        };
        let (a, b) = text.split_once(operator).unwrap();
        let (a, b) = (a.trim(), b.trim());
        if b == "blank" || b == "empty" {
            return is_blank(&self.value(a), b == "blank") == (operator == " == ");
        }
        let (a, b) = (self.value(a), self.value(b));
        let order = match (&a, &b) {
            (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()),
            (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
            _ => None,
        };
        match operator {
            " == " => same(&a, &b),
            " != " | " <> " => !same(&a, &b),
            " < " => order.is_some_and(|order| order.is_lt()),
            " > " => order.is_some_and(|order| order.is_gt()),
            " <= " => order.is_some_and(|order| order.is_le()),
            " >= " => order.is_some_and(|order| order.is_ge()),
            _ => match &a {
                Value::Array(items) => items.iter().any(|item| same(item, &b)),
                Value::String(whole) => !b.is_null() && whole.contains(&written(&b)),
                _ => false,
            },
        }
    }

    fn value(&self, text: &str) -> Value {
        let quoted = |quote: char| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
        if let Some(text) = quoted('"').or_else(|| quoted('\'')) {
            return json!(text);
        }
        if let Ok(value) = serde_json::from_str(text) {
            return value;
        }
        if let Some(name) = text.strip_prefix("lists.") {
            return (self.list)(name);
        }
        if let Some(path) = text.strip_prefix("forloop.") {
            let up = path.matches("parentloop.").count();
            let (index, length) = self.loops[self.loops.len() - 1 - up];
            return match path.rsplit('.').next().unwrap() {
                "index" => json!(index + 1),
                "index0" => json!(index),
                "rindex" => json!(length - index),
                "rindex0" => json!(length - index - 1),
                "first" => json!(index == 0),
                "last" => json!(index + 1 == length),
                _ => json!(length),
            };
        }
        let (first, rest) = text.split_once('.').map_or((text, None), |(first, rest)| (first, Some(rest)));
        match (self.variables.get(first), rest) {
            (Some(value), rest) => rest
                .into_iter()
                .flat_map(|rest| rest.split('.'))
                .fold(value.clone(), |value, name| member(&value, name)),
            // The whole path is an attribute, or all but its last name.
            (None, _) => (self.attribute)(text)
                .or_else(|| {
                    let (path, name) = text.rsplit_once('.')?;
                    Some(member(&(self.attribute)(path)?, name))
                })
                .unwrap_or_default(),
        }
    }
}

/// Returns the branches of the block at an index, and its end; a tag without an end is its own block.
fn block<'p>(pieces: &'p [Piece], start: usize, name: &str) -> (Vec<(Piece, &'p [Piece])>, usize) {
    let mut branches = Vec::new();
    if !["if", "unless", "case", "for", "capture"].contains(&name) {
        return (branches, start);
    }
    let (mut depth, mut from) = (0, start);
    for (at, piece) in pieces.iter().enumerate().skip(start + 1) {
        let Piece::Tag(word, _) = piece else { continue };
        let is_end = word.starts_with("end");
        if depth == 0 && (is_end || ["else", "elsif", "when"].contains(&word.as_str())) {
            branches.push((pieces[from].clone(), &pieces[from + 1..at]));
            from = at;
            if is_end {
                return (branches, at);
            }
        }
        if ["if", "unless", "case", "for", "capture"].contains(&word.as_str()) {
            depth += 1;
        } else if is_end {
            depth -= 1;
        }
    }
    panic!("`{name}` does not end")
}

/// Splits at a character outside quotes.
fn outside_quotes(text: &str, letter: char) -> Vec<String> {
    let (mut parts, mut quote) = (vec![String::new()], None);
    for c in text.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '\'' || c == '"' => quote = Some(c),
            None if c == letter => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().unwrap().push(c);
    }
    parts
}
