//! `evaluate`.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use throughline::canonical;
use throughline::{EvaluationOptions, Value, evaluate, evaluate_all, run_experiments};

use crate::decide::Decide;
use crate::failure::{Failure, say};

/// Arguments of `evaluate`.
#[derive(Args)]
pub struct Evaluate {
    #[command(flatten)]
    decide: Decide,
    /// Key of one feature (default: all features)
    #[arg(long, value_name = "KEY")]
    feature: Option<String>,
    /// Run `autoExperiments` instead of features
    #[arg(long, conflicts_with = "feature")]
    experiments: bool,
    /// File with evaluation options as JSON, such as forced values and kept assignments
    #[arg(long, value_name = "FILE")]
    options: Option<PathBuf>,
}

impl Evaluate {
    pub fn run(self) -> Result<(), Failure> {
        let (plan, facts) = self.decide.read()?;
        let options = match &self.options {
            Some(file) => {
                let text = fs::read_to_string(file).map_err(|error| Failure::file(file, error))?;
                serde_json::from_str(&text).map_err(|error| Failure::file(file, error))?
            }
            None => EvaluationOptions::default(),
        };
        let found = match &self.feature {
            Some(key) => evaluate(&plan, &facts, &options, key).to_value(),
            None if self.experiments => {
                let runs = run_experiments(&plan, &facts, &options, &[]);
                Value::Array(runs.iter().map(throughline::ExperimentRun::to_value).collect())
            }
            None => {
                let found = evaluate_all(&plan, &facts, &options);
                Value::Object(found.iter().map(|found| (found.key.as_str(), found.to_value())).collect())
            }
        };
        say(canonical::to_string(&found))
    }
}
