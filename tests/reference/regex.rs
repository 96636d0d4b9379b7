//! JavaScript's regular expressions without flags or with `i`, over UTF-16 code units, by backtracking over
//! all paths.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Returns whether the pattern matches anywhere in the string.
pub fn finds(pattern: &str, ignores_case: bool, text: &str) -> bool {
    let mut parser = Parser { pattern: pattern.encode_utf16().collect(), at: 0, ignores_case };
    let tree = parser.alternatives();
    let text: Vec<u16> = text.encode_utf16().collect();
    (0..=text.len()).any(|start| !tree.ends(&text, start).is_empty())
}

/// A test of a code unit.
type Test = Box<dyn Fn(u16) -> bool>;

enum Tree {
    /// Alternatives.
    Any(Vec<Tree>),
    /// A sequence.
    All(Vec<Tree>),
    /// A repetition between two bounds.
    Repeat(Box<Tree>, usize, usize),
    /// One code unit.
    Unit(Test),
    Start,
    End,
    /// A word boundary, or its absence.
    Edge(bool),
}

impl Tree {
    /// Returns all ends of a match that begins at `start`.
    fn ends(&self, text: &[u16], start: usize) -> BTreeSet<usize> {
        let here = BTreeSet::from([start]);
        let after = |part: &Self, starts: &BTreeSet<usize>| -> BTreeSet<usize> {
            starts.iter().flat_map(|start| part.ends(text, *start)).collect()
        };
        let only_if = |holds: bool, at: usize| if holds { BTreeSet::from([at]) } else { BTreeSet::new() };
        match self {
            Self::Any(parts) => parts.iter().flat_map(|part| part.ends(text, start)).collect(),
            Self::All(parts) => parts.iter().fold(here, |starts, part| after(part, &starts)),
            Self::Repeat(part, least, most) => {
                let mut ends = only_if(*least == 0, start);
                let mut starts = here;
                for count in 1..=*most.min(&(least + text.len())) {
                    starts = after(part, &starts);
                    if count >= *least {
                        ends.extend(&starts);
                    }
                }
                ends
            }
            Self::Unit(is_it) => only_if(text.get(start).is_some_and(|unit| is_it(*unit)), start + 1),
            Self::Start => only_if(start == 0, start),
            Self::End => only_if(start == text.len(), start),
            Self::Edge(is_edge) => {
                let is_word = |at: usize| text.get(at).is_some_and(|unit| is_in_class('w', *unit));
                only_if((is_word(start) != (start > 0 && is_word(start - 1))) == *is_edge, start)
            }
        }
    }
}

struct Parser {
    pattern: Vec<u16>,
    at: usize,
    ignores_case: bool,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        Some(char::from_u32(u32::from(*self.pattern.get(self.at)?)).unwrap_or('\u{fffd}'))
    }

    fn eat(&mut self, wanted: &str) -> bool {
        let wanted: Vec<u16> = wanted.encode_utf16().collect();
        let found = self.pattern[self.at..].starts_with(&wanted);
        self.at += if found { wanted.len() } else { 0 };
        found
    }

    fn unit(&mut self) -> u16 {
        self.at += 1;
        self.pattern[self.at - 1]
    }

    fn alternatives(&mut self) -> Tree {
        let mut parts = vec![self.sequence()];
        while self.eat("|") {
            parts.push(self.sequence());
        }
        Tree::Any(parts)
    }

    fn sequence(&mut self) -> Tree {
        let mut parts = Vec::new();
        while self.peek().is_some_and(|c| c != '|' && c != ')') {
            let atom = self.atom();
            parts.push(self.repeated(atom));
        }
        Tree::All(parts)
    }

    fn repeated(&mut self, atom: Tree) -> Tree {
        let (least, most) = match self.peek() {
            Some('*') => (0, usize::MAX),
            Some('+') => (1, usize::MAX),
            Some('?') => (0, 1),
            Some('{') => {
                let rest = String::from_utf16_lossy(&self.pattern[self.at + 1..]);
                let (counts, _) = rest.split_once('}').unwrap();
                self.at += counts.len() + 1;
                let (least, most) = counts.split_once(',').unwrap_or((counts, counts));
                (least.parse().unwrap(), most.parse().unwrap_or(usize::MAX))
            }
            _ => return atom,
        };
        self.at += 1;
        // Greedy or lazy makes no difference to whether there is a match.
        self.eat("?");
        Tree::Repeat(Box::new(atom), least, most)
    }

    fn atom(&mut self) -> Tree {
        if self.eat("(?:") || self.eat("(") {
            let inner = self.alternatives();
            assert!(self.eat(")"), "a group is not closed");
            return inner;
        }
        for (written, tree) in
            [("^", Tree::Start), ("$", Tree::End), ("\\b", Tree::Edge(true)), ("\\B", Tree::Edge(false))]
        {
            if self.eat(written) {
                return tree;
            }
        }
        if self.eat(".") {
            return Tree::Unit(Box::new(|unit| !is_in_class('n', unit)));
        }
        let (is_negated, mut tests) = (self.eat("[^"), Vec::new());
        if is_negated || self.eat("[") {
            while !self.eat("]") {
                tests.push(self.member(true));
            }
        } else {
            tests.push(self.member(false));
        }
        let ignores_case = self.ignores_case;
        Tree::Unit(Box::new(move |unit| {
            let is_member = |unit: u16| tests.iter().any(|test| test(unit));
            let found = if ignores_case { alike(unit).into_iter().any(is_member) } else { is_member(unit) };
            found != is_negated
        }))
    }

    /// Parses one unit, a range of units, or a class.
    fn member(&mut self, is_in_brackets: bool) -> Test {
        if self.eat("\\u") {
            self.at += 4;
            let digits = String::from_utf16_lossy(&self.pattern[self.at - 4..self.at]);
            let wanted = u16::from_str_radix(&digits, 16).unwrap();
            return Box::new(move |unit| unit == wanted);
        }
        let is_escaped = self.eat("\\");
        let letter = self.peek().unwrap();
        let first = self.unit();
        if is_escaped && letter.is_ascii_alphabetic() {
            return Box::new(move |unit| is_in_class(letter.to_ascii_lowercase(), unit) == letter.is_lowercase());
        }
        let last = if is_in_brackets && self.eat("-") { self.unit() } else { first };
        Box::new(move |unit| (first..=last).contains(&unit))
    }
}

/// Returns whether a unit is a digit, a word character, a space, or (`n`) the end of a line.
fn is_in_class(class: char, unit: u16) -> bool {
    let Some(c) = char::from_u32(u32::from(unit)) else { return false };
    match class {
        'd' => c.is_ascii_digit(),
        'w' => c.is_ascii_alphanumeric() || c == '_',
        's' => c.is_whitespace() && c != '\u{85}' || c == '\u{feff}',
        'n' => ['\n', '\r', '\u{2028}', '\u{2029}'].contains(&c),
        other => panic!("the model does not know the class `{other}`"),
    }
}

/// Returns the units that differ from this one in case only, and itself.
fn alike(unit: u16) -> Vec<u16> {
    static BY_UPPER: LazyLock<BTreeMap<u16, Vec<u16>>> = LazyLock::new(|| {
        let mut out: BTreeMap<u16, Vec<u16>> = BTreeMap::new();
        for unit in 0..=u16::MAX {
            out.entry(upper(unit)).or_default().push(unit);
        }
        out
    });
    BY_UPPER[&upper(unit)].clone()
}

/// Returns ECMA-262's Canonicalize: upper case, if that is one unit, and does not map another character to
/// ASCII.
fn upper(unit: u16) -> u16 {
    let Some(c) = char::from_u32(u32::from(unit)) else { return unit };
    let upper: Vec<u16> = c.to_uppercase().to_string().encode_utf16().collect();
    if upper.len() != 1 || (unit >= 128 && upper[0] < 128) { unit } else { upper[0] }
}
