//! The profile token: a signed, compact statement of what the edge may know about a subject.
