//! Whether formulas can be true together.

use std::collections::BTreeMap;

use super::formula::{Formula, Literal, Variable};
use super::history;
use super::values::Values;

/// How many literals are looked at before the answer is that it is not known.
const MAX_WORK: u32 = 20_000;
/// How many alternatives are open at a time.
const MAX_DEPTH: u32 = 200;

/// Whether formulas can be true together.
#[derive(Debug)]
pub enum Answer<'f, 'a> {
    /// They cannot, and this is why; of several reasons one.
    Never(Conflict<'f, 'a>),
    /// As far as is known here, they can.
    Maybe,
    /// There are too many possibilities to say.
    Unknown,
}

/// Literals that cannot be true together.
#[derive(Clone, Debug, Default)]
pub struct Conflict<'f, 'a>(pub Vec<&'f Literal<'a>>);

/// One way in which formulas can be true: what each subject may be then.
pub type Branch<'f, 'a> = BTreeMap<&'f Variable, Solution<'f, 'a>>;

/// What a subject may be.
#[derive(Clone, Debug)]
pub struct Solution<'f, 'a> {
    /// The values left.
    pub values: Values,
    /// What has left them.
    pub literals: Vec<&'f Literal<'a>>,
}

impl<'f, 'a> Conflict<'f, 'a> {
    /// All literals of these.
    #[must_use]
    pub fn of(found: &[&Solution<'f, 'a>]) -> Self {
        Self(found.iter().flat_map(|found| found.literals.iter().copied()).collect())
    }

    /// What contradicts what, as people write it.
    #[must_use]
    pub fn words(&self) -> String {
        let mut words: Vec<String> = self.0.iter().map(|literal| literal.said.words()).collect();
        words.dedup();
        match words.as_slice() {
            [] => "none of its alternatives can hold".to_owned(),
            [one] => format!("nothing satisfies {one}"),
            [first @ .., last] => format!("{} and {last} are mutually exclusive", first.join(", ")),
        }
    }
}

/// Whether the formulas can be true together.
#[must_use]
pub fn solve<'f, 'a>(formulas: &[&'f Formula<'a>]) -> Answer<'f, 'a> {
    search(formulas, &mut |_| true)
}

/// Whether the formulas can certainly be true together: nothing in them is only roughly known where it could matter.
#[must_use]
pub fn overlap(formulas: &[&Formula<'_>]) -> bool {
    let is_sure = |branch: &Branch<'_, '_>| {
        branch.values().all(|found| found.literals.len() == 1 || found.literals.iter().all(|literal| literal.exact))
    };
    let mut found = false;
    search(formulas, &mut |branch| {
        found = is_sure(branch);
        found
    });
    found
}

/// Goes through the ways in which the formulas can be true until one is accepted.
pub fn search<'f, 'a>(formulas: &[&'f Formula<'a>], accept: &mut dyn FnMut(&Branch<'f, 'a>) -> bool) -> Answer<'f, 'a> {
    let mut search = Search { work: 0, depth: 0, conflict: None, accept };
    match search.step(formulas.to_vec(), Vec::new(), Branch::new()) {
        Ok(true) => Answer::Maybe,
        Ok(false) => Answer::Never(search.conflict.unwrap_or_default()),
        Err(TooMuch) => Answer::Unknown,
    }
}

struct TooMuch;

struct Search<'s, 'f, 'a> {
    work: u32,
    depth: u32,
    conflict: Option<Conflict<'f, 'a>>,
    accept: &'s mut dyn FnMut(&Branch<'f, 'a>) -> bool,
}

impl<'f, 'a> Search<'_, 'f, 'a> {
    /// Whether a way is accepted in which all of `open` and one alternative of each of `choices` hold besides `branch`.
    fn step(
        &mut self,
        mut open: Vec<&'f Formula<'a>>,
        mut choices: Vec<&'f [Formula<'a>]>,
        mut branch: Branch<'f, 'a>,
    ) -> Result<bool, TooMuch> {
        while let Some(formula) = open.pop() {
            match formula {
                Formula::All(parts) => open.extend(parts.iter().rev()),
                Formula::Any(parts) => match parts.as_slice() {
                    [only] => open.push(only),
                    several => choices.push(several),
                },
                Formula::Shared(formula) => open.push(formula),
                Formula::Is(literal) => {
                    if !self.add(literal, &mut branch)? {
                        return Ok(false);
                    }
                }
            }
        }
        if let Some(conflict) = history::contradiction(&branch) {
            self.conflict.get_or_insert(conflict);
            return Ok(false);
        }
        // Few alternatives first: none of them may be left.
        let Some((at, _)) = choices.iter().enumerate().min_by_key(|(_, parts)| parts.len()) else {
            return Ok((self.accept)(&branch));
        };
        let parts = choices.swap_remove(at);
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_DEPTH {
            return Err(TooMuch);
        }
        for part in parts {
            if self.step(vec![part], choices.clone(), branch.clone())? {
                return Ok(true);
            }
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(false)
    }

    /// Whether something is left when the literal holds too.
    fn add(&mut self, literal: &'f Literal<'a>, branch: &mut Branch<'f, 'a>) -> Result<bool, TooMuch> {
        self.work = self.work.saturating_add(1);
        if self.work > MAX_WORK {
            return Err(TooMuch);
        }
        let found = branch
            .entry(&literal.subject)
            .and_modify(|found| found.values = found.values.intersect(&literal.values))
            .or_insert_with(|| Solution { values: literal.values.clone(), literals: Vec::new() });
        found.literals.push(literal);
        if found.values.is_empty() {
            let conflict = Conflict::of(&[found]);
            self.conflict.get_or_insert(conflict);
            return Ok(false);
        }
        Ok(true)
    }
}
