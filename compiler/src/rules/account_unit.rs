//! The account as a unit, where the default unit is the person.

use crate::rules::Rules;
use crate::source::cursor::{Fields, ReadContext, Reference};

/// The attribute that names the account.
pub const ID: &str = "account.id";

/// The accepted values of `unit`: the person, or the account.
const UNITS: [&str; 2] = ["id", ID];

/// Returns whether an attribute belongs to the account, so that all its members share the value. The id of
/// the subject belongs to the person.
pub fn is_of_account(attribute: &str) -> bool {
    attribute.starts_with("account.") && attribute != ID
}

/// Reads `unit` of a map. Returns the reference if it names the account, and `None` if it names the person.
pub fn unit<'a>(fields: &Fields<'a>, out: &mut ReadContext<'_>) -> Option<Reference<'a>> {
    let cursor = fields.get("unit")?;
    let unit = cursor.keyword(&UNITS, |word| UNITS.into_iter().find(|unit| *unit == word), out)?;
    (unit == ID).then_some(Reference { name: ID, cursor })
}

/// Reports a unit that names the account where the rules do not declare the attribute: nothing would then say
/// who may set it.
pub fn check(unit: Option<&Reference<'_>>, rules: &Rules<'_>, out: &mut ReadContext<'_>) {
    if let Some(unit) = unit.filter(|_| !rules.attributes.contains_key(ID)) {
        let message = "the rules do not declare `account.id`";
        unit.cursor.error("unknown-id", message, out).expected("the attribute `account.id: { type: string }`");
    }
}
