//! Stories of a host, each from a seed: a network that loses, filters, counts its resets or dies, in simulated time.

use super::*;
use crate::seeded::mix;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::collections::BTreeMap;

/// The network and the target behind it.
#[derive(Clone, Copy, Debug)]
struct World {
    seed: u64,
    ports: u16,
    /// Of a thousand ports, how many are silent, and how many open.
    filtered: u64,
    open: u64,
    /// Of a thousand probes, how many are lost.
    loss: u64,
    trip: Duration,
    /// How many resets a second it sends, where it counts.
    resets: Option<u32>,
    dies: Option<Duration>,
    rules: Rules,
}

/// What became of a host.
struct Ending {
    host: Host,
    took: Duration,
    tries: u64,
}

impl World {
    fn calm(seed: u64) -> Self {
        let (timeout, retries, max_open, most_in_flight, patience) = (None, None, None, 500, Duration::from_secs(5));
        let rules = Rules { timeout, retries, max_open, most_in_flight, patience };
        let (trip, resets, dies) = (Duration::from_millis(20), None, None);
        Self { seed, ports: 1000, filtered: 0, open: 20, loss: 0, trip, resets, dies, rules }
    }

    fn truth(&self, port: u16) -> Option<Verdict> {
        match mix(self.seed ^ mix(port.into())) % 1000 {
            dice if dice < self.open => Some(Verdict::Accepted),
            dice if dice < self.open + self.filtered => None,
            _ => Some(Verdict::Refused),
        }
    }

    /// Plays it to its end.
    fn play(&self) -> Ending {
        let mut host = Host::new(self.ports.into(), self.seed, self.rules, Duration::from_millis(100));
        let mut events: BTreeMap<(Duration, u64), (Try, Answer)> = BTreeMap::new();
        let (mut now, mut tries) = (Duration::ZERO, 0);
        // The target's bucket: its resets, as of when.
        let mut bucket = (self.resets.map_or(0.0, f64::from) / 100.0, Duration::ZERO);
        while !host.is_done() {
            while host.has_room() && host.wait(now).is_zero() {
                let Some(of) = host.next(now) else { break };
                host.sent(&of);
                tries += 1;
                let lost = mix(self.seed ^ mix(tries)) % 1000 < self.loss || self.dies.is_some_and(|at| now >= at);
                let mut answer = self.truth(of.port).filter(|_| !lost);
                if let (Some(Verdict::Refused), Some(resets)) = (answer, self.resets) {
                    let resets = f64::from(resets);
                    bucket.0 = (bucket.0 + (now - bucket.1).as_secs_f64() * resets).min(resets / 100.0);
                    bucket.1 = now;
                    if bucket.0 < 1.0 {
                        answer = None;
                    } else {
                        bucket.0 -= 1.0;
                    }
                }
                let timeout = host.timeout(&of);
                let (after, answer) = match answer {
                    Some(verdict) if self.trip <= timeout => (self.trip, Answer::Verdict(verdict)),
                    _ => (timeout, Answer::Silence),
                };
                events.insert((now + after, tries), (of, answer));
            }
            let wakes = host.has_room().then(|| now + host.wait(now)).filter(|at| *at > now);
            match events.first_entry() {
                Some(event) if wakes.is_none_or(|wakes| event.key().0 <= wakes) => {
                    let ((at, _), (of, answer)) = event.remove_entry();
                    now = now.max(at);
                    host.learn(of, answer, now);
                }
                _ => match wakes {
                    Some(wakes) => now = wakes,
                    None => assert!(host.is_done(), "stands still: {self:?}"),
                },
            }
        }
        Ending { host, took: now, tries }
    }
}

impl Ending {
    fn has_all(self, world: &World) -> Result<(), TestCaseError> {
        for (port, verdict) in (0..).zip(self.host.into_verdicts()) {
            prop_assert_eq!(verdict, world.truth(port).unwrap_or(Verdict::NoAnswer), "port {}: {:?}", port, world);
        }
        Ok(())
    }
}

proptest! {
    // What is random on purpose loses a port in ten thousand hosts; tests must not. How many are missed in the mean is
    // reckoned beside `Loss`.
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(5), ..ProptestConfig::with_cases(300) })]

    /// However it loses a twentieth, whatever is filtered, nothing that answers is missed.
    #[test]
    fn a_loss_of_5_percent_loses_nothing(seed: u64, filtered in 0_u64..950, trip in 1_u64..400) {
        let trip = Duration::from_millis(trip);
        let world = World { filtered, loss: 50, trip, ports: 300, ..World::calm(seed) };
        let ending = world.play();
        // Three tries each way round lose one in 8000 of the few that answer, where nothing else told of the loss.
        let answering = (0..world.ports).filter(|port| world.truth(*port).is_some()).count();
        prop_assume!(answering > 20);
        ending.has_all(&world)?;
    }

    #[test]
    fn a_target_that_counts_its_resets_is_not_called_filtered(seed: u64, resets in 200_u32..1000) {
        let world = World { resets: Some(resets), trip: Duration::from_millis(1), ports: 1500, ..World::calm(seed) };
        let ending = world.play();
        prop_assert!(ending.took < Duration::from_secs(40), "{:?}", ending.took);
        ending.has_all(&world)?;
    }

    #[test]
    fn a_target_that_dies_comes_to_an_end(seed: u64, dies in 0_u64..400, loss in 0_u64..100) {
        let world = World { dies: Some(Duration::from_millis(dies)), loss, ..World::calm(seed) };
        let ending = world.play();
        prop_assert!(ending.took < Duration::from_secs(300), "{:?}", ending.took);
        prop_assert!(ending.tries <= 12 * u64::from(world.ports));
        prop_assert!(!ending.host.into_verdicts().contains(&Verdict::Interrupted));
    }

    #[test]
    fn what_was_answered_is_not_asked_again(seed: u64, filtered in 0_u64..800) {
        let world = World { filtered, ..World::calm(seed) };
        let ending = world.play();
        let silent = (0..world.ports).filter(|port| world.truth(*port).is_none()).count() as u64;
        prop_assert_eq!(ending.tries, u64::from(world.ports) + 2 * silent);
        ending.has_all(&world)?;
    }

    #[test]
    fn retries_are_exactly_as_many_as_were_asked_for(seed: u64, retries in 0_u32..5) {
        let mut world = World { filtered: 980, ..World::calm(seed) };
        world.rules.retries = Some(retries);
        let ending = world.play();
        let silent = (0..world.ports).filter(|port| world.truth(*port).is_none()).count() as u64;
        prop_assert_eq!(ending.tries, u64::from(world.ports) + u64::from(retries) * silent);
    }

    #[test]
    fn more_open_than_wanted_leave_the_rest_untested(seed: u64, most in 0_u32..50) {
        let mut world = World { open: 500, ..World::calm(seed) };
        world.rules.max_open = Some(most);
        let ending = world.play();
        prop_assert!(ending.host.answers_everything());
        let verdicts = ending.host.into_verdicts();
        let open = verdicts.iter().filter(|verdict| **verdict == Verdict::Accepted).count();
        prop_assert!(open > most as usize && open < 500, "{open}");
        prop_assert!(verdicts.contains(&Verdict::TooManyOpen) && !verdicts.contains(&Verdict::Interrupted));
    }
}

#[test]
fn a_silent_host_takes_a_sensible_time() {
    let world = World { filtered: 1000, open: 0, ..World::calm(1) };
    let ending = world.play();
    assert_eq!(ending.tries, 3000);
    assert!(ending.took < Duration::from_secs(30), "{:?}", ending.took);
}

#[test]
fn where_all_is_open_an_open_port_means_nothing() {
    for (ports, open, everything) in [(1000, 1000, true), (99, 1000, false), (1000, 500, false)] {
        let world = World { open, ports, ..World::calm(3) };
        assert_eq!(world.play().host.answers_everything(), everything, "{ports} {open}");
    }
}

fn host(ports: usize) -> Host {
    Host::new(ports, 7, World::calm(0).rules, Duration::ZERO)
}

#[test]
fn a_doubtful_open_is_asked_again_and_only_a_refusal_unmakes_it() {
    for (second, verdict) in [
        (Answer::Verdict(Verdict::Refused), Verdict::Refused),
        (Answer::Verdict(Verdict::Accepted), Verdict::Accepted),
        (Answer::Doubtful(Verdict::Accepted), Verdict::Accepted),
        // Its queue may have had one place.
        (Answer::Silence, Verdict::Accepted),
    ] {
        let mut host = host(1);
        let first = host.next(Duration::ZERO).unwrap();
        assert_eq!(host.learn(first, Answer::Doubtful(Verdict::Accepted), Duration::ZERO), None);
        let again = host.next(Duration::ZERO).unwrap();
        let found = host.learn(again, second, Duration::ZERO);
        assert_eq!(found, Some(verdict).filter(|verdict| verdict.state() == State::Open));
        assert!(host.is_done());
        assert_eq!(host.into_verdicts(), [verdict]);
    }
}

#[test]
fn who_only_meets_itself_is_not_tested() {
    let mut host = host(1);
    let mut tries = 0;
    while let Some(of) = host.next(Duration::ZERO) {
        tries += 1;
        host.learn(of, Answer::Ourselves, Duration::ZERO);
    }
    assert_eq!((tries, host.into_verdicts()), (21, vec![Verdict::OnlyOurselves]));
}

#[test]
fn a_shortage_is_waited_for_and_then_told() {
    let mut host = host(2);
    let mut now = Duration::ZERO;
    while let Some(of) = host.next(now) {
        host.learn(of, Answer::Verdict(Verdict::NoDescriptors), now);
        now += Duration::from_secs(1);
    }
    // The first waits five seconds; for the second nothing has changed.
    assert_eq!(now, Duration::from_secs(7));
    assert!(host.is_done());
    assert_eq!(host.into_verdicts(), [Verdict::NoDescriptors; 2]);
}

/// Minutes would go by if each port were waited for.
#[test]
fn once_a_port_was_given_up_no_other_is_waited_for() {
    let mut host = host(60_000);
    let mut now = Duration::ZERO;
    while let Some(of) = host.next(now) {
        host.learn(of, Answer::Verdict(Verdict::NoLocalPorts), now);
        now += host.wait(now);
    }
    assert_eq!((now, host.into_verdicts()), (Duration::from_secs(5), vec![Verdict::NoLocalPorts; 60_000]));
}

#[test]
fn a_shortage_that_is_told_late_is_given_up_as_well() {
    let mut host = host(1);
    let mut tries = 0;
    while let Some(of) = host.next(Duration::from_secs(tries)).filter(|_| tries < 100) {
        host.sent(&of);
        host.learn(of, Answer::Verdict(Verdict::NoBuffers), Duration::from_secs(tries));
        tries += 1;
    }
    assert_eq!((tries, host.into_verdicts()), (6, vec![Verdict::NoBuffers]));
}

#[test]
fn a_shortage_that_ends_costs_no_port() {
    let mut host = host(3);
    for at in 0..3 {
        let now = Duration::from_secs(4 * at);
        let of = host.next(now).unwrap();
        host.learn(of, Answer::Verdict(Verdict::NoBuffers), now);
        let again = host.next(now).unwrap();
        assert_eq!(again.port, of.port);
        host.sent(&again);
        host.learn(again, Answer::Verdict(Verdict::Refused), now);
    }
    assert!(host.is_done());
    assert_eq!(host.into_verdicts(), [Verdict::Refused; 3]);
}

#[test]
fn of_a_host_that_nobody_reaches_no_port_is_called_filtered() {
    let mut host = host(10);
    let mut turn = 0;
    while let Some(of) = host.next(Duration::ZERO) {
        turn += 1;
        let unreachable = turn % 5 == 0;
        let answer = if unreachable { Answer::Verdict(Verdict::HostUnreachable) } else { Answer::Silence };
        host.learn(of, answer, Duration::ZERO);
    }
    assert_eq!(host.into_verdicts(), [Verdict::HostUnreachable; 10]);
}

#[test]
fn what_is_stopped_keeps_what_it_knows_and_a_first_silence_is_not_known() {
    let mut host = host(3);
    let (first, second) = (host.next(Duration::ZERO).unwrap(), host.next(Duration::ZERO).unwrap());
    host.learn(first, Answer::Verdict(Verdict::Refused), Duration::ZERO);
    host.learn(second, Answer::Silence, Duration::ZERO);
    let mut verdicts = host.into_verdicts();
    verdicts.sort_unstable();
    assert_eq!(verdicts, [Verdict::Refused, Verdict::Interrupted, Verdict::Interrupted]);
}

#[test]
fn where_too_many_are_open_a_first_silence_is_not_known_either() {
    let mut host = host(3);
    host.rules.max_open = Some(0);
    let (first, second) = (host.next(Duration::ZERO).unwrap(), host.next(Duration::ZERO).unwrap());
    host.learn(second, Answer::Silence, Duration::ZERO);
    host.learn(first, Answer::Verdict(Verdict::Accepted), Duration::ZERO);
    let mut verdicts = host.into_verdicts();
    verdicts.sort_unstable();
    assert_eq!(verdicts, [Verdict::Accepted, Verdict::TooManyOpen, Verdict::TooManyOpen]);
}
