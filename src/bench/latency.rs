//! Latency: durations in a histogram of three digits (HdrHistogram, Gil Tene). Pure.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::report::document::{Distribution, Point};

/// Durations, counted: from a nanosecond to an hour, each to 0.1 %; longer ones as an hour.
#[derive(Clone, Debug)]
pub(crate) struct Durations(Histogram<u32>);

impl Default for Durations {
    fn default() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST_NS, 3).expect("the bounds are constants that fit"))
    }
}

impl Durations {
    pub(crate) fn record(&mut self, nanos: u64) {
        // 0 ns, which a coarse clock can give, counts as the least there is.
        self.0.saturating_record(nanos.max(1));
    }

    /// Takes what another worker or second has counted.
    pub(crate) fn add(&mut self, other: &Self) {
        self.0.add(&other.0).expect("all have the same bounds");
    }

    /// The value that this share of all, from 0 to 1, does not exceed; 0 where there are none.
    pub(crate) fn quantile(&self, quantile: f64) -> Duration {
        let nanos = if self.0.is_empty() { 0 } else { self.0.value_at_quantile(quantile).min(self.0.max()) };
        Duration::from_nanos(nanos)
    }

    pub(crate) fn quantile_us(&self, quantile: f64) -> f64 {
        self.quantile(quantile).as_nanos() as f64 / 1e3
    }

    pub(crate) fn max_us(&self) -> f64 {
        self.quantile_us(1.0)
    }

    pub(crate) fn distribution(&self) -> Distribution {
        if self.0.is_empty() {
            return Distribution::default();
        }
        let us = |nanos: f64| (nanos.round()) / 1e3;
        let point = |at: hdrhistogram::iterators::IterationValue<u32>, total| Point {
            value_us: us(at.value_iterated_to().min(self.0.max()) as f64),
            quantile: at.quantile(),
            total,
        };
        let mut total = 0;
        let curve = self.0.iter_quantiles(TICKS).map(|at| {
            total += at.count_since_last_iteration();
            point(at, total)
        });
        Distribution {
            count: self.0.len(),
            curve: curve.collect(),
            min_us: us(self.0.min() as f64),
            mean_us: us(self.0.mean()),
            stddev_us: us(self.0.stdev()),
            p50_us: self.quantile_us(0.5),
            p90_us: self.quantile_us(0.9),
            p99_us: self.quantile_us(0.99),
            p999_us: self.quantile_us(0.999),
            p9999_us: self.quantile_us(0.9999),
            max_us: self.max_us(),
        }
    }
}

/// Who waits for longer has left.
const LONGEST_NS: u64 = 3_600_000_000_000;
/// Points of a curve each time that the rest is halved: what HdrHistogram's own plots take.
const TICKS: u32 = 5;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// By the nearest rank: the least value that at least this share does not exceed.
    fn exact(sorted: &[u64], quantile: f64) -> f64 {
        let rank = (quantile * sorted.len() as f64).ceil().max(1.0) as usize;
        sorted[rank.min(sorted.len()) - 1] as f64 / 1e3
    }

    proptest! {
        /// From 1 us on, as answers of no socket come sooner.
        #[test]
        fn every_printed_percentile_is_that_of_a_sorted_list_to_a_thousandth(
            mut values in prop::collection::vec((1_000u64..LONGEST_NS).prop_union(1_000..1_000_000), 1..2000),
        ) {
            let mut durations = Durations::default();
            values.iter().for_each(|value| durations.record(*value));
            values.sort_unstable();
            let shown = durations.distribution();
            for (quantile, shown) in [
                (0.5, shown.p50_us),
                (0.9, shown.p90_us),
                (0.99, shown.p99_us),
                (0.999, shown.p999_us),
                (0.9999, shown.p9999_us),
                (1.0, shown.max_us),
            ] {
                let exact = exact(&values, quantile);
                prop_assert!((shown - exact).abs() <= exact * 1e-3, "p{}: {shown}, not {exact}", quantile * 100.0);
            }
        }
    }

    #[test]
    fn what_two_workers_counted_is_what_one_would_have() {
        let (mut one, mut other, mut all) = (Durations::default(), Durations::default(), Durations::default());
        for value in 1..10_000 {
            if value % 3 == 0 { &mut one } else { &mut other }.record(value * 1_000);
            all.record(value * 1_000);
        }
        one.add(&other);
        assert_eq!(one.distribution(), all.distribution());
        assert_eq!(one.distribution().count, 9_999);
    }

    #[test]
    fn nothing_is_nothing_and_too_much_is_an_hour() {
        assert_eq!(Durations::default().distribution(), Distribution::default());
        let mut durations = Durations::default();
        durations.record(u64::MAX);
        assert!((3600..4400).contains(&durations.quantile(1.0).as_secs()), "{durations:?}");
    }
}
