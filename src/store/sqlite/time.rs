//! Time: how times and durations stand in a column.

use std::time::Duration;

use jiff::Timestamp;

/// Nanoseconds since 1970; what is beyond the year 2262 is then.
pub(super) fn stored(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX)
}

pub(super) fn length(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

pub(super) fn time(stored: i64) -> Timestamp {
    Timestamp::from_nanosecond(stored.into()).expect("jiff's years reach further than 64 bits of nanoseconds")
}
