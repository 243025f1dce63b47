//! Flights: the messages of one connection that are under way, and since when. Pure.

use std::collections::VecDeque;

/// A message that was given its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flight {
    /// The instant it was meant for, in nanoseconds of the run; [`UNASKED`] for what is only waited for.
    pub(super) intended: u64,
    /// When its first byte was given to the system; the same as long as it was not.
    pub(super) sent: u64,
    answered: bool,
}

/// The instant of an answer that nobody asked for, a greeting for example: in no measured time.
pub(super) const UNASKED: u64 = u64::MAX;

/// All of one connection, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Flights {
    flights: VecDeque<Flight>,
    /// The number of the first that is kept.
    base: u64,
    /// Numbers below it were answered, or overtaken by an answer, or given up.
    ahead: u64,
}

impl Flights {
    /// The number that the next one gets.
    pub(super) fn next(&self) -> u64 {
        self.base + self.flights.len() as u64
    }

    /// How many are waited for. One that was overtaken is not: its place is free again.
    pub(super) fn under_way(&self) -> u64 {
        self.next() - self.ahead
    }

    pub(super) fn add(&mut self, intended: u64, now: u64) {
        self.flights.push_back(Flight { intended, sent: now, answered: false });
    }

    /// The first byte of this one went out.
    pub(super) fn leaves(&mut self, number: u64, now: u64) {
        let flight = number.checked_sub(self.base).and_then(|at| self.flights.get_mut(at as usize));
        if let Some(flight) = flight {
            flight.sent = now;
        }
    }

    /// This one was answered; none where it is not known any more, or was answered before.
    pub(super) fn lands(&mut self, number: u64) -> Option<Flight> {
        let at = number.checked_sub(self.base)? as usize;
        let flight = self.flights.get_mut(at).filter(|flight| !flight.answered)?;
        flight.answered = true;
        let landed = *flight;
        self.settle(number + 1, self.base);
        Some(landed)
    }

    /// Nobody waits any more for those below `next`, and for those below `oldest` no answer can come.
    pub(super) fn settle(&mut self, next: u64, oldest: u64) {
        self.ahead = self.ahead.max(next).min(self.next());
        while self.flights.front().is_some_and(|first| first.answered || self.base < oldest) {
            self.flights.pop_front();
            self.base += 1;
        }
    }

    /// Nobody waits any more for any of them.
    pub(super) fn give_up(&mut self) {
        self.settle(self.next(), self.base);
    }

    /// Those that are waited for.
    pub(super) fn unanswered(&self) -> impl Iterator<Item = &Flight> {
        self.flights.iter().skip((self.ahead - self.base) as usize).filter(|flight| !flight.answered)
    }

    /// The oldest that is waited for.
    pub(super) fn oldest(&self) -> Option<&Flight> {
        (self.under_way() > 0).then(|| self.flights.get((self.ahead - self.base) as usize)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(count: u64) -> Flights {
        let mut flights = Flights::default();
        (0..count).for_each(|number| flights.add(number * 10, number * 10 + 1));
        flights
    }

    #[test]
    fn in_order_nothing_is_kept_behind_an_answer() {
        let mut flights = with(3);
        for number in 0..3 {
            assert_eq!(flights.under_way(), 3 - number);
            assert_eq!(flights.lands(number).map(|flight| flight.intended), Some(number * 10));
        }
        assert_eq!((flights.under_way(), flights.flights.len(), flights.next()), (0, 0, 3));
    }

    #[test]
    fn who_is_overtaken_frees_a_place_and_may_still_land_once() {
        let mut flights = with(3);
        assert!(flights.lands(1).is_some());
        assert_eq!(flights.under_way(), 1);
        assert!(flights.lands(0).is_some());
        assert!(flights.lands(0).is_none());
        assert!(flights.lands(7).is_none());
        assert_eq!(flights.oldest().map(|flight| flight.intended), Some(20));
        flights.give_up();
        assert_eq!((flights.under_way(), flights.oldest()), (0, None));
        assert!(flights.lands(2).is_some(), "late, but there");
    }

    #[test]
    fn who_never_lands_is_forgotten_in_the_end() {
        let mut flights = with(1);
        for number in 1..100_000 {
            flights.add(0, 0);
            flights.lands(number).unwrap();
        }
        assert_eq!(flights.flights.len(), 100_000);
        flights.settle(99_999, 90_000);
        assert_eq!((flights.flights.len(), flights.lands(0), flights.next()), (0, None, 100_000));
    }

    #[test]
    fn what_waited_to_be_sent_has_its_own_instant() {
        let mut flights = with(2);
        flights.leaves(1, 99);
        flights.lands(0);
        assert_eq!(flights.lands(1), Some(Flight { intended: 10, sent: 99, answered: true }));
    }
}
