//! Preview: what a scan is about to do, in a line and in a page.

use std::fmt::Write;
use std::time::Duration;

use super::{FEW_PUBLIC, Permission};
use crate::scan::Plan;
use crate::scan::target::Word;

/// A plan, and the words it was made of.
pub(super) struct Preview<'a> {
    pub(super) plan: &'a Plan,
    pub(super) words: &'a [Word],
    /// How long open ports are asked what they are, where they are.
    pub(super) banner: Option<Duration>,
    pub(super) permission: Permission,
}

impl Preview<'_> {
    /// Whom, and how many probes: `scanning 192.0.2.0/24: 256 hosts x 1000 ports, 256000 probes, at most 500 a second`.
    pub(super) fn headline(&self) -> String {
        let (hosts, ports) = (self.plan.targets.len(), self.ports());
        let rate = self.plan.terms.rate.map(|rate| format!(", at most {rate} a second")).unwrap_or_default();
        let counts = format!("{} x {}, {}", many(hosts, "host"), many(ports, "port"), many(hosts * ports, "probe"));
        format!("scanning {}: {counts}{rate}", self.targets())
    }

    /// What is not in the headline.
    pub(super) fn terms(&self) -> String {
        let terms = &self.plan.terms;
        format!("seed {}, at most {} connections at once", terms.seed, terms.descriptors)
    }

    /// Whether so many public addresses are scanned only where their owners agree, and nobody said that they do.
    pub(super) fn lacks_permission(&self) -> bool {
        self.plan.targets.public() > FEW_PUBLIC && self.permission == Permission::NotSaid
    }

    /// Everything, for whoever wants to know before it is done.
    pub(super) fn page(&self) -> String {
        let Plan { targets, ports, terms } = self.plan;
        let tries = |retries: u32| format!("{} a port that is silent", many(u64::from(retries) + 1, "probe"));
        let (least, most) = (self.least(), self.most());
        let lack = if self.lacks_permission() { "; this needs --i-have-permission" } else { "" };
        let public = format!("{} of them public{lack}", targets.public());
        let rows = [
            ("targets", format!("{}; {}, {public}", self.targets(), many(targets.len(), "host"))),
            ("ports", format!("{}; {ports}", self.ports())),
            ("probes", (targets.len() * self.ports()).to_string()),
            ("order", format!("seed {}; the same for the same seed", terms.seed)),
            (
                "rate",
                terms.rate.map_or("as many as the network takes".into(), |rate| format!("at most {rate} a second")),
            ),
            ("sockets", format!("at most {} at once", terms.descriptors)),
            ("timeout", terms.timeout.map_or("as answers take".into(), |timeout| format!("{timeout:?}"))),
            ("retries", terms.retries.map_or("as the loss asks for".into(), tries)),
            (
                "max open",
                terms.max_open.map_or("any number".into(), |most| format!("{most}; a host with more is left alone")),
            ),
            (
                "banners",
                self.banner
                    .map_or("not read".into(), |patience| format!("open ports are asked, {patience:?} a question")),
            ),
            (
                "time",
                format!("about {} where everything answers, {} where nothing does", lasting(least), lasting(most)),
            ),
        ];
        let mut page = String::new();
        for (name, value) in rows {
            // Writing to a String cannot fail.
            let _ = writeln!(page, "{name:<9}{value}");
        }
        page
    }

    fn ports(&self) -> u64 {
        self.plan.ports.as_slice().len() as u64
    }

    fn probes(&self) -> f64 {
        (self.plan.targets.len() * self.ports()) as f64
    }

    /// As they were typed, where they are few; of a single name also its address.
    fn targets(&self) -> String {
        let named = self.words.iter().take(FEW).map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match self.words {
            [Word::Name(_)] if self.plan.targets.len() == 1 => {
                format!("{named} ({})", self.plan.targets.host(0).address.ip())
            }
            words if words.len() > FEW => format!("{named} and {} more", words.len() - FEW),
            _ => named,
        }
    }

    /// Every probe is answered at once.
    fn least(&self) -> f64 {
        self.probes() / self.plan.terms.rate.map_or(FASTEST, |rate| f64::from(rate.get()).min(FASTEST))
    }

    /// No probe is answered at all.
    fn most(&self) -> f64 {
        let terms = &self.plan.terms;
        let tries = terms.retries.unwrap_or(USUAL_RETRIES).saturating_add(1);
        let wait = f64::from(tries) * terms.timeout.map_or(USUAL_TIMEOUT, |timeout| timeout.as_secs_f64());
        let at_once = (self.plan.targets.len() as f64 * AT_ONCE_OF_A_HOST).min(terms.descriptors as f64);
        let waiting = (self.probes() * wait / at_once).max(wait);
        terms.rate.map_or(waiting, |rate| (self.probes() * f64::from(tries) / f64::from(rate.get())).max(waiting))
    }
}

fn many(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn lasting(seconds: f64) -> String {
    match Duration::try_from_secs_f64(seconds.round()).map(jiff::SignedDuration::try_from) {
        Ok(Ok(duration)) if !duration.is_zero() => format!("{duration:#}"),
        Ok(Ok(_)) => "a second".to_owned(),
        _ => "ages".to_owned(),
    }
}

/// So many targets are named, the others counted.
const FEW: usize = 3;
/// Probes a second of one socket after the other on loopback; no network is faster.
const FASTEST: f64 = 380_000.0;
/// What the engine does by itself where nothing ever answers: how often it asks again, how long it waits each time
/// (RFC 6298, 2.1), and how many ports of one host it has under way at most.
const USUAL_RETRIES: u32 = 2;
const USUAL_TIMEOUT: f64 = 1.0;
const AT_ONCE_OF_A_HOST: f64 = 1024.0;
