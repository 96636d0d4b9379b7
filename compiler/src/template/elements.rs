//! The elements that are open at a position in the markup, as an HTML parser has them.
//!
//! A rendition stands inside the page. An element that it leaves open swallows what follows, an end tag too many closes an
//! element of the page, and an element in the wrong place is moved by the parser. All three are errors. End tags that HTML
//! lets authors omit, as in `<ul><li>a<li>b</ul>`, are no errors.

/// Elements without content and end tag.
const VOID: [&str; 18] = [
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input", "keygen", "link",
    "meta", "param", "source", "track", "wbr",
];
/// Elements whose end tag can be omitted.
const OPTIONAL: [&str; 20] = [
    "p", "li", "dt", "dd", "rt", "rp", "rb", "rtc", "option", "optgroup", "caption", "colgroup", "thead", "tbody",
    "tfoot", "tr", "td", "th", "head", "body",
];
/// Elements that end a paragraph where they begin.
const BLOCKS: [&str; 42] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "center",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hgroup",
    "hr",
    "li",
    "listing",
    "main",
    "menu",
    "nav",
    "ol",
    "p",
    "plaintext",
    "pre",
    "search",
    "section",
    "summary",
    "table",
    "ul",
    "xmp",
    "legend",
];
/// HTML elements that end SVG and MathML where they begin.
const NO_DRAWING: [&str; 42] = [
    "b",
    "big",
    "blockquote",
    "body",
    "br",
    "center",
    "code",
    "dd",
    "div",
    "dl",
    "dt",
    "em",
    "embed",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "hr",
    "i",
    "img",
    "li",
    "listing",
    "menu",
    "meta",
    "nobr",
    "ol",
    "p",
    "pre",
    "ruby",
    "s",
    "small",
    "span",
    "strong",
    "strike",
    "sub",
    "sup",
    "table",
    "ul",
    "var",
];
/// Elements that cannot be inside an element of the same name.
const NOT_NESTED: [&str; 5] = ["a", "button", "form", "nobr", "select"];
/// Elements that the elements outside cannot look into.
const BORDERS: [&str; 10] =
    ["table", "td", "th", "caption", "template", "object", "button", "marquee", "applet", "foreignobject"];

/// The open elements at a position, the outermost first, and what is wrong up to there.
#[derive(Clone, Debug, Default)]
pub(super) struct Elements {
    open: Vec<Element>,
    problems: Vec<Problem>,
}

/// An open element.
#[derive(Clone, Debug)]
pub(super) struct Element {
    pub(super) name: String,
    /// The offset of its start tag in the template.
    pub(super) at: usize,
}

/// An error, with the offset of the tag that causes it, and how much of the tag is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) at: usize,
    pub(super) length: usize,
    pub(super) message: String,
    pub(super) expected: String,
}

impl Elements {
    /// Takes the problems that were found since the last call.
    pub(super) fn take_problems(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.problems)
    }

    /// Begins an element. `is_closed` states that its tag ends with `/>`.
    pub(super) fn start(&mut self, name: &str, at: usize, is_closed: bool) {
        let in_drawing = self.in_drawing();
        if in_drawing && NO_DRAWING.contains(&name) {
            self.report(
                at,
                name,
                format!("`<{name}>` ends `<svg>` or `<math>`"),
                format!("`<{name}>` outside of it, or in `<foreignObject>`"),
            );
        }
        if !in_drawing {
            self.end_implied(name, at);
            self.check_parent(name, at);
        }
        let is_empty = if in_drawing || matches!(name, "svg" | "math") { is_closed } else { VOID.contains(&name) };
        if !is_empty {
            self.open.push(Element { name: name.to_owned(), at });
        }
    }

    /// Ends an element.
    pub(super) fn end(&mut self, name: &str, at: usize) {
        let Some(index) = self.open.iter().rposition(|element| element.name == name) else {
            let message = format!("`</{name}>` closes no element of this rendition");
            let expected = match VOID.contains(&name) {
                true => format!("`<{name}>` alone; it has no content"),
                false => format!("`<{name}>` before it, or no `</{name}>`"),
            };
            return self.report(at, &format!("/{name}"), message, expected);
        };
        self.close_above(index, &format!("`</{name}>`"), at, &format!("/{name}"));
        self.open.truncate(index);
    }

    /// Ends the elements whose end this start tag implies.
    fn end_implied(&mut self, name: &str, at: usize) {
        let (closed, borders): (&[&str], &[&str]) = match name {
            "li" => (&["li"], &["ul", "ol", "menu"]),
            "dt" | "dd" => (&["dt", "dd"], &["dl"]),
            "rt" | "rp" => (&["rt", "rp"], &["ruby"]),
            "option" => (&["option"], &["select", "datalist", "optgroup"]),
            "optgroup" => (&["option", "optgroup"], &["select"]),
            "td" | "th" => (&["td", "th"], &["tr", "table"]),
            "tr" => (&["tr"], &["thead", "tbody", "tfoot", "table"]),
            "thead" | "tbody" | "tfoot" => (&["thead", "tbody", "tfoot", "colgroup", "caption"], &["table"]),
            "colgroup" | "caption" => (&["colgroup", "caption"], &["table"]),
            "body" => (&["head"], &["html"]),
            _ => (&[], &[]),
        };
        if BLOCKS.contains(&name) {
            self.end_innermost(&["p"], &BORDERS, name, at);
        }
        if !closed.is_empty() {
            let cells = matches!(name, "td" | "th" | "tr" | "thead" | "tbody" | "tfoot" | "colgroup" | "caption");
            let borders: Vec<&str> = match cells {
                true => borders.to_vec(),
                false => borders.iter().chain(&BORDERS).copied().collect(),
            };
            self.end_innermost(closed, &borders, name, at);
        }
    }

    /// Ends the innermost of these elements, unless a border is further inside.
    fn end_innermost(&mut self, closed: &[&str], borders: &[&str], name: &str, at: usize) {
        let is_end = |element: &Element| [closed, borders].concat().contains(&element.name.as_str());
        let Some(index) = self.open.iter().rposition(is_end) else { return };
        if self.open.get(index).is_some_and(|element| closed.contains(&element.name.as_str())) {
            self.close_above(index, &format!("`<{name}>`"), at, name);
            self.open.truncate(index);
        }
    }

    /// Reports elements that are still open where the one at this index ends.
    fn close_above(&mut self, index: usize, tag: &str, at: usize, shown: &str) {
        let above = self.open.get(index.saturating_add(1)..).unwrap_or_default();
        let unclosed = above.iter().rev().find(|element| !element.is_optional()).map(|element| element.name.clone());
        let outer = self.open.get(index).map(|element| element.name.clone());
        if let (Some(unclosed), Some(outer)) = (unclosed, outer) {
            let message = format!("{tag} ends `<{outer}>`, in which `<{unclosed}>` is open");
            self.report(at, shown, message, format!("`</{unclosed}>` before it"));
        }
    }

    /// Reports an element that the parser moves to another place.
    fn check_parent(&mut self, name: &str, at: usize) {
        const TABLE: [&str; 11] =
            ["caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "td", "th", "script", "style"];
        let parent = self.open.last().map(|element| element.name.clone()).unwrap_or_default();
        let is_table = matches!(parent.as_str(), "table" | "thead" | "tbody" | "tfoot" | "tr");
        if is_table && !TABLE.contains(&name) && !matches!(name, "template" | "input" | "form") {
            let message = format!("browsers move `<{name}>` out of `<{parent}>`");
            self.report(at, name, message, format!("`<{name}>` in a cell (`<td>`), or outside of the table"));
        }
        let is_heading = |name: &str| matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6");
        let border = self.open.iter().rposition(|element| BORDERS.contains(&element.name.as_str()));
        let inner = self.open.get(border.unwrap_or(0)..).unwrap_or_default();
        let is_nested = NOT_NESTED.contains(&name) && inner.iter().any(|element| element.name == name);
        if is_nested || (is_heading(name) && is_heading(&parent)) {
            let outer = if is_nested { name } else { &parent };
            let message = format!("`<{name}>` is inside `<{outer}>`, which browsers end before it");
            self.report(at, name, message, format!("`</{outer}>` before it"));
        }
    }

    /// Returns whether tags belong to SVG or MathML here.
    fn in_drawing(&self) -> bool {
        let names = self.open.iter().rev().map(|element| element.name.as_str());
        let mut roots =
            names.filter(|name| matches!(*name, "svg" | "math" | "foreignobject" | "desc" | "annotation-xml"));
        matches!(roots.next(), Some("svg" | "math"))
    }

    fn report(&mut self, at: usize, tag: &str, message: impl Into<String>, expected: impl Into<String>) {
        let length = tag.len().saturating_add(1);
        self.problems.push(Problem { at, length, message: message.into(), expected: expected.into() });
    }

    /// Ends the elements that are open on one of two paths only. Returns the end tags to add to each path; on the path that
    /// leaves an element open whose end tag is required, returns that element.
    pub(super) fn settle(&mut self, other: &mut Self) -> [Result<String, Element>; 2] {
        let is_same = |(one, two): &(&Element, &Element)| one.name == two.name;
        let common = self.open.iter().zip(&other.open).take_while(is_same).count();
        [self.end_from(common), other.end_from(common)]
    }

    /// Returns the paragraph that is open here and not on the other path. It goes on with whatever text follows the two paths.
    pub(super) fn paragraph_beside(&self, other: &Self) -> Option<Element> {
        let last = self.open.last().filter(|last| last.name == "p" && self.open.len() != other.open.len());
        last.cloned()
    }

    /// Ends all elements from an index on. Returns their end tags, or the innermost element that requires one.
    pub(super) fn end_from(&mut self, index: usize) -> Result<String, Element> {
        let ended = self.open.split_off(index.min(self.open.len()));
        match ended.iter().rev().find(|element| !element.is_optional()) {
            Some(open) => Err(open.clone()),
            None => Ok(ended.iter().rev().map(|element| format!("</{}>", element.name)).collect()),
        }
    }
}

impl Element {
    fn is_optional(&self) -> bool {
        OPTIONAL.contains(&self.name.as_str())
    }

    /// Returns the error of an element that is not closed.
    pub(super) fn unclosed(&self, message: String) -> Problem {
        let expected = format!("`</{}>`, so that what follows on the page stays as it is", self.name);
        Problem { at: self.at, length: self.name.len().saturating_add(1), message, expected }
    }
}

#[cfg(test)]
mod tests {
    use super::super::html::Markup;

    /// Returns the messages about a template without tags, and the end tags that are added to it.
    fn messages(text: &str) -> Vec<String> {
        let mut markup = Markup::default();
        markup.text(text, 0);
        let mut problems = markup.elements.take_problems();
        if let Err(open) = markup.elements.end_from(0) {
            problems.push(open.unclosed(format!("`<{}>` is not closed", open.name)));
        }
        problems.into_iter().map(|problem| problem.message).collect()
    }

    #[test]
    fn whole_elements_are_no_problem() {
        for whole in [
            "",
            "a < b <p>x</p>",
            "<p>x",
            "<ul><li>a<li>b</ul>",
            "<ul><li>a<ul><li>b</ul><li>c</ul>",
            "<dl><dt>a<dd>b<dt>c<dd>d</dl>",
            "<table><tr><td>a<td>b<tr><td>c</table>",
            "<table><caption>t<colgroup><col><tbody><tr><th>a<tbody><tr><td>b</table>",
            "<table><tr><td><table><tr><td>x</table><td>y</table>",
            "<tr><td>x</td></tr>",
            "<select><option>a<option selected>b<optgroup><option>c</select>",
            "<p>a<br>b<br/><img src=\"/a\" alt=\"a > b\"><input disabled><hr>",
            "<p>a<div>b</div>",
            "<div title=\"</div>\" data-a='<b>'>x</div>",
            "<!-- <b> </i> --><b>x</b>",
            "<script>if (a < b) '<div>'</script><style>p > b {}</style ><textarea><p></textarea>",
            "<svg viewBox=\"0 0 1 1\"><path d=\"M0 0\"/><g><circle r=1 /></g></svg>",
            "<svg/>",
            "<svg><foreignObject><p>a<p>b</foreignObject></svg>",
            "<A><B>x</b></a>",
            "<my-card><slot></slot></my-card>",
            "<ruby>a<rp>(<rt>b<rp>)</ruby>",
            "<html><head><title>t</title><body><p>x</body></html>",
            "<button>a</button><button>b</button><a>x</a><a>y</a>",
            "<h1>a</h1><h2>b</h2>",
        ] {
            assert_eq!(messages(whole), [] as [&str; 0], "{whole}");
        }
    }

    #[test]
    fn what_breaks_the_page_is_named() {
        for (text, expected) in [
            ("<p><strong>X</p>", "`</p>` ends `<p>`, in which `<strong>` is open"),
            ("<strong>X", "`<strong>` is not closed"),
            ("<div><p>X", "`<div>` is not closed"),
            ("<p>X</p></div>", "`</div>` closes no element of this rendition"),
            ("<div/>", "`<div>` is not closed"),
            ("<b>X</i></b>", "`</i>` closes no element of this rendition"),
            ("<p>a<div>b</div></p>", "`</p>` closes no element of this rendition"),
            ("<p><b>a<div>b</div></b>", "`<div>` ends `<p>`, in which `<b>` is open"),
            ("<img></img>", "`</img>` closes no element of this rendition"),
            ("<ul><li><b>a<li>b</b></ul>", "`<li>` ends `<li>`, in which `<b>` is open"),
            ("<table><div>x</div><tr><td>a</table>", "browsers move `<div>` out of `<table>`"),
            ("<a>x<a>y</a></a>", "`<a>` is inside `<a>`, which browsers end before it"),
            ("<h1><h2>x</h2></h1>", "`<h2>` is inside `<h1>`, which browsers end before it"),
            ("<svg><div>x</div></svg>", "`<div>` ends `<svg>` or `<math>`"),
            ("<svg><g></svg>", "`</svg>` ends `<svg>`, in which `<g>` is open"),
            ("<span class=a>b</span >c</span>", "`</span>` closes no element of this rendition"),
            ("<script>a</script></script>", "`</script>` closes no element of this rendition"),
        ] {
            assert_eq!(messages(text).first().map(String::as_str), Some(expected), "{text}");
        }
    }
}
