//! The edge worker.
