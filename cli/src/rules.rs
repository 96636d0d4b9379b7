//! `check`, `compile` and `schema`.

use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Args;
use throughline::canonical;
use throughline::{Millis, Plan, Value};
use throughline_compiler::{
    CompileResult, Diagnostic, Disclosure, Options, Plans, Severity, Source, WARNINGS, check, compile,
    schema as rules_schema,
};

use crate::failure::{Failure, say};
use crate::keys::KeyDirectory;

/// The maximum size of a file of rules, in bytes.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// The paths of the rules, and the options of their compilation.
#[derive(Args)]
pub struct Rules {
    /// Files or directories with rules (YAML or JSON)
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Run journeys faster by this factor, for demonstrations
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR")]
    speed: f64,
}

/// The findings that fail the command.
#[derive(Args)]
pub struct Lint {
    /// Fail on warnings with this code, or on all with `warnings`; docs/lint.md explains the codes
    #[arg(long, value_name = "CODE", value_parser = denial)]
    deny: Vec<String>,
}

/// Arguments of `check`.
#[derive(Args)]
pub struct Check {
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    lint: Lint,
    /// Print errors and warnings as JSON
    #[arg(long)]
    json: bool,
    /// Print the data that leaves the collector, and the rules that need it
    #[arg(long, alias = "leaving")]
    disclosures: bool,
}

/// Arguments of `compile`.
#[derive(Args)]
pub struct Compile {
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    lint: Lint,
    /// Directory for edge.plan and public.plan
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Seal the plans with the plan key in this directory
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
}

impl Check {
    pub fn run(self) -> Result<(), Failure> {
        let sources = self.rules.read()?;
        let outcome = check(&sources, self.rules.options(), Some(now()));
        if self.json && !self.disclosures {
            say(canonical::to_string(&outcome.to_value(&sources)))?;
        } else {
            show(&outcome, &sources);
        }
        if self.disclosures && outcome.plans.is_some() {
            say(disclosures(&outcome, self.json))?;
        }
        let plans = self.lint.accepted(outcome)?;
        if !self.json && !self.disclosures {
            let plan = Plan::load(&plans.edge)?;
            say(format!("rules are valid (files: {}): plan {}, {} bytes", sources.len(), plan.id(), plans.edge.len()))?;
        }
        Ok(())
    }
}

impl Compile {
    pub fn run(self) -> Result<(), Failure> {
        let plans = self.rules.checked(&self.lint)?;
        let keys = self.keys.as_deref().map(KeyDirectory::open).transpose()?;
        fs::create_dir_all(&self.out).map_err(|error| Failure::file(&self.out, error))?;
        for (name, plan) in [("edge.plan", plans.edge), ("public.plan", plans.public)] {
            let id = Plan::load(&plan)?.id().to_owned();
            let bytes = match &keys {
                Some(keys) => keys.seal(&plan)?,
                None => plan,
            };
            let path = self.out.join(name);
            fs::write(&path, &bytes).map_err(|error| Failure::file(&path, error))?;
            say(format!("{}: plan {id}, {} bytes", path.display(), bytes.len()))?;
        }
        Ok(())
    }
}

/// `schema`
pub fn schema() -> Result<(), Failure> {
    say(rules_schema())
}

impl Lint {
    /// Returns the plans, unless there are errors (of the linter, too) or denied warnings.
    fn accepted(&self, outcome: CompileResult) -> Result<Plans, Failure> {
        let is_denied = |found: &Diagnostic| {
            let named = |code: &String| code == "warnings" || code == found.code;
            found.severity == Severity::Error || self.deny.iter().any(named)
        };
        let denied = outcome.diagnostics.iter().any(is_denied);
        outcome.plans.filter(|_| !denied).ok_or(Failure::Reported)
    }
}

/// Parses the code of a warning, or `warnings` for all of them.
fn denial(word: &str) -> Result<String, String> {
    let is_known = word == "warnings" || WARNINGS.iter().any(|(code, _)| *code == word);
    is_known.then(|| word.to_owned()).ok_or_else(|| "expected `warnings` or a code from docs/lint.md".to_owned())
}

/// Formats the data that leaves the collector: a line for each, or a JSON list.
fn disclosures(outcome: &CompileResult, json: bool) -> String {
    if json {
        return canonical::to_string(&Value::Array(outcome.disclosures.iter().map(Disclosure::to_value).collect()));
    }
    outcome.disclosures.iter().map(Disclosure::line).collect::<Vec<_>>().join("\n")
}

fn now() -> Millis {
    Millis(jiff::Timestamp::now().as_millisecond())
}

fn show(outcome: &CompileResult, sources: &[Source]) {
    if !outcome.diagnostics.is_empty() {
        anstream::eprint!("{}", outcome.render(sources, std::io::stderr().is_terminal()));
    }
}

impl Rules {
    /// Compiles the rules; errors go to standard error.
    pub fn compile(&self) -> Result<Plans, Failure> {
        let sources = self.read()?;
        let outcome = compile(&sources, self.options());
        show(&outcome, &sources);
        outcome.plans.ok_or(Failure::Reported)
    }

    /// Compiles and lints the rules; findings go to standard error.
    pub fn checked(&self, lint: &Lint) -> Result<Plans, Failure> {
        let sources = self.read()?;
        let outcome = check(&sources, self.options(), Some(now()));
        show(&outcome, &sources);
        lint.accepted(outcome)
    }

    const fn options(&self) -> Options {
        Options { speed: self.speed }
    }

    fn read(&self) -> Result<Vec<Source>, Failure> {
        let mut files = Vec::new();
        for path in &self.paths {
            collect(path, true, &mut files)?;
        }
        if files.is_empty() {
            let names: Vec<_> = self.paths.iter().map(|path| path.display().to_string()).collect();
            return Err(Failure::Because(format!(
                "no rules in {}, expected .yaml, .yml or .json files",
                names.join(", ")
            )));
        }
        files.iter().map(|path| read_source(path)).collect()
    }
}

/// Adds the files of rules below a path, ordered by name. A file that is named itself counts whatever its
/// extension.
fn collect(path: &Path, named: bool, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let is_rules = path.extension().is_some_and(|end| ["yaml", "yml", "json"].iter().any(|known| end == *known));
    if !path.is_dir() {
        if named || is_rules {
            files.push(path.to_owned());
        }
        return Ok(());
    }
    let entries = fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut paths: Vec<_> =
        entries.map_err(|error| Failure::file(path, error))?.iter().map(fs::DirEntry::path).collect();
    paths.sort();
    paths.iter().try_for_each(|path| collect(path, false, files))
}

fn read_source(path: &Path) -> Result<Source, Failure> {
    let size = fs::metadata(path).map_err(|error| Failure::file(path, error))?.len();
    if size > MAX_FILE {
        return Err(Failure::file(path, format!("{size} bytes, expected at most {MAX_FILE}")));
    }
    let text = fs::read_to_string(path).map_err(|error| Failure::file(path, error))?;
    Ok(Source::new(path.display().to_string(), text))
}
