//! Statistics: what pairs of measurements say about how one thing compares with another. Pure; the order in which pairs
//! come changes nothing, and the same seed gives the same interval.
//!
//! A pair becomes a ratio, since what disturbs a machine disturbs both of a pair, and the figure is the median of the
//! ratios, since one disturbed pair must not decide. How far it can be believed is a percentile bootstrap interval
//! (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13).

use crate::seeded::Dice;

/// How often A is B.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Comparison {
    /// Of the ratios A/B.
    pub(crate) median: f64,
    /// The interval in which the median of all such pairs lies, with 95 % confidence.
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// Those that say something.
    pub(crate) pairs: usize,
}

impl Comparison {
    /// `None` where no pair says anything, which one does that has two figures from 0 up of which not both are 0 or
    /// infinite. A ratio can be 0 or infinite itself. Of one pair nothing is known about how much such pairs scatter:
    /// its interval is everything.
    pub(crate) fn of_pairs(pairs: &[(f64, f64)], seed: u64) -> Option<Self> {
        let mut ratios: Vec<f64> = pairs.iter().filter_map(|pair| ratio(*pair)).collect();
        let median = median(&mut ratios)?;
        let (low, high) = match ratios.len() {
            1 => (0.0, f64::INFINITY),
            _ => interval(&mut ratios, &mut Dice::new(seed)),
        };
        // A median of very few resamples could miss its own sample.
        Some(Self { median, low: low.min(median), high: high.max(median), pairs: ratios.len() })
    }

    /// Whether the pairs leave open which is greater.
    pub(crate) fn is_tie(&self) -> bool {
        self.low <= 1.0 && 1.0 <= self.high
    }
}

/// A/B.
pub(crate) fn ratio((a, b): (f64, f64)) -> Option<f64> {
    let ratio = a / b;
    // 0/0 and infinity/infinity are no numbers.
    (a >= 0.0 && b >= 0.0 && !ratio.is_nan()).then_some(ratio)
}

/// The one in the middle, or the mean of the two; it sorts a part of `values`, which hold no NaN.
pub(crate) fn median(values: &mut [f64]) -> Option<f64> {
    let middle = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    let even = values.len().is_multiple_of(2);
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let lower = if even { below.iter().copied().max_by(f64::total_cmp) } else { None };
    Some(lower.map_or(*upper, |lower| lower.midpoint(*upper)))
}

/// The middle 95 % of the medians of resamples: as many ratios, each drawn from all.
fn interval(ratios: &mut [f64], dice: &mut Dice) -> (f64, f64) {
    // So that the order in which they came does not matter.
    ratios.sort_unstable_by(f64::total_cmp);
    let mut resample = ratios.to_vec();
    let mut medians: Vec<f64> = (0..RESAMPLES)
        .filter_map(|_| {
            resample.fill_with(|| dice.pick(ratios));
            median(&mut resample)
        })
        .collect();
    medians.sort_unstable_by(f64::total_cmp);
    (medians[TAIL], medians[RESAMPLES - 1 - TAIL])
}

/// Enough for an interval of 95 %: the book asks for 1000 to 2000 (section 13.3).
const RESAMPLES: usize = 2000;
/// Of them, below the interval and above it.
const TAIL: usize = RESAMPLES / 40;
/// With fewer pairs not even the interval from the least to the greatest ratio has 95 %: it misses the median where all
/// lie on one side of it, in 2 of 2^n cases.
pub(crate) const FEWEST_PAIRS: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs(most: usize) -> impl Strategy<Value = Vec<(f64, f64)>> {
        prop::collection::vec((0.0..1e6, 0.0..1e6), 1..most)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn the_interval_holds_the_median(pairs in pairs(40), seed: u64) {
            let Some(found) = Comparison::of_pairs(&pairs, seed) else { return Ok(()) };
            prop_assert!(found.low <= found.median && found.median <= found.high, "{:?}", found);
        }

        #[test]
        fn the_order_of_pairs_does_not_matter(mut pairs in pairs(40), seed: u64) {
            let found = Comparison::of_pairs(&pairs, seed);
            pairs.reverse();
            prop_assert_eq!(Comparison::of_pairs(&pairs, seed), found);
            pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
            prop_assert_eq!(Comparison::of_pairs(&pairs, seed), found);
        }

        #[test]
        fn what_is_identical_is_a_tie(values in prop::collection::vec(0.001..1e9, 1..40), seed: u64) {
            let pairs: Vec<(f64, f64)> = values.iter().map(|value| (*value, *value)).collect();
            let found = Comparison::of_pairs(&pairs, seed).unwrap();
            prop_assert!(found.is_tie());
            prop_assert_eq!(found.median, 1.0);
        }

        #[test]
        fn twice_as_much_everywhere_is_two(values in prop::collection::vec(0.001..1e9, 2..40), seed: u64) {
            let pairs: Vec<(f64, f64)> = values.iter().map(|value| (2.0 * value, *value)).collect();
            let found = Comparison::of_pairs(&pairs, seed).unwrap();
            prop_assert_eq!((found.median, found.low, found.high, found.pairs), (2.0, 2.0, 2.0, values.len()));
            prop_assert!(!found.is_tie());
        }
    }

    #[test]
    fn one_pair_tells_a_ratio_and_nothing_of_its_scatter() {
        let found = Comparison::of_pairs(&[(3.0, 2.0)], 1).unwrap();
        assert_eq!((found.median, found.low, found.high), (1.5, 0.0, f64::INFINITY));
        assert!(found.is_tie());
    }

    #[test]
    fn pairs_that_say_nothing_do_not_count() {
        let nothing = [(0.0, 0.0), (f64::INFINITY, f64::INFINITY), (f64::NAN, 1.0), (1.0, f64::NAN), (-1.0, 1.0)];
        assert_eq!(Comparison::of_pairs(&nothing, 1), None);
        assert_eq!(Comparison::of_pairs(&[], 1), None);
        let two = [&nothing[..], &[(4.0, 2.0), (4.0, 2.0)]].concat();
        let found = Comparison::of_pairs(&two, 1).unwrap();
        assert_eq!((found.median, found.pairs), (2.0, 2));
    }

    #[test]
    fn zeros_and_infinities_are_the_ends_of_the_scale() {
        let stalls = [(0.0, 1.0), (1.0, 0.0), (f64::INFINITY, 1.0), (1.0, 1.0), (1.0, 1.0), (1.0, f64::INFINITY)];
        let found = Comparison::of_pairs(&stalls, 1).unwrap();
        assert_eq!((found.median, found.low, found.high, found.pairs), (1.0, 0.0, f64::INFINITY, 6));
        let all = Comparison::of_pairs(&[(1.0, 0.0); 8], 1).unwrap();
        assert_eq!((all.median, all.low), (f64::INFINITY, f64::INFINITY));
    }

    #[test]
    fn the_interval_is_wrong_about_as_rarely_as_it_says() {
        let mut dice = Dice::new(17);
        let rounds = 200;
        // The median of these ratios is 1.
        let mut draw = || (0..20).map(|_| (0.5 + dice.fraction(), 1.0)).collect::<Vec<_>>();
        let right = (0..rounds).filter(|seed| Comparison::of_pairs(&draw(), *seed).unwrap().is_tie()).count();
        assert!((180..=199).contains(&right), "{right} of {rounds}");
    }
}
