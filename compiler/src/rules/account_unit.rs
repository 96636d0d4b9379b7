//! Accounts as the unit of what else is a person's.

use crate::rules::Rules;
use crate::source::cursor::{Fields, ReadContext, Reference};

/// The attribute that names the account.
pub const ID: &str = "account.id";

/// The units of what an account can have in a person's place.
const UNITS: [&str; 2] = ["id", ID];

/// Whether an attribute is the account's, so that all its members have the same; the id is the person's.
pub fn is_of_account(attribute: &str) -> bool {
    attribute.starts_with("account.") && attribute != ID
}

/// Reads `unit` of a map: where it is the account, and none where it is the person.
pub fn unit<'a>(fields: &Fields<'a>, out: &mut ReadContext<'_>) -> Option<Reference<'a>> {
    let cursor = fields.get("unit")?;
    let unit = cursor.word(&UNITS, |word| UNITS.into_iter().find(|unit| *unit == word), out)?;
    (unit == ID).then_some(Reference { name: ID, cursor })
}

/// Tells of an account that the rules do not declare: nothing would say who may name it.
pub fn check(unit: Option<&Reference<'_>>, rules: &Rules<'_>, out: &mut ReadContext<'_>) {
    if let Some(unit) = unit.filter(|_| !rules.attributes.contains_key(ID)) {
        let message = "the rules do not declare `account.id`";
        unit.cursor.error("unknown-id", message, out).expected("the attribute `account.id: { type: string }`");
    }
}
