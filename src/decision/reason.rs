//! Reasons: why a slot is filled or empty, why a campaign did not win, why a channel was passed over.

/// Declares the reasons, each with its stable code.
macro_rules! reasons {
    ($($(#[$meta:meta])* $name:ident = $code:literal,)*) => {
        /// The reason why a slot is filled or empty, a campaign did not win, or a channel was passed over.
        ///
        /// The codes are stable; `docs/explain.md` describes each of them and its remedy.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Reason { $($(#[$meta])* $name,)* }

        impl Reason {
            /// All reasons.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Returns the stable code.
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
    /// The visitor is a bot.
    Bot = "bot",
    /// Consent is missing for a purpose of the campaign's class or of the channel.
    ConsentMissing = "consent_missing",
    /// The campaign's condition does not hold.
    ConditionFalse = "condition_false",
    /// The campaign, or its offer, has not begun or has ended.
    OutsideSchedule = "outside_schedule",
    /// The subject is in a holdout of the campaign or its class.
    Holdout = "holdout",
    /// The subject's range of the exclusion group belongs to other campaigns.
    Excluded = "excluded",
    /// The class is suppressed.
    Suppressed = "suppressed",
    /// A cool-down is running.
    CoolingDown = "cooling_down",
    /// A cap is reached.
    Capped = "capped",
    /// The subject has another offer of the same group.
    OfferConflict = "offer_conflict",
    /// The message is shown once, and was seen.
    AlreadySeen = "already_seen",
    /// Another campaign ranks higher.
    Outranked = "outranked",
    /// The message has no rendition for this channel and locale.
    NoRendition = "no_rendition",
    /// The channel has none of the roles that the message wants.
    RoleMismatch = "role_mismatch",
    /// The channel cannot reach the subject.
    Unreachable = "unreachable",
    /// Quiet hours apply at the subject's local time.
    QuietHours = "quiet_hours",
    /// At the earliest possible time, the action would make no sense any more.
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
