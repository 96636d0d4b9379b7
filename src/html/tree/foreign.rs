//! SVG and MathML: <https://html.spec.whatwg.org/multipage/parsing.html#parsing-main-inforeign>.

use super::{Outcome, Tree};
use crate::html::element::{BREAKOUT, Kind};
use crate::html::tag::Tag;

/// The vocabulary that an element belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    /// HTML.
    Html,
    /// SVG.
    Svg,
    /// MathML.
    Math,
    /// An element of SVG or MathML that holds HTML.
    HtmlPoint(Vocabulary),
    /// An element of MathML that holds text.
    MathText,
    /// `annotation-xml`, which may hold SVG.
    MathXml,
}

/// A vocabulary beside HTML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vocabulary {
    Svg,
    Math,
}

/// The indices of the attributes that decide how foreign elements are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ForeignAttributes {
    /// `encoding`.
    pub encoding: usize,
    /// `color`, `face`, `size`.
    pub font: [usize; 3],
}

impl Space {
    /// Whether the element ends the search for elements in scope, and is special.
    pub(super) const fn is_barrier(self) -> bool {
        matches!(self, Self::HtmlPoint(_) | Self::MathText | Self::MathXml)
    }

    /// Returns the vocabulary of the elements in this one.
    const fn inner(self) -> Self {
        match self {
            Self::Html => Self::Html,
            Self::Svg | Self::HtmlPoint(Vocabulary::Svg) => Self::Svg,
            Self::Math | Self::HtmlPoint(Vocabulary::Math) | Self::MathText | Self::MathXml => Self::Math,
        }
    }
}

impl Tree {
    /// Whether a start tag is read by the rules for foreign elements.
    pub(super) fn is_foreign_start(&self, tag: &Tag) -> bool {
        match self.top().map_or(Space::Html, |top| top.space) {
            Space::Html | Space::HtmlPoint(_) => false,
            Space::MathText => matches!(tag.name(), b"mglyph" | b"malignmark"),
            Space::MathXml => tag.name() != b"svg",
            Space::Svg | Space::Math => true,
        }
    }

    /// Reads a start tag within SVG or MathML. Returns `None` if it has left them, and is one of HTML.
    pub(super) fn foreign_start(&mut self, tag: &Tag, attributes: ForeignAttributes) -> Option<Outcome> {
        let kind = Kind::of(tag.name());
        let is_styled = kind == Kind::Font && attributes.font.iter().any(|name| tag.has(*name));
        if kind.is(BREAKOUT) || is_styled {
            self.leave_foreign();
            return None;
        }
        let space = self.top()?.space.inner();
        Some(self.open_foreign(tag, space, attributes))
    }

    /// Opens an element of SVG or MathML.
    pub(super) fn open_foreign(&mut self, tag: &Tag, space: Space, attributes: ForeignAttributes) -> Outcome {
        if tag.is_self_closing {
            return Outcome::Void;
        }
        let space = match (space, tag.name()) {
            (Space::Svg, b"foreignobject" | b"desc" | b"title") => Space::HtmlPoint(Vocabulary::Svg),
            (Space::Math, b"mi" | b"mo" | b"mn" | b"ms" | b"mtext") => Space::MathText,
            (Space::Math, b"annotation-xml") => {
                let encoding = tag.value(attributes.encoding).unwrap_or_default().to_ascii_lowercase();
                match &encoding[..] {
                    b"text/html" | b"application/xhtml+xml" => Space::HtmlPoint(Vocabulary::Math),
                    _ => Space::MathXml,
                }
            }
            (space, _) => space,
        };
        self.push(tag, Kind::Other, space)
    }

    /// Reads an end tag within SVG or MathML. Returns `false` if it is for an element of HTML.
    pub(super) fn foreign_end(&mut self, tag: &Tag) -> bool {
        if matches!(tag.name(), b"br" | b"p") {
            self.leave_foreign();
            return false;
        }
        let found = self.find(|open| open.name == tag.hash() || open.space == Space::Html, |_| false);
        match found {
            Some(index) if self.stack.get(index).is_some_and(|open| open.space != Space::Html) => {
                self.close(index, true);
                true
            }
            _ => false,
        }
    }

    /// Closes elements up to one that holds HTML.
    fn leave_foreign(&mut self) {
        while self.top().is_some_and(|top| matches!(top.space, Space::Svg | Space::Math | Space::MathXml)) {
            self.close(self.stack.len().saturating_sub(1), true);
        }
    }
}
