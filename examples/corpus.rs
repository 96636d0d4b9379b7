//! Writes a corpus of facts and of the decisions that the core makes natively, for other hosts to compare with.
//!
//! `cargo run --example corpus -- DIRECTORY` writes the behaviour cases and 2,000 generated ones (`THROUGHLINE_CASES` asks for
//! more): `plans/<number>.plan`, and `cases.ndjson` with `{"name", "plan", "facts", "decision", "explanation", "options", "features",
//! "experiments"}`. All but name and plan are JSON *texts*, so that nothing on the way can change a byte; `decision` is null where the
//! facts are to be refused, and `options` where no features are asked for.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a tool for tests"
)]

#[path = "../tests/generate/mod.rs"]
mod generate;
#[path = "../tests/support/mod.rs"]
mod support;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use serde_json::{Value, json};
use throughline::{Facts, Plan, decide, explain};

/// Facts for each generated set of rules.
const FACTS: u64 = 20;

/// Facts that every host reads in the same way, or refuses.
const STRANGE: [&str; 16] = [
    "",
    "null",
    "{}",
    r#"{"now":1.5}"#,
    r#"{"now":9223372036854775807}"#,
    r#"{"now":-9223372036854775808,"request":{"session":-1}}"#,
    r#"{"now":9223372036854775808}"#,
    r#"{"now":-0}"#,
    r#"{"now":0,"now":1}"#,
    r#"{"now":0,"request":{"attributes":{"path":"\ud83d\ude00","path":"/"}}}"#,
    r#"{"now":0,"request":{"attributes":{"path":"\ud83d"}}}"#,
    r#"{"now":0,"request":{"attributes":{"score":1e400}}}"#,
    r#"{"now":0,"profile":{"subject":"\u0000","traits":{"score":[-0,1,2],"tier":[1e21,1,2],"cart":[{"total":333333333.33333329},1,2]}}}"#,
    r#"{"now":0,"profile":{"traits":{"tier":["\ud835\udd38 \u2028 \u0007",1,4294967296]}}}"#,
    r#"{"now":0,"profile":{"traits":{"tier":["\ud835\udd38 \u2028 \u0007",1,4294967295]}}}"#,
    r#"{"now":0,"unknown":{"a":[[[[[[[[]]]]]]]]}}"#,
];

fn main() {
    let directory = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| panic!("say in which directory")));
    fs::create_dir_all(directory.join("plans")).unwrap();
    let cases = BufWriter::new(File::create(directory.join("cases.ndjson")).unwrap());
    let mut corpus = Corpus { directory, cases, plans: 0 };
    for (file, case) in support::behaviour() {
        corpus.add(&file, &case["rules"], [case["facts"].to_string()], &case["options"]);
    }
    for seed in 0..support::cases(2_000).div_ceil(FACTS * 4) {
        let facts = (0..FACTS).map(|number| generate::features::facts(seed * FACTS + number).to_string());
        let rules = generate::features::rules(seed);
        corpus.add(&format!("features {seed}"), &rules, facts, &generate::features::options(seed));
    }
    for seed in 0..support::cases(2_000).div_ceil(FACTS) {
        let rules = generate::rules(seed);
        let facts = (0..FACTS).map(|number| generate::facts(&rules, seed * FACTS + number).to_string());
        corpus.add(&format!("generated {seed}"), &rules, facts, &Value::Null);
    }
    let deep =
        format!(r#"{{"now":0,"request":{{"attributes":{{"path":{}{}}}}}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    corpus.add("strange", &generate::rules(3), STRANGE.map(str::to_owned).into_iter().chain([deep]), &Value::Null);
    corpus.cases.flush().unwrap();
}

struct Corpus {
    directory: PathBuf,
    cases: BufWriter<File>,
    plans: u64,
}

impl Corpus {
    fn add(&mut self, name: &str, rules: &Value, all: impl IntoIterator<Item = String>, options: &Value) {
        let bytes = support::compile(rules).edge;
        fs::write(self.directory.join(format!("plans/{}.plan", self.plans)), &bytes).unwrap();
        let plan = Plan::load(&bytes).unwrap();
        let has_features = ["features", "autoExperiments"].iter().any(|section| rules.get(section).is_some());
        for (number, text) in all.into_iter().enumerate() {
            let facts: Option<Facts> = serde_json::from_str(&text).ok();
            let asked = facts.as_ref().filter(|_| has_features);
            let line = json!({
                "options": asked.map(|_| if options.is_null() { "{}".to_owned() } else { options.to_string() }),
                "features": asked.map(|facts| support::evaluate_all(&plan, facts, options)),
                "experiments": asked.map(|facts| support::experiments(&plan, facts, options)),
                "name": format!("{name}/{number}"),
                "plan": self.plans,
                "facts": text,
                "decision": facts.as_ref().map(|facts| decide(&plan, facts).to_json()),
                "explanation": facts.as_ref().filter(|_| number % 10 == 0).map(|facts| explain(&plan, facts).to_json()),
            });
            writeln!(self.cases, "{line}").unwrap();
        }
        self.plans += 1;
    }
}
