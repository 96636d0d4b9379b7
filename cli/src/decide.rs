//! `decide` and `explain`.

use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;

use clap::Args;
use throughline::{Facts, Plan};

use crate::failure::{Failure, say};
use crate::rules::Rules;
use crate::{tree, why_not};

/// The maximum size of facts, in bytes.
const MAX_FACTS: u64 = 1024 * 1024;

/// Arguments of `decide`.
#[derive(Args)]
pub struct Decide {
    #[command(flatten)]
    rules: Rules,
    /// File with facts as JSON; `-` for standard input
    #[arg(long, default_value = "-", value_name = "FILE")]
    facts: PathBuf,
}

/// Arguments of `explain`.
#[derive(Args)]
pub struct Explain {
    #[command(flatten)]
    decide: Decide,
    /// Explain only why this campaign is not shown
    #[arg(long, value_name = "CAMPAIGN")]
    why_not: Option<String>,
    /// Limit `--why-not` to one slot (default: all slots of the campaign, and the next action)
    #[arg(long, value_name = "SLOT", requires = "why_not")]
    slot: Option<String>,
    /// Print the decision and its trace as JSON
    #[arg(long)]
    json: bool,
}

impl Decide {
    pub fn run(self) -> Result<(), Failure> {
        let (plan, facts) = self.read()?;
        say(throughline::decide(&plan, &facts).to_json())
    }

    /// Reads the plan and the facts.
    pub fn read(&self) -> Result<(Plan, Facts), Failure> {
        let plan = Plan::load(&self.rules.compile()?.edge)?;
        let mut text = String::new();
        let from_stdin = self.facts.as_os_str() == "-";
        let input: Box<dyn Read> = match from_stdin {
            true => Box::new(io::stdin()),
            false => Box::new(fs::File::open(&self.facts).map_err(|error| Failure::file(&self.facts, error))?),
        };
        input.take(MAX_FACTS).read_to_string(&mut text).map_err(|error| Failure::file(&self.facts, error))?;
        let name = if from_stdin { PathBuf::from("standard input") } else { self.facts.clone() };
        let facts = serde_json::from_str(&text).map_err(|error| Failure::file(&name, error))?;
        Ok((plan, facts))
    }
}

impl Explain {
    pub fn run(self) -> Result<(), Failure> {
        let (plan, facts) = self.decide.read()?;
        let mut explanation = throughline::explain(&plan, &facts);
        if let Some(campaign) = &self.why_not {
            explanation = explanation.why_not(&plan, campaign, self.slot.as_deref());
        }
        if self.json {
            say(explanation.to_json())?;
        } else {
            let text = explanation.answer.as_ref().map_or_else(|| tree::draw(&explanation), why_not::draw);
            say(text.trim_end())?;
        }
        match &self.why_not {
            Some(campaign) => why_not::check_names(&plan, campaign, self.slot.as_deref()),
            None => Ok(()),
        }
    }
}
