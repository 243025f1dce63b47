//! Run: a scanner that was told where to look, until it has looked, and what it says it found there.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::doors::{Doors, Manner};
use super::reading;
use crate::check::actor;
use crate::check::document::Transport;
use crate::check::fault::Miss;
use crate::check::prompts::{Answers, Prompter, without_prompts};
use crate::check::scene::until;
use crate::check::setting::Learned;
use crate::check::stage::{HOST, LOOPBACK, Stage};
use crate::check::topics::Topic;
use crate::check::workplace::Told;
use crate::subject::Ended;

/// What a scanner is shown: so many ports, and what is behind some of them.
pub(super) struct Setup {
    pub(super) width: u16,
    /// By their distance from the first.
    pub(super) doors: Vec<(u16, Manner)>,
    pub(super) budget: Duration,
}

/// A scan, and what came of it.
pub(super) struct Run {
    pub(super) first: u16,
    pub(super) last: u16,
    pub(super) doors: Doors,
    /// Nothing where it goes on and on.
    pub(super) end: Option<End>,
    pub(super) took: Duration,
    /// What it called open, in its order.
    pub(super) called: Vec<u16>,
    budget: Duration,
}

/// How a scan is seen to be over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Ended(Ended),
    /// It asks for something that it was told already, or for nothing that we know.
    Asks,
}

impl Setup {
    /// So many doors of one manner, at places of their own between the first port and the last.
    pub(super) fn with(stage: &mut Stage, width: u16, wanted: &[(usize, Manner)]) -> Self {
        let mut taken = BTreeSet::new();
        let mut doors = Vec::new();
        for manner in wanted.iter().flat_map(|(n, manner)| std::iter::repeat_n(*manner, *n)) {
            loop {
                let place = 1 + stage.dice.below(usize::from(width) - 2) as u16;
                if taken.insert(place) {
                    doors.push((place, manner));
                    break;
                }
            }
        }
        Self { width, doors, budget: BUDGET }
    }

    pub(super) fn and(mut self, place: u16, manner: Manner) -> Self {
        self.doors.push((place, manner));
        self
    }

    pub(super) fn within(self, budget: Duration) -> Self {
        Self { budget, ..self }
    }
}

impl Run {
    /// Shows it to the program, in a range that it is told or that it always takes.
    ///
    /// # Errors
    /// Where it comes to none of our ports, or they cannot be had.
    pub(super) fn play(stage: &mut Stage, setup: &Setup) -> Result<Self, Miss> {
        let learned = stage.setting.learned.get().and_then(|learned| learned.range);
        let first = match learned {
            Some(range) => inside(stage, range, setup.width),
            None => stretch(stage, setup.width)?,
        };
        let run = Self::once(stage, first, setup)?;
        if learned.is_some() || run.end.is_none() || !run.doors.visited().is_empty() || takes_a_range(stage) {
            return Ok(run);
        }
        let range = learn(stage)?;
        let first = inside(stage, range, setup.width);
        Self::once(stage, first, setup)
    }

    fn once(stage: &mut Stage, first: u16, setup: &Setup) -> Result<Self, Miss> {
        let last = first + setup.width - 1;
        let mut ports: Vec<_> = setup.doors.iter().map(|(place, manner)| (first + place, *manner)).collect();
        ports.sort_by_key(|(port, _)| *port);
        let doors = Doors::open(ours(stage), &ports)?;
        start(stage, &Told::range(HOST, &first.to_string(), &last.to_string()))?;
        Self { first, last, doors, end: None, took: Duration::ZERO, called: Vec::new(), budget: setup.budget }
            .watched(stage)
    }

    /// The same through doors that are open already, for a program that was started already.
    pub(super) fn through(stage: &mut Stage, (first, last): (u16, u16), doors: Doors) -> Result<Self, Miss> {
        Self { first, last, doors, end: None, took: Duration::ZERO, called: Vec::new(), budget: LONG_BUDGET }
            .watched(stage)
    }

    fn watched(mut self, stage: &mut Stage) -> Result<Self, Miss> {
        let begun = Instant::now();
        self.end = watch(stage, Some(&mut self.doors), self.budget)?;
        // Who came last may not have been received yet.
        self.doors.attend();
        self.took = begun.elapsed();
        let program = stage.program()?;
        // Whoever logs does so on stderr. A traceback is no result.
        let aside = if program.uncaught().is_none() { program.stderr() } else { String::new() };
        let called = [program.output(), aside]
            .map(|printed| reading::called_open(&printed, &program.prompter.log, (self.first, self.last)));
        self.called = called.into_iter().find(|ports| !ports.is_empty()).unwrap_or_default();
        Ok(self)
    }

    /// It was over in time.
    pub(super) fn is_over(&self, stage: &mut Stage) -> Result<(), Miss> {
        if self.end.is_some() {
            return Ok(());
        }
        let seconds = stage.scene.stretched(self.budget).as_secs();
        let got = format!("it goes on after {seconds} s; so far it called {} open", list(&self.found()));
        Err(self.fault(stage, Transport::Timeout, (&format!("it is over within {seconds} s"), &got)))
    }

    /// Each of `ports` was called open.
    pub(super) fn finds(&self, stage: &mut Stage, ports: &[u16]) -> Result<(), Miss> {
        let found = self.found();
        if ports.iter().all(|port| found.contains(port)) {
            let came = self.doors.visited();
            let unseen: Vec<u16> = ports.iter().filter(|port| !came.contains(port)).copied().collect();
            if unseen.is_empty() {
                return Ok(());
            }
            let got = format!("{} called open, and never come to", list(&unseen));
            return Err(self.fault(stage, Transport::Answered, ("it connects to find out", &got)));
        }
        let want = format!("{} called open", list(ports));
        let got = match self.end {
            Some(End::Ended(ended)) if ended != Ended::Exit(0) => {
                format!("{} called open; it ended: {}", list(&found), actor::how(ended))
            }
            _ => format!("{} called open", list(&found)),
        };
        let transport = if got.contains("it ended") { Transport::Died } else { Transport::Answered };
        Err(self.fault(stage, transport, (&want, &got)))
    }

    /// Nothing was called open that is not.
    pub(super) fn invents_nothing(&self, stage: &mut Stage) -> Result<(), Miss> {
        let real: Vec<u16> = self.doors.all().iter().filter(|d| d.manner != Manner::Deaf).map(|d| d.port).collect();
        let at = ours(stage);
        let is_false = |port: &u16| {
            // Where somebody else has come to listen it is no mistake; one of our own cannot be bound twice either.
            let is_deaf = self.doors.all().iter().any(|door| door.port == *port);
            !real.contains(port) && (is_deaf || TcpListener::bind((at, *port)).is_ok())
        };
        let wrong: Vec<u16> = self.found().into_iter().filter(is_false).collect();
        if wrong.is_empty() {
            return Ok(());
        }
        let want = format!("{} called open, and nothing else", list(&real));
        let got = format!("{} called open as well", list(&wrong));
        Err(self.fault(stage, Transport::Answered, (&want, &got)))
    }

    /// Called open, once each, in the order of their numbers.
    pub(super) fn found(&self) -> Vec<u16> {
        self.called.iter().copied().collect::<BTreeSet<u16>>().into_iter().collect()
    }

    pub(super) fn fault(&self, stage: &mut Stage, transport: Transport, (want, got): (&str, &str)) -> Miss {
        let doors = self.doors.all();
        let of = |deaf: bool| doors.iter().filter(|d| (d.manner == Manner::Deaf) == deaf).map(|d| d.port).collect();
        let (open, deaf): (Vec<u16>, Vec<u16>) = (of(false), of(true));
        let mut did = format!("let it scan ports {} to {}, of which {} listened", self.first, self.last, list(&open));
        if !deaf.is_empty() {
            did.push_str(&format!(" and {} answered nothing at all", list(&deaf)));
        }
        match stage.program() {
            Ok(program) => program.fault(transport, want, got).with_did(&did),
            Err(miss) => miss,
        }
    }
}

/// Starts it with somebody at its terminal who knows this.
pub(super) fn start(stage: &mut Stage, told: &Told) -> Result<(), Miss> {
    let answers = Answers {
        host: told.host.clone(),
        first: told.first.clone(),
        last: told.last.clone(),
        ..stage.prompts(&told.ports)
    };
    stage.start_told(told, Prompter::new(answers)).map(drop)
}

/// Answers what it asks until it is over.
pub(super) fn watch(stage: &mut Stage, doors: Option<&mut Doors>, budget: Duration) -> Result<Option<End>, Miss> {
    let scene = Rc::clone(&stage.scene);
    let program = stage.program()?;
    let mut doors = doors;
    Ok(until(scene.wait(budget), || {
        if let Some(doors) = doors.as_deref_mut() {
            doors.attend();
        }
        if let Some(ended) = program.ending() {
            return Some(End::Ended(ended));
        }
        let question = program.question()?;
        if !program.prompter.is_new(&question) {
            return Some(End::Asks);
        }
        program.attend();
        None
    }))
}

/// Whether we could tell it where to look.
pub(super) fn takes_a_range(stage: &mut Stage) -> bool {
    let blanks = ["{first}", "{last}", "{ports}", "{port}"];
    let by_words = stage.command().is_ok_and(|command| blanks.iter().any(|blank| command.takes(blank)));
    let asked = [Topic::First, Topic::Last, Topic::Range, Topic::Port];
    by_words || stage.actor().is_some_and(|program| program.prompter.was_asked_for(&asked))
}

/// Whether we could tell it whom to look at.
pub(super) fn takes_a_host(stage: &mut Stage) -> bool {
    let by_words = stage.command().is_ok_and(|command| command.takes("{host}"));
    by_words || stage.actor().is_some_and(|program| program.prompter.was_asked_for(&[Topic::Host]))
}

/// Where we listen: with a network of our own, wherever it looks.
pub(super) fn ours(stage: &Stage) -> IpAddr {
    if stage.setting.walls.network { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { LOOPBACK }
}

/// So many ports in a row that nobody uses, below those that the system gives to whoever connects: a scanner of those can
/// meet itself.
pub(super) fn stretch(stage: &mut Stage, width: u16) -> Result<u16, Miss> {
    let at = ours(stage);
    for _ in 0..MOST_TRIES {
        let first = LOWEST + stage.dice.below(usize::from(HIGHEST - LOWEST - width)) as u16;
        if (first..first + width).all(|port| TcpListener::bind((at, port)).is_ok()) {
            return Ok(first);
        }
    }
    Err(Miss::Unjudged(format!("there are no {width} free ports in a row on this machine")))
}

fn inside(stage: &mut Stage, (first, last): (u16, u16), width: u16) -> u16 {
    let room = usize::from((last - first + 1).saturating_sub(width));
    first + stage.dice.below(room + 1) as u16
}

/// Finds out which ports are asked by a program that takes no range. Once for all cases.
fn learn(stage: &mut Stage) -> Result<(u16, u16), Miss> {
    let doors = Doors::open_some(ours(stage), (1..=1024).chain(LIKELY_ENDS.iter().copied()));
    start(stage, &Told::range(HOST, "1", "1024"))?;
    let run = Run::through(stage, (1, u16::MAX), doors)?;
    let visited = run.doors.visited();
    let (Some(first), Some(last)) = (visited.first(), visited.last()) else { return Err(comes_nowhere(stage)) };
    if last - first < NARROWEST {
        return Err(Miss::skip(format!("it takes no range, and its own is {first} to {last}, too few to judge it by")));
    }
    let _ = stage.setting.learned.set(Learned { range: Some((*first, *last)), ..Learned::default() });
    Ok((*first, *last))
}

/// A program that does nothing is wrong; of one that does we do not know where.
fn comes_nowhere(stage: &mut Stage) -> Miss {
    let is_walled = stage.setting.walls.network;
    let Ok(program) = stage.program() else { return Miss::skip("it was not started") };
    let printed = without_prompts(&program.output(), &program.prompter.log);
    if is_walled || printed.trim().is_empty() {
        let got = "it came to none of our ports, and takes no range";
        return program.fault(Transport::Timeout, "it asks ports whether they are open", got);
    }
    Miss::skip(
        "it takes no range, and its own has no port that we can listen on here; leave {first} and {last} in its words",
    )
}

/// Some ports in words.
pub(super) fn list(ports: &[u16]) -> String {
    let words: Vec<String> = ports.iter().take(MOST_NAMED).map(ToString::to_string).collect();
    match ports.len() {
        0 => "none".to_owned(),
        n if n > MOST_NAMED => format!("{}, … ({n} ports)", words.join(", ")),
        _ => words.join(", "),
    }
}

/// A second for each of 20 ports, and a slow interpreter.
pub(super) const BUDGET: Duration = Duration::from_secs(20);
/// All 65535 ports, one after the other.
pub(super) const LONG_BUDGET: Duration = Duration::from_secs(50);
const LOWEST: u16 = 11000;
const HIGHEST: u16 = 32000;
const MOST_TRIES: usize = 60;
const MOST_NAMED: usize = 8;
/// The widest that a case shows.
const NARROWEST: u16 = 400;
/// Where ranges that somebody wrote into a program end.
const LIKELY_ENDS: &[u16] = &[
    1025, 2000, 2048, 3000, 4000, 4096, 5000, 5555, 6000, 7000, 8000, 8080, 9000, 9090, 9999, 10000, 10001, 16384,
    20000, 30000, 32767, 40000, 49151, 49152, 50000, 60000, 65000, 65534, 65535,
];
