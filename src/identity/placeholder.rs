//! Placeholders: what programs send as an id when they know none.

use crate::prelude::*;

/// Words that stand for nobody, in lower case and without anything but letters and digits.
const WORDS: [&str; 53] = [
    // No value.
    "null",
    "undefined",
    "none",
    "nil",
    "nan",
    "na",
    "empty",
    "missing",
    "true",
    "false",
    "notset",
    "notavailable",
    "notapplicable",
    "notprovided",
    "objectobject",
    // A visitor who is not known.
    "anonymous",
    "anonymoususer",
    "guest",
    "guestuser",
    "unknown",
    "unknownuser",
    "nouser",
    "notauthenticated",
    "unauthenticated",
    "notloggedin",
    "notsignedin",
    "loggedout",
    "signedout",
    "optimizelyoptout",
    // The name of a field instead of its value.
    "id",
    "uid",
    "uuid",
    "guid",
    "userid",
    "anonymousid",
    "previousid",
    "groupid",
    "accountid",
    "customerid",
    "memberid",
    "profileid",
    "contactid",
    "clientid",
    "deviceid",
    "visitorid",
    "sessionid",
    "externalid",
    "crmid",
    "distinctid",
    "email",
    "username",
    // A pattern of a UUID.
    "xxxxxxxxxxxx4xxxyxxxxxxxxxxxxxxx",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
];
/// The marks around a variable of a template, which nobody has filled in.
const TEMPLATES: [(&str, &str); 9] = [
    ("{{", "}}"),
    ("${", "}"),
    ("#{", "}"),
    ("{%", "%}"),
    ("<%", "%>"),
    ("<?", "?>"),
    ("%%", "%%"),
    ("*|", "|*"),
    ("[[", "]]"),
];
/// The number of hexadecimal digits of a UUID.
const UUID_DIGITS: usize = 32;

/// Returns whether a value stands for nobody, so that it must not identify anybody.
///
/// All visitors with such a value would become one person. It recognises, in any case and within quotes or brackets:
///
/// - words for a missing value or a visitor who is not known, such as `null`, `N/A`, `guest` and `not_authenticated`
/// - names of fields, such as `user_id` and `distinct_id`
/// - variables of templates that were not filled in, such as `{{user.id}}`, `${userId}` and `%%USER_ID%%`
/// - zeros, `-1`, UUIDs of one repeated digit, and values without any letter or digit
///
/// # Examples
///
/// ```
/// use throughline::is_placeholder;
///
/// assert!(is_placeholder("N/A"));
/// assert!(is_placeholder("{{ user.id }}"));
/// assert!(!is_placeholder("nullable"));
/// ```
#[must_use]
pub fn is_placeholder(id: &str) -> bool {
    if TEMPLATES.iter().any(|(open, close)| has_variable(id, open, close)) {
        return true;
    }
    // why: no placeholder has more letters and digits than a UUID, so a long value is not copied.
    let mut rest = id.chars().filter(|c| is_significant(*c)).map(|c| c.to_ascii_lowercase());
    let plain: String = rest.by_ref().take(UUID_DIGITS).collect();
    if rest.next().is_some() {
        return false;
    }
    let is_repeated = |of: char| plain.chars().all(|c| c == of);
    WORDS.contains(&plain.as_str()) || is_repeated('0') || is_minus_one(id) || is_repeated_uuid(&plain)
}

/// Checks whether a text has a variable of a template.
fn has_variable(text: &str, open: &str, close: &str) -> bool {
    text.split_once(open).is_some_and(|(_, after)| after.contains(close))
}

/// Checks for `-1`, which many programs use for "not found".
fn is_minus_one(id: &str) -> bool {
    id.trim_matches(|c: char| c != '-' && !is_significant(c)) == "-1"
}

fn is_repeated_uuid(plain: &str) -> bool {
    let first = plain.chars().next();
    plain.len() == UUID_DIGITS && plain.chars().all(|c| c.is_ascii_hexdigit() && Some(c) == first)
}

/// Checks for letters and digits; of the characters beyond ASCII only spaces and quotes are neither.
const fn is_significant(c: char) -> bool {
    match c {
        '\u{a0}' | '\u{ab}' | '\u{b7}' | '\u{bb}' | '\u{2000}'..='\u{206f}' | '\u{3000}' | '\u{feff}' => false,
        _ => c.is_ascii_alphanumeric() || !c.is_ascii(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_all(expected: bool, ids: &[&str]) {
        for id in ids {
            assert_eq!(is_placeholder(id), expected, "{id:?}");
        }
    }

    #[test]
    fn words_for_nobody_are_placeholders() {
        assert_all(
            true,
            &[
                "null",
                "NULL",
                "undefined",
                "none",
                "None",
                "nil",
                "NaN",
                "N/A",
                "n/a",
                "n.a.",
                "anonymous",
                "guest",
                "Guest User",
                "unknown",
                "unknown user",
                "unknown\u{b7}user",
                "true",
                "false",
                "[object Object]",
                "not_authenticated",
                "not-authenticated",
                "Not Authenticated",
                "not set",
                "(not set)",
                "(not\u{b7}set)",
                "optimizely_opt_out",
            ],
        );
    }

    #[test]
    fn names_of_fields_are_placeholders() {
        let ids = ["id", "email", "e-mail", "user_id", "userId", "USER-ID", "anonymousId", "distinct_id", "distinctid"];
        assert_all(true, &ids);
        assert_all(true, &["$user_id", "{userId}", "%user_id%", "<user_id>", ":user_id", "__USER_ID__", "[user_id]"]);
    }

    #[test]
    fn variables_of_templates_are_placeholders() {
        assert_all(
            true,
            &[
                "{{user.id}}",
                "{{ user.id }}",
                "{{client.id}}",
                "{{account.id}}",
                "%%USER_ID%%",
                "%%DEVICE%%",
                "${userId}",
                "#{user.id}",
                "<%= user.id %>",
                "<?php echo $id ?>",
                "{% user %}",
                "*|UNIQID|*",
                "[[contact.id]]",
                "user-{{ user.id }}",
            ],
        );
    }

    #[test]
    fn quotes_brackets_and_spaces_do_not_hide_one() {
        let ids = ["\"null\"", "' undefined '", "(null)", "<null>", "“null”", "`none`", "\u{a0}null\u{200b}", "null\n"];
        assert_all(true, &ids);
    }

    #[test]
    fn zeros_minus_one_and_repeated_digits_are_placeholders() {
        assert_all(
            true,
            &[
                "0",
                "00000000",
                "0.0",
                "-1",
                "\"-1\"",
                "--------",
                "",
                "  ",
                "?",
                "00000000-0000-0000-0000-000000000000",
                "ffffffff-ffff-ffff-ffff-ffffffffffff",
                "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
                "11111111-1111-1111-1111-111111111111",
                "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx",
            ],
        );
    }

    #[test]
    fn ids_of_people_are_none() {
        assert_all(
            false,
            &[
                "1",
                "-10",
                "a-1",
                "1042",
                "11111111",
                "10",
                "nullable",
                "Guestaro",
                "guest-42",
                "anonymous-7f",
                "Nona",
                "naomi",
                "ideal",
                "email-1",
                "unknownuser1",
                "f47ac10b-58cc-4372-a567-0e02b2c3d479",
                "v0123456789abcdef0123456789abcdef",
                "ann@example.com",
                "null@example.com",
                "王小明",
                "Ünal",
                "u{1}",
                "50%",
                "a|b",
                "$5",
            ],
        );
        assert!(!is_placeholder(&"null".repeat(1_000)));
    }
}
