//! Conditions on segments, events, time, consent and journeys; errors; explanations.

use serde_json::{Value as Json, json};
use throughline::internals::condition::Evaluator;
use throughline::internals::plan::tables::{
    self, AttributeFlags, Class, CounterFlags, Fold, JourneyFlags, SegmentFlags, Source, StepKind, ValueKind,
};
use throughline::internals::plan::{Id, Ids, Plan, PlanBuilder};
use throughline::{Facts, Millis, Value};
use throughline_compiler::condition::{ConditionUses, Dialect, KnownAttribute, PlanIds, Vocabulary, When, write};
use throughline_compiler::source::diagnostic::Diagnostics;
use throughline_compiler::source::tree::Node;

const NOW: i64 = 1_760_000_000_000;
const HOUR: i64 = 60 * 60 * 1000;

/// A plan with one condition, and the keys of its counters in a profile.
struct Compiled {
    plan: Plan,
    node: Id<tables::Node>,
    counters: Vec<String>,
}

#[test]
fn a_window_is_exact() {
    let rule = json!({ "$event": { "name": "Page Viewed", "where": { "path": "/pricing" }, "count": { "$gte": 3 }, "within": "48h" } });
    let compiled = compile(&rule);
    let views = |hours: [i64; 3]| compiled.holds_after(&hours.map(|hours| NOW - hours * HOUR));
    assert!(views([1, 20, 47]));
    assert!(!views([1, 20, 49]), "the third view left the window an hour ago");
    assert!(!views([1, 20, 48]), "48 hours ago is no longer within 48 hours");
    assert!(compiled.holds_after(&[NOW, NOW - HOUR, NOW - 48 * HOUR + 1]));
    assert!(!compiled.holds_after(&[NOW + 1, NOW - HOUR, NOW - 2 * HOUR]), "what comes has not happened");
}

#[test]
fn a_count_is_a_condition_on_a_number() {
    let holds = |count: Json, times: usize| {
        let compiled = compile(&json!({ "$event": { "name": "Page Viewed", "count": count } }));
        compiled.holds_after(&(0..times).map(|n| NOW - i64::try_from(n).unwrap() * HOUR).collect::<Vec<_>>())
    };
    for (count, expected) in [
        (json!(2), [false, false, true, false]),
        (json!({ "$lt": 2 }), [true, true, false, false]),
        (json!({ "$gt": 0, "$lte": 2 }), [false, true, true, false]),
        (json!({ "$ne": 1 }), [true, false, true, true]),
        (json!({ "$gte": 0 }), [true, true, true, true]),
    ] {
        let found: Vec<bool> = (0..4).map(|times| holds(count.clone(), times)).collect();
        assert_eq!(found, expected, "{count}");
    }
}

#[test]
fn a_counter_keeps_what_decides() {
    let keep = |count: Json| {
        let compiled = compile(&json!({ "$event": { "name": "Page Viewed", "count": count } }));
        compiled.plan.get(Id::<tables::Counter>::new(1)).unwrap().keep
    };
    assert_eq!(keep(json!({ "$gte": 3 })), 3);
    assert_eq!(keep(json!({ "$gt": 3 })), 4);
    assert_eq!(keep(json!({ "$lt": 3 })), 3);
    assert_eq!(keep(json!({ "$lte": 3 })), 4);
    assert_eq!(keep(json!(3)), 4);
    assert_eq!(keep(json!({ "$gte": 2, "$lte": 8 })), 9);
    assert_eq!(keep(json!({ "$gte": 0 })), 1);
}

#[test]
fn recency_is_the_age_of_the_last_time() {
    let fresh = compile(&json!({ "$recency": { "event": "Order Completed", "$lte": "2d" } }));
    assert!(fresh.holds_after(&[NOW - 90 * HOUR, NOW - 48 * HOUR]));
    assert!(!fresh.holds_after(&[NOW - 48 * HOUR - 1]));
    let old = compile(&json!({ "$recency": { "event": "Order Completed", "$gt": "2d" } }));
    assert!(old.holds_after(&[NOW - 48 * HOUR - 1]));
    assert!(!old.holds_after(&[NOW - 90 * HOUR, NOW - HOUR]));
    assert!(!old.holds_after(&[]), "what never happened has no age");
}

#[test]
fn a_schedule_includes_its_beginning_and_not_its_end() {
    let rule = json!({ "$schedule": { "from": "2026-11-01", "until": "2026-11-02", "timezone": "Europe/Vienna" } });
    let compiled = compile(&rule);
    let at = |time: &str| {
        let now: jiff::Timestamp = time.parse().unwrap();
        compiled.holds(&json!({ "now": now.as_millisecond() }))
    };
    assert!(!at("2026-10-31T22:59:59.999Z"));
    assert!(at("2026-10-31T23:00:00Z"));
    assert!(at("2026-11-01T22:59:59.999Z"));
    assert!(!at("2026-11-01T23:00:00Z"));
}

#[test]
fn consent_is_of_the_device_then_of_the_profile_then_of_the_plan() {
    let granted = compile(&json!({ "$consent": "ads" }));
    let pending = compile(&json!({ "$consent": { "ads": "pending" } }));
    let profile = json!({ "consent": { "ads": ["granted", 1, 1] } });
    assert!(pending.holds(&json!({ "now": NOW })));
    assert!(granted.holds(&json!({ "now": NOW, "profile": profile })));
    let denied = json!({ "consent": { "ads": "denied" } });
    assert!(!granted.holds(&json!({ "now": NOW, "profile": profile, "request": denied })));
    let gpc = json!({ "gpc": true, "consent": { "ads": "granted" } });
    assert!(!granted.holds(&json!({ "now": NOW, "profile": profile, "request": gpc })), "the plan honours GPC for ads");
}

#[test]
fn segments_are_conditions_or_carried() {
    let member = compile(&json!({ "$segment": "gold" }));
    assert!(member.holds(&json!({ "now": NOW, "profile": { "traits": { "tier": ["gold", 1, 1] } } })));
    let carried = compile(&json!({ "$segment": ["gold", "vip"] }));
    assert!(carried.holds(&json!({ "now": NOW, "profile": { "segments": ["vip"] } })));
    assert!(!carried.holds(&json!({ "now": NOW, "profile": { "segments": ["gold"] } })), "gold is decided here");
}

#[test]
fn journeys_have_a_state_and_a_step() {
    let profile =
        json!({ "journeys": { "cart": { "entered": [1, 1], "step": "nudge", "since": 2, "status": "active" } } });
    let holds = |rule: Json| compile(&json!({ "$journey": rule })).holds(&json!({ "now": NOW, "profile": profile }));
    assert!(holds(json!({ "id": "cart" })));
    assert!(holds(json!({ "id": "cart", "state": "active", "step": "nudge" })));
    assert!(!holds(json!({ "id": "cart", "state": "exited" })));
    assert!(!holds(json!({ "id": "cart", "step": "settle" })));
    assert!(!compile(&json!({ "$journey": { "id": "cart" } })).holds(&json!({ "now": NOW })));
}

#[test]
fn attributes_have_paths_and_built_ins() {
    let profile = json!({ "subject": "p1", "traits": { "loyalty": [{ "points": 7, "tiers": ["a", "b"] }, 1, 1] } });
    let facts = json!({ "now": NOW, "profile": profile, "request": { "channel": "web", "attributes": { "id": "x" } } });
    for rule in [
        json!({ "loyalty.points": { "$gt": 6 } }),
        json!({ "loyalty.tiers.1": "b" }),
        json!({ "id": "p1" }),
        json!({ "channel": "web" }),
    ] {
        assert!(compile(&rule).holds(&facts), "{rule}");
    }
}

#[test]
fn equal_conditions_are_one_node() {
    let rule = json!({ "$or": [
        { "tier": "gold", "country": { "$in": ["AT", "DE"] } },
        { "tier": "gold", "country": { "$in": ["DE", "AT", "DE"] } },
    ] });
    let compiled = compile(&rule);
    let node = compiled.plan.get(compiled.node).unwrap();
    let parts: Vec<_> =
        compiled.plan.list(throughline::internals::plan::Ids::<tables::Node>::from_words(node.a, node.b)).collect();
    assert_eq!(parts.len(), 2);
    assert_eq!(parts.first(), parts.last());
}

#[test]
fn an_explanation_names_what_is_missing_and_what_was_found() {
    let rule = json!({ "$and": [{ "tier": "gold" }, { "country": { "$in": ["AT", "DE"] } }] });
    let explained = compile(&rule).explain(&json!({ "now": NOW, "request": { "attributes": { "country": "AT" } } }));
    assert_eq!(
        explained,
        json!({
            "op": "$and", "holds": false, "of": [
                { "op": "attribute", "attribute": "tier", "missing": "tier", "holds": false,
                  "of": [{ "op": "is", "operand": "gold", "holds": false }] },
                { "op": "attribute", "attribute": "country", "found": "AT", "holds": true,
                  "of": [{ "op": "$in", "operand": ["AT", "DE"], "holds": true }] },
            ],
        })
    );
}

#[test]
fn an_explanation_names_the_type_that_a_fact_does_not_have() {
    let cases = [
        (json!({ "ends": { "$lt": "2026-12-01" } }), "ends", json!("soon"), "date"),
        (json!({ "score": { "$gt": 5 } }), "score", json!("many"), "number"),
        (json!({ "member": true }), "member", json!("maybe"), "boolean"),
        (json!({ "app": { "$vgt": "1.2.3" } }), "app", json!("latest"), "version"),
        (json!({ "tier": "gold" }), "tier", json!(["gold"]), "string"),
    ];
    for (rule, name, found, kind) in cases {
        let traits = json!({ (name): [found, 1, 1] });
        let facts =
            json!({ "now": NOW, "profile": { "traits": traits }, "request": { "attributes": { (name): found } } });
        let explained = compile(&rule).explain(&facts);
        assert_eq!(explained.get("found"), Some(&found), "{rule}");
        assert_eq!(explained.get("notA"), Some(&json!(kind)), "{rule}");
        assert_eq!(explained.get("holds"), Some(&json!(false)), "{rule}");
    }
    let ends = json!({ "now": NOW, "request": { "attributes": { "ends": NOW + HOUR } } });
    let explained = compile(&json!({ "ends": { "$lt": "now+1d" } })).explain(&ends);
    assert_eq!(explained.get("fromNow"), Some(&json!(HOUR)));
    assert_eq!(explained.get("holds"), Some(&json!(true)));
}

#[test]
fn every_mistake_is_told_with_its_path() {
    let cases = [
        (json!({ "tier": { "$grater": 1 } }), "unknown-operator", "tier.$grater"),
        (json!({ "$segmnt": "gold" }), "unknown-operator", "$segmnt"),
        (json!({ "teir": "gold" }), "unknown-attribute", "teir"),
        (json!({ "tier": "golden" }), "unknown-value", "tier"),
        (json!({ "tier": { "$in": ["gold", "golden"] } }), "unknown-value", "tier.$in[1]"),
        (json!({ "country": { "$in": "AT" } }), "wrong-type", "country.$in"),
        (json!({ "country": { "$regex": "a(b" } }), "regex", "country.$regex"),
        (json!({ "country": { "$regex": "(?=a)" } }), "regex", "country.$regex"),
        (json!({ "country": { "$exists": 1 } }), "wrong-type", "country.$exists"),
        (json!({ "ends": { "$lt": "soon" } }), "time", "ends.$lt"),
        (json!({ "ends": { "$lt": 2026 } }), "time", "ends.$lt"),
        (json!({ "ends": { "$lt": "now+3 months" } }), "time", "ends.$lt"),
        (json!({ "ends": { "$lt": "now 3d" } }), "time", "ends.$lt"),
        (json!({ "ends": { "$in": ["2026-12-01", "now"] } }), "time", "ends.$in[1]"),
        (json!({ "ends": "2026-02-30" }), "time", "ends"),
        (json!({ "country": { "$type": "text" } }), "wrong-type", "country.$type"),
        (json!({ "country": { "$or": [] } }), "misplaced-operator", "country.$or"),
        (json!({ "country": { "$eq": 1, "a": 2 } }), "mixed-operators", "country"),
        (json!({ "country": { "$inGroup": "europe" } }), "unknown-group", "country.$inGroup"),
        (json!({ "$or": { "tier": "gold" } }), "wrong-type", "$or"),
        (json!({ "$and": [{ "tier": "gold" }, { "$not": [] }] }), "wrong-type", "$and[1].$not"),
        (json!({ "$segment": "silver" }), "unknown-segment", "$segment"),
        (json!({ "$event": { "count": 1 } }), "event-name", "$event.name"),
        (json!({ "$event": { "name": "A", "when": {} } }), "unknown-key", "$event.when"),
        (json!({ "$event": { "name": "A", "within": "48" } }), "duration", "$event.within"),
        (json!({ "$event": { "name": "A", "within": "0h" } }), "duration", "$event.within"),
        (json!({ "$event": { "name": "A", "count": 1.5 } }), "wrong-type", "$event.count"),
        (json!({ "$event": { "name": "A", "count": { "$gte": 300 } } }), "count-too-large", "$event.count"),
        (
            json!({ "$event": [{ "name": "A" }, { "name": "A", "where": { "$segment": "gold" } }] }),
            "unknown-operator",
            "$event[1].where.$segment",
        ),
        (json!({ "$recency": { "event": "A" } }), "missing", "$recency"),
        (json!({ "$schedule": { "from": "2026-02-30" } }), "time", "$schedule.from"),
        (json!({ "$schedule": { "from": "2026-02-02", "until": "2026-02-01" } }), "empty-schedule", "$schedule"),
        (json!({ "$schedule": { "timezone": "Mars" } }), "timezone", "$schedule.timezone"),
        (json!({ "$consent": "adds" }), "unknown-purpose", "$consent"),
        (json!({ "$consent": { "ads": "yes" } }), "wrong-type", "$consent.ads"),
        (json!({ "$journey": { "id": "card" } }), "unknown-journey", "$journey.id"),
        (json!({ "$journey": { "id": "cart", "state": "done" } }), "unknown-word", "$journey.state"),
        (json!({ "$journey": { "id": "cart", "step": "end" } }), "unknown-word", "$journey.step"),
        (json!("gold"), "wrong-type", ""),
    ];
    for (rule, code, path) in cases {
        let diagnostics = mistakes(&rule, "");
        let found: Vec<_> = diagnostics.as_slice().iter().map(|found| (found.code, found.path.as_str())).collect();
        assert_eq!(found, [(code, path)], "{rule}");
        assert!(diagnostics.has_errors(), "{rule}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let rule = json!({ "$or": [{ "teir": 1 }, { "country": { "$gt": [] } }], "$consent": "adds" });
    let diagnostics = mistakes(&rule, "when");
    let paths: Vec<_> = diagnostics.as_slice().iter().map(|found| found.path.as_str()).collect();
    assert_eq!(paths, ["when.$consent", "when.$or[0].teir", "when.$or[1].country.$gt"]);
}

#[test]
fn what_was_probably_meant_is_said() {
    let diagnostics = mistakes(&json!({ "teir": 1 }), "");
    let expected: Vec<_> = diagnostics.as_slice().iter().map(|found| found.expected.as_deref()).collect();
    assert_eq!(expected, [Some("did you mean `tier`?")]);
}

#[test]
fn sixteen_operators_may_contain_each_other() {
    let both = || json!({ "tier": "gold", "country": { "$in": ["AT", "DE"] } });
    let nested = |wrap: fn(Json) -> Json, levels: usize| (0..levels).fold(both(), |inner, _| wrap(inner));
    let wraps: [fn(Json) -> Json; 4] = [
        |inner| json!({ "$and": [inner, { "tier": "basic" }], "country": "AT" }),
        |inner| json!({ "$or": [inner, { "tier": "basic" }], "country": "AT" }),
        |inner| json!({ "$nor": [inner, { "tier": "basic" }], "country": "AT" }),
        |inner| json!({ "$not": inner, "country": "AT" }),
    ];
    for wrap in wraps {
        let deep = nested(wrap, 16);
        assert!(mistakes(&deep, "").as_slice().is_empty(), "{deep}");
        compile(&deep);
        let codes: Vec<_> = mistakes(&nested(wrap, 17), "").as_slice().iter().map(|found| found.code).collect();
        assert_eq!(codes, ["too-deep"]);
    }
    let elements =
        |levels: usize| (0..levels).fold(json!({ "$gt": 1 }), |inner, _| json!({ "$elemMatch": { "of": inner } }));
    assert!(mistakes(&json!({ "tier": elements(16) }), "").as_slice().is_empty());
    assert_eq!(mistakes(&json!({ "tier": elements(17) }), "").as_slice().first().unwrap().code, "too-deep");
}

#[test]
fn depth_is_limited() {
    let deep = (0..40).fold(json!({}), |inner, _| json!({ "$not": inner }));
    let diagnostics = mistakes(&deep, "");
    assert_eq!(diagnostics.as_slice().first().unwrap().code, "too-deep");
}

impl Compiled {
    fn evaluate<T>(&self, facts: &Json, evaluate: impl Fn(&mut Evaluator<'_>) -> T) -> T {
        let facts: Facts = serde_json::from_value(facts.clone()).unwrap();
        evaluate(&mut Evaluator::new(&self.plan, &facts.profile, &facts.request, facts.now))
    }

    fn holds(&self, facts: &Json) -> bool {
        let holds = self.evaluate(facts, |evaluator| evaluator.holds(self.node));
        assert_eq!(self.explain(facts).get("holds"), Some(&json!(holds)), "the explanation agrees");
        holds
    }

    fn explain(&self, facts: &Json) -> Json {
        serde_json::to_value(self.evaluate(facts, |evaluator| evaluator.explain(self.node))).unwrap()
    }

    /// Returns whether the condition holds after its only counter has counted at these times.
    fn holds_after(&self, times: &[i64]) -> bool {
        let stamps: Vec<_> = times.iter().map(|time| json!([time, 1])).collect();
        let key = self.counters.first().unwrap();
        self.holds(&json!({ "now": NOW, "profile": { "counters": { (key): stamps } } }))
    }
}

/// Everything that is wrong with a condition.
fn mistakes(rule: &Json, path: &str) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    let node = node(rule);
    let when = When::at(&node, path);
    when.read(&vocabulary(), Dialect::Rules, &mut diagnostics);
    diagnostics
}

/// Compiles as the compiler does: reads the condition, adds the counters that it uses, and writes it.
fn compile(rule: &Json) -> Compiled {
    let mut diagnostics = Diagnostics::default();
    let node = node(rule);
    let when = When::at(&node, "");
    when.read(&vocabulary(), Dialect::Rules, &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{diagnostics:?}");
    let needs = ConditionUses::of(when.condition()).counters;

    let mut plan = PlanBuilder::default();
    let mut ids = plan_ids(&mut plan);
    for (key, spec) in &needs {
        let filter = spec.filter.as_ref().map(|filter| write(filter.condition(), &ids, &mut plan));
        let (name, event) = (plan.text(key), plan.text(spec.event));
        let row = tables::Counter {
            key: name,
            event,
            filter,
            keep: spec.keep,
            within: spec.within,
            flags: CounterFlags::empty(),
            property: Ids::empty(),
            fold: Fold::Last,
            carry: spec.keep,
            once: Ids::empty(),
        };
        ids.counters.insert(key.clone(), plan.push(row));
    }
    let node = write(when.condition(), &ids, &mut plan);
    let (locale, ads) = (plan.text("en"), plan.text("ads"));
    let settings = tables::Settings { locale, gpc: plan.ids(&[ads]), ..tables::Settings::none() };
    let plan = Plan::load(&plan.finish(settings)).unwrap();
    Compiled { plan, node, counters: needs.into_keys().collect() }
}

/// The attributes of these tests, with the only values that they have.
const ATTRIBUTES: [(&str, &str, Source, &[&str]); 9] = [
    ("tier", "string", Source::Profile, &["gold", "basic"]),
    ("loyalty", "object", Source::Profile, &[]),
    ("country", "string", Source::Request, &[]),
    ("id", "string", Source::Request, &[]),
    ("channel", "string", Source::Request, &[]),
    ("score", "number", Source::Request, &[]),
    ("member", "boolean", Source::Request, &[]),
    ("ends", "date", Source::Request, &[]),
    ("app", "version", Source::Request, &[]),
];

/// The names that the conditions of these tests may refer to.
fn vocabulary() -> Vocabulary<'static> {
    let attribute = |(name, kind, _, values): (&'static str, &'static str, Source, &[&str])| {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        (name, KnownAttribute { kind, values })
    };
    Vocabulary {
        attributes: ATTRIBUTES.into_iter().map(attribute).collect(),
        segments: ["gold", "vip"].into(),
        journeys: [("cart", vec!["settle", "nudge"])].into(),
        purposes: ["ads"].into(),
        ..Vocabulary::default()
    }
}

/// The rows of these names.
fn plan_ids(plan: &mut PlanBuilder) -> PlanIds {
    let mut ids = PlanIds::default();
    for (name, kind, source, values) in ATTRIBUTES {
        let text = plan.text(name);
        let path = plan.ids(&[text]);
        let values: Vec<_> = values.iter().map(|value| plan.text(value)).collect();
        let (flags, values) = (AttributeFlags::empty(), plan.ids(&values));
        let kind = ValueKind::from_name(kind).unwrap();
        let id = plan.push(tables::Attribute { name: text, path, source, flags, kind, values });
        ids.attributes.insert(name.to_owned(), id);
    }
    let gold = node(&json!({ "tier": "gold" }));
    let gold = When::at(&gold, "");
    gold.read(&vocabulary(), Dialect::Rules, &mut Diagnostics::default());
    let gold = write(gold.condition(), &ids, plan);
    for (name, flags) in [("gold", SegmentFlags::empty()), ("vip", SegmentFlags::CARRIED)] {
        let id = plan.text(name);
        ids.segments.insert(name.to_owned(), plan.push(tables::Segment { id, node: gold, flags }));
    }
    let step = plan.text("nudge");
    let steps = plan.push_all([tables::Step {
        id: step,
        kind: StepKind::Wait,
        wait: Millis(0),
        after: None,
        message: None,
        channels: throughline::internals::plan::Ids::empty(),
        ttl: Millis(0),
    }]);
    // A journey needs the counter of the event that starts it; a plan without counters has no journeys.
    let (key, event) = (plan.text(""), plan.text("Product Added"));
    let enter = tables::Counter {
        key,
        event,
        filter: None,
        keep: 1,
        within: Millis(0),
        flags: CounterFlags::empty(),
        property: Ids::empty(),
        fold: Fold::Last,
        carry: 1,
        once: Ids::empty(),
    };
    let enter = plan.push(enter);
    let id = plan.text("cart");
    let journey = plan.push(tables::Journey {
        id,
        class: Class::Promo,
        priority: 0,
        flags: JourneyFlags::empty(),
        offer: None,
        topic: None,
        enter,
        when: None,
        reenter: Millis(0),
        exits: throughline::internals::plan::Ids::empty(),
        goal: None,
        goal_within: Millis(0),
        steps,
    });
    ids.journeys.insert("cart".to_owned(), journey);
    ids
}

fn node(rule: &Json) -> Node {
    let value: Value = serde_json::from_value(rule.clone()).unwrap();
    Node::from_value(&value)
}
