//! Reporter: the voice of one worker for one service. Session: the account of one conversation. Together they make
//! sure that a service author cannot forget to log.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use super::emitter::Emitter;
use super::pace::Allowance;
use super::tally::{Tally, Totals};
use super::{Class, Fact, Level, Trouble, Untrusted, Way};
use crate::net::{Ending, Endpoint};

/// Tells what one worker does for one service; stays on its thread.
#[derive(Debug)]
pub(crate) struct Reporter {
    emitter: Emitter,
    tally: Arc<Tally>,
    allowance: Allowance,
    /// The emitter's level, at hand for every message.
    level: Level,
}

/// One conversation, in numbers.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    /// What is not needed for every message lies apart, so that a busy connection stays within one line of the cache.
    beginning: Box<Beginning>,
}

#[derive(Debug)]
struct Beginning {
    id: u64,
    way: Way,
    opened: Instant,
}

impl Reporter {
    pub(super) fn new(emitter: Emitter, tally: Arc<Tally>) -> Self {
        let allowance = Allowance::new(&emitter.desk.window);
        let level = emitter.desk.level;
        Self { emitter, tally, allowance, level }
    }

    /// The same, but it never shows what was said.
    pub(crate) fn discreet(self) -> Self {
        Self { level: self.level.min(Level::Messages), ..self }
    }

    /// A conversation has begun.
    pub(crate) fn connected(&self, way: Way, peer: impl Into<Endpoint>, local: impl Into<Endpoint>) -> Session {
        let id = self.emitter.desk.next_conversation();
        let beginning = Box::new(Beginning { id, way, opened: Instant::now() });
        let session = Session { bytes_in: 0, bytes_out: 0, beginning };
        let fact = || Fact::Connect { way, peer: peer.into(), local: local.into() };
        self.note(&session, Totals::connected(), fact);
        session
    }

    /// `bytes` have come from the peer.
    #[inline]
    pub(crate) fn received(&self, session: &mut Session, bytes: &[u8]) {
        let count = bytes.len() as u64;
        session.bytes_in += count;
        self.note(session, Totals::received(count), || Fact::Receive { bytes: count, dump: self.dump(bytes) });
    }

    /// `bytes` have been handed to the system for the peer.
    #[inline]
    pub(crate) fn sent(&self, session: &mut Session, bytes: &[u8]) {
        let count = bytes.len() as u64;
        session.bytes_out += count;
        self.note(session, Totals::sent(count), || Fact::Send { bytes: count, dump: self.dump(bytes) });
    }

    /// `count` bytes have passed in both directions without being seen.
    pub(crate) fn passed(&self, session: &mut Session, count: [u64; 2]) {
        let [received, sent] = count;
        session.bytes_in += received;
        session.bytes_out += sent;
        if received > 0 {
            let fact = || Fact::Receive { bytes: received, dump: None };
            self.note(session, Totals::received(received), fact);
        }
        if sent > 0 {
            let fact = || Fact::Send { bytes: sent, dump: None };
            self.note(session, Totals::sent(sent), fact);
        }
    }

    /// The conversation is over.
    pub(crate) fn disconnected(&self, session: &Session, ending: Ending) {
        self.note(session, Totals::disconnected(), || Fact::Disconnect {
            way: session.beginning.way,
            ending,
            bytes_in: session.bytes_in,
            bytes_out: session.bytes_out,
            lasted: session.beginning.opened.elapsed(),
        });
    }

    /// Connections cannot be accepted now. The caller paces it.
    pub(crate) fn cannot_accept(&self, error: io::Error) {
        self.emitter.tell(self.tally.service, Fact::Lost { trouble: Trouble::Accept(error) });
    }

    #[inline]
    fn note(&self, session: &Session, counts: Totals, fact: impl FnOnce() -> Fact) {
        self.tally.count(counts);
        let class = counts.class();
        let needed = if class == Class::Detail { Level::Messages } else { Level::Connections };
        if self.level < needed {
            return;
        }
        if self.allowance.take(&self.emitter.desk.window, class) {
            self.emitter.send(self.tally.service, Some(session.beginning.id), fact());
        } else {
            self.tally.hide(counts);
        }
    }

    fn dump(&self, bytes: &[u8]) -> Option<Untrusted> {
        (self.level == Level::Bytes).then(|| Untrusted::cut(bytes, MOST_DUMPED))
    }
}

/// A line that shows more than this is not read by anybody.
const MOST_DUMPED: usize = 4096;
