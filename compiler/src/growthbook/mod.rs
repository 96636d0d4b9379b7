//! Import of GrowthBook payloads.
//!
//! [`import`] writes rules that give GrowthBook's results. Everything that rules cannot express is reported
//! with its path in the payload, a severity, and a way out; nothing is omitted silently.

mod decrypt;
mod payload;
mod yaml;

pub use decrypt::decrypt;

use std::collections::BTreeSet;

use throughline::{Object, Value};

use crate::source::diagnostic::{Diagnostic, Severity};
use crate::{Options, Source, compile};
use payload::Payload;

/// The options of an import.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImportOptions<'a> {
    /// The key of encrypted parts, in base64.
    pub key: Option<&'a str>,
    /// Whether browsers may evaluate what is imported.
    pub public: bool,
}

/// The result of an import.
#[derive(Clone, Debug)]
pub struct Import {
    /// Rules in YAML, which compile without errors.
    pub rules: String,
    /// The differences from the payload, and what else is worth knowing.
    pub findings: Vec<Finding>,
}

/// A finding about a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The path in the payload, such as `features.checkout.rules[0].condition`.
    pub path: String,
    /// The severity: an error means that something is omitted.
    pub severity: Severity,
    /// The code of the kind of finding.
    pub code: &'static str,
    /// The finding.
    pub message: String,
    /// The suggestion to fix it.
    pub way_out: Option<String>,
}

/// Converts a payload to rules that give its results.
///
/// # Errors
/// Returns the reason why the string is not a payload, or cannot be decrypted.
pub fn import(payload: &str, options: ImportOptions<'_>) -> Result<Import, Finding> {
    let payload = throughline::internals::json::parse(payload)
        .map_err(|error| fatal("", "syntax", format!("the payload is not valid JSON: {error}")))?;
    let mut findings = Vec::new();
    let mut rules = Payload::read(payload, options, &mut findings)?.into_rules(options, &mut findings);
    // Omits and reports what does not compile, and then tries the rest again, which may have needed it.
    let mut left_out = BTreeSet::new();
    loop {
        let text = yaml::write(&rules.to_value());
        let sources = [Source::new("growthbook.yaml", text.as_str())];
        let outcome = compile(&sources, Options::default());
        let mut more = false;
        for diagnostic in &outcome.diagnostics {
            let finding = rules.finding(diagnostic);
            if diagnostic.severity == Severity::Error {
                let Some(item) = rules.remove(&diagnostic.path) else { return Err(finding) };
                more |= left_out.insert(item);
            }
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
        if !more {
            return Ok(Import { rules: text, findings });
        }
    }
}

fn fatal(path: &str, code: &'static str, message: String) -> Finding {
    Finding { path: path.to_owned(), severity: Severity::Error, code, message, way_out: None }
}

/// The imported rules: sections with their items.
struct ImportedRules {
    sections: Vec<(&'static str, Object)>,
    /// The path in the payload of each item whose path in the rules differs.
    origins: Vec<(String, String)>,
}

impl ImportedRules {
    fn to_value(&self) -> Value {
        let sections = self.sections.iter().filter(|(_, items)| !items.is_empty());
        Value::Object(sections.map(|(name, items)| (*name, Value::Object(items.clone()))).collect())
    }

    /// Returns the item that a path leads into, and the rest of the path.
    fn item<'p>(&self, path: &'p str) -> Option<(&'static str, String, &'p str)> {
        self.sections.iter().find_map(|(section, items)| {
            let rest = path.strip_prefix(section)?.strip_prefix('.')?;
            let names = items.iter().map(|(name, _)| name).filter(|name| {
                let after = rest.strip_prefix(name);
                after.is_some_and(|after| after.is_empty() || after.starts_with(['.', '[']))
            });
            let name = names.max_by_key(|name| name.len())?;
            Some((*section, name.to_owned(), rest.get(name.len()..)?))
        })
    }

    /// Removes the item that a path leads into, and returns its path.
    fn remove(&mut self, path: &str) -> Option<String> {
        let (section, name, _) = self.item(path)?;
        let (_, items) = self.sections.iter_mut().find(|(known, _)| *known == section)?;
        *items = items.iter().filter(|(known, _)| *known != name).map(|(name, item)| (name, item.clone())).collect();
        Some(format!("{section}.{name}"))
    }

    /// Converts a diagnostic of the compiler to a finding about the payload.
    fn finding(&self, diagnostic: &Diagnostic) -> Finding {
        let is_error = diagnostic.severity == Severity::Error;
        let mut path = diagnostic.path.clone();
        let mut way_out = diagnostic.expected.clone();
        if let Some((section, name, rest)) = self.item(&diagnostic.path) {
            let item = format!("{section}.{name}");
            let origin = self.origins.iter().find(|(known, _)| *known == item);
            path = origin.map_or_else(|| diagnostic.path.clone(), |(_, origin)| format!("{origin}{rest}"));
            if is_error {
                let out = format!("`{name}` is not imported until this is fixed");
                way_out = Some(way_out.map_or_else(|| out.clone(), |way_out| format!("{way_out}; {out}")));
            }
        }
        let Diagnostic { severity, code, message, .. } = diagnostic.clone();
        Finding { path, severity, code, message, way_out }
    }
}

impl core::fmt::Display for Finding {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let severity = if self.severity == Severity::Error { "error" } else { "warning" };
        let path = if self.path.is_empty() { "payload" } else { self.path.as_str() };
        write!(f, "{severity}[{}]: {path}: {}", self.code, self.message)?;
        match &self.way_out {
            Some(way_out) => write!(f, "\n  suggestion: {way_out}"),
            None => Ok(()),
        }
    }
}

impl core::error::Error for Finding {}
