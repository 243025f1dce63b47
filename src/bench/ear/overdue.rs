//! Overdue: messages that later ones have overtaken. Their answers may still come; after a while they are missing.

use std::collections::VecDeque;
use std::ops::Range;

use super::{Heard, counted, fault};
use crate::bench::fault::FaultKind;

/// Their numbers, as ranges from the lowest to the highest: a gap may be a million wide.
#[derive(Debug, Default)]
pub(super) struct Overdue {
    gaps: VecDeque<Range<u64>>,
}

impl Overdue {
    /// `gap`, which lies above all others, was overtaken.
    pub(super) fn push(&mut self, gap: Range<u64>) {
        if !gap.is_empty() {
            self.gaps.push_back(gap);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.gaps.is_empty()
    }

    pub(super) fn lowest(&self) -> Option<u64> {
        self.gaps.front().map(|gap| gap.start)
    }

    /// At most `most` of the numbers, the lowest first.
    pub(super) fn some(&self, most: usize) -> impl Iterator<Item = u64> {
        self.gaps.iter().cloned().flatten().take(most)
    }

    pub(super) fn contains(&self, number: u64) -> bool {
        self.place(number).is_some()
    }

    /// It has come after all.
    pub(super) fn remove(&mut self, number: u64) {
        let Some(at) = self.place(number) else { return };
        let gap = self.gaps[at].clone();
        self.gaps[at] = number + 1..gap.end;
        if number > gap.start {
            self.gaps.insert(at, gap.start..number);
        }
        self.gaps.retain(|gap| !gap.is_empty());
    }

    /// Reports those that nobody can wait for any more, now that it is the turn of `next`.
    pub(super) fn give_up(&mut self, next: u64, hear: &mut impl FnMut(Heard)) {
        while let Some(gap) = self.gaps.front()
            && (gap.end + PATIENCE <= next || self.gaps.len() > MOST_GAPS)
        {
            self.report_first(hear);
        }
    }

    /// Reports all: nothing will come any more.
    pub(super) fn end(&mut self, hear: &mut impl FnMut(Heard)) {
        while !self.is_empty() {
            self.report_first(hear);
        }
    }

    fn report_first(&mut self, hear: &mut impl FnMut(Heard)) {
        let Some(gap) = self.gaps.pop_front() else { return };
        let count = gap.end - gap.start;
        let behind =
            if count > 1 { format!(" and {} behind it", counted(count - 1, "message")) } else { String::new() };
        let what = format!("message {}, byte 0: no answer{behind}, while later messages were answered", gap.start);
        hear(fault(FaultKind::Missing, count, what));
    }

    fn place(&self, number: u64) -> Option<usize> {
        let at = self.gaps.partition_point(|gap| gap.end <= number);
        self.gaps.get(at).is_some_and(|gap| gap.contains(&number)).then_some(at)
    }
}

/// So many later messages were answered: more than anybody has under way on purpose.
const PATIENCE: u64 = 4096;
/// Each takes 16 bytes, and one is looked up in them for each answer that is out of order.
const MOST_GAPS: usize = 1024;
