//! Press: one run from its first connection to the document that tells of it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};

use super::Load;
use super::engine::{self, Attendant, Part, Run, Target};
use super::judge::{Figures, judge};
use super::latency::Durations;
use super::report::document::{
    Bound, Counts, Document, FaultCount, FirstFault, Generator, Latency, Phases, Rate, SCHEMA, Second, Server, Setup,
    Verdict,
};
use super::report::live::{Live, Phase};
use crate::subject::{MachineTime, Usage, Watch, steal};

/// A run about to begin.
pub(crate) struct Press<'a> {
    pub(crate) load: Arc<Load>,
    /// What of the document is known before.
    pub(crate) setup: Setup,
    pub(crate) target: Target,
    /// A connection that is there already: who serves one client only is not asked twice.
    pub(crate) first: socket2::Socket,
    /// The process to watch, if any.
    pub(crate) server: Option<u32>,
    pub(crate) stop: Arc<AtomicBool>,
    pub(crate) spectator: &'a mut dyn Spectator,
}

/// Who sees how a run goes.
pub(crate) trait Spectator {
    /// Is told how it goes, once a second and whenever another part begins.
    fn tell(&mut self, live: &Live<'_>);

    /// May look after something else, such as keys, some ten times a second.
    fn glance(&mut self);
}

impl Press<'_> {
    /// Does it.
    ///
    /// # Errors
    /// Where the system grants no thread or event queue, or the server's process cannot be watched. What the server did
    /// wrong is in the document.
    pub(crate) fn run(self) -> io::Result<Document> {
        let Self { load, setup, target, first, server, stop, spectator } = self;
        let mut watch = server.map(Watch::of).transpose()?;
        let idle = watch.as_mut().map(Watch::read).transpose()?;
        let mut room = Room {
            setup: &setup,
            planned: load.stop.after,
            warmup: load.warmup,
            watch,
            readings: [idle, None, None],
            machine: [None, None],
            process: [Duration::ZERO; 2],
            began: Timestamp::now().to_string(),
            since: Instant::now(),
            so_far: Durations::default(),
            spectator,
        };
        room.connecting(0);
        let run = engine::run(&load, (target, first), &stop, &mut room)?;
        let observed = room.observed(server);
        Ok(document(setup, &run, observed))
    }
}

/// Who attends a run: looks at the clocks when they have to be looked at, and passes on how it goes.
struct Room<'a> {
    setup: &'a Setup,
    planned: Option<Duration>,
    warmup: Duration,
    watch: Option<Watch>,
    /// What the server used before its clients came, when the measured time began, and when it ended.
    readings: [Option<Usage>; 3],
    machine: [Option<MachineTime>; 2],
    /// CPU time of this whole process.
    process: [Duration; 2],
    began: String,
    since: Instant,
    so_far: Durations,
    spectator: &'a mut dyn Spectator,
}

/// What was seen of the machine and the server in the measured time.
struct Observed {
    began: String,
    cpu: Duration,
    steal: Option<f64>,
    server: Option<(u32, [Usage; 3])>,
}

impl Room<'_> {
    fn connecting(&mut self, done: u64) {
        let of = self.setup.connections + self.setup.held;
        self.say(Phase::Connecting { done, of }, None, &Second::default());
    }

    fn say(&mut self, phase: Phase, planned: Option<Duration>, second: &Second) {
        let so_far = self.so_far.distribution();
        let elapsed = self.since.elapsed();
        self.spectator.tell(&Live { setup: self.setup, second, so_far: &so_far, elapsed, planned, phase });
    }

    /// A server that is gone was not there to be read, which its faults tell.
    fn read(&mut self, at: usize) {
        self.readings[at] = self.watch.as_mut().and_then(|watch| watch.read().ok());
    }

    fn observed(mut self, pid: Option<u32>) -> Observed {
        let readings = std::mem::take(&mut self.readings);
        let readings = match readings {
            [Some(idle), Some(before), Some(after)] => Some([idle, before, after]),
            _ => None,
        };
        let steal = match &self.machine {
            [Some(before), Some(after)] => after.share_since(before),
            _ => None,
        };
        Observed { began: self.began, cpu: self.process[1] - self.process[0], steal, server: pid.zip(readings) }
    }
}

impl Attendant for Room<'_> {
    fn glance(&mut self) {
        self.spectator.glance();
    }

    fn connected(&mut self, alive: usize) {
        self.connecting(alive as u64);
        self.since = Instant::now();
        if self.warmup.is_zero() {
            return;
        }
        self.say(Phase::WarmingUp, Some(self.warmup), &Second::default());
    }

    fn begins(&mut self) {
        self.read(1);
        (self.machine[0], self.process[0]) = (steal(), cpu());
        self.began = Timestamp::now().to_string();
        self.since = Instant::now();
    }

    fn second(&mut self, second: &engine::Second, part: Part) {
        let told = told(second);
        match part {
            Part::WarmUp => self.say(Phase::WarmingUp, Some(self.warmup), &told),
            Part::Measured => {
                self.so_far.add(&second.tally.response);
                // So that threads which end meanwhile are counted.
                if let Some(watch) = &mut self.watch {
                    let _ = watch.read();
                }
                self.say(Phase::Measuring, self.planned, &told);
            }
        }
    }

    fn ends(&mut self) {
        self.read(2);
        (self.machine[1], self.process[1]) = (steal(), cpu());
        self.say(Phase::Draining, None, &Second::default());
    }
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn us(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e3
}

/// A second as reports have it.
fn told(second: &engine::Second) -> Second {
    let tally = &second.tally;
    Second {
        at_us: us(second.at),
        lasted_us: us(second.lasted),
        sent: tally.sent,
        answered: tally.answered,
        bytes_in: tally.bytes_in,
        faults: tally.faults.total(),
        response_p50_us: tally.response.quantile_us(0.5),
        response_p99_us: tally.response.quantile_us(0.99),
        response_max_us: tally.response.max_us(),
        service_p50_us: tally.service.quantile_us(0.5),
        service_p99_us: tally.service.quantile_us(0.99),
        service_max_us: tally.service.max_us(),
        backlog: second.backlog,
    }
}

fn document(setup: Setup, run: &Run, observed: Observed) -> Document {
    let total = &run.total;
    let measured = Duration::from_nanos(run.finished - run.began);
    // Stopped before anything was measured, everything is nothing.
    let seconds = if measured.is_zero() { f64::INFINITY } else { measured.as_secs_f64() };
    let messages_per_s = total.answered as f64 / seconds;
    let share_of_asked = setup.rate_asked.map(|asked| messages_per_s / asked);
    let answered = (total.answered + total.drained).max(1) as f64;
    let busiest = run.workers.iter().max_by_key(|labour| labour.cpu.saturating_sub(labour.spun));
    let busiest = busiest.copied().unwrap_or_default();
    let spun: Duration = run.workers.iter().map(|labour| labour.spun).sum();
    let generator = Generator {
        cpu_us_per_message: if total.answered == 0 { 0.0 } else { us(observed.cpu.saturating_sub(spun)) / answered },
        busy: (busiest.cpu.saturating_sub(busiest.spun)).as_secs_f64() / seconds,
        spun: busiest.spun.as_secs_f64() / seconds,
        backlog_most: run.backlog_most,
        backlog_end: run.backlog_end,
        steal: observed.steal,
    };
    let server = observed
        .server
        .as_ref()
        .map(|(pid, usage)| server(*pid, usage, (measured, answered), setup.connections + setup.held));
    let mut document = Document {
        schema: SCHEMA,
        sockeye: env!("CARGO_PKG_VERSION").to_owned(),
        began: observed.began,
        setup,
        phases: Phases {
            connect_us: run.connected as f64 / 1e3,
            warmup_us: us(run.warmup),
            measured_us: us(measured),
            drain_us: run.drained.saturating_sub(run.finished) as f64 / 1e3,
        },
        counts: Counts {
            sent: total.sent,
            answered: total.answered,
            drained: total.drained,
            unsent: run.unsent,
            bytes_out: total.bytes_out,
            bytes_in: total.bytes_in,
            reads: total.reads,
            connects: total.connects,
        },
        rate: Rate { messages_per_s, mb_per_s: total.bytes_in as f64 / seconds / 1e6, share_of_asked },
        latency: Latency {
            response: total.response.distribution(),
            service: total.service.distribution(),
            connect: total.connect.distribution(),
            first_byte: total.first_byte.distribution(),
            lag: total.lag.distribution(),
        },
        faults: total
            .faults
            .counted()
            .map(|(kind, count)| FaultCount { kind: kind.name().to_owned(), count })
            .collect(),
        first_fault: total.faults.first.as_ref().map(|(_, connection, fault)| FirstFault {
            kind: fault.kind.name().to_owned(),
            what: format!("connection {connection}: {}", fault.what),
        }),
        generator,
        server,
        verdict: Verdict { bound: Bound::Steady, evidence: Vec::new() },
        seconds: run.seconds.iter().map(told).collect(),
    };
    document.verdict = judge(&Figures::of(&document));
    document
}

fn server(
    pid: u32,
    [idle, before, after]: &[Usage; 3],
    (measured, answered): (Duration, f64),
    connections: u64,
) -> Server {
    Server {
        pid,
        cpu_us_per_message: us(after.cpu.saturating_sub(before.cpu)) / answered,
        busy: after.busiest(before).as_secs_f64() / measured.as_secs_f64().max(1e-3),
        memory_bytes: after.memory_bytes,
        peak_memory_bytes: after.peak_memory_bytes,
        bytes_per_connection: before.memory_bytes.saturating_sub(idle.memory_bytes) as f64 / connections.max(1) as f64,
        voluntary_switches: after.voluntary_switches.saturating_sub(before.voluntary_switches),
        involuntary_switches: after.involuntary_switches.saturating_sub(before.involuntary_switches),
    }
}
