//! Parses patterns as ECMA-262 (<https://tc39.es/ecma262/#sec-patterns>) and its Annex B define them, without
//! flags or with `i`.
//!
//! The parser of `regex-syntax` is for Rust's language, so only its HIR is used. The same pattern means
//! different things:
//!
//! - `\d` is Unicode in Rust and ASCII in JavaScript.
//! - `[a&&b]` is an intersection in Rust and three characters in JavaScript.
//! - `{` and `\1` are errors in Rust; by Annex B they are a literal and an octal escape.
//!
//! Patterns of pages and of GrowthBook must mean what `new RegExp` means. Building the HIR directly leaves
//! the compilation to automata to the library.

use regex_syntax::hir::{Class, ClassUnicode, Hir, Look, Repetition};
use throughline::internals::plan::automaton::unit;

use super::RegexError;
use super::{case, class};

/// The maximum nesting of groups.
const MAX_DEPTH: usize = 50;

/// Parses a pattern to its syntax tree.
pub(super) fn parse(pattern: &str, ignore_case: bool) -> Result<Hir, RegexError> {
    let chars: Vec<char> = pattern.encode_utf16().map(unit).collect();
    let (groups, has_names) = count_groups(&chars);
    let mut parser = Parser { chars, at: 0, depth: 0, groups, has_names, ignore_case };
    let tree = parser.alternatives()?;
    match parser.peek() {
        None => Ok(tree),
        Some(_) => Err(parser.problem(parser.at, "unmatched `)`")),
    }
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    depth: usize,
    groups: u32,
    has_names: bool,
    ignore_case: bool,
}

/// A member of a class, or an end of a range in it.
enum Member {
    Char(char),
    Class(ClassUnicode),
    /// The end of the pattern.
    Nothing,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at.saturating_add(ahead)).copied()
    }

    fn advance(&mut self, by: usize) {
        self.at = self.at.saturating_add(by);
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.advance(1);
        next
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = text.chars().enumerate().all(|(ahead, c)| self.peek_at(ahead) == Some(c));
        if found {
            self.advance(text.chars().count());
        }
        found
    }

    #[expect(clippy::unused_self, reason = "reads as a sentence where it is used")]
    const fn problem(&self, at: usize, problem: &'static str) -> RegexError {
        RegexError::Syntax { at, problem }
    }

    fn alternatives(&mut self) -> Result<Hir, RegexError> {
        let mut alternatives = vec![self.sequence()?];
        while self.eat("|") {
            alternatives.push(self.sequence()?);
        }
        Ok(Hir::alternation(alternatives))
    }

    fn sequence(&mut self) -> Result<Hir, RegexError> {
        let mut terms = Vec::new();
        while let Some(c) = self.peek().filter(|c| !matches!(c, '|' | ')')) {
            terms.push(self.term(c)?);
        }
        Ok(Hir::concat(terms))
    }

    fn term(&mut self, first: char) -> Result<Hir, RegexError> {
        let assertion = self.assertion(first);
        let start = self.at;
        if let Some(look) = assertion {
            return match self.quantifier()? {
                Some(_) => Err(self.problem(start, "nothing to repeat")),
                None => Ok(Hir::look(look)),
            };
        }
        if matches!(first, '*' | '+' | '?') || self.quantifier()?.is_some() {
            return Err(self.problem(start, "nothing to repeat"));
        }
        let atom = self.atom(first)?;
        Ok(match self.quantifier()? {
            Some((min, max)) => Hir::repetition(Repetition { min, max, greedy: true, sub: Box::new(atom) }),
            None => atom,
        })
    }

    fn assertion(&mut self, first: char) -> Option<Look> {
        let (look, length) = match (first, self.peek_at(1)) {
            ('^', _) => (Look::Start, 1),
            ('$', _) => (Look::End, 1),
            ('\\', Some('b')) => (Look::WordAscii, 2),
            ('\\', Some('B')) => (Look::WordAsciiNegate, 2),
            _ => return None,
        };
        self.advance(length);
        Some(look)
    }

    fn atom(&mut self, first: char) -> Result<Hir, RegexError> {
        match first {
            '(' => self.group(),
            '[' => self.class(),
            '.' => {
                self.advance(1);
                Ok(Hir::class(Class::Unicode(class::dot())))
            }
            '\\' => {
                let start = self.at;
                self.advance(1);
                if self.is_back_reference() {
                    return Err(RegexError::BackReference { at: start });
                }
                let member = self.escape(start, false)?;
                Ok(self.hir(member))
            }
            other => {
                self.advance(1);
                Ok(self.hir(Member::Char(other)))
            }
        }
    }

    fn group(&mut self) -> Result<Hir, RegexError> {
        let start = self.at;
        self.advance(1);
        if ["?=", "?!", "?<=", "?<!"].into_iter().any(|look| self.eat(look)) {
            return Err(RegexError::LookAround { at: start });
        }
        if self.eat("?<") {
            while self.peek().is_some_and(|c| c != '>') {
                self.advance(1);
            }
            if !self.eat(">") {
                return Err(self.problem(start, "unclosed group name"));
            }
        } else if !self.eat("?:") && self.peek() == Some('?') {
            if self.peek_at(1).is_some_and(|flag| "imsux-".contains(flag)) {
                return Err(RegexError::Flags { at: start });
            }
            return Err(self.problem(start, "unknown group syntax"));
        }
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_DEPTH {
            return Err(RegexError::TooLarge);
        }
        let inner = self.alternatives()?;
        self.depth = self.depth.saturating_sub(1);
        if self.eat(")") { Ok(inner) } else { Err(self.problem(start, "unclosed `(`")) }
    }

    /// Parses the bounds of a quantifier, if there is one here. A `{` that begins none is an ordinary
    /// character.
    fn quantifier(&mut self) -> Result<Option<(u32, Option<u32>)>, RegexError> {
        let start = self.at;
        let counts = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => match self.braces() {
                Some(counts) => counts,
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        self.advance(1);
        // Greedy or lazy makes no difference to whether there is a match.
        let _lazy = self.eat("?");
        match counts {
            (min, Some(max)) if min > max => Err(self.problem(start, "the repetition counts are out of order")),
            counts => Ok(Some(counts)),
        }
    }

    /// Parses the bounds of `{2}`, `{2,}` or `{2,3}` up to the closing brace. Otherwise it consumes nothing.
    fn braces(&mut self) -> Option<(u32, Option<u32>)> {
        let start = self.at;
        self.advance(1);
        let counts = self.number().map(|min| if self.eat(",") { (min, self.number()) } else { (min, Some(min)) });
        let complete = counts.filter(|_| self.peek() == Some('}'));
        if complete.is_none() {
            self.at = start;
        }
        complete
    }

    /// Parses a decimal number; one that is too large saturates.
    fn number(&mut self) -> Option<u32> {
        let mut number = None;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            number = Some(number.unwrap_or(0_u32).saturating_mul(10).saturating_add(digit));
            self.advance(1);
        }
        number
    }

    fn class(&mut self) -> Result<Hir, RegexError> {
        let start = self.at;
        self.advance(1);
        let negated = self.eat("^");
        let mut class = class::none();
        loop {
            let member_at = self.at;
            match self.peek() {
                None => return Err(self.problem(start, "unclosed `[`")),
                Some(']') => break,
                Some(_) => {}
            }
            let first = self.member()?;
            if self.peek() != Some('-') || matches!(self.peek_at(1), None | Some(']')) {
                add(&mut class, first);
                continue;
            }
            self.advance(1);
            match (first, self.member()?) {
                (Member::Char(first), Member::Char(last)) if number_of(first) <= number_of(last) => {
                    class.union(&class::units(number_of(first), number_of(last)));
                }
                (Member::Char(_), Member::Char(_)) => {
                    return Err(self.problem(member_at, "the character range is out of order"));
                }
                (first, last) => {
                    [first, Member::Char('-'), last].into_iter().for_each(|member| add(&mut class, member));
                }
            }
        }
        self.advance(1);
        if self.ignore_case {
            case::close(&mut class);
        }
        if negated {
            class.negate();
        }
        Ok(Hir::class(Class::Unicode(class)))
    }

    fn member(&mut self) -> Result<Member, RegexError> {
        let start = self.at;
        match self.next() {
            Some('\\') => self.escape(start, true),
            Some(c) => Ok(Member::Char(c)),
            None => Ok(Member::Nothing),
        }
    }

    /// Parses an escape after its backslash.
    fn escape(&mut self, start: usize, in_class: bool) -> Result<Member, RegexError> {
        let Some(c) = self.next() else { return Err(self.problem(start, "trailing `\\`")) };
        if let Some(class) = class::named(c) {
            return Ok(Member::Class(class));
        }
        Ok(match c {
            't' => Member::Char('\t'),
            'n' => Member::Char('\n'),
            'v' => Member::Char('\u{b}'),
            'f' => Member::Char('\u{c}'),
            'r' => Member::Char('\r'),
            'b' if in_class => Member::Char('\u{8}'),
            '0'..='7' => self.octal(c),
            'c' => self.control(in_class),
            'x' => self.hexadecimal(2).map_or(Member::Char('x'), scalar),
            'u' => self.unicode(),
            other => Member::Char(other),
        })
    }

    /// Returns whether a back-reference follows the backslash: the number of a group, or `\k` if groups have
    /// names.
    fn is_back_reference(&mut self) -> bool {
        let start = self.at;
        let is_name = self.has_names && self.peek() == Some('k');
        let is_number =
            self.peek() != Some('0') && self.number().is_some_and(|number| (1..=self.groups).contains(&number));
        self.at = start;
        is_name || is_number
    }

    /// Parses an octal number of at most three digits and at most 255.
    fn octal(&mut self, first: char) -> Member {
        let mut number = first.to_digit(8).unwrap_or(0);
        for _ in 0..2 {
            let longer =
                self.peek().and_then(|c| c.to_digit(8)).map(|digit| number.saturating_mul(8).saturating_add(digit));
            match longer.filter(|longer| *longer <= 0o377) {
                Some(longer) => number = longer,
                None => break,
            }
            self.advance(1);
        }
        scalar(number)
    }

    /// Parses `\cA`. Without a letter that makes a control character, the backslash is a literal and `c`
    /// follows it.
    fn control(&mut self, in_class: bool) -> Member {
        let is_letter = |c: &char| c.is_ascii_alphabetic() || (in_class && (c.is_ascii_digit() || *c == '_'));
        match self.peek().filter(is_letter) {
            Some(letter) => {
                self.advance(1);
                scalar(u32::from(letter) % 32)
            }
            None => {
                self.at = self.at.saturating_sub(1);
                Member::Char('\\')
            }
        }
    }

    fn unicode(&mut self) -> Member {
        self.hexadecimal(4).map_or(Member::Char('u'), scalar)
    }

    /// Parses exactly this number of hexadecimal digits. If there are fewer, it consumes nothing.
    fn hexadecimal(&mut self, digits: usize) -> Option<u32> {
        let number = (0..digits).try_fold(0_u32, |number, ahead| {
            let digit = self.peek_at(ahead)?.to_digit(16)?;
            Some(number.saturating_mul(16).saturating_add(digit))
        })?;
        self.advance(digits);
        Some(number)
    }

    fn hir(&self, member: Member) -> Hir {
        let mut class = class::none();
        add(&mut class, member);
        if self.ignore_case {
            case::close(&mut class);
        }
        Hir::class(Class::Unicode(class))
    }
}

fn add(class: &mut ClassUnicode, member: Member) {
    match member {
        Member::Char(c) => class.union(&class::range(c, c)),
        Member::Class(other) => class.union(&other),
        Member::Nothing => {}
    }
}

/// Returns the code unit with this number, which is below 65,536.
fn scalar(number: u32) -> Member {
    Member::Char(unit(u16::try_from(number).unwrap_or(0)))
}

/// Returns the number of the code unit that a character represents.
fn number_of(c: char) -> u16 {
    (u32::from(c) & 0xffff) as u16
}

/// Returns the number of capturing groups, and whether some have names. Both decide what `\1` and `\k` mean.
fn count_groups(chars: &[char]) -> (u32, bool) {
    let (mut groups, mut has_names) = (0_u32, false);
    let mut in_class = false;
    let mut at: usize = 0;
    while let Some(c) = chars.get(at) {
        let rest = chars.get(at.saturating_add(1)..).unwrap_or_default();
        match c {
            '\\' => at = at.saturating_add(1),
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => {
                let is_named = matches!(rest, ['?', '<', next, ..] if !matches!(next, '=' | '!'));
                has_names |= is_named;
                if is_named || rest.first() != Some(&'?') {
                    groups = groups.saturating_add(1);
                }
            }
            _ => {}
        }
        at = at.saturating_add(1);
    }
    (groups, has_names)
}
