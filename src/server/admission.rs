//! Admission: who is let in. It counts conversations over all workers, turns away what is over a limit with a line that
//! says so, and remembers what did not end well.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::gate::Gate;
use super::{Limits, Visits};
use crate::net::byteloop::Orders;
use crate::net::{Ending, network};

pub(super) struct Admission {
    limits: Limits,
    gate: Arc<Gate>,
    present: AtomicUsize,
    visits: AtomicUsize,
    /// Only kept where there is a limit for each address; then it holds who is present and nobody else.
    by_source: Mutex<HashMap<IpAddr, usize>>,
    cut: AtomicUsize,
    troubled: AtomicUsize,
    last_complaint: Mutex<Option<Instant>>,
}

impl Admission {
    pub(super) fn new(limits: Limits, gate: Arc<Gate>) -> Self {
        Self {
            limits,
            gate,
            present: AtomicUsize::new(0),
            visits: AtomicUsize::new(0),
            by_source: Mutex::default(),
            cut: AtomicUsize::new(0),
            troubled: AtomicUsize::new(0),
            last_complaint: Mutex::default(),
        }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Lets somebody in, who must [`leave`](Self::leave) again.
    ///
    /// # Errors
    /// The line for somebody who is over a limit.
    pub(super) fn enter(&self, ip: Option<IpAddr>) -> Result<(), String> {
        if self.limits.visits == Visits::One && self.visits.fetch_add(1, Relaxed) > 0 {
            return Err("This server holds one conversation, and it has begun\n".into());
        }
        let most = self.limits.conns.unwrap_or(usize::MAX);
        if self.present.fetch_update(Relaxed, Relaxed, |now| (now < most).then_some(now + 1)).is_err() {
            return Err(format!("Server full (limit {most})\n"));
        }
        if let Err(line) = self.enter_from(ip) {
            self.present.fetch_sub(1, Relaxed);
            return Err(line);
        }
        if self.limits.visits == Visits::One {
            self.gate.order(Orders::Drain);
        }
        Ok(())
    }

    fn enter_from(&self, ip: Option<IpAddr>) -> Result<(), String> {
        let (Some(most), Some(ip)) = (self.limits.conns_per_ip, ip) else { return Ok(()) };
        let mut by_source = self.by_source.lock().unwrap_or_else(PoisonError::into_inner);
        let now = by_source.entry(network(ip)).or_default();
        if *now >= most {
            return Err(format!("Too many connections from your address (limit {most})\n"));
        }
        *now += 1;
        Ok(())
    }

    /// Somebody who was let in has gone; `unsent` bytes were still due to them.
    pub(super) fn leave(&self, ip: Option<IpAddr>, ending: &Ending, unsent: usize) {
        self.present.fetch_sub(1, Relaxed);
        if !ending.is_ordinary() {
            self.troubled.fetch_add(1, Relaxed);
        }
        if unsent > 0 && matches!(ending, Ending::Shutdown) {
            self.cut.fetch_add(1, Relaxed);
        }
        if let (Some(_), Some(ip)) = (self.limits.conns_per_ip, ip) {
            let mut by_source = self.by_source.lock().unwrap_or_else(PoisonError::into_inner);
            let source = network(ip);
            let left = by_source.get(&source).map_or(0, |now| now - 1);
            if left == 0 {
                by_source.remove(&source)
            } else {
                by_source.insert(source, left)
            };
        }
    }

    pub(super) fn present(&self) -> usize {
        self.present.load(Relaxed)
    }

    pub(super) fn cut(&self) -> usize {
        self.cut.load(Relaxed)
    }

    pub(super) fn troubled(&self) -> usize {
        self.troubled.load(Relaxed)
    }

    /// Whether it is time to complain again that nothing can be accepted: once a second for the whole process.
    pub(super) fn may_complain(&self) -> bool {
        let mut last = self.last_complaint.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|last| last.elapsed() >= BETWEEN_COMPLAINTS);
        if due {
            *last = Some(Instant::now());
        }
        due
    }
}

const BETWEEN_COMPLAINTS: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(limits: Limits) -> Admission {
        Admission::new(limits, Arc::new(Gate::default()))
    }

    fn ip(word: &str) -> Option<IpAddr> {
        Some(word.parse().unwrap())
    }

    #[test]
    fn the_limit_holds_and_a_place_comes_free_again() {
        let admission = admission(Limits { conns: Some(1), ..Limits::default() });
        assert_eq!(admission.enter(None), Ok(()));
        assert_eq!(admission.enter(None), Err("Server full (limit 1)\n".into()));
        admission.leave(None, &Ending::PeerClosed, 0);
        assert_eq!(admission.enter(None), Ok(()));
        assert_eq!(admission.present(), 1);
    }

    #[test]
    fn one_address_or_one_ipv6_network_does_not_take_the_places_of_others() {
        let admission = admission(Limits { conns_per_ip: Some(1), ..Limits::default() });
        assert!(admission.enter(ip("192.0.2.1")).is_ok());
        assert!(admission.enter(ip("192.0.2.1")).is_err());
        assert!(admission.enter(ip("192.0.2.2")).is_ok());
        assert!(admission.enter(ip("2001:db8::1")).is_ok());
        assert!(admission.enter(ip("2001:db8::2")).is_err());
        assert!(admission.enter(ip("2001:db8:0:1::2")).is_ok());
        assert_eq!(admission.present(), 4);
        admission.leave(ip("192.0.2.1"), &Ending::Reset, 0);
        assert!(admission.enter(ip("192.0.2.1")).is_ok());
        assert_eq!(admission.troubled(), 1);
    }

    #[test]
    fn a_single_visit_closes_the_door_behind_it() {
        let admission = admission(Limits { visits: Visits::One, ..Limits::default() });
        assert!(admission.enter(None).is_ok());
        assert_eq!(admission.gate.orders(), Orders::Drain);
        assert!(admission.enter(None).is_err());
    }

    #[test]
    fn complaints_are_at_least_a_second_apart() {
        let admission = admission(Limits::default());
        assert!(admission.may_complain());
        assert!(!admission.may_complain());
    }
}
