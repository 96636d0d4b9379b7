//! Identifiers that join the wrong people or separate one person, and addresses that keep too much.

use throughline::internals::plan::tables::{IdentityMode, Normalise};
use throughline::internals::text::matches_name;

use super::Linter;
use super::personal::words;
use crate::source::cursor::ReadContext;

/// Words in the names of parameters whose values belong to one person.
const SECRET: [&str; 14] = [
    "token",
    "code",
    "password",
    "secret",
    "session",
    "sid",
    "signature",
    "sig",
    "auth",
    "key",
    "jwt",
    "otp",
    "email",
    "phone",
];

/// Checks identity and addresses.
pub fn check(linter: &Linter<'_, '_>, out: &mut ReadContext<'_>) {
    mode(linter, out);
    identifiers(linter, out);
    addresses(linter, out);
}

fn mode(linter: &Linter<'_, '_>, out: &mut ReadContext<'_>) {
    let identity = &linter.rules.identity;
    if let (IdentityMode::Claimed, Some(cursor)) = (identity.mode, &identity.mode_cursor) {
        let message = "anybody who knows an identifier can add claims to the profile that it names";
        cursor.warning("claimed-identity", message, out).expected("`proven`, or a reason why claims are needed");
    }
}

fn identifiers(linter: &Linter<'_, '_>, out: &mut ReadContext<'_>) {
    for (name, identifier) in &linter.rules.identity.identifiers {
        let Some(cursor) = &identifier.cursor else { continue };
        let words = words(name);
        let has = |word: &str| words.split(' ').any(|part| part == word);
        let form = match () {
            () if has("email") || has("mail") => Normalise::Email,
            () if has("phone") || has("mobile") || has("msisdn") => Normalise::Phone,
            () => Normalise::None,
        };
        if identifier.normalise == Normalise::None && form != Normalise::None {
            let message = format!("two spellings of one `{name}` are two identifiers");
            cursor.warning("identifier-spelling", message, out).expected(format!("`normalise: {}`", form.name()));
        }
        if !identifier.unique && identifier.limit == 1 {
            let message = format!("`{name}` is shared by people, but each of them has only one");
            let expected = "a higher `limit`, or `unique: true` if a value names one person";
            cursor.warning("identifier-limit", message, out).expected(expected);
        }
    }
}

fn addresses(linter: &Linter<'_, '_>, out: &mut ReadContext<'_>) {
    let kept = linter.definitions.get("policies", "addresses").and_then(|cursor| cursor.get("keep"));
    for cursor in kept.and_then(|cursor| cursor.items()).unwrap_or_default() {
        let pattern = cursor.node.as_str().unwrap_or_default();
        if let Some(secret) = SECRET.iter().find(|secret| matches_name(pattern, secret)) {
            let message = format!("recorded addresses keep `{secret}`, which belongs to one person");
            cursor.warning("personal-parameter", message, out).expected("only parameters of campaigns");
        }
    }
}
