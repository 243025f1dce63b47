//! Details: what open ports said and how fast they answered, until their host is done. Hosts are scanned side by side, so
//! there may be many; what they may cost is bounded, and who comes too late is counted.

use std::collections::HashMap;
use std::time::Duration;

use crate::scan::banner::Seen;
use crate::scan::{Finding, Host};

/// What is kept of findings.
#[derive(Default)]
pub(super) struct Details {
    hosts: HashMap<Host, HashMap<u16, Detail>>,
    bytes: usize,
    /// How many were not kept.
    pub(super) lost: u64,
}

/// What a report may say of an open port besides that.
pub(super) struct Detail {
    pub(super) rtt: Option<Duration>,
    pub(super) seen: Option<Seen>,
}

impl Detail {
    fn bytes(&self) -> usize {
        let seen = self.seen.as_ref().map_or(0, |seen| seen.why.len() + seen.bytes.len());
        seen + OVERHEAD
    }
}

impl Details {
    pub(super) fn keep(&mut self, finding: &Finding) {
        let detail = Detail { rtt: finding.rtt, seen: finding.seen.clone() };
        if self.bytes + detail.bytes() > MOST {
            self.lost += 1;
            return;
        }
        self.bytes += detail.bytes();
        self.hosts.entry(finding.host.clone()).or_default().insert(finding.port, detail);
    }

    /// Those of a host that is done.
    pub(super) fn take(&mut self, host: &Host) -> HashMap<u16, Detail> {
        let details = self.hosts.remove(host).unwrap_or_default();
        self.bytes -= details.values().map(Detail::bytes).sum::<usize>();
        details
    }
}

/// Some ten thousand talkative ports, of hosts that are not done.
const MOST: usize = 16 << 20;
/// A row, its place in the map, and the share of its host.
const OVERHEAD: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::Verdict;

    #[test]
    fn what_is_kept_is_bounded_and_given_back() {
        let host = |number: u8| Host { address: ([127, 0, 0, number], 0).into(), name: None };
        let seen = Seen { service: None, why: "w".repeat(200), bytes: vec![0; 1024] };
        let finding = |number, port| Finding {
            host: host(number),
            port,
            verdict: Verdict::Accepted,
            rtt: None,
            seen: Some(seen.clone()),
        };
        let mut details = Details::default();
        (1..=30_000).for_each(|port| details.keep(&finding(1, port)));
        assert!(details.bytes <= MOST && details.lost > 0, "{} bytes, {} lost", details.bytes, details.lost);
        let kept = details.take(&host(1)).len() as u64;
        assert_eq!((kept + details.lost, details.bytes), (30_000, 0));
        details.keep(&finding(2, 1));
        assert_eq!(details.take(&host(2)).len(), 1);
    }
}
