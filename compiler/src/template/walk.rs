//! Walks the parts of an HTML template, and sets the escape of each output.

use throughline::internals::plan::tables::{Escape, TemplateFilter};

use super::ast::{Expression, Part};
use super::html::{Join, Markup};
use crate::source::cursor::{ReadContext, Reference};

/// Walks the parts; all paths through them must end in the same state of the markup.
pub(super) fn html(parts: &mut [Part<'_>], markup: &mut Markup, out: &mut ReadContext<'_>) {
    Walk { loops: Vec::new(), out }.parts(parts, markup);
}

struct Walk<'r, 'q> {
    /// The state of the markup at the beginning of each enclosing loop.
    loops: Vec<Markup>,
    out: &'r mut ReadContext<'q>,
}

impl Walk<'_, '_> {
    fn parts(&mut self, parts: &mut [Part<'_>], markup: &mut Markup) {
        for part in parts {
            self.part(part, markup);
        }
    }

    fn part(&mut self, part: &mut Part<'_>, markup: &mut Markup) {
        match part {
            Part::Text(text) => markup.text(text),
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
            }
            Part::For { body, other, source, .. } => {
                let begin = markup.clone();
                self.loops.push(begin.clone());
                self.parts(body, markup);
                self.loops.pop();
                self.join(
                    markup,
                    &begin,
                    source,
                    "an iteration of this loop does not end at the position in the markup where it begins",
                );
                if !other.is_empty() {
                    let mut elsewhere = begin;
                    self.parts(other, &mut elsewhere);
                    self.join(
                        markup,
                        &elsewhere,
                        source,
                        "the branches of this tag end at different positions in the markup",
                    );
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
