//! Templates: text in which facts are inserted, each made harmless for the place where it stands.
//!
//! `{{ name }}` inserts a fact, `{{ name | default: "there" }}` says what stands there without one.

mod html;
mod scan;

use throughline::canonical::write_string;
use throughline::plan::tables::Escape;

use crate::place::{Named, Place, Reader};
use crate::tree::{Kind, Node};
use html::Markup;
use scan::{Output, Raw, scan};

/// The longest text with facts in it, in bytes.
const MAX_TEXT: usize = 256 << 10;
/// The most facts in one text.
const MAX_OUTPUTS: usize = 1000;

/// A text with facts in it.
#[derive(Clone, Debug, Default)]
pub struct Template<'a> {
    /// Its pieces in their order.
    pub pieces: Vec<Piece<'a>>,
}

/// A piece of a template.
#[derive(Clone, Debug)]
pub enum Piece<'a> {
    /// Text as it is.
    Text(String),
    /// A fact to insert.
    Output {
        /// The attribute.
        attribute: Named<'a>,
        /// What stands there without a value.
        default: &'a str,
        /// How it is made harmless.
        escape: Escape,
    },
}

impl<'a> Template<'a> {
    /// The attributes that it inserts.
    pub fn outputs(&self) -> impl Iterator<Item = &Named<'a>> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Output { attribute, .. } => Some(attribute),
        })
    }

    fn push_text(&mut self, more: &str) {
        if more.is_empty() {
            return;
        }
        match self.pieces.last_mut() {
            Some(Piece::Text(text)) => text.push_str(more),
            _ => self.pieces.push(Piece::Text(more.to_owned())),
        }
    }

    fn push_output(&mut self, output: Output<'a>, escape: Escape) {
        self.pieces.push(Piece::Output { attribute: output.attribute, default: output.default, escape });
    }
}

/// A plain text.
pub fn text<'a>(place: &Place<'a>, out: &mut Reader<'_>) -> Option<Template<'a>> {
    let mut template = Template::default();
    for piece in scan(place, place.text(out)?, out) {
        match piece {
            Raw::Text(text) => template.push_text(text),
            Raw::Output(output) => template.push_output(output, Escape::None),
        }
    }
    Some(template)
}

/// Markup: facts can stand in text, in quoted attribute values, and in URLs whose beginning is fixed.
pub fn html<'a>(place: &Place<'a>, out: &mut Reader<'_>) -> Option<Template<'a>> {
    let mut template = Template::default();
    let mut markup = Markup::default();
    for piece in scan(place, place.text(out)?, out) {
        match piece {
            Raw::Text(text) => {
                markup.text(text);
                template.push_text(text);
            }
            Raw::Output(output) => match markup.output() {
                Ok(escape) => template.push_output(output, escape),
                Err(refusal) => {
                    let message = format!("`{}` stands {}", output.source, refusal.stands);
                    let found = output.attribute.place.error("unsafe-output", message, out);
                    found.expected(refusal.expected);
                }
            },
        }
    }
    if let Err(open) = markup.end() {
        place
            .error("markup", format!("the markup {open}"), out)
            .expected("whole elements, so that the page stays whole");
    }
    Some(template)
}

/// Data whose texts may have facts in them: JSON text, with members in the order in which they are written.
pub fn json<'a>(place: &Place<'a>, out: &mut Reader<'_>) -> Template<'a> {
    let mut template = Template::default();
    write_json(place.node, place, &mut template, out);
    template
}

fn write_json<'a>(node: &'a Node, place: &Place<'a>, template: &mut Template<'a>, out: &mut Reader<'_>) {
    match &node.kind {
        Kind::String(text) => {
            let here = Place { node, mark: node.span, path: place.path.clone() };
            template.push_text("\"");
            for piece in scan(&here, text, out) {
                match piece {
                    Raw::Text(text) => template.push_text(&quoted(text)),
                    Raw::Output(output) => template.push_output(output, Escape::Json),
                }
            }
            template.push_text("\"");
        }
        Kind::List(items) => {
            for (index, item) in items.iter().enumerate() {
                template.push_text(if index == 0 { "[" } else { "," });
                write_json(item, place, template, out);
            }
            template.push_text(if items.is_empty() { "[]" } else { "]" });
        }
        Kind::Map(entries) => {
            for (index, entry) in entries.iter().enumerate() {
                let begin = if index == 0 { "{" } else { "," };
                template.push_text(&format!("{begin}\"{}\":", quoted(&entry.key)));
                write_json(&entry.value, place, template, out);
            }
            template.push_text(if entries.is_empty() { "{}" } else { "}" });
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) => {
            template.push_text(&throughline::canonical::to_string(&node.to_value()));
        }
    }
}

/// The inside of a JSON string.
fn quoted(text: &str) -> String {
    let mut out = String::new();
    write_string(text, &mut out);
    out.get(1..out.len().saturating_sub(1)).unwrap_or_default().to_owned()
}
