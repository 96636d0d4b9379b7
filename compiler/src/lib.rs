//! Rules to plans: what people write, checked and compiled to what hosts load.
//!
//! [`compile`] takes files of rules in YAML or JSON and gives the edge plan and the public plan, or everything that is
//! wrong with the rules: with its place, what was found, and what was expected.
//!
//! ```
//! use throughline_compiler::{Options, Source, compile};
//!
//! let rules = r#"
//! slots: { home.hero: { pages: ["/"] } }
//! channels: { web: {} }
//! messages: { hello: { renditions: [ { channel: web, html: "<h1>Hello</h1>" } ] } }
//! campaigns: { hello: { class: service, slots: { home.hero: hello } } }
//! "#;
//! let sources = [Source::new("rules.yaml", rules)];
//! let outcome = compile(&sources, Options::default());
//! assert!(outcome.diagnostics.is_empty(), "{}", outcome.render(&sources, false));
//!
//! let plans = outcome.plans.ok_or("the rules have mistakes")?;
//! let plan = throughline::Plan::load(&plans.edge)?;
//! let facts = throughline::Facts::default();
//! let decision = throughline::decide(&plan, &facts);
//! assert_eq!(decision.slots["home.hero"].message, "hello");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
pub mod condition;
mod emit;
pub mod growthbook;
mod lint;
pub mod regex;
mod rules;
pub mod source;
mod template;
mod zones;

pub use emit::{Disclosure, DisclosureKind};
pub use rules::lint_codes::CODES as WARNINGS;
pub use source::diagnostic::{Diagnostic, Severity};
pub use source::parse::Source;

use jiff::tz::TimeZone;
use throughline::{Millis, Value};

use crate::rules::Rules;
use crate::source::cursor::ReadContext;
use crate::source::diagnostic::Diagnostics;
use crate::source::tree::Node;

/// The options of a compilation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// The factor by which journeys run faster than written, for demos. It divides their waits and times to
    /// live.
    pub speed: f64,
}

/// The result of a compilation.
#[derive(Clone, Debug)]
pub struct CompileResult {
    /// All diagnostics, warnings included, sorted by position.
    pub diagnostics: Vec<Diagnostic>,
    /// The plans, unless the rules do not compile.
    pub plans: Option<Plans>,
    /// The data that leaves the collector, with the rules that need it elsewhere.
    pub disclosures: Vec<Disclosure>,
}

/// The bytes of the two plans of a set of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plans {
    /// The plan of the edge and the collector.
    pub edge: Vec<u8>,
    /// The plan of browsers: only what anybody may read.
    pub public: Vec<u8>,
}

/// Compiles rules.
///
/// Equal sources give equal plans. The order of the sources matters only for the order in which slots are
/// filled.
#[must_use]
pub fn compile(sources: &[Source], options: Options) -> CompileResult {
    run(sources, options, |_, _| {}, |found, _| found)
}

/// Compiles and lints rules: reports everything in [`WARNINGS`] that the rules do not allow.
///
/// A condition that no facts satisfy is an error. The plans are there nevertheless, because hosts can load them.
///
/// With `now`, campaigns whose schedule is over are reported, too.
#[must_use]
pub fn check(sources: &[Source], options: Options, now: Option<Millis>) -> CompileResult {
    let lint = |found: CompiledRules<'_, '_>, out: &mut ReadContext<'_>| lint::lint(found, now, out);
    run(sources, options, lint, |found, rules| lint::apply_settings(found, &rules.lint, now))
}

/// Compiles rules, calls `look` if there are no errors, and passes the diagnostics through `apply_settings`.
fn run(
    sources: &[Source],
    options: Options,
    look: impl FnOnce(CompiledRules<'_, '_>, &mut ReadContext<'_>),
    apply_settings: impl FnOnce(Vec<Diagnostic>, &Rules<'_>) -> Vec<Diagnostic>,
) -> CompileResult {
    let mut out = ReadContext { sources, zone: TimeZone::UTC, diagnostics: Diagnostics::default() };
    let trees = source::parse::parse_all(sources, &mut out.diagnostics);
    let rules = Rules::read(&trees, &mut out);
    let emitted = emit::emit(&rules, options, &mut out).filter(|_| !out.diagnostics.has_errors());
    let Some(emit::Emitted { plans, disclosures, unneeded_edge_attributes }) = emitted else {
        return CompileResult { plans: None, disclosures: Vec::new(), diagnostics: out.diagnostics.into_sorted() };
    };
    look(CompiledRules { trees: &trees, rules: &rules, unneeded_edge_attributes: &unneeded_edge_attributes }, &mut out);
    CompileResult {
        plans: Some(plans),
        disclosures,
        diagnostics: apply_settings(out.diagnostics.into_sorted(), &rules),
    }
}

/// Rules without errors: their trees, the definitions, and what was found while their plans were made.
#[derive(Clone, Copy)]
struct CompiledRules<'r, 'a> {
    trees: &'a [Node],
    rules: &'r Rules<'a>,
    unneeded_edge_attributes: &'r [&'a str],
}

/// Parses one file of rules to a tree, without interpreting it.
///
/// # Errors
/// Returns all syntax errors.
pub fn parse(source: &Source) -> Result<Node, Vec<Diagnostic>> {
    let mut diagnostics = Diagnostics::default();
    let tree = source::parse::parse_all(core::slice::from_ref(source), &mut diagnostics).pop();
    tree.filter(|_| !diagnostics.has_errors()).ok_or_else(|| diagnostics.into_sorted())
}

/// Returns the JSON Schema of rules, for editors.
#[must_use]
pub const fn schema() -> &'static str {
    include_str!("../schema/rules.schema.json")
}

impl Default for Options {
    fn default() -> Self {
        Self { speed: 1.0 }
    }
}

impl Options {
    /// Returns a duration of a journey divided by the speed; an unlimited one stays unlimited.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "lengths are below 2^53")]
    fn compress(self, length: Millis) -> Millis {
        if length == Millis::MAX { length } else { Millis((length.0 as f64 / self.speed.max(1.0)) as i64) }
    }
}

impl CompileResult {
    /// Formats the diagnostics for people, with colours if they go to a terminal.
    #[must_use]
    pub fn render(&self, sources: &[Source], color: bool) -> String {
        source::report::render(&self.diagnostics, sources, color)
    }

    /// Formats the diagnostics for programs: a list of objects with `file`, `line`, `column`, `path`, `code`,
    /// `severity`, `message` and `expected`.
    #[must_use]
    pub fn to_value(&self, sources: &[Source]) -> Value {
        Value::Array(self.diagnostics.iter().map(|diagnostic| source::report::to_value(diagnostic, sources)).collect())
    }
}
