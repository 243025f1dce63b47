//! Figure: numbers with their units as people read them, in a table or along an axis. Units step by thousands so that no
//! number has more digits than were measured. Used by what is written for people; programs get plain numbers.

/// `61.2 us`, `1.23 ms`, `4.00 s`: three digits, as many as the histograms have.
pub(crate) fn duration(us: f64) -> String {
    match us {
        us if us < 999.5 => format!("{} us", digits(us, 3)),
        us if us < 999_500.0 => format!("{} ms", digits(us / 1e3, 3)),
        us => format!("{} s", digits(us / 1e6, 3)),
    }
}

/// The same of a round number along an axis: `50 us`, `0.1 us`, `2 s`.
pub(crate) fn tick(us: f64) -> String {
    let (value, unit) = match us {
        us if us < 999.5 => (us, "us"),
        us if us < 999_500.0 => (us / 1e3, "ms"),
        us => (us / 1e6, "s"),
    };
    format!("{} {unit}", trimmed(value, 3))
}

/// `0`, `50 k`, `1.5 M`
pub(crate) fn thousands(value: f64) -> String {
    match value {
        v if v < 999.5 => trimmed(v, 3),
        v if v < 999_500.0 => format!("{} k", trimmed(v / 1e3, 3)),
        v => format!("{} M", trimmed(v / 1e6, 3)),
    }
}

/// `812.0/s`, `48.21 k/s`, `1.234 M/s`
pub(crate) fn rate(per_s: f64) -> String {
    match per_s {
        r if r < 9_999.5 => format!("{}/s", digits(r, 4)),
        r if r < 999_950.0 => format!("{} k/s", digits(r / 1e3, 4)),
        r => format!("{} M/s", digits(r / 1e6, 4)),
    }
}

/// `24.69 MB/s`
pub(crate) fn megabytes(mb_per_s: f64) -> String {
    format!("{} MB/s", digits(mb_per_s, 4))
}

/// `1.25 us`: of CPU time for a message.
pub(crate) fn cost(us: f64) -> String {
    format!("{} us", digits(us, 3))
}

/// `12.3 %`
pub(crate) fn share(of_one: f64) -> String {
    format!("{:.1} %", of_one * 100.0)
}

/// `1,234,567`
pub(crate) fn count(number: u64) -> String {
    let plain = number.to_string();
    let mut grouped = String::with_capacity(plain.len() + plain.len() / 3);
    for (at, digit) in plain.char_indices() {
        if at > 0 && (plain.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `512 B`, `4.00 KiB`, `1.50 MiB`
pub(crate) fn bytes(bytes: f64) -> String {
    match bytes {
        b if b < 1024.0 => format!("{b:.0} B"),
        b if b < 1024.0 * 1024.0 => format!("{} KiB", digits(b / 1024.0, 3)),
        b if b < 1024.0 * 1024.0 * 1024.0 => format!("{} MiB", digits(b / 1024.0 / 1024.0, 3)),
        b => format!("{} GiB", digits(b / 1024.0 / 1024.0 / 1024.0, 3)),
    }
}

/// So many digits at most, without zeros behind the point.
pub(crate) fn trimmed(value: f64, significant: usize) -> String {
    let written = digits(value, significant);
    if !written.contains('.') {
        return written;
    }
    written.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `value` with so many digits that count, and never fewer than its whole part has.
pub(crate) fn digits(value: f64, significant: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let whole = value.abs().log10().floor() as i32 + 1;
    let decimals = usize::try_from(significant as i32 - whole).unwrap_or(0).min(MOST_DECIMALS);
    let written = format!("{value:.decimals$}");
    // 9.996 has become 10.00, one digit too many.
    let grown = written.parse::<f64>().is_ok_and(|v| v.abs().log10().floor() as i32 + 1 > whole);
    if grown && decimals > 0 { format!("{value:.*}", decimals - 1) } else { written }
}

/// What is smaller than this shows is nothing.
const MOST_DECIMALS: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_digits_and_a_unit_that_fits() {
        for (us, written) in [
            (0.0, "0 us"),
            (0.25, "0.250 us"),
            (9.996, "10.0 us"),
            (61.23, "61.2 us"),
            (999.4, "999 us"),
            (999.6, "1.00 ms"),
            (12_345.0, "12.3 ms"),
            (999_600.0, "1.00 s"),
            (4e6, "4.00 s"),
            (3.6e9, "3600 s"),
        ] {
            assert_eq!(duration(us), written, "{us}");
        }
    }

    #[test]
    fn rates_counts_and_sizes_are_grouped_by_thousands() {
        assert_eq!(
            [812.0, 9_999.7, 48_213.4, 1_234_400.0].map(rate),
            ["812.0/s", "10.00 k/s", "48.21 k/s", "1.234 M/s"]
        );
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([512.0, 4096.0, 1_572_864.0].map(bytes), ["512 B", "4.00 KiB", "1.50 MiB"]);
        assert_eq!(share(0.1234), "12.3 %");
    }

    #[test]
    fn ticks_have_no_more_digits_than_they_need() {
        assert_eq!([0.0, 0.1, 50.0, 1e3, 2e4, 5e6].map(tick), ["0 us", "0.1 us", "50 us", "1 ms", "20 ms", "5 s"]);
        assert_eq!([0.0, 2.5, 500.0, 1500.0, 4e6].map(thousands), ["0", "2.5", "500", "1.5 k", "4 M"]);
    }

    #[test]
    fn what_is_no_number_is_written_all_the_same() {
        assert_eq!(duration(f64::INFINITY), "inf s");
        assert_eq!(duration(f64::NAN), "NaN s");
        assert_eq!(digits(1e-9, 3), "0.000000");
    }
}
