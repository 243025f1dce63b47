//! Order: the numbers below a bound, each once, in an order that a seed decides. No list: a Feistel network is a bijection
//! on a power of four, and whoever falls outside the bound walks on until inside.

use crate::seeded::mix;

/// A permutation of `0..len`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order {
    len: u64,
    /// Bits of one half.
    half: u32,
    keys: [u64; ROUNDS],
}

impl Order {
    pub(super) fn new(len: u64, seed: u64) -> Self {
        let bits = u64::BITS - len.saturating_sub(1).leading_zeros();
        let half = bits.div_ceil(2).max(1);
        let mut keys = [seed; ROUNDS];
        for (round, key) in (1..).zip(&mut keys) {
            *key = mix(seed ^ mix(round));
        }
        Self { len, half, keys }
    }

    /// What stands at a place below `len`.
    pub(super) fn at(&self, place: u64) -> u64 {
        debug_assert!(place < self.len, "{place} of {}", self.len);
        let mut number = self.shuffle(place);
        // The network has at most four times as many numbers, and its cycle leads back to `place`, which is inside.
        while number >= self.len {
            number = self.shuffle(number);
        }
        number
    }

    fn shuffle(&self, number: u64) -> u64 {
        let mask = (1 << self.half) - 1;
        let (mut left, mut right) = (number >> self.half, number & mask);
        for key in self.keys {
            (left, right) = (right, left ^ (mix(right ^ key) & mask));
        }
        left << self.half | right
    }
}

/// Four make a pseudo-random permutation of pseudo-random functions (Luby and Rackoff); nobody attacks this one.
const ROUNDS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_order_has_every_number_once(len in 1_u64..3000, seed: u64) {
            let order = Order::new(len, seed);
            let mut numbers: Vec<u64> = (0..len).map(|place| order.at(place)).collect();
            prop_assert_eq!(&numbers, &(0..len).map(|place| Order::new(len, seed).at(place)).collect::<Vec<_>>());
            numbers.sort_unstable();
            prop_assert_eq!(numbers, (0..len).collect::<Vec<_>>());
        }

        #[test]
        fn no_bound_is_too_large(len in 1_u64.., seed: u64, place: u64) {
            prop_assert!(Order::new(len, seed).at(place % len) < len);
        }
    }

    #[test]
    fn another_seed_is_another_order() {
        let first = |seed| (0..20).map(|place| Order::new(65_535, seed).at(place)).collect::<Vec<_>>();
        assert_ne!(first(1), first(2));
        let rising = first(1).is_sorted();
        assert!(!rising);
    }
}
