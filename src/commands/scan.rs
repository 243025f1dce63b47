//! `scan`: looks which ports are open. Finds the targets, says what is about to happen, and does it once or again and
//! again.

/// The addresses of names.
mod names;
/// Where reports go.
mod outputs;
/// What is about to happen, before anything does.
mod preview;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use super::stop::Stop;
use super::{Exit, Failure, Talk, Volume, descriptors, print};
use crate::net::Reason;
use crate::scan::banner::{Looker, Seen};
use crate::scan::report::{Attended, Changes, Reasons, Shown, Summary};
use crate::scan::target::Wanted;
use crate::scan::{self, Finding, News, Ports, State, Targets, Terms};
use names::Names;
use outputs::Outputs;
pub(crate) use outputs::{Output, Place};
use preview::Preview;

/// What is to be scanned, how, and who is told.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) wanted: Wanted,
    pub(crate) ports: Ports,
    /// Its descriptors are how many are wanted.
    pub(crate) terms: Terms,
    pub(crate) permission: Permission,
    /// How long open ports are asked what they are, where they are.
    pub(crate) banner: Option<Duration>,
    pub(crate) reasons: Reasons,
    /// At most one of them goes to stdout.
    pub(crate) outputs: Vec<Output>,
    pub(crate) deed: Deed,
}

/// Whether those who are scanned have agreed, as far as we are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Permission {
    Given,
    NotSaid,
}

/// What is done with a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// It is shown.
    Show,
    Scan,
    /// It is done again, so long after the last time.
    Watch(Duration),
}

/// Scans, and writes down what it learns.
///
/// # Errors
/// Where the targets make no scan, or an output cannot be written to.
pub(crate) fn run(plan: Plan, talk: Talk) -> Result<Exit, Failure> {
    let Plan { wanted, ports, mut terms, permission, banner, reasons, outputs, deed } = plan;
    let mut names = Names::look_up(wanted.names());
    let targets = Targets::new(&wanted, &mut |name| names.addresses(name));
    let targets = targets.map_err(|e| Failure::bad_words(e.to_string()))?;
    if targets.public() > 0 {
        terms.rate.get_or_insert(PUBLIC_RATE);
    }
    terms.descriptors = terms.descriptors.min(share(descriptors::raise(), banner));
    let plan = scan::Plan { targets, ports, terms };
    let preview = Preview { plan: &plan, words: &wanted.words, banner, permission };
    if deed == Deed::Show {
        return print::run(preview.page().as_bytes());
    }
    if preview.lacks_permission() {
        return Err(Failure::bad_words(format!(
            "these targets have {} public addresses; scan what is not yours only where its owner agrees, and say \
             so with --i-have-permission",
            plan.targets.public()
        )));
    }
    let stop = Stop::watch().map_err(|e| Failure::failed(format!("cannot watch for signals: {}", Reason(&e))))?;
    let looks = outputs::looks(talk, reasons);
    let mut outputs = Outputs::open(outputs, Arc::clone(&stop.set), |output| {
        let quiet = talk.volume == Volume::Quiet || output.place != Place::Stdout;
        let shown = if quiet { Shown::Nothing } else { Shown::Line };
        Ok(match deed {
            Deed::Watch(_) => Box::new(Attended::new(Changes::watch(&plan, output.form, looks)?, shown)),
            _ => Box::new(Attended::new(output.form.report(looks), shown)),
        })
    })?;
    talk.say(&preview.headline());
    if talk.volume == Volume::Verbose {
        talk.say(&preview.terms());
    }
    if let Deed::Watch(pause) = deed {
        talk.say(&format!("watching: again {pause:?} after each scan, and only what changes is told; Ctrl-C ends it"));
    }
    let mut round = || Round { plan: &plan, banner, stop: &stop.set }.run(&mut outputs);
    let exit = match deed {
        Deed::Watch(pause) => repeat(&stop, pause, round)?,
        _ => round()?,
    };
    outputs.close(exit)
}

/// Descriptors for probes: what is left of `limit` for everything else that is open, banners among it.
fn share(limit: usize, banner: Option<Duration>) -> usize {
    let looking = banner.map_or(0, |_| (limit / 4).min(LOOKED_AT));
    limit.saturating_sub(RESERVE + looking).clamp(1, MOST_AT_ONCE)
}

/// All ports of all hosts, once.
struct Round<'a> {
    plan: &'a scan::Plan,
    banner: Option<Duration>,
    stop: &'a AtomicBool,
}

impl Round<'_> {
    /// Whether everything was found out that was asked.
    fn run(&self, outputs: &mut Outputs) -> Result<Exit, Failure> {
        let failed = |e: std::io::Error| Failure::failed(format!("cannot scan: {}", Reason(&e)));
        let begun = Instant::now();
        outputs.begin(self.plan);
        let mut looks_are_cut_short = false;
        let totals = match self.banner {
            None => scan::run(self.plan, self.stop, &mut |news| outputs.tell(&news)).map_err(failed)?,
            Some(patience) => {
                let mut tell = |mut news: News| {
                    if let News::Open(Finding { seen: seen @ None, .. }) = &mut news {
                        let why = "not looked at: the scan was stopped".to_owned();
                        *seen = Some(Seen { service: None, why, bytes: Vec::new() });
                        looks_are_cut_short = true;
                    }
                    outputs.tell(&news);
                };
                let mut looker = Looker::open(patience).map_err(failed)?;
                let totals = scan::run(self.plan, self.stop, &mut |news| looker.pass(news, &mut tell));
                looker.finish(self.stop, &mut tell);
                totals.map_err(failed)?
            }
        };
        outputs.end(&Summary { totals, elapsed: begun.elapsed(), seed: self.plan.terms.seed });
        Ok(if totals.of(State::NotTested) > 0 || looks_are_cut_short { Exit::CouldNotJudge } else { Exit::Done })
    }
}

/// Rounds, until it is told to stop. A round that is cut short is no failure, since that is how watching ends.
fn repeat(stop: &Stop, pause: Duration, mut round: impl FnMut() -> Result<Exit, Failure>) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    loop {
        let ended = round()?;
        if stop.is_set() {
            return Ok(exit);
        }
        if ended != Exit::Done {
            exit = ended;
        }
        if stop.woken.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
            return Ok(exit);
        }
    }
}

/// What others on the way and at the end do not notice: some 40 kB a second of SYNs and their answers.
const PUBLIC_RATE: std::num::NonZeroU32 = std::num::NonZeroU32::new(500).expect("it is not 0");
/// As many as one person's server room may have; an IPv4 /24.
const FEW_PUBLIC: u64 = 256;
/// The three standard streams, a list, two reports, what signals and the engine wait with, and as many again for what
/// whoever started us left open.
const RESERVE: usize = 24;
/// Where there is no limit. No network takes more; source ports end long before.
const MOST_AT_ONCE: usize = 1 << 20;
/// How many open ports are looked at at once.
const LOOKED_AT: usize = 64;
