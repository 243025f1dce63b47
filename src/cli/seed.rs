//! Seed: what makes chance repeatable.

use std::time::SystemTime;

/// One that nobody named; short enough to be typed again.
pub(super) fn of_the_clock() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::from(now.subsec_nanos()) ^ now.as_secs() & 0xffff_ffff
}
