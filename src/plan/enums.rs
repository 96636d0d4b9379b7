//! Enums that a plan stores as numbers and rules write as words.

use super::row::{Field, Kind, word};
use crate::event::consent::Consent;
use crate::prelude::*;

/// Declares enums that a plan stores as numbers: each is a field type of rows, and an unknown number is a refused plan.
macro_rules! wire_enum {
    ($($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $number:literal $text:literal,)* })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u32)]
        pub enum $name { $($(#[$variant_meta])* $variant = $number,)* }

        impl $name {
            /// Returns the variant with this number in plans.
            #[must_use]
            pub const fn from_number(number: u32) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }
            /// Returns the variant with this name in rules.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)* _ => None }
            }
            /// Returns the name in rules and JSON.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
            /// All names, for messages.
            pub const NAMES: &'static [&'static str] = &[$($text),*];
            /// The number of variants.
            pub(crate) const VARIANTS: u32 = Self::NAMES.len() as u32;
        }

        // INVARIANT: the variants are numbered from 0 without a gap, because the check of a plan only compares with their count.
        const _: () = {
            let mut number = 0;
            while number < $name::VARIANTS {
                assert!($name::from_number(number).is_some(), "a gap between the numbers of variants");
                number = number.saturating_add(1);
            }
        };

        impl $crate::plan::row::Field for $name {
            const KIND: $crate::plan::row::Kind = $crate::plan::row::Kind::Enum(Self::VARIANTS);
            #[inline]
            fn read(words: &[u32], at: usize) -> Option<Self> {
                Self::from_number($crate::plan::row::word(words, at))
            }
            fn write(self, out: &mut Vec<u32>) {
                out.push(self as u32);
            }
        }
    )*};
}
pub(super) use wire_enum;

wire_enum! {
    /// The origin of an attribute's value.
    Source {
        /// The profile: events and verified tokens.
        Profile = 0 "profile",
        /// The request: page, device, location.
        Request = 1 "request",
        /// Events: the values of one of their properties.
        Events = 2 "events",
    }
    /// The declared type of an attribute. Conditions of the rules' own dialect read its value as this type.
    ValueKind {
        /// Text.
        String = 0 "string",
        /// A number.
        Number = 1 "number",
        /// `true` or `false`.
        Boolean = 2 "boolean",
        /// A moment, in milliseconds since 1970.
        Date = 3 "date",
        /// A version, such as `1.2.3`.
        Version = 4 "version",
        /// A list.
        List = 5 "list",
        /// An object, or a list of objects.
        Object = 6 "object",
    }
    /// The fact that an attribute of the request is derived from.
    Derivation {
        /// A parameter of the page's address.
        Parameter = 0 "parameter",
        /// The user agent: its class of device.
        DeviceType = 1 "deviceType",
        /// The user agent: the name of the browser.
        Browser = 2 "browser",
        /// The position: the id of the nearest place of the plan.
        NearestPlace = 3 "nearestPlace",
    }
    /// The type of a constant.
    ConstantKind {
        /// `null`.
        Null = 0 "null",
        /// `true` or `false`.
        Boolean = 1 "boolean",
        /// A number.
        Number = 2 "number",
        /// A string.
        String = 3 "string",
        /// A list or an object, compared by its JSON text.
        Json = 4 "json",
    }
    /// The class of a campaign or journey, which caps, holdouts and suppression refer to.
    Class {
        /// Promotion: meant to sell.
        Promo = 0 "promo",
        /// Service: helps with a task of the person.
        Service = 1 "service",
        /// Transactional: must be delivered.
        Transactional = 2 "transactional",
    }
    /// The format of a rendition's content.
    Format {
        /// Markup for a slot.
        Html = 0 "html",
        /// Plain text.
        Text = 1 "text",
        /// Data for a slot or an app.
        Json = 2 "json",
    }
    /// The function that turns the sum of a score's terms into the score.
    Link {
        /// The identity: the sum is the score.
        Linear = 0 "linear",
        /// The logistic function: the score is between 0 and 1.
        Logistic = 1 "logistic",
    }
    /// The fact that a term of a score reads.
    TermKind {
        /// The number of an attribute.
        Attribute = 0 "attribute",
        /// The number of times that an event happened.
        Count = 1 "count",
        /// The time since an event last happened.
        Decay = 2 "decay",
    }
    /// The escaping of a value that a template inserts.
    Escape {
        /// Plain text stays as it is.
        None = 0 "none",
        /// For the text of an element, and quoted attribute values.
        Html = 1 "html",
        /// For a part of a URL in a quoted attribute: everything but unreserved characters is percent-encoded.
        Url = 2 "url",
        /// For the inside of a JSON string.
        Json = 3 "json",
        /// A JSON value of its own.
        Data = 4 "data",
    }
    /// The time over which a cap counts.
    Per {
        /// The visitor's session.
        Session = 0 "session",
        /// The calendar day in the subject's time zone.
        Day = 1 "day",
        /// All time.
        Total = 2 "total",
        /// A sliding window.
        Window = 3 "window",
    }
    /// The occurrences of an event that a counter keeps.
    Fold {
        /// The last ones.
        Last = 0 "last",
        /// The first ones.
        First = 1 "first",
        /// The last ones with different values, and of each value the last one. Values are kept as hashes.
        Distinct = 2 "distinct",
        /// The last ones that have a number.
        Sum = 3 "sum",
        /// As [`Self::Distinct`], with the values themselves.
        Values = 4 "values",
    }
    /// The part of the local time that a condition tests.
    LocalPart {
        /// Minutes since midnight.
        Time = 0 "time",
        /// The day of the week, Monday 1 to Sunday 7.
        Weekday = 1 "weekday",
        /// Days since 1970-01-01.
        Date = 2 "date",
        /// The day of the year: the month's number times 100 and the day of the month.
        Season = 3 "season",
        /// Milliseconds since 1970-01-01T00:00:00, local time.
        Wall = 4 "wall",
    }
    /// The state of a subject in a journey, as conditions test it.
    JourneyState {
        /// It is under way.
        Active = 0 "active",
        /// Its last step is done.
        Completed = 1 "completed",
        /// An exit event ended it.
        Exited = 2 "exited",
        /// Its goal was reached.
        Converted = 3 "converted",
        /// Its last step is done, but the rules did not allow the last message.
        Suppressed = 4 "suppressed",
    }
    /// The effect of an identifier that nobody has proven.
    IdentityMode {
        /// None: what is said with it stays with the device until it is proven.
        Proven = 0 "proven",
        /// It is shown with the person, beside what is proven, and changes nothing else.
        Claimed = 1 "claimed",
    }
    /// The normal form of an identifier's values.
    Normalise {
        /// As they are.
        None = 0 "none",
        /// In lower case, without surrounding spaces.
        Lowercase = 1 "lowercase",
        /// An e-mail address in lower case.
        Email = 2 "email",
        /// The digits of a phone number, after a `+` if it is international.
        Phone = 3 "phone",
    }
    /// The fate of what is stored when the consent to store it is withdrawn.
    Withdrawal {
        /// It stays, and nothing is added.
        Keep = 0 "keep",
        /// It is deleted; the refusal stays.
        Erase = 1 "erase",
    }
    /// The action of a journey's step.
    StepKind {
        /// Waits.
        Wait = 0 "wait",
        /// Sends a message.
        Send = 1 "send",
    }
}

/// A set of classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Classes(u32);

impl Classes {
    /// All classes.
    pub const ALL: Self = Self((1 << Class::VARIANTS) - 1);

    /// Returns the set without classes.
    #[must_use]
    pub const fn empty() -> Self {
        Self(0)
    }

    /// Returns the set with this class as well.
    #[must_use]
    pub const fn with(self, class: Class) -> Self {
        Self(self.0 | bit(class))
    }

    /// Whether the class is in the set.
    #[must_use]
    #[inline]
    pub const fn contains(self, class: Class) -> bool {
        self.0 & bit(class) != 0
    }

    /// Whether some class is in both sets.
    #[must_use]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Returns the bit of the class in a set: bit 0 for the class with number 0, and so on.
#[inline]
const fn bit(class: Class) -> u32 {
    1_u32.wrapping_shl(class as u32)
}

impl FromIterator<Class> for Classes {
    fn from_iter<I: IntoIterator<Item = Class>>(classes: I) -> Self {
        classes.into_iter().fold(Self::empty(), Self::with)
    }
}

impl Field for Classes {
    const KIND: Kind = Kind::Flags(Self::ALL.0);
    #[inline]
    fn read(words: &[u32], at: usize) -> Option<Self> {
        Some(Self(word(words, at)))
    }
    fn write(self, out: &mut Vec<u32>) {
        out.push(self.0);
    }
}

impl Field for Consent {
    const KIND: Kind = Kind::Enum(3);
    #[inline]
    fn read(words: &[u32], at: usize) -> Option<Self> {
        Self::from_number(word(words, at))
    }
    fn write(self, out: &mut Vec<u32>) {
        out.push(self.number());
    }
}
