//! The rules of the demo shop compile.

use std::path::Path;

use throughline::Plan;
use throughline_compiler::{Options, Source, compile};

fn sources() -> Vec<Source> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules");
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    files.iter().map(|path| Source::new(name(path), std::fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn the_demo_rules_make_two_plans() {
    let sources = sources();
    let outcome = compile(&sources, Options::default());
    assert!(outcome.diagnostics.is_empty(), "{}", outcome.render(&sources, false));
    let plans = outcome.plans.unwrap();
    for (name, bytes) in [("edge", &plans.edge), ("public", &plans.public)] {
        let plan = Plan::load(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(plan.id().len(), 16, "{name}");
    }
}
