//! Judge: what kept the figures of a run from being higher, and what says so. Pure. A verdict against ourselves comes
//! first: whoever measures has to be above suspicion before somebody else is blamed.

use super::report::document::{Bound, Document, Verdict};

/// What a verdict is made of. Times are microseconds, shares are of 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Figures {
    /// Of an open loop.
    pub(crate) schedule: Option<Schedule>,
    /// Of the busiest worker's time: with work, without looking out for the next instant.
    pub(crate) busy: f64,
    /// `None` where nothing was answered.
    pub(crate) service_p50_us: Option<f64>,
    /// The fastest connection: what two kernels take for the way there and back, without either program. `None` where
    /// nothing was connected.
    pub(crate) connect_us: Option<f64>,
    /// Of the time: the busiest thread of the server on a CPU; `None` where we may not look.
    pub(crate) server_busy: Option<f64>,
    /// What the machine below took away, where it says so.
    pub(crate) steal: Option<f64>,
}

/// How an open loop kept what was asked of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Schedule {
    /// Of the rate that was asked for.
    pub(crate) reached: f64,
    pub(crate) lag_p99_us: f64,
    pub(crate) response_p99_us: f64,
    /// Messages that were due, and those of them that never went out.
    pub(crate) due: u64,
    pub(crate) unsent: u64,
    /// Messages that waited for a free place on their connection.
    pub(crate) backlog_most: u64,
    pub(crate) backlog_end: u64,
}

/// What kept the figures from being higher.
pub(crate) fn judge(figures: &Figures) -> Verdict {
    let (bound, why) = against_generator(figures)
        .map(|why| (Bound::GeneratorBound, why))
        .or_else(|| steady(figures).map(|why| (Bound::Steady, why)))
        .or_else(|| against_network(figures).map(|why| (Bound::NetworkBound, why)))
        .unwrap_or_else(|| (Bound::ServerBound, against_server(figures)));
    let mut evidence = vec![why];
    for fact in facts(figures, bound) {
        if !evidence.contains(&fact) {
            evidence.push(fact);
        }
    }
    Verdict { bound, evidence }
}

impl Figures {
    /// Those of a run whose verdict is still to come.
    pub(crate) fn of(run: &Document) -> Self {
        let (latency, generator) = (&run.latency, &run.generator);
        Self {
            schedule: run.setup.rate_asked.map(|_| Schedule {
                reached: run.rate.share_of_asked.unwrap_or_default(),
                lag_p99_us: latency.lag.p99_us,
                response_p99_us: latency.response.p99_us,
                due: run.counts.sent + run.counts.unsent,
                unsent: run.counts.unsent,
                backlog_most: generator.backlog_most,
                backlog_end: generator.backlog_end,
            }),
            busy: generator.busy,
            service_p50_us: (latency.service.count > 0).then_some(latency.service.p50_us),
            // The fastest, since of many that are asked for at once most wait for each other.
            connect_us: (latency.connect.count > 0).then_some(latency.connect.min_us),
            server_busy: run.server.map(|server| server.busy),
            steal: generator.steal,
        }
    }

    /// An open loop that went as it was asked to.
    fn is_kept(&self) -> bool {
        self.schedule.is_some_and(|schedule| schedule.reached >= KEPT && !schedule.grows())
    }

    fn is_server_full(&self) -> bool {
        self.server_busy.is_some_and(|server| server >= FULL)
    }

    /// Whether answers took much longer than the way to the server and back; `None` where the way is not known.
    fn is_slow(&self) -> Option<bool> {
        let Some(service) = self.service_p50_us else { return Some(true) };
        self.connect_us.map(|connect| service > ROUND_TRIPS * connect + WAKING_US)
    }
}

impl Schedule {
    /// Whether more and more messages waited: at the end more than half of the most, and not a few.
    fn grows(&self) -> bool {
        self.backlog_end as f64 > GROWN * self.due as f64 && self.backlog_end > self.backlog_most / 2
    }

    fn is_late(&self, service_p50_us: f64) -> bool {
        self.lag_p99_us > LATE_US.max(LATE_OF_SERVICE * service_p50_us)
    }
}

/// Why we were the limit, where we were.
fn against_generator(figures: &Figures) -> Option<String> {
    let Figures { busy, server_busy, .. } = *figures;
    let is_busier = server_busy.is_none_or(|server| busy >= server);
    // Messages of an open loop queue at a full worker whatever the server does.
    if busy >= FULL && (figures.schedule.is_some() || is_busier) {
        return Some(work(busy));
    }
    let late = figures.schedule.filter(|schedule| schedule.is_late(figures.service_p50_us.unwrap_or_default()));
    let tells = |late: &Schedule| !figures.is_kept() || late.lag_p99_us >= DOMINANT * late.response_p99_us;
    if let Some(late) = late.filter(tells) {
        return Some(lag(late));
    }
    if figures.is_kept() {
        return None;
    }
    if let Some(steal) = figures.steal.filter(|steal| *steal > ROBBED && figures.schedule.is_some()) {
        return Some(robbed(steal));
    }
    // What is seen of both ends says who of them was waited for.
    let nearly = busy >= NEARLY_FULL && server_busy.is_some_and(|server| busy > server);
    (nearly && figures.is_slow() != Some(false)).then(|| work(busy))
}

/// Why nothing was at its limit. A server that is never idle and answers at once looks out for messages, it does not
/// work; one that is never idle and slow is at its limit even where it keeps up.
fn steady(figures: &Figures) -> Option<String> {
    let server_at_limit = figures.is_server_full() && figures.is_slow() != Some(false);
    figures.schedule.filter(|_| figures.is_kept() && !server_at_limit).map(reached)
}

fn against_network(figures: &Figures) -> Option<String> {
    (!figures.is_server_full() && figures.is_slow() == Some(false)).then(|| answers(figures))
}

/// Who is left: the server worked all the time, or something in it was waited for.
fn against_server(figures: &Figures) -> String {
    figures.server_busy.filter(|_| figures.is_server_full()).map_or_else(|| answers(figures), server_work)
}

/// All that is known, for whoever doubts it.
fn facts(figures: &Figures, bound: Bound) -> Vec<String> {
    let mut facts = Vec::new();
    if let Some(schedule) = figures.schedule {
        facts.extend([reached(schedule), lag(schedule)]);
        facts.extend((schedule.unsent > 0).then(|| unsent(schedule)));
        facts.extend((schedule.backlog_most > 0).then(|| backlog(schedule)));
    }
    facts.push(work(figures.busy));
    facts.extend(figures.server_busy.map(server_work));
    facts.push(answers(figures));
    facts.extend(figures.steal.filter(|steal| *steal >= NOTED).map(robbed));
    let is_guess = figures.server_busy.is_none() && matches!(bound, Bound::ServerBound | Bound::NetworkBound);
    facts.extend(is_guess.then(|| "how busy the server was is not known; --server-pid tells".into()));
    facts
}

fn work(busy: f64) -> String {
    format!("the busiest worker had work for {} of the time", percent(busy))
}

fn server_work(busy: f64) -> String {
    format!("the server's busiest thread was on a CPU for {} of the time", percent(busy))
}

fn lag(schedule: Schedule) -> String {
    let lag = time(schedule.lag_p99_us);
    format!("messages were due {lag} (p99) before the generator got round to them")
}

fn reached(schedule: Schedule) -> String {
    format!("{} of the rate that was asked for was reached", percent(schedule.reached))
}

fn unsent(schedule: Schedule) -> String {
    format!("{} of {} messages that were due were never sent", schedule.unsent, schedule.due)
}

fn backlog(schedule: Schedule) -> String {
    let (most, end) = (schedule.backlog_most, schedule.backlog_end);
    format!("up to {most} messages waited for a place on their connection, {end} of them at the end")
}

fn answers(figures: &Figures) -> String {
    match (figures.service_p50_us.map(time), figures.connect_us.map(time)) {
        (None, _) => "nothing was answered".into(),
        (Some(service), None) => format!("answers took {service} (p50)"),
        (Some(service), Some(connect)) => {
            format!("answers took {service} (p50), and the way to the server and back {connect}")
        }
    }
}

fn robbed(steal: f64) -> String {
    format!("the machine below took away {} of the CPU time", percent(steal))
}

/// Rounded down, so that nothing seems to have reached a threshold that it has not.
fn percent(share: f64) -> String {
    let tenths = (share * 1000.0 + 1e-6).floor();
    if share < 0.1 || (0.95..1.0).contains(&share) {
        format!("{} %", tenths / 10.0)
    } else {
        format!("{} %", (tenths / 10.0).floor())
    }
}

fn time(us: f64) -> String {
    match us {
        us if us < 10.0 => format!("{us:.1} us"),
        us if us < 1e3 => format!("{us:.0} us"),
        us if us < 1e4 => format!("{:.1} ms", us / 1e3),
        us if us < 1e6 => format!("{:.0} ms", us / 1e3),
        us => format!("{:.1} s", us / 1e6),
    }
}

/// At this share a queue in front of whoever works is 19 times as long as its work (M/M/1: rho / (1 - rho)), so whatever
/// is measured is that queue; and what an operating system and a clock take for themselves is a few percent.
const FULL: f64 = 0.95;
/// Here it is 4 times as long: too much to be put down to a server that was seen to have less to do.
const NEARLY_FULL: f64 = 0.8;
/// One slice of another thread, as Linux hands them out (0.75 ms and more, kernel/sched/fair.c): a worker that is alone on
/// its CPU is never so late.
const LATE_US: f64 = 1000.0;
/// Less than that of what is measured is no matter.
const LATE_OF_SERVICE: f64 = 0.5;
/// What is half of a response time or more is what that time is about.
const DOMINANT: f64 = 0.5;
/// What is asked for ends with messages under way: of a run of 10 s, 1 % are those of the last 100 ms.
const KEPT: f64 = 0.99;
/// Half of what that forgives. A backlog that grows from the first instant to this is beyond it in a run twice as long.
const GROWN: f64 = 0.005;
/// Of all CPUs' time. Whoever shares a machine fairly loses less, and no worker is full before that.
const ROBBED: f64 = 0.05;
/// From here on it is told.
const NOTED: f64 = 0.01;
/// There and back once is the network's; as much again is for two stacks that carry more than a SYN.
const ROUND_TRIPS: f64 = 2.0;
/// An answer wakes two programs, a connection none at the far end: about 10 us each.
const WAKING_US: f64 = 20.0;

#[cfg(test)]
mod tests {
    use super::*;

    /// Half busy on both sides, answers in 500 us over a way of 30 us.
    fn closed() -> Figures {
        Figures {
            busy: 0.5,
            service_p50_us: Some(500.0),
            connect_us: Some(30.0),
            server_busy: Some(0.6),
            ..Figures::default()
        }
    }

    /// The same, at a rate that was kept.
    fn open() -> Figures {
        Figures { schedule: Some(kept()), ..closed() }
    }

    fn kept() -> Schedule {
        Schedule {
            reached: 1.0,
            lag_p99_us: 80.0,
            response_p99_us: 900.0,
            due: 100_000,
            unsent: 0,
            backlog_most: 20,
            backlog_end: 0,
        }
    }

    fn with(schedule: Schedule) -> Figures {
        Figures { schedule: Some(schedule), ..open() }
    }

    #[track_caller]
    fn table(rows: &[(&str, Figures, Bound, &str)]) {
        for (name, figures, bound, first) in rows {
            let verdict = judge(figures);
            assert_eq!(
                (verdict.bound, verdict.evidence[0].as_str()),
                (*bound, *first),
                "{name}: {:?}",
                verdict.evidence
            );
        }
    }

    const SLOW: &str = "answers took 500 us (p50), and the way to the server and back 30 us";
    const QUICK: &str = "answers took 45 us (p50), and the way to the server and back 30 us";

    #[test]
    fn a_closed_loop_is_held_up_by_one_of_three() {
        let quick = Figures { service_p50_us: Some(45.0), ..closed() };
        let half = "the busiest worker had work for 85 % of the time";
        table(&[
            ("server waits", closed(), Bound::ServerBound, SLOW),
            ("server unknown", Figures { server_busy: None, ..closed() }, Bound::ServerBound, SLOW),
            ("no answer", Figures { service_p50_us: None, ..closed() }, Bound::ServerBound, "nothing was answered"),
            (
                "server full",
                Figures { server_busy: Some(0.97), ..quick },
                Bound::ServerBound,
                "the server's busiest thread was on a CPU for 97 % of the time",
            ),
            ("just not full", Figures { server_busy: Some(0.949), ..quick }, Bound::NetworkBound, QUICK),
            ("quick", quick, Bound::NetworkBound, QUICK),
            (
                "two ways and two wakeups",
                Figures { service_p50_us: Some(80.0), ..quick },
                Bound::NetworkBound,
                "answers took 80 us (p50), and the way to the server and back 30 us",
            ),
            (
                "a little more",
                Figures { service_p50_us: Some(80.1), ..quick },
                Bound::ServerBound,
                "answers took 80 us (p50), and the way to the server and back 30 us",
            ),
            ("way unknown", Figures { connect_us: None, ..closed() }, Bound::ServerBound, "answers took 500 us (p50)"),
            (
                "worker full",
                Figures { busy: 0.98, ..closed() },
                Bound::GeneratorBound,
                "the busiest worker had work for 98 % of the time",
            ),
            (
                "worker just full, server unknown",
                Figures { busy: 0.95, server_busy: None, ..quick },
                Bound::GeneratorBound,
                "the busiest worker had work for 95 % of the time",
            ),
            ("worker just not full", Figures { busy: 0.949, server_busy: None, ..closed() }, Bound::ServerBound, SLOW),
            (
                "both full, server more",
                Figures { busy: 0.96, server_busy: Some(0.99), ..closed() },
                Bound::ServerBound,
                "the server's busiest thread was on a CPU for 99 % of the time",
            ),
            (
                "both full, as much",
                Figures { busy: 0.97, server_busy: Some(0.97), ..closed() },
                Bound::GeneratorBound,
                "the busiest worker had work for 97 % of the time",
            ),
            ("worker has more to do", Figures { busy: 0.85, ..closed() }, Bound::GeneratorBound, half),
            ("worker has more to do, and quick answers", Figures { busy: 0.85, ..quick }, Bound::NetworkBound, QUICK),
            (
                "server has more to do",
                Figures { busy: 0.85, server_busy: Some(0.86), ..closed() },
                Bound::ServerBound,
                SLOW,
            ),
            // Without a rate, both ends lose alike.
            ("steal", Figures { steal: Some(0.2), ..closed() }, Bound::ServerBound, SLOW),
        ]);
    }

    #[test]
    fn a_rate_is_kept_or_somebody_is_the_reason() {
        let late = Schedule { lag_p99_us: 1300.0, response_p99_us: 2000.0, ..kept() };
        let missed = Schedule { reached: 0.9, ..kept() };
        let lag = "messages were due 1.3 ms (p99) before the generator got round to them";
        let all = "100 % of the rate that was asked for was reached";
        table(&[
            ("kept", open(), Bound::Steady, all),
            (
                "just kept",
                with(Schedule { reached: 0.99, ..kept() }),
                Bound::Steady,
                "99 % of the rate that was asked for was reached",
            ),
            ("just missed", with(Schedule { reached: 0.9899, ..kept() }), Bound::ServerBound, SLOW),
            ("missed", with(missed), Bound::ServerBound, SLOW),
            (
                "missed by quick answers",
                Figures { service_p50_us: Some(45.0), ..with(missed) },
                Bound::NetworkBound,
                QUICK,
            ),
            (
                "worker full",
                Figures { busy: 0.98, server_busy: Some(1.0), ..open() },
                Bound::GeneratorBound,
                "the busiest worker had work for 98 % of the time",
            ),
            ("late", with(late), Bound::GeneratorBound, lag),
            ("late, and no matter", with(Schedule { response_p99_us: 2700.0, ..late }), Bound::Steady, all),
            (
                "late, and missed",
                with(Schedule { reached: 0.9, response_p99_us: 2700.0, ..late }),
                Bound::GeneratorBound,
                lag,
            ),
            (
                "just not late",
                with(Schedule { lag_p99_us: 1000.0, response_p99_us: 1100.0, ..kept() }),
                Bound::Steady,
                all,
            ),
            (
                "late for a quick server only",
                Figures { service_p50_us: Some(2600.0), ..with(late) },
                Bound::Steady,
                all,
            ),
            (
                "server full and slow",
                Figures { server_busy: Some(0.96), ..open() },
                Bound::ServerBound,
                "the server's busiest thread was on a CPU for 96 % of the time",
            ),
            (
                "server looks out",
                Figures { server_busy: Some(1.0), service_p50_us: Some(45.0), ..open() },
                Bound::Steady,
                all,
            ),
            ("steal", Figures { steal: Some(0.07), ..open() }, Bound::Steady, all),
            (
                "steal, and missed",
                Figures { steal: Some(0.07), ..with(missed) },
                Bound::GeneratorBound,
                "the machine below took away 7 % of the CPU time",
            ),
            ("little steal, and missed", Figures { steal: Some(0.05), ..with(missed) }, Bound::ServerBound, SLOW),
        ]);
    }

    #[test]
    fn a_backlog_that_grows_is_no_kept_rate() {
        let backlog = |backlog_most, backlog_end| with(Schedule { backlog_most, backlog_end, ..kept() });
        for (figures, bound) in [
            (backlog(600, 600), Bound::ServerBound),
            (backlog(500, 500), Bound::Steady),
            // It has been worse.
            (backlog(1400, 600), Bound::Steady),
            (backlog(1100, 600), Bound::ServerBound),
        ] {
            assert_eq!(judge(&figures).bound, bound, "{figures:?}");
        }
    }

    #[test]
    fn the_evidence_goes_on_with_all_that_is_known_and_says_nothing_twice() {
        let schedule = Schedule { reached: 0.899, unsent: 40, backlog_most: 60, backlog_end: 40, ..kept() };
        let verdict = judge(&Figures { steal: Some(0.012), server_busy: None, ..with(schedule) });
        assert_eq!(
            verdict.evidence,
            [
                SLOW,
                "89 % of the rate that was asked for was reached",
                "messages were due 80 us (p99) before the generator got round to them",
                "40 of 100000 messages that were due were never sent",
                "up to 60 messages waited for a place on their connection, 40 of them at the end",
                "the busiest worker had work for 50 % of the time",
                "the machine below took away 1.2 % of the CPU time",
                "how busy the server was is not known; --server-pid tells",
            ]
        );
    }
}
