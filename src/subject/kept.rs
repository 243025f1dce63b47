//! Kept: the beginning and the end of what a program says, however much it says.

use std::collections::VecDeque;

/// Takes everything and keeps little of it.
pub(super) struct Kept {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    most: Most,
    total: u64,
}

/// How much is kept at most.
#[derive(Clone, Copy)]
pub(super) struct Most {
    pub(super) head: usize,
    pub(super) tail: usize,
}

impl Kept {
    pub(super) fn at_most(most: Most) -> Self {
        Self { head: Vec::new(), tail: VecDeque::new(), most, total: 0 }
    }

    pub(super) fn push(&mut self, chunk: &[u8]) {
        self.total += chunk.len() as u64;
        let (first, rest) = chunk.split_at(chunk.len().min(self.most.head - self.head.len()));
        self.head.extend_from_slice(first);
        let last = &rest[rest.len().saturating_sub(self.most.tail)..];
        let too_many = (self.tail.len() + last.len()).saturating_sub(self.most.tail);
        self.tail.drain(..too_many);
        self.tail.extend(last);
    }

    /// How much has come, kept or not.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// What is kept, with a line between beginning and end that says how much is missing there.
    pub(super) fn text(&self) -> Vec<u8> {
        let missing = self.total - (self.head.len() + self.tail.len()) as u64;
        let mut text = self.head.clone();
        if missing > 0 && !self.head.is_empty() {
            text.extend_from_slice(format!("\n[{missing} bytes are left out here]\n").as_bytes());
        }
        text.extend(&self.tail);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(head: usize, tail: usize, chunks: &[&str]) -> String {
        let mut kept = Kept::at_most(Most { head, tail });
        chunks.iter().for_each(|chunk| kept.push(chunk.as_bytes()));
        assert_eq!(kept.total(), chunks.iter().map(|chunk| chunk.len() as u64).sum::<u64>());
        String::from_utf8(kept.text()).unwrap()
    }

    #[test]
    fn little_is_kept_whole() {
        assert_eq!(kept(4, 4, &["ab", "cd", "efgh"]), "abcdefgh");
        assert_eq!(kept(4, 4, &[]), "");
    }

    #[test]
    fn of_much_the_middle_is_missing_and_counted() {
        let left_out = "0123\n[5 bytes are left out here]\n9abc";
        assert_eq!(kept(4, 4, &["0123456789abc"]), left_out);
        assert_eq!(kept(4, 4, &["012", "3456", "7", "89a", "bc"]), left_out);
    }

    #[test]
    fn the_end_alone_needs_no_line_about_what_is_missing() {
        assert_eq!(kept(0, 4, &["012345", "6", "789"]), "6789");
    }
}
