//! The core for browsers, web views and Node: JSON in, JSON out.
//!
//! `pkg/index.js` is the JavaScript API around it.
//!
//! # Example
//!
//! `tests/parity/browser-example.test.mjs` runs it, with a plan whose slot `hero` greets everyone:
//!
//! ```js
//! const core = new Core(plan);
//! const facts = { now: 1760000000000, profile: { subject: 'p1' }, request: { attributes: { path: '/' } } };
//! const decision = JSON.parse(core.decide(JSON.stringify(facts)));
//! assert.equal(decision.slots.hero.html, '<b>Hello</b>');
//!
//! for (const exposure of decision.exposures) {
//!   facts.profile = JSON.parse(core.reduce(JSON.stringify(facts.profile), JSON.stringify(exposure)));
//! }
//! assert.ok('campaign:greet' in facts.profile.exposures);
//! ```

// The standard library's panics would add the code that formats their messages, which nobody reads in a browser.
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

/// A loaded plan, with the functions of the core as methods.
#[wasm_bindgen]
pub struct Core {
    plan: Plan,
}

#[wasm_bindgen]
impl Core {
    /// Loads a plan, sealed or bare.
    ///
    /// A seal is removed but not verified: `pkg/seal.js` verifies it with the browser's cryptography.
    ///
    /// # Errors
    /// Fails if the bytes are not a plan.
    #[wasm_bindgen(constructor)]
    pub fn new(bytes: &[u8]) -> Result<Core, JsError> {
        let payload = match envelope::split(bytes) {
            Ok(sealed) => sealed.payload,
            Err(EnvelopeError::NotSealed) => bytes,
            Err(error) => return Err(JsError::from(error)),
        };
        Ok(Self { plan: Plan::load(payload)? })
    }

    /// Returns the plan's id.
    #[must_use]
    pub fn id(&self) -> String {
        self.plan.id().to_owned()
    }

    /// Returns the slots that a page may fill by itself: `{"promo.bar": {"selector": "#promo-bar"}, …}`.
    #[must_use]
    pub fn slots(&self) -> String {
        let slots = self.plan.slots().filter(|slot| slot.is_public).map(|slot| {
            let selector = slot.selector.map(|selector| ("selector", Value::from(selector)));
            (slot.id, Value::Object(selector.into_iter().collect()))
        });
        canonical::to_string(&Value::Object(slots.collect::<Object>()))
    }

    /// Returns the decision for the facts, as canonical JSON.
    ///
    /// # Errors
    /// Fails if the JSON does not describe facts, and says where.
    pub fn decide(&self, facts: &str) -> Result<String, JsError> {
        Ok(throughline::decide(&self.plan, &read("facts", facts, readable_facts)?).to_json())
    }

    /// Returns the decision for the facts and its trace, as canonical JSON. With `why_not`, it also explains why a campaign is
    /// not shown, in one slot or in all.
    ///
    /// # Errors
    /// Fails if the JSON does not describe facts, and says where.
    pub fn explain(&self, facts: &str, why_not: Option<String>, slot: Option<String>) -> Result<String, JsError> {
        let facts = read("facts", facts, readable_facts)?;
        let explanation = throughline::explain(&self.plan, &facts);
        Ok(match why_not {
            Some(campaign) => explanation.why_not(&self.plan, &campaign, slot.as_deref()).to_json(),
            None => explanation.to_json(),
        })
    }

    /// Returns the evaluation of a feature, or of all features by their keys, as canonical JSON.
    ///
    /// # Errors
    /// Fails if the JSON does not describe facts and options, and says where.
    pub fn evaluate(&self, facts: &str, options: &str, key: Option<String>) -> Result<String, JsError> {
        let facts = read("facts", facts, readable_facts)?;
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

    /// Runs the experiments that pages run automatically, up to the first redirect, and returns the runs as canonical JSON.
    /// `triggered` is the key of a manual experiment to run as well.
    ///
    /// # Errors
    /// Fails if the JSON does not describe facts and options, and says where.
    pub fn experiments(&self, facts: &str, options: &str, triggered: &str) -> Result<String, JsError> {
        let facts = read("facts", facts, readable_facts)?;
        let options = read("options", options, EvaluationOptions::from_json)?;
        let runs = run_experiments(&self.plan, &facts, &options, &[triggered]);
        Ok(canonical::to_string(&Value::Array(runs.iter().map(throughline::ExperimentRun::to_value).collect())))
    }

    /// Returns the profile after an event.
    ///
    /// # Errors
    /// Fails if the JSON does not describe a profile and an event, and says where.
    pub fn reduce(&self, profile: &str, event: &str) -> Result<String, JsError> {
        let mut profile = read("profile", profile, Profile::from_json)?;
        throughline::reduce(&self.plan, &mut profile, &read("event", event, Event::from_json)?);
        Ok(canonical::to_string(&profile.to_value()))
    }

    /// Returns the merge of two profiles. The subject is that of the first.
    ///
    /// # Errors
    /// Fails if the JSON does not describe profiles, and says where.
    pub fn merge(&self, profile: &str, other: &str) -> Result<String, JsError> {
        let mut profile = read("profile", profile, Profile::from_json)?;
        profile.merge(&self.plan, &read("profile", other, Profile::from_json)?);
        Ok(canonical::to_string(&profile.to_value()))
    }
}

/// Returns the facts that can be read: an odd title of a page must not cost the page its decision.
fn readable_facts(text: &str) -> Result<Facts, DecodeError> {
    Facts::from_lenient_json(text).map(|(facts, _)| facts)
}

fn read<T>(what: &str, text: &str, from_json: impl Fn(&str) -> Result<T, DecodeError>) -> Result<T, JsError> {
    from_json(text).map_err(|cause| JsError::new(&format!("cannot read the {what}: {cause}")))
}

/// As fast as the standard library's allocator, and smaller.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: WasmDynamicTalc = new_wasm_dynamic_allocator();

/// Traps, which ends the instance.
#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
