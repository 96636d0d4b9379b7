//! Names of events, traits and exposure keys that the core itself reads or writes.

/// The event that records that a message was seen.
pub const MESSAGE_SEEN: &str = "Message Seen";
/// The event that records that a message was sent.
pub const MESSAGE_SENT: &str = "Message Sent";
/// The event that records that a subject was exposed to an experiment.
pub const EXPERIMENT_VIEWED: &str = "Experiment Viewed";
/// The event that records choices about purposes.
pub const CONSENT_UPDATED: &str = "Consent Preference Updated";

/// The trait that holds a person's account, an object.
pub const ACCOUNT: &str = "account";

/// The key of exposures to a message, followed by its id: only when it was seen.
pub const SEEN: &str = "seen";
/// The key of contacts with a message, followed by its id: when it was seen or sent.
pub const MESSAGE: &str = "message";
