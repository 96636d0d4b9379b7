//! What is wrong with rules, and where.

use crate::source::tree::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Probably not what was meant; the rules compile.
    Warning,
    /// The rules do not compile.
    Error,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// A short name for the kind of mistake, such as `unknown-operator`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What was found, in lower case, without a full stop.
    pub message: String,
    /// What was expected instead.
    pub expected: Option<String>,
    /// Where it stands.
    pub span: Span,
    /// The way to it from the top of the rules, such as `campaigns.intro.when`.
    pub path: String,
}

/// Collects what is wrong, so that every mistake is told at once.
#[derive(Debug, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Adds an error; the returned diagnostic takes what was expected.
    pub fn error(&mut self, span: Span, path: &str, code: &'static str, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Severity::Error, span, path, code, message.into())
    }

    /// Adds a warning; the returned diagnostic takes what was expected.
    pub fn warning(
        &mut self,
        span: Span,
        path: &str,
        code: &'static str,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.add(Severity::Warning, span, path, code, message.into())
    }

    /// Whether the rules cannot be compiled.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Everything found, in the order in which it was found.
    #[must_use]
    pub fn as_slice(&self) -> &[Diagnostic] {
        &self.0
    }

    /// Everything found, sorted by place.
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
    /// Says what was expected instead.
    pub fn expected(&mut self, expected: impl Into<String>) -> &mut Self {
        self.expected = Some(expected.into());
        self
    }

    /// Says which of the known names was probably meant, or all of them if they are few.
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

/// The known name that is nearest to `found`, if one is near enough to be meant.
fn closest<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    let scored = known.iter().map(|name| (strsim::jaro_winkler(found, name), *name));
    scored.filter(|(score, _)| *score > 0.8).max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, name)| name)
}
