//! HexDump: both directions as hexadecimal lines with times and offsets: `> 03:24:00.123 00000000  68 65 …  |he…|`.
//! `>` is what we sent, `<` what came. Each direction counts its own bytes.

use std::fmt::Write as _;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

/// A dump that several threads write to; lines stay whole.
pub(crate) struct HexDump(Mutex<State>);

struct State {
    out: Box<dyn Write + Send>,
    /// How many bytes went each way so far.
    offsets: [u64; 2],
}

/// Which way bytes went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Sent,
    Received,
}

impl HexDump {
    pub(crate) fn new(out: Box<dyn Write + Send>) -> Self {
        Self(Mutex::new(State { out, offsets: [0; 2] }))
    }

    /// Writes the bytes down; a dump that nobody reads any more hurts nobody.
    pub(super) fn dump(&self, direction: Direction, bytes: &[u8]) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let time = Timestamp::now().strftime("%H:%M:%S%.3f").to_string();
        let head = format!("{} {time}", if direction == Direction::Sent { '>' } else { '<' });
        let from = state.offsets[direction as usize];
        state.offsets[direction as usize] += bytes.len() as u64;
        for (block, at) in bytes.chunks(BLOCK).zip((from..).step_by(BLOCK)) {
            let _ = state.out.write_all(lines(&head, at, block).as_bytes());
        }
    }
}

impl std::fmt::Debug for HexDump {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HexDump")
    }
}

fn lines(head: &str, from: u64, bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() / ROW * 100 + 100);
    for (row, at) in bytes.chunks(ROW).zip((from..).step_by(ROW)) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{head} {at:08x} ");
        for column in 0..ROW {
            text.push_str(if column == ROW / 2 { "  " } else { " " });
            let _ = match row.get(column) {
                Some(byte) => write!(text, "{byte:02x}"),
                None => write!(text, "  "),
            };
        }
        text.push_str("  |");
        text.extend(row.iter().map(|byte| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' }));
        text.push_str("|\n");
    }
    text
}

const ROW: usize = 16;
/// Bytes whose lines are written at once.
const BLOCK: usize = 256 * ROW;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_offset_bytes_and_text() {
        let shown = lines("> 03:24:00.123", 16, b"hello\n");
        assert!(shown.starts_with("> 03:24:00.123 00000010  68 65 6c 6c 6f 0a   "), "{shown}");
        assert!(shown.ends_with("   |hello.|\n"), "{shown}");
        let full = lines("<", 0, b"0123456789abcdef!");
        let texts: Vec<_> = full.lines().map(|line| line.find('|')).collect();
        assert_eq!(texts[0], texts[1], "{full}");
        assert_eq!(full.lines().count(), 2);
        assert!(full.contains("36 37  38 39"), "{full}");
        assert!(full.contains("< 00000010  21"), "{full}");
    }
}
