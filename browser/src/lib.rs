//! The core for browsers, webviews and Node: JSON in, JSON out.

// Without the standard library, whose panics bring all that formats their messages: nobody would read those in a browser.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

#[cfg(target_arch = "wasm32")]
use talc::wasm::{WasmDynamicTalc, new_wasm_dynamic_allocator};
use throughline::canonical;
use throughline::envelope::{self, EnvelopeError};
use throughline::{
    DecodeError, EvaluationOptions, Event, Facts, Object, Plan, Profile, Value, evaluate, evaluate_all, run_experiments,
};
use wasm_bindgen::prelude::{JsError, wasm_bindgen};

/// A loaded plan, and the verbs of the core.
#[wasm_bindgen]
pub struct Core {
    plan: Plan,
}

#[wasm_bindgen]
impl Core {
    /// Loads a plan, sealed or bare. A seal is only taken off here: it is checked in JavaScript, with the browser's own
    /// cryptography.
    ///
    /// # Errors
    /// Says why the bytes are not a plan.
    #[wasm_bindgen(constructor)]
    pub fn new(bytes: &[u8]) -> Result<Core, JsError> {
        let payload = match envelope::split(bytes) {
            Ok(sealed) => sealed.payload,
            Err(EnvelopeError::NotSealed) => bytes,
            Err(error) => return Err(JsError::from(error)),
        };
        Ok(Self { plan: Plan::load(payload)? })
    }

    /// The plan's id.
    #[must_use]
    pub fn id(&self) -> String {
        self.plan.id().to_owned()
    }

    /// The slots that a page may fill by itself: `{"promo.bar": {"selector": "#promo-bar"}, …}`.
    #[must_use]
    pub fn slots(&self) -> String {
        let slots = self.plan.slots().filter(|slot| slot.is_public).map(|slot| {
            let selector = slot.selector.map(|selector| ("selector", Value::from(selector)));
            (slot.id, Value::Object(selector.into_iter().collect()))
        });
        canonical::to_string(&Value::Object(slots.collect::<Object>()))
    }

    /// The decision about facts, as canonical JSON.
    ///
    /// # Errors
    /// Says where the JSON is not as facts are.
    pub fn decide(&self, facts: &str) -> Result<String, JsError> {
        Ok(throughline::decide(&self.plan, &read("facts", facts, Facts::from_json)?).to_json())
    }

    /// The decision about facts and how it came about, as canonical JSON; if asked for, with the answer to why a campaign does not
    /// show, in a slot or at all.
    ///
    /// # Errors
    /// Says where the JSON is not as facts are.
    pub fn explain(&self, facts: &str, why_not: Option<String>, slot: Option<String>) -> Result<String, JsError> {
        let facts = read("facts", facts, Facts::from_json)?;
        let explanation = throughline::explain(&self.plan, &facts);
        Ok(match why_not {
            Some(campaign) => explanation.why_not(&self.plan, &campaign, slot.as_deref()).to_json(),
            None => explanation.to_json(),
        })
    }

    /// The evaluation of a feature, or of all features by their keys, as canonical JSON.
    ///
    /// # Errors
    /// Says where the JSON is not as facts or options are.
    pub fn evaluate(&self, facts: &str, options: &str, key: Option<String>) -> Result<String, JsError> {
        let facts = read("facts", facts, Facts::from_json)?;
        let options = read("options", options, EvaluationOptions::from_json)?;
        let found = match key {
            Some(key) => evaluate(&self.plan, &facts, &options, &key).to_value(),
            None => {
                let all = evaluate_all(&self.plan, &facts, &options);
                Value::Object(all.iter().map(|found| (found.key.as_str(), found.to_value())).collect())
            }
        };
        Ok(canonical::to_string(&found))
    }

    /// The experiments that pages run by themselves, as a list in canonical JSON, up to the first one that leads to another page.
    /// `triggered` is a key of an experiment that waits to be asked for.
    ///
    /// # Errors
    /// Says where the JSON is not as facts or options are.
    pub fn experiments(&self, facts: &str, options: &str, triggered: &str) -> Result<String, JsError> {
        let facts = read("facts", facts, Facts::from_json)?;
        let options = read("options", options, EvaluationOptions::from_json)?;
        let runs = run_experiments(&self.plan, &facts, &options, &[triggered]);
        Ok(canonical::to_string(&Value::Array(runs.iter().map(throughline::ExperimentRun::to_value).collect())))
    }

    /// The profile after an event.
    ///
    /// # Errors
    /// Says where the JSON is not as a profile or an event is.
    pub fn reduce(&self, profile: &str, event: &str) -> Result<String, JsError> {
        let mut profile = read("profile", profile, Profile::from_json)?;
        throughline::reduce(&self.plan, &mut profile, &read("event", event, Event::from_json)?);
        Ok(canonical::to_string(&profile.to_value()))
    }

    /// All that two profiles know; the subject is that of the first.
    ///
    /// # Errors
    /// Says where the JSON is not as a profile is.
    pub fn merge(&self, profile: &str, other: &str) -> Result<String, JsError> {
        let mut profile = read("profile", profile, Profile::from_json)?;
        profile.merge(&self.plan, &read("profile", other, Profile::from_json)?);
        Ok(canonical::to_string(&profile.to_value()))
    }
}

fn read<T>(what: &str, text: &str, from_json: impl Fn(&str) -> Result<T, DecodeError>) -> Result<T, JsError> {
    from_json(text).map_err(|cause| JsError::new(&format!("cannot read the {what}: {cause}")))
}

/// As quick as the standard library's allocator, and smaller.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: WasmDynamicTalc = new_wasm_dynamic_allocator();

/// Ends the instance, as a panic without a handler that prints does.
#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
