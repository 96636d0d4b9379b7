//! The collector worker.
