//! Check: compares what comes with the pattern. As long as it is right nothing is kept; from the first wrong byte on a
//! little is gathered, until the pattern is found to go on and it is clear what happened.

use std::cmp::Ordering;

use super::report::Fault;
use crate::event::Untrusted;
use crate::seeded::{BLOCK, Pattern};

/// The check of one client's data.
#[derive(Debug)]
pub(super) struct Check {
    pattern: Pattern,
    size: u64,
    /// Bytes that came and were right.
    right: u64,
    /// What came from the first wrong byte on.
    doubt: Vec<u8>,
    /// How much doubt is looked at next.
    look_at: usize,
}

/// Whether more may come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tail {
    Open,
    Ended,
}

impl Check {
    pub(super) fn new(pattern: Pattern, size: u64) -> Self {
        Self { pattern, size, right: 0, doubt: Vec::new(), look_at: FIRST_LOOK }
    }

    /// The next bytes.
    ///
    /// # Errors
    /// As soon as it is clear what is wrong.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let wrong = if self.doubt.is_empty() { &bytes[self.compare(bytes)..] } else { bytes };
        self.doubt.extend_from_slice(wrong);
        while self.doubt.len() >= self.look_at {
            let look = self.look_at;
            self.look_at *= 2;
            if let Some(fault) = self.classify(look, Tail::Open) {
                return Err(fault);
            }
            if look >= LAST_LOOK {
                return Err(self.changed());
            }
        }
        Ok(())
    }

    /// The peer has said everything.
    ///
    /// # Errors
    /// Where that was not the pattern, the whole pattern and nothing else.
    pub(super) fn end(&self) -> Result<(), Fault> {
        if !self.doubt.is_empty() {
            let fault = self.classify(self.doubt.len(), Tail::Ended);
            return Err(fault.unwrap_or_else(|| self.changed()));
        }
        if self.right < self.size { Err(Fault::Short { received: self.right, of: self.size }) } else { Ok(()) }
    }

    /// What is wrong so far, when nothing more can be learnt: better than saying that it stopped.
    pub(super) fn suspicion(&self) -> Option<Fault> {
        let doubt = self.doubt.len();
        (doubt > 0).then(|| self.classify(doubt, Tail::Open).unwrap_or_else(|| self.changed()))
    }

    /// Counts the right bytes at the beginning.
    fn compare(&mut self, bytes: &[u8]) -> usize {
        let due = bytes.len().min(usize::try_from(self.size - self.right).unwrap_or(usize::MAX));
        let mut expected = [0; PIECE];
        let mut right = 0;
        for piece in bytes[..due].chunks(PIECE) {
            let expected = &mut expected[..piece.len()];
            self.pattern.fill(self.right, expected);
            let same = if *piece == *expected { piece.len() } else { common(piece, expected) };
            right += same;
            self.right += same as u64;
            if same < piece.len() {
                break;
            }
        }
        right
    }

    fn classify(&self, look: usize, tail: Tail) -> Option<Fault> {
        let (at, doubt) = (self.right, &self.doubt[..look]);
        if at == self.size {
            let bytes = self.doubt.len() as u64;
            return (tail == Tail::Ended || look >= LAST_LOOK).then_some(Fault::Excess { after: at, bytes });
        }
        // The ends of what came and of what was due belong together.
        let ends = (at + self.doubt.len() as u64, self.size);
        let by_length = if tail == Tail::Ended { self.shifted(doubt, ends) } else { None };
        by_length.or_else(|| self.resume(doubt))
    }

    /// Looks for the place where the pattern goes on.
    fn resume(&self, doubt: &[u8]) -> Option<Fault> {
        for (skipped, window) in doubt.windows(2 * BLOCK).enumerate() {
            let Some(place) = self.place_of(window) else { continue };
            let here = self.right + skipped as u64;
            let known = &doubt[..skipped + 2 * BLOCK];
            return Some(self.shifted(known, (here, place)).unwrap_or_else(|| self.changed()));
        }
        None
    }

    /// The offset of two blocks that follow one another; a single one could be chance.
    fn place_of(&self, window: &[u8]) -> Option<u64> {
        let (first, second) = window.split_first_chunk::<BLOCK>()?;
        let index = self.pattern.index(first)?;
        let end = self.size / BLOCK as u64;
        (index < end && self.pattern.index(second.first_chunk()?)? == index + 1).then_some(index * BLOCK as u64)
    }

    /// The loss or surplus that brings what was due at `place` to the offset `here`, where that explains all of `doubt`.
    fn shifted(&self, doubt: &[u8], (here, place): (u64, u64)) -> Option<Fault> {
        let (at, bytes) = (self.right, place.abs_diff(here));
        match place.cmp(&here) {
            Ordering::Equal => None,
            Ordering::Greater => self.is_at(at + bytes, doubt).then_some(Fault::Loss { at, bytes }),
            Ordering::Less => {
                let behind = doubt.get(usize::try_from(bytes).ok()?..).unwrap_or_default();
                self.is_at(at, behind).then_some(Fault::Surplus { at, bytes })
            }
        }
    }

    /// Whether `bytes` are what stands at this offset.
    fn is_at(&self, at: u64, bytes: &[u8]) -> bool {
        let mut expected = vec![0; bytes.len()];
        self.pattern.fill(at, &mut expected);
        at + bytes.len() as u64 <= self.size && expected == bytes
    }

    fn changed(&self) -> Fault {
        let shown = usize::try_from(self.size - self.right).unwrap_or(SHOWN).min(SHOWN);
        let mut expected = vec![0; shown];
        self.pattern.fill(self.right, &mut expected);
        let came = &self.doubt[..self.doubt.len().min(SHOWN)];
        Fault::Changed {
            at: self.right,
            expected: Untrusted::cut(&expected, SHOWN),
            received: Untrusted::cut(came, SHOWN),
        }
    }
}

fn common(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// Bytes that are generated and compared at once: they stay in the nearest cache.
const PIECE: usize = 4096;
/// Three blocks: two whole ones are then in it, whatever their alignment.
const FIRST_LOOK: usize = 3 * BLOCK;
/// Where the pattern does not go on within this much, it is not the pattern.
const LAST_LOOK: usize = 65_536 / FIRST_LOOK * FIRST_LOOK;
/// Bytes shown of a difference.
const SHOWN: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIZE: usize = 1000;

    fn whole() -> Vec<u8> {
        let mut whole = vec![0; SIZE];
        pattern().fill(0, &mut whole);
        whole
    }

    fn pattern() -> Pattern {
        Pattern::new(7, 1)
    }

    /// What the check says to this, cut into reads of `read` bytes.
    fn verdict(bytes: &[u8], read: usize) -> Result<(), Fault> {
        let mut check = Check::new(pattern(), SIZE as u64);
        bytes.chunks(read).try_for_each(|piece| check.take(piece)).and_then(|()| check.end())
    }

    /// A cut that happens to go on with the same byte shows one later: nobody can see it earlier.
    fn first_difference(bytes: &[u8]) -> u64 {
        common(bytes, &whole()) as u64
    }

    /// Where, and how much: also where it happens to look like a surplus behind the end.
    fn surplus(found: Result<(), Fault>) -> (u64, u64) {
        match found {
            Err(Fault::Surplus { at, bytes } | Fault::Excess { after: at, bytes }) => (at, bytes),
            found => panic!("{found:?}"),
        }
    }

    #[test]
    fn nothing_but_the_whole_pattern_passes() {
        assert!(verdict(&whole(), 100).is_ok());
        let short = verdict(&whole()[..10], 100);
        assert!(matches!(short, Err(Fault::Short { received: 10, of: 1000 })), "{short:?}");
        let more = [whole(), b"more".to_vec()].concat();
        let excess = verdict(&more, 100);
        assert!(matches!(excess, Err(Fault::Excess { after: 1000, bytes: 4 })), "{excess:?}");
    }

    #[test]
    fn data_that_is_something_else_is_a_difference_at_its_first_byte() {
        let other = verdict(&b"not the pattern at all ".repeat(10_000), 1000);
        assert!(matches!(other, Err(Fault::Changed { at: 0, .. })), "{other:?}");
    }

    proptest! {
        #[test]
        fn a_loss_is_located_exactly(at in 0usize..SIZE - 1, bytes in 1usize..200, read in 1usize..2000) {
            let end = (at + bytes).min(SIZE - 1);
            let cut = [&whole()[..at], &whole()[end..]].concat();
            let wrong = first_difference(&cut);
            let found = verdict(&cut, read);
            if wrong as usize == cut.len() {
                prop_assert!(matches!(found, Err(Fault::Short { .. })), "{:?}", found);
            } else {
                let Err(Fault::Loss { at: found_at, bytes: lost }) = found else { panic!("{found:?}") };
                prop_assert_eq!((found_at, lost), (wrong, (end - at) as u64));
            }
        }

        #[test]
        fn a_surplus_is_located_exactly(at in 0usize..SIZE, strange in "[ -~]{1,300}", read in 1usize..2000) {
            let long = [&whole()[..at], strange.as_bytes(), &whole()[at..]].concat();
            let wrong = first_difference(&long);
            prop_assert_eq!(surplus(verdict(&long, read)), (wrong, strange.len() as u64));
        }

        #[test]
        fn a_repetition_is_located_exactly(from in 0usize..SIZE - 1, bytes in 1usize..200, read in 1usize..2000) {
            let end = (from + bytes).min(SIZE - 1);
            let long = [&whole()[..end], &whole()[from..]].concat();
            let wrong = first_difference(&long);
            prop_assert_eq!(surplus(verdict(&long, read)), (wrong, (end - from) as u64));
        }

        #[test]
        fn a_changed_byte_is_located_exactly(at in 0usize..SIZE, by in 1u8..=255, read in 1usize..2000) {
            let mut bytes = whole();
            bytes[at] ^= by;
            let found = verdict(&bytes, read);
            prop_assert!(matches!(found, Err(Fault::Changed { at: found, .. }) if found == at as u64), "{:?}", found);
        }
    }
}
