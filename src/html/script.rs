//! The states of a script's text: in `<!-- <script>` an end tag closes only the inner script.

use crate::html::scanner::is_space;

const NAME: &[u8] = b"script";

/// The meaning of a byte of a script to the tokenizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It is text.
    Text,
    /// It is the `/` before what may be the end tag's name.
    EndTag,
    /// It must be read again.
    Again,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Depth {
    #[default]
    Data,
    /// After `<!--`.
    Escaped,
    /// After `<!-- <script`.
    Double,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    #[default]
    Text,
    /// After `<`.
    Less,
    /// After `<!` or `<!-`: the number of dashes.
    Bang(u8),
    /// After dashes of an escaped text: their number, at most 2.
    Dash(u8),
    /// In the name after `<` or `</` that may begin or end a double escape: the number of matching bytes, or `None`.
    Word(Option<usize>),
}

/// The place in a script's text.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Script {
    depth: Depth,
    at: At,
}

impl Script {
    /// Returns the number of bytes that do not change the state.
    pub(crate) fn skip(self, rest: &[u8]) -> usize {
        if self.at != At::Text {
            return 0;
        }
        let is_data = self.depth == Depth::Data;
        rest.iter().position(|byte| *byte == b'<' || (*byte == b'-' && !is_data)).unwrap_or(rest.len())
    }

    /// Reads one byte.
    pub(crate) fn step(&mut self, byte: u8) -> Step {
        let again = |at: &mut At| {
            *at = At::Text;
            Step::Again
        };
        match (self.at, byte) {
            (At::Text, b'<') | (At::Dash(_), b'<') => self.at = At::Less,
            (At::Text, b'-') if self.depth != Depth::Data => self.at = At::Dash(1),
            (At::Text, _) => {}

            (At::Less, b'/') if self.depth == Depth::Double => self.at = At::Word(Some(0)),
            (At::Less, b'/') => {
                self.at = At::Text;
                return Step::EndTag;
            }
            (At::Less, b'!') if self.depth == Depth::Data => self.at = At::Bang(0),
            (At::Less, _) if self.depth == Depth::Escaped && byte.is_ascii_alphabetic() => {
                self.at = At::Word(Some(0));
                return Step::Again;
            }
            (At::Less, _) => return again(&mut self.at),

            (At::Bang(0), b'-') => self.at = At::Bang(1),
            (At::Bang(_), b'-') => {
                self.depth = Depth::Escaped;
                self.at = At::Dash(2);
            }
            (At::Bang(_), _) => return again(&mut self.at),

            (At::Dash(2), b'>') => {
                self.depth = Depth::Data;
                self.at = At::Text;
            }
            (At::Dash(_), b'-') => self.at = At::Dash(2),
            (At::Dash(_), _) => self.at = At::Text,

            (At::Word(read), _) if is_space(byte) || matches!(byte, b'/' | b'>') => {
                if read == Some(NAME.len()) {
                    self.depth = if self.depth == Depth::Double { Depth::Escaped } else { Depth::Double };
                }
                self.at = At::Text;
            }
            (At::Word(read), _) if byte.is_ascii_alphabetic() => {
                let is_next = |read: &usize| NAME.get(*read) == Some(&byte.to_ascii_lowercase());
                self.at = At::Word(read.filter(is_next).map(|read| read.saturating_add(1)));
            }
            (At::Word(_), _) => return again(&mut self.at),
        }
        Step::Text
    }
}
