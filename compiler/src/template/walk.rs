//! Walks the parts of an HTML template, and sets the escape of each output.

use throughline::internals::plan::tables::{Escape, TemplateFilter};

use super::ast::{Expression, Part};
use super::elements::Problem;
use super::html::{Join, Markup};
use crate::source::cursor::{Cursor, ReadContext, Reference};

/// Walks the parts; all paths through them must end in the same state of the markup. Adds the end tags that HTML implies, so
/// that what follows the rendition does not depend on them.
pub(super) fn html<'a>(cursor: &Cursor<'a>, parts: &mut Vec<Part<'a>>, out: &mut ReadContext<'_>) {
    let source = cursor.node.as_str().unwrap_or_default();
    let mut markup = Markup::default();
    let mut walk = Walk { cursor, source, at: 0, loops: Vec::new(), out };
    walk.parts(parts, &mut markup);
    if let Err(open) = markup.end() {
        let message = format!("the markup {open}");
        cursor.error("markup", message, out).expected("complete elements, so that the page stays intact");
        return;
    }
    match markup.elements.end_from(0) {
        Ok(tags) => add(parts, tags),
        Err(open) => walk.problem(open.unclosed(format!("`<{}>` is not closed", open.name))),
    }
}

/// Adds end tags to the end of a path.
fn add(parts: &mut Vec<Part<'_>>, tags: String) {
    if !tags.is_empty() {
        parts.push(Part::Text(tags));
    }
}

/// A path through the template.
struct Path<'p, 'a> {
    markup: &'p mut Markup,
    parts: &'p mut Vec<Part<'a>>,
    /// The words about an element that only this path leaves open.
    said: &'p str,
}

impl<'p, 'a> Path<'p, 'a> {
    const fn new(markup: &'p mut Markup, parts: &'p mut Vec<Part<'a>>, said: &'p str) -> Self {
        Self { markup, parts, said }
    }
}

struct Walk<'w, 'r, 'q, 'a> {
    cursor: &'w Cursor<'a>,
    /// The template.
    source: &'w str,
    /// The offset in the template up to which it was walked.
    at: usize,
    /// The state of the markup at the beginning of each enclosing loop.
    loops: Vec<Markup>,
    out: &'r mut ReadContext<'q>,
}

impl<'a> Walk<'_, '_, '_, 'a> {
    fn parts(&mut self, parts: &mut [Part<'a>], markup: &mut Markup) {
        for part in parts {
            self.part(part, markup);
        }
    }

    /// Advances over literal text, and reports its tags that have no counterpart.
    fn text(&mut self, text: &str, markup: &mut Markup) {
        let found = self.source.get(self.at..).and_then(|rest| rest.find(text)).unwrap_or(0);
        let offset = self.at.saturating_add(found);
        self.at = offset.saturating_add(text.len());
        markup.text(text, offset);
        let problems = markup.elements.take_problems();
        problems.into_iter().filter(|_| !markup.is_left).for_each(|problem| self.problem(problem));
    }

    fn problem(&mut self, problem: Problem) {
        let piece = self.source.get(problem.at..problem.at.saturating_add(problem.length)).unwrap_or_default();
        let nth = self.source.get(..problem.at).map_or(0, |before| before.matches(piece).count());
        let cursor = self.cursor.piece(piece, nth, self.out);
        cursor.error("unbalanced", problem.message, self.out).expected(problem.expected);
    }

    /// Ends the elements that only one of two paths leaves open. A path has its parts, and what is said of an element that
    /// only it leaves open. Returns whether no such element was reported.
    fn settle(&mut self, one: Path<'_, 'a>, two: Path<'_, 'a>) -> bool {
        if one.markup.is_left || two.markup.is_left {
            return true;
        }
        let mut is_balanced = true;
        let ends = one.markup.elements.settle(&mut two.markup.elements);
        for (end, (parts, said)) in ends.into_iter().zip([(one.parts, one.said), (two.parts, two.said)]) {
            match end {
                Ok(tags) => add(parts, tags),
                Err(open) => {
                    is_balanced = false;
                    let expected = format!("`</{}>` wherever `<{}>` is rendered, and only there", open.name, open.name);
                    let problem = open.unclosed(format!("`<{}>` {said}", open.name));
                    self.problem(Problem { expected, ..problem });
                }
            }
        }
        is_balanced
    }

    fn part(&mut self, part: &mut Part<'a>, markup: &mut Markup) {
        match part {
            Part::Text(text) => self.text(text, markup),
            Part::Output { term, escape, source } => match markup.output() {
                Ok(found) => {
                    *escape = found;
                    if found == Escape::Url {
                        encode_once(term);
                    }
                }
                Err(refusal) => {
                    let message = format!("`{}` is {}", source.name, refusal.stands);
                    source.cursor.error("unsafe-output", message, self.out).expected(refusal.expected);
                }
            },
            Part::If { then, other, source, .. } => {
                let mut elsewhere = markup.clone();
                self.parts(then, markup);
                self.parts(other, &mut elsewhere);
                self.join(
                    markup,
                    &elsewhere,
                    source,
                    "the branches of this tag end at different positions in the markup",
                );
                let where_it = |holds: &str| format!("stays open where `{}` {holds}, and only there", source.name);
                let (holds, fails) = (where_it("holds"), where_it("does not hold"));
                for (path, other, said) in [(&*markup, &elsewhere, &holds), (&elsewhere, &*markup, &fails)] {
                    let open = path.elements.paragraph_beside(&other.elements);
                    if let (Some(open), false, false) = (open, path.is_left, other.is_left) {
                        self.problem(open.unclosed(format!("`<p>` {said}")));
                    }
                }
                let _ = self.settle(Path::new(markup, then, &holds), Path::new(&mut elsewhere, other, &fails));
            }
            Part::For { body, other, source, .. } => {
                let mut begin = markup.clone();
                self.loops.push(begin.clone());
                self.parts(body, markup);
                self.loops.pop();
                self.join(
                    markup,
                    &begin,
                    source,
                    "an iteration of this loop does not end at the position in the markup where it begins",
                );
                let mut elsewhere = begin.clone();
                let stays = format!("stays open after an iteration of `{}`", source.name);
                let closed =
                    format!("is closed by an iteration of `{}`, which there can be several of, or none", source.name);
                let nothing = &mut Vec::new();
                let repeats = self.settle(Path::new(markup, body, &stays), Path::new(&mut begin, nothing, &closed));
                self.parts(other, &mut elsewhere);
                if !other.is_empty() {
                    self.join(
                        markup,
                        &elsewhere,
                        source,
                        "the branches of this tag end at different positions in the markup",
                    );
                }
                let empty = format!("stays open where `{}` has no items, and only there", source.name);
                if repeats || !other.is_empty() {
                    let _ = self.settle(Path::new(markup, body, &stays), Path::new(&mut elsewhere, other, &empty));
                }
            }
            Part::Capture { body, source, .. } => {
                if has_markup(body) {
                    let message = "the captured content is text and cannot contain markup";
                    source
                        .cursor
                        .error("markup", message, self.out)
                        .expected("text without `<` and `&`; it is escaped where it is output");
                }
            }
            Part::Break(source) | Part::Continue(source) => {
                if let Some(begin) = self.loops.last().cloned() {
                    let message = "the loop does not end at the position in the markup where it begins";
                    self.join(markup, &begin, source, message);
                    let said = format!("stays open at `{}`", source.name);
                    let (mut begin, nothing, none) = (begin, &mut Vec::new(), &mut Vec::new());
                    let outside = Path::new(&mut begin, none, "is closed before the loop is left");
                    let _ = self.settle(Path::new(markup, nothing, &said), outside);
                }
                markup.leave();
            }
            Part::Assign(..) => {}
        }
    }

    fn join(&mut self, markup: &mut Markup, other: &Markup, source: &Reference<'_>, message: &str) {
        if markup.join(other) == Join::Apart {
            let message = format!("{message}: {} and {}", markup.describe(), other.describe());
            source
                .cursor
                .error("markup", message, self.out)
                .expected("complete elements or complete values inside a tag");
        }
    }
}

/// Removes an explicit URL encoding, because the escape of URLs already encodes every value.
fn encode_once(term: &mut Expression<'_>) {
    if let Expression::Filter(TemplateFilter::UrlEncode, args) = term
        && let Some(input) = args.first().cloned()
    {
        *term = input;
    }
}

fn has_markup(parts: &[Part<'_>]) -> bool {
    parts.iter().any(|part| {
        matches!(part, Part::Text(text) if text.contains(['<', '&']))
            || part.children().any(|part| has_markup(core::slice::from_ref(part)))
    })
}
