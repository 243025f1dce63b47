//! Histogram: durations in rows, as many as a glance takes in. Rows grow with the durations, and their bounds are round
//! numbers; the thousandth at either end does not stretch them, but stands in the first and the last row.

use super::document::{Distribution, Point};
use super::words::Round;

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    /// `to 200 us`, or for the last `over 5 ms`.
    pub(super) label: String,
    pub(super) count: u64,
    /// Of all.
    pub(super) share: f64,
}

/// At most so many rows; a few more where durations reach over that many decades. None where nothing was measured.
pub(super) fn rows(of: &Distribution, most: usize) -> Vec<Row> {
    let (Some(low), Some(high), Some(all)) = (value_at(0.001, of), value_at(0.999, of), of.curve.last()) else {
        return Vec::new();
    };
    let bounds = bounds(low, high, most.saturating_sub(1));
    let row = |label, count| Row { label, count, share: count as f64 / all.total.max(1) as f64 };
    let mut below = 0;
    let mut rows = Vec::new();
    for bound in &bounds {
        let count = count_to(*bound, &of.curve);
        rows.push(row(format!("to {}", Round(*bound)), count - below));
        below = count;
    }
    let last = bounds.last().filter(|_| below < all.total);
    rows.extend(last.map(|last| row(format!("over {}", Round(*last)), all.total - below)));
    rows
}

/// How much the longest bar stands for.
pub(super) fn most(rows: &[Row]) -> f64 {
    rows.iter().map(|row| row.share).fold(f64::MIN_POSITIVE, f64::max)
}

fn value_at(quantile: f64, of: &Distribution) -> Option<f64> {
    of.curve.iter().find(|point| point.quantile >= quantile).or(of.curve.last()).map(|point| point.value_us)
}

/// How many are at or below it. Between two points of the curve they are taken to lie evenly.
fn count_to(bound: f64, curve: &[Point]) -> u64 {
    let above = curve.partition_point(|point| point.value_us <= bound);
    match (above.checked_sub(1).map(|below| curve[below]), curve.get(above)) {
        (None, _) => 0,
        (Some(last), None) => last.total,
        (Some(before), Some(behind)) => {
            let part = (bound - before.value_us) / (behind.value_us - before.value_us);
            before.total + (behind.total.saturating_sub(before.total) as f64 * part).round() as u64
        }
    }
}

/// Round numbers from `low` to the first that `high` does not pass, of the finest steps that need no more than `most`.
fn bounds(low: f64, high: f64, most: usize) -> Vec<f64> {
    let grids = STEPS.iter().map(|steps| grid(*steps, low, high));
    let mut last = Vec::new();
    for bounds in grids {
        if bounds.len() <= most {
            return bounds;
        }
        last = bounds;
    }
    last
}

fn grid(steps: Steps, low: f64, high: f64) -> Vec<f64> {
    let mut bounds = Vec::new();
    for decade in LEAST_DECADE..=GREATEST_DECADE {
        let decade = 10_f64.powi(decade);
        for bound in steps.hundredths().iter().map(|step| f64::from(*step) * decade / 100.0).filter(|at| *at >= low) {
            bounds.push(bound);
            if bound >= high {
                return bounds;
            }
        }
    }
    bounds
}

/// The bounds within each decade.
#[derive(Clone, Copy)]
enum Steps {
    /// So many hundredths of the decade's beginning apart.
    Even(usize),
    /// At these hundredths.
    At(&'static [u32]),
}

impl Steps {
    fn hundredths(self) -> Vec<u32> {
        match self {
            Self::Even(apart) => (100..1000).step_by(apart).collect(),
            Self::At(places) => places.to_vec(),
        }
    }
}

/// From the finest to the coarsest.
const STEPS: [Steps; 9] = [
    Steps::Even(1),
    Steps::Even(2),
    Steps::Even(5),
    Steps::Even(10),
    Steps::At(&[100, 120, 150, 200, 250, 300, 400, 500, 600, 800]),
    Steps::At(&[100, 150, 200, 300, 500, 700]),
    Steps::At(&[100, 200, 500]),
    Steps::At(&[100, 300]),
    Steps::At(&[100]),
];
/// A tenth of a microsecond: no answer is that fast.
const LEAST_DECADE: i32 = -1;
/// Some three hours; longer ones are over the last bound.
const GREATEST_DECADE: i32 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(points: &[(f64, u64)]) -> Distribution {
        let all = points.last().map_or(1, |last| last.1) as f64;
        let point = |&(value_us, total)| Point { value_us, quantile: total as f64 / all, total };
        Distribution { count: all as u64, curve: points.iter().map(point).collect(), ..Distribution::default() }
    }

    fn labels(rows: &[Row]) -> Vec<(&str, u64)> {
        rows.iter().map(|row| (row.label.as_str(), row.count)).collect()
    }

    #[test]
    fn rows_have_round_bounds_and_add_up() {
        let rows = rows(&of(&[(100.0, 1), (150.0, 50), (190.0, 70), (950.0, 100)]), 8);
        assert_eq!(
            labels(&rows),
            [
                ("to 100 us", 1),
                ("to 150 us", 49),
                ("to 200 us", 20),
                ("to 300 us", 4),
                ("to 500 us", 8),
                ("to 700 us", 8),
                ("to 1 ms", 10)
            ]
        );
    }

    #[test]
    fn one_duration_is_one_row_and_none_is_none() {
        assert_eq!(labels(&rows(&of(&[(42.0, 9)]), 10)), [("to 42 us", 9)]);
        assert!(rows(&Distribution::default(), 10).is_empty());
    }

    #[test]
    fn what_is_rare_and_slow_does_not_squeeze_the_rest() {
        let rows = rows(&of(&[(100.0, 50_000), (200.0, 99_990), (4_000_000.0, 100_000)]), 12);
        assert_eq!(rows.len(), 12);
        assert_eq!(labels(&rows)[11], ("over 200 us", 10));
        assert_eq!(rows.iter().map(|row| row.count).sum::<u64>(), 100_000);
    }

    #[test]
    fn many_decades_are_one_row_each() {
        let rows = rows(&of(&[(0.5, 10), (5e9, 20)]), 5);
        assert_eq!((rows.len(), rows[0].label.as_str(), rows[10].label.as_str()), (11, "to 1 us", "to 10000 s"));
    }
}
