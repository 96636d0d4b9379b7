//! The time, which the core never reads itself.

use worker::Date;

/// Milliseconds since 1970.
pub fn now() -> i64 {
    i64::try_from(Date::now().as_millis()).unwrap_or(i64::MAX)
}

/// The time as RFC 3339 text.
pub fn rfc3339(millis: i64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "times are exact in doubles")]
    let date = js_sys::Date::new(&(millis as f64).into());
    date.to_iso_string().into()
}

/// The day as `YYYY-MM-DD`.
pub fn day(millis: i64) -> String {
    rfc3339(millis).chars().take(10).collect()
}
