//! Why a slot is as it is, why a campaign did not win, and why a channel was passed over.

/// Declares the reasons: a variant, its stable code, and what it says.
macro_rules! reasons {
    ($($(#[$meta:meta])* $name:ident = $code:literal,)*) => {
        /// Why a slot is as it is, why a campaign did not win, and why a channel was passed over.
        ///
        /// The codes are stable; `docs/explain.md` says what each means and what to do about it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Reason { $($(#[$meta])* $name,)* }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

reasons! {
    /// The slot is filled.
    Filled = "filled",
    /// No campaign is left for the slot.
    NoCandidate = "no_candidate",
    /// The visitor is a program.
    Bot = "bot",
    /// A purpose that the campaign's class, or the channel, needs is not granted.
    ConsentMissing = "consent_missing",
    /// The campaign's condition does not hold.
    ConditionFalse = "condition_false",
    /// The campaign, or its offer, has not begun or has ended.
    OutsideSchedule = "outside_schedule",
    /// The subject is in a holdout of the campaign or its class.
    Holdout = "holdout",
    /// The subject's part of the exclusion group belongs to others.
    Excluded = "excluded",
    /// The class is suppressed.
    Suppressed = "suppressed",
    /// Something was seen or done so recently that there is silence.
    CoolingDown = "cooling_down",
    /// A cap is reached.
    Capped = "capped",
    /// The subject has another offer of the same group.
    OfferConflict = "offer_conflict",
    /// The message is shown once, and was.
    AlreadySeen = "already_seen",
    /// Another campaign ranks higher.
    Outranked = "outranked",
    /// The message has no rendition for this channel and locale.
    NoRendition = "no_rendition",
    /// The channel has none of the roles that the message wants.
    RoleMismatch = "role_mismatch",
    /// The channel cannot reach the subject.
    Unreachable = "unreachable",
    /// It is quiet where the subject is.
    QuietHours = "quiet_hours",
    /// When it is possible, it no longer makes sense.
    TooLate = "too_late",
    /// The request does not ask for the slot.
    NotAsked = "not_asked",
    /// The campaign is not for the slot.
    NotPlaced = "not_placed",
    /// The plan has no such slot.
    UnknownSlot = "unknown_slot",
    /// The plan has no such campaign.
    UnknownCampaign = "unknown_campaign",
}
