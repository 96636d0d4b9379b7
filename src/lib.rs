//! Throughline: one decision core for every channel.
