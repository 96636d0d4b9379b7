//! Writes a corpus of facts with the decisions that the core makes natively, for other hosts to compare with.
//!
//! `cargo run --example corpus -- DIRECTORY` writes the behaviour cases and 2,000 generated ones
//! (`THROUGHLINE_CASES` asks for more):
//!
//! - `plans/<number>.plan`
//! - `cases.ndjson` with `{"name", "plan", "facts", "decision", "explanation", "options", "features",
//!   "experiments", "profile"}`
//!
//! All members but name and plan are JSON *strings* of JSON, so that nothing on the way can change a byte.
//! `decision` is null if the facts, or the plan, are to be refused, and `options` if no features are
//! evaluated. Only some cases have `explanation` and `profile` (the one after the events). Some plans and
//! facts are damaged: all hosts refuse them, or decide alike.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "a tool for tests"
)]

#[path = "../generate/mod.rs"]
mod generate;
#[path = "../support/mod.rs"]
mod support;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use generate::Dice;
use serde_json::{Value, json};
use throughline::canonical;
use throughline::{Facts, Plan, decide, explain, reduce};

/// The number of facts for each generated set of rules.
const FACTS: u64 = 20;

/// The interval at which the plan of a set of rules is damaged, too.
const DAMAGED: u64 = 5;

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
        let bytes = support::compile(&rules).edge;
        let mut facts: Vec<String> =
            (0..FACTS).map(|number| generate::facts(&rules, seed * FACTS + number).to_string()).collect();
        let dice = &mut Dice::new(seed);
        if seed % DAMAGED == 0 {
            corpus.add_plan(
                &format!("damaged plan {seed}"),
                &damaged_plan(&bytes, dice),
                facts.iter().take(3).cloned(),
                None,
            );
        }
        facts.insert(1, damaged_text(&facts[0], dice));
        corpus.add_plan(&format!("generated {seed}"), &bytes, facts, None);
    }
    let deep =
        format!(r#"{{"now":0,"request":{{"attributes":{{"path":{}{}}}}}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    corpus.add("strange", &generate::rules(3), STRANGE.map(str::to_owned).into_iter().chain([deep]), &Value::Null);
    corpus.cases.flush().unwrap();
}

/// Returns the plan with some bytes changed.
fn damaged_plan(bytes: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for _ in 0..=dice.below(3) {
        let at = dice.below(out.len() as u64) as usize;
        out[at] = dice.below(256) as u8;
    }
    out
}

/// Returns the string with a piece removed, and another one in its place.
fn damaged_text(text: &str, dice: &mut Dice) -> String {
    const PIECES: [&str; 14] =
        ["", "\"", "{", "}", "[", "]", ",", ":", "-", "1e999", "\\ud800", "null", "\u{2028}", "99999999999999999999"];
    let mut letters: Vec<char> = text.chars().collect();
    let start = dice.below(letters.len() as u64) as usize;
    let end = letters.len().min(start + dice.below(8) as usize);
    letters.splice(start..end, dice.pick(&PIECES).chars());
    letters.into_iter().collect()
}

struct Corpus {
    directory: PathBuf,
    cases: BufWriter<File>,
    plans: u64,
}

impl Corpus {
    fn add(&mut self, name: &str, rules: &Value, all: impl IntoIterator<Item = String>, options: &Value) {
        let has_features = ["features", "autoExperiments"].iter().any(|section| rules.get(section).is_some());
        self.add_plan(name, &support::compile(rules).edge, all, Some(options).filter(|_| has_features));
    }

    /// Adds a plan with its cases. With options the features are evaluated, too.
    fn add_plan(&mut self, name: &str, bytes: &[u8], all: impl IntoIterator<Item = String>, options: Option<&Value>) {
        fs::write(self.directory.join(format!("plans/{}.plan", self.plans)), bytes).unwrap();
        let plan = Plan::load(bytes).ok();
        for (number, text) in all.into_iter().enumerate() {
            let facts: Option<Facts> = Facts::from_lenient_json(&text).ok().map(|(facts, _)| facts);
            let known = plan.as_ref().zip(facts.as_ref());
            let some = known.filter(|_| number % 10 == 0);
            let asked = known.zip(options);
            let line = json!({
                "options": asked.map(|(_, options)| if options.is_null() { "{}".to_owned() } else { options.to_string() }),
                "features": asked.map(|((plan, facts), options)| support::evaluate_all(plan, facts, options)),
                "experiments": asked.map(|((plan, facts), options)| support::experiments(plan, facts, options)),
                "name": format!("{name}/{number}"),
                "plan": self.plans,
                "facts": text,
                "decision": known.map(|(plan, facts)| decide(plan, facts).to_json()),
                "explanation": some.map(|(plan, facts)| explain(plan, facts).to_json()),
                "profile": some.map(|(plan, facts)| reduced(plan, facts)),
            });
            writeln!(self.cases, "{line}").unwrap();
        }
        self.plans += 1;
    }
}

/// Returns the profile after the events, as hosts get it.
fn reduced(plan: &Plan, facts: &Facts) -> String {
    let mut profile = facts.profile.clone();
    facts.events.iter().for_each(|event| reduce(plan, &mut profile, event));
    canonical::to_string(&profile.to_value())
}
