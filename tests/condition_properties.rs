//! No nodes and no facts make the evaluation of a condition panic, and its explanation is true.

use proptest::prelude::*;
use throughline::internals::condition::Evaluator;
use throughline::internals::plan::tables::{
    self, AttributeFlags, ConstantKind, CounterFlags, Fold, SegmentFlags, Source, ValueKind,
};
use throughline::internals::plan::{Id, Ids, Op, Plan, PlanBuilder};
use throughline::{Millis, Object, Profile, Request, Stamp, Stamped, Value};

/// The number of rows of each kind that random nodes may refer to.
const ROWS: u32 = 6;
const NAMES: [&str; ROWS as usize] = ["a", "b", "0", "length", "id", ""];
const NOW: i64 = 1000;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn evaluation_of_random_nodes_ends_with_a_result_that_its_explanation_has(
        nodes in prop::collection::vec(any::<[u8; 4]>(), 1..60),
        first in value(),
        second in value(),
        times in prop::collection::btree_set(0..2 * NOW, 0..5),
    ) {
        let plan = plan(&nodes);
        let profile = profile(&first, &times);
        let attributes = [("b", second), ("id", first)].into_iter().collect::<Object>();
        let request = Request { attributes, channel: Some("web".to_owned()), ..Request::default() };
        let mut evaluator = Evaluator::new(&plan, &profile, &request, Millis(NOW));
        for node in plan.all::<tables::Node>().iter() {
            let holds = evaluator.holds(node);
            prop_assert_eq!(evaluator.holds(node), holds);
            let explained = evaluator.explain(node);
            prop_assert_eq!(explained.at(["holds"]), &Value::Bool(holds), "{:?}", explained);
        }
    }

    #[test]
    fn random_rows_are_refused_or_evaluated(
        rows in prop::collection::vec((0..42_u32, any::<[u32; 4]>(), 0..16_u32), 1..20),
        value in value(),
    ) {
        let mut plan = resources();
        for (op, operands, limit) in rows {
            let operands = operands.map(|word| if limit == 0 { word } else { word % limit });
            plan.push(tables::Node::new(Op::from_number(op).unwrap(), operands));
        }
        if let Ok(plan) = Plan::load(&finish(plan)) {
            let profile = profile(&value, &[1].into());
            let request = Request::default();
            let mut evaluator = Evaluator::new(&plan, &profile, &request, Millis(NOW));
            for node in plan.all::<tables::Node>().iter() {
                evaluator.holds(node);
            }
        }
    }
}

/// Checks a condition that refers twice to one that refers twice to one, and so on: a small plan with
/// exponential work.
#[test]
fn a_condition_that_would_take_for_ever_is_refused() {
    let mut plan = resources();
    let mut node = plan.push(tables::Node::new(Op::Exists, [1, 0, 0, 0]));
    for _ in 0..40 {
        let (a, b) = plan.ids(&[node, node]).words();
        node = plan.push(tables::Node::new(Op::And, [a, b, 0, 0]));
    }
    assert!(Plan::load(&finish(plan)).is_err());
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-3..4).prop_map(|number| Value::Number(f64::from(number))),
        any::<f64>().prop_map(Value::Number),
        "[ab0-9.+-]{0,4}".prop_map(Value::String),
        any::<String>().prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let members = prop::collection::vec((prop::sample::select(&NAMES[..]), inner.clone()), 0..4);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::Array),
            members.prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn profile(value: &Value, times: &std::collections::BTreeSet<i64>) -> Profile {
    let mut profile = Profile::new("p1");
    profile.traits.insert("a".to_owned(), Stamped::new(value.clone(), Stamp(Millis(1), 1)));
    profile.counters.insert("a".to_owned(), times.iter().map(|time| Stamp(Millis(*time), 1).into()).collect());
    profile.segments.insert("b".to_owned());
    profile
}

/// Builds a plan of possible nodes: each byte is interpreted so that it fits its operand.
fn plan(nodes: &[[u8; 4]]) -> Plan {
    let mut plan = resources();
    // The last node tests a value or the subject, which decides what can be above it.
    let leaf = plan.push(tables::Node::new(Op::True, [0; 4]));
    let (mut values, mut subjects) = (vec![leaf], vec![leaf]);
    let pick = |nodes: &[Id<tables::Node>], byte: u8| *nodes.get(usize::from(byte) % nodes.len()).unwrap();
    for [op, x, y, z] in nodes {
        let op = Op::from_number(u32::from(*op) % 35).unwrap();
        let (one, low) = (u32::from(*x) % ROWS, u32::from(*x) % (ROWS - 2));
        let tests_value = match op {
            Op::And | Op::Or | Op::Not | Op::True | Op::False => z % 2 == 0,
            Op::Attribute | Op::Segment | Op::Count | Op::Recency | Op::Schedule | Op::Consent | Op::Journey => false,
            _ => true,
        };
        let below = if tests_value { &values } else { &subjects };
        let list = plan.ids(&[pick(below, *x), pick(below, *y)]).words();
        let operands = match op {
            Op::And | Op::Or | Op::All => [list.0, list.1, 0, 0],
            Op::Not | Op::Size | Op::ElemMatch => [pick(below, *x).0, 0, 0, 0],
            Op::Attribute => [u32::from(*x) % 3, pick(&values, *y).0, u32::from(*z) % 3, 0],
            Op::Count | Op::Recency => [0, pick(&values, *y).0, u32::from(*x) * 8, 0],
            Op::Member => [low, 2, pick(&values, *y).0, 0],
            Op::In | Op::Ini => [ROWS + low, 2, 0, 0],
            Op::Schedule => [u32::from(*x) * 8, 0, u32::from(*y) * 8, 0],
            Op::Segment => [one % 2, 0, 0, 0],
            Op::Regex => [0, one, u32::from(*y) % 2, 0],
            Op::Consent => [one, u32::from(*y) % 3, 0, 0],
            Op::Exists => [one % 2, 0, 0, 0],
            // There are no journeys in this plan.
            Op::Journey => continue,
            _ => [one, one, u32::from(*y) % 2, 0],
        };
        let id = plan.push(tables::Node::new(op, operands));
        // Deep and wide conditions are covered by the other tests.
        if id.0.is_multiple_of(2) {
            if tests_value { &mut values } else { &mut subjects }.push(id);
        }
        if id.0.is_multiple_of(12) {
            (values, subjects) = (vec![leaf], vec![leaf]);
        }
    }
    Plan::load(&finish(plan)).unwrap()
}

/// Returns a builder with strings, constants, attributes, segments, a counter and an automaton.
fn resources() -> PlanBuilder {
    let mut plan = PlanBuilder::default();
    let texts = NAMES.map(|name| plan.text(name));
    plan.ids(&texts);
    let constant = |kind: ConstantKind, text, number| tables::Constant { kind, text, number };
    let [a, b, zero, _, id, empty] = texts;
    let constants = [
        constant(ConstantKind::Null, empty, 0.0),
        constant(ConstantKind::Boolean, empty, 1.0),
        constant(ConstantKind::Number, empty, 2.0),
        constant(ConstantKind::String, a, 0.0),
        constant(ConstantKind::String, zero, 0.0),
        constant(ConstantKind::Json, id, 0.0),
    ];
    let constants = constants.map(|constant| plan.push(constant));
    plan.ids(&constants);
    let kinds = [ValueKind::Date, ValueKind::Version, ValueKind::List];
    for ((name, source), kind) in
        [(a, Source::Profile), (b, Source::Request), (id, Source::Request)].into_iter().zip(kinds)
    {
        let path = plan.ids(&[name]);
        let (flags, values) = (AttributeFlags::empty(), Ids::empty());
        plan.push(tables::Attribute { name, path, source, flags, kind, values });
    }
    plan.push(tables::Counter {
        key: a,
        event: b,
        filter: None,
        keep: 5,
        within: Millis(0),
        flags: CounterFlags::empty(),
        property: Ids::empty(),
        once: Ids::empty(),
        fold: Fold::Last,
        carry: 5,
    });
    let node = Id::new(0);
    for (id, flags) in [(a, SegmentFlags::empty()), (b, SegmentFlags::CARRIED)] {
        plan.push(tables::Segment { id, node, flags });
    }
    plan.regex(throughline_compiler::regex::compile("[ab]$", false).unwrap());
    plan
}

fn finish(mut plan: PlanBuilder) -> Vec<u8> {
    let locale = plan.text("en");
    let settings = tables::Settings { locale, ..tables::Settings::none() };
    plan.finish(settings)
}
