//! Groups: the ports of one host, by what they turned out to be. Which group is the crowd, that nobody wants to see port
//! by port, is decided here for all reports.

use std::collections::BTreeMap;

use crate::scan::{State, Verdict};

/// The ports of each verdict that there is, in rising order.
pub(super) struct Groups(BTreeMap<Verdict, Vec<u16>>);

impl Groups {
    /// `verdicts` has one for each of `ports`.
    pub(super) fn of(ports: &[u16], verdicts: &[Verdict]) -> Self {
        debug_assert_eq!(ports.len(), verdicts.len(), "a verdict for each port");
        let mut groups = BTreeMap::<_, Vec<u16>>::new();
        let mut rest = ports;
        for run in verdicts.chunk_by(|a, b| a == b) {
            let (of_run, behind) = rest.split_at(run.len().min(rest.len()));
            groups.entry(run[0]).or_default().extend_from_slice(of_run);
            rest = behind;
        }
        Self(groups)
    }

    /// Open ones first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Verdict, &[u16])> {
        self.0.iter().map(|(verdict, ports)| (*verdict, ports.as_slice()))
    }

    /// Those that are not open.
    pub(super) fn others(&self) -> impl Iterator<Item = (Verdict, &[u16])> {
        self.iter().filter(|(verdict, _)| verdict.state() != State::Open)
    }

    /// The open ports, in rising order, with what made them so.
    pub(super) fn open(&self) -> Vec<(u16, Verdict)> {
        let open = self.iter().take_while(|(verdict, _)| verdict.state() == State::Open);
        let mut open: Vec<_> =
            open.flat_map(|(verdict, ports)| ports.iter().map(move |port| (*port, verdict))).collect();
        open.sort_unstable();
        open
    }

    pub(super) fn count(&self, state: State) -> usize {
        self.iter().filter(|(verdict, _)| verdict.state() == state).map(|(_, ports)| ports.len()).sum()
    }

    /// What all ports are, where they are all the same.
    pub(super) fn only(&self) -> Option<Verdict> {
        self.0.first_key_value().filter(|_| self.0.len() == 1).map(|(verdict, _)| *verdict)
    }

    /// Whether anything at all came back.
    pub(super) fn answered(&self) -> bool {
        self.iter().any(|(verdict, _)| matches!(verdict.state(), State::Open | State::Closed))
    }

    /// The largest group of ports that need not be named: neither open nor untested, and too many to read.
    pub(super) fn crowd(&self) -> Option<Verdict> {
        let unnamed = self.others().filter(|(verdict, _)| verdict.state() != State::NotTested);
        let (verdict, ports) = unnamed.max_by_key(|(_, ports)| ports.len())?;
        (ports.len() > MOST_NAMED).then_some(verdict)
    }
}

/// So many ports are read at a glance.
const MOST_NAMED: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crowd_is_the_largest_group_that_nobody_asks_for() {
        let of = |verdicts: &[(Verdict, usize)]| {
            let verdicts: Vec<Verdict> =
                verdicts.iter().flat_map(|(verdict, count)| std::iter::repeat_n(*verdict, *count)).collect();
            let ports: Vec<u16> = (1..=verdicts.len() as u16).collect();
            Groups::of(&ports, &verdicts).crowd()
        };
        assert_eq!(of(&[(Verdict::Refused, 10)]), None);
        assert_eq!(of(&[(Verdict::Refused, 11), (Verdict::NoAnswer, 12)]), Some(Verdict::NoAnswer));
        assert_eq!(of(&[(Verdict::Accepted, 99), (Verdict::Interrupted, 99)]), None);
    }
}
