//! Repeats: how often the same came from one source, so that a log need not have each time. Pure; the clock is handed
//! in.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

use crate::net::network;
use crate::store::SessionId;

/// What is counted, for a minute each.
#[derive(Debug, Default)]
pub(super) struct Repeats(HashMap<What, Count>);

/// The source, what it is about, and whose session, where it is about one that there is.
pub(super) type What = (Option<IpAddr>, &'static str, Option<SessionId>);

#[derive(Debug)]
struct Count {
    times: u32,
    since: Instant,
}

impl Repeats {
    /// Counts one more; gives how many it are within the minute where that is to be written down: for the 1st, 2nd,
    /// 4th, 8th …
    pub(super) fn count(&mut self, (ip, about, session): What, now: Instant) -> Option<u32> {
        let mut what = (ip.map(network), about, session);
        if self.0.len() >= MOST_KNOWN && !self.0.contains_key(&what) {
            self.0.retain(|_, count| now - count.since < WINDOW);
            if self.0.len() >= MOST_KNOWN {
                // All for whom there is no room are one.
                what = (None, about, None);
            }
        }
        let count = self.0.entry(what).or_insert(Count { times: 0, since: now });
        if now - count.since >= WINDOW {
            *count = Count { times: 0, since: now };
        }
        count.times = count.times.saturating_add(1);
        Some(count.times).filter(|times| times.is_power_of_two())
    }
}

const WINDOW: Duration = Duration::from_secs(60);
/// What is told apart: about 1 MiB.
const MOST_KNOWN: usize = 8_192;

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn of_a_flood_a_few_are_written_down_and_say_how_many_it_are() {
        let (mut repeats, now) = (Repeats::default(), Instant::now());
        let here = Some(Ipv4Addr::LOCALHOST.into());
        let written: Vec<u32> = (0..1_000_000).filter_map(|_| repeats.count((here, "busy", None), now)).collect();
        assert_eq!(written, (0..20).map(|power| 1 << power).collect::<Vec<_>>());
        assert_eq!(repeats.count((None, "busy", None), now), Some(1), "from elsewhere");
        assert_eq!(repeats.count((here, "unknown token", None), now), Some(1), "something else");
        assert_eq!(repeats.count((here, "busy", None), now + WINDOW), Some(1), "a minute later");
    }

    #[test]
    fn more_sources_than_there_is_room_for_count_as_one_until_the_others_are_old() {
        let (mut repeats, now) = (Repeats::default(), Instant::now());
        let mut from = |number: usize, now| {
            let ip = Ipv4Addr::from_bits(u32::try_from(number).unwrap()).into();
            repeats.count((Some(ip), "busy", None), now)
        };
        assert!((0..MOST_KNOWN).all(|number| from(number, now) == Some(1)));
        assert_eq!((MOST_KNOWN..2 * MOST_KNOWN).filter_map(|number| from(number, now)).count(), 14);
        assert_eq!(from(MOST_KNOWN, now + WINDOW), Some(1));
        assert_eq!(repeats.0.len(), 1);
    }
}
