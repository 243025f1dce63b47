//! Pattern: printable data in which every aligned block of eight characters says where it belongs. A block is 48 bits,
//! six to a character: the block's number, keyed and mixed so that neighbours look nothing alike, by steps that can be
//! undone. So whoever holds eight characters can compute which block they are, and what was lost or came twice.

use std::sync::LazyLock;

use super::dice::Dice;

/// The data of one client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pattern {
    before: u64,
    after: u64,
}

/// Characters to a block.
pub(crate) const BLOCK: usize = 8;

impl Pattern {
    pub(crate) fn new(seed: u64, client: usize) -> Self {
        let mut dice = Dice::new(seed ^ (client as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Self { before: dice.roll() & MASK, after: dice.roll() & MASK }
    }

    /// Fills `buf` with what stands at offset `at`.
    pub(crate) fn fill(&self, at: u64, buf: &mut [u8]) {
        let within = (at % BLOCK as u64) as usize;
        let (head, rest) = buf.split_at_mut(if within == 0 { 0 } else { buf.len().min(BLOCK - within) });
        let mut index = at / BLOCK as u64;
        if !head.is_empty() {
            head.copy_from_slice(&self.block(index)[within..within + head.len()]);
            index += 1;
        }
        let (blocks, tail) = rest.as_chunks_mut::<BLOCK>();
        for block in blocks {
            *block = self.block(index);
            index += 1;
        }
        tail.copy_from_slice(&self.block(index)[..tail.len()]);
    }

    /// The `index`th block; indices are below 2^48.
    pub(crate) fn block(&self, index: u64) -> [u8; BLOCK] {
        let mut bits = (index ^ self.before) & MASK;
        bits = bits.wrapping_mul(FIRST) & MASK;
        bits ^= bits >> 24;
        bits = bits.wrapping_mul(SECOND) & MASK;
        bits ^= bits >> 24;
        bits ^= self.after;
        let pairs = &TABLES.pairs;
        let [a, b] = pairs[(bits >> 36) as usize & 4095];
        let [c, d] = pairs[(bits >> 24) as usize & 4095];
        let [e, f] = pairs[(bits >> 12) as usize & 4095];
        let [g, h] = pairs[bits as usize & 4095];
        [a, b, c, d, e, f, g, h]
    }

    /// Which block this is; `None` where it holds characters of another alphabet. Eight characters from elsewhere come
    /// out as a random number below 2^48.
    pub(crate) fn index(&self, block: &[u8; BLOCK]) -> Option<u64> {
        let mut bits = 0;
        for byte in block {
            let six = TABLES.values[usize::from(*byte)];
            if six == NO_VALUE {
                return None;
            }
            bits = bits << 6 | u64::from(six);
        }
        bits ^= self.after;
        // A shift by half the width or more undoes itself.
        bits ^= bits >> 24;
        bits = bits.wrapping_mul(inverse(SECOND)) & MASK;
        bits ^= bits >> 24;
        bits = bits.wrapping_mul(inverse(FIRST)) & MASK;
        Some(bits ^ self.before)
    }
}

/// The inverse of an odd number modulo 2^64 by Newton's iteration: each step doubles the bits that are right, of which
/// `odd` itself has three.
const fn inverse(odd: u64) -> u64 {
    let mut x = odd;
    let mut step = 0;
    while step < 5 {
        x = x.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(x)));
        step += 1;
    }
    x
}

struct Tables {
    /// Two characters for twelve bits.
    pairs: Box<[[u8; 2]; 4096]>,
    /// Six bits for a character.
    values: [u8; 256],
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let mut tables = Tables { pairs: Box::new([[0; 2]; 4096]), values: [NO_VALUE; 256] };
    for (value, pair) in tables.pairs.iter_mut().enumerate() {
        *pair = [ALPHABET[value >> 6], ALPHABET[value & 63]];
    }
    for (value, letter) in ALPHABET.iter().enumerate() {
        tables.values[usize::from(*letter)] = value as u8;
    }
    tables
});

/// Letters, digits and two signs that need no escape anywhere (RFC 4648 section 5).
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const NO_VALUE: u8 = 255;
const MASK: u64 = (1 << 48) - 1;
/// Any odd numbers would do; these are the golden ratio's and MurmurHash3's.
const FIRST: u64 = 0x9e37_79b9_7f4a_7c15;
const SECOND: u64 = 0xff51_afd7_ed55_8ccd;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_block_says_which_one_it_is(seed: u64, client in 1usize..10_000, index in 0..=MASK) {
            let pattern = Pattern::new(seed, client);
            prop_assert_eq!(pattern.index(&pattern.block(index)), Some(index));
        }

        #[test]
        fn any_piece_is_the_same_as_cut_from_the_whole(seed: u64, at in 0usize..100, length in 0usize..100) {
            let pattern = Pattern::new(seed, 1);
            let (mut whole, mut piece) = (vec![0; 200], vec![0; length]);
            pattern.fill(0, &mut whole);
            pattern.fill(at as u64, &mut piece);
            prop_assert_eq!(&piece, &whole[at..at + length]);
            prop_assert!(piece.iter().all(u8::is_ascii_graphic));
        }
    }

    #[test]
    fn seeds_and_clients_have_different_data() {
        let head = |seed, client| Pattern::new(seed, client).block(0);
        assert_ne!(head(1, 1), head(2, 1));
        assert_ne!(head(1, 1), head(1, 2));
        assert_eq!(head(1, 1), head(1, 1));
    }
}
