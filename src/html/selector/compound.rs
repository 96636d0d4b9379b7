//! One element of a selector, such as `p.intro[lang]`.

use crate::html::scanner::is_space;
use crate::html::tag::Tag;
use crate::prelude::*;

/// Attributes of HTML whose values are compared without regard to case.
///
/// Source: <https://html.spec.whatwg.org/multipage/semantics-other.html#case-sensitivity-of-selectors>.
const CASELESS: &str = " accept accept-charset align alink axis bgcolor charset checked clear codetype color compact \
                        declare defer dir direction disabled enctype face frame hreflang http-equiv lang language link \
                        media method multiple nohref noresize noshade nowrap readonly rel rev rules scope scrolling \
                        selected shape target text type valign valuetype vlink ";

/// The conditions on one element.
#[derive(Clone, Debug, Default)]
pub(crate) struct Compound {
    /// The hash of its lower-case name.
    pub name: Option<u64>,
    /// All of these must hold.
    pub tests: Vec<Test>,
}

/// A condition on an element.
#[derive(Clone, Debug)]
pub(crate) enum Test {
    /// The attribute is there, and its value is so.
    Attribute { name: Vec<u8>, value: Option<Value>, is_caseless: Option<bool> },
    /// Its number among its siblings, or among those of its type, is `step * n + offset`.
    Number { step: i32, offset: i32, of_type: bool },
    /// None of these matches.
    Not(Vec<Compound>),
}

/// A condition on the value of an attribute.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    /// How it is compared.
    pub operator: Operator,
    /// The text that it is compared with.
    pub text: Vec<u8>,
}

/// The operators `=`, `~=`, `|=`, `^=`, `$=` and `*=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equals,
    Includes,
    Dashes,
    Begins,
    Ends,
    Contains,
}

/// An element as selectors see it.
pub(crate) struct Element<'t> {
    /// The hash of its name.
    pub name: u64,
    /// Its tag, unless the parser has made it without one.
    pub tag: Option<&'t Tag>,
    /// Its number among its siblings.
    pub number: u32,
    /// Its number among the siblings of its type, if that is known.
    pub number_of_type: Option<u32>,
    /// The names of the attributes that tags keep.
    pub attributes: &'t [Vec<u8>],
}

impl Element<'_> {
    fn value(&self, name: &[u8]) -> Option<&[u8]> {
        let index = self.attributes.iter().position(|known| known == name)?;
        self.tag?.value(index)
    }

    fn has(&self, name: &[u8]) -> bool {
        let index = self.attributes.iter().position(|known| known == name);
        index.zip(self.tag).is_some_and(|(index, tag)| tag.has(index))
    }
}

impl Compound {
    /// Whether the element matches.
    pub(crate) fn matches(&self, element: &Element<'_>) -> bool {
        self.name.is_none_or(|name| name == element.name) && self.tests.iter().all(|test| test.holds(element))
    }

    /// Adds the names of the attributes that are asked for.
    pub(crate) fn attributes(&self, out: &mut Vec<Vec<u8>>) {
        for test in &self.tests {
            match test {
                Test::Attribute { name, .. } if !out.contains(name) => out.push(name.clone()),
                Test::Not(inner) => inner.iter().for_each(|compound| compound.attributes(out)),
                _ => {}
            }
        }
    }

    /// Whether siblings of one type are counted.
    pub(crate) fn counts_types(&self) -> bool {
        self.tests.iter().any(|test| match test {
            Test::Number { of_type, .. } => *of_type,
            Test::Not(inner) => inner.iter().any(Self::counts_types),
            Test::Attribute { .. } => false,
        })
    }
}

impl Test {
    fn holds(&self, element: &Element<'_>) -> bool {
        match self {
            Self::Attribute { name, value: None, .. } => element.has(name),
            Self::Attribute { name, value: Some(wanted), is_caseless } => {
                let is_caseless = is_caseless.unwrap_or_else(|| is_caseless_by_html(name));
                element.value(name).is_some_and(|found| wanted.holds(found, is_caseless))
            }
            Self::Number { step, offset, of_type } => {
                let number = if *of_type { element.number_of_type } else { Some(element.number) };
                number.is_some_and(|number| is_in_series(number, *step, *offset))
            }
            Self::Not(inner) => !inner.iter().any(|compound| compound.matches(element)),
        }
    }
}

fn is_caseless_by_html(name: &[u8]) -> bool {
    CASELESS.split(' ').any(|known| known.as_bytes() == name)
}

/// Whether there is an `n` from 0 on with `step * n + offset == number`.
fn is_in_series(number: u32, step: i32, offset: i32) -> bool {
    let difference = i64::from(number).saturating_sub(i64::from(offset));
    match i64::from(step) {
        0 => difference == 0,
        step => difference.checked_rem(step) == Some(0) && difference.checked_div(step).is_some_and(|n| n >= 0),
    }
}

impl Value {
    fn holds(&self, found: &[u8], is_caseless: bool) -> bool {
        let wanted = &self.text[..];
        let same = |part: &[u8]| if is_caseless { part.eq_ignore_ascii_case(wanted) } else { part == wanted };
        let length = wanted.len();
        match self.operator {
            Operator::Equals => same(found),
            Operator::Includes => found.split(|byte| is_space(*byte)).any(|word| !word.is_empty() && same(word)),
            Operator::Dashes => {
                same(found) || (found.get(length) == Some(&b'-') && found.get(..length).is_some_and(same))
            }
            _ if length == 0 => false,
            Operator::Begins => found.get(..length).is_some_and(same),
            Operator::Ends => found.len().checked_sub(length).and_then(|at| found.get(at..)).is_some_and(same),
            Operator::Contains => found.windows(length).any(same),
        }
    }
}
