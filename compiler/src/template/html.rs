//! Tracks markup as a browser's tokenizer does, to know the context of each output.
//!
//! The state decides how an output is escaped:
//!
//! | State | Output |
//! |---|---|
//! | `Text` | escaped for HTML |
//! | `Quoted`, attribute is text | escaped for HTML |
//! | `Quoted`, attribute is a URL with a fixed prefix | percent-encoded |
//! | `Quoted`, any other URL, code, or an element that loads something | refused |
//! | `BeforeValue`, `Unquoted` | refused: the value needs quotes |
//! | `TagOpen`, `TagName`, `BeforeName`, `Name`, `AfterName` | refused: a name |
//! | `Declaration`, `Comment`, `Raw` | refused: not markup |
//!
//! An output after an `if` or a loop has one escape for every path that leads to it. [`Markup::join`]
//! therefore requires all paths to agree on everything that decides the escape: the state and, inside a tag,
//! the element and the attribute. A URL counts as fixed only if it is so on every path:
//!
//! ```html
//! <a href="{% if sale %}/sale/{% else %}/shop/{% endif %}{{ id }}">    percent-encoded: both paths have a prefix
//! <a href="{% if sale %}/sale/{% endif %}{{ address }}">               refused: one path has no prefix
//! <p {% if hint %}title="{% endif %}>                                  error: the paths end in different states
//! ```
//!
//! This is the approach of Go's `html/template`. Rust's template engines escape by file type, without a
//! context. HTML parsers such as `html5ever` read complete documents and have no state to ask for at a gap,
//! or to join. The tracker may refuse safe markup, but never accepts an output in a context that it does not
//! know.

use throughline::internals::plan::tables::Escape;

use super::attribute::{Use, has_fixed_beginning, is_space, use_of};
use super::elements::Elements;

/// Elements whose content is not markup. An output there could be code, or end the element.
const RAW: [&str; 10] =
    ["script", "style", "textarea", "title", "iframe", "noembed", "noframes", "noscript", "xmp", "plaintext"];
/// Elements whose attributes load or run something, whatever their names are.
const LOADING: [&str; 12] = [
    "script",
    "object",
    "embed",
    "applet",
    "base",
    "meta",
    "link",
    "param",
    "animate",
    "animatemotion",
    "animatetransform",
    "set",
];
/// A prefix that stands for an unknown one; nothing that follows makes it fixed.
const UNKNOWN: &str = "\u{0}:";

/// The state of the markup at a position in the template.
#[derive(Clone, Debug, Default)]
pub(super) struct Markup {
    state: State,
    /// The name of the current or last tag.
    tag: String,
    /// The name of the current or last attribute.
    attribute: String,
    /// The characters of the current value, comment, declaration or raw element.
    seen: String,
    /// Whether an output with a fixed prefix precedes in the current value.
    is_filled: bool,
    /// Whether this position is unreachable, because the loop has been left.
    pub(super) is_left: bool,
    /// The open elements.
    pub(super) elements: Elements,
    /// The offset of the current or last tag in the template.
    tag_at: usize,
    /// Whether the last character of the tag was a `/` that is not in a value.
    has_slash: bool,
}

/// The result of joining two paths through a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    Together,
    Apart,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    TagOpen,
    TagName,
    BeforeName,
    Name,
    AfterName,
    BeforeValue,
    Quoted(char),
    Unquoted,
    Declaration,
    Comment,
    Raw,
}

/// The reason why an output is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) stands: String,
    pub(super) expected: &'static str,
}

fn refusal(stands: impl Into<String>, expected: &'static str) -> Refusal {
    Refusal { stands: stands.into(), expected }
}

impl Markup {
    /// Advances over literal text, which begins at this offset in the template.
    pub(super) fn text(&mut self, text: &str, offset: usize) {
        for (at, c) in text.char_indices() {
            if c == '<' && matches!(self.state, State::Text | State::TagOpen) {
                self.tag_at = offset.saturating_add(at);
            }
            let can_close = matches!(
                self.state,
                State::TagName | State::BeforeName | State::Name | State::AfterName | State::BeforeValue
            );
            self.state = self.next(c);
            self.has_slash = c == '/' && can_close;
        }
    }

    /// Returns the escape of an output at this position.
    pub(super) fn output(&mut self) -> Result<Escape, Refusal> {
        const ELSEWHERE: &str = "an output in text, or in a quoted attribute value";
        match self.state {
            State::Text => Ok(Escape::Html),
            State::Quoted(_) => self.value(),
            State::BeforeValue | State::Unquoted => {
                // Continues as an unquoted value, so that its other outputs are reported with the same
                // reason.
                self.state = State::Unquoted;
                Err(refusal("in an unquoted attribute value", "quotes around the value"))
            }
            State::TagOpen | State::TagName => Err(refusal("in the name of a tag", ELSEWHERE)),
            State::BeforeName | State::Name | State::AfterName => {
                Err(refusal("in the name of an attribute", ELSEWHERE))
            }
            State::Declaration | State::Comment => Err(refusal("in a comment", ELSEWHERE)),
            State::Raw => Err(refusal(format!("in `<{}>`, which is not markup", self.tag), ELSEWHERE)),
        }
    }

    /// Returns an error if something is still open at the end.
    pub(super) fn end(&self) -> Result<(), String> {
        match self.state {
            State::Text => Ok(()),
            State::Raw => Err(format!("ends inside `<{}>`", self.tag)),
            State::Comment | State::Declaration => Err("ends inside a comment".to_owned()),
            State::Quoted(quote) => Err(format!("ends inside the value of `{}`: {quote} is missing", self.attribute)),
            _ => Err(format!("ends inside the tag `<{}`", self.tag)),
        }
    }

    /// Marks the position as unreachable, after the loop was left.
    pub(super) const fn leave(&mut self) {
        self.is_left = true;
    }

    /// Joins another path to this one, if both are in the same context.
    ///
    /// The module documentation explains the rule. An unreachable path does not count.
    pub(super) fn join(&mut self, other: &Self) -> Join {
        if other.is_left {
            return Join::Together;
        }
        if self.is_left {
            *self = other.clone();
            return Join::Together;
        }
        let (tag, attribute, seen) = match self.state {
            State::Text => (false, false, false),
            State::TagOpen | State::TagName | State::BeforeName => (true, false, false),
            State::Name | State::AfterName | State::BeforeValue | State::Quoted(_) | State::Unquoted => {
                (true, true, false)
            }
            State::Declaration | State::Comment | State::Raw => (true, false, true),
        };
        let is_same = self.state == other.state
            && (!tag || self.tag == other.tag)
            && (!attribute || self.attribute == other.attribute)
            && (!seen || self.seen == other.seen);
        if !is_same {
            return Join::Apart;
        }
        // A URL is fixed only if it is on both paths. Different prefixes of which one is not fixed become an
        // unknown one.
        let is_fixed = |markup: &Self| markup.is_filled || has_fixed_beginning(&markup.seen);
        let both = is_fixed(self) && is_fixed(other);
        if !both && self.seen != other.seen {
            self.seen = UNKNOWN.to_owned();
        }
        self.is_filled = both;
        Join::Together
    }

    /// Describes the position, for messages.
    pub(super) fn describe(&self) -> String {
        match self.state {
            State::Text => "in text".to_owned(),
            State::Raw => format!("in `<{}>`", self.tag),
            State::Comment | State::Declaration => "in a comment".to_owned(),
            State::Quoted(_) | State::Unquoted | State::BeforeValue => format!("in the value of `{}`", self.attribute),
            State::TagOpen | State::TagName | State::BeforeName | State::Name | State::AfterName => {
                format!("in the tag `<{}`", self.tag)
            }
        }
    }

    fn next(&mut self, c: char) -> State {
        match self.state {
            State::Text if c == '<' => State::TagOpen,
            State::Text => State::Text,
            State::TagOpen => self.begin_tag(c),
            State::TagName | State::BeforeName | State::AfterName if c == '>' => self.end_tag(),
            State::TagName if is_space(c) || c == '/' => State::BeforeName,
            State::TagName => {
                self.tag.push(c.to_ascii_lowercase());
                State::TagName
            }
            State::BeforeName if is_space(c) || c == '/' => State::BeforeName,
            State::AfterName if c == '=' => State::BeforeValue,
            State::AfterName if is_space(c) => State::AfterName,
            State::AfterName if c == '/' => State::BeforeName,
            State::BeforeName | State::AfterName => {
                self.attribute = c.to_lowercase().collect();
                State::Name
            }
            State::Name => self.name(c),
            State::BeforeValue if is_space(c) => State::BeforeValue,
            State::BeforeValue => self.begin_value(c),
            State::Quoted(quote) if c == quote => State::BeforeName,
            State::Unquoted if c == '>' => self.end_tag(),
            State::Unquoted if is_space(c) => State::BeforeName,
            State::Quoted(_) | State::Unquoted => self.keep(c),
            State::Declaration => self.declaration(c),
            State::Comment => self.comment(c),
            State::Raw => self.raw(c),
        }
    }

    fn keep(&mut self, c: char) -> State {
        self.seen.push(c);
        self.state
    }

    fn begin_tag(&mut self, c: char) -> State {
        match c {
            '!' | '?' => {
                self.seen.clear();
                State::Declaration
            }
            '/' => {
                self.tag = "/".to_owned();
                State::TagName
            }
            '<' => State::TagOpen,
            _ if c.is_ascii_alphabetic() => {
                self.tag = c.to_ascii_lowercase().to_string();
                State::TagName
            }
            _ => State::Text,
        }
    }

    fn end_tag(&mut self) -> State {
        self.seen.clear();
        match self.tag.strip_prefix('/') {
            Some(name) => self.elements.end(name, self.tag_at),
            None => self.elements.start(&self.tag, self.tag_at, self.has_slash),
        }
        if RAW.contains(&self.tag.as_str()) { State::Raw } else { State::Text }
    }

    fn name(&mut self, c: char) -> State {
        match c {
            '=' => State::BeforeValue,
            '>' => self.end_tag(),
            '/' => State::BeforeName,
            _ if is_space(c) => State::AfterName,
            _ => {
                self.attribute.extend(c.to_lowercase());
                State::Name
            }
        }
    }

    fn begin_value(&mut self, c: char) -> State {
        self.seen.clear();
        self.is_filled = false;
        match c {
            '"' | '\'' => State::Quoted(c),
            '>' => self.end_tag(),
            _ => {
                self.seen.push(c);
                State::Unquoted
            }
        }
    }

    fn declaration(&mut self, c: char) -> State {
        // The end of `<![CDATA[` depends on the enclosing elements, so it is taken to never end.
        if c == '>' && !self.seen.starts_with("[CDATA[") {
            return State::Text;
        }
        self.seen.push(c);
        if self.seen == "--" { State::Comment } else { State::Declaration }
    }

    fn comment(&mut self, c: char) -> State {
        self.seen.push(c);
        if self.seen.ends_with("-->") || self.seen.ends_with("--!>") { State::Text } else { State::Comment }
    }

    fn raw(&mut self, c: char) -> State {
        let ends = c == '>' || c == '/' || is_space(c);
        let before = self.seen.strip_suffix(self.tag.as_str()).filter(|_| ends);
        // A script that contains `<!--` can continue after its end tag, so it is taken to never end.
        let is_escaped = || self.tag == "script" && self.seen.contains("<!--");
        if before.is_some_and(|before| before.ends_with("</")) && !is_escaped() {
            self.tag.insert(0, '/');
            return if c == '>' { self.end_tag() } else { State::BeforeName };
        }
        self.seen.push(c.to_ascii_lowercase());
        State::Raw
    }

    /// Returns the escape of an output in a quoted attribute value.
    fn value(&mut self) -> Result<Escape, Refusal> {
        const PLAIN: &str = "an output in text, or in a plain text attribute, such as `title` or `alt`";
        if LOADING.contains(&self.tag.as_str()) {
            return Err(refusal(format!("in an attribute of `<{}>`, which loads or runs something", self.tag), PLAIN));
        }
        match use_of(&self.attribute) {
            Use::Text => Ok(Escape::Html),
            Use::Code => Err(refusal(format!("in `{}`, whose value is code", self.attribute), PLAIN)),
            Use::Url if self.is_filled || has_fixed_beginning(&self.seen) => {
                self.is_filled = true;
                Ok(Escape::Url)
            }
            Use::Url => Err(refusal(
                format!("at the start of the URL in `{}`", self.attribute),
                "a fixed prefix, such as `/products/` or `https://shop.example/`, before it",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the escape of an output after this text.
    fn output(before: &str) -> Result<Escape, Refusal> {
        let mut markup = Markup::default();
        markup.text(before, 0);
        markup.output()
    }

    #[test]
    fn text_and_plain_attributes_take_text() {
        for before in [
            "",
            "<p>",
            "<p>a < b ",
            "<br/>",
            "<p title=\"",
            "<p title = '",
            "<p a=b title=\"x>y ",
            "<a href='/x'>",
            "<script>a</script>",
            "<SCRIPT>if (a </b) {}</script >",
            "<style>a</style>",
            "<!-- a > b -->",
            "<!-->",
            "<!doctype html>",
            "<p data-name=\"",
            "<p aria-label='",
            "<p/title='",
            "<p a'b title=\"",
        ] {
            assert_eq!(output(before), Ok(Escape::Html), "{before}");
        }
    }

    #[test]
    fn urls_take_values_after_a_fixed_beginning() {
        for beginning in [
            "/p/",
            "/p",
            "/?q=",
            "/#",
            "?q=",
            "#",
            "p/",
            "./",
            "https://shop.example/",
            "HTTPS://shop.example:8443?q=",
            "mailto:",
            " /p/",
        ] {
            for attribute in ["href", "src", "action", "formaction", "poster", "xlink:href", "data-src", "baseUrl"] {
                assert_eq!(
                    output(&format!("<a {attribute}=\"{beginning}")),
                    Ok(Escape::Url),
                    "{attribute}={beginning}"
                );
            }
        }
        for beginning in [
            "",
            "/",
            "//",
            "//shop.example/",
            "/\\",
            "https:",
            "https://",
            "https://shop",
            "https://shop.example",
            "https:///",
            "javascript:",
            "JavaScript:x/",
            "java&#115;cript:/",
            "data:text/html,/",
            "&#106;/",
            "\u{1}j/",
            "p",
            "https://user@shop.example/",
            "\thttps://",
        ] {
            assert!(output(&format!("<a href=\"{beginning}")).is_err(), "{beginning}");
        }
    }

    #[test]
    fn a_second_value_in_a_url_needs_no_second_beginning() {
        let mut markup = Markup::default();
        markup.text("<a href='/p/", 0);
        assert_eq!(markup.output(), Ok(Escape::Url));
        markup.text(":", 0);
        assert_eq!(markup.output(), Ok(Escape::Url));
        markup.text("' src='", 0);
        assert!(markup.output().is_err(), "the next attribute needs its own");
    }

    #[test]
    fn nothing_is_inserted_where_it_could_be_code_or_markup() {
        for before in [
            "<",
            "</",
            "<a",
            "<a ",
            "<a b",
            "<a b ",
            "<a b=",
            "<a b=c",
            "<a b= ",
            "<!",
            "<!--",
            "<!-- -- >",
            "<?xml ",
            "<![CDATA[ > ",
            "<script>",
            "<script>\"</scrip",
            "<script><!--<script></script>",
            "<style>",
            "<title>",
            "<textarea>",
            "<noscript>",
            "<iframe>",
            "<p onclick='",
            "<p ONCLICK='",
            "<p style='",
            "<p srcdoc='",
            "<img srcset='/a/",
            "<p data-onclick='",
            "<p @click='",
            "<p :title='",
            "<p v-html='",
            "<p x-data='",
            "<p x-on:click='",
            "<svg:onload a:onload='",
            "<meta content='/",
            "<base href='/a/",
            "<object data='/a/",
            "<script src='/a/",
            "<animate to='",
            "<link title='",
        ] {
            assert!(output(before).is_err(), "{before}");
        }
    }

    #[test]
    fn markup_ends_where_it_began() {
        for whole in ["", "text", "<p class=a>x</p>", "<img alt=\"\">", "<script>a<b</script>", "a < b"] {
            let mut markup = Markup::default();
            markup.text(whole, 0);
            assert_eq!(markup.end(), Ok(()), "{whole}");
        }
        for cut in ["<", "<p", "<p class=\"a", "<p class=a", "<!-- ", "<!--->-", "<script>", "<script>a</script"] {
            let mut markup = Markup::default();
            markup.text(cut, 0);
            assert_eq!(markup.end().is_err(), cut != "<!--->-", "{cut}");
        }
    }
}
