//! Count: answers are only counted, by their lengths; their bytes are not looked at.

use super::{Heard, Turn, counted, fault};
use crate::bench::fault::FaultKind;
use crate::bench::messages::Messages;

/// The answers of one connection.
#[derive(Debug)]
pub(super) struct Count {
    connection: u32,
    pub(super) turn: Turn,
    /// Bytes of the next answer that have come.
    offset: usize,
}

impl Count {
    pub(super) fn new(connection: u32, first: u64) -> Self {
        Self { connection, turn: Turn::new(first), offset: 0 }
    }

    pub(super) fn take(&mut self, messages: &Messages, bytes: &[u8], hear: &mut impl FnMut(Heard)) {
        let mut left = bytes.len();
        while self.turn.is_due() {
            let lacking = messages.length(self.connection, self.turn.next) - self.offset;
            if left < lacking {
                self.offset += left;
                return;
            }
            left -= lacking;
            self.offset = 0;
            hear(Heard::Answer(self.turn.pass()));
        }
        if left > 0 {
            let count = left as u64;
            let bytes = counted(count, "byte");
            hear(fault(
                FaultKind::Surplus,
                count,
                format!("message {}, byte 0: {bytes} before it was sent", self.turn.next),
            ));
        }
    }

    pub(super) fn end(&mut self, messages: &Messages, hear: &mut impl FnMut(Heard)) {
        if self.offset == 0 {
            return;
        }
        let lacking = messages.length(self.connection, self.turn.next) - self.offset;
        let what =
            format!("message {}, byte {}: {} lacking", self.turn.next, self.offset, counted(lacking as u64, "byte"));
        self.offset = 0;
        self.turn.pass();
        hear(fault(FaultKind::Cut, 1, what));
    }
}
