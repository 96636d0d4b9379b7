//! A page that streams to the visitor while its slots are filled. `edge/page_stream.js` has the other half.

use alloc::rc::Rc;
use core::cell::RefCell;

use js_sys::{Array, Promise};
use throughline::SortedSet;
use throughline::html::{Filler, Pushed};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, ReadableStream, Response};

use crate::prelude::*;
use crate::request::{Isolate, RequestContext};

#[wasm_bindgen(module = "/page_stream.js")]
extern "C" {
    #[wasm_bindgen(js_name = streamPage)]
    fn stream_page(body: &ReadableStream, filler: PageFiller, signal: &AbortSignal) -> Array;
}

/// The state of one page, which its stream and the request share.
struct Page {
    filler: Filler,
    has_finished: bool,
    /// The slots that were let go with the last chunk.
    going: Vec<String>,
    sent: SortedSet<String>,
    isolate: Rc<Isolate>,
}

/// The filler of one page, as `page_stream.js` calls it.
#[wasm_bindgen]
pub struct PageFiller(Rc<RefCell<Page>>);

#[wasm_bindgen]
impl PageFiller {
    /// Reads a chunk, after all that was let go before has been sent. Returns what goes on in its place, or `undefined` if
    /// the chunk goes on as it is.
    pub fn push(&self, chunk: &[u8]) -> Option<Vec<u8>> {
        let mut page = self.0.borrow_mut();
        page.confirm();
        let mut out = Vec::new();
        let pushed = page.filler.push(chunk, &mut out);
        page.has_finished = pushed == Pushed::Finished;
        page.note();
        (pushed != Pushed::Unchanged).then_some(out)
    }

    /// Ends the page. Returns what has waited.
    pub fn finish(&self) -> Vec<u8> {
        let mut page = self.0.borrow_mut();
        page.confirm();
        let mut out = Vec::new();
        page.filler.finish(&mut out);
        page.note();
        out
    }

    /// Takes notice that all that was let go has been sent.
    pub fn sent(&self) {
        self.0.borrow_mut().confirm();
    }

    /// Returns the number of the last bytes read that wait for the end of a slot.
    #[wasm_bindgen(getter)]
    pub fn waiting(&self) -> u32 {
        u32::try_from(self.0.borrow().filler.waiting()).unwrap_or(u32::MAX)
    }

    /// Whether all that follows goes on as it is.
    #[wasm_bindgen(getter, js_name = isFinished)]
    pub fn is_finished(&self) -> bool {
        self.0.borrow().has_finished
    }
}

impl Page {
    fn note(&mut self) {
        self.going.extend(self.filler.take_filled());
        for reason in self.filler.take_unfilled() {
            self.isolate.unfilled.count(reason.name());
        }
    }

    fn confirm(&mut self) {
        for slot in core::mem::take(&mut self.going) {
            self.sent.insert(slot);
        }
    }
}

/// A page that is being streamed to the visitor.
pub struct Stream {
    /// The bytes for the visitor.
    pub readable: ReadableStream,
    done: JsFuture,
    page: Rc<RefCell<Page>>,
}

impl Stream {
    /// Streams a page through a filler.
    pub fn new(context: &RequestContext, response: &Response, filler: Filler) -> Result<Self, JsValue> {
        let body = response.body().ok_or("the page has no body")?;
        let page = Rc::new(RefCell::new(Page {
            filler,
            has_finished: false,
            going: Vec::new(),
            sent: SortedSet::default(),
            isolate: Rc::clone(&context.isolate),
        }));
        let parts = stream_page(&body, PageFiller(Rc::clone(&page)), &context.incoming.raw.signal());
        let done = JsFuture::from(parts.get(1).unchecked_into::<Promise>());
        Ok(Self { readable: parts.get(0).unchecked_into(), done, page })
    }

    /// Returns the filled slots that the visitor was sent, once the page has ended or the visitor has left.
    pub async fn finished(self) -> SortedSet<String> {
        let _ = self.done.await;
        core::mem::take(&mut self.page.borrow_mut().sent)
    }
}
