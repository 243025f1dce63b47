//! Engine: sockets, and who gets the next one. It knows no rules: when a port is asked again is known by `Host`, how
//! many at once by `window`, how long is waited by `round_trip`, how fast by `rate`.

/// Probes under way, and their deadlines.
mod flights;
/// What this machine calls its own.
mod here;
/// One host as a machine.
mod host;
/// What is lost on the way.
mod loss;
/// Permutations without a list.
mod order;
/// One connection that is tried.
mod probe;
/// How fast it goes.
mod pulse;
/// At most so many a second.
mod rate;
/// How long an answer takes.
mod round_trip;
/// A host that is this machine.
mod sprint;
/// How many at once.
mod window;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use slab::Slab;

use self::flights::{Flights, Landing};
use self::host::{Answer, Host, Rules, Try};
use self::order::Order;
use self::pulse::Pulse;
use self::rate::Rate;
use self::round_trip::{FLOOR, FLOOR_LOOPBACK};
use self::window::Budget;
use super::{Finding, HostReport, News, Plan, Progress, State, Terms, Totals, Verdict, target};
use crate::seeded::mix;

pub(super) fn run(plan: &Plan, stop: &AtomicBool, tell: &mut dyn FnMut(News)) -> io::Result<Totals> {
    let target = |number| plan.targets.host(number);
    let work = Work { targets: plan.targets.len(), target: &target, ports: plan.ports.as_slice(), terms: plan.terms };
    Engine::new(work, stop, tell)?.run()
}

/// A plan as the engine sees it.
#[derive(Clone, Copy)]
struct Work<'a> {
    targets: u64,
    /// One of them, by its number.
    target: &'a dyn Fn(u64) -> target::Host,
    ports: &'a [u16],
    terms: Terms,
}

struct Engine<'a> {
    work: Work<'a>,
    stop: &'a AtomicBool,
    tell: &'a mut dyn FnMut(News),
    rules: Rules,
    /// All times are counted from here.
    started: Instant,
    order: Order,
    /// The place in the order of the next host.
    next: u64,
    live: Slab<Live>,
    /// Hosts that may have something to ask, by their key; some twice, some gone.
    ready: VecDeque<usize>,
    /// Hosts that wait for a moment, and for which.
    parked: BinaryHeap<Reverse<(Duration, usize)>>,
    flights: Flights,
    budget: Budget,
    rate: Rate,
    totals: Totals,
    /// Ports of hosts that are done.
    done: u64,
    pulse: Pulse,
    round_trip: Option<Duration>,
    /// What the system gives to sockets that connect.
    local_ports: RangeInclusive<u16>,
}

/// A host that is being scanned.
struct Live {
    target: target::Host,
    host: Host,
    /// It is this machine, so that two sockets of ours can meet.
    is_here: bool,
    /// In line for the next probe, or parked.
    waits: bool,
}

impl<'a> Engine<'a> {
    fn new(work: Work<'a>, stop: &'a AtomicBool, tell: &'a mut dyn FnMut(News)) -> io::Result<Self> {
        let terms = work.terms;
        let most = terms.descriptors.saturating_sub(OWN_DESCRIPTORS).max(1);
        let rules = Rules {
            timeout: terms.timeout,
            retries: terms.retries,
            max_open: terms.max_open.map(u32::from),
            most_in_flight: most,
            patience: PATIENCE,
        };
        Ok(Self {
            work,
            stop,
            tell,
            rules,
            started: Instant::now(),
            order: Order::new(work.targets, terms.seed),
            next: 0,
            live: Slab::new(),
            ready: VecDeque::new(),
            parked: BinaryHeap::new(),
            flights: Flights::new()?,
            budget: Budget::new(most),
            rate: Rate::new(terms.rate),
            totals: Totals::default(),
            done: 0,
            pulse: Pulse::default(),
            round_trip: None,
            local_ports: here::local_ports(),
        })
    }

    fn run(mut self) -> io::Result<Totals> {
        let mut landings = Vec::new();
        while !self.stop.load(Ordering::Relaxed) {
            let more = self.admit();
            if self.live.is_empty() && !more {
                break;
            }
            let pause = self.launch();
            let pause = if more { Duration::ZERO } else { pause };
            // What is due by now is silent only if the poll behind this moment finds no answer.
            let now = self.now();
            let due = self.flights.next_deadline().map_or(pause, |deadline| deadline.saturating_sub(now));
            self.flights.answers(due.min(pause), &mut landings)?;
            self.flights.expire(now, &mut landings);
            landings.drain(..).for_each(|landing| self.land(landing));
            self.unpark();
            self.tell_progress();
        }
        Ok(self.finish())
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Lets hosts in as long as there is room for their verdicts; but of those that sprint only one, so that nobody
    /// else's answers lie there for long. Gives whether more could come in.
    fn admit(&mut self) -> bool {
        let ports = self.work.ports.len();
        let most = (MOST_PORTS / ports).clamp(1, MOST_HOSTS);
        while self.live.len() < most && self.next < self.work.targets && !self.stop.load(Ordering::Relaxed) {
            let number = self.order.at(self.next);
            self.next += 1;
            let target = (self.work.target)(number);
            let is_local = target.address.ip().is_loopback();
            let floor = if is_local { FLOOR_LOOPBACK } else { FLOOR };
            let mut host = Host::new(ports, mix(self.work.terms.seed ^ mix(number)), self.rules, floor);
            let sprints = is_local && cfg!(target_os = "linux") && self.work.terms.rate.is_none();
            if sprints {
                self.sprint(&target, &mut host);
            }
            let is_here = here::has(target.address);
            let key = self.live.insert(Live { target, host, is_here, waits: false });
            self.ready_or_retire(key);
            if sprints {
                break;
            }
        }
        self.live.len() < most && self.next < self.work.targets
    }

    fn sprint(&mut self, target: &target::Host, host: &mut Host) {
        let ports = self.work.ports;
        let at = |place: u16| target.at(ports[usize::from(place)]);
        let terms = sprint::Terms { at: &at, stop: self.stop, started: self.started };
        let (before, total) = (self.totals.probes, self.total());
        let probes = sprint::run(terms, host, &mut |found, probes| match found {
            Some((place, verdict, took)) => {
                let port = ports[usize::from(place)];
                (self.tell)(News::Open(Finding { host: target.clone(), port, verdict, rtt: Some(took), seen: None }));
            }
            None => {
                let rate = self.pulse.beat(self.started.elapsed(), before + probes);
                let done = (self.done + probes).min(total);
                (self.tell)(News::Progress(Progress { done, total, rate, ..Progress::default() }));
            }
        });
        self.totals.probes += probes;
        self.round_trip = host.round_trip().or(self.round_trip);
    }

    /// Sends what may go. Gives how long nothing more can.
    fn launch(&mut self) -> Duration {
        for _ in 0..BURST {
            let now = self.now();
            let wait = self.rate.wait(now);
            if !wait.is_zero() {
                return if self.ready.is_empty() { self.until_unparked(now) } else { wait.min(TURN) };
            }
            if self.flights.len() >= self.budget.size() {
                return TURN;
            }
            let Some(key) = self.ready.pop_front() else { return self.until_unparked(now) };
            let Some(live) = self.live.get_mut(key) else { continue };
            let wait = live.host.wait(now);
            if !wait.is_zero() {
                self.parked.push(Reverse((now + wait, key)));
                continue;
            }
            live.waits = false;
            if !live.host.has_room() {
                continue;
            }
            match live.host.next(now) {
                Some(of) => {
                    self.rate.take(now);
                    self.send(key, of, now);
                }
                None if live.host.is_done() => self.retire(key),
                // Its next answer lines it up again.
                None => {}
            }
        }
        Duration::ZERO
    }

    fn send(&mut self, key: usize, of: Try, now: Duration) {
        let live = &mut self.live[key];
        let to = live.target.at(self.work.ports[usize::from(of.port)]);
        match self.flights.launch((key, of), to, now + live.host.timeout(&of)) {
            Ok(()) => {
                live.host.sent(&of);
                self.budget.success();
                self.totals.probes += 1;
                self.ready_or_retire(key);
            }
            Err(verdict) => {
                // What this machine had no room for never left.
                if !verdict.is_shortage() {
                    live.host.sent(&of);
                    self.totals.probes += 1;
                }
                self.land(Landing { host: key, of, answer: Answer::Verdict(verdict) });
            }
        }
    }

    /// This machine lacks something. Local ports are the one thing that depends on whom we ask.
    fn shortage(&mut self, verdict: Verdict) {
        if verdict != Verdict::NoLocalPorts {
            self.budget.shortage(self.flights.len());
        }
    }

    fn land(&mut self, Landing { host: key, of, answer }: Landing) {
        let now = self.now();
        let live = &mut self.live[key];
        let port = self.work.ports[usize::from(of.port)];
        let is_ours = live.is_here && self.local_ports.contains(&port);
        let answer = match answer {
            Answer::Verdict(verdict) if is_ours && verdict.state() == State::Open => Answer::Doubtful(verdict),
            answer => answer,
        };
        if let Some(verdict) = live.host.learn(of, answer, now) {
            let host = live.target.clone();
            let rtt = Some(now.saturating_sub(of.sent));
            (self.tell)(News::Open(Finding { host, port, verdict, rtt, seen: None }));
        }
        self.round_trip = live.host.round_trip().or(self.round_trip);
        match answer {
            Answer::Verdict(verdict) if verdict.is_shortage() => self.shortage(verdict),
            _ => {}
        }
        self.ready_or_retire(key);
    }

    fn ready_or_retire(&mut self, key: usize) {
        let live = &mut self.live[key];
        if live.host.is_done() {
            self.retire(key);
        } else if !live.waits && live.host.has_room() {
            live.waits = true;
            self.ready.push_back(key);
        }
    }

    /// How long it is until the next of those that wait for a moment.
    fn until_unparked(&self, now: Duration) -> Duration {
        self.parked.peek().map_or(TURN, |Reverse((until, _))| until.saturating_sub(now).min(TURN))
    }

    /// Lines up those whose moment has come.
    fn unpark(&mut self) {
        let now = self.now();
        while let Some(Reverse((until, key))) = self.parked.peek().copied() {
            if until > now {
                return;
            }
            self.parked.pop();
            self.ready.push_back(key);
        }
    }

    fn retire(&mut self, key: usize) {
        let Live { target, host, .. } = self.live.remove(key);
        self.report(target, host);
    }

    /// The last word on a host.
    fn report(&mut self, target: target::Host, host: Host) {
        let (rtt, loss, answers_everything) = (host.round_trip(), host.loss(), host.answers_everything());
        let verdicts = host.into_verdicts();
        self.totals.add(&verdicts);
        self.done += verdicts.len() as u64;
        (self.tell)(News::Host(HostReport { host: target, verdicts, rtt, loss, answers_everything }));
    }

    /// Reports the hosts that were stopped, and those that were never reached.
    fn finish(mut self) -> Totals {
        let live = std::mem::take(&mut self.live);
        live.into_iter().for_each(|(_, live)| self.report(live.target, live.host));
        let ports = self.work.ports.len();
        let named = self.work.targets.min(self.next + MOST_HOSTS as u64);
        for place in self.next..named {
            let target = (self.work.target)(self.order.at(place));
            self.report(target, Host::new(ports, 0, self.rules, FLOOR));
        }
        let hosts = self.work.targets - named;
        if hosts > 0 {
            // One by one, those of a /8 would keep whoever pressed Ctrl-C waiting for minutes.
            self.totals.unbegun(hosts, ports);
            (self.tell)(News::Unbegun { hosts });
        }
        debug_assert_eq!(self.totals.hosts, self.work.targets);
        debug_assert_eq!(State::ALL.iter().map(|state| self.totals.of(*state)).sum::<u64>(), self.total());
        self.totals
    }

    fn total(&self) -> u64 {
        self.work.targets.saturating_mul(self.work.ports.len() as u64)
    }

    fn tell_progress(&mut self) {
        let now = self.now();
        if !self.pulse.is_due(now) {
            return;
        }
        let rate = self.pulse.beat(now, self.totals.probes);
        let (mut done, mut left, mut window) = (self.done, 0, 0);
        for (_, live) in &self.live {
            done += live.host.settled();
            left += live.host.left();
            window += live.host.window();
        }
        // Hosts to come are taken to be like those so far.
        let each = (self.totals.probes as f64 / done.max(1) as f64).clamp(1.0, 3.0);
        let unreached = (self.work.targets - self.next) as f64 * self.work.ports.len() as f64;
        let left = (left as f64 + unreached * each) / rate.max(1) as f64;
        let left = Duration::try_from_secs_f64(left).ok().filter(|_| rate > 0);
        let (total, in_flight, window) = (self.total(), self.flights.len(), window.min(self.budget.size()));
        (self.tell)(News::Progress(Progress { done, total, rate, in_flight, window, rtt: self.round_trip, left }));
    }
}

/// The poll's own, and one to spare.
const OWN_DESCRIPTORS: usize = 2;
/// A verdict is a byte.
const MOST_PORTS: usize = 16 << 20;
const MOST_HOSTS: usize = 1024;
/// After so many, answers are looked at, so that they are not thought to have taken longer than they did.
const BURST: usize = 128;
/// The longest sleep: `stop` is seen within it.
const TURN: Duration = Duration::from_millis(50);
/// How long this machine may lack something before ports are given up for it.
const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
