//! The clock. The core never reads the time itself; it is passed in.

use worker::Date;

/// Returns the current time, in milliseconds since the Unix epoch.
pub fn now() -> i64 {
    i64::try_from(Date::now().as_millis()).unwrap_or(i64::MAX)
}

/// Formats a time as RFC 3339.
pub fn rfc3339(millis: i64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "times are exact in doubles")]
    let date = js_sys::Date::new(&(millis as f64).into());
    date.to_iso_string().into()
}

/// Formats the UTC day of a time as `YYYY-MM-DD`.
pub fn day(millis: i64) -> String {
    rfc3339(millis).chars().take(10).collect()
}
