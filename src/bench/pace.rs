//! Pace: when messages are due. Pure: the same seed makes the same instants.

use std::fmt;
use std::time::Duration;

use crate::seeded::Dice;

/// When messages are due.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pace {
    /// The next one when an answer has come, so many under way on each connection; without a bound, as many as the
    /// socket takes: a stream.
    Closed { depth: Option<u32> },
    /// At instants that do not depend on answers, all connections in turn. Beyond `depth` under way on its connection,
    /// a message waits, and its response time goes on.
    Open { rate: f64, spacing: Spacing, depth: u32 },
}

/// How the instants of an open loop lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spacing {
    Even,
    /// Exponential gaps, as of many independent clients.
    Poisson,
}

impl Pace {
    /// The rate that is asked for, where it is.
    pub(crate) fn rate(&self) -> Option<f64> {
        match self {
            Self::Open { rate, .. } => Some(*rate),
            Self::Closed { .. } => None,
        }
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed { depth: Some(depth) } => write!(f, "closed loop, depth {depth}"),
            Self::Closed { depth: None } => f.write_str("stream"),
            Self::Open { rate, spacing, depth } => {
                let spacing = if *spacing == Spacing::Poisson { "poisson, " } else { "" };
                write!(f, "open loop, {rate}/s, {spacing}depth {depth}")
            }
        }
    }
}

/// When it is over: whichever comes first. One of them is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stop {
    /// Of the measured time.
    pub(crate) after: Option<Duration>,
    /// Messages answered.
    pub(crate) messages: Option<u64>,
    /// Bytes sent.
    pub(crate) bytes: Option<u64>,
}

/// The instants of an open loop, for all connections of all workers: message after message, for ever.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    rate: f64,
    spacing: Spacing,
    dice: Dice,
    number: u64,
    /// Where the last gap ended, in nanoseconds; only random gaps need it.
    at: f64,
}

/// One message of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// Which one it is, from 0; its connection is this number modulo how many there are.
    pub(crate) number: u64,
    /// Nanoseconds since the schedule began.
    pub(crate) at: u64,
}

impl Schedule {
    /// `rate` a second, above 0.
    pub(crate) fn new(rate: f64, spacing: Spacing, seed: u64) -> Self {
        Self { rate, spacing, dice: Dice::new(seed), number: 0, at: 0.0 }
    }
}

impl Iterator for Schedule {
    type Item = Due;

    fn next(&mut self) -> Option<Due> {
        let number = self.number;
        self.number += 1;
        let at = match self.spacing {
            // Multiplied, not added up: a million gaps of 1/3 us end where they should.
            Spacing::Even => number as f64 * 1e9 / self.rate,
            Spacing::Poisson => {
                self.at -= (1.0 - self.dice.fraction()).ln() * 1e9 / self.rate;
                self.at
            }
        };
        Some(Due { number, at: at as u64 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instants(rate: f64, spacing: Spacing, seed: u64) -> Vec<u64> {
        Schedule::new(rate, spacing, seed).take(100_000).map(|due| due.at).collect()
    }

    #[test]
    fn even_instants_do_not_drift() {
        let last = instants(30_000.0, Spacing::Even, 1)[90_000];
        assert_eq!(last, 3_000_000_000);
    }

    #[test]
    fn random_gaps_have_the_rate_and_the_spread_of_an_exponential() {
        let instants = instants(50_000.0, Spacing::Poisson, 7);
        let gaps: Vec<f64> = instants.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let spread = (gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64).sqrt();
        assert!((mean / 20_000.0 - 1.0).abs() < 0.02, "{mean}");
        assert!((spread / mean - 1.0).abs() < 0.02, "{spread} of {mean}");
    }

    #[test]
    fn the_same_seed_makes_the_same_instants_and_another_seed_others() {
        assert_eq!(instants(1000.0, Spacing::Poisson, 7), instants(1000.0, Spacing::Poisson, 7));
        assert_ne!(instants(1000.0, Spacing::Poisson, 7), instants(1000.0, Spacing::Poisson, 8));
    }
}
