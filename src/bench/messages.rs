//! Messages: the bytes that are said, each a pure function of seed, connection and number, so that nothing about a message
//! has to be kept to send the rest of it, or to compare what comes back. Pure; read by all connections at once.
//!
//! A numbered message begins with a block of `Pattern` that says which connection and number it is; behind it stands a
//! slice of one filler, from a place that depends on the number. Around it is what the framing wants: an echo in the
//! same framing sends the same bytes back, and these are what is compared.

use super::script::{Expect, Script};
use super::workload::{Checking, Saying, Sizes, Workload};
use crate::framing::{Codec, Delimiter, Framing, LONGEST_HEADER};
use crate::seeded::{BLOCK, Pattern, mix};

/// All that is said.
#[derive(Debug)]
pub(crate) struct Messages {
    text: Text,
    pub(super) framing: Framing,
    pub(super) checking: Checking,
}

#[derive(Debug)]
enum Text {
    Numbered(Numbered),
    /// One message, as it is on the wire.
    Same(Vec<u8>),
    Script(Lines),
}

impl Messages {
    /// Of a workload that [`Workload::check`] found right. Holds the largest message once.
    pub(crate) fn new(workload: &Workload) -> Self {
        let text = match &workload.saying {
            Saying::Numbered(sizes) => Text::Numbered(Numbered::new(sizes.clone(), workload)),
            Saying::Same { bytes, .. } => Text::Same(on_the_wire(workload.framing, bytes)),
            Saying::Script(script) => Text::Script(Lines::new(script, workload.framing)),
        };
        Self { text, framing: workload.framing, checking: workload.checking }
    }

    /// Message `number` of `connection`, with all that the framing puts around it.
    pub(crate) fn wire(&self, connection: u32, number: u64) -> Wire<'_> {
        match &self.text {
            Text::Numbered(numbered) => numbered.wire(self.framing, (connection, number)),
            Text::Same(bytes) => Wire::whole(bytes),
            Text::Script(lines) => Wire::whole(lines.request(number)),
        }
    }

    /// How many bytes it has on the wire. 0 is for a row of a script that says nothing: it only waits for an answer.
    pub(crate) fn length(&self, connection: u32, number: u64) -> usize {
        self.wire(connection, number).length()
    }

    /// How many messages from `number` on are rows of a script that send nothing: their answers come by themselves. Of a
    /// script that never sends anything there are none, or there would be no end of them.
    pub(crate) fn unasked(&self, number: u64) -> u64 {
        let Text::Script(lines) = &self.text else { return 0 };
        let rows = lines.requests.len() as u64;
        let unasked = (0..rows).take_while(|row| lines.request(number + row).is_empty()).count() as u64;
        if unasked < rows { unasked } else { 0 }
    }

    /// The number, modulo 2^30, of the message of `connection` that seems to begin at the start of `bytes`: its block
    /// says so, and no more was looked at. Nothing for messages that are not numbered or have less than a block.
    pub(crate) fn find(&self, connection: u32, bytes: &[u8]) -> Option<u64> {
        let Text::Numbered(numbered) = &self.text else { return None };
        let block = bytes.get(self.header_length()..)?.first_chunk()?;
        let index = numbered.pattern.index(block)?;
        (index >> NUMBER_BITS == u64::from(connection) & CONNECTIONS).then_some(index & NUMBERS)
    }

    /// How many bytes of an answer have to be right to be sure which one it is, where it has as many: its header, its
    /// block and a block's length of filler.
    pub(super) fn telling(&self) -> usize {
        self.header_length() + 2 * BLOCK
    }

    /// Whether some message cannot be told from another by its beginning.
    pub(super) fn identity(&self) -> Identity {
        match &self.text {
            Text::Numbered(numbered) if numbered.sizes.least() >= BLOCK => Identity::Block,
            Text::Numbered(_) => Identity::Neighbours,
            Text::Same(_) | Text::Script(_) => Identity::None,
        }
    }

    /// What the script wants as the answer to message `number`; `None` where what was said is to come back.
    pub(super) fn expected(&self, number: u64) -> Option<&Expect> {
        let Text::Script(lines) = &self.text else { return None };
        Some(&lines.script.row(lines.script.place(number)).expect)
    }

    /// Message `number` in a report: `message 17`, and where there is a script, `message 17 (exchange 2)`.
    pub(super) fn title(&self, number: u64) -> String {
        let Text::Script(lines) = &self.text else { return format!("message {number}") };
        format!("message {number} ({})", lines.script.title(lines.script.place(number)))
    }

    pub(super) fn is_script(&self) -> bool {
        matches!(self.text, Text::Script(_))
    }

    fn header_length(&self) -> usize {
        self.framing.header_of(0).1
    }
}

/// By what an answer can be told from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Identity {
    /// Every message says which one it is.
    Block,
    /// Some are shorter than a block: only by what comes behind them.
    Neighbours,
    /// All are the same.
    None,
}

/// One message as it is on the wire.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wire<'a> {
    /// The header and the block, or the head of it.
    front: [u8; FRONT],
    front_length: usize,
    body: &'a [u8],
    tail: &'static [u8],
}

impl<'a> Wire<'a> {
    fn whole(body: &'a [u8]) -> Self {
        Self { front: [0; FRONT], front_length: 0, body, tail: b"" }
    }

    /// In bytes.
    pub(crate) fn length(&self) -> usize {
        self.front_length + self.body.len() + self.tail.len()
    }

    /// Copies what stands at offset `from` and behind it to `out`, as much as there is or fits, and tells how much.
    pub(crate) fn write(&self, from: usize, out: &mut [u8]) -> usize {
        let (mut skip, mut written) = (from, 0);
        for part in self.parts() {
            let rest = part.get(skip..).unwrap_or_default();
            skip = skip.saturating_sub(part.len());
            let count = rest.len().min(out.len() - written);
            out[written..written + count].copy_from_slice(&rest[..count]);
            written += count;
        }
        written
    }

    /// How many of `bytes` are, from their beginning on, what stands at offset `from`.
    pub(crate) fn agree(&self, from: usize, bytes: &[u8]) -> usize {
        let (mut skip, mut same) = (from, 0);
        for part in self.parts() {
            let rest = part.get(skip..).unwrap_or_default();
            skip = skip.saturating_sub(part.len());
            let due = rest.len().min(bytes.len() - same);
            // Measured: to compare an empty part takes 45 ns, more than all the rest.
            if due == 0 {
                continue;
            }
            let came = &bytes[same..same + due];
            if rest[..due] != *came {
                return same + common(&rest[..due], came);
            }
            same += due;
        }
        same
    }

    fn parts(&self) -> [&[u8]; 3] {
        [&self.front[..self.front_length], self.body, self.tail]
    }
}

pub(super) fn common(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

#[derive(Debug)]
struct Numbered {
    sizes: Sizes,
    seed: u64,
    pattern: Pattern,
    /// As long as the largest message and what its beginning may be shifted by.
    filler: Vec<u8>,
}

impl Numbered {
    fn new(sizes: Sizes, workload: &Workload) -> Self {
        let mut filler = vec![0; SHIFTS + sizes.largest()];
        Pattern::new(workload.seed, FILLER).fill(0, &mut filler);
        Self { sizes, seed: workload.seed, pattern: Pattern::new(workload.seed, BLOCKS), filler }
    }

    fn wire(&self, framing: Framing, (connection, number): (u32, u64)) -> Wire<'_> {
        let size = self.size(connection, number);
        let index = (u64::from(connection) & CONNECTIONS) << NUMBER_BITS | number & NUMBERS;
        let (header, header_length) = framing.header_of(size);
        let mut front = [0; FRONT];
        front[..LONGEST_HEADER].copy_from_slice(&header);
        front[header_length..header_length + BLOCK].copy_from_slice(&self.pattern.block(index));
        let shift = (mix(index ^ self.seed) % SHIFTS as u64) as usize;
        let body = &self.filler[shift..shift + size.saturating_sub(BLOCK)];
        Wire { front, front_length: header_length + size.min(BLOCK), body, tail: tail(framing) }
    }

    fn size(&self, connection: u32, number: u64) -> usize {
        // A fixed size needs no hash.
        if let Sizes::Fixed(size) = self.sizes {
            return size as usize;
        }
        self.sizes.pick(mix(mix(self.seed ^ u64::from(connection)) ^ number))
    }
}

/// A script with its requests as they are on the wire.
#[derive(Debug)]
struct Lines {
    script: Script,
    /// Of `begin` and then of `exchanges`.
    requests: Vec<Vec<u8>>,
}

impl Lines {
    fn new(script: &Script, framing: Framing) -> Self {
        let wire = |send: Option<&[u8]>| send.map_or_else(Vec::new, |send| on_the_wire(framing, send));
        Self { script: script.clone(), requests: script.rows().map(|row| wire(row.send.as_deref())).collect() }
    }

    fn request(&self, number: u64) -> &[u8] {
        &self.requests[self.script.place(number)]
    }
}

/// A message and what the framing puts around it; what cannot be framed stays as it is, and `Workload::check` says so.
/// A line that ends already keeps its end.
fn on_the_wire(framing: Framing, message: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(message.len() + LONGEST_HEADER);
    let ended = framing == Framing::Burst || framing == Framing::Lines && message.ends_with(b"\n");
    if ended || Codec::new(framing).encode(message, Delimiter::Lf, &mut wire).is_err() {
        wire = message.to_vec();
    }
    wire
}

fn tail(framing: Framing) -> &'static [u8] {
    if framing == Framing::Lines { Delimiter::Lf.bytes() } else { b"" }
}

const FRONT: usize = LONGEST_HEADER + BLOCK;
/// A block's 48 bits: 18 for the connection, 30 for the number.
const NUMBER_BITS: u32 = 30;
pub(super) const NUMBERS: u64 = (1 << NUMBER_BITS) - 1;
const CONNECTIONS: u64 = (1 << 18) - 1;
/// So many bodies of one size are different; a page more of filler.
const SHIFTS: usize = 4096;
/// The two patterns of one seed.
const BLOCKS: usize = 1;
const FILLER: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Connecting;
    use proptest::prelude::*;
    use proptest::sample::select;

    fn messages(sizes: Sizes, framing: Framing, seed: u64) -> Messages {
        let saying = Saying::Numbered(sizes);
        Messages::new(&Workload { saying, framing, connecting: Connecting::Once, checking: Checking::EveryByte, seed })
    }

    fn whole(wire: Wire<'_>) -> Vec<u8> {
        let mut bytes = vec![0; wire.length() + 1];
        let written = wire.write(0, &mut bytes);
        bytes.truncate(written);
        bytes
    }

    proptest! {
        #[test]
        fn a_message_is_framed_printable_and_of_its_size(
            size in 1u32..300, framing in select(&Framing::ALL[..]), seed: u64, connection: u32, number: u64
        ) {
            let bytes = whole(messages(Sizes::Fixed(size), framing, seed).wire(connection, number));
            let mut codec = Codec::new(framing);
            codec.push(&bytes);
            let message = codec.finish().unwrap().unwrap();
            prop_assert_eq!((message.bytes.len(), codec.held()), (size as usize, 0));
            prop_assert!(message.bytes.iter().all(u8::is_ascii_graphic));
        }

        #[test]
        fn any_piece_of_a_message_is_the_same_as_cut_from_the_whole(
            framing in select(&Framing::ALL[..]), number: u64, (from, length) in (0usize..80, 0usize..80)
        ) {
            let messages = messages(Sizes::Between(1, 60), framing, 9);
            let wire = messages.wire(1, number);
            let bytes = whole(wire);
            let mut piece = vec![0; length];
            let written = wire.write(from, &mut piece);
            let due = bytes.get(from..).unwrap_or_default();
            prop_assert_eq!(&piece[..written], &due[..due.len().min(length)]);
            prop_assert_eq!(wire.agree(from, &piece[..written]), written);
            for at in 0..written {
                let mut wrong = piece[..written].to_vec();
                wrong[at] ^= 1;
                prop_assert_eq!(wire.agree(from, &wrong), at);
            }
        }

        #[test]
        fn a_message_says_which_one_it_is(
            size in 8u32..99, framing in select(&Framing::ALL[..]), connection in 0u32..1 << 18, number: u64
        ) {
            let messages = messages(Sizes::Between(size, 99), framing, 9);
            let bytes = whole(messages.wire(connection, number));
            prop_assert_eq!(messages.find(connection, &bytes), Some(number & NUMBERS));
            prop_assert_eq!(messages.find(connection ^ 1, &bytes), None);
            prop_assert_eq!(messages.find(connection, &bytes[1..]), None);
        }
    }

    #[test]
    fn the_same_seed_says_the_same_and_nothing_else_does() {
        let said = |seed, connection, number| {
            let messages = messages(Sizes::Between(10, 200), Framing::Lines, seed);
            whole(messages.wire(connection, number))
        };
        assert_eq!(said(1, 2, 3), said(1, 2, 3));
        for other in [said(2, 2, 3), said(1, 3, 3), said(1, 2, 4)] {
            assert_ne!(said(1, 2, 3), other);
        }
    }

    #[test]
    fn sizes_come_as_often_as_they_weigh() {
        for (sizes, size, least, most) in [
            (Sizes::Weighted(vec![(64, 90), (1400, 10)]), 1400, 900, 1100),
            (Sizes::Weighted(vec![(64, 1), (1400, 0)]), 1400, 0, 0),
            (Sizes::Between(5, 9), 9, 1900, 2100),
            (Sizes::Between(5, 9), 4, 0, 0),
            (Sizes::Between(5, 9), 10, 0, 0),
            (Sizes::Fixed(7), 7, 10_000, 10_000),
        ] {
            let messages = messages(sizes.clone(), Framing::Burst, 1);
            let count = (0..10_000).filter(|number| messages.length(0, *number) == size).count();
            assert!((least..=most).contains(&count), "{sizes:?}: {size} came {count} times");
        }
    }

    #[test]
    fn a_line_of_a_file_keeps_its_end() {
        for (framing, bytes, wire) in [
            (Framing::Burst, &b"a\nb"[..], &b"a\nb"[..]),
            (Framing::Lines, b"a", b"a\n"),
            (Framing::Lines, b"a\n", b"a\n"),
            (Framing::Lines, b"a\r\n", b"a\r\n"),
            (Framing::U16Be, b"a\n", b"\0\x02a\n"),
        ] {
            assert_eq!(on_the_wire(framing, bytes), wire);
        }
    }
}
