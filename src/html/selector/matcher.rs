//! Matches selectors while elements begin and end.

use super::{Compound, Element, Selector, Step};
use crate::html::tag::Tag;
use crate::html::tree::Open;
use crate::prelude::*;

/// The most steps before the last one of a selector, in all selectors of a page.
const MAX_BITS: u32 = 128;
/// The most types that are counted among the children of one element.
const MAX_TYPES: usize = 64;

/// A step of a selector.
#[derive(Debug)]
struct Node {
    compound: Compound,
    is_child: bool,
    /// The bit of the step before.
    before: Option<u128>,
    /// The meaning of an element that matches: a step before the last one sets its bit, the last one means a target.
    then: Then,
}

#[derive(Clone, Copy, Debug)]
enum Then {
    Bit(u128),
    Target(usize),
}

/// The matches and children of an open element.
#[derive(Clone, Debug, Default)]
struct Level {
    /// The steps that it matches.
    own: u128,
    /// The steps that it or an element around it matches.
    around: u128,
    children: u32,
    types: Vec<(u64, u32)>,
}

/// The selectors of a page.
#[derive(Debug)]
pub(crate) struct Matcher {
    nodes: Vec<Node>,
    /// The document, and the open elements.
    levels: Vec<Level>,
    counts_types: bool,
}

impl Matcher {
    /// Returns a matcher for selectors, each with the target that it finds. What is beyond [`MAX_BITS`] finds nothing.
    pub(crate) fn new<'s>(selectors: impl Iterator<Item = (&'s Selector, usize)>) -> Self {
        let mut matcher = Self { nodes: Vec::new(), levels: vec![Level::default()], counts_types: false };
        let mut bits = 0;
        for (selector, target) in selectors {
            for steps in &selector.alternatives {
                matcher.add(steps, target, &mut bits);
            }
        }
        matcher.counts_types = matcher.nodes.iter().any(|node| node.compound.counts_types());
        matcher
    }

    fn add(&mut self, steps: &[Step], target: usize, bits: &mut u32) {
        let last = steps.len().saturating_sub(1);
        let needed = u32::try_from(last).unwrap_or(u32::MAX);
        if bits.saturating_add(needed) > MAX_BITS {
            return;
        }
        let mut before = None;
        for (index, step) in steps.iter().enumerate() {
            let then = if index == last {
                Then::Target(target)
            } else {
                let bit = 1_u128.checked_shl(*bits).unwrap_or_default();
                *bits = bits.saturating_add(1);
                Then::Bit(bit)
            };
            self.nodes.push(Node { compound: step.compound.clone(), is_child: step.is_child, before, then });
            before = match then {
                Then::Bit(bit) => Some(bit),
                Then::Target(_) => None,
            };
        }
    }

    /// Whether there is nothing to match.
    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Closes all elements but the outermost ones.
    pub(crate) fn close(&mut self, depth: usize) {
        self.levels.truncate(depth.saturating_add(1));
    }

    /// Opens an element that the parser has made without a tag.
    pub(crate) fn open_implied(&mut self, open: &Open, attributes: &[Vec<u8>]) {
        let (level, _) = self.element(open.name, None, attributes);
        self.levels.push(level);
    }

    /// Reads the element of a tag, and opens it unless it is void. Returns the targets that it is.
    pub(crate) fn open(&mut self, tag: &Tag, is_void: bool, attributes: &[Vec<u8>]) -> Vec<usize> {
        let (level, targets) = self.element(tag.hash(), Some(tag), attributes);
        if !is_void {
            self.levels.push(level);
        }
        targets
    }

    fn element(&mut self, name: u64, tag: Option<&Tag>, attributes: &[Vec<u8>]) -> (Level, Vec<usize>) {
        let counts_types = self.counts_types;
        let mut level = Level::default();
        let mut targets = Vec::new();
        let Some(parent) = self.levels.last_mut() else { return (level, targets) };
        parent.children = parent.children.saturating_add(1);
        let number_of_type = if counts_types { parent.count(name) } else { None };
        let element = Element { name, tag, number: parent.children, number_of_type, attributes };
        level.around = parent.around;
        for node in &self.nodes {
            let known = if node.is_child { parent.own } else { parent.around };
            if node.before.is_none_or(|bit| known & bit != 0) && node.compound.matches(&element) {
                match node.then {
                    Then::Bit(bit) => level.own |= bit,
                    Then::Target(target) => targets.push(target),
                }
            }
        }
        level.around |= level.own;
        (level, targets)
    }
}

impl Level {
    /// Counts a child of a type, and returns its number.
    fn count(&mut self, name: u64) -> Option<u32> {
        if let Some((_, count)) = self.types.iter_mut().find(|(known, _)| *known == name) {
            *count = count.saturating_add(1);
            return Some(*count);
        }
        if self.types.len() >= MAX_TYPES {
            return None;
        }
        self.types.push((name, 1));
        Some(1)
    }
}
