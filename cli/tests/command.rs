//! The command as a person or a script runs it.
#![cfg(test)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const RULES: &str = r#"
attributes:
  tier: { type: string, edge: true }
policies:
  consent: { default: granted }
slots: { home.hero: { pages: ["/"] } }
channels: { web: {} }
messages:
  hello: { renditions: [ { channel: web, html: "<h1>Hello</h1>" } ] }
campaigns:
  greet: { class: service, when: { tier: gold }, slots: { home.hero: hello } }
"#;
const FACTS: &str = r#"{"now":1780000000000,"profile":{"subject":"p1","traits":{"tier":["gold",1,1]}},"request":{"attributes":{"path":"/"}}}"#;

/// A directory of one test, which is removed at its end.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("throughline-cli-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("rules.yaml"), RULES).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, "")
    }

    fn run_with(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_throughline"))
            .args(arguments)
            .current_dir(&self.0)
            .env("PATH", format!("{}:{}", self.0.join("bin").display(), std::env::var("PATH").unwrap_or_default()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Returns the standard output of a command that must succeed.
    #[track_caller]
    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[track_caller]
fn assert_fails(output: &Output, code: i32, says: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(stderr.contains(says), "`{says}` is not in: {stderr}");
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn check_reports_every_mistake_with_its_place() {
    let place = Place::new("check");
    assert!(place.ok(&["check", "rules.yaml"]).starts_with("rules are valid (files: 1)"));
    place.file("bad.yaml", "campaigns:\n  x: { clas: promo, priority: high }\n");
    let output = place.run(&["check", "bad.yaml"]);
    assert_fails(&output, 1, "bad.yaml:2");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("clas") && stderr.contains("class") && stderr.contains("priority"), "{stderr}");
    assert!(!stderr.contains('\u{1b}'), "colours are only for terminals");
    let json: serde_json::Value =
        serde_json::from_slice(&place.run(&["check", "--json", "bad.yaml"]).stdout).expect("findings are JSON");
    assert_eq!(json.pointer("/0/line").and_then(serde_json::Value::as_u64), Some(2));
}

#[test]
fn check_lists_what_leaves_the_collector() {
    let place = Place::new("leaving");
    let listed = place.ok(&["check", "--disclosures", "rules.yaml"]);
    assert_eq!(listed, "attribute tier: token; needed by campaigns.greet.when\n");
    let json: serde_json::Value =
        serde_json::from_str(&place.ok(&["check", "--leaving", "--json", "rules.yaml"])).unwrap();
    assert_eq!(json.pointer("/0/neededBy/0").and_then(serde_json::Value::as_str), Some("campaigns.greet.when"));
}

#[test]
fn findings_of_the_linter_stop_only_what_denies_them() {
    let place = Place::new("lint");
    place.file("more.yaml", "segments: { keen: { when: { path: / } } }\n");
    let both = ["check", "rules.yaml", "more.yaml"];
    let output = place.run(&both);
    assert!(output.status.success(), "warnings stop nothing");
    assert!(String::from_utf8_lossy(&output.stderr).contains("warning[unused]"));
    assert_fails(&place.run(&[&both[..], &["--deny", "unused"]].concat()), 1, "warning[unused]");
    assert_fails(&place.run(&[&both[..], &["--deny", "warnings"]].concat()), 1, "warning[unused]");
    assert!(place.run(&[&both[..], &["--deny", "tie"]].concat()).status.success());
    assert_fails(&place.run(&[&both[..], &["--deny", "unusd"]].concat()), 2, "docs/lint.md");
    place.file("allow.yaml", "lint: { allow: [ { code: unused, at: segments.keen, reason: For the spring } ] }\n");
    assert!(place.run(&[&both[..], &["allow.yaml", "--deny", "unused"]].concat()).status.success());
}

#[test]
fn a_wrong_command_line_and_missing_files_are_told_apart() {
    let place = Place::new("usage");
    assert_fails(&place.run(&["chekc"]), 2, "check");
    assert_fails(&place.run(&["check", "nowhere"]), 1, "nowhere");
    fs::create_dir(place.0.join("empty")).unwrap();
    assert_fails(&place.run(&["check", "empty"]), 1, "no rules in empty");
}

#[test]
fn keys_rotate_and_what_the_old_one_signed_stays_good() {
    let place = Place::new("keys");
    place.ok(&["keys", "new", "--out", "keys"]);
    assert_fails(&place.run(&["keys", "new", "--out", "keys"]), 1, "a key exists already");
    place.file("profile.json", r#"{"subject":"p1","traits":{"tier":["gold",1,1]}}"#);
    let token = place.ok(&["token", "mint", "rules.yaml", "--keys", "keys", "--profile", "profile.json"]);
    place.ok(&["keys", "rotate", "token", "--keys", "keys"]);
    place.ok(&["token", "inspect", token.trim(), "--keys", "keys"]);
    let jwks: serde_json::Value = serde_json::from_str(&place.ok(&["keys", "jwks", "--keys", "keys"])).unwrap();
    assert_eq!(jwks.pointer("/keys").unwrap().as_array().unwrap().len(), 2);
    assert!(!jwks.to_string().contains("\"d\""), "no private key is printed");
    let forged = token.trim().replace(".ey", ".eY");
    let report: serde_json::Value =
        serde_json::from_slice(&place.run(&["token", "inspect", &forged, "--keys", "keys"]).stdout).unwrap_or_default();
    assert_ne!(report.pointer("/verdict/good"), Some(&serde_json::Value::Bool(true)));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(place.0.join("keys/token.private.jwks.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "private keys are their owner's");
    }
}

/// Two hosts with the files of two neighbouring steps of an exchange: each verifies what the other signs.
#[test]
fn a_key_is_exchanged_in_either_order_of_deployment() {
    let place = Place::new("exchange");
    place.ok(&["keys", "new", "--out", "keys"]);
    place.file("profile.json", r#"{"subject":"p1","traits":{"tier":["gold",1,1]}}"#);
    let kid_in = |line: &str| line.trim().rsplit(' ').next().unwrap().to_owned();
    let step = |name: &str| {
        fs::create_dir(place.0.join(name)).unwrap();
        for file in fs::read_dir(place.0.join("keys")).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), place.0.join(name).join(file.file_name())).unwrap();
        }
        place.ok(&["token", "mint", "rules.yaml", "--keys", name, "--profile", "profile.json"]).trim().to_owned()
    };
    let good = |token: &str, keys: &str| place.run(&["token", "inspect", token, "--keys", keys]).status.success();

    let first = step("before");
    let jwks: serde_json::Value = serde_json::from_str(&place.ok(&["keys", "jwks", "--keys", "keys"])).unwrap();
    let old = jwks.pointer("/keys/0/kid").unwrap().as_str().unwrap().to_owned();
    let new = kid_in(&place.ok(&["keys", "add", "token", "--keys", "keys"]));
    assert_ne!(old, new);
    let second = step("added");
    assert_eq!(kid_in(&place.ok(&["keys", "promote", "token", &new, "--keys", "keys"])), new);
    let third = step("promoted");
    assert_fails(&place.run(&["keys", "remove", "token", &new, "--keys", "keys"]), 1, "promote another key");
    assert_eq!(kid_in(&place.ok(&["keys", "remove", "token", &old, "--keys", "keys"])), new);
    let fourth = step("removed");

    let neighbours = [
        (&first, "added"),
        (&second, "before"),
        (&second, "promoted"),
        (&third, "added"),
        (&third, "removed"),
        (&fourth, "promoted"),
    ];
    for (token, keys) in neighbours {
        assert!(good(token, keys), "a host with `{keys}` refuses a token of its neighbour");
    }
    assert!(!good(&first, "removed"), "what the removed key has signed is refused");
    assert_fails(&place.run(&["keys", "remove", "token", &old, "--keys", "keys"]), 1, "no key");
    assert_fails(&place.run(&["keys", "promote", "token", "k-unknown", "--keys", "keys"]), 1, "no key");
}

#[test]
fn publish_keeps_earlier_plans_and_rollback_goes_back() {
    let place = Place::new("publish");
    place.ok(&["keys", "new", "--out", "keys"]);
    let publish = ["publish", "rules.yaml", "--keys", "keys", "--local", "kv"];
    let first = id_in(&place.ok(&publish));
    place.file("rules.yaml", &RULES.replace("Hello", "Good day"));
    let second = id_in(&place.ok(&publish));
    assert_ne!(first, second);
    let pointer = || read(&place.0.join("kv/plan%3Acurrent"));
    assert!(pointer().starts_with(&format!(r#"{{"edge":"{second}""#)), "{}", pointer());
    assert_eq!(id_in(&place.ok(&["rollback", "--local", "kv"])), first);
    assert!(place.0.join(format!("kv/plan%3A{second}")).is_file(), "the later one is kept");
    assert_fails(&place.run(&["rollback", "--to", "nonsense", "--local", "kv"]), 1, &second);
    assert_fails(&place.run(&["rollback", "--local", "kv"]), 1, "no plan is before the current one");
    place.file("rules.yaml", "campaigns: { x: 1 }");
    let before = pointer();
    assert_eq!(place.run(&publish).status.code(), Some(1));
    assert_eq!(pointer(), before, "rules with mistakes change nothing");
}

/// A rollback leaves a plan for good: the next one goes further back, also after something new was published.
#[test]
fn rollbacks_step_back_and_the_history_says_so() {
    let place = Place::new("history");
    place.ok(&["keys", "new", "--out", "keys"]);
    let publish = |text: &str| {
        place.file("rules.yaml", &RULES.replace("Hello", text));
        let who = ["--author", "Ann", "--note", text];
        id_in(&place.ok(&[&["publish", "rules.yaml", "--keys", "keys", "--local", "kv"][..], &who].concat()))
    };
    let back = || id_in(&place.ok(&["rollback", "--local", "kv", "--keys", "keys"]));
    let (a, b, c) = (publish("A"), publish("B"), publish("C"));
    assert_eq!((back(), back()), (b.clone(), a.clone()));
    assert_fails(&place.run(&["rollback", "--local", "kv"]), 1, "no plan is before the current one");
    let d = publish("D");
    assert_eq!(back(), a, "B and C were left");
    assert_eq!(id_in(&place.ok(&["rollback", "--to", &c, "--local", "kv"])), c);
    let lines = place.ok(&["history", "--local", "kv"]);
    let lines: Vec<&str> = lines.lines().collect();
    let starts: Vec<String> =
        [("  ", &d), ("* ", &c), ("  ", &b), ("  ", &a)].map(|(mark, id)| mark.to_owned() + id).into();
    assert!(lines.iter().zip(&starts).all(|(line, start)| line.starts_with(start)), "{lines:?}");
    assert!(lines[1].ends_with("Ann  C") && lines[2].ends_with("Ann  B  (rolled back)"), "{lines:?}");
    let json: serde_json::Value = serde_json::from_str(&place.ok(&["history", "--local", "kv", "--json"])).unwrap();
    assert_eq!(json.pointer("/edge").unwrap(), &c);
    assert_eq!(json.pointer("/history/0/note").unwrap(), "D");
    let pointer: serde_json::Value = serde_json::from_str(&read(&place.0.join("kv/plan%3Acurrent"))).unwrap();
    assert_eq!(pointer, json);
}

#[test]
fn a_history_of_earlier_versions_is_read() {
    let place = Place::new("old-history");
    place.ok(&["keys", "new", "--out", "keys"]);
    let publish = ["publish", "rules.yaml", "--keys", "keys", "--local", "kv"];
    let first = id_in(&place.ok(&publish));
    place.file("rules.yaml", &RULES.replace("Hello", "Good day"));
    let second = id_in(&place.ok(&publish));
    let pointer: serde_json::Value = serde_json::from_str(&read(&place.0.join("kv/plan%3Acurrent"))).unwrap();
    let public = |at: &str| pointer.pointer(at).unwrap().clone();
    let old = serde_json::json!({ "edge": second, "public": public("/history/0/public"), "published": 1780000000000_i64,
        "previous": [ { "edge": first, "public": public("/history/1/public") } ] });
    place.file("kv/plan%3Acurrent", &old.to_string());
    let lines = place.ok(&["history", "--local", "kv"]);
    assert!(
        lines.starts_with(&format!("* {second}  2026-05-28T20:26:40Z  author unknown\n  {first}  time unknown")),
        "{lines}"
    );
    assert_eq!(id_in(&place.ok(&["rollback", "--local", "kv"])), first);
}

#[test]
fn a_rollback_opens_the_plan_before_it_points_to_it() {
    let place = Place::new("opens");
    place.ok(&["keys", "new", "--out", "keys"]);
    place.ok(&["keys", "new", "--out", "others"]);
    let publish = ["publish", "rules.yaml", "--keys", "keys", "--local", "kv"];
    let first = id_in(&place.ok(&publish));
    place.file("rules.yaml", &RULES.replace("Hello", "Good day"));
    place.ok(&publish);
    let pointer = || read(&place.0.join("kv/plan%3Acurrent"));
    let (before, path) = (pointer(), place.0.join(format!("kv/plan%3A{first}")));
    let whole = fs::read(&path).unwrap();
    let damaged = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = whole.clone();
        change(&mut bytes);
        bytes
    };
    let cases = [
        (damaged(&|bytes| bytes.truncate(bytes.len() - 1)), "checksum"),
        (damaged(&|bytes| bytes[0] = b'X'), "not a sealed plan"),
        (damaged(&|bytes| bytes.truncate(20)), "cut off"),
    ];
    for (bytes, message) in cases {
        fs::write(&path, bytes).unwrap();
        assert_fails(&place.run(&["rollback", "--local", "kv"]), 1, message);
    }
    fs::write(&path, &whole).unwrap();
    assert_fails(&place.run(&["rollback", "--local", "kv", "--keys", "others"]), 1, "may not sign plans");
    fs::remove_file(&path).unwrap();
    assert_fails(&place.run(&["rollback", "--local", "kv"]), 1, "not in the store");
    assert_eq!(pointer(), before, "the current plan stays");
}

#[test]
fn a_wrong_directory_is_an_error_and_not_made() {
    let place = Place::new("nowhere");
    place.ok(&["keys", "new", "--out", "keys"]);
    for verb in ["rollback", "history"] {
        assert_fails(&place.run(&[verb, "--local", "kw"]), 1, "kw: directory not found");
    }
    let publish = ["publish", "rules.yaml", "--keys", "keys", "--local", "mistyped/kv"];
    assert_fails(&place.run(&publish), 1, "mistyped/kv");
    assert!(!place.0.join("kw").exists() && !place.0.join("mistyped").exists());
    fs::create_dir(place.0.join("empty")).unwrap();
    assert_fails(&place.run(&["rollback", "--local", "empty"]), 1, "no plan has been published in empty");
}

#[test]
fn publishing_more_than_is_kept_removes_the_oldest() {
    let place = Place::new("kept");
    place.ok(&["keys", "new", "--out", "keys"]);
    for version in 0..12 {
        place.file("rules.yaml", &RULES.replace("Hello", &format!("Hello {version}")));
        place.ok(&["publish", "rules.yaml", "--keys", "keys", "--local", "kv"]);
    }
    let plans = fs::read_dir(place.0.join("kv")).unwrap().filter_map(Result::ok);
    let edge = plans.filter(|entry| entry.file_name().to_string_lossy().starts_with("plan%3A")).count();
    assert_eq!(edge, 11, "ten plans and the pointer");
}

/// A replacement for wrangler that keeps values as files, and fails as wrangler does for a missing value.
#[cfg(unix)]
const WRANGLER: &str = r#"#!/bin/sh
# kv key VERB KEY [--path FILE] --binding PLANS --remote --config FILE
printf '%s\n' "$*" >>calls
store="cloud-$(printf %s "$4" | tr ':' '_')"
case $3 in
  get) [ -f "$store" ] && cat "$store" || { cat failure >&2; exit 1; } ;;
  put) cp "$6" "$store" ;;
  delete) rm -f "$store" ;;
esac
"#;

#[test]
#[cfg(unix)]
fn publishing_to_cloudflare_goes_through_wrangler() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new("cloudflare");
    fs::create_dir(place.0.join("bin")).unwrap();
    place.file("bin/wrangler", WRANGLER);
    fs::set_permissions(place.0.join("bin/wrangler"), fs::Permissions::from_mode(0o755)).unwrap();
    place.file("wrangler.toml", "");
    let missing = "\n[ERROR] Failed to fetch https://api.example/accounts/a/values/plan%3Acurrent - 404: Not Found\n\n";
    place.file("failure", missing);
    place.ok(&["keys", "new", "--out", "keys"]);
    let publish = ["publish", "rules.yaml", "--keys", "keys", "--cloudflare", "wrangler.toml"];
    let first = id_in(&place.ok(&publish));
    place.file("rules.yaml", &RULES.replace("Hello", "Good day"));
    let second = id_in(&place.ok(&publish));
    let pointer = || read(&place.0.join("cloud-plan_current"));
    assert!(pointer().contains(&format!(r#""edge":"{second}""#)) && pointer().contains(&first), "{}", pointer());
    assert!(place.0.join(format!("cloud-plan_{second}")).is_file());
    assert_eq!(id_in(&place.ok(&["rollback", "--cloudflare", "wrangler.toml"])), first);
    let calls = read(&place.0.join("calls"));
    assert!(calls.lines().all(|call| call.contains("--binding PLANS --remote --config wrangler.toml")), "{calls}");
    assert_fails(&place.run(&["rollback", "--cloudflare", "nowhere.toml"]), 1, "nowhere.toml");
    let kept = pointer();
    fs::remove_file(place.0.join("cloud-plan_current")).unwrap();
    place.file("failure", "Failed to fetch https://api.example/accounts/404/values/plan - 500: Internal Server Error");
    assert_fails(&place.run(&publish), 1, "500: Internal Server Error");
    assert!(!place.0.join("cloud-plan_current").exists(), "the history is not lost: {kept}");
}

#[test]
fn a_preview_token_has_the_scopes_that_are_asked_for() {
    let place = Place::new("scopes");
    place.ok(&["keys", "new", "--out", "keys"]);
    let scopes = |more: &[&str]| {
        let token = place.ok(&[&["token", "preview", "--keys", "keys"][..], more].concat());
        let token = throughline::token::jws::Unverified::parse(token.trim(), 4096).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&token.unverified_payload().unwrap()).unwrap();
        claims.pointer("/scope").unwrap().to_string()
    };
    let both = scopes(&[]);
    assert!(both.contains("explain") && both.contains("preview"), "{both}");
    let link = scopes(&["--scope", "preview"]);
    assert!(!link.contains("explain") && link.contains("preview"), "{link}");
    assert_fails(&place.run(&["token", "preview", "--keys", "keys", "--scope", "all"]), 2, "expected `preview`");
}

#[test]
fn an_impossible_condition_stops_check_and_publish() {
    let place = Place::new("impossible");
    place.ok(&["keys", "new", "--out", "keys"]);
    place.file("rules.yaml", &RULES.replace("when: { tier: gold }", "when: { tier: { $in: [gold], $ne: gold } }"));
    assert_fails(&place.run(&["check", "rules.yaml"]), 1, "error[never-true]");
    assert_fails(&place.run(&["publish", "rules.yaml", "--keys", "keys", "--local", "kv"]), 1, "error[never-true]");
    assert!(!place.0.join("kv").exists());
}

#[test]
fn decide_explain_and_simulate_agree() {
    let place = Place::new("decide");
    place.file("facts.json", FACTS);
    let decision = place.ok(&["decide", "rules.yaml", "--facts", "facts.json"]);
    assert!(decision.contains(r#""html":"<h1>Hello</h1>""#), "{decision}");
    let explained = place.ok(&["explain", "rules.yaml", "--facts", "facts.json", "--json"]);
    assert!(explained.contains(decision.trim()), "{explained}");
    let tree = place.ok(&["explain", "rules.yaml", "--facts", "facts.json"]);
    assert!(tree.contains("won greet") && !tree.contains('\u{1b}'), "{tree}");
    let lines = format!("{FACTS}\n\nnonsense\n{FACTS}\n");
    let output = place.run_with(&["simulate", "rules.yaml"], &lines);
    assert_fails(&output, 1, "invalid facts on 1 lines");
    let written = String::from_utf8(output.stdout).unwrap();
    let written: Vec<_> = written.lines().collect();
    assert_eq!((written.len(), written[0], written[2]), (3, decision.trim(), decision.trim()));
    assert!(written[1].contains(r#""line":3"#), "{}", written[1]);
}

#[test]
fn why_not_answers_in_a_sentence_and_as_json() {
    let place = Place::new("why-not");
    place.file("facts.json", &FACTS.replace("gold", "iron"));
    let asked = ["explain", "rules.yaml", "--facts", "facts.json", "--why-not"];
    let said = place.ok(&[&asked[..], &["greet", "--slot", "home.hero"]].concat());
    assert!(said.contains("home.hero: condition_false"), "{said}");
    assert!(said.contains(r#""tier" is "iron": is "gold" does not hold (of[0])"#), "{said}");
    let json = place.ok(&[&asked[..], &["greet", "--json"]].concat());
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json.pointer("/whyNot/slots/home.hero/because/found").unwrap(), "iron");
    let unknown = place.run(&[&asked[..], &["gret"]].concat());
    assert!(String::from_utf8_lossy(&unknown.stdout).contains("unknown_campaign"));
    assert_fails(&unknown, 2, "unknown campaign `gret`: did you mean `greet`?");
    let unknown = place.run(&[&asked[..], &["greet", "--slot", "home.heros"]].concat());
    assert_fails(&unknown, 2, "unknown slot `home.heros`: did you mean `home.hero`?");
    assert_fails(&place.run(&["explain", "rules.yaml", "--slot", "home.hero"]), 2, "--why-not");
}

/// Checks that the tree contains everything that a trace has.
#[test]
fn the_tree_has_scores_alternatives_steps_and_caps() {
    let place = Place::new("tree");
    place.file("rules.yaml", r#"
attributes: { intent: { type: number, edge: true }, name: { type: string, edge: true }, wa: { type: boolean, edge: true } }
policies: { consent: { default: granted } }
slots: { hero: { pages: ["/"] } }
channels: { web: {}, whatsapp: { reach: wa }, push: {}, email: {} }
messages:
  m: { renditions: [ { channel: web, html: "<p>{{ name }}</p>" }, { channel: whatsapp, text: m }, { channel: push, text: m }, { channel: email, subject: m, text: m } ] }
experiments: { copy: { variations: [ { id: a }, { id: b } ] } }
campaigns:
  best: { class: service, priority: 5, score: { terms: [ { attribute: intent, weight: 2 } ] }, experiment: copy, slots: { hero: m } }
  less: { class: service, priority: 5, score: { terms: [ { attribute: intent, weight: 1 } ] }, slots: { hero: m } }
  full: { class: service, priority: 9, caps: [ { max: 1, per: 24h } ], slots: { hero: m } }
  talk: { class: service, next: [ { channel: whatsapp, message: m }, { channel: push, message: m, after: 10m, until: 1h }, { channel: email, message: m } ] }
"#);
    place.file("facts.json", r#"{"now":1780000000000,"profile":{"subject":"p1","traits":{"intent":[3,1,1]},"exposures":{"campaign:full":[[1779999000000,1]]}},"request":{"attributes":{"path":"/"}}}"#);
    let tree = place.ok(&["explain", "rules.yaml", "--facts", "facts.json"]);
    let lines = [
        "hero: filled, score 6",
        "capped full",
        "max 1, seen 1, per \"window\", window 86400000, times [1779999000000], room 2026-05-29T20:10:00Z",
        "outranked less",
        "campaign \"best\", by \"score\", score 3, otherScore 6",
        "next action: m by push at 2026-05-28T20:36:40Z, until 2026-05-28T21:26:40Z (talk)",
        "alternative: m by email at 2026-05-28T20:26:40Z",
        "unreachable m by whatsapp",
        "possible m by push",
        "at 2026-05-28T20:36:40Z",
        "experiment copy: ",
        "message m: `name` is missing",
    ];
    for line in lines {
        assert!(tree.contains(line), "`{line}` is not in:\n{tree}");
    }
}

/// Returns the plan's id in `published plan ID (…` or `rolled back to plan ID (…`.
fn id_in(line: &str) -> String {
    line.split("plan ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap().to_owned()
}

const PAYLOAD: &str = r#"{
    "features": {
        "checkout": { "defaultValue": false, "rules": [
            { "id": "staff", "condition": { "email": { "$regex": "@example\\.com$" } }, "force": true },
            { "key": "buttons", "hashVersion": 2, "variations": [false, true], "meta": [{ "key": "off" }, { "key": "on" }] }
        ] },
        "text": { "defaultValue": "", "rules": [{ "condition": { "email": { "$regex": "^(?!.*@)" } }, "force": "x" }], "project": "p" }
    },
    "experiments": [{ "key": "page", "variations": [{}, {}], "urlPatterns": [{ "type": "regex", "pattern": "(a)\\1", "include": true }] }]
}"#;

#[test]
fn a_growthbook_payload_becomes_rules_and_nothing_is_left_out_silently() {
    let place = Place::new("import");
    place.file("payload.json", PAYLOAD);
    let output = place.run(&["import", "growthbook", "payload.json", "--out", "gb.yaml"]);
    let told = String::from_utf8(output.stderr.clone()).unwrap();
    assert_fails(&output, 1, "features.text.rules[0].condition.email.$regex: look-around at character 1");
    assert!(told.contains("`text` is not imported until this is fixed"), "{told}");
    assert!(told.contains("experiments[0].urlPatterns[0].pattern: back-reference at character 3"), "{told}");
    assert!(told.contains("warning[ignored]: features.text.project"), "{told}");
    place.ok(&["check", "gb.yaml"]);
    place.file("facts.json", r#"{"now":0,"request":{"attributes":{"id":"é","email":"ann@example.com"}}}"#);
    let found = place.ok(&["evaluate", "gb.yaml", "--facts", "facts.json", "--feature", "checkout"]);
    assert!(found.contains(r#""reason":"TARGETING_MATCH","ruleId":"staff","source":"force","value":true"#), "{found}");
    let all = place.ok(&["evaluate", "gb.yaml", "--facts", "facts.json"]);
    assert_eq!(all.trim(), format!(r#"{{"checkout":{}}}"#, found.trim()));
    place.file("options.json", r#"{"forcedVariations":{"buttons":1}}"#);
    place.file("facts.json", r#"{"now":0,"profile":{"subject":"u1"}}"#);
    let evaluate =
        ["evaluate", "gb.yaml", "--facts", "facts.json", "--feature", "checkout", "--options", "options.json"];
    let forced = place.ok(&evaluate);
    assert!(forced.contains(r#""hashUsed":false"#) && forced.contains(r#""variant":"on""#), "{forced}");
    assert_eq!(place.ok(&["evaluate", "gb.yaml", "--facts", "facts.json", "--experiments"]).trim(), "[]");
}

#[test]
fn an_encrypted_payload_needs_its_key() {
    let place = Place::new("encrypted");
    let secret = "YW5kIGEgZmlyc3Qgb25lLg==.8uYqVPp8aXG5BWNxT+LKZNpNIe/5CFlnEhSsjPfS//8QHtx67IHgHJ50NiRRcpfx";
    place.file("payload.json", &format!(r#"{{"encryptedFeatures":"{secret}"}}"#));
    assert_fails(
        &place.run(&["import", "growthbook", "payload.json"]),
        1,
        "the value is encrypted, but no key is given",
    );
    let wrong = ["import", "growthbook", "payload.json", "--key", "AAAAAAAAAAAAAAAAAAAAAA=="];
    assert_fails(&place.run(&wrong), 1, "the key does not decrypt the value");
    let right = ["import", "growthbook", "payload.json", "--public", "--key", "YSBrZXkgb2YgMTYgYnl0ZQ=="];
    let rules = place.ok(&right);
    assert!(rules.contains("  feature:\n    dialect: growthbook\n    public: true\n    defaultValue: true"), "{rules}");
}
