//! Constants of conditions, read as the type of the attribute that they are compared with.

use throughline::Value;
use throughline::internals::condition::{is_version, read_boolean, read_number};
use throughline::internals::json::ValueRef;

use super::Reader;
use crate::condition::vocabulary::KnownAttribute;
use crate::source::cursor::Cursor;
use crate::source::duration::{self, DurationError};
use crate::source::time;
use crate::source::tree::Kind;

const A_DATE: &str = "a date or time such as 2026-11-01 or 2026-11-01T08:30:00+01:00; $lt, $lte, $gt and $gte also take \
                      now, now+3d and now-30d";

impl<'a> Reader<'_, 'a> {
    /// Returns whether the values of an attribute are compared as versions.
    pub(super) fn is_version(&self, attribute: Option<&KnownAttribute>) -> bool {
        self.is_strict() && attribute.is_some_and(|attribute| attribute.kind == "version")
    }

    /// The constant as the attribute's type. A string that is not a date is an error; another constant of another type is
    /// reported, and equals no value.
    pub(super) fn typed(&mut self, cursor: &Cursor<'_>, attribute: Option<&KnownAttribute>) -> Option<Value> {
        let value = cursor.node.to_value();
        let Some(kind) = attribute.filter(|_| self.is_strict()).map(|attribute| attribute.kind) else {
            return Some(value);
        };
        let is_single = matches!(cursor.node.kind, Kind::Bool(_) | Kind::Number(_) | Kind::String(_));
        match kind {
            "date" if is_single => return self.date(cursor),
            "number" | "boolean" if is_single && read_as(kind, &value).is_none() => {
                let message = format!("{} equals no value of an attribute of type `{kind}`", written(cursor));
                let warning = self.diagnostics.warning(cursor.node.span, &cursor.path, "constant-type", message);
                warning.expected(if kind == "number" { "a number" } else { "`true` or `false`" });
            }
            _ => {}
        }
        Some(self.as_type(&value, attribute))
    }

    /// A constant as the attribute's type; the constant itself if it has another one.
    pub(super) fn as_type(&self, value: &Value, attribute: Option<&KnownAttribute>) -> Value {
        let kind = attribute.filter(|_| self.is_strict()).map_or("", |attribute| attribute.kind);
        read_as(kind, value).unwrap_or_else(|| value.clone())
    }

    fn date(&mut self, cursor: &Cursor<'_>) -> Option<Value> {
        let message = match cursor.node.as_str().map(|text| time::parse(text, &self.vocabulary.zone)) {
            Some(Ok(time)) => return Some(Value::from(time)),
            Some(Err(error)) => error.to_string(),
            None => format!("found {}", cursor.node.kind_name()),
        };
        self.no_date(cursor, message);
        None
    }

    /// `now`, `now+3d` or `now-30d` in the test of a date, in milliseconds from now; none for another constant.
    #[expect(clippy::cast_precision_loss, reason = "durations in rules are far below 2^53 milliseconds")]
    pub(super) fn relative_date(
        &self,
        cursor: &Cursor<'_>,
        attribute: Option<&KnownAttribute>,
    ) -> Option<Result<f64, DurationError>> {
        let is_date = self.is_strict() && attribute.is_some_and(|attribute| attribute.kind == "date");
        let rest = cursor.node.as_str().filter(|_| is_date)?.trim().strip_prefix("now")?.trim_start();
        let (sign, length) = match (rest.strip_prefix('+'), rest.strip_prefix('-')) {
            (Some(length), _) => (1.0, length),
            (_, Some(length)) => (-1.0, length),
            _ if rest.is_empty() => return Some(Ok(0.0)),
            _ => return None,
        };
        Some(duration::parse(length).map(|length| sign * length.0 as f64))
    }

    /// Reports a constant of a date that is not a time.
    pub(super) fn no_date(&mut self, cursor: &Cursor<'_>, message: String) {
        self.error(cursor, "time", message).expected(A_DATE);
    }

    /// Reports a constant that is not a version, or that YAML reads as a number: `2.10` is 2.1.
    pub(super) fn check_version(&mut self, cursor: &Cursor<'_>, version: &str) {
        if !self.is_strict() {
            return;
        }
        let (code, message, expected) = if !is_version(version) {
            let expected = "numbers joined by dots, and possibly a pre-release, such as 1.2.3 or 2.0.0-rc.1";
            ("version", format!("`{version}` is not a version, so no version compares with it"), expected.to_owned())
        } else if matches!(cursor.node.kind, Kind::Number(_)) {
            let message = format!("this version is read as the number {version}, so a zero at its end is lost");
            ("version-number", message, format!("quotes around the version, such as \"{version}\""))
        } else {
            return;
        };
        self.diagnostics.warning(cursor.node.span, &cursor.path, code, message).expected(expected);
    }
}

/// Reads a constant as a type, as the core reads a fact; `None` if it has another type.
fn read_as(kind: &str, value: &Value) -> Option<Value> {
    let view = ValueRef::from(value);
    match (kind, value) {
        ("number", _) => read_number(view).map(Value::Number),
        ("boolean", _) => read_boolean(view).map(Value::Bool),
        ("string" | "version", Value::Number(_) | Value::Bool(_)) => Some(Value::String(view.to_text().into_owned())),
        _ => None,
    }
}

/// The constant as messages name it.
fn written(cursor: &Cursor<'_>) -> String {
    match &cursor.node.kind {
        Kind::String(text) => format!("the string `{}`", text.chars().take(40).collect::<String>()),
        _ => cursor.node.kind_name().to_owned(),
    }
}
