//! Parses expressions: paths, filters and conditions.

use throughline::Value;
use throughline::internals::plan::tables::{ExprOp, LoopField};

use super::ast::Expression;
use super::filters;
use super::lex::{Lexeme, Token, tokens};
use super::scan::Inside;
use super::{MAX_NESTING, TemplateError, VariableScope};
use crate::source::cursor::{Reference, shorten};

/// The expected form of a value.
const VALUE: &str = "a value such as `{{ firstName | default: \"there\" }}`";

/// A parser over the tokens between braces.
pub(super) struct Expr<'s, 'a> {
    scope: &'s mut VariableScope<'a>,
    inside: Inside<'a>,
    tokens: Vec<Token<'a>>,
    at: usize,
    depth: usize,
}

impl<'s, 'a> Expr<'s, 'a> {
    pub(super) fn new(inside: &Inside<'a>, scope: &'s mut VariableScope<'a>) -> Result<Self, TemplateError> {
        Ok(Self { tokens: tokens(inside.text)?, inside: inside.clone(), scope, at: 0, depth: 0 })
    }

    pub(super) fn peek(&self) -> Option<Lexeme<'a>> {
        self.tokens.get(self.at).map(|token| token.kind)
    }

    pub(super) fn next(&mut self) -> Option<Lexeme<'a>> {
        let token = self.peek();
        self.at = self.at.saturating_add(1);
        token
    }

    /// Takes the next token if it equals this one.
    pub(super) fn take(&mut self, wanted: Lexeme<'_>) -> bool {
        let found = self.peek() == Some(wanted);
        self.at = self.at.saturating_add(usize::from(found));
        found
    }

    /// Reports remaining tokens.
    pub(super) fn end(&self) -> Result<(), TemplateError> {
        match self.tokens.get(self.at).and_then(|token| self.inside.text.get(token.start..)) {
            None => Ok(()),
            Some(rest) => Err(TemplateError::new(format!("unexpected `{}`", shorten(rest.trim())), VALUE)),
        }
    }

    /// Parses a value with its filters.
    pub(super) fn filtered(&mut self) -> Result<Expression<'a>, TemplateError> {
        let mut term = self.value()?;
        while self.take(Lexeme::Sign("|")) {
            let Some(Lexeme::Name(name)) = self.next() else {
                return Err(TemplateError::new("missing filter name", "a filter such as `| default: \"there\"`"));
            };
            let mut args = filters::Args::default();
            if self.take(Lexeme::Sign(":")) {
                loop {
                    self.argument(&mut args)?;
                    if !self.take(Lexeme::Sign(",")) {
                        break;
                    }
                }
            }
            term = filters::apply(name, term, args)?;
        }
        self.check_depth(&term)?;
        Ok(term)
    }

    fn argument(&mut self, args: &mut filters::Args<'a>) -> Result<(), TemplateError> {
        if let (Some(Lexeme::Name(name)), Some(Lexeme::Sign(":"))) =
            (self.peek(), self.tokens.get(self.at.saturating_add(1)).map(|token| token.kind))
        {
            self.at = self.at.saturating_add(2);
            let value = self.value()?;
            args.named.push((name, value));
            return Ok(());
        }
        args.exact = matches!(self.peek(), Some(Lexeme::Number(number)) if number.contains('.'));
        let value = self.value()?;
        args.values.push(value);
        Ok(())
    }

    /// Parses a condition. As in Liquid, `and` and `or` associate to the right: `a or b and c` is `a or (b
    /// and c)`.
    pub(super) fn condition(&mut self) -> Result<Expression<'a>, TemplateError> {
        let mut tests = vec![self.comparison()?];
        let mut operators = Vec::new();
        while let Some(Lexeme::Name(word @ ("and" | "or"))) = self.peek() {
            self.next();
            operators.push(if word == "and" { ExprOp::And } else { ExprOp::Or });
            tests.push(self.comparison()?);
        }
        let mut whole = tests.pop().unwrap_or(Expression::Constant(Value::Null));
        while let (Some(test), Some(operator)) = (tests.pop(), operators.pop()) {
            whole = Expression::Op(operator, 0, vec![test, whole]);
        }
        self.check_depth(&whole)?;
        Ok(whole)
    }

    fn comparison(&mut self) -> Result<Expression<'a>, TemplateError> {
        let a = self.operand()?;
        let operator = match self.peek() {
            Some(Lexeme::Sign(sign @ ("==" | "!=" | "<>" | "<" | ">" | "<=" | ">="))) => sign,
            Some(Lexeme::Name("contains")) => "contains",
            Some(Lexeme::Sign("=")) => {
                return Err(TemplateError::new("`=` is not a comparison", "`==`"));
            }
            _ => return a.alone(),
        };
        self.next();
        let b = self.operand()?;
        compare(operator, a, b)
    }

    fn operand(&mut self) -> Result<Operand<'a>, TemplateError> {
        match self.peek() {
            Some(Lexeme::Name(word @ ("blank" | "empty"))) if !self.scope.is_variable(word) => {
                self.next();
                Ok(Operand::Blank(u32::from(word == "blank")))
            }
            _ => self.value().map(Operand::Expression),
        }
    }

    /// Parses a value without filters.
    pub(super) fn value(&mut self) -> Result<Expression<'a>, TemplateError> {
        let start = self.at;
        match self.next() {
            Some(Lexeme::Text(text)) => {
                // It may be the name of a field, as in `map: "title"`.
                self.scope.fields.insert(text);
                Ok(Expression::text(text))
            }
            Some(Lexeme::Number(number)) => {
                let number = number.parse().map_err(|_| TemplateError::new("not a valid number", "a number"))?;
                Ok(Expression::Constant(Value::Number(number)))
            }
            Some(Lexeme::Sign("(")) => {
                let from = self.nested(Self::value)?;
                let dots = self.take(Lexeme::Sign(".."));
                let to = self.nested(Self::value)?;
                if dots && self.take(Lexeme::Sign(")")) {
                    return Ok(Expression::Op(ExprOp::Range, 0, vec![from, to]));
                }
                Err(TemplateError::new(
                    "parentheses are only allowed around ranges",
                    "a range such as `(1..5)`; conditions have no parentheses",
                ))
            }
            Some(Lexeme::Name(name)) => self.path(name, start),
            Some(Lexeme::Sign(sign)) => Err(TemplateError::new(format!("`{sign}` is not a value"), VALUE)),
            None => Err(TemplateError::new("missing value", VALUE)),
        }
    }

    /// Parses an expression that begins with a name.
    fn path(&mut self, name: &'a str, start: usize) -> Result<Expression<'a>, TemplateError> {
        match name {
            "true" | "false" => return Ok(Expression::Constant(Value::Bool(name == "true"))),
            "nil" | "null" => return Ok(Expression::Constant(Value::Null)),
            "forloop" if !self.scope.is_variable(name) => return self.forloop(),
            "catalogue" if !self.scope.is_variable(name) => {
                let key = self
                    .key()?
                    .ok_or_else(|| TemplateError::new("`catalogue` alone is not a value", "`catalogue[id]`"))?;
                self.scope.catalogue = true;
                return self.members(Expression::Op(ExprOp::Item, 0, vec![key]));
            }
            _ => {}
        }
        if let Some(variable) = self.scope.variable(name) {
            let is_whole = !self.is_followed_by_dot() && self.scope.may_be_attribute(name);
            let attribute = is_whole.then(|| self.named(start));
            self.scope.shadowed.extend(attribute.clone());
            return self.members(Expression::Variable(variable, attribute));
        }
        let is_list = name == "lists";
        let mut names = 1_u32;
        while self.is_followed_by_dot() && !(is_list && names == 2) {
            self.at = self.at.saturating_add(2);
            names = names.saturating_add(1);
        }
        let mut named = self.named(start);
        if is_list && names == 2 {
            named.name = named.name.get("lists.".len()..).unwrap_or_default();
            self.scope.lists.push(named.clone());
            return self.members(Expression::List(named));
        }
        self.scope.attributes.push(named.clone());
        self.members(Expression::Attribute(named))
    }

    fn is_followed_by_dot(&self) -> bool {
        let kind = |at: usize| self.tokens.get(at).map(|token| token.kind);
        kind(self.at) == Some(Lexeme::Sign(".")) && matches!(kind(self.at.saturating_add(1)), Some(Lexeme::Name(_)))
    }

    /// Returns the source from a token to the last one that was read.
    fn named(&self, start: usize) -> Reference<'a> {
        let offset = |at: usize| self.tokens.get(at);
        let range = offset(start).map_or(0, |token| token.start)
            ..offset(self.at.saturating_sub(1)).map_or(0, |token| token.end);
        Reference { name: self.inside.text.get(range).unwrap_or_default(), cursor: self.inside.cursor.clone() }
    }

    fn forloop(&mut self) -> Result<Expression<'a>, TemplateError> {
        let mut up = 0_u32;
        while self.take(Lexeme::Sign(".")) {
            match self.next() {
                Some(Lexeme::Name("parentloop")) => up = up.saturating_add(1),
                Some(Lexeme::Name(name)) => {
                    if self.scope.loops <= up {
                        return Err(TemplateError::new("`forloop` outside a loop", "`{% for %}` around it"));
                    }
                    let field = LoopField::from_name(name);
                    return field.map(|field| Expression::Loop(up, field)).ok_or_else(|| {
                        TemplateError::one_of(
                            format!("`forloop` has no field `{name}`"),
                            name,
                            LoopField::NAMES.iter().copied(),
                        )
                    });
                }
                _ => break,
            }
        }
        Err(TemplateError::new("`forloop` alone is not a value", "a field of it, such as `forloop.index`"))
    }

    /// Parses the `.` and `[` accesses after a value.
    fn members(&mut self, mut term: Expression<'a>) -> Result<Expression<'a>, TemplateError> {
        while let Some(key) = self.key()? {
            term = term.member(key);
        }
        Ok(term)
    }

    /// Parses `.name` or `[value]`.
    fn key(&mut self) -> Result<Option<Expression<'a>>, TemplateError> {
        if self.is_followed_by_dot() {
            self.next();
            let Some(Lexeme::Name(name)) = self.next() else { return Ok(None) };
            self.scope.fields.insert(name);
            return Ok(Some(Expression::text(name)));
        }
        if !self.take(Lexeme::Sign("[")) {
            return Ok(None);
        }
        if let Some(Lexeme::Text(name)) = self.peek() {
            self.scope.fields.insert(name);
        }
        let key = self.nested(Self::value)?;
        if self.take(Lexeme::Sign("]")) { Ok(Some(key)) } else { Err(TemplateError::new("unclosed `[`", "`]`")) }
    }

    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, TemplateError>) -> Result<T, TemplateError> {
        self.depth = self.depth.saturating_add(1);
        let found = if self.depth > MAX_NESTING { Err(TemplateError::too_deep()) } else { read(self) };
        self.depth = self.depth.saturating_sub(1);
        found
    }

    fn check_depth(&self, term: &Expression<'a>) -> Result<(), TemplateError> {
        // Each filter and member is a level, so the number of tokens bounds the recursion of `depth`.
        if self.tokens.len() > 1000 || term.depth() > super::MAX_TERM { Err(TemplateError::too_deep()) } else { Ok(()) }
    }
}

/// An operand of a comparison.
enum Operand<'a> {
    Expression(Expression<'a>),
    /// `blank` (1) or `empty` (0).
    Blank(u32),
}

impl<'a> Operand<'a> {
    fn alone(self) -> Result<Expression<'a>, TemplateError> {
        match self {
            Self::Expression(term) => Ok(term),
            Self::Blank(_) => {
                Err(TemplateError::new("`blank` and `empty` can only be used in a comparison", "`name == blank`"))
            }
        }
    }
}

fn compare<'a>(operator: &str, a: Operand<'a>, b: Operand<'a>) -> Result<Expression<'a>, TemplateError> {
    let is = |op: ExprOp, a: Expression<'a>, b: Expression<'a>| Expression::Op(op, 0, vec![a, b]);
    let equal = match (a, b) {
        (Operand::Expression(a), Operand::Expression(b)) => {
            return Ok(match operator {
                "==" => is(ExprOp::Eq, a, b),
                "<" => is(ExprOp::Lt, a, b),
                ">" => is(ExprOp::Lt, b, a),
                "<=" => is(ExprOp::Lte, a, b),
                ">=" => is(ExprOp::Lte, b, a),
                "contains" => is(ExprOp::Contains, a, b),
                _ => is(ExprOp::Eq, a, b).not(),
            });
        }
        (Operand::Expression(term), Operand::Blank(trims)) | (Operand::Blank(trims), Operand::Expression(term)) => {
            Expression::Op(ExprOp::Blank, trims, vec![term])
        }
        (Operand::Blank(_), Operand::Blank(_)) => Expression::Constant(Value::Bool(true)),
    };
    match operator {
        "==" => Ok(equal),
        "!=" | "<>" => Ok(equal.not()),
        _ => Err(TemplateError::new(format!("`{operator}` cannot compare with `blank` or `empty`"), "`==` or `!=`")),
    }
}
