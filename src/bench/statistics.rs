//! Statistics: what ratios of pairs tell, and how surely. Pure.

use crate::seeded::Dice;

/// Ratios of pairs: their median, and the interval that holds it with 95 % by the percentile bootstrap (Efron and
/// Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ratio {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) pairs: usize,
}

impl Ratio {
    /// Of first to second. Pairs with a zero, a negative or no number say nothing and are left out; `None` where fewer
    /// than [`FEWEST`] are left, of which no interval is known.
    pub(crate) fn of(pairs: &[(f64, f64)], seed: u64) -> Option<Self> {
        let is_good = |number: f64| number.is_finite() && number > 0.0;
        let good = pairs.iter().filter(|(a, b)| is_good(*a) && is_good(*b));
        let mut ratios: Vec<f64> = good.map(|(a, b)| a / b).collect();
        if ratios.len() < FEWEST {
            return None;
        }
        // Sorted, so that the order of the pairs changes nothing.
        ratios.sort_by(f64::total_cmp);
        let mut dice = Dice::new(seed);
        let mut medians: Vec<f64> = (0..RESAMPLES)
            .map(|_| {
                let mut again: Vec<f64> = ratios.iter().map(|_| dice.pick(&ratios)).collect();
                median(&mut again)
            })
            .collect();
        medians.sort_by(f64::total_cmp);
        let at = |share: f64| medians[((RESAMPLES - 1) as f64 * share).round() as usize];
        let median = median(&mut ratios);
        Some(Self { median, low: at(0.025).min(median), high: at(0.975).max(median), pairs: ratios.len() })
    }

    /// Whether they may as well be the same.
    pub(crate) fn is_tie(&self) -> bool {
        (self.low..=self.high).contains(&1.0)
    }
}

/// The middle of them, or halfway between the two middle ones; 0 of none. They are sorted by it.
pub(crate) fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let half = numbers.len() / 2;
    match numbers.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => numbers[half],
        _ => f64::midpoint(numbers[half - 1], numbers[half]),
    }
}

/// Below it a bootstrap only repeats the two.
const FEWEST: usize = 3;
/// The ends of an interval of 95 % are then the 50th and the 1950th: steady to a per cent or so.
const RESAMPLES: usize = 2000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_interval_holds_the_median_and_the_order_of_pairs_changes_nothing(
            pairs in prop::collection::vec((0.1f64..10.0, 0.1f64..10.0), 3..30), seed: u64,
        ) {
            let ratio = Ratio::of(&pairs, seed).unwrap();
            prop_assert!(ratio.low <= ratio.median && ratio.median <= ratio.high);
            let turned: Vec<_> = pairs.iter().rev().copied().collect();
            prop_assert_eq!(Ratio::of(&turned, seed), Some(ratio));
        }
    }

    #[test]
    fn the_same_is_a_tie_and_twice_as_much_is_none() {
        let same = Ratio::of(&[(5.0, 5.0); 10], 1).unwrap();
        assert!(same.is_tie());
        let double: Vec<_> = (1..=10).map(|n| (f64::from(2 * n), f64::from(n))).collect();
        let double = Ratio::of(&double, 1).unwrap();
        assert_eq!((double.median, double.low, double.high, double.is_tie()), (2.0, 2.0, 2.0, false));
    }

    #[test]
    fn noise_around_one_is_a_tie() {
        let noisy: Vec<_> = (0..10).map(|n| (1.0 + 0.02 * f64::from(n % 5 - 2), 1.0)).collect();
        assert!(Ratio::of(&noisy, 1).unwrap().is_tie());
    }

    #[test]
    fn too_few_or_no_numbers_have_no_ratio() {
        assert_eq!(Ratio::of(&[], 1), None);
        assert_eq!(Ratio::of(&[(1.0, 1.0); 2], 1), None);
        assert_eq!(Ratio::of(&[(1.0, 0.0), (f64::NAN, 1.0), (1.0, 1.0), (2.0, 1.0)], 1), None);
        assert_eq!(median(&mut []), 0.0);
        assert_eq!(median(&mut [4.0, 1.0]), 2.5);
    }
}
