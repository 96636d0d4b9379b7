//! Scores, with the standard library's mathematics.

use serde_json::{Value, json};

use super::{Model, duration, list};

impl Model<'_> {
    /// Returns the score that orders the campaign among those of its priority; zero without a formula.
    pub fn score(&self, campaign: &Value) -> f64 {
        let formula = &campaign["score"];
        if formula.is_null() || self.rules["policies"]["scores"] == false {
            return 0.0;
        }
        let bias = formula["bias"].as_f64().unwrap_or(0.0);
        let terms = list(&formula["terms"]).map(|term| term["weight"].as_f64().unwrap() * self.term(term));
        let sum = terms.fold(bias, |sum, term| sum + term);
        if formula["link"] == "logistic" { 1.0 / (1.0 + (-sum).exp()) } else { sum }
    }

    fn term(&self, term: &Value) -> f64 {
        let found = match (term["event"].is_null(), term["halfLife"].as_str()) {
            (true, _) => match self.attribute(term["attribute"].as_str().unwrap()) {
                Value::Number(number) => number.as_f64(),
                Value::Bool(value) => Some(f64::from(u8::from(value))),
                _ => None,
            },
            (_, Some(half_life)) => {
                let last = self.times(&term["event"], term).max();
                last.map(|last| (-((self.now - last) as f64) / duration(half_life) as f64).exp2())
            }
            _ => {
                let after = term["within"].as_str().map_or(i64::MIN, |within| self.now - duration(within));
                let count = self.times(&term["event"], term).filter(|at| *at > after).count();
                Some(count.min(term["most"].as_u64().unwrap_or(10) as usize) as f64)
            }
        };
        match found {
            None => term["default"].as_f64().unwrap_or(0.0),
            Some(found) if term["log"] == true => found.max(0.0).ln_1p(),
            Some(found) => found,
        }
    }
}

/// Returns the models that a formula names, without duplicates.
pub fn models(formula: &Value) -> Value {
    let mut models: Vec<&Value> =
        list(&formula["terms"]).map(|term| &term["model"]).filter(|model| !model.is_null()).collect();
    let mut seen = Vec::new();
    models.retain(|model| {
        !seen.contains(model) && {
            seen.push(*model);
            true
        }
    });
    json!(models)
}
