//! Quantities: durations, sizes and counts as people write them.

use std::time::Duration;

/// `250ms`, `10s`, `5m`, `2h`; a bare number is seconds.
pub(super) fn duration(word: &str) -> Result<Duration, String> {
    let (number, unit) = split(word);
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(no("duration", "250ms, 10s, 5m or 2h")),
    };
    let duration = number.and_then(|number| Duration::try_from_secs_f64(number * seconds).ok());
    match duration.ok_or_else(|| no("duration", "250ms, 10s, 5m or 2h"))? {
        duration if duration > LONGEST => Err("it must be at most a year, 8760h".into()),
        duration => Ok(duration),
    }
}

/// A duration that is more than nothing.
pub(super) fn positive_duration(word: &str) -> Result<Duration, String> {
    let duration = duration(word)?;
    if duration.is_zero() { Err("it must be longer than nothing".into()) } else { Ok(duration) }
}

/// Bytes: `1024`, `100kB` (1000s), `100KiB` (1024s), `1MiB`.
pub(super) fn size(word: &str) -> Result<u64, String> {
    let (number, unit) = split(word);
    let bytes = match unit {
        "" | "B" => 1.0,
        "k" | "kB" | "KB" => 1e3,
        "M" | "MB" => 1e6,
        "G" | "GB" => 1e9,
        "K" | "Ki" | "KiB" => 1024.0,
        "Mi" | "MiB" => 1024.0 * 1024.0,
        "Gi" | "GiB" => 1024.0 * 1024.0 * 1024.0,
        _ => return Err(no("size", "1024, 100kB, 100KiB or 1MiB")),
    };
    whole(number.map(|number| number * bytes)).ok_or_else(|| no("size", "1024, 100kB, 100KiB or 1MiB"))
}

/// A number of things: `50`, `10k`, `2M`.
pub(super) fn count(word: &str) -> Result<u64, String> {
    let (number, unit) = split(word);
    let times = match unit {
        "" => 1.0,
        "k" => 1e3,
        "M" => 1e6,
        _ => return Err(no("count", "50, 10k or 2M")),
    };
    whole(number.map(|number| number * times)).ok_or_else(|| no("count", "50, 10k or 2M"))
}

/// A count of at least one.
pub(super) fn positive_count(word: &str) -> Result<usize, String> {
    match count(word)?.try_into() {
        Ok(0) | Err(_) => Err("it must be at least 1".into()),
        Ok(number) => Ok(number),
    }
}

/// The number in front and the unit behind it.
fn split(word: &str) -> (Option<f64>, &str) {
    let end = word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(word.len());
    let (number, unit) = word.split_at(end);
    (number.parse().ok(), unit.trim_start())
}

/// A number of things must come out whole and stay exact as a float.
fn whole(number: Option<f64>) -> Option<u64> {
    const EXACT: f64 = (1u64 << 53) as f64;
    number.filter(|n| n.fract() == 0.0 && (0.0..EXACT).contains(n)).map(|n| n as u64)
}

/// Long enough for everybody, and no sum of a clock and a duration overflows.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

fn no(what: &str, examples: &str) -> String {
    format!("it is no {what}; write {examples}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_with_their_units() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("10"), Ok(Duration::from_secs(10)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        assert_eq!(size("100KiB"), Ok(102_400));
        assert_eq!(size("100kB"), Ok(100_000));
        assert_eq!(size("1.5MiB"), Ok(1_572_864));
        assert_eq!(count("10k"), Ok(10_000));
        assert_eq!(positive_count("3"), Ok(3));
    }

    #[test]
    fn what_is_no_quantity_is_refused_with_examples() {
        for word in ["", "ms", "-1", "1.2.3", "ten", "1d", "1e400", "99999999999999999999h", "8761h"] {
            assert!(duration(word).is_err(), "{word}");
            assert!(size(word).is_err(), "{word}");
        }
        assert!(size("0.3").is_err());
        assert!(count("1.5").is_err());
        assert!(positive_count("0").is_err());
        assert!(positive_duration("0").is_err());
    }
}
