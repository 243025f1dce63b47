//! Throttle: how fast guesses may come. Pure; the clock is handed in. It knows accounts only by a keyed hash of their
//! names, so an account that does not exist is delayed as one that does, and no memory holds what was typed.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

use crate::net::network;

/// Who guessed how often.
pub(super) struct Throttle {
    guesses: HashMap<u64, Guesses>,
    sources: HashMap<IpAddr, Source>,
    /// The time in which a source regains one failure.
    pace: Duration,
    secret: RandomState,
}

/// What is held against an account.
#[derive(Debug)]
struct Guesses {
    /// Consecutive failures.
    wrong: u32,
    /// Attempts that nobody knows the end of yet.
    open: u32,
    /// No attempt before.
    until: Instant,
    /// Attempts refused since the last that was let begin.
    refused: u32,
}

/// What is held against a source.
#[derive(Debug)]
struct Source {
    /// When it will have all its failures to spend again.
    regained: Instant,
    /// Attempts refused since the last that was let begin.
    refused: u32,
}

/// Why an attempt was not let begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooSoon {
    /// How long to wait before the next.
    pub(super) wait: Duration,
    /// How many were refused since one was let begin, this one included.
    pub(super) times: u32,
}

/// Whose attempt it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    account: Option<u64>,
    source: Option<IpAddr>,
    /// What was held against the account when it began.
    wrong: u32,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Right,
    Wrong,
    /// It taught nobody anything, but cost us the same: nobody waited for the answer, or it made an account.
    Spent,
    /// It was not tried.
    Withdrawn,
}

impl Throttle {
    /// Allows a source `rate` failures at once, and as many a minute.
    pub(super) fn new(rate: u32) -> Self {
        let pace = MINUTE / rate.max(1);
        Self { guesses: HashMap::new(), sources: HashMap::new(), pace, secret: RandomState::new() }
    }

    /// An attempt at `target` from `ip`; without a target only the source counts, without an address only the target.
    pub(super) fn attempt(&self, target: Option<impl Hash>, ip: Option<IpAddr>) -> Attempt {
        Attempt { account: target.map(|target| self.secret.hash_one(target)), source: ip.map(network), wrong: 0 }
    }

    /// What a log may call somebody who does not exist: the same for the same name, as long as this process lasts.
    pub(super) fn alias(&self, name: impl Hash) -> String {
        format!("u:{:08x}", self.secret.hash_one(name) >> 32)
    }

    /// Lets an attempt begin; what it gives must [`end`](Self::end).
    ///
    /// # Errors
    /// Where it comes too soon.
    pub(super) fn begin(&mut self, attempt: Attempt, now: Instant) -> Result<Attempt, TooSoon> {
        if let Some(guesses) = attempt.account.and_then(|account| self.guesses.get_mut(&account)) {
            // Otherwise many guesses at once would each be the first.
            let many = guesses.open >= if guesses.wrong == 0 { MOST_OPEN } else { 1 };
            if guesses.until > now || many {
                guesses.refused = guesses.refused.saturating_add(1);
                let wait = if guesses.until > now { guesses.until - now } else { FIRST_DELAY };
                return Err(TooSoon { wait, times: guesses.refused });
            }
        }
        if let Some(source) = attempt.source {
            self.spend(source, now)?;
        }
        let Some(account) = attempt.account else { return Ok(attempt) };
        self.forget_some(account, now);
        let guesses = self.guesses.entry(account).or_insert(Guesses { wrong: 0, open: 0, until: now, refused: 0 });
        guesses.open += 1;
        guesses.refused = 0;
        Ok(Attempt { wrong: guesses.wrong, ..attempt })
    }

    /// Ends an attempt that was let begin.
    pub(super) fn end(&mut self, attempt: Attempt, verdict: Verdict, now: Instant) {
        let gives_back = matches!(verdict, Verdict::Right | Verdict::Withdrawn);
        if let Some(source) = attempt.source.filter(|_| gives_back) {
            self.give_back(source, now);
        }
        let Some(account) = attempt.account else { return };
        let Some(guesses) = self.guesses.get_mut(&account) else { return };
        guesses.open -= 1;
        match verdict {
            Verdict::Right => guesses.wrong = 0,
            Verdict::Wrong => {
                // Of those that began together, the first has counted for all.
                guesses.wrong = guesses.wrong.saturating_add(u32::from(guesses.wrong == attempt.wrong));
                guesses.until = now + delay(guesses.wrong);
            }
            Verdict::Spent | Verdict::Withdrawn => {}
        }
        if guesses.wrong == 0 && guesses.open == 0 {
            self.guesses.remove(&account);
        }
    }

    /// Holds nothing against `target` any more: what was guessed at was nobody's account, and now it is somebody's.
    pub(super) fn forgive(&mut self, target: impl Hash, now: Instant) {
        if let Some(guesses) = self.guesses.get_mut(&self.secret.hash_one(target)) {
            (guesses.wrong, guesses.until) = (0, now);
        }
    }

    /// Whoever has nothing held against them is not remembered.
    fn give_back(&mut self, source: IpAddr, now: Instant) {
        let Some(Source { regained, .. }) = self.sources.get_mut(&source) else { return };
        match regained.checked_sub(self.pace).filter(|regained| *regained > now) {
            Some(earlier) => *regained = earlier,
            None => drop(self.sources.remove(&source)),
        }
    }

    /// Counts a failure of `source`, where it has one left.
    fn spend(&mut self, source: IpAddr, now: Instant) -> Result<(), TooSoon> {
        if self.sources.len() >= MOST_KNOWN && !self.sources.contains_key(&source) {
            self.sources.retain(|_, known| known.regained > now);
            if self.sources.len() >= MOST_KNOWN {
                let freest = self.sources.iter().min_by_key(|(_, known)| known.regained).map(|(source, _)| *source);
                self.sources.remove(&freest.expect("a full table is not empty"));
            }
        }
        let known = self.sources.entry(source).or_insert(Source { regained: now, refused: 0 });
        let after = known.regained.max(now) + self.pace;
        if after > now + MINUTE {
            known.refused = known.refused.saturating_add(1);
            return Err(TooSoon { wait: after - (now + MINUTE), times: known.refused });
        }
        (known.regained, known.refused) = (after, 0);
        Ok(())
    }

    /// Makes room for `account` in a full table: first what is old goes, then what has the least to wait for. What is
    /// being tried stays; the pool bounds how much that is.
    fn forget_some(&mut self, account: u64, now: Instant) {
        if self.guesses.len() < MOST_KNOWN || self.guesses.contains_key(&account) {
            return;
        }
        self.guesses.retain(|_, guesses| guesses.open > 0 || guesses.until + MEMORY > now);
        if self.guesses.len() >= MOST_KNOWN {
            let closed = self.guesses.iter().filter(|(_, guesses)| guesses.open == 0);
            let soonest = closed.min_by_key(|(_, guesses)| guesses.until).map(|(account, _)| *account);
            soonest.map(|account| self.guesses.remove(&account));
        }
    }
}

/// Before the next guess after so many wrong ones: 1, 2, 4 … seconds.
fn delay(wrong: u32) -> Duration {
    FIRST_DELAY.saturating_mul(1 << wrong.saturating_sub(1).min(16)).min(LONGEST_DELAY)
}

const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_secs(15 * 60);
/// Attempts at once on an account that nobody guessed wrong: as many as it can have sessions.
const MOST_OPEN: u32 = 10;
/// Accounts, and sources, that are remembered: about 4 MiB each.
const MOST_KNOWN: usize = 65_536;
/// How long after its delay an account that is not guessed at is remembered, where there is no room for all.
const MEMORY: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    struct Scene {
        throttle: Throttle,
        now: Instant,
    }

    impl Scene {
        fn new(rate: u32) -> Self {
            Self { throttle: Throttle::new(rate), now: Instant::now() }
        }

        fn pass(&mut self, seconds: u64) {
            self.now += Duration::from_secs(seconds);
        }

        /// Tries at once; gives the seconds to wait where that is refused.
        fn try_as(&mut self, name: &str, ip: &str, verdict: Verdict) -> Result<(), u64> {
            let ip = (!ip.is_empty()).then(|| ip.parse().unwrap());
            let attempt = self.throttle.attempt((!name.is_empty()).then_some(name), ip);
            let attempt = self.throttle.begin(attempt, self.now).map_err(|soon| soon.wait.as_secs())?;
            self.throttle.end(attempt, verdict, self.now);
            Ok(())
        }
    }

    #[test]
    fn each_failure_doubles_the_delay_of_the_account_up_to_a_quarter_of_an_hour() {
        let mut scene = Scene::new(1000);
        for delay in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900] {
            assert_eq!(scene.try_as("anna", "", Verdict::Wrong), Ok(()));
            assert_eq!(scene.try_as("anna", "", Verdict::Right), Err(delay), "even the right one, unseen");
            assert_eq!(scene.try_as("bob", "", Verdict::Right), Ok(()), "nobody else waits");
            scene.pass(delay);
        }
        assert_eq!(scene.try_as("anna", "", Verdict::Right), Ok(()));
        assert_eq!(scene.try_as("anna", "", Verdict::Wrong), Ok(()));
        assert_eq!(scene.try_as("anna", "", Verdict::Wrong), Err(1), "success has begun anew");
    }

    #[test]
    fn a_source_has_so_many_failures_at_once_and_regains_them_in_a_minute() {
        let mut scene = Scene::new(10);
        for at in 0..10 {
            assert_eq!(scene.try_as(&format!("a{at}"), "192.0.2.1", Verdict::Wrong), Ok(()));
        }
        assert_eq!(scene.try_as("b", "192.0.2.1", Verdict::Right), Err(6));
        assert_eq!(scene.try_as("b", "192.0.2.2", Verdict::Right), Ok(()));
        scene.pass(6);
        assert_eq!(scene.try_as("c", "192.0.2.1", Verdict::Wrong), Ok(()));
        assert_eq!(scene.try_as("d", "192.0.2.1", Verdict::Wrong), Err(6));
        scene.pass(3600);
        for at in 0..10 {
            assert_eq!(scene.try_as(&format!("e{at}"), "192.0.2.1", Verdict::Wrong), Ok(()), "no more than the burst");
        }
        assert_eq!(scene.try_as("f", "192.0.2.1", Verdict::Wrong), Err(6));
    }

    #[test]
    fn only_failures_are_counted_for_a_source() {
        let mut scene = Scene::new(2);
        for _ in 0..100 {
            assert_eq!(scene.try_as("anna", "192.0.2.1", Verdict::Right), Ok(()));
            assert_eq!(scene.try_as("", "192.0.2.1", Verdict::Withdrawn), Ok(()));
        }
        assert_eq!(scene.try_as("bob", "192.0.2.1", Verdict::Spent), Ok(()));
        assert_eq!(scene.try_as("eve", "192.0.2.1", Verdict::Spent), Ok(()));
        assert_eq!(scene.try_as("anna", "192.0.2.1", Verdict::Right), Err(30));
        assert_eq!(scene.try_as("bob", "", Verdict::Right), Ok(()), "no guess was answered");
    }

    #[test]
    fn an_ipv6_network_is_one_source() {
        let mut scene = Scene::new(1);
        assert_eq!(scene.try_as("", "2001:db8::1", Verdict::Wrong), Ok(()));
        assert_eq!(scene.try_as("", "2001:db8::ffff:2", Verdict::Wrong), Err(60));
        assert_eq!(scene.try_as("", "2001:db8:0:1::1", Verdict::Wrong), Ok(()));
    }

    #[test]
    fn guesses_at_once_are_so_many_and_count_as_one() {
        let mut scene = Scene::new(1000);
        let attempt = scene.throttle.attempt(Some("anna"), None);
        for _ in 0..MOST_OPEN {
            scene.throttle.begin(attempt, scene.now).unwrap();
        }
        let refused = |times| TooSoon { wait: FIRST_DELAY, times };
        assert_eq!(scene.throttle.begin(attempt, scene.now).unwrap_err(), refused(1));
        assert_eq!(scene.throttle.begin(attempt, scene.now).unwrap_err(), refused(2));
        for _ in 0..MOST_OPEN {
            scene.throttle.end(attempt, Verdict::Wrong, scene.now);
        }
        scene.pass(1);
        let attempt = scene.throttle.begin(attempt, scene.now).unwrap();
        assert_eq!(scene.throttle.begin(attempt, scene.now).unwrap_err(), refused(1), "one at a time from now on");
        scene.throttle.end(attempt, Verdict::Wrong, scene.now);
        assert_eq!(scene.try_as("anna", "", Verdict::Right), Err(2), "the second step");
        scene.pass(2);
        assert_eq!(scene.try_as("anna", "", Verdict::Right), Ok(()));
        assert!(scene.throttle.guesses.is_empty());
    }

    #[test]
    fn what_comes_too_soon_is_counted_until_one_is_let_begin() {
        let mut scene = Scene::new(1);
        for (name, ip) in [("anna", None), ("", Some("192.0.2.1"))] {
            let ip = ip.map(|ip: &str| ip.parse().unwrap());
            let attempt = scene.throttle.attempt((!name.is_empty()).then_some(name), ip);
            for _ in 0..2 {
                scene.throttle.begin(attempt, scene.now).unwrap();
                scene.throttle.end(attempt, Verdict::Wrong, scene.now);
                for times in 1..100 {
                    assert_eq!(scene.throttle.begin(attempt, scene.now).unwrap_err().times, times);
                }
                scene.pass(60);
            }
        }
    }

    #[test]
    fn the_tables_do_not_grow_without_end_and_the_worst_are_remembered() {
        let mut scene = Scene::new(1);
        for _ in 0..3 {
            scene.try_as("worst", "", Verdict::Wrong).unwrap();
            scene.pass(8);
        }
        for at in 0..u32::try_from(MOST_KNOWN).unwrap() + 100 {
            let ip = std::net::Ipv4Addr::from_bits(0x0a00_0000 + at).to_string();
            scene.try_as(&format!("name {at}"), &ip, Verdict::Wrong).unwrap();
        }
        assert_eq!((scene.throttle.guesses.len(), scene.throttle.sources.len()), (MOST_KNOWN, MOST_KNOWN));
        scene.pass(2);
        scene.try_as("worst", "", Verdict::Wrong).unwrap();
    }
}
