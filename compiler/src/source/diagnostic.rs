//! Diagnostics: errors and warnings, with their positions.

use crate::source::tree::Span;

/// The severity of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The rules compile, but are probably not what was meant.
    Warning,
    /// The rules do not compile.
    Error,
}

/// An error or a warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The code of the kind of error, such as `unknown-operator`.
    pub code: &'static str,
    /// The severity.
    pub severity: Severity,
    /// The finding, in lower case, without a full stop.
    pub message: String,
    /// The expectation that it does not meet.
    pub expected: Option<String>,
    /// The position.
    pub span: Span,
    /// The path from the top of the rules, such as `campaigns.intro.when`.
    pub path: String,
}

/// A list of diagnostics. Reading continues after an error, so that all of them are reported at once.
#[derive(Debug, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Adds an error. The caller can add what was expected to the returned diagnostic.
    pub fn error(&mut self, span: Span, path: &str, code: &'static str, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Severity::Error, span, path, code, message.into())
    }

    /// Adds a warning. The caller can add what was expected to the returned diagnostic.
    pub fn warning(
        &mut self,
        span: Span,
        path: &str,
        code: &'static str,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.add(Severity::Warning, span, path, code, message.into())
    }

    /// Returns whether there are errors, so that the rules cannot be compiled.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Returns the diagnostics in the order in which they were added.
    #[must_use]
    pub fn as_slice(&self) -> &[Diagnostic] {
        &self.0
    }

    /// Returns the diagnostics sorted by position.
    #[must_use]
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.0.sort_by(|a, b| (a.span, a.code, &a.path).cmp(&(b.span, b.code, &b.path)));
        self.0.dedup();
        self.0
    }

    fn add(
        &mut self,
        severity: Severity,
        span: Span,
        path: &str,
        code: &'static str,
        message: String,
    ) -> &mut Diagnostic {
        let cursor = self.0.len();
        self.0.insert(cursor, Diagnostic { code, severity, message, expected: None, span, path: path.to_owned() });
        #[expect(clippy::indexing_slicing, reason = "the line before put it there")]
        &mut self.0[cursor]
    }
}

impl Diagnostic {
    /// Adds what was expected instead.
    pub fn expected(&mut self, expected: impl Into<String>) -> &mut Self {
        self.expected = Some(expected.into());
        self
    }

    /// Adds the known name that was probably meant, or all known names if they are few.
    pub fn expected_one_of<'a>(&mut self, found: &str, known: impl IntoIterator<Item = &'a str>) -> &mut Self {
        let known: Vec<&str> = known.into_iter().collect();
        if let Some(name) = closest(found, &known) {
            return self.expected(format!("did you mean `{name}`?"));
        }
        match known.as_slice() {
            [] => self,
            few if few.len() <= 12 => self.expected(format!("one of: {}", few.join(", "))),
            _ => self,
        }
    }
}

/// Returns the known name closest to `found`, if it is close enough for a typing error.
#[must_use]
pub fn closest<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    let scored = known.iter().map(|name| (strsim::jaro_winkler(found, name), *name));
    scored.filter(|(score, _)| *score > 0.8).max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, name)| name)
}
