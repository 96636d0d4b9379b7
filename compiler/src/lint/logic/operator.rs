//! The values that satisfy an operator, and those that do not.

use throughline::Value;
use throughline::internals::json::ValueRef;
use throughline::internals::plan::Op;

use super::ranges::Ranges;
use super::values::{Number, Text, Values};
use crate::condition::tree::Operator;

/// The values that satisfy an operator and those that do not; together they are all values.
///
/// What cannot be said is in both.
#[derive(Clone, Debug)]
pub struct Test {
    /// At least those that satisfy it.
    pub holds: Values,
    /// At least those that do not.
    pub fails: Values,
}

/// For each kind of value, whether it satisfies the operator or which values do; `None` where that is unknown.
#[derive(Default)]
struct KnownOperand {
    null: Option<bool>,
    no: Option<bool>,
    yes: Option<bool>,
    numbers: Option<Ranges<Number>>,
    texts: Option<Ranges<Text>>,
    other: Option<bool>,
}

impl Test {
    /// The test of an operator; none for one that is opaque.
    #[must_use]
    pub fn new(operator: &Operator<'_>) -> Option<Self> {
        let known = match operator {
            Operator::Compare(Op::Eq, value) => identical(core::slice::from_ref(value)),
            Operator::Compare(Op::Ne, value) => return Some(identical(core::slice::from_ref(value)).test().negated()),
            Operator::Compare(Op::Lt, value) => relation(value, |order| order.is_lt()),
            Operator::Compare(Op::Lte, value) => relation(value, |order| order.is_le()),
            Operator::Compare(Op::Gt, value) => relation(value, |order| order.is_gt()),
            Operator::Compare(Op::Gte, value) => relation(value, |order| order.is_ge()),
            Operator::Compare(_, value) => bare(value),
            Operator::FromNow(op, length) => {
                return Self::new(&Operator::Compare(*op, Value::Number(*length)));
            }
            Operator::Among { values, ignore_case, negated } => {
                let known = identical(values);
                let is_vague = *ignore_case && !values.is_empty();
                let test = if is_vague { KnownOperand { texts: None, ..known } } else { known }.test();
                return Some(if *negated { test.negated() } else { test });
            }
            Operator::Exists(holds) => exists(*holds),
            Operator::Type(name) => of_type(name),
            Operator::Size(_) | Operator::All(_) | Operator::ElemMatch(_) => {
                KnownOperand { other: None, ..KnownOperand::nothing() }
            }
            Operator::Regex { .. } => KnownOperand { null: Some(false), ..KnownOperand::default() },
            Operator::InCidr { negated, .. } | Operator::InHashed { negated, .. } => {
                let known = KnownOperand { null: Some(false), ..KnownOperand::default() };
                return Some(if *negated { known.test().negated() } else { known.test() });
            }
            Operator::InGroup { .. } | Operator::IgnoreCase(_) | Operator::Version { .. } => return None,
        };
        Some(known.test())
    }

    fn negated(self) -> Self {
        Self { holds: self.fails, fails: self.holds }
    }
}

impl KnownOperand {
    /// No value satisfies it.
    const fn nothing() -> Self {
        Self {
            null: Some(false),
            no: Some(false),
            yes: Some(false),
            numbers: Some(Ranges::none()),
            texts: Some(Ranges::none()),
            other: Some(false),
        }
    }

    fn test(self) -> Test {
        let is = |known: Option<bool>, wanted| known.is_none_or(|known| known == wanted);
        let (numbers, texts) = (self.numbers.as_ref(), self.texts.as_ref());
        let values = |wanted| Values {
            null: is(self.null, wanted),
            no: is(self.no, wanted),
            yes: is(self.yes, wanted),
            other: is(self.other, wanted),
            numbers: numbers.map_or_else(Ranges::all, |set| if wanted { set.clone() } else { set.complement() }),
            texts: texts.map_or_else(Ranges::all, |set| if wanted { set.clone() } else { set.complement() }),
        };
        Test { holds: values(true), fails: values(false) }
    }
}

/// `===` with one of these; a list is searched, so what it has cannot be said.
fn identical(values: &[Value]) -> KnownOperand {
    let has = |wanted: &Value| Some(values.contains(wanted));
    let numbers = values.iter().filter_map(|value| value.as_f64().map(Number::new));
    let texts = values.iter().filter_map(|value| value.as_str().map(|text| Text(text.to_owned())));
    KnownOperand {
        null: has(&Value::Null),
        no: has(&Value::Bool(false)),
        yes: has(&Value::Bool(true)),
        numbers: Some(Ranges::points(numbers)),
        texts: Some(Ranges::points(texts)),
        other: values.is_empty().then_some(false),
    }
}

/// `<` and its like: two texts are compared as texts, everything else as numbers. What is missing does not compare.
fn relation(operand: &Value, holds: fn(core::cmp::Ordering) -> bool) -> KnownOperand {
    let number = ValueRef::from(operand).to_number();
    let is_number = matches!(operand, Value::Number(_));
    // A boolean is not a number, but it is converted to one beside other constants.
    let single = |value: f64| Some(!is_number && value.partial_cmp(&number).is_some_and(holds));
    let numbers = if number.is_nan() { Ranges::none() } else { compared(Number::new(number), holds) };
    let texts = operand.as_str().map(|text| compared(Text(text.to_owned()), holds));
    let other = if is_number { Some(false) } else { None };
    KnownOperand { null: Some(false), no: single(0.0), yes: single(1.0), numbers: Some(numbers), texts, other }
}

/// The values that compare so with one.
fn compared<T: Ord + Clone>(value: T, holds: fn(core::cmp::Ordering) -> bool) -> Ranges<T> {
    use core::cmp::Ordering::{Equal, Greater, Less};
    let with = holds(Equal);
    match (holds(Less), holds(Greater)) {
        (true, _) => Ranges::below(value, with),
        (_, true) => Ranges::above(value, with),
        _ => Ranges::all(),
    }
}

fn exists(exists: bool) -> KnownOperand {
    let some = Some(exists);
    let (numbers, texts) = if exists { (Ranges::all(), Ranges::all()) } else { (Ranges::none(), Ranges::none()) };
    KnownOperand { null: Some(!exists), no: some, yes: some, numbers: Some(numbers), texts: Some(texts), other: some }
}

fn of_type(name: &str) -> KnownOperand {
    let is = |kind: &str| Some(name == kind);
    let other = if matches!(name, "array" | "object") { None } else { Some(false) };
    KnownOperand {
        null: is("null"),
        no: is("boolean"),
        yes: is("boolean"),
        numbers: Some(if name == "number" { Ranges::all() } else { Ranges::none() }),
        texts: Some(if name == "string" { Ranges::all() } else { Ranges::none() }),
        other,
    }
}

/// A bare value: what it is compared with is converted to its type first.
fn bare(operand: &Value) -> KnownOperand {
    match operand {
        Value::Null => KnownOperand { null: Some(true), ..KnownOperand::nothing() },
        // Texts such as `yes` and `7` are read as the constant's type.
        Value::Bool(wanted) => KnownOperand {
            no: Some(!wanted),
            yes: Some(*wanted),
            numbers: Some(Ranges::point(Number::new(f64::from(u8::from(*wanted))))),
            texts: None,
            ..KnownOperand::nothing()
        },
        Value::Number(number) => {
            KnownOperand { numbers: Some(Ranges::point(Number::new(*number))), texts: None, ..KnownOperand::nothing() }
        }
        Value::String(text) => {
            // Of all numbers only the one that the text stands for can be written like the text.
            let number = ValueRef::Text(text).to_number();
            let is_written = !number.is_nan() && ValueRef::Number(number).to_text() == text.as_str();
            KnownOperand {
                null: Some(false),
                no: Some(text == "false"),
                yes: Some(text == "true"),
                numbers: Some(if is_written { Ranges::point(Number::new(number)) } else { Ranges::none() }),
                texts: Some(Ranges::point(Text(text.clone()))),
                other: None,
            }
        }
        Value::Array(_) | Value::Object(_) => KnownOperand { other: None, ..KnownOperand::nothing() },
    }
}
