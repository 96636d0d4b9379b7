//! What stands in a plan as a number and in rules as a word.

/// Declares an enum that stands in a plan as a number.
macro_rules! wire_enum {
    ($($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $number:literal $text:literal,)* })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u32)]
        pub enum $name { $($(#[$variant_meta])* $variant = $number,)* }

        impl $name {
            /// The variant that a number in a plan stands for.
            #[must_use]
            pub const fn from_number(number: u32) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }
            /// The variant that a word in rules stands for.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)* _ => None }
            }
            /// The word in rules and JSON.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
            /// Every word, for messages.
            pub const NAMES: &'static [&'static str] = &[$($text),*];
        }
    )*};
}
pub(super) use wire_enum;

wire_enum! {
    /// Where an attribute's value comes from.
    Source {
        /// The profile: events, verified tokens.
        Profile = 0 "profile",
        /// The request: page, device, place.
        Request = 1 "request",
        /// Events: the values of a property.
        Events = 2 "events",
    }
    /// What an attribute of the request follows from.
    Derivation {
        /// A parameter of the page's address.
        Parameter = 0 "parameter",
        /// What the browser says that it is: the class of device.
        DeviceType = 1 "deviceType",
        /// What the browser says that it is: its name.
        Browser = 2 "browser",
        /// The position: the id of the nearest place of the plan.
        NearestPlace = 3 "nearestPlace",
    }
    /// What a constant is.
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
    /// What caps, holdouts and suppression look at.
    Class {
        /// Wants to sell.
        Promo = 0 "promo",
        /// Helps with what the person does.
        Service = 1 "service",
        /// Must be said.
        Transactional = 2 "transactional",
    }
    /// The form of a rendition's content.
    Format {
        /// Markup for a slot.
        Html = 0 "html",
        /// Plain text.
        Text = 1 "text",
        /// Data for a slot or an app.
        Json = 2 "json",
    }
    /// What becomes of the sum of a score's terms.
    Link {
        /// It is the score.
        Linear = 0 "linear",
        /// It is brought between 0 and 1.
        Logistic = 1 "logistic",
    }
    /// What a term of a score reads.
    TermKind {
        /// The number of an attribute.
        Attribute = 0 "attribute",
        /// How often an event happened.
        Count = 1 "count",
        /// How long ago an event happened last.
        Decay = 2 "decay",
    }
    /// How an inserted fact is made harmless.
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
    /// The time that a cap counts over.
    Per {
        /// The visitor's session.
        Session = 0 "session",
        /// The calendar day where the subject is.
        Day = 1 "day",
        /// All time.
        Total = 2 "total",
        /// A sliding window.
        Window = 3 "window",
    }
    /// Which occurrences of an event are enough.
    Fold {
        /// The last ones.
        Last = 0 "last",
        /// The first ones.
        First = 1 "first",
        /// The last ones of different values, of each value the last one.
        Distinct = 2 "distinct",
        /// The last ones that have a number.
        Sum = 3 "sum",
        /// As [`Self::Distinct`], with the values themselves.
        Values = 4 "values",
    }
    /// What of the local time a condition asks for.
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
    /// How far a subject is in a journey, as conditions ask for it.
    JourneyState {
        /// It goes on.
        Active = 0 "active",
        /// Its last step is done.
        Completed = 1 "completed",
        /// An exit event ended it.
        Exited = 2 "exited",
        /// Its goal was reached.
        Converted = 3 "converted",
        /// Its last step is done, but the rules were against the last message.
        Suppressed = 4 "suppressed",
    }
    /// What a journey's step does.
    StepKind {
        /// Waits.
        Wait = 0 "wait",
        /// Sends a message.
        Send = 1 "send",
    }
}

impl Class {
    /// The bit of this class in a set of classes.
    #[must_use]
    pub const fn bit(self) -> u32 {
        match self {
            Self::Promo => 1,
            Self::Service => 2,
            Self::Transactional => 4,
        }
    }
}
