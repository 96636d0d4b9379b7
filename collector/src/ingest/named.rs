//! The device and the person that a call is about, and how well that is proven.

use crate::event::identifier::Identifier;

/// The device and the person that a call is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// The device that sent it.
    pub device: Option<Device>,
    /// Ids that other libraries gave to the same browser.
    pub shown: Vec<Identifier>,
    /// The profile that a token in force names.
    pub token: Option<String>,
    /// The person.
    pub person: Person,
    /// The sender, for what the audit counts.
    pub source: String,
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Device {
    /// Its id.
    pub id: Identifier,
    /// Whether the edge has checked that the browser holds the credential of the id. Everybody may know the id itself.
    pub is_signed: bool,
}

/// The person that a call names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Person {
    /// None.
    Nobody,
    /// One that nobody has proven.
    Claimed(Identifier),
    /// One whose identifiers a trusted sender or a `userHash` has proven, the best first.
    Proven(Vec<Identifier>),
}

impl Named {
    /// Returns the keys of everything that this names. Two calls without a common key do not depend on each other.
    pub fn keys(&self) -> Vec<String> {
        let people: &[Identifier] = match &self.person {
            Person::Nobody => &[],
            Person::Claimed(id) => core::slice::from_ref(id),
            Person::Proven(ids) => ids,
        };
        let ids = self.device.iter().map(|device| &device.id).chain(&self.shown).chain(people);
        ids.map(ToString::to_string).chain(self.token.iter().map(|profile| format!("subject:{profile}"))).collect()
    }
}
