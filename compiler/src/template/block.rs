//! Parses tags to blocks.

use throughline::Value;
use throughline::internals::plan::tables::{Escape, ExprOp, TemplateFilter};

use super::ast::{Expression, Part};
use super::expr::Expr;
use super::lex::Lexeme;
use super::scan::{Inside, Raw};
use super::{MAX_NESTING, TemplateError, VariableScope};
use crate::source::cursor::{ReadContext, Reference, shorten};

/// Every tag of the language, with those that end or divide a block.
const TAGS: [&str; 20] = [
    "if",
    "elsif",
    "else",
    "endif",
    "unless",
    "endunless",
    "case",
    "when",
    "endcase",
    "for",
    "endfor",
    "break",
    "continue",
    "assign",
    "capture",
    "endcapture",
    "comment",
    "endcomment",
    "raw",
    "endraw",
];
/// Tags that other Liquid implementations have, with what to use instead.
const ELSEWHERE: [(&str, &str); 8] = [
    ("include", "a separate message; templates cannot include other templates"),
    ("render", "a separate message; templates cannot include other templates"),
    ("section", "a separate slot"),
    ("layout", "a separate slot"),
    ("cycle", "`{% case forloop.index %}`, or `modulo`"),
    ("increment", "`forloop.index`"),
    ("tablerow", "`{% for %}`"),
    ("echo", "`{{ … }}`"),
];

/// The maximum number of branches of `case`, each of which is a level of nesting.
const MAX_BRANCHES: usize = 40;
/// The expected form of a loop.
const FOR: &str = "`{% for item in list limit: 4 offset: 1 reversed %}`";
/// The expected form of an assignment.
const ASSIGN: &str = "`{% assign name = value %}`";

/// A parser over the pieces of a template.
pub(super) struct Blocks<'s, 'r, 'q, 'a> {
    pieces: std::vec::IntoIter<Raw<'a>>,
    scope: &'s mut VariableScope<'a>,
    depth: usize,
    out: &'r mut ReadContext<'q>,
}

/// The tag that ended a block.
type End<'a> = Option<(&'a str, Inside<'a>)>;

/// Parses pieces to parts, and reports everything that is not in the language.
pub(super) fn blocks<'a>(
    pieces: Vec<Raw<'a>>,
    scope: &mut VariableScope<'a>,
    out: &mut ReadContext<'_>,
) -> Vec<Part<'a>> {
    scope.find_variables(&pieces);
    let mut blocks = Blocks { pieces: pieces.into_iter(), scope, depth: 0, out };
    let mut parts = Vec::new();
    loop {
        let (more, end) = blocks.block(&[]);
        parts.extend(more);
        let Some((name, inside)) = end else { return parts };
        let message = format!("`{name}` closes no open tag");
        blocks.report(&inside, TemplateError::new(message, "the opening tag before it"));
    }
}

impl<'a> Blocks<'_, '_, '_, 'a> {
    /// Parses parts up to one of the tags that end or divide a block, and returns that tag. Without such a
    /// tag it returns the parts up to the end.
    fn block(&mut self, ends: &[&str]) -> (Vec<Part<'a>>, End<'a>) {
        let mut parts = Vec::new();
        while let Some(piece) = self.pieces.next() {
            match piece {
                Raw::Text(text) => parts.push(Part::Text(text.to_owned())),
                Raw::Output(inside) => {
                    let term = self.read(&inside, |expr| {
                        let term = expr.filtered()?;
                        expr.end().map(|()| term)
                    });
                    let source = named(&inside);
                    parts.extend(term.map(|term| Part::Output { term, escape: Escape::None, source }));
                }
                Raw::Tag(name, inside) => {
                    let divides = name.starts_with("end") || matches!(name, "else" | "elsif" | "when");
                    if ends.contains(&name) || (divides && TAGS.contains(&name)) {
                        return (parts, Some((name, inside)));
                    }
                    self.tag(name, &inside, &mut parts);
                }
            }
        }
        (parts, None)
    }

    fn tag(&mut self, name: &'a str, inside: &Inside<'a>, parts: &mut Vec<Part<'a>>) {
        if self.depth >= MAX_NESTING {
            self.report(inside, TemplateError::too_deep());
            return;
        }
        self.depth = self.depth.saturating_add(1);
        let part = match name {
            "if" | "unless" => self.branch(name, inside),
            "case" => self.case(inside),
            "for" => self.for_loop(inside),
            "assign" => self.assign(inside),
            "capture" => self.capture(inside),
            "break" | "continue" => self.leave(name, inside),
            _ => {
                let message = format!("unknown tag `{}`", shorten(name));
                let known = ELSEWHERE.into_iter().find(|(known, _)| *known == name);
                self.report(
                    inside,
                    match known {
                        Some((_, instead)) => TemplateError::new(message, instead),
                        None => TemplateError::one_of(message, name, TAGS),
                    },
                );
                None
            }
        };
        self.depth = self.depth.saturating_sub(1);
        parts.extend(part);
    }

    fn condition(&mut self, inside: &Inside<'a>) -> Option<Expression<'a>> {
        self.read(inside, |expr| {
            let test = expr.condition()?;
            expr.end().map(|()| test)
        })
    }

    /// Parses `if` and `unless`. An `elsif` becomes an `if` in the place of `else`.
    fn branch(&mut self, name: &str, inside: &Inside<'a>) -> Option<Part<'a>> {
        let end_name = format!("end{}", if name == "elsif" { "if" } else { name });
        let test = self.condition(inside);
        let test = if name == "unless" { test.map(Expression::not) } else { test };
        let (then, end) = self.block(&["elsif", "else", &end_name]);
        let other = match end {
            Some(("elsif", next)) if name != "unless" => self.branch("elsif", &next).into_iter().collect(),
            Some(("else", _)) => self.last_block(name, inside, &end_name),
            end => {
                self.check_end(name, inside, end, &end_name);
                Vec::new()
            }
        };
        Some(Part::If { test: test?, then, other, source: named(inside) })
    }

    /// Parses `case`, which becomes an `if` for each `when`.
    fn case(&mut self, inside: &Inside<'a>) -> Option<Part<'a>> {
        let subject = self.read(inside, |expr| {
            let subject = expr.value()?;
            expr.end().map(|()| subject)
        });
        let (before, mut end) = self.block(&["when", "else", "endcase"]);
        if !before.iter().all(|part| matches!(part, Part::Text(text) if text.trim().is_empty())) {
            self.report(
                inside,
                TemplateError::new("unexpected content between `case` and the first `when`", "`{% when … %}`"),
            );
        }
        let mut branches = Vec::new();
        while let Some(("when", when)) = end {
            let subject = subject.clone();
            let test = self.read(&when, |expr| {
                let mut tests = Vec::new();
                loop {
                    let subject = subject.clone().unwrap_or(Expression::Constant(Value::Null));
                    tests.push(Expression::Op(ExprOp::Eq, 0, vec![subject, expr.value()?]));
                    if !expr.take(Lexeme::Sign(",")) && !expr.take(Lexeme::Name("or")) {
                        break;
                    }
                }
                expr.end()?;
                let last = tests.pop().ok_or_else(TemplateError::too_deep)?;
                Ok(tests.into_iter().rfold(last, |whole, test| Expression::Op(ExprOp::Or, 0, vec![test, whole])))
            });
            let (body, next) = self.block(&["when", "else", "endcase"]);
            branches.push((test, body, named(&when)));
            end = next;
        }
        let mut other = match end {
            Some(("else", _)) => self.last_block("case", inside, "endcase"),
            end => {
                self.check_end("case", inside, end, "endcase");
                Vec::new()
            }
        };
        if branches.len() > MAX_BRANCHES {
            self.report(
                inside,
                TemplateError::new(
                    format!("`case` has {} branches", branches.len()),
                    format!("at most {MAX_BRANCHES}"),
                ),
            );
        }
        for (test, then, source) in branches.into_iter().rev() {
            other = vec![Part::If { test: test?, then, other, source }];
        }
        subject.and_then(|_| other.pop())
    }

    fn for_loop(&mut self, inside: &Inside<'a>) -> Option<Part<'a>> {
        let head = self.read(inside, |expr| {
            let Some(Lexeme::Name(name)) = expr.next() else {
                return Err(TemplateError::new("the loop has no variable", FOR));
            };
            if !expr.take(Lexeme::Name("in")) {
                return Err(TemplateError::new("missing `in`", FOR));
            }
            let mut list = expr.value()?;
            let nothing = || Expression::Constant(Value::Null);
            let (mut limit, mut offset, mut reversed) = (None, None, false);
            while let Some(word) = expr.next() {
                match word {
                    Lexeme::Name("reversed") => reversed = true,
                    Lexeme::Name(word @ ("limit" | "offset")) if expr.take(Lexeme::Sign(":")) => {
                        let value = Some(expr.value()?);
                        *(if word == "limit" { &mut limit } else { &mut offset }) = value;
                    }
                    Lexeme::Sign(",") => {}
                    _ => return Err(TemplateError::new("unknown argument of the loop", FOR)),
                }
            }
            if limit.is_some() || offset.is_some() || reversed {
                let offset = offset.unwrap_or_else(nothing);
                list = Expression::Filter(TemplateFilter::Window, vec![list, offset, limit.unwrap_or_else(nothing)]);
            }
            if reversed {
                list = Expression::Filter(TemplateFilter::Reverse, vec![list]);
            }
            Ok((name, list))
        });
        let name = head.as_ref().map_or("", |(name, _)| *name);
        self.scope.begin_loop(name);
        let (body, end) = self.block(&["else", "endfor"]);
        self.scope.end_loop(name);
        let other = match end {
            Some(("else", _)) => self.last_block("for", inside, "endfor"),
            end => {
                self.check_end("for", inside, end, "endfor");
                Vec::new()
            }
        };
        let (name, list) = head?;
        Some(Part::For { variable: self.variable(name, inside)?, list, body, other, source: named(inside) })
    }

    fn assign(&mut self, inside: &Inside<'a>) -> Option<Part<'a>> {
        let (name, term) = self.read(inside, |expr| {
            let Some(Lexeme::Name(name)) = expr.next() else {
                return Err(TemplateError::new("missing variable name", ASSIGN));
            };
            if !expr.take(Lexeme::Sign("=")) {
                return Err(TemplateError::new("missing `=`", ASSIGN));
            }
            let term = expr.filtered()?;
            expr.end().map(|()| (name, term))
        })?;
        Some(Part::Assign(self.variable(name, inside)?, term))
    }

    fn capture(&mut self, inside: &Inside<'a>) -> Option<Part<'a>> {
        let name = self.read(inside, |expr| {
            let name = match expr.next() {
                Some(Lexeme::Name(name) | Lexeme::Text(name)) => Ok(name),
                _ => Err(TemplateError::new("missing variable name", "`{% capture name %}`")),
            };
            expr.end().and(name)
        });
        let (body, end) = self.block(&["endcapture"]);
        self.check_end("capture", inside, end, "endcapture");
        Some(Part::Capture { variable: self.variable(name?, inside)?, body, source: named(inside) })
    }

    fn leave(&mut self, name: &str, inside: &Inside<'a>) -> Option<Part<'a>> {
        let is_free = self.read(inside, |expr| expr.end()).is_some();
        if self.scope.loops == 0 {
            self.report(inside, TemplateError::new(format!("`{name}` outside a loop"), "`{% for %}` around it"));
            return None;
        }
        let source = named(inside);
        is_free.then(|| if name == "break" { Part::Break(source) } else { Part::Continue(source) })
    }

    fn variable(&mut self, name: &str, inside: &Inside<'a>) -> Option<u32> {
        let variable = self.scope.number(name);
        if variable.is_none() {
            let message = format!("`{name}` cannot be used as a variable");
            self.report(inside, TemplateError::new(message, "another name; a template has at most 64 variables"));
        }
        variable
    }

    /// Parses the parts after `else`.
    fn last_block(&mut self, name: &str, inside: &Inside<'a>, end_name: &str) -> Vec<Part<'a>> {
        let (parts, end) = self.block(&[end_name]);
        self.check_end(name, inside, end, end_name);
        parts
    }

    fn check_end(&mut self, name: &str, inside: &Inside<'a>, end: End<'a>, wanted: &str) {
        match end {
            Some((found, _)) if found == wanted => {}
            Some((found, at)) => {
                let message = format!("unexpected tag `{found}`");
                self.report(&at, TemplateError::new(message, format!("`{{% {wanted} %}}`, which closes `{name}`")));
            }
            None => {
                let message = format!("`{name}` is not closed");
                self.report(inside, TemplateError::new(message, format!("`{{% {wanted} %}}`")));
            }
        }
    }

    fn read<T>(
        &mut self,
        inside: &Inside<'a>,
        read: impl FnOnce(&mut Expr<'_, 'a>) -> Result<T, TemplateError>,
    ) -> Option<T> {
        let found = Expr::new(inside, self.scope).and_then(|mut expr| read(&mut expr));
        found.map_err(|mistake| self.report(inside, mistake)).ok()
    }

    fn report(&mut self, inside: &Inside<'a>, mistake: TemplateError) {
        let code = if inside.source.starts_with("{%") { "tag" } else { "output" };
        mistake.report(code, &inside.cursor, self.out);
    }
}

/// Returns the source of a tag with its position.
fn named<'a>(inside: &Inside<'a>) -> Reference<'a> {
    Reference { name: inside.source, cursor: inside.cursor.clone() }
}
