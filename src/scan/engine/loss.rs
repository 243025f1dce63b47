//! Loss: what is lost on the way to a host, as far as its answers tell, and how much that leaves to be missed.

/// Of ports that answered, the tries that did and those that did not.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Loss {
    answered: u64,
    lost: u64,
}

impl Loss {
    /// A port answered, whose `earlier` tries did not.
    pub(super) fn answer(&mut self, earlier: u8) {
        self.answered += 1;
        self.lost += u64::from(earlier);
    }

    pub(super) fn is_unheard(&self) -> bool {
        self.answered == 0
    }

    /// The part that was lost.
    pub(super) fn part(&self) -> f64 {
        self.lost as f64 / (self.lost + self.answered).max(1) as f64
    }

    /// Whether too many ports would be missed if nothing were tried again after so many tries each.
    ///
    /// As many may be missed as answer, times what is lost of so many tries in a row. That is the mean over all losses
    /// that the answers allow (a beta distribution), not the power of the mean: where little is known, what makes ports
    /// be missed are the lines that are worse than they look. A host that never answered tells nothing.
    pub(super) fn leaves_too_many(&self, tries: u32) -> bool {
        let (lost, all) = (self.lost as f64 + PRIOR_LOST, (self.lost + self.answered) as f64 + PRIOR);
        let in_a_row: f64 =
            (0..tries).map(|earlier| (lost + f64::from(earlier)) / (all + f64::from(earlier))).product();
        !self.is_unheard() && in_a_row * (self.answered + 1) as f64 > MISSED
    }
}

/// So many ports may be expected to be missed of a host.
const MISSED: f64 = 0.0001;
/// A line of which nothing is known is taken to lose half a probe of 24, which is 2 %. So a hundred ports that all answer
/// at once are enough to believe that no fourth try is needed.
const PRIOR: f64 = 24.0;
const PRIOR_LOST: f64 = 0.5;

#[cfg(test)]
mod tests {
    use super::*;

    /// How likely each number of `all` is to be lost.
    fn lost_of(all: u32, part: f64) -> impl Iterator<Item = (u32, f64)> {
        let mut likely = (1.0 - part).powi(all as i32);
        (0..=all).map(move |lost| {
            let this = likely;
            likely *= f64::from(all - lost) / f64::from(lost + 1) * part / (1.0 - part);
            (lost, this)
        })
    }

    /// How many of `ports` are missed in the mean, reckoned and not played, by who goes on as [`super::super::host`] does.
    fn missed(ports: u32, tries: u32, (loss, part): (Loss, f64)) -> f64 {
        let after = |(left, likely): (u32, f64)| {
            if likely < 1e-9 {
                return 0.0;
            }
            let mut then = loss;
            (left..ports).for_each(|_| then.answer(tries as u8 - 1));
            let goes_on = left > 0 && (tries < 3 || tries < 12 && (left < ports || then.leaves_too_many(tries)));
            likely * if goes_on { missed(left, tries + 1, (then, part)) } else { left.into() }
        };
        lost_of(ports, part).map(after).sum()
    }

    #[test]
    fn of_a_line_that_loses_a_twentieth_next_to_nothing_is_missed() {
        for part in [0.001, 0.01, 0.02, 0.03, 0.04, 0.05] {
            for ports in [1, 2, 5, 10, 20, 30, 40, 50, 60, 80, 96, 97, 98, 100, 120, 150, 200, 300] {
                let missed = missed(ports, 1, (Loss::default(), part));
                assert!(missed < 0.0002, "{missed} of {ports} at {part}");
            }
        }
    }

    #[test]
    fn of_a_good_line_it_is_soon_known() {
        let heard = |answered| Loss { answered, lost: 0 };
        assert!(heard(1).leaves_too_many(3) && !heard(1).leaves_too_many(4));
        assert!(!heard(100).leaves_too_many(3) && !heard(65_535).leaves_too_many(3));
        assert!(!Loss::default().leaves_too_many(1));
    }
}
