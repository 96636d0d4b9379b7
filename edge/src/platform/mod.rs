//! The worker platform: its JavaScript interfaces, its cryptography, and the settings of a deployment.

pub mod config;
pub mod crypto;
pub mod js;
