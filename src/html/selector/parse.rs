//! Reads selectors: <https://www.w3.org/TR/selectors-4/#grammar>.

use super::compound::{Compound, Operator, Test, Value};
use super::{SelectorError, Step};
use crate::html::scanner::MAX_ATTRIBUTE;
use crate::html::tag::name_hash;
use crate::prelude::*;

/// The deepest nesting of `:not(…)`.
const MAX_NOT: usize = 4;

pub(super) type Parsed<T> = Result<T, SelectorError>;

/// A reader of one selector list.
pub(super) struct Parser<'s> {
    pub text: &'s str,
    pub at: usize,
    depth: usize,
}

impl<'s> Parser<'s> {
    pub(super) const fn new(text: &'s str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    /// Reads the whole text.
    pub(super) fn list(mut self) -> Parsed<Vec<Vec<Step>>> {
        let mut alternatives = Vec::new();
        loop {
            self.skip_space();
            alternatives.push(self.complex()?);
            match self.peek() {
                None => return Ok(alternatives),
                Some(',') => self.bump(),
                Some(found) => return Err(self.unexpected(found)),
            }
        }
    }

    fn complex(&mut self) -> Parsed<Vec<Step>> {
        let mut steps = vec![Step { is_child: false, compound: self.compound()? }];
        loop {
            let has_space = self.skip_space();
            let is_child = match self.peek() {
                Some('>') => {
                    self.bump();
                    self.skip_space();
                    true
                }
                None | Some(',' | ')') => return Ok(steps),
                Some(found @ ('+' | '~' | '|')) => return Err(self.unsupported(&format!("`{found}`"))),
                Some(_) if has_space => false,
                Some(found) => return Err(self.unexpected(found)),
            };
            steps.push(Step { is_child, compound: self.compound()? });
        }
    }

    fn compound(&mut self) -> Parsed<Compound> {
        let start = self.at;
        let mut compound = Compound::default();
        match self.peek() {
            Some('*') => self.bump(),
            Some(_) if self.is_name_start() => {
                compound.name = Some(name_hash(self.name()?.to_ascii_lowercase().as_bytes()));
            }
            _ => {}
        }
        loop {
            match self.peek() {
                Some('#') => {
                    self.bump();
                    let text = self.name()?.into_bytes();
                    compound.tests.push(attribute("id", Operator::Equals, text));
                }
                Some('.') => {
                    self.bump();
                    let text = self.name()?.into_bytes();
                    compound.tests.push(attribute("class", Operator::Includes, text));
                }
                Some('[') => compound.tests.push(self.attribute()?),
                Some(':') => compound.tests.push(self.pseudo()?),
                Some('|') => return Err(self.unsupported("a namespace")),
                _ if self.at > start => return Ok(compound),
                Some(found) => return Err(self.unexpected(found)),
                None => return Err(self.error("a selector is missing".to_owned())),
            }
        }
    }

    fn attribute(&mut self) -> Parsed<Test> {
        self.bump();
        self.skip_space();
        let name = self.name()?.to_ascii_lowercase().into_bytes();
        if name.len() > MAX_ATTRIBUTE {
            return Err(self.error(format!("the name of the attribute is longer than {MAX_ATTRIBUTE} bytes")));
        }
        self.skip_space();
        let operator = match self.peek() {
            Some(']') => {
                self.bump();
                return Ok(Test::Attribute { name, value: None, is_caseless: None });
            }
            Some('=') => Operator::Equals,
            Some('~') => Operator::Includes,
            Some('|') => Operator::Dashes,
            Some('^') => Operator::Begins,
            Some('$') => Operator::Ends,
            Some('*') => Operator::Contains,
            found => return Err(self.wanted("an operator or `]`", found)),
        };
        self.bump();
        if operator != Operator::Equals {
            self.expect('=')?;
        }
        self.skip_space();
        let text = match self.peek() {
            Some(quote @ ('"' | '\'')) => self.string(quote)?,
            _ => self.name()?,
        };
        self.skip_space();
        let is_caseless = match self.peek() {
            Some('i' | 'I') => Some(true),
            Some('s' | 'S') => Some(false),
            _ => None,
        };
        if is_caseless.is_some() {
            self.bump();
            self.skip_space();
        }
        self.expect(']')?;
        Ok(Test::Attribute { name, value: Some(Value { operator, text: text.into_bytes() }), is_caseless })
    }

    fn pseudo(&mut self) -> Parsed<Test> {
        let start = self.at;
        self.bump();
        let name = if self.is_name_start() { self.name()?.to_ascii_lowercase() } else { String::new() };
        let number = |step, offset, of_type| Test::Number { step, offset, of_type };
        match (name.as_str(), self.peek()) {
            ("first-child", _) => Ok(number(0, 1, false)),
            ("first-of-type", _) => Ok(number(0, 1, true)),
            ("nth-child" | "nth-of-type", Some('(')) => {
                self.bump();
                let (step, offset) = self.series()?;
                Ok(number(step, offset, name == "nth-of-type"))
            }
            ("not", Some('(')) if self.depth < MAX_NOT => {
                self.bump();
                self.depth = self.depth.saturating_add(1);
                let inner = self.negated()?;
                self.depth = self.depth.saturating_sub(1);
                Ok(Test::Not(inner))
            }
            _ => {
                self.at = start;
                Err(self.unsupported(&format!("`:{name}`")))
            }
        }
    }

    /// Reads the compounds of `:not(…)`, and its closing parenthesis.
    fn negated(&mut self) -> Parsed<Vec<Compound>> {
        let mut inner = Vec::new();
        loop {
            self.skip_space();
            inner.push(self.compound()?);
            self.skip_space();
            match self.peek() {
                Some(',') => self.bump(),
                Some(')') => {
                    self.bump();
                    return Ok(inner);
                }
                None => return Err(self.wanted("`)`", None)),
                Some(_) => return Err(self.unsupported("a combinator in `:not(…)`")),
            }
        }
    }

    /// Reads `odd`, `even`, `3` or `2n + 1`, and the closing parenthesis.
    fn series(&mut self) -> Parsed<(i32, i32)> {
        let start = self.at;
        let length = self.rest().find(')').unwrap_or(self.rest().len());
        let text = self.rest().get(..length).unwrap_or_default().trim().to_ascii_lowercase();
        self.at = self.at.saturating_add(length);
        self.expect(')')?;
        let found = match text.as_str() {
            "odd" => Some((2, 1)),
            "even" => Some((2, 0)),
            text => match text.split_once('n') {
                None => integer(text).map(|offset| (0, offset)),
                Some((step, offset)) => coefficient(step).zip(addend(offset)),
            },
        };
        found.ok_or_else(|| {
            self.at = start;
            self.unsupported(&format!("`{text}`"))
        })
    }
}

fn attribute(name: &str, operator: Operator, text: Vec<u8>) -> Test {
    let value = Some(Value { operator, text });
    Test::Attribute { name: name.as_bytes().to_vec(), value, is_caseless: Some(false) }
}

/// Returns the factor before `n`: nothing, a sign, or a whole number.
fn coefficient(text: &str) -> Option<i32> {
    match text {
        "" | "+" => Some(1),
        "-" => Some(-1),
        text => integer(text),
    }
}

/// Returns what is added after `n`, such as ` + 1`.
fn addend(text: &str) -> Option<i32> {
    let text = text.trim();
    if text.is_empty() {
        return Some(0);
    }
    let (sign, digits) = text.split_at_checked(1).filter(|(sign, _)| matches!(*sign, "+" | "-"))?;
    let digits = digits.trim_start();
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    integer(&format!("{sign}{digits}")).filter(|_| is_number)
}

fn integer(text: &str) -> Option<i32> {
    text.parse().ok()
}
