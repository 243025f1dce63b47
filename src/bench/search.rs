//! Search: the highest rate that keeps a condition, as a machine that is told how each try went. Pure: whoever presses
//! asks it what is next.

/// A search between nothing and a ceiling: by halves, then once more at what was found.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    /// The highest rate that was kept; 0 before one was.
    kept: f64,
    /// The lowest that was not, or the ceiling, which is never tried itself.
    missed: f64,
    /// Whether it was the generator that ended it there.
    short_of_load: bool,
    tries: u32,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    Halving,
    /// At this rate, for the nth time.
    Confirming {
        rate: f64,
        nth: u32,
    },
    Done(Option<f64>),
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Step {
    /// A run at this rate.
    Try(f64),
    /// A run at this rate, whose figures are those to report if it keeps it.
    Confirm(f64),
    /// The rate that was kept, the last time too; `None` where none was.
    Done(Option<f64>),
}

/// How a run went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    Yes,
    No,
    /// The generator was the limit, so that nothing is known of the server at this rate.
    Unknown,
}

impl Search {
    /// `ceiling` is what no rate is above, in messages a second: what a closed loop reached.
    pub(crate) fn new(ceiling: f64) -> Self {
        let stage = if ceiling > 0.0 && ceiling.is_finite() { Stage::Halving } else { Stage::Done(None) };
        Self { kept: 0.0, missed: ceiling, short_of_load: false, tries: 0, stage }
    }

    pub(crate) fn next(&self) -> Step {
        match self.stage {
            Stage::Halving => Step::Try(f64::midpoint(self.kept, self.missed)),
            Stage::Confirming { rate, .. } => Step::Confirm(rate),
            Stage::Done(found) => Step::Done(found),
        }
    }

    /// How the run at the rate of [`next`](Self::next) went. After the end it changes nothing.
    pub(crate) fn tell(&mut self, kept: Kept) {
        match (self.next(), self.stage) {
            (Step::Try(rate), _) => self.halve(rate, kept),
            (Step::Confirm(rate), Stage::Confirming { nth, .. }) => self.confirm(rate, nth, kept),
            _ => {}
        }
    }

    /// Whether the generator, not the server, ended the search where it did: what was found is then the least that the
    /// server can do.
    pub(crate) fn is_short_of_load(&self) -> bool {
        self.short_of_load
    }

    fn halve(&mut self, rate: f64, kept: Kept) {
        self.tries += 1;
        if kept == Kept::Yes {
            self.kept = rate;
        } else {
            self.missed = rate;
            self.short_of_load = kept == Kept::Unknown;
        }
        if self.missed - self.kept <= PRECISION * self.missed || self.tries == MOST_TRIES {
            let found = self.kept > 0.0;
            self.stage = if found { Stage::Confirming { rate: self.kept, nth: 1 } } else { Stage::Done(None) };
        }
    }

    fn confirm(&mut self, rate: f64, nth: u32, kept: Kept) {
        self.stage = match kept {
            Kept::Yes => Stage::Done(Some(rate)),
            _ if nth > MOST_RETREATS => Stage::Done(None),
            _ => Stage::Confirming { rate: rate * RETREAT, nth: nth + 1 },
        };
        if kept != Kept::Yes {
            self.short_of_load = kept == Kept::Unknown;
        }
    }
}

/// Two runs at one rate differ by about as much.
const PRECISION: f64 = 0.03;
/// Six halvings reach the precision near the ceiling, and each further one a rate half as high: below a hundredth of the
/// ceiling the precision ends.
const MOST_TRIES: u32 = 12;
/// Further than the precision, since what was kept by luck once is not kept just below.
const RETREAT: f64 = 0.95;
/// A condition that is missed 15 % below where it was kept is missed by chance everywhere.
const MOST_RETREATS: u32 = 3;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::seeded::Dice;

    /// What was found, and every run: rate and how it went.
    fn search(ceiling: f64, mut oracle: impl FnMut(f64) -> Kept) -> (Search, Option<f64>, Vec<(f64, Kept)>) {
        let (mut search, mut runs) = (Search::new(ceiling), Vec::new());
        loop {
            match search.next() {
                Step::Done(found) => return (search, found, runs),
                Step::Try(rate) | Step::Confirm(rate) => {
                    let kept = oracle(rate);
                    runs.push((rate, kept));
                    search.tell(kept);
                }
            }
            assert!(runs.len() <= MOST, "{runs:?}");
        }
    }

    fn up_to(most: f64) -> impl FnMut(f64) -> Kept {
        move |rate| if rate <= most { Kept::Yes } else { Kept::No }
    }

    /// All tries, the confirmation, and the retreats.
    const MOST: usize = (MOST_TRIES + 1 + MOST_RETREATS) as usize;

    #[test]
    fn it_halves_then_confirms() {
        let (_, found, runs) = search(800.0, up_to(500.0));
        let rates: Vec<f64> = runs.iter().map(|(rate, _)| *rate).collect();
        assert_eq!(rates, [400.0, 600.0, 500.0, 550.0, 525.0, 512.5, 500.0]);
        assert_eq!(found, Some(500.0));
    }

    #[test]
    fn what_is_not_confirmed_is_left_by_steps_and_given_up_at_last() {
        let mut search = Search::new(100.0);
        while let Step::Try(rate) = search.next() {
            search.tell(up_to(40.0)(rate));
        }
        let Step::Confirm(first) = search.next() else { panic!("{search:?}") };
        for nth in 1..=3 {
            search.tell(Kept::No);
            let Step::Confirm(lower) = search.next() else { panic!("{search:?}") };
            assert!((lower / first - RETREAT.powi(nth)).abs() < 1e-9, "{lower} {first}");
        }
        let mut lucky = search.clone();
        lucky.tell(Kept::Yes);
        assert!(matches!(lucky.next(), Step::Done(Some(rate)) if rate < first));
        search.tell(Kept::No);
        assert_eq!(search.next(), Step::Done(None));
        search.tell(Kept::Yes);
        assert_eq!(search.next(), Step::Done(None));
    }

    #[test]
    fn where_nothing_is_kept_nothing_is_found() {
        let (_, found, runs) = search(1000.0, |_| Kept::No);
        assert_eq!((found, runs.len()), (None, MOST_TRIES as usize));
        for ceiling in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Search::new(ceiling).next(), Step::Done(None));
        }
    }

    #[test]
    fn a_generator_at_its_limit_ends_the_search_there_and_is_told() {
        let limited = |rate| if rate > 300.0 { Kept::Unknown } else { Kept::Yes };
        let (search_, found, _) = search(1000.0, limited);
        assert!(search_.is_short_of_load() && found.is_some_and(|rate| (291.0..=300.0).contains(&rate)), "{found:?}");
        // One that was at its limit far above is no matter.
        let both = |rate| if rate > 600.0 { Kept::Unknown } else { up_to(300.0)(rate) };
        let (search_, found, _) = search(1000.0, both);
        assert!(!search_.is_short_of_load() && found.is_some_and(|rate| (291.0..=300.0).contains(&rate)), "{found:?}");
    }

    proptest! {
        #[test]
        fn the_highest_rate_of_a_server_with_one_is_found(ceiling in 1.0..1e7_f64, share in 0.01..1.2_f64) {
            let most = ceiling * share;
            let (_, found, runs) = search(ceiling, up_to(most));
            let found = found.expect("every rate up to a hundredth is kept");
            prop_assert!(found <= most && found >= most.min(ceiling) * (1.0 - PRECISION), "{found} of {most}: {runs:?}");
        }

        #[test]
        fn what_is_found_was_kept_the_last_time_whatever_the_server_does(seed: u64, ceiling in 1.0..1e7_f64, yes in 0..101_usize) {
            let mut dice = Dice::new(seed);
            let fickle = |_| if dice.percent(yes) { Kept::Yes } else { dice.pick(&[Kept::No, Kept::Unknown]) };
            let (_, found, runs) = search(ceiling, fickle);
            if let Some(found) = found {
                prop_assert_eq!(runs.last(), Some(&(found, Kept::Yes)));
                prop_assert!(found > 0.0 && found < ceiling);
            }
        }

        #[test]
        fn a_server_that_is_noisy_about_its_limit_is_found_below_it(seed: u64, share in 0.05..0.9_f64) {
            // Certain up to a tenth below the limit, and by chance around it.
            let (mut dice, ceiling) = (Dice::new(seed), 100_000.0);
            let noisy = |rate: f64| match rate / (ceiling * share) {
                part if part < 0.9 => Kept::Yes,
                part if part > 1.1 => Kept::No,
                _ => dice.pick(&[Kept::Yes, Kept::No]),
            };
            let (_, found, runs) = search(ceiling, noisy);
            let part = found.map(|found| found / (ceiling * share));
            prop_assert!(part.is_none_or(|part| part > 0.84 && part <= 1.1), "{part:?}: {runs:?}");
        }
    }
}
