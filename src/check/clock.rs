//! Clock: the time of day as programs write it, in any of the forms that are in use, with words around it. What is not
//! said, a date or a zone, is not asked for.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use regex::{Captures, Regex};

/// A time that somebody wrote down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    Clock(Clock),
    /// Seconds since 1970.
    Unix(i64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    /// What the date may be; empty where none is said, and more than one where it can be read in more than one way.
    dates: Vec<Day>,
    hour: i8,
    minute: i8,
    second: Option<i8>,
    zone: Option<Offset>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Day {
    year: i16,
    month: i8,
    day: i8,
}

/// The time in which an answer was given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    from: Timestamp,
    to: Timestamp,
}

impl Span {
    /// What `ask` gives, and when it was asked.
    pub(crate) fn of<T>(ask: impl FnOnce() -> T) -> (T, Self) {
        let from = Timestamp::now();
        let given = ask();
        (given, Self { from, to: Timestamp::now() })
    }

    /// The offset of this machine's clock then.
    pub(crate) fn local(self) -> Offset {
        TimeZone::system().to_offset(self.from)
    }

    /// In words, for who wanted it: the time in `zone`.
    pub(crate) fn told(self, zone: Offset) -> String {
        let time = zone.to_datetime(self.to);
        format!("{}:{:02}:{:02}", time.hour(), time.minute(), time.second())
    }

    fn seconds(self) -> impl Iterator<Item = Timestamp> {
        let (first, last) = (self.from.as_second() - TOLERANCE, self.to.as_second() + TOLERANCE);
        (first..=last).filter_map(|second| Timestamp::from_second(second).ok())
    }
}

impl Reading {
    /// The first time in `text`.
    pub(crate) fn find(text: &str) -> Option<Self> {
        if let Some(found) = TIME.captures(text) {
            return clock(text, &found).map(Self::Clock);
        }
        let spelled = SPELLED.iter().find(|(form, _)| form.is_match(text));
        if let Some((form, usual)) = spelled {
            let text = form.replace(text, *usual);
            return clock(&text, &TIME.captures(&text)?).map(Self::Clock);
        }
        let number = UNIX.captures(text)?.get(1)?.as_str();
        Some(Self::Unix(number.parse().ok()?))
    }

    /// The zone that it says it is of.
    pub(crate) fn zone(&self) -> Option<Offset> {
        match self {
            Self::Clock(clock) => clock.zone,
            Self::Unix(_) => Some(Offset::UTC),
        }
    }

    /// Whether it says seconds, and so is another one a second later.
    pub(crate) fn has_seconds(&self) -> bool {
        !matches!(self, Self::Clock(Clock { second: None, .. }))
    }

    /// Whether it is the time of `span` within 2 s, in the zone that it says, or else in `zone`.
    pub(crate) fn is_of(&self, span: Span, zone: Offset) -> bool {
        match self {
            Self::Unix(seconds) => span.seconds().any(|moment| moment.as_second() == *seconds),
            Self::Clock(clock) => {
                let zone = clock.zone.unwrap_or(zone);
                span.seconds().any(|moment| clock.shows(zone.to_datetime(moment)))
            }
        }
    }

    /// Whether it is what a clock in `zone` shows then, whatever zone it says it is of.
    pub(crate) fn shows(&self, span: Span, zone: Offset) -> bool {
        match self {
            Self::Clock(clock) => Self::Clock(Clock { zone: None, ..clock.clone() }).is_of(span, zone),
            Self::Unix(seconds) => Self::Unix(seconds - i64::from(zone.seconds())).is_of(span, zone),
        }
    }
}

impl Clock {
    fn shows(&self, time: DateTime) -> bool {
        let is_day = |day: &Day| (day.year, day.month, day.day) == (time.year(), time.month(), time.day());
        let is_dated = self.dates.is_empty() || self.dates.iter().any(is_day);
        let second = self.second.is_none_or(|second| second == time.second());
        is_dated && (self.hour, self.minute) == (time.hour(), time.minute()) && second
    }
}

fn clock(text: &str, found: &Captures) -> Option<Clock> {
    let number = |at: usize| found.get(at).and_then(|digits| digits.as_str().parse::<i8>().ok());
    let hour = match (number(1)?, found.get(4).map(|half| half.as_str())) {
        (hour, None) => hour,
        (hour, Some(half)) => hour % 12 + if half.eq_ignore_ascii_case("p") { 12 } else { 0 },
    };
    let whole = found.get(0)?;
    let around = format!("{} {}", &text[..whole.start()], &text[whole.end()..]);
    let named = found.get(5).is_some() || UNIVERSAL.is_match(&around);
    let zone = match found.get(6) {
        Some(offset) => Some(offset_of(offset.as_str())?),
        None => named.then_some(Offset::UTC),
    };
    Some(Clock { dates: dates(&around), hour, minute: number(2)?, second: number(3), zone })
}

/// `+02:00`, `+0200` or `+2`.
fn offset_of(text: &str) -> Option<Offset> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let (hours, minutes) = digits.split_at(digits.len().min(2));
    let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().unwrap_or(0) * 60;
    Offset::from_seconds(if text.starts_with('-') { -seconds } else { seconds }).ok()
}

/// What the date in `text` may be.
fn dates(text: &str) -> Vec<Day> {
    if let Some(found) = DATE.captures(text) {
        let (first, between, second, third) = (&found[1], &found[2], &found[3], &found[4]);
        return match (first.len(), third.len()) {
            (4, _) => day(first, second, third).into_iter().collect(),
            (_, 4) if between == "." => day(third, second, first).into_iter().collect(),
            (_, 4) => [day(third, second, first), day(third, first, second)].into_iter().flatten().collect(),
            _ => [day(third, second, first), day(third, first, second), day(first, second, third)]
                .into_iter()
                .flatten()
                .collect(),
        };
    }
    named_date(text).into_iter().collect()
}

fn day(year: &str, month: &str, day: &str) -> Option<Day> {
    let short = year.len() <= 2;
    let year = year.parse::<i16>().ok()? + if short { 2000 } else { 0 };
    Some(Day { year, month: month.parse().ok()?, day: day.parse().ok()? })
}

/// A date whose month is a word, in whatever order.
fn named_date(text: &str) -> Option<Day> {
    let words = text.split(|c: char| !c.is_alphabetic()).map(str::to_lowercase);
    let month = words
        .into_iter()
        .find_map(|word| MONTHS.iter().position(|names| names.split(' ').any(|name| word.starts_with(name))))?;
    let numbers: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty()).collect();
    let year = numbers.iter().find(|digits| digits.len() == 4)?;
    let day = numbers.iter().find(|digits| digits.len() <= 2)?;
    Some(Day { year: year.parse().ok()?, month: i8::try_from(month + 1).ok()?, day: day.parse().ok()? })
}

/// Hours and minutes, then seconds, half of the day and zone, where they are said.
static TIME: LazyLock<Regex> = LazyLock::new(|| {
    compiled(concat!(
        r"(?i)(?:^|[^0-9:.])([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,][0-9]+)?)?(?:\s?\b([ap])\.?m\b\.?)?",
        r"(?:\s?(Z|UTC|GMT)\b)?(?:\s?([+-][0-9]{2}:?[0-9]{2}\b|[+-][0-9]{1,2}\b))?",
    ))
});

/// Times without colons, and how they are written with them: the basic format of ISO 8601, and dots.
static SPELLED: LazyLock<[(Regex, &str); 2]> = LazyLock::new(|| {
    [
        (compiled(r"\b([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})"), "${1}-${2}-${3} ${4}:${5}:${6}"),
        (compiled(r"(^|[^0-9.])([0-9]{1,2})\.([0-9]{2})\.([0-9]{2})($|[^0-9.])"), "${1}${2}:${3}:${4}${5}"),
    ]
});

static DATE: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"\b([0-9]{4}|[0-9]{1,2})([-./])([0-9]{1,2})[-./]([0-9]{4}|[0-9]{1,2})\b"));

/// Seconds since 1970 of this century, with parts of a second or without, or in milliseconds.
static UNIX: LazyLock<Regex> = LazyLock::new(|| compiled(r"\b([12][0-9]{9})(?:[0-9]{3})?(?:\.[0-9]+)?\b"));

static UNIVERSAL: LazyLock<Regex> = LazyLock::new(|| compiled(r"(?i)\b(UTC|GMT)\b"));

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("all are sound, as the tests show")
}

/// How words for each month begin, in English, Polish, German and Russian.
const MONTHS: [&str; 12] = [
    "jan sty jän янв",
    "feb lut фев",
    "mar mär mrz мар",
    "apr kwi апр",
    "may maj mai май мая",
    "jun cze июн",
    "jul lip июл",
    "aug sie авг",
    "sep wrz сен",
    "oct paź paz okt окт",
    "nov lis ноя",
    "dec gru dez дек",
];

/// Seconds that a clock may be wrong.
const TOLERANCE: i64 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-30 15:04:05 UTC, a Monday.
    fn then() -> Span {
        let moment: Timestamp = "2026-11-30T15:04:05Z".parse().unwrap();
        Span { from: moment, to: moment }
    }

    fn hours(hours: i8) -> Offset {
        Offset::constant(hours)
    }

    #[test]
    fn the_same_moment_is_read_in_every_form() {
        for text in [
            "2026-11-30T15:04:05Z",
            "2026-11-30T16:04:05.123456+01:00",
            "2026-11-30T16:04:05+0100",
            "2026-11-30 15:04:05.123456",
            "2026-11-30 15:04:05.123456+00:00",
            "Mon Nov 30 15:04:05 2026\n",
            "Mon, 30 Nov 2026 15:04:05 GMT",
            "Mon Nov 30 17:04:05 UTC+02:00 2026",
            "Mon Nov 30 15:04:05 CET 2026",
            "15:04:05",
            "15:04",
            "03:04:05 PM",
            "3:04 p.m.",
            "11/30/2026, 03:04:05 PM",
            "30/11/2026 15:04:05",
            "11/30/26 15:04:05",
            "30.11.2026 15:04:05",
            "30.11.2026, 15:04:05 Uhr",
            "Aktualny czas: 15:04:05",
            "Czas UTC: 30-11-2026 15:04:05",
            "pon, 30 lis 2026, 15:04:05",
            "30 listopada 2026 15:04:05",
            "Пн 30 ноя 2026 15:04:05",
            "30 ноября 2026 г. 15:04:05",
            "Mo 30 Nov 2026 15:04:05 CET",
            "15:04:05 30.11.2026",
            "20261130T150405Z",
            "30.11.2026 15.04.05",
            "Es ist 15.04.05",
            "1796051045",
            "1796051045.123",
            "1796051045123",
        ] {
            let reading = Reading::find(text).unwrap();
            assert!(reading.is_of(then(), Offset::UTC), "{text}: {reading:?}");
        }
    }

    #[test]
    fn another_moment_is_told_from_it() {
        for text in [
            "15:04:08",
            "15:04:02",
            "15:05",
            "2026-11-29 15:04:05",
            "30.10.2026 15:04:05",
            "Mon Nov 30 15:04:05 2025",
            "30 października 2026 15:04:05",
            "16:04:05",
            "15:04:05 +01:00",
            "03:04:05 AM",
            "1796051049",
            "11.30.2026 15:04:05",
        ] {
            assert!(!Reading::find(text).unwrap().is_of(then(), Offset::UTC), "{text}");
        }
        for text in ["", "Unknown command", "foo 12", "12:3", "192.168.0.1", "port 55555", "a:b"] {
            assert_eq!(Reading::find(text), None, "{text}");
        }
    }

    #[test]
    fn two_seconds_of_difference_are_none() {
        for second in 3..=7 {
            assert!(Reading::find(&format!("15:04:0{second}")).unwrap().is_of(then(), Offset::UTC));
        }
    }

    #[test]
    fn a_zone_is_believed_where_it_is_said() {
        assert_eq!(Reading::find("15:04:05").unwrap().zone(), None);
        assert_eq!(Reading::find("05:04:05+14:00").unwrap().zone(), Some(hours(14)));
        assert_eq!(Reading::find("UTC 15:04:05").unwrap().zone(), Some(Offset::UTC));
        assert!(Reading::find("16:04:05").unwrap().is_of(then(), hours(1)));
        assert!(!Reading::find("16:04:05 UTC").unwrap().is_of(then(), hours(1)));
    }

    #[test]
    fn local_time_that_is_called_utc_is_seen() {
        let shows = |text: &str| Reading::find(text).unwrap().shows(then(), hours(14));
        for (text, local) in [
            ("2026-12-01 05:04:05", true),
            ("2026-12-01T05:04:05Z", true),
            ("1796101445", true),
            ("15:04:05", false),
            ("1796051045", false),
        ] {
            assert_eq!(shows(text), local, "{text}");
        }
    }

    #[test]
    fn what_has_no_seconds_may_stay_the_same() {
        assert!(!Reading::find("15:04").unwrap().has_seconds());
        assert!(Reading::find("15:04:05").unwrap().has_seconds());
    }
}
