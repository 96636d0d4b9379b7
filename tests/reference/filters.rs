//! Filters of templates, except for those that depend on the locale.

use serde_json::{Value, json};

use super::content::harmless;
use super::formats::rounded;
use super::liquid_value::{as_json, is_blank, member, number, order, same, written};

/// Applies a filter to a value.
pub fn apply(name: &str, input: Value, args: &[Value]) -> Value {
    let arg = |at: usize| args.get(at).cloned().unwrap_or_default();
    let text = || written(&input);
    let list = || items(input.clone());
    let (a, b) = (number(&input), number(&arg(0)));
    let field =
        |item: &Value| if arg(0).is_null() { item.clone() } else { member(item, arg(0).as_str().unwrap_or("")) };
    match name {
        "default" if input == false && arg(1) == true => input,
        "default" if matches!(input, Value::Null | Value::Bool(false)) || is_blank(&input, false) => arg(0),
        "default" => input,
        "escape" | "escape_once" => input,
        "upcase" => json!(text().chars().map(capital).collect::<String>()),
        "downcase" => json!(text().to_lowercase()),
        "capitalize" => {
            let text = text();
            let first: String = text.chars().take(1).map(capital).collect();
            json!(first + &text.chars().skip(1).collect::<String>().to_lowercase())
        }
        "strip" => json!(text().trim()),
        "lstrip" => json!(text().trim_start()),
        "rstrip" => json!(text().trim_end()),
        "append" => json!(text() + &written(&arg(0))),
        "prepend" => json!(written(&arg(0)) + &text()),
        "replace" => json!(text().replace(&written(&arg(0)), &written(&arg(1)))),
        "remove" => json!(text().replace(&written(&arg(0)), "")),
        "replace_first" | "remove_first" => json!(text().replacen(&written(&arg(0)), &written(&arg(1)), 1)),
        "truncate" if text().chars().count() as f64 <= b => json!(text()),
        "truncate" => {
            let end = if args.len() > 1 { written(&arg(1)) } else { "...".to_owned() };
            json!(text().chars().take((b as usize).saturating_sub(end.chars().count())).collect::<String>() + &end)
        }
        "truncatewords" => {
            let text = text();
            let words: Vec<&str> = text.split_whitespace().collect();
            match words.get(..b as usize) {
                Some(first) if first.len() < words.len() => json!(first.join(" ") + "..."),
                _ => json!(text),
            }
        }
        "url_encode" => json!(text().split(' ').map(|word| harmless(word, true)).collect::<Vec<_>>().join("+")),
        "split" => {
            let (text, separator) = (text(), written(&arg(0)));
            let mut pieces: Vec<String> = match &separator[..] {
                "" => text.chars().map(String::from).collect(),
                " " => text.split_whitespace().map(str::to_owned).collect(),
                separator => text.split(separator).map(str::to_owned).collect(),
            };
            while pieces.last().is_some_and(String::is_empty) {
                pieces.pop();
            }
            json!(pieces)
        }
        "join" => {
            let between = args.first().map_or(" ".to_owned(), written);
            json!(list().iter().map(written).collect::<Vec<_>>().join(&between))
        }
        "first" | "last" => member(&input, name),
        "size" => match member(&input, name) {
            Value::Null => json!(0),
            size => size,
        },
        "slice" => {
            let count = args.get(1).map_or(1.0, number);
            match &input {
                Value::Array(items) => json!(slice(items, b, count)),
                _ => json!(slice(&text().chars().collect::<Vec<_>>(), b, count).iter().collect::<String>()),
            }
        }
        "concat" => list().into_iter().chain(items(arg(0))).collect(),
        "sum" => result(list().iter().map(|item| number(&field(item))).sum()),
        "compact" => list().into_iter().filter(|item| !field(item).is_null()).collect(),
        "reverse" => list().into_iter().rev().collect(),
        "uniq" => list().into_iter().fold(json!([]), |mut kept, item| {
            let known = kept.as_array().unwrap().iter().any(|other| same(&field(other), &field(&item)));
            kept.as_array_mut().unwrap().extend((!known).then_some(item));
            kept
        }),
        "sort" => {
            let mut items = list();
            items.sort_by(|a, b| order(&field(a), &field(b)));
            json!(items)
        }
        "sort_natural" => {
            let mut items = list();
            items.sort_by(|a, b| match (&field(a), &field(b)) {
                (Value::String(a), Value::String(b)) => a.to_lowercase().cmp(&b.to_lowercase()),
                (a, b) => order(a, b),
            });
            json!(items)
        }
        "map" => list().iter().map(field).collect(),
        "where" => list()
            .into_iter()
            .filter(|item| match args.get(1) {
                Some(wanted) => same(&field(item), wanted),
                None => !matches!(field(item), Value::Null | Value::Bool(false)),
            })
            .collect(),
        "plus" => result(a + b),
        "minus" => result(a - b),
        "times" => result(a * b),
        "divided_by" if a.fract() == 0.0 && b.fract() == 0.0 && !arg(0).is_f64() => result((a / b).floor()),
        "divided_by" => result(a / b),
        "modulo" => result(a - b * (a / b).floor()),
        "round" => finite(round(a, b as usize)),
        "floor" => finite(a.floor()),
        "ceil" => finite(a.ceil()),
        "abs" => finite(a.abs()),
        "at_least" => finite(a.max(b)),
        "at_most" => finite(a.min(b)),
        "json" => json!(as_json(&input)),
        other => panic!("the model has no filter `{other}`"),
    }
}

/// Returns the items of a list; any other value is one item, and nil is none.
fn items(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        Value::Null => Vec::new(),
        other => vec![other],
    }
}

/// Returns a number of items from an index, which counts from the end if it is negative; none if it is out of
/// range.
fn slice<T>(whole: &[T], from: f64, count: f64) -> &[T] {
    let from = if from < 0.0 { from + whole.len() as f64 } else { from };
    if from < 0.0 || from > whole.len() as f64 {
        return &[];
    }
    let rest = &whole[from as usize..];
    &rest[..rest.len().min(count as usize)]
}

/// Rounds to a number of fraction digits, by the digits that JavaScript prints.
fn round(number: f64, digits: usize) -> f64 {
    rounded(number, digits).map_or(number, |(units, _)| {
        let size: f64 = format!("{units}e-{digits}").parse().unwrap();
        if number < 0.0 { -size } else { size }
    })
}

/// Returns the result of a calculation: rounded to fifteen digits, but never fewer than an integer has.
fn result(number: f64) -> Value {
    let is_plain = number == 0.0 || (1e-6..1e21).contains(&number.abs());
    let tidy = match number.abs() {
        _ if !is_plain => number,
        1e15.. => number.round(),
        _ => format!("{number:.14e}").parse().unwrap(),
    };
    finite(tidy)
}

fn finite(number: f64) -> Value {
    if number.is_finite() { json!(number + 0.0) } else { Value::Null }
}

/// Returns the capital of a character, unless it is several characters.
fn capital(letter: char) -> String {
    if ('ﬀ'..='ﬗ').contains(&letter) { letter.to_string() } else { letter.to_uppercase().to_string() }
}
