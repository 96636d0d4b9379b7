//! The core for browsers and webviews.
