//! What holds for a codec whatever it is fed. The properties, the corpora and the fuzz targets all look here.

use sockeye::framing::{Codec, Delimiter, Framing, FramingError, Message};

/// Bursts: the first byte says how, see [`check`]; the others are the stream.
pub(crate) fn burst(input: &[u8]) {
    if let Some((how, bytes)) = input.split_first() {
        check(Framing::Burst, *how, bytes);
        check_silence(*how, bytes);
    }
}

/// Lines: as [`burst`].
pub(crate) fn lines(input: &[u8]) {
    if let Some((how, bytes)) = input.split_first() {
        check(Framing::Lines, *how, bytes);
    }
}

/// Length headers: the first byte chooses the header (`0` to `5` in the order of [`HEADERS`]), the rest is as in
/// [`burst`].
pub(crate) fn length(input: &[u8]) {
    if let [which, how, bytes @ ..] = input {
        check(HEADERS[usize::from(*which) % HEADERS.len()], *how, bytes);
    }
}

/// What can be said of every framing. `how` chooses the bound (`0` to `3` in the order of [`BOUNDS`]) and a cut.
pub(crate) fn check(framing: Framing, how: u8, bytes: &[u8]) {
    let bound = bound(how);
    let whole = read(framing, bound, bytes.chunks(bytes.len().max(1)));
    assert_eq!(read(framing, bound, bytes.chunks(1)), whole, "byte by byte");
    assert_eq!(read(framing, bound, bytes.chunks(cut(how))), whole, "cut every {}", cut(how));
    check_saying_again(framing, bytes, &whole);
    for end in [Delimiter::None, Delimiter::Lf, Delimiter::CrLf] {
        check_saying_once(framing, &bytes[..bytes.len().min(bound).min(MOST_IN_16_BITS)], end);
    }
}

/// A burst ended by silence behind every piece: nothing is lost, and nothing runs together.
fn check_silence(how: u8, bytes: &[u8]) {
    let most = bound(how);
    let mut codec = Codec::bounded(Framing::Burst, most);
    let mut said = Vec::new();
    for mut piece in bytes.chunks(cut(how)) {
        while !piece.is_empty() {
            piece = &piece[codec.push(piece)..];
            loop {
                match codec.silence() {
                    Ok(Some(message)) => {
                        assert!(message.bytes.len() <= most && !message.bytes.contains(&b'\n'));
                        said.extend_from_slice(&message.bytes);
                        said.extend_from_slice(message.end.bytes());
                    }
                    Ok(None) => break,
                    Err(error) => {
                        assert_eq!(error, FramingError::TooLong { most });
                        return assert!(bytes.starts_with(&said));
                    }
                }
            }
            assert_eq!(codec.held(), 0);
        }
    }
    assert_eq!(said, bytes);
}

/// What has been read is said again: the same messages, and the same bytes where a length is written in one way only.
fn check_saying_again(framing: Framing, bytes: &[u8], (messages, error): &Reading) {
    let mut said = Vec::new();
    for message in messages {
        Codec::new(framing).encode(&message.bytes, message.end, &mut said).expect("it has come");
    }
    let again = read(framing, usize::MAX, said.chunks(said.len().max(1)));
    assert_eq!((&again.0, &again.1), (messages, &None));
    if framing != Framing::Ascii10 {
        assert!(bytes.starts_with(&said));
        assert!(error.is_some() || said.len() == bytes.len());
    }
}

/// Any bytes are one message, or are refused because they would fall apart.
fn check_saying_once(framing: Framing, bytes: &[u8], end: Delimiter) {
    let mut said = Vec::new();
    let encoded = Codec::new(framing).encode(bytes, end, &mut said);
    let (messages, error) = read(framing, bytes.len(), said.chunks(said.len().max(1)));
    if encoded.is_err() {
        assert_eq!((encoded, said.len()), (Err(FramingError::HoldsDelimiter), 0));
        assert!(bytes.contains(&b'\n') || bytes.ends_with(b"\r"));
    } else if said.is_empty() {
        // Of a burst without a delimiter nobody hears when it is empty.
        assert_eq!((framing, bytes), (Framing::Burst, &b""[..]));
    } else {
        assert_eq!((messages.len(), error), (1, None));
        assert_eq!(messages[0].bytes, bytes);
    }
}

/// The messages, and the error that ended them, where one did.
type Reading = (Vec<Message>, Option<FramingError>);

fn read<'b>(framing: Framing, bound: usize, pieces: impl Iterator<Item = &'b [u8]>) -> Reading {
    let mut codec = Codec::bounded(framing, bound);
    let mut messages = Vec::new();
    let mut keep = |decoded: Result<Option<Message>, FramingError>| {
        let Some(message) = decoded? else { return Ok(false) };
        assert!(
            message.bytes.len() <= bound && message.bytes.capacity() <= bound.saturating_add(LONGEST_HEADER).max(8)
        );
        messages.push(message);
        Ok(true)
    };
    let run = || {
        for mut piece in pieces {
            while !piece.is_empty() {
                let taken = codec.push(piece);
                piece = &piece[taken..];
                assert!(taken > 0 && codec.held() <= bound.saturating_add(LONGEST_HEADER));
                while keep(codec.decode())? {}
                assert!(codec.room() > 0);
            }
        }
        while keep(codec.finish())? {}
        assert_eq!(codec.held(), 0);
        Ok(())
    };
    let error: Option<FramingError> = run().err();
    if let Some(error) = &error {
        assert_eq!((codec.push(b"\n"), codec.held()), (0, 0));
        assert_eq!((codec.decode(), codec.finish()), (Err(error.clone()), Err(error.clone())));
    }
    (messages, error)
}

fn bound(how: u8) -> usize {
    BOUNDS[usize::from(how) % BOUNDS.len()]
}

fn cut(how: u8) -> usize {
    usize::from(how) / BOUNDS.len() + 1
}

const BOUNDS: [usize; 4] = [8, 300, 65536, 0];
const HEADERS: [Framing; 6] =
    [Framing::U16Be, Framing::U16Le, Framing::U32Be, Framing::U32Le, Framing::U64Be, Framing::Ascii10];
const LONGEST_HEADER: usize = 10;
const MOST_IN_16_BITS: usize = 0xffff;
