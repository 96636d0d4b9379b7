//! Raw JSON: the text of values, found by their quotes and brackets alone.
//!
//! why: a batch is cut into its calls before any of them is parsed, so that one that cannot be parsed costs itself only.

use alloc::borrow::Cow;

use crate::json::reader::{Read, Reader};
use crate::prelude::*;

/// The name and the text of each member of an object.
pub(crate) type RawMembers<'a> = Vec<(Cow<'a, str>, &'a str)>;

impl<'a> Reader<'a> {
    /// Consumes the next value without parsing it, and returns its text.
    ///
    /// It takes linear time and no recursion. Brackets that stand wrong inside the value end with the bracket around them.
    pub(crate) fn raw_value(&mut self) -> Read<&'a str> {
        let first = self.peek();
        let start = self.at;
        match first {
            Some(b'"') => self.skip_string()?,
            Some(b'{' | b'[') => self.skip_brackets()?,
            _ => {
                self.take_while(|byte| !matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r'));
            }
        }
        self.text.get(start..self.at).filter(|raw| !raw.is_empty()).ok_or("a value")
    }

    /// Returns the members of an object, and the error after which the rest cannot be told apart.
    pub(crate) fn raw_members(&mut self) -> (RawMembers<'a>, Option<&'static str>) {
        let mut members = Vec::new();
        let error = self.collect_members(&mut members).err();
        (members, error)
    }

    fn collect_members(&mut self, members: &mut RawMembers<'a>) -> Read<()> {
        if self.peek() != Some(b'{') {
            return Err("an object");
        }
        let mut more = self.begins_list(b'}')?;
        while more {
            let name = self.name()?;
            members.push((name, self.raw_value()?));
            more = self.continues_list(b'}', "`,` or `}`")?;
        }
        Ok(())
    }

    /// Returns the items of a list, at most `limit` of them.
    pub(crate) fn raw_items(&mut self, limit: usize) -> Read<Vec<&'a str>> {
        if self.peek() != Some(b'[') {
            return Err("a list");
        }
        let mut items = Vec::new();
        let mut more = self.begins_list(b']')?;
        while more {
            if items.len() >= limit {
                return Err("fewer items");
            }
            items.push(self.raw_value()?);
            more = self.continues_list(b']', "`,` or `]`")?;
        }
        Ok(items)
    }

    fn skip_string(&mut self) -> Read<()> {
        self.step(1);
        loop {
            self.take_while(|byte| byte != b'"' && byte != b'\\');
            match self.byte() {
                Some(b'"') => {
                    self.step(1);
                    return Ok(());
                }
                // The character after a backslash may be long, but none of its bytes is a quote.
                Some(_) => self.step(2),
                None => return Err("the rest of a string"),
            }
        }
    }

    fn skip_brackets(&mut self) -> Read<()> {
        // The closing brackets that are due, and how many of them are braces.
        let (mut due, mut braces) = (Vec::new(), 0_usize);
        loop {
            self.take_while(|byte| !matches!(byte, b'"' | b'{' | b'[' | b'}' | b']'));
            match self.byte() {
                Some(b'"') => {
                    self.skip_string()?;
                    continue;
                }
                Some(b'{') => {
                    due.push(b'}');
                    braces = braces.saturating_add(1);
                }
                Some(b'[') => due.push(b']'),
                Some(close) => {
                    let open = if close == b'}' { braces } else { due.len().saturating_sub(braces) };
                    while open > 0
                        && let Some(last) = due.pop()
                    {
                        braces = braces.saturating_sub(usize::from(last == b'}'));
                        if last == close {
                            break;
                        }
                    }
                }
                None => return Err("the rest of a value"),
            }
            self.step(1);
            if due.is_empty() {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use proptest::prelude::*;

    fn items(text: &str) -> Result<Vec<&str>, &'static str> {
        Reader::lenient(text, 2).raw_items(100)
    }

    #[test]
    fn items_are_cut_apart_whatever_is_in_them() {
        let found = items(r#" [ {"a":"]},\"{"} , [1,[2]],nul , -Infinity,"x\\" ] "#);
        assert_eq!(found, Ok(vec![r#"{"a":"]},\"{"}"#, "[1,[2]]", "nul", "-Infinity", r#""x\\""#]));
    }

    #[test]
    fn brackets_that_stand_wrong_stay_in_their_item() {
        assert_eq!(items(r#"[{"a":[1},{"b":2}]"#), Ok(vec![r#"{"a":[1}"#, r#"{"b":2}"#]));
        assert_eq!(items(r#"[{"a":1]},{"b":2}]"#), Ok(vec![r#"{"a":1]}"#, r#"{"b":2}"#]));
    }

    #[test]
    fn what_does_not_end_is_an_error() {
        for text in ["[", "[1", "[1,", "[,]", r#"["a"#, r#"["a\"#, "[{", r#"[{"a":"}]"#, "{}", "", "[1 2]"] {
            assert!(items(text).is_err(), "{text}");
        }
        assert_eq!(Reader::lenient("[1,2,3]", 2).raw_items(2), Err("fewer items"));
    }

    #[test]
    fn hostile_brackets_cost_linear_time() {
        let million = 1_000_000;
        for text in [
            format!("[{}", "[".repeat(million)),
            format!("[{}{}]", "[".repeat(million), "}".repeat(million)),
            format!("[{}{}]", "[".repeat(million), "]".repeat(million)),
            format!("[{}{}", "{[".repeat(million), "}".repeat(million)),
        ] {
            let _ = items(&text);
        }
    }

    #[test]
    fn members_are_found_up_to_the_first_that_is_none() {
        let (members, error) = Reader::lenient(r#"{"a":1,"\u0062":[2,{}],c:3}"#, 2).raw_members();
        let members: Vec<(&str, &str)> = members.iter().map(|(name, raw)| (name.as_ref(), *raw)).collect();
        assert_eq!((members, error), (vec![("a", "1"), ("b", "[2,{}]")], Some("a string")));
    }

    proptest! {
        /// The text of each item parses to that item.
        #[test]
        fn raw_items_are_the_items(text in r#"\[([\[\]{}",:\\0-9ntrue ]{0,8},?){0,6}\]"#) {
            if let Ok(json::Value::Array(wanted)) = json::parse(&text) {
                let found: Vec<_> = items(&text).unwrap().into_iter().map(|raw| json::parse(raw).unwrap()).collect();
                prop_assert_eq!(found, wanted);
            }
        }

        #[test]
        fn any_text_is_cut_without_a_panic(text in any::<String>(), odd in r#"[\[{"\\}\]:,aé ]{0,60}"#) {
            for text in [text, odd] {
                let _ = items(&text);
                let _ = Reader::lenient(&text, 2).raw_members();
            }
        }
    }
}
