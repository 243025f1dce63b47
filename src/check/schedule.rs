//! Schedule: what is said on one connection and when, as a value, so that it can be shortened and done again.
//!
//! It is written as words between commas: bytes in hexadecimal (`d09f`), a byte many times (`61*1023`), a pause
//! (`wait150`, in milliseconds), and the end of our side (`fin`). Each run of bytes is one write.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::say;

/// Steps in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Schedule(pub(crate) Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// In one call, and so in one segment where it fits.
    Write(Vec<u8>),
    Wait(Duration),
    /// Our side ends.
    Fin,
}

impl Schedule {
    /// Each piece in a write of its own, with `gap` between them where there is one.
    pub(crate) fn pieces(pieces: &[&[u8]], gap: Duration) -> Self {
        let mut steps = Vec::new();
        for piece in pieces {
            if !steps.is_empty() && !gap.is_zero() {
                steps.push(Step::Wait(gap));
            }
            steps.push(Step::Write(piece.to_vec()));
        }
        Self(steps)
    }

    pub(crate) fn then(mut self, step: Step) -> Self {
        self.0.push(step);
        self
    }

    /// Everything that is said.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|step| if let Step::Write(bytes) = step { &bytes[..] } else { &[] }).copied().collect()
    }

    pub(crate) fn ends(&self) -> bool {
        self.0.contains(&Step::Fin)
    }

    /// In words: `1023×"a", waited 150 ms, d0`.
    pub(crate) fn words(&self) -> String {
        let words = self.0.iter().map(|step| match step {
            Step::Write(bytes) => say::bytes(bytes),
            Step::Wait(pause) => format!("waited {} ms", pause.as_millis()),
            Step::Fin => "FIN".to_owned(),
        });
        let words: Vec<String> = words.collect();
        match words.len() {
            0 => "nothing".to_owned(),
            n if n <= MOST_WORDS => words.join(", "),
            n => format!("{}, … ({} steps more)", words[..MOST_WORDS].join(", "), n - MOST_WORDS),
        }
    }

    /// The same with one letter many times for all that is long, which is easier to read and to write down; nothing where
    /// it is that already.
    pub(crate) fn plain(&self) -> Option<Self> {
        let plain = |step: &Step| match step {
            Step::Write(bytes) if is_varied(step) => Step::Write(vec![b'a'; bytes.len()]),
            step => step.clone(),
        };
        self.0.iter().any(is_varied).then(|| Self(self.0.iter().map(plain).collect()))
    }

    /// Shorter ones that may show the same, the shortest first: parts left out, neighbours joined, writes halved. A
    /// round of delta debugging (Zeller and Hildebrandt, 2002); whoever tries them goes on with the first that does.
    pub(crate) fn shorter(&self) -> Vec<Self> {
        let steps = &self.0;
        let mut found = Vec::new();
        for size in [steps.len() / 2, steps.len() / 4, 1] {
            let starts = (0..steps.len()).step_by(size.max(1));
            found.extend(starts.filter(|_| size > 0 && size < steps.len()).map(|from| {
                let to = (from + size).min(steps.len());
                Self([&steps[..from], &steps[to..]].concat())
            }));
        }
        for (at, step) in steps.iter().enumerate() {
            if let Step::Write(bytes) = step
                && bytes.len() > 1
            {
                let half = bytes.len() / 2;
                for part in [&bytes[half..], &bytes[..half]] {
                    let mut fewer = steps.clone();
                    fewer[at] = Step::Write(part.to_vec());
                    found.push(Self(fewer));
                }
            }
        }
        // Before the first word there is nothing to wait for.
        found.push(self.clone());
        for Self(steps) in &mut found {
            let waits = steps.iter().take_while(|step| matches!(step, Step::Wait(_))).count();
            steps.drain(..waits);
        }
        // What was text stays text, so that it does not fail for another reason.
        let is_text = |schedule: &Self| str::from_utf8(&schedule.bytes()).is_ok();
        found.retain(|schedule| !schedule.bytes().is_empty() && (is_text(schedule) || !is_text(self)));
        let mut shorter: Vec<Self> = Vec::new();
        for schedule in found {
            if schedule != *self && !shorter.contains(&schedule) {
                shorter.push(schedule);
            }
        }
        shorter
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(",")?;
            }
            match step {
                Step::Write(bytes) => match bytes.first() {
                    Some(first) if bytes.len() >= REPEATED && !is_varied(step) => {
                        write!(f, "{first:02x}*{}", bytes.len())?;
                    }
                    _ => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?,
                },
                Step::Wait(pause) => write!(f, "wait{}", pause.as_millis())?,
                Step::Fin => f.write_str("fin")?,
            }
        }
        Ok(())
    }
}

/// Whether it cannot be written as a byte many times.
fn is_varied(step: &Step) -> bool {
    matches!(step, Step::Write(bytes) if bytes.len() >= REPEATED && bytes.iter().any(|byte| *byte != bytes[0]))
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let steps = text.split(',').map(|word| step(word.trim()).ok_or_else(|| ScheduleError(word.to_owned())));
        Ok(Self(steps.collect::<Result<_, _>>()?))
    }
}

/// A word that is no step.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no step of a schedule; write bytes in hexadecimal (d09f), repeated ones (61*1023), wait150 or fin")]
pub(crate) struct ScheduleError(String);

fn step(word: &str) -> Option<Step> {
    if word == "fin" {
        return Some(Step::Fin);
    }
    if let Some(pause) = word.strip_prefix("wait") {
        return pause.parse().ok().filter(|ms| *ms <= LONGEST_WAIT_MS).map(Duration::from_millis).map(Step::Wait);
    }
    let (bytes, times) = match word.split_once('*') {
        Some((byte, times)) => (unhex(byte).filter(|bytes| bytes.len() == 1)?, times.parse().ok()?),
        None => (unhex(word)?, 1),
    };
    let fits = !bytes.is_empty() && bytes.len().checked_mul(times).is_some_and(|n| (1..=MOST_BYTES).contains(&n));
    fits.then(|| Step::Write(bytes.repeat(times)))
}

fn unhex(word: &str) -> Option<Vec<u8>> {
    // A sign is a number to the standard library, and no digit.
    let is_hex = word.len().is_multiple_of(2) && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digits = word.as_bytes().chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok());
    if is_hex { digits.collect() } else { None }
}

/// From so many on a byte is written with its number.
const REPEATED: usize = 5;
const LONGEST_WAIT_MS: u64 = 60_000;
const MOST_BYTES: usize = 1 << 24;
const MOST_WORDS: usize = 6;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_step_is_named() {
        for word in ["", "x", "d0f", "61*", "6161*2", "wait", "wait99999999", "61*99999999999", "+1", "61*0"] {
            assert!(word.parse::<Schedule>().unwrap_err().to_string().contains(&format!("`{word}`")), "{word}");
        }
    }

    #[test]
    fn a_schedule_says_itself_in_few_words() {
        let schedule = Schedule::pieces(&[&[b'a'; 1023], &[0xd0], &[0x9f]], Duration::from_millis(150));
        assert_eq!(schedule.to_string(), "61*1023,wait150,d0,wait150,9f");
        assert_eq!(schedule.words(), r#"1023×"a", waited 150 ms, d0, waited 150 ms, 9f"#);
    }

    #[test]
    fn a_plain_one_has_as_many_bytes() {
        let schedule: Schedule = "616263646566,wait150,62,fin".parse().unwrap();
        let plain = schedule.plain().unwrap();
        assert_eq!(plain.to_string(), "61*6,wait150,62,fin");
        assert_eq!(plain.plain(), None);
    }

    #[test]
    fn a_shorter_one_begins_with_something_that_is_said() {
        let schedule: Schedule = "wait120,61,wait150,62".parse().unwrap();
        let shorter: Vec<String> = schedule.shorter().iter().map(ToString::to_string).collect();
        assert!(shorter.iter().all(|one| !one.starts_with("wait")), "{shorter:?}");
        assert!(["62", "61", "61,wait150,62"].iter().all(|one| shorter.iter().any(|s| s == one)), "{shorter:?}");
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            proptest::collection::vec(any::<u8>(), 1..40).prop_map(Step::Write),
            (1usize..2000, any::<u8>()).prop_map(|(n, byte)| Step::Write(vec![byte; n])),
            (0u64..1000).prop_map(|ms| Step::Wait(Duration::from_millis(ms))),
            Just(Step::Fin),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_down_is_read_again(steps in proptest::collection::vec(step(), 1..12)) {
            let schedule = Schedule(steps);
            prop_assert_eq!(schedule.to_string().parse::<Schedule>().unwrap(), schedule);
        }

        #[test]
        fn a_shorter_one_is_shorter_and_says_something(steps in proptest::collection::vec(step(), 1..12)) {
            let schedule = Schedule(steps);
            for shorter in schedule.shorter() {
                let weight = |s: &Schedule| s.0.len() + s.bytes().len();
                prop_assert!(weight(&shorter) < weight(&schedule));
                prop_assert!(!shorter.bytes().is_empty());
            }
        }
    }
}
