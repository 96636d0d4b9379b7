//! The worker platform: JavaScript interfaces, cryptography, and the settings of a deployment.

pub mod config;
pub mod crypto;
pub mod js;
