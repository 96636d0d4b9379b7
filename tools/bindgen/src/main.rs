//! Writes the JavaScript for a wasm module built from Rust.
//!
//! `web` output is for the browser tag; `worker` output can restart the module after a trap.
//!
//! It calls the library of `wasm-bindgen-cli` instead of the command. Both must have exactly the version of
//! the crate in Cargo.lock, so either is built from source. The command takes two to four minutes; the
//! library alone is quicker to build.

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

const USAGE: &str = "usage: throughline-bindgen web|worker IN.wasm OUT_DIR";

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [kind, input, out_dir] = args.as_slice() else {
        bail!("{USAGE}");
    };
    let mut bindgen = Bindgen::new();
    match kind.as_str() {
        "web" => {
            bindgen.web(true)?.omit_default_module_path(true).typescript(true).out_name("core");
        }
        "worker" => {
            bindgen
                .module(true)?
                .reset_state_function(true)
                .force_enable_abort_handler(true)
                .typescript(false)
                .out_name("index");
        }
        other => bail!("unknown kind `{other}`, expected web or worker\n{USAGE}"),
    }
    bindgen
        .input_path(input)
        .remove_producers_section(true)
        .generate(out_dir)
        .with_context(|| format!("cannot bind `{input}`"))
}
