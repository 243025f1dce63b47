//! Tally: one worker's counters for one service. They are written by that worker alone and read by anybody, so adding
//! costs no lock and nothing is ever lost.

use std::ops::{Add, AddAssign, Sub};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::Class;

/// What happened so far, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) connected: u64,
    pub(crate) disconnected: u64,
    pub(crate) received: u64,
    pub(crate) received_bytes: u64,
    pub(crate) sent: u64,
    pub(crate) sent_bytes: u64,
}

impl Totals {
    pub(super) const fn connected() -> Self {
        Self { connected: 1, ..Self::ZERO }
    }

    pub(super) const fn disconnected() -> Self {
        Self { disconnected: 1, ..Self::ZERO }
    }

    pub(super) const fn received(bytes: u64) -> Self {
        Self { received: 1, received_bytes: bytes, ..Self::ZERO }
    }

    pub(super) const fn sent(bytes: u64) -> Self {
        Self { sent: 1, sent_bytes: bytes, ..Self::ZERO }
    }

    /// The kind of what is counted, where it is one event.
    #[inline]
    pub(super) fn class(&self) -> Class {
        if self.connections() > 0 { Class::Connection } else { Class::Detail }
    }

    /// Receipts and sendings.
    pub(super) fn details(&self) -> u64 {
        self.received + self.sent
    }

    /// Connects and disconnects.
    pub(super) fn connections(&self) -> u64 {
        self.connected + self.disconnected
    }

    const ZERO: Self = Self { connected: 0, disconnected: 0, received: 0, received_bytes: 0, sent: 0, sent_bytes: 0 };

    fn zip(self, other: Self, with: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            connected: with(self.connected, other.connected),
            disconnected: with(self.disconnected, other.disconnected),
            received: with(self.received, other.received),
            received_bytes: with(self.received_bytes, other.received_bytes),
            sent: with(self.sent, other.sent),
            sent_bytes: with(self.sent_bytes, other.sent_bytes),
        }
    }
}

impl Add for Totals {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.zip(other, u64::wrapping_add)
    }
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Totals {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.zip(other, u64::wrapping_sub)
    }
}

/// Counters with one writer and any number of readers.
#[derive(Debug, Default)]
struct Counters {
    connected: AtomicU64,
    disconnected: AtomicU64,
    received: AtomicU64,
    received_bytes: AtomicU64,
    sent: AtomicU64,
    sent_bytes: AtomicU64,
}

impl Counters {
    /// Only the one writer may call it: a load and a store are then enough.
    #[inline]
    fn add(&self, more: Totals) {
        let bump = |counter: &AtomicU64, by: u64| {
            if by > 0 {
                counter.store(counter.load(Relaxed).wrapping_add(by), Relaxed);
            }
        };
        bump(&self.connected, more.connected);
        bump(&self.disconnected, more.disconnected);
        bump(&self.received, more.received);
        bump(&self.received_bytes, more.received_bytes);
        bump(&self.sent, more.sent);
        bump(&self.sent_bytes, more.sent_bytes);
    }

    fn read(&self) -> Totals {
        Totals {
            connected: self.connected.load(Relaxed),
            disconnected: self.disconnected.load(Relaxed),
            received: self.received.load(Relaxed),
            received_bytes: self.received_bytes.load(Relaxed),
            sent: self.sent.load(Relaxed),
            sent_bytes: self.sent_bytes.load(Relaxed),
        }
    }
}

/// What one worker did for one service: in all, and what of it was not told line by line.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) service: &'static str,
    all: Counters,
    hidden: Counters,
}

impl Tally {
    pub(super) fn new(service: &'static str) -> Self {
        Self { service, all: Counters::default(), hidden: Counters::default() }
    }

    #[inline]
    pub(super) fn count(&self, more: Totals) {
        self.all.add(more);
    }

    #[inline]
    pub(super) fn hide(&self, more: Totals) {
        self.hidden.add(more);
    }

    pub(super) fn all(&self) -> Totals {
        self.all.read()
    }

    pub(super) fn hidden(&self) -> Totals {
        self.hidden.read()
    }
}
