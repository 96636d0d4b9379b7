//! Attributes that leave the collector and look like personal data, or that no page needs.

use super::Linter;
use crate::source::cursor::ReadContext;
use throughline::internals::plan::tables::Source;

/// Words in the names of attributes that identify a person.
const PERSONAL: [&str; 22] = [
    "email",
    "mail",
    "phone",
    "telephone",
    "msisdn",
    "address",
    "street",
    "birthday",
    "birthdate",
    "dob",
    "iban",
    "ssn",
    "passport",
    "surname",
    "lastname",
    "last name",
    "family name",
    "full name",
    "birth date",
    "date of birth",
    "card number",
    "credit card",
];

/// Checks the names of attributes in tokens and requests.
pub fn check(linter: &Linter<'_, '_>, out: &mut ReadContext<'_>) {
    for (name, attribute) in &linter.rules.attributes {
        let Some(cursor) = &attribute.cursor else { continue };
        // A boolean `hasEmail` is not an e-mail address.
        let is_value = !matches!(attribute.kind, "boolean" | "number");
        let travels = attribute.edge || attribute.source == Source::Request;
        let property = attribute.event_values.as_ref().map_or("", |values| values.property);
        let words = format!(" {} {} ", words(name), words(property));
        let Some(word) = PERSONAL.iter().find(|word| words.contains(&format!(" {word} "))) else { continue };
        if travels && is_value && !attribute.pii {
            let how = if attribute.edge {
                "is in the token, which anybody with the device can read"
            } else {
                "is sent with requests"
            };
            let message = format!("`{name}` looks like personal data (`{word}`) and {how}");
            let expected = "`pii: true` without `edge`, or another name; a segment can carry a condition on it";
            cursor.warning("personal-name", message, out).expected(expected);
        }
    }
}

/// Reports attributes that may leave the collector although only the collector uses them.
pub fn check_unneeded(linter: &Linter<'_, '_>, names: &[&str], out: &mut ReadContext<'_>) {
    for name in names {
        if let Some(cursor) = linter.definitions.key("attributes", name, "edge") {
            let message = format!("nothing on a page needs `{name}`, so no token carries it");
            cursor
                .warning("needless-edge", message, out)
                .expected("no `edge`; with it, later rules could disclose the attribute");
        }
    }
}

/// Returns the words of a name, in lower case: `billing.lastName` has three.
pub(super) fn words(name: &str) -> String {
    let mut out = String::new();
    let mut was_small = false;
    for c in name.chars() {
        if c.is_uppercase() && was_small {
            out.push(' ');
        }
        was_small = c.is_lowercase() || c.is_ascii_digit();
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else {
            out.push(' ');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words() {
        assert_eq!(words("billing.lastName"), "billing last name");
        assert_eq!(words("EMAIL_hash2"), "email hash2");
    }
}
