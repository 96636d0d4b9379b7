//! Names, strings and escapes of selectors: <https://www.w3.org/TR/css-syntax-3/#tokenization>.

use super::SelectorError;
use super::parse::{Parsed, Parser};
use crate::html::scanner::is_space;
use crate::prelude::*;

impl<'s> Parser<'s> {
    /// Reads a name, with its escapes.
    pub(super) fn name(&mut self) -> Parsed<String> {
        if !self.is_name_start() {
            return Err(self.wanted("a name", self.peek()));
        }
        let mut name = String::new();
        while let Some(char) = self.peek() {
            match char {
                '\\' => name.push(self.escape()?),
                _ if is_name(char) => {
                    name.push(char);
                    self.bump();
                }
                _ => break,
            }
        }
        Ok(name)
    }

    pub(super) fn string(&mut self, quote: char) -> Parsed<String> {
        self.bump();
        let mut text = String::new();
        loop {
            match self.peek() {
                None | Some('\n') => return Err(self.error(format!("the string lacks its closing `{quote}`"))),
                Some('\\') => text.push(self.escape()?),
                Some(char) => {
                    self.bump();
                    if char == quote {
                        return Ok(text);
                    }
                    text.push(char);
                }
            }
        }
    }

    /// Reads an escape: `\` and up to six hexadecimal digits with a space, or any character.
    pub(super) fn escape(&mut self) -> Parsed<char> {
        self.bump();
        let digits = self.rest().bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
        if digits == 0 {
            let found = self.peek().filter(|char| *char != '\n');
            self.bump();
            return found.ok_or_else(|| self.error("`\\` escapes nothing".to_owned()));
        }
        let code = u32::from_str_radix(self.rest().get(..digits).unwrap_or_default(), 16).unwrap_or_default();
        self.at = self.at.saturating_add(digits);
        if self.peek().is_some_and(|char| char.is_ascii() && is_space(char as u8)) {
            self.bump();
        }
        Ok(char::from_u32(code).filter(|char| *char != '\0').unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    pub(super) fn rest(&self) -> &'s str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn bump(&mut self) {
        self.at = self.at.saturating_add(self.peek().map_or(0, char::len_utf8));
    }

    pub(super) fn skip_space(&mut self) -> bool {
        let start = self.at;
        while self.peek().is_some_and(|char| char.is_ascii() && is_space(char as u8)) {
            self.bump();
        }
        self.at > start
    }

    pub(super) fn is_name_start(&self) -> bool {
        let rest = self.rest();
        let rest = rest.strip_prefix('-').unwrap_or(rest);
        rest.starts_with(|char: char| char == '\\' || (is_name(char) && !char.is_ascii_digit()))
    }

    pub(super) fn expect(&mut self, wanted: char) -> Parsed<()> {
        if self.peek() != Some(wanted) {
            return Err(self.wanted(&format!("`{wanted}`"), self.peek()));
        }
        self.bump();
        Ok(())
    }

    pub(super) fn wanted(&self, wanted: &str, found: Option<char>) -> SelectorError {
        let found = found.map_or_else(|| "the end".to_owned(), |char| format!("`{char}`"));
        self.error(format!("expected {wanted}, found {found}"))
    }

    pub(super) fn unexpected(&self, found: char) -> SelectorError {
        self.wanted("a selector", Some(found))
    }

    pub(super) fn unsupported(&self, found: &str) -> SelectorError {
        self.error(format!("{found} is not supported"))
    }

    pub(super) const fn error(&self, message: String) -> SelectorError {
        SelectorError { at: self.at, message }
    }
}

fn is_name(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '-' | '_') || !char.is_ascii()
}
