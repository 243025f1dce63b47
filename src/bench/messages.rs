//! Messages: what each one looks like on the wire. Every byte follows from the seed, the connection and the message's
//! number, so nothing that was said has to be kept to judge its answer. Pure.
//!
//! A numbered message begins with a block of eight characters that can be read back to its connection and number
//! (`seeded::Pattern`); the rest is cut from one long filler, at a place that the number decides, so that bodies of
//! different messages differ. Shorter ones are the head of their block. A framing goes around it.

use super::script::Script;
use super::workload::{Checking, Connecting, Saying, Sizes, Workload};
use crate::framing::{Codec, Delimiter, Framing, Header, LARGEST_MESSAGE};
use crate::seeded::{BLOCK, Pattern, mix};

/// What all connections of a worker say.
#[derive(Debug)]
pub(crate) struct Messages {
    kind: Kind,
    framing: Framing,
    pub(super) checking: Checking,
    connecting: Connecting,
    pattern: Pattern,
    seed: u64,
}

#[derive(Debug)]
enum Kind {
    Numbered { sizes: Sizes, filler: Box<[u8]> },
    Same(Box<[u8]>),
    Script { script: Script, wires: Box<[Box<[u8]>]> },
}

/// One message on the wire, in its three parts.
pub(super) struct Wire<'a> {
    head: [u8; MOST_HEAD],
    head_length: usize,
    body: &'a [u8],
    tail: &'static [u8],
}

impl Messages {
    /// As many connections have contents of their own.
    pub(crate) const MOST_CONNECTIONS: u32 = 1 << (48 - NUMBER_BITS);

    /// Those of a workload that [`Workload::check`] allows.
    pub(crate) fn new(workload: &Workload) -> Self {
        let seed = workload.seed;
        let kind = match &workload.saying {
            Saying::Numbered(sizes) => {
                let mut filler = vec![0; PLACES + sizes.largest() as usize];
                Pattern::new(seed, FILLER).fill(0, &mut filler);
                Kind::Numbered { sizes: sizes.clone(), filler: filler.into() }
            }
            Saying::Same { bytes, .. } => Kind::Same(bytes.clone().into()),
            Saying::Script(script) => {
                let wire = |number| wire_of(script.row(number).send.as_deref(), workload.framing);
                Kind::Script { script: script.clone(), wires: (0..script.len()).map(wire).collect() }
            }
        };
        Self {
            kind,
            framing: workload.framing,
            checking: workload.checking,
            connecting: workload.connecting,
            pattern: Pattern::new(seed, BLOCKS),
            seed: mix(seed),
        }
    }

    /// How many messages a connection is for, where it is not for all.
    pub(super) fn in_one_connection(&self) -> Option<u64> {
        let all = match &self.kind {
            Kind::Script { script, .. } => script.len(),
            _ => 1,
        };
        (self.connecting == Connecting::Anew).then_some(all)
    }

    pub(super) fn script(&self) -> Option<(&Script, Framing)> {
        match &self.kind {
            Kind::Script { script, .. } => Some((script, self.framing)),
            _ => None,
        }
    }

    /// Bytes on the wire; 0 for a row of a script that only waits.
    pub(super) fn length(&self, connection: u32, number: u64) -> usize {
        let around = |length| self.header().map_or(0, Header::length) + length + self.tail().len();
        match &self.kind {
            Kind::Numbered { sizes, .. } => around(sizes.of(self.dice(connection, number)) as usize),
            Kind::Same(bytes) => around(bytes.len()),
            Kind::Script { .. } => self.script_wire(number).len(),
        }
    }

    /// Copies what stands from offset `from` on, as much as fits, and tells how much that is.
    pub(super) fn write(&self, connection: u32, number: u64, from: usize, out: &mut [u8]) -> usize {
        self.wire(connection, number).write(from, out)
    }

    pub(super) fn wire(&self, connection: u32, number: u64) -> Wire<'_> {
        let mut wire = Wire { head: [0; MOST_HEAD], head_length: 0, body: &[], tail: self.tail() };
        match &self.kind {
            Kind::Script { .. } => {
                (wire.body, wire.tail) = (self.script_wire(number), &[]);
            }
            Kind::Same(bytes) => {
                wire.announce(self.header(), bytes.len());
                wire.body = bytes;
            }
            Kind::Numbered { sizes, filler } => {
                let dice = self.dice(connection, number);
                let size = sizes.of(dice) as usize;
                wire.announce(self.header(), size);
                let block = self.pattern.block(index(connection, number));
                let of_block = size.min(BLOCK);
                wire.head[wire.head_length..wire.head_length + of_block].copy_from_slice(&block[..of_block]);
                wire.head_length += of_block;
                // The upper bits; the lower ones decide the size.
                let place = (dice >> 40) as usize % PLACES;
                wire.body = &filler[place..place + size - of_block];
            }
        }
        wire
    }

    /// Which message of this connection begins here, as far as its first bytes tell: the one nearest to `near`.
    pub(super) fn named(&self, connection: u32, bytes: &[u8], near: u64) -> Option<u64> {
        let Kind::Numbered { .. } = &self.kind else { return None };
        let from = self.header().map_or(0, Header::length);
        let block = bytes.get(from..from + BLOCK)?.first_chunk()?;
        let index = self.pattern.index(block)?;
        (index >> NUMBER_BITS == u64::from(connection)).then(|| nearest(index & NUMBER_MASK, near))
    }

    fn header(&self) -> Option<Header> {
        Header::of(self.framing)
    }

    fn tail(&self) -> &'static [u8] {
        if self.framing == Framing::Lines { Delimiter::Lf.bytes() } else { &[] }
    }

    /// What chance says of a message.
    fn dice(&self, connection: u32, number: u64) -> u64 {
        mix(self.seed ^ index(connection, number))
    }

    fn script_wire(&self, number: u64) -> &[u8] {
        let Kind::Script { script, wires } = &self.kind else { return &[] };
        let begun = script.begin.len() as u64;
        let row = number.checked_sub(begun).map_or(number, |number| begun + number % script.exchanges.len() as u64);
        &wires[row as usize]
    }
}

fn wire_of(send: Option<&[u8]>, framing: Framing) -> Box<[u8]> {
    let mut wire = Vec::new();
    match (send, framing) {
        (None, _) => {}
        (Some(send), Framing::Burst) => wire.extend_from_slice(send),
        (Some(send), framing) => {
            let fits = Codec::new(framing).encode(send, Delimiter::Lf, &mut wire);
            debug_assert!(fits.is_ok(), "the workload was not checked");
        }
    }
    wire.into()
}

fn index(connection: u32, number: u64) -> u64 {
    u64::from(connection % Messages::MOST_CONNECTIONS) << NUMBER_BITS | number & NUMBER_MASK
}

/// The number with these lower bits that is nearest to `near`.
fn nearest(low: u64, near: u64) -> u64 {
    let period = NUMBER_MASK + 1;
    let same = near & !NUMBER_MASK | low;
    [same.checked_sub(period), Some(same), same.checked_add(period)]
        .into_iter()
        .flatten()
        .min_by_key(|number| number.abs_diff(near))
        .unwrap_or(same)
}

impl Wire<'_> {
    fn announce(&mut self, header: Option<Header>, length: usize) {
        if let Some(header) = header {
            let mut bytes = Vec::with_capacity(MOST_HEAD);
            header.write(length as u64, &mut bytes);
            self.head[..bytes.len()].copy_from_slice(&bytes);
            self.head_length = bytes.len();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.head_length + self.body.len() + self.tail.len()
    }

    fn parts(&self) -> [&[u8]; 3] {
        [&self.head[..self.head_length], self.body, self.tail]
    }

    pub(super) fn write(&self, mut from: usize, out: &mut [u8]) -> usize {
        let mut filled = 0;
        for part in self.parts() {
            let rest = part.get(from..).unwrap_or_default();
            from = from.saturating_sub(part.len());
            let count = rest.len().min(out.len() - filled);
            out[filled..filled + count].copy_from_slice(&rest[..count]);
            filled += count;
        }
        filled
    }

    /// How many of `bytes`, at their beginning, are what stands at offset `from`.
    pub(super) fn agree(&self, mut from: usize, bytes: &[u8]) -> usize {
        let mut right = 0;
        for part in self.parts() {
            let rest = part.get(from..).unwrap_or_default();
            from = from.saturating_sub(part.len());
            let came = &bytes[right..];
            let count = rest.len().min(came.len());
            if rest[..count] != came[..count] {
                return right + rest.iter().zip(came).take_while(|(a, b)| a == b).count();
            }
            right += count;
        }
        right
    }
}

impl Sizes {
    /// The size that chance picks, by its lower 32 bits.
    fn of(&self, dice: u64) -> u32 {
        let dice = dice & 0xffff_ffff;
        match self {
            Self::Fixed(size) => *size,
            Self::Between(least, most) => least + (dice * (u64::from(most - least) + 1) >> 32) as u32,
            Self::Weighted(sizes) => {
                let all: u64 = sizes.iter().map(|(_, weight)| u64::from(*weight)).sum();
                let mut at = (u128::from(dice) * u128::from(all) >> 32) as u64;
                for (size, weight) in sizes {
                    match at.checked_sub(u64::from(*weight)) {
                        None => return *size,
                        Some(rest) => at = rest,
                    }
                }
                sizes.last().map_or(1, |(size, _)| *size)
            }
        }
    }

    fn largest(&self) -> u32 {
        match self {
            Self::Fixed(size) | Self::Between(_, size) => *size,
            Self::Weighted(sizes) => sizes.iter().map(|(size, _)| *size).max().unwrap_or(1),
        }
    }
}

impl Workload {
    /// Why it cannot be said, if so, in one sentence.
    ///
    /// # Errors
    /// Where messages do not fit their framing.
    pub(crate) fn check(&self) -> Result<(), String> {
        if let Saying::Script(script) = &self.saying {
            return script.misfit(self.framing).map_or(Ok(()), |why| Err(format!("{}: {why}", script.name)));
        }
        let (largest, holds_line_end) = match &self.saying {
            Saying::Same { bytes, .. } => (bytes.len(), bytes.contains(&b'\n') || bytes.ends_with(b"\r")),
            Saying::Numbered(sizes) => (sizes.largest() as usize, false),
            Saying::Script(_) => return Ok(()),
        };
        let most = match (self.framing, Header::of(self.framing)) {
            (Framing::Burst, _) => return Ok(()),
            (_, Some(header)) => header.most().min(LARGEST_MESSAGE as u64),
            (_, None) => LARGEST_MESSAGE as u64,
        };
        if largest as u64 > most {
            return Err(format!(
                "a message of {largest} bytes is too long for --framing {}, which has room for {most}",
                self.framing
            ));
        }
        if self.framing == Framing::Lines && holds_line_end {
            return Err(
                "the file holds a line end, so it is no message of --framing lines; choose another framing".into()
            );
        }
        Ok(())
    }
}

/// Of the 48 bits that a block holds; the rest is the connection.
const NUMBER_BITS: u32 = 30;
const NUMBER_MASK: u64 = (1 << NUMBER_BITS) - 1;
/// Places in the filler where a body may begin.
const PLACES: usize = 4096;
/// The longest header and a block.
const MOST_HEAD: usize = 10 + BLOCK;
/// Two keys of one seed, as if of two clients.
const BLOCKS: usize = 1;
const FILLER: usize = 2;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn workload(saying: Saying, framing: Framing) -> Workload {
        Workload { saying, framing, connecting: Connecting::Once, checking: Checking::EveryByte, seed: 7 }
    }

    fn whole(messages: &Messages, connection: u32, number: u64) -> Vec<u8> {
        let mut out = vec![0; messages.length(connection, number)];
        assert_eq!(messages.write(connection, number, 0, &mut out), out.len());
        out
    }

    fn any_framing() -> impl Strategy<Value = Framing> {
        prop::sample::select(Framing::ALL.to_vec())
    }

    proptest! {
        #[test]
        fn any_piece_is_cut_from_the_whole_and_agrees_with_it(
            (least, more) in (1u32..40, 0u32..600), framing in any_framing(), number: u64, from in 0usize..700, length in 0usize..700,
        ) {
            let messages = Messages::new(&workload(Saying::Numbered(Sizes::Between(least, least + more)), framing));
            let whole = whole(&messages, 3, number);
            let mut piece = vec![0; length];
            let filled = messages.write(3, number, from, &mut piece);
            let expected = whole.get(from..).unwrap_or_default();
            prop_assert_eq!(&piece[..filled], &expected[..expected.len().min(length)]);
            let wire = messages.wire(3, number);
            prop_assert_eq!(wire.agree(from, &piece[..filled]), filled);
            if filled > 0 {
                piece[filled / 2] ^= 1;
                prop_assert_eq!(wire.agree(from, &piece[..filled]), filled / 2);
            }
        }

        #[test]
        fn a_message_says_which_one_it_is(number in 0u64..1 << 40, connection in 0..Messages::MOST_CONNECTIONS, framing in any_framing()) {
            let messages = Messages::new(&workload(Saying::Numbered(Sizes::Fixed(64)), framing));
            let whole = whole(&messages, connection, number);
            prop_assert_eq!(messages.named(connection, &whole, number.saturating_sub(1000)), Some(number));
            prop_assert_eq!(messages.named(connection + 1, &whole, number), None);
        }

        #[test]
        fn a_framed_message_is_one_to_whoever_speaks_the_framing(number: u64, framing in any_framing()) {
            prop_assume!(framing != Framing::Burst);
            let messages = Messages::new(&workload(Saying::Numbered(Sizes::Between(1, 900)), framing));
            let mut codec = Codec::new(framing);
            codec.push(&whole(&messages, 1, number));
            prop_assert!(codec.decode().unwrap().is_some());
            prop_assert_eq!(codec.held(), 0);
        }
    }

    #[test]
    fn the_same_seed_says_the_same_and_bodies_differ() {
        let numbered = || workload(Saying::Numbered(Sizes::Fixed(100)), Framing::Burst);
        let (one, other) = (Messages::new(&numbered()), Messages::new(&Workload { seed: 8, ..numbered() }));
        assert_eq!(whole(&one, 1, 5), whole(&Messages::new(&numbered()), 1, 5));
        assert_ne!(whole(&one, 1, 5), whole(&other, 1, 5));
        assert_ne!(whole(&one, 1, 5)[8..], whole(&one, 1, 6)[8..]);
        assert_ne!(whole(&one, 1, 5)[8..], whole(&one, 2, 5)[8..]);
    }

    #[test]
    fn sizes_come_as_often_as_they_weigh() {
        let sizes = Sizes::Weighted(vec![(10, 90), (1000, 10)]);
        let large = (0..10_000).filter(|number| sizes.of(mix(*number)) == 1000).count();
        assert!((900..1100).contains(&large), "{large}");
        let between: Vec<u32> = (0..1000).map(|number| Sizes::Between(1, 3).of(mix(number))).collect();
        assert!((1..=3).all(|size| between.contains(&size)) && between.iter().all(|size| (1..=3).contains(size)));
    }

    #[test]
    fn what_does_not_fit_its_framing_is_refused() {
        let numbered = |size, framing| workload(Saying::Numbered(Sizes::Fixed(size)), framing).check();
        assert!(numbered(100_000, Framing::Burst).is_ok());
        assert!(numbered(65_536, Framing::U16Be).unwrap_err().contains("65535"));
        assert!(numbered(65_537, Framing::U32Be).is_err());
        let same = Saying::Same { bytes: b"a\nb".to_vec(), name: "f".into() };
        assert!(workload(same, Framing::Lines).check().unwrap_err().contains("line end"));
    }
}
