//! Fills slots with the platform's HTMLRewriter while the page streams through.

use alloc::rc::Rc;
use core::cell::{Cell, RefCell};

use js_sys::{Object, Reflect};
use throughline::{Decision, Event, Format, Plan, SlotTarget, SortedSet, Value};
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStream, Response, TransformStream};

use crate::platform::js::{Element, HtmlRewriter};
use crate::prelude::*;

/// Elements whose content is not shown or is not HTML: slots in them are not filled.
///
/// Slots in comments, scripts and other raw text are not elements, so the rewriter never reports them.
const INERT: [&str; 4] = ["template", "svg", "math", "noscript"];
/// Elements that cannot contain other elements.
const CHILDLESS: &[&str] = &[
    "area",
    "base",
    "br",
    "col",
    "embed",
    "hr",
    "img",
    "input",
    "link",
    "meta",
    "param",
    "source",
    "track",
    "wbr",
    "script",
    "style",
    "textarea",
    "title",
    "iframe",
    "noembed",
    "noframes",
    "noscript",
    "xmp",
    "plaintext",
    "template",
];

type Handler = Closure<dyn FnMut(Element)>;
type SlotNames = Rc<RefCell<SortedSet<String>>>;

/// The slots that the page contained and that were filled.
pub struct FilledSlots(SlotNames);

impl FilledSlots {
    /// Returns the exposures of the filled slots, and of the experiments that chose the content of one of them.
    pub fn exposures(&self, decision: &Decision<'_>) -> Vec<Event> {
        let filled = self.0.borrow();
        let all = decision.exposures();
        let is_filled = |event: &Event| property(event, "slot").is_some_and(|slot| filled.contains(slot));
        let is_shown = |exposure: &&Event| match property(exposure, "experiment_id") {
            Some(experiment) => {
                all.iter().any(|event| property(event, "experiment") == Some(experiment) && is_filled(event))
            }
            None => is_filled(exposure),
        };
        all.iter().filter(is_shown).cloned().collect()
    }
}

fn property<'e>(event: &'e Event, name: &str) -> Option<&'e str> {
    event.properties.get(name).and_then(Value::as_str)
}

/// A rewriter for one page, with the handlers that it calls.
pub struct Rewriter {
    inner: HtmlRewriter,
    handlers: Vec<Handler>,
    is_inert: Rc<Cell<bool>>,
    filled: SlotNames,
}

/// A page that is being streamed to the visitor.
pub struct Stream {
    /// The bytes for the visitor.
    pub readable: ReadableStream,
    pumped: JsFuture,
    filled: SlotNames,
    // INVARIANT: the runtime calls the handlers until the stream has ended, so they live as long as it.
    _handlers: Vec<Handler>,
}

impl Rewriter {
    /// Returns a rewriter that fills the slots of a decision.
    ///
    /// A selector that the platform does not support fills nothing.
    pub fn new(plan: &Plan, decision: &Decision<'_>, is_utf8: bool) -> Result<Self, JsValue> {
        let mut rewriter =
            Self { inner: HtmlRewriter::new()?, handlers: Vec::new(), is_inert: Rc::default(), filled: Rc::default() };
        let fills: Vec<Fill> = fills(plan, decision, is_utf8);
        let targets = || fills.iter().flat_map(|fill| fill.selectors.iter()).map(String::as_str);
        // Handlers run in the order of registration. Each target is first treated as active, then marked as inert if it is
        // inside an inert element or inside a target whose content is replaced. The handlers that fill run last.
        for target in targets() {
            rewriter.mark(target, false)?;
        }
        for outer in INERT.into_iter().chain(targets()) {
            for target in targets() {
                rewriter.mark(&format!("{outer} {target}"), true)?;
            }
        }
        for fill in fills.into_iter().map(Rc::new) {
            for selector in &fill.selectors {
                rewriter.fill(selector, &fill)?;
            }
        }
        Ok(rewriter)
    }

    /// Streams a page through the rewriter, without buffering it.
    pub fn stream(self, response: &Response) -> Result<Stream, JsValue> {
        let rewritten = self.inner.transform(response)?;
        let body = rewritten.body().ok_or("the page has no body")?;
        // The promise of the pipe resolves when the last byte has been sent. A rewriter cannot pipe to an
        // `IdentityTransformStream`, so this is a plain `TransformStream`.
        let pipe = TransformStream::new()?;
        let pumped = JsFuture::from(body.pipe_to(&pipe.writable()));
        Ok(Stream { readable: pipe.readable(), pumped, filled: self.filled, _handlers: self.handlers })
    }

    fn mark(&mut self, selector: &str, inert: bool) -> Result<(), JsValue> {
        let is_inert = Rc::clone(&self.is_inert);
        self.on(selector, Closure::new(move |_| is_inert.set(inert)))
    }

    fn fill(&mut self, selector: &str, fill: &Rc<Fill>) -> Result<(), JsValue> {
        let (fill, is_inert, filled) = (Rc::clone(fill), Rc::clone(&self.is_inert), Rc::clone(&self.filled));
        let handler = move |element: Element| {
            if !is_inert.get() && fill.apply(&element).is_some() {
                filled.borrow_mut().insert(fill.slot.clone());
            }
        };
        self.on(selector, Closure::new(handler))
    }

    fn on(&mut self, selector: &str, handler: Handler) -> Result<(), JsValue> {
        let handlers = Object::new();
        Reflect::set(&handlers, &"element".into(), handler.as_ref())?;
        if self.inner.on(selector, &handlers).is_ok() {
            self.handlers.push(handler);
        }
        Ok(())
    }
}

impl Stream {
    /// Returns the filled slots once the page has been sent or the visitor has left.
    pub async fn finished(self) -> FilledSlots {
        let _ = self.pumped.await;
        FilledSlots(self.filled)
    }
}

/// The content of one slot, and the selectors of its elements.
struct Fill {
    slot: String,
    decision: String,
    selectors: Vec<String>,
    is_json: bool,
    content: String,
}

fn fills(plan: &Plan, decision: &Decision<'_>, is_utf8: bool) -> Vec<Fill> {
    plan.slots()
        .filter_map(|SlotTarget { id: slot, selector, .. }| {
            let content = &decision.slots.get(slot)?.content;
            let selector = selector.unwrap_or_default();
            let is_json = content.format == Format::Json;
            let content = match content.format {
                Format::Json => json_for_script(&content.body),
                Format::Html if is_utf8 => content.body.clone().into_owned(),
                Format::Html => ascii_html(&content.body),
                Format::Text => ascii_html(&text_as_html(&content.body)),
            };
            let element = if is_json { "script" } else { "" };
            let named = format!("{element}[data-tl-slot=\"{slot}\"]");
            let selectors = [named].into_iter().chain(parts(selector)).collect();
            Some(Fill { slot: slot.to_owned(), decision: decision.id(), selectors, is_json, content })
        })
        .collect()
}

impl Fill {
    /// Fills an element. Returns `None` if it cannot contain the content or has been filled already.
    fn apply(&self, element: &Element) -> Option<()> {
        let tag = element.tag_name().to_ascii_lowercase();
        let filled_by = element.get_attribute("data-tl-decision").ok().flatten();
        let fits = if self.is_json { is_data_script(&tag, element) } else { !CHILDLESS.contains(&tag.as_str()) };
        if !fits || filled_by.is_some_and(|decision| decision == self.decision) {
            return None;
        }
        let as_html = Object::new();
        Reflect::set(&as_html, &"html".into(), &true.into()).ok()?;
        element.set_inner_content(&self.content, &as_html).ok()?;
        element.set_attribute("data-tl-state", "applied").ok()?;
        element.set_attribute("data-tl-decision", &self.decision).ok()?;
        Some(())
    }
}

/// Whether the element is a script that browsers do not run, which is the only place for JSON.
fn is_data_script(tag: &str, element: &Element) -> bool {
    let kind = element.get_attribute("type").ok().flatten().unwrap_or_default();
    tag == "script" && kind.trim().eq_ignore_ascii_case("application/json")
}

/// Splits a selector list at its commas, except those inside brackets and quotes.
fn parts(list: &str) -> Vec<String> {
    let (mut depth, mut quote) = (0_i32, None);
    let mut out = vec![String::new()];
    for char in list.chars() {
        match (char, quote) {
            ('"' | '\'', None) => quote = Some(char),
            (_, Some(open)) if char == open => quote = None,
            ('[' | '(', None) => depth = depth.saturating_add(1),
            (']' | ')', None) => depth = depth.saturating_sub(1),
            (',', None) if depth == 0 => {
                out.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = out.last_mut() {
            part.push(char);
        }
    }
    out.iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// Returns HTML in ASCII, which is correct in every encoding that is rewritten.
fn ascii_html(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    for char in html.chars() {
        if char.is_ascii() { out.push(char) } else { out.push_str(&format!("&#{};", u32::from(char))) }
    }
    out
}

fn text_as_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Returns JSON in ASCII that can neither end a script element nor begin a comment.
fn json_for_script(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for unit in json.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() && !b"<>&".contains(&byte) => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\u{unit:04x}")),
        }
    }
    out
}
