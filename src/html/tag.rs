//! One tag, with the attributes that somebody asks for.

use crate::prelude::*;

/// The most bytes of an attribute's value that are kept. A longer value is unknown.
const MAX_VALUE: usize = 4096;
/// The most bytes of a name that are kept. No name that anybody asks for is longer.
const MAX_NAME: usize = 128;

/// A tag as it was last read.
#[derive(Debug)]
pub(crate) struct Tag {
    /// Whether it is an end tag.
    pub is_end: bool,
    /// Whether it ends with `/>`.
    pub is_self_closing: bool,
    /// The offset of its `<` in the page.
    pub start: u64,
    /// The offset of its `>`, or of the `/` of `/>`: more attributes can be inserted here.
    pub close: u64,
    /// The offset behind it.
    pub end: u64,
    name: Vec<u8>,
    hash: u64,
    attributes: Vec<Attribute>,
}

/// An attribute: the index of its name among those asked for, and its value unless that is too long.
#[derive(Debug)]
struct Attribute {
    name: usize,
    value: Option<Vec<u8>>,
}

/// The hash of a name without its first byte.
const SEED: u64 = 0xcbf2_9ce4_8422_2325;

fn add(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
}

/// Returns the hash of a lower-case name. Elements are compared by it, however long their names are.
pub(crate) fn name_hash(name: &[u8]) -> u64 {
    name.iter().fold(SEED, |hash, byte| add(hash, *byte))
}

impl Tag {
    /// Returns a tag before the first one.
    pub(crate) const fn new() -> Self {
        Self {
            is_end: false,
            is_self_closing: false,
            start: 0,
            close: 0,
            end: 0,
            name: Vec::new(),
            hash: SEED,
            attributes: Vec::new(),
        }
    }

    /// Begins a tag at this offset.
    pub(crate) fn begin(&mut self, start: u64, is_end: bool) {
        self.is_end = is_end;
        self.is_self_closing = false;
        self.start = start;
        self.name.clear();
        self.hash = SEED;
        self.attributes.clear();
    }

    /// Adds a byte of the name, which the caller has read from any case.
    pub(crate) fn push_name(&mut self, byte: u8) {
        let byte = byte.to_ascii_lowercase();
        self.hash = add(self.hash, byte);
        // One byte more than the limit, so that a longer name equals none that is asked for.
        if self.name.len() <= MAX_NAME {
            self.name.push(byte);
        }
    }

    /// Takes over a name that is known already.
    pub(crate) fn set_name(&mut self, name: &[u8]) {
        self.name.clear();
        self.name.extend_from_slice(name);
        self.hash = name_hash(name);
    }

    /// Begins an attribute. Returns whether its value is wanted: of equal names the first one counts.
    pub(crate) fn begin_attribute(&mut self, name: usize) -> bool {
        let is_new = self.attributes.iter().all(|attribute| attribute.name != name);
        if is_new {
            self.attributes.push(Attribute { name, value: Some(Vec::new()) });
        }
        is_new
    }

    /// Adds bytes to the value of the last attribute.
    pub(crate) fn push_value(&mut self, bytes: &[u8]) {
        let Some(attribute) = self.attributes.last_mut() else { return };
        if let Some(value) = &mut attribute.value {
            if value.len().saturating_add(bytes.len()) > MAX_VALUE {
                attribute.value = None;
            } else {
                value.extend_from_slice(bytes);
            }
        }
    }

    /// Returns the name in lower case.
    pub(crate) fn name(&self) -> &[u8] {
        &self.name
    }

    /// Returns the hash of the name.
    pub(crate) const fn hash(&self) -> u64 {
        self.hash
    }

    /// Whether the tag has an attribute, by the index of its name.
    pub(crate) fn has(&self, name: usize) -> bool {
        self.attributes.iter().any(|attribute| attribute.name == name)
    }

    /// Returns the value of an attribute, by the index of its name.
    pub(crate) fn value(&self, name: usize) -> Option<&[u8]> {
        self.attributes.iter().find(|attribute| attribute.name == name)?.value.as_deref()
    }
}
