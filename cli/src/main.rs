//! The `throughline` command: checks, compiles and publishes rules, makes keys and tokens, and explains
//! decisions.

mod decide;
mod evaluate;
mod failure;
mod import;
mod keys;
mod progress;
mod publish;
mod rules;
mod simulate;
mod store;
mod token;
mod tree;
mod why_not;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// One decision core for every channel: rules in, plans, tokens and decisions out.
///
/// Exit codes: 0 success; 1 invalid rules, token or data, or another failure; 2 invalid command line.
#[derive(Parser)]
#[command(name = "throughline", version, max_term_width = 100)]
struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Check rules and report every error and warning
    Check(rules::Check),
    /// Compile rules to the edge plan and the public plan
    Compile(rules::Compile),
    /// Print the JSON Schema of rules, for editors
    Schema,
    /// Create and rotate keys
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Create and inspect tokens
    #[command(subcommand)]
    Token(token::Token),
    /// Decide for the given facts
    Decide(decide::Decide),
    /// Decide for the given facts and explain the decision
    Explain(decide::Explain),
    /// Evaluate features for the given facts
    Evaluate(evaluate::Evaluate),
    /// Convert the rules, or send the people, of another system
    #[command(subcommand)]
    Import(import::Import),
    /// Compile, sign and publish rules
    Publish(publish::Publish),
    /// Go back to an earlier published plan
    Rollback(publish::Rollback),
    /// List the published plans, with time, author and note
    History(publish::ShowHistory),
    /// Decide for each line of facts (NDJSON in, NDJSON out)
    Simulate(simulate::Simulate),
}

fn main() -> ExitCode {
    let result = match Command::parse().verb {
        Verb::Check(check) => check.run(),
        Verb::Compile(compile) => compile.run(),
        Verb::Schema => rules::schema(),
        Verb::Keys(keys) => keys.run(),
        Verb::Token(token) => token.run(),
        Verb::Decide(decide) => decide.run(),
        Verb::Explain(explain) => explain.run(),
        Verb::Evaluate(evaluate) => evaluate.run(),
        Verb::Import(import) => import.run(),
        Verb::Publish(publish) => publish.run(),
        Verb::Rollback(rollback) => rollback.run(),
        Verb::History(history) => history.run(),
        Verb::Simulate(simulate) => simulate.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
