//! Bans: who may not come in, by nick, by address or by both, for a while or for good. Only a list; what it holds is
//! kept by the store.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::nick::Nick;
use crate::net::network;
use crate::services::name::BadName;
use crate::store::{Ban, BanKey};

/// The bans, by their keys.
#[derive(Debug, Default)]
pub(super) struct Bans(BTreeMap<BanKey, Held>);

/// A ban, and its nick as it is compared.
#[derive(Debug)]
struct Held {
    ban: Ban,
    nick: Option<Nick>,
}

/// Who is meant by a word of the admin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Whom {
    Nick(Nick),
    /// Everybody of this network.
    Address(IpAddr),
}

/// Why a word means nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Nobody {
    #[error("an IPv4 address is banned alone, an IPv6 address with its /64, and nothing wider")]
    Width,
    #[error("{0}")]
    Name(#[from] BadName),
}

impl Bans {
    pub(super) fn new(bans: Vec<Ban>) -> Self {
        let mut list = Self::default();
        bans.into_iter().for_each(|ban| list.keep(ban));
        list
    }

    /// Adds a ban, in the place of the one with the same key.
    pub(super) fn keep(&mut self, ban: Ban) {
        // A nick that a later rule would refuse bans nobody.
        let nick = ban.nick.as_deref().and_then(|nick| Nick::parse(nick).ok());
        self.0.insert(ban.key.clone(), Held { ban, nick });
    }

    /// Takes the bans away that keep `whom` out.
    pub(super) fn lift(&mut self, whom: &Whom) -> Vec<Ban> {
        let keys = self.keys_of(|held| held.is_about(whom));
        keys.iter().filter_map(|key| self.0.remove(key)).map(|held| held.ban).collect()
    }

    /// Takes the bans away that are over.
    pub(super) fn expire(&mut self, now: Timestamp) -> Vec<BanKey> {
        let over = self.keys_of(|held| !held.lasts(now));
        self.0.retain(|key, _| !over.contains(key));
        over
    }

    fn keys_of(&self, wanted: impl Fn(&Held) -> bool) -> Vec<BanKey> {
        self.0.iter().filter(|(_, held)| wanted(held)).map(|(key, _)| key.clone()).collect()
    }

    /// A ban that keeps `whom` out at `now`.
    pub(super) fn find(&self, whom: &Whom, now: Timestamp) -> Option<&Ban> {
        self.0.values().find(|held| held.lasts(now) && held.is_about(whom)).map(|held| &held.ban)
    }

    /// What there is to see at `now`, the oldest first.
    pub(super) fn list(&self, now: Timestamp) -> Vec<&Ban> {
        let mut list: Vec<&Ban> = self.0.values().filter(|held| held.lasts(now)).map(|held| &held.ban).collect();
        list.sort_by_key(|ban| ban.since);
        list
    }
}

impl Held {
    fn lasts(&self, now: Timestamp) -> bool {
        self.ban.until.is_none_or(|until| now < until)
    }

    fn is_about(&self, whom: &Whom) -> bool {
        match whom {
            Whom::Nick(nick) => self.nick.as_ref().is_some_and(|banned| banned.is_like(nick)),
            Whom::Address(network) => self.ban.address == Some(*network),
        }
    }
}

impl Whom {
    /// A nick, an address, or an address with the width that it is banned with anyway.
    ///
    /// # Errors
    /// Where it is none of them.
    pub(super) fn parse(word: &str) -> Result<Self, Nobody> {
        let (address, width) = word.split_once('/').map_or((word, None), |(address, width)| (address, Some(width)));
        let Ok(address) = address.parse::<IpAddr>() else { return Ok(Self::Nick(Nick::parse(word)?)) };
        let address = network(address);
        let whole = if address.is_ipv4() { "32" } else { "64" };
        if width.is_some_and(|width| width != whole) { Err(Nobody::Width) } else { Ok(Self::Address(address)) }
    }

    /// What names a ban of it.
    pub(super) fn key(&self) -> BanKey {
        BanKey(match self {
            Self::Nick(nick) => format!("nick:{}", nick.keys()[0]),
            Self::Address(network) => format!("address:{network}"),
        })
    }
}

/// A network as people write it.
pub(super) fn written(network: IpAddr) -> String {
    if network.is_ipv4() { network.to_string() } else { format!("{network}/64") }
}

/// A ban as a list shows it.
pub(super) fn described(ban: &Ban) -> String {
    let whom = match (ban.nick.clone(), ban.address.map(written)) {
        (Some(nick), Some(address)) => format!("{nick} ({address})"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => "nobody".to_owned(),
    };
    format!("{whom}, {}", lasting(ban))
}

/// How long, and why.
pub(super) fn lasting(ban: &Ban) -> String {
    let until = ban.until.map_or_else(|| "for good".to_owned(), |until| until.strftime("until %F %T UTC").to_string());
    if ban.reason.is_empty() { until } else { format!("{until}: {}", ban.reason) }
}

/// `for 10m`: in the largest unit that it fills.
pub(super) fn spoken(length: SignedDuration) -> String {
    let seconds = length.as_secs();
    let (unit, size) = UNITS.iter().rev().find(|(_, size)| seconds % size == 0).unwrap_or(&UNITS[0]);
    format!("for {}{unit}", seconds / size)
}

/// A length as it is typed, `10m`; at least a second, at most ten years.
pub(super) fn length(word: &str) -> Option<SignedDuration> {
    let unit = word.chars().next_back()?;
    let (_, size) = UNITS.iter().find(|(known, _)| *known == unit.to_ascii_lowercase())?;
    let number = word.strip_suffix(unit)?;
    let count: i64 = number.bytes().all(|digit| digit.is_ascii_digit()).then(|| number.parse().ok())??;
    let seconds = count.checked_mul(*size)?;
    (1..=LONGEST_SECONDS).contains(&seconds).then(|| SignedDuration::from_secs(seconds))
}

const UNITS: [(char, i64); 4] = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];
/// Longer is for good; and no sum of it and a time overflows.
const LONGEST_SECONDS: i64 = 3_650 * 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn whom(word: &str) -> Whom {
        Whom::parse(word).unwrap()
    }

    fn ban(word: &str, until: Option<i64>) -> Ban {
        let whom = whom(word);
        let (nick, address) = match &whom {
            Whom::Nick(nick) => (Some(nick.to_string()), None),
            Whom::Address(address) => (None, Some(*address)),
        };
        Ban { key: whom.key(), nick, address, reason: String::new(), since: at(0), until: until.map(at) }
    }

    #[test]
    fn a_ban_is_about_all_who_look_so_or_come_from_there() {
        for (banned, out, free) in [
            ("bob", &["Bob", "ВOB", "b0b"][..], &["bobby", "192.0.2.7"][..]),
            ("192.0.2.7", &["192.0.2.7", "::ffff:192.0.2.7", "192.0.2.7/32"], &["192.0.2.8", "bob"]),
            ("2001:db8::1", &["2001:db8::2", "2001:db8:0:0:f::/64"], &["2001:db8:0:1::1", "192.0.2.7"]),
        ] {
            let mut bans = Bans::new(vec![ban(banned, None)]);
            for word in out {
                assert!(bans.find(&whom(word), at(0)).is_some(), "{banned} {word}");
            }
            for word in free {
                assert!(bans.find(&whom(word), at(0)).is_none(), "{banned} {word}");
                assert!(bans.lift(&whom(word)).is_empty(), "{banned} {word}");
            }
            assert_eq!(bans.lift(&whom(out[0])).len(), 1);
            assert!(bans.list(at(0)).is_empty());
        }
    }

    #[test]
    fn a_ban_ends_at_its_second_and_is_taken_away() {
        let mut bans = Bans::new(vec![ban("bob", Some(600)), ban("eve", None)]);
        assert!(bans.find(&whom("bob"), at(599)).is_some());
        assert!(bans.expire(at(599)).is_empty());
        assert!(bans.find(&whom("bob"), at(600)).is_none());
        assert_eq!(bans.list(at(600)).len(), 1);
        assert_eq!(bans.expire(at(600)), [whom("bob").key()]);
        assert!(bans.find(&whom("eve"), at(1_000_000)).is_some());
    }

    #[test]
    fn a_second_ban_takes_the_place_of_the_first() {
        let mut bans = Bans::new(vec![ban("bob", Some(600))]);
        bans.keep(ban("BOB", None));
        assert_eq!(bans.list(at(0)).len(), 1);
        assert!(bans.find(&whom("bob"), at(600)).is_some());
    }

    #[test]
    fn what_is_neither_a_nick_nor_an_address_is_refused() {
        for word in ["192.0.2.0/24", "2001:db8::/32", "::1/128", "192.0.2.7/"] {
            assert_eq!(Whom::parse(word), Err(Nobody::Width), "{word}");
        }
        for word in ["192.0.2", "a.b", "1.2.3.4.5", "", "bob/32"] {
            assert!(matches!(Whom::parse(word), Err(Nobody::Name(_))), "{word}");
        }
    }

    #[test]
    fn lengths_are_read_and_said_in_the_same_units() {
        for (typed, said) in
            [("10m", "for 10m"), ("90s", "for 90s"), ("60s", "for 1m"), ("24H", "for 1d"), ("3650d", "for 3650d")]
        {
            assert_eq!(spoken(length(typed).unwrap()), said);
        }
        for word in ["", "m", "0s", "-1m", "+1m", "10", "1.5h", "3651d", "9999999999999999d", "1w", "10mm", "ém"] {
            assert_eq!(length(word), None, "{word}");
        }
    }

    #[test]
    fn a_ban_is_described_by_whom_until_when_and_why() {
        let mut ban = ban("2001:db8::1", Some(600));
        assert_eq!(described(&ban), "2001:db8::/64, until 2027-01-15 08:10:00 UTC");
        (ban.nick, ban.reason, ban.until) = (Some("bob".into()), "loud".into(), None);
        assert_eq!(described(&ban), "bob (2001:db8::/64), for good: loud");
    }
}
