//! Host: one host's ports, as a machine without sockets and clock: what is asked next, what an answer means, and when
//! nothing more will be learned.
//!
//! Ports are asked in passes: first each once, in a permuted order; then again what was silent. The window says how many
//! are under way at once.

use std::collections::VecDeque;
use std::time::Duration;

use super::loss::Loss;
use super::order::Order;
use super::round_trip::RoundTrip;
use super::window::Window;
use crate::scan::{State, Verdict};

/// What all hosts of a scan have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) timeout: Option<Duration>,
    pub(super) retries: Option<u32>,
    pub(super) max_open: Option<u32>,
    pub(super) most_in_flight: usize,
    /// How long this machine may lack something before a port is given up for it.
    pub(super) patience: Duration,
}

/// One connection that is to be tried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Try {
    /// The port's place in the plan.
    pub(super) port: u16,
    /// How many tries of this port were silent before.
    pub(super) earlier: u8,
    /// When it left, and the one before it; from the start of the scan.
    pub(super) sent: Duration,
    before: Duration,
    kind: Kind,
    /// How often it met itself.
    selves: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// In its turn.
    Regular,
    /// Ahead of its turn, to see what is lost.
    Scout,
    /// Of a port whose first answer was doubtful.
    Doubt(Verdict),
}

/// What became of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Verdict(Verdict),
    /// Open, unless that was a socket of ours: two that connect to each other at the same moment find each other open.
    Doubtful(Verdict),
    Silence,
    /// We were connected to ourselves.
    Ourselves,
}

#[derive(Debug)]
pub(super) struct Host {
    rules: Rules,
    order: Order,
    verdicts: Vec<Verdict>,
    /// A bit for each port that had this pass's try already.
    ahead: Vec<u64>,
    /// The place in the order that is next.
    next: u32,
    pass: u8,
    answers_in_pass: u32,
    /// What is tried before all else. Never more than were under way at once.
    again: VecDeque<Try>,
    in_flight: usize,
    window: Window,
    round_trip: RoundTrip,
    /// Since when this machine cannot ask, and until when it is not tried again.
    short: Option<Duration>,
    pause: Duration,
    silences: u32,
    settled: u32,
    open: u32,
    loss: Loss,
    /// The way in which it cannot be reached, where it said nothing else.
    unreachable: Option<Verdict>,
    state: Life,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Asking,
    /// More are open than are wanted.
    Enough,
    Done,
}

impl Host {
    /// One with `ports` ports, at least one, that are asked in the order of `seed`.
    pub(super) fn new(ports: usize, seed: u64, rules: Rules, floor: Duration) -> Self {
        Self {
            rules,
            order: Order::new(ports as u64, seed),
            verdicts: vec![Verdict::Interrupted; ports],
            ahead: vec![0; ports.div_ceil(64)],
            next: 0,
            pass: 0,
            answers_in_pass: 0,
            again: VecDeque::new(),
            in_flight: 0,
            window: Window::new(rules.most_in_flight),
            round_trip: RoundTrip::new(rules.timeout, floor),
            short: None,
            pause: Duration::ZERO,
            silences: 0,
            settled: 0,
            open: 0,
            loss: Loss::default(),
            unreachable: None,
            state: Life::Asking,
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.state == Life::Done
    }

    pub(super) fn has_room(&self) -> bool {
        self.in_flight < self.window.size()
    }

    /// What is to be tried next, if anything is now; where nothing is, it may be done. It counts as under way until [`Self::learn`] or
    /// [`Self::put_back`].
    pub(super) fn next(&mut self, now: Duration) -> Option<Try> {
        let mut next = loop {
            if self.state != Life::Asking {
                return None;
            }
            match self.again.pop_front().or_else(|| self.in_turn()) {
                Some(next) => break next,
                None if self.in_flight > 0 => return None,
                // The last ones of a pass may all have had their try.
                None => self.advance(),
            }
        };
        next.before = std::mem::replace(&mut next.sent, now);
        self.in_flight += 1;
        Some(next)
    }

    fn in_turn(&mut self) -> Option<Try> {
        while (self.next as usize) < self.verdicts.len() {
            let port = self.order.at(self.next.into()) as usize;
            self.next += 1;
            let (word, bit) = (port / 64, 1 << (port % 64));
            let was_ahead = self.ahead[word] & bit != 0;
            self.ahead[word] &= !bit;
            let due = self.pass == 0 || self.verdicts[port] == Verdict::NoAnswer && !was_ahead;
            if due {
                let (port, sent, before) = (port as u16, Duration::ZERO, Duration::ZERO);
                return Some(Try { port, earlier: self.pass, sent, before, kind: Kind::Regular, selves: 0 });
            }
        }
        None
    }

    /// How long it is until the next may leave.
    pub(super) fn wait(&self, now: Duration) -> Duration {
        self.window.wait(now).max(self.pause.saturating_sub(now))
    }

    /// How long the answer to this try is waited for.
    pub(super) fn timeout(&self, of: &Try) -> Duration {
        self.round_trip.timeout(of.earlier.into())
    }

    /// A try that could not be decided by who asked for it; it is asked for again.
    pub(super) fn put_back(&mut self, one: Try) {
        self.in_flight -= 1;
        self.again.push_back(one);
        self.advance();
    }

    /// A try has left.
    pub(super) fn sent(&mut self, of: &Try) {
        self.window.sent(of.sent, self.timeout(of));
    }

    /// Takes what became of a try. Gives the port's verdict where that is a finding: open.
    pub(super) fn learn(&mut self, of: Try, answer: Answer, now: Duration) -> Option<Verdict> {
        self.in_flight -= 1;
        if !matches!(answer, Answer::Verdict(verdict) if verdict.is_shortage()) {
            self.short = None;
        }
        let found = match (answer, of.kind) {
            (Answer::Ourselves, _) => self.met_ourselves(of),
            (Answer::Verdict(verdict), _) if verdict.is_shortage() => self.shortage(of, verdict, now),
            // Who is there but refuses was a socket of ours. Who is silent now has a queue of one, which the first filled.
            (Answer::Verdict(verdict), Kind::Doubt(_)) if verdict.state() == State::Closed => self.settle(of, verdict),
            (_, Kind::Doubt(first)) => self.settle(of, first),
            (Answer::Silence, _) => self.silence(of),
            (Answer::Verdict(verdict), _) => {
                self.answer(of, verdict, now);
                self.settle(of, verdict)
            }
            (Answer::Doubtful(verdict), _) => {
                self.answer(of, verdict, now);
                self.again.push_back(Try { kind: Kind::Doubt(verdict), ..of });
                None
            }
        };
        if self.state == Life::Asking && self.has_enough() {
            self.state = Life::Enough;
        }
        self.advance();
        found
    }

    fn met_ourselves(&mut self, of: Try) -> Option<Verdict> {
        if of.selves == MOST_SELVES {
            return self.settle(of, Verdict::OnlyOurselves);
        }
        self.again.push_back(Try { selves: of.selves + 1, ..of });
        None
    }

    fn silence(&mut self, of: Try) -> Option<Verdict> {
        let verdict = &mut self.verdicts[usize::from(of.port)];
        debug_assert!(matches!(verdict, Verdict::Interrupted | Verdict::NoAnswer));
        *verdict = Verdict::NoAnswer;
        self.window.silence();
        self.silences += 1;
        // Only where the next pass is sure to come, so that no try is made in vain.
        let sure = u32::from(self.pass) < self.rules.retries.unwrap_or(LEAST_RETRIES);
        if of.kind == Kind::Regular && sure && self.silences.is_multiple_of(SCOUTS) {
            self.ahead[usize::from(of.port) / 64] |= 1 << (of.port % 64);
            self.again.push_back(Try { earlier: of.earlier + 1, kind: Kind::Scout, ..of });
        }
        None
    }

    fn shortage(&mut self, of: Try, verdict: Verdict, now: Duration) -> Option<Verdict> {
        if verdict == Verdict::NoLocalPorts {
            self.window.halve(now);
        }
        // As long as others of ours are under way, their end may be what is waited for.
        if self.in_flight == 0 {
            let since = *self.short.get_or_insert(now);
            if now.saturating_sub(since) >= self.rules.patience {
                return self.settle(of, verdict);
            }
        }
        self.pause = now + PAUSE;
        self.again.push_front(of);
        None
    }

    /// What an answer says of the way there and back.
    fn answer(&mut self, of: Try, verdict: Verdict, now: Duration) {
        // ICMP tells little of it: routers and hosts send a few a second.
        if !matches!(verdict.state(), State::Open | State::Closed) {
            return;
        }
        self.round_trip.sample(now.saturating_sub(of.sent), self.in_flight as u32 + 1);
        self.window.answer();
        if of.kind == Kind::Scout {
            self.window.loss(of.before, now, SCOUTS);
        }
        self.loss.answer(of.earlier);
        self.answers_in_pass += 1;
    }

    fn settle(&mut self, of: Try, verdict: Verdict) -> Option<Verdict> {
        self.verdicts[usize::from(of.port)] = verdict;
        self.settled += 1;
        match verdict.state() {
            State::Unreachable => self.unreachable = Some(verdict),
            State::Open => self.open += 1,
            _ => {}
        }
        (verdict.state() == State::Open).then_some(verdict)
    }

    /// To the next pass or to the end, where this one is over.
    fn advance(&mut self) {
        if self.in_flight > 0 || self.state == Life::Done {
            return;
        }
        if self.state == Life::Enough {
            self.state = Life::Done;
            // What was silent once was not asked to the end.
            self.fill(Verdict::NoAnswer, Verdict::TooManyOpen);
            return self.fill(Verdict::Interrupted, Verdict::TooManyOpen);
        }
        if !self.again.is_empty() || (self.next as usize) < self.verdicts.len() {
            return;
        }
        if self.verdicts.contains(&Verdict::NoAnswer) && self.goes_on() {
            self.pass += 1;
            self.next = 0;
            self.answers_in_pass = 0;
            return;
        }
        self.state = Life::Done;
        // Of a host that nobody reaches, the probes that ended before that was known were no more silent than the others.
        if let Some(unreachable) = self.unreachable.filter(|_| self.loss.is_unheard()) {
            self.fill(Verdict::NoAnswer, unreachable);
        }
    }

    /// Whether what is silent is asked once more.
    fn goes_on(&self) -> bool {
        let tries = u32::from(self.pass) + 1;
        if let Some(retries) = self.rules.retries {
            return tries <= retries.min(u8::MAX.into());
        }
        tries <= LEAST_RETRIES || tries < MOST_TRIES && (self.answers_in_pass > 0 || self.loss.leaves_too_many(tries))
    }

    fn fill(&mut self, from: Verdict, to: Verdict) {
        self.verdicts.iter_mut().filter(|verdict| **verdict == from).for_each(|verdict| *verdict = to);
    }

    /// Of the probes to ports that answer, the part that was lost.
    pub(super) fn loss(&self) -> f64 {
        self.loss.part()
    }

    pub(super) fn window(&self) -> usize {
        self.window.size()
    }

    pub(super) fn round_trip(&self) -> Option<Duration> {
        self.round_trip.smoothed()
    }

    /// Ports whose verdict is final already.
    pub(super) fn settled(&self) -> u64 {
        if self.is_done() { self.verdicts.len() as u64 } else { self.settled.into() }
    }

    /// About how many tries are left.
    pub(super) fn left(&self) -> u64 {
        let (all, asked) = (self.verdicts.len() as u64, if self.pass == 0 { self.next.into() } else { u64::MAX });
        let unasked = all.saturating_sub(asked);
        let silent = (all - u64::from(self.settled)).saturating_sub(unasked);
        let passes = self.rules.retries.unwrap_or(LEAST_RETRIES).saturating_sub(self.pass.into());
        // Of a later pass, half is done.
        unasked + silent * u64::from(passes) + if self.pass == 0 { 0 } else { silent / 2 }
    }

    /// Whether it answers everything, so that an open port means nothing.
    pub(super) fn answers_everything(&self) -> bool {
        let tested = self.verdicts.iter().filter(|verdict| verdict.state() != State::NotTested).count() as u64;
        tested >= MANY && u64::from(self.open) * 20 >= tested * 19 || self.has_enough()
    }

    fn has_enough(&self) -> bool {
        self.rules.max_open.is_some_and(|most| self.open > most)
    }

    /// What is known, wherever it stands: silence only where it was asked to the end.
    pub(super) fn into_verdicts(mut self) -> Vec<Verdict> {
        if !self.is_done() {
            self.fill(Verdict::NoAnswer, Verdict::Interrupted);
        }
        self.verdicts
    }
}

/// A loss of 5 % becomes one of 0.01 %.
const LEAST_RETRIES: u32 = 2;
/// Where each pass still brings answers. A target that answers so little at a time will not do so at the twelfth.
const MOST_TRIES: u32 = 12;
/// One in so many silent ports is asked again at once.
const SCOUTS: u32 = 8;
/// How long nothing is tried where this machine could not ask. Once a port was given up for it, the others have waited
/// long enough: each is tried, and none waited for.
const PAUSE: Duration = Duration::from_millis(20);
/// A connection to oneself needs the one source port among thousands that is the target.
const MOST_SELVES: u8 = 20;
/// Fewer open ports than this may well be a busy host.
const MANY: u64 = 100;

#[cfg(test)]
mod tests;
