//! The elements `html`, `head` and `body`, whose tags may be missing.

use super::{Outcome, Phase, Tree};
use crate::html::element::{HEAD, Kind};
use crate::html::tag::Tag;
use crate::html::tree::foreign::Space;

impl Tree {
    /// Reads the start tags of `html`, `head` and `body`, and opens those whose tags are missing.
    pub(super) fn skeleton_start(&mut self, tag: &Tag, kind: Kind) -> Option<Outcome> {
        match kind {
            Kind::Html if self.stack.is_empty() => return Some(self.push(tag, kind, Space::Html)),
            Kind::Frame => return Some(Outcome::Ignored),
            Kind::Frameset => {
                self.stop();
                return Some(Outcome::Ignored);
            }
            Kind::Head if self.phase == Phase::Before => {
                self.open_html();
                self.phase = Phase::Head;
                return Some(self.push(tag, kind, Space::Html));
            }
            Kind::Body if self.phase < Phase::Body && self.templates == 0 => {
                self.close_head();
                self.phase = Phase::Body;
                return Some(self.push(tag, kind, Space::Html));
            }
            Kind::Head => return Some(Outcome::Ignored),
            Kind::Html | Kind::Body => {
                // Its attributes go to the element that is open already, but not from within a template.
                self.doubt_from(0);
                return Some(Outcome::Ignored);
            }
            _ => {}
        }
        if self.phase < Phase::Body && self.templates == 0 {
            let belongs = kind.is(HEAD) && !(kind == Kind::Noscript && self.phase == Phase::AfterHead);
            if belongs { self.open_head() } else { self.open_body() }
        }
        None
    }

    pub(super) fn open_html(&mut self) {
        if self.stack.is_empty() {
            self.push_implied(Kind::Html);
        }
    }

    pub(super) fn open_head(&mut self) {
        self.open_html();
        if self.phase == Phase::Before {
            self.push_implied(Kind::Head);
            self.phase = Phase::Head;
        }
    }

    pub(super) fn close_head(&mut self) {
        self.open_head();
        if self.phase == Phase::Head {
            self.close(1, true);
            self.phase = Phase::AfterHead;
        }
    }

    pub(super) fn open_body(&mut self) {
        self.close_head();
        self.push_implied(Kind::Body);
        self.phase = Phase::Body;
    }
}
