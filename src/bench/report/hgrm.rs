//! Hgrm: response times in microseconds as HdrHistogram prints percentiles, so that its plotter and what others wrote for
//! it can read them. <https://hdrhistogram.github.io/HdrHistogram/plotFiles.html>

use std::io::{self, Write};

use super::document::{Distribution, Document};

/// A row for each point of the curve.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(document: &Document, out: &mut dyn Write) -> io::Result<()> {
    let response = &document.latency.response;
    writeln!(out, "{:>12} {:>14} {:>10} {:>14}\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)")?;
    for point in &response.curve {
        write!(out, "{:12.3} {:2.12} {:10}", point.value_us, point.quantile, point.total)?;
        // The last row has none: it would be infinite.
        match 1.0 - point.quantile {
            rest if rest > 0.0 => writeln!(out, " {:14.2}", 1.0 / rest)?,
            _ => writeln!(out)?,
        }
    }
    foot(response, out)
}

fn foot(response: &Distribution, out: &mut dyn Write) -> io::Result<()> {
    let Distribution { mean_us, stddev_us, max_us, count, .. } = response;
    writeln!(out, "#[Mean    = {mean_us:12.3}, StdDeviation   = {stddev_us:12.3}]")?;
    writeln!(out, "#[Max     = {max_us:12.3}, Total count    = {count:12}]")?;
    writeln!(out, "#[Buckets = {:12}, SubBuckets     = {SUB_BUCKETS:12}]", buckets(*max_us))
}

/// As many as a histogram of microseconds needs to reach so far: each reaches twice as far as the one before.
fn buckets(max_us: f64) -> u32 {
    let doubled = (max_us / f64::from(SUB_BUCKETS)).log2();
    if doubled >= 0.0 { doubled as u32 + 2 } else { 1 }
}

/// Of three digits: the power of two above twice a thousand.
const SUB_BUCKETS: u32 = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_buckets_as_hdrhistogram_has() {
        let found = [0.0, 2047.0, 2048.0, 4095.9, 4096.0, 3.6e9].map(buckets);
        assert_eq!(found, [1, 1, 2, 2, 3, 22]);
    }
}
