//! Progress on a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// Returns a progress bar on standard error that counts `unit`; it is hidden unless that is a terminal.
pub fn progress(unit: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(&format!("{{spinner}} {{human_pos}} {unit}, {{per_sec}}"));
    let bar = ProgressBar::new_spinner();
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
