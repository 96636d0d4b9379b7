//! The solver: whether formulas can hold together.

use super::branch::{Branch, Conflict, Solution, contradiction};
use super::formula::{Formula, Literal};

/// The number of literals after which the answer is unknown.
const MAX_WORK: u32 = 20_000;
/// The maximum number of open alternatives.
const MAX_DEPTH: u32 = 200;

/// The answer to whether formulas can hold together.
#[derive(Debug)]
pub enum Answer<'f, 'a> {
    /// They cannot; one of possibly several conflicts is the reason.
    Never(Conflict<'f, 'a>),
    /// They may.
    Maybe,
    /// The search was too large to tell.
    Unknown,
}

/// Returns whether the formulas can hold together.
#[must_use]
pub fn solve<'f, 'a>(formulas: &[&'f Formula<'a>]) -> Answer<'f, 'a> {
    search(formulas, &mut |_| true)
}

/// Returns whether the formulas certainly can hold together: no over-approximation affects the result.
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

/// Searches the assignments that satisfy the formulas until one is accepted.
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
    /// Returns whether an assignment is accepted in which `open` and one alternative of each of `choices`
    /// hold, in addition to `branch`.
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
        if let Some(conflict) = contradiction(&branch) {
            self.conflict.get_or_insert(conflict);
            return Ok(false);
        }
        // The choice with the fewest alternatives first, because all of them may fail.
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

    /// Adds a literal; returns whether values remain.
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
