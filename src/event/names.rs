//! The names of events, traits and exposure keys that the core itself reads and writes.

/// The event that says that a message was seen.
pub const MESSAGE_SEEN: &str = "Message Seen";
/// The event that says that a message was sent.
pub const MESSAGE_SENT: &str = "Message Sent";
/// The event that says that a subject met an experiment.
pub const EXPERIMENT_VIEWED: &str = "Experiment Viewed";

/// The trait that has the account of a person, an object.
pub const ACCOUNT: &str = "account";

/// The key of exposures to a message, followed by its id: what was seen.
pub const SEEN: &str = "seen";
/// The key of contacts with a message, followed by its id: what was seen or sent.
pub const MESSAGE: &str = "message";
