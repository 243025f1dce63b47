//! Window: how many may be under way. One for each host, by what it answers and what is lost on the way (additive
//! increase, multiplicative decrease); one for this machine, by what it has room for.

use std::time::Duration;

/// How much one host gets at once.
///
/// Silence is no loss: filtered ports are silent. A loss is known when a later try is answered. So some of what was
/// silent is asked again at once, the scouts: theirs are the only losses that say how it is now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    size: f64,
    /// Below it, growth is as fast as answers come (RFC 5681, slow start).
    threshold: f64,
    most: f64,
    heard: bool,
    /// Probes that were silent since the last answer: they were on the same way at the same time.
    credit: u32,
    /// Of late, each new answer weighing [`RECENT`].
    answers: f64,
    losses: f64,
    /// When it was last made smaller, and since then, when the next probe may leave: those that are lost keep their places
    /// for a whole timeout while those that are answered make room at once, so that a window alone would send a burst
    /// each timeout, and a target that counts would answer its first few. It is spread over the timeout instead.
    cut: Option<Duration>,
    next: Duration,
}

impl Window {
    /// One that grows up to `most`.
    pub(super) fn new(most: usize) -> Self {
        let most = most.max(1) as f64;
        let (answers, losses) = (0.0, 0.0);
        let (heard, credit, cut, next) = (false, 0, None, Duration::ZERO);
        Self { size: START.min(most), threshold: most, most, heard, credit, answers, losses, cut, next }
    }

    pub(super) fn size(&self) -> usize {
        self.size as usize
    }

    /// How long it is until the next may leave.
    pub(super) fn wait(&self, now: Duration) -> Duration {
        self.next.saturating_sub(now)
    }

    /// One leaves, whose answer is waited for so long.
    pub(super) fn sent(&mut self, now: Duration, timeout: Duration) {
        if self.cut.is_some() {
            self.next = self.next.max(now.saturating_sub(SLACK)) + timeout.div_f64(self.size);
        }
    }

    /// Nothing came. Of a host that never said anything nothing else can be known, and it grows more slowly and not far.
    pub(super) fn silence(&mut self) {
        self.credit = (self.credit + 1).min(MOST_CREDIT);
        if !self.heard && self.size < QUIET_MOST.min(self.most) {
            self.size += QUIET_GROWTH;
        }
    }

    pub(super) fn answer(&mut self) {
        self.heard = true;
        let credit = f64::from(1 + std::mem::take(&mut self.credit));
        let growth = if self.size < self.threshold { credit } else { credit / self.size };
        self.size = (self.size + growth).min(self.most);
        self.answers += (1.0 - self.answers) * RECENT;
        self.losses -= self.losses * RECENT;
    }

    /// A scout, one of `of` that were silent, has an answer where a try that left at `sent` had none.
    pub(super) fn loss(&mut self, sent: Duration, now: Duration, of: u32) {
        self.losses += f64::from(of) * RECENT;
        let much = self.losses > TOLERATED * (self.answers + self.losses);
        let sure = self.losses > 2.0 * RECENT * f64::from(of);
        // Once for all that left under the same window, so at most once in a round trip.
        if much && sure && self.cut.is_none_or(|cut| sent >= cut) {
            self.halve(now);
        }
    }

    /// Less at once, whatever for.
    pub(super) fn halve(&mut self, now: Duration) {
        self.size = (self.size / 2.0).max(LEAST.min(self.most));
        self.threshold = self.size;
        self.cut = Some(now);
        (self.answers, self.losses) = (0.0, 0.0);
    }
}

/// How many sockets there may be at once, over all hosts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    size: f64,
    most: f64,
}

impl Budget {
    pub(super) fn new(most: usize) -> Self {
        let most = most.max(1) as f64;
        Self { size: most, most }
    }

    pub(super) fn size(&self) -> usize {
        self.size as usize
    }

    /// This machine had no room for one more than `held`.
    pub(super) fn shortage(&mut self, held: usize) {
        self.size = (held as f64 / 2.0).clamp(1.0, self.size);
    }

    /// It had. What others gave back is found again within some ten thousand probes.
    pub(super) fn success(&mut self) {
        self.size = (self.size + 1.0 / 8.0).min(self.most);
    }
}

/// A burst that every queue on the way holds; with 60 bytes each, about what RFC 6928 lets a stream begin with.
const START: f64 = 32.0;
/// RFC 6928: what any line is trusted with.
const LEAST: f64 = 10.0;
/// What may be made up for when we wake late.
const SLACK: Duration = Duration::from_millis(4);
/// How much faster an answer may let it grow where most probes are silent.
const MOST_CREDIT: u32 = 50;
/// A silent host's: a thousand SYNs a timeout are half a megabit a second.
const QUIET_MOST: f64 = 1024.0;
const QUIET_GROWTH: f64 = 1.0 / 4.0;
/// A loss of up to a fifth is a bad line, not a full one, and some tries more deal with it; a queue that overflows and a
/// target that counts its resets lose far more.
const TOLERATED: f64 = 0.2;
/// The weight of one among the latest: some two hundred count.
const RECENT: f64 = 1.0 / 200.0;

#[cfg(test)]
mod tests {
    use super::*;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn answers_let_it_grow_up_to_its_bound() {
        let mut window = Window::new(100);
        (0..10).for_each(|_| window.answer());
        assert_eq!(window.size(), 42);
        (0..1000).for_each(|_| window.answer());
        assert_eq!(window.size(), 100);
    }

    #[test]
    fn what_was_silent_before_an_answer_counts_with_it() {
        let mut window = Window::new(10_000);
        window.answer();
        (0..9).for_each(|_| window.silence());
        window.answer();
        assert_eq!(window.size(), 32 + 1 + 10);
        (0..1000).for_each(|_| window.silence());
        assert_eq!(window.size(), 43);
        window.answer();
        assert_eq!(window.size(), 43 + 51);
    }

    #[test]
    fn a_host_that_never_spoke_gets_more_but_not_all() {
        let mut window = Window::new(20_000);
        (0..1_000_000).for_each(|_| window.silence());
        assert_eq!(window.size(), 1024);
    }

    #[test]
    fn much_loss_halves_it_once_a_round_trip() {
        let mut window = Window::new(1000);
        (0..168).for_each(|_| window.answer());
        assert_eq!(window.size(), 200);
        for at in 0..50 {
            window.loss(millis(at), millis(100 + at), 8);
        }
        assert_eq!(window.size(), 100);
        (0..3).for_each(|at| window.loss(millis(150 + at), millis(250 + at), 8));
        assert_eq!(window.size(), 50);
        // And grows by one a round trip from there.
        (0..49).for_each(|_| window.answer());
        assert_eq!(window.size(), 50);
        (0..2).for_each(|_| window.answer());
        assert_eq!(window.size(), 51);
        (1..100).for_each(|at| window.loss(millis(1000 * at), millis(1000 * at), 8));
        assert_eq!(window.size(), 10);
    }

    #[test]
    fn after_a_loss_it_is_spread_over_the_timeout() {
        let mut window = Window::new(1000);
        window.sent(millis(5), millis(100));
        assert_eq!(window.wait(millis(5)), Duration::ZERO);
        window.halve(millis(10));
        window.halve(millis(10));
        assert_eq!(window.size(), 10);
        window.sent(millis(1000), millis(100));
        window.sent(millis(1000), millis(100));
        assert_eq!(window.wait(millis(1000)), millis(16));
    }

    #[test]
    fn a_bad_line_does_not_close_it() {
        let mut window = Window::new(500);
        for at in 0..10_000 {
            // Ten in a hundred are lost, an eighth of them is seen.
            window.answer();
            if at % 80 == 79 {
                window.loss(millis(at), millis(at), 8);
            }
        }
        assert!(window.size() > 400, "{}", window.size());
    }

    #[test]
    fn a_shortage_halves_what_is_held_and_success_brings_it_back() {
        let mut budget = Budget::new(64);
        budget.shortage(40);
        assert_eq!(budget.size(), 20);
        budget.shortage(0);
        assert_eq!(budget.size(), 1);
        (0..1000).for_each(|_| budget.success());
        assert_eq!(budget.size(), 64);
    }
}
