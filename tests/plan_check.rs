//! A plan with an unknown number or flag is refused: no reader of a loaded plan needs a default.

use proptest::prelude::*;
use throughline::Plan;
use throughline::internals::plan::row::{FLAG, Kind, Row};
use throughline::internals::plan::tables::{self, Expr, ExprOp, Node, Part, PartKind, SECTIONS};
use throughline::internals::plan::{Op, PlanError};
use throughline_compiler::{Options, Source, compile};

use crate::{generate, support};

/// A word of a plan that only some numbers may be.
#[derive(Clone, Copy, Debug)]
struct CheckedWord {
    section: usize,
    row: usize,
    field: usize,
    kind: Kind,
    /// The offset in bytes.
    at: usize,
}

impl CheckedWord {
    /// Returns the error of a plan with this number in the word, or `None` if the number is known.
    fn error(self, found: u32) -> Option<PlanError> {
        let Self { section, row, field, kind, .. } = self;
        let unknown = PlanError::Unknown { section, row, field, found };
        match kind {
            Kind::Enum(variants) => (found >= variants).then_some(unknown),
            Kind::FlaggedEnum(variants) => (found & !FLAG >= variants).then_some(unknown),
            Kind::Flags(known) => (found & !known != 0).then_some(unknown),
            Kind::Char => char::from_u32(found).is_none().then_some(PlanError::Reference { section, row }),
            _ => None,
        }
    }

    /// Returns unknown numbers: the nearest to the known ones, and the greatest.
    fn unknown(self) -> Vec<u32> {
        match self.kind {
            Kind::Enum(variants) => vec![variants, u32::MAX],
            Kind::FlaggedEnum(variants) => vec![variants, variants | FLAG, u32::MAX],
            Kind::Flags(known) => vec![1 << known.trailing_ones(), 1 << 31, u32::MAX],
            Kind::Char => vec![0xd800, 0x11_0000],
            _ => Vec::new(),
        }
    }
}

fn word_at(plan: &[u8], index: usize) -> usize {
    u32::from_le_bytes(plan[index * 4..index * 4 + 4].try_into().unwrap()) as usize
}

/// Returns the start and the length in bytes of a section.
fn section_of(plan: &[u8], section: usize) -> (usize, usize) {
    (word_at(plan, 4 + section * 2), word_at(plan, 5 + section * 2))
}

/// Returns every word of the plan that only some numbers may be.
fn checked_words(plan: &[u8]) -> Vec<CheckedWord> {
    let mut words = Vec::new();
    for section in 3..SECTIONS {
        let (start, len) = section_of(plan, section);
        let size = Kind::sum(tables::fields(section)) * 4;
        for row in 0..len / size {
            let mut at = start + row * size;
            for (field, kind) in tables::fields(section).iter().copied().enumerate() {
                let word = CheckedWord { section, row, field, kind, at };
                words.extend((!word.unknown().is_empty()).then_some(word));
                at += kind.words() * 4;
            }
        }
    }
    words
}

fn with_word(plan: &[u8], at: usize, number: u32) -> Result<Plan, PlanError> {
    let mut plan = plan.to_vec();
    plan[at..at + 4].copy_from_slice(&number.to_le_bytes());
    Plan::load(&plan)
}

fn compiled(yaml: &str) -> Vec<u8> {
    compile(&[Source::new("rules.yaml", yaml)], Options::default()).plans.unwrap().edge
}

/// A plan with every construct of the rules.
fn everything() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/compiler/tests/rules/everything.yaml");
    compiled(&std::fs::read_to_string(path).unwrap())
}

/// A plan with the constructs that are missing there.
fn others() -> Vec<u8> {
    compiled(
        "
attributes:
  name: { type: string, source: request }
  items: { type: list, source: request }
  campaign: { type: string, source: request, parameter: utm_campaign }
channels: { web: }
slots: { hero: }
campaigns:
  c1:
    class: promo
    slots: { hero: m }
    when:
      $consent: personalization
      name: { $exists: true }
      $local: { weekday: [mon, fri] }
      $first: { event: Page Viewed, property: source, value: partner }
      $last: { event: Page Viewed, property: source, value: partner }
  c2: { class: promo, slots: { hero: m }, when: { campaign: spring } }
  c3: { class: promo, slots: { hero: m }, when: { campaign: summer } }
  c4: { class: promo, slots: { hero: m }, when: { campaign: autumn } }
messages:
  m:
    renditions:
      - channel: web
        html: >-
          {% for x in items %}{{ forloop.index }}{{ x | upcase }}{% endfor %}{% assign y = name %}
          {% capture z %}{{ y | date: '%-d. %B' }}{% endcapture %}{% if name == blank %}{{ z }}{% endif %}
",
    )
}

#[test]
fn every_unknown_number_and_flag_is_refused_and_its_row_is_named() {
    let plans = [everything(), others()];
    for section in 3..SECTIONS {
        let mut found = 0;
        for plan in &plans {
            let words: Vec<CheckedWord> =
                checked_words(plan).into_iter().filter(|word| word.section == section).collect();
            let last = words.last().map_or(0, |word| word.row);
            found += words.len();
            for word in words.into_iter().filter(|word| word.row == 0 || word.row == last) {
                for number in word.unknown() {
                    let error = with_word(plan, word.at, number).unwrap_err();
                    assert_eq!(Some(error), word.error(number), "{word:?}");
                    let row = format!("row {} of section {section}", word.row);
                    assert!(error.to_string().contains(&row), "{error}");
                }
            }
        }
        let is_checked =
            |kind: &Kind| matches!(kind, Kind::Enum(_) | Kind::FlaggedEnum(_) | Kind::Flags(_) | Kind::Char);
        let is_tested = found > 0 || !tables::fields(section).iter().any(is_checked);
        assert!(is_tested, "no row of section {section} is in these plans");
    }
}

#[test]
fn an_unknown_number_among_the_operands_of_a_condition_is_refused() {
    let (everything, others) = (everything(), others());
    for (plan, op, operand, number) in [
        (&others, Op::Exists, 0, 2),
        (&others, Op::Consent, 1, 3),
        (&everything, Op::Journey, 1, 5),
        (&others, Op::Local, 1, 5),
        (&others, Op::First, 2, 2),
        (&others, Op::Last, 2, 2),
    ] {
        let is_op = |row: &Node| row.kind() == op;
        refuse(plan, is_op, 1 + operand, number, |row| PlanError::Node { row });
    }
}

#[test]
fn an_unknown_number_among_the_operands_of_a_template_is_refused() {
    let plan = others();
    for (kind, number) in [(PartKind::Output, 5), (PartKind::For, 64), (PartKind::Assign, 64), (PartKind::Capture, 64)]
    {
        let is_kind = |row: &Part| row.kind == kind;
        refuse(&plan, is_kind, 1, number, |row| PlanError::Template { row });
    }
    for (op, operand, number) in
        [(ExprOp::Attribute, 1, 6), (ExprOp::Loop, 1, 7), (ExprOp::Filter, 0, 42), (ExprOp::Blank, 0, 2)]
    {
        let is_op = |row: &Expr| row.op == op;
        refuse(&plan, is_op, 1 + operand, number, |row| PlanError::Template { row });
    }
}

/// Checks that the plan is refused with this number in a word of the first row that is meant.
#[track_caller]
fn refuse<R: Row + 'static>(
    plan: &[u8],
    is_meant: impl Fn(&R) -> bool,
    word: usize,
    number: u32,
    error: impl Fn(usize) -> PlanError,
) {
    let loaded = Plan::load(plan).unwrap();
    let (id, _) = loaded.rows(loaded.all::<R>()).find(|(_, row)| is_meant(row)).unwrap();
    let at = section_of(plan, R::TABLE).0 + (id.index() * R::WORDS + word) * 4;
    assert_eq!(with_word(plan, at, number).unwrap_err(), error(id.index()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(support::cases(200) as u32))]

    /// In generated plans too, any number in such a word is either known, or refused with an error that names the row.
    #[test]
    fn a_number_is_known_or_refused(seed in 0..100_000_u64, of_features in any::<bool>(), place: prop::sample::Index, number: u32, low in any::<bool>()) {
        let rules = if of_features { generate::features::rules(seed) } else { generate::rules(seed) };
        let plan = support::compile(&rules).edge;
        let word = *place.get(&checked_words(&plan));
        let number = if low { number % 16 } else { number };
        match (with_word(&plan, word.at, number), word.error(number)) {
            (loaded, Some(error)) => prop_assert_eq!(loaded.unwrap_err(), error),
            (loaded, None) => {
                let is_other = !matches!(loaded, Err(PlanError::Unknown { .. }));
                prop_assert!(is_other, "{:?} {}", word, number);
            }
        }
    }
}
