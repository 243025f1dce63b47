//! Frame: a server whose messages have a header of fixed length that holds their length. It answers each message by one
//! message with the same text, or with that text in upper case.

use std::time::{Duration, Instant};

use crate::check::case::{Lab, Part, Played, Role, Row};
use crate::check::document::{Level, Transport};
use crate::check::fault::Miss;
use crate::check::frame::Frame;
use crate::check::labs::framed::{answers, exchange, hear, shape, still_alive};
use crate::check::labs::start;
use crate::check::say;
use crate::check::stage::Stage;

pub(crate) const LAB: Lab = Lab {
    name: "frame",
    role: Role::Server,
    summary: "a TCP server that answers each message, which a header with its length precedes, by one with the same text or \
              with it in upper case",
    sheet: "sheet R, task 9",
    parts: &[start::SERVER, Part { prefix: "frame", rows: ROWS }],
    answers: |_| Vec::new(),
};

const ROWS: &[Row] = &[
    Row {
        name: "one",
        level: Level::Must,
        needs: &[],
        title: "a short message behind its length is answered by the same text behind its length",
        why: "a stream has no messages; who wants some has to say how long they are",
        bug: "the answer has no header, or another one than the question",
        fix: "send_text() and recv_text() for both sides, and nothing else on the connection",
        play: |stage| {
            let shape = shape(stage)?;
            let mut wire = stage.connect()?;
            let text = stage.letters(5);
            exchange(&mut wire, shape, &text)?;
            wire.expect_no_more()?;
            Ok((stage.setting.frame == Frame::Learned).then(|| format!("its messages are framed by {shape}")))
        },
    },
    Row {
        name: "sizes",
        level: Level::Must,
        needs: &["one"],
        title: "messages of 1, 9, 10, 99, 100, 1023 to 1025, 65535 and 65536 bytes are answered whole",
        why: "a length has more digits, and a message more segments, than in the first try",
        bug: "the header grows with the number; or one recv() is taken for the whole message",
        fix: "a header of fixed width, and a loop around recv() until the length is there",
        play: sizes,
    },
    Row {
        name: "header-bytewise",
        level: Level::Must,
        needs: &["one"],
        title: "a header that arrives byte by byte is put together",
        why: "recv(4) gives at most four bytes, and may give one",
        bug: "one recv() is taken for the whole header",
        fix: "recv_exactly(n) that loops until it has n bytes, for the header too",
        play: |stage| {
            let shape = shape(stage)?;
            let text = stage.letters(12);
            let header = shape.header(text.len() as u64).len();
            let message = shape.wrap(&text);
            let (head, body) = message.split_at(header);
            let pieces: Vec<&[u8]> = head.chunks(1).chain([body]).collect();
            in_pieces(stage, &pieces, &text, "sent the header byte by byte, and then the text")
        },
    },
    Row {
        name: "body-split",
        level: Level::Must,
        needs: &["one"],
        title: "a text that arrives in four pieces is put together",
        why: "TCP cuts where it likes",
        bug: "one recv(length) is taken for the whole text",
        fix: "recv_exactly(n) that loops until it has n bytes",
        play: |stage| {
            let shape = shape(stage)?;
            let text = stage.letters(300);
            let message = shape.wrap(&text);
            let header = shape.header(text.len() as u64).len();
            let pieces = [&message[..=header], &message[header + 1..150], &message[150..299], &message[299..]];
            in_pieces(stage, &pieces, &text, "sent the header and 1 byte, and the rest of 300 bytes in three pieces")
        },
    },
    Row {
        name: "glued",
        level: Level::Must,
        needs: &["one"],
        title: "two messages in one segment are answered one by one",
        why: "TCP joins what was sent separately",
        bug: "what is read behind the first message is thrown away, or taken for a part of it",
        fix: "read as many bytes as the header says and no more, or keep the rest for the next message",
        play: |stage| {
            let shape = shape(stage)?;
            let (first, second) = (stage.letters(9), stage.letters(17));
            let mut wire = stage.connect()?;
            wire.send(&[shape.wrap(&first), shape.wrap(&second)].concat())?;
            let did = "sent two messages in one segment";
            for text in [first, second] {
                hear(&mut wire, shape, &text).map_err(|m| m.with_did(did))?;
            }
            wire.expect_no_more().map_err(|m| m.with_did(did)).map(|()| None)
        },
    },
    Row {
        name: "glued-half",
        level: Level::Must,
        needs: &["glued"],
        title: "of two messages and half a header in one segment two are answered now, and the third when it is whole",
        why: "the end of a segment is nowhere in particular",
        bug: "half a header is thrown away, or read as if it were whole",
        fix: "recv_exactly(n) for the header; keep what is too little until there is more",
        play: glued_half,
    },
    Row {
        name: "bytes-not-chars",
        level: Level::Must,
        needs: &["one"],
        title: "the length of `привет` is 12",
        why: "what is sent is bytes, and a letter may have more than one",
        bug: "len() of the text instead of its bytes: half of the message is sent, or waited for",
        fix: "data = text.encode(), and then len(data)",
        play: |stage| {
            let shape = shape(stage)?;
            let mut wire = stage.connect()?;
            let text = ["привет ".as_bytes(), &stage.letters(3)].concat();
            exchange(&mut wire, shape, &text)?;
            // Who counts letters is one message behind by now.
            let text = stage.letters(5);
            exchange(&mut wire, shape, &text)?;
            wire.expect_no_more().map(|()| None)
        },
    },
    Row {
        name: "zero",
        level: Level::Should,
        needs: &["one"],
        title: "a message of no length ends nothing: the next one is answered",
        why: "an empty line is a message, and not the end of the conversation",
        bug: "an empty text is taken for the end of the connection",
        fix: "tell the end by an empty recv() of the header, not by an empty text",
        play: zero,
    },
    Row {
        name: "huge",
        level: Level::Should,
        needs: &["one"],
        title: "a header that announces 4 GiB takes no memory, and does no harm to others",
        why: "anybody can send four bytes",
        bug: "as many bytes as the header says are reserved at once",
        fix: "look at the length before using it, and end the connection where it is too much",
        play: huge,
    },
    Row {
        name: "garbage",
        level: Level::Should,
        needs: &["one"],
        title: "a header that is no length, such as `-5` or `abcd`, does no harm to others",
        why: "anybody can send anything",
        bug: "int() raises ValueError, and nobody catches it; or recv() is asked for less than nothing",
        fix: "end the connection where the header is no number of your range",
        play: garbage,
    },
    Row {
        name: "eof-inside",
        level: Level::Must,
        needs: &["one"],
        title: "where the client ends within a message the server closes, and serves the next",
        why: "programs are ended, and networks fail, in the middle of things",
        bug: "the loop that waits for the rest goes on for ever with empty results",
        fix: "where recv() returns nothing within a message, give up the connection",
        play: eof_inside,
    },
    Row {
        name: "one-write",
        level: Level::Extra,
        needs: &["one"],
        title: "50 short messages in turn take less than 20 ms each, the median of them",
        why: "a header and a text in two sends make Nagle's algorithm wait for an acknowledgement, 40 ms each",
        bug: "send(header) and then send(text)",
        fix: "send(header + text), or TCP_NODELAY",
        play: one_write,
    },
];

fn sizes(stage: &mut Stage) -> Played {
    let shape = shape(stage)?;
    let mut wire = stage.connect()?;
    let most = usize::try_from(shape.most()).unwrap_or(usize::MAX);
    let mut sizes = [1, 9, 10, 99, 100, 1023, 1024, 1025, 65535, 65536].map(|size: usize| size.min(most)).to_vec();
    sizes.dedup();
    for size in sizes {
        let text = stage.letters(size);
        exchange(&mut wire, shape, &text).map_err(|m| m.with_did(&format!("sent a message of {size} bytes")))?;
    }
    wire.expect_no_more().map(|()| None)
}

/// Says `pieces` one by one, which are one message with this text.
fn in_pieces(stage: &mut Stage, pieces: &[&[u8]], text: &[u8], did: &str) -> Played {
    let shape = shape(stage)?;
    let mut wire = stage.connect()?;
    for (at, piece) in pieces.iter().enumerate() {
        if at > 0 {
            wire.listen_for(GAP);
        }
        // Who has given up is found out by what it answers.
        if wire.send(piece).is_err() {
            break;
        }
    }
    hear(&mut wire, shape, text).map_err(|m| m.with_did(did))?;
    wire.expect_no_more().map_err(|m| m.with_did(did)).map(|()| None)
}

fn glued_half(stage: &mut Stage) -> Played {
    let shape = shape(stage)?;
    let texts = [stage.letters(9), stage.letters(17), stage.letters(11)];
    let [first, second, third] = texts.each_ref().map(|text| shape.wrap(text));
    let half = shape.header(texts[2].len() as u64).len() / 2;
    let mut wire = stage.connect()?;
    wire.send(&[&first[..], &second, &third[..half]].concat())?;
    let did = "sent two messages and half a header in one segment";
    for text in &texts[..2] {
        hear(&mut wire, shape, text).map_err(|m| m.with_did(did))?;
    }
    wire.expect_no_more().map_err(|m| m.with_did(did))?;
    let did = "sent two messages and half a header in one segment, took two answers, and sent the rest of the third";
    wire.send(&third[half..]).map_err(|m| m.with_did(did))?;
    hear(&mut wire, shape, &texts[2]).map_err(|m| m.with_did(did))?;
    wire.expect_no_more().map_err(|m| m.with_did(did)).map(|()| None)
}

fn zero(stage: &mut Stage) -> Played {
    let shape = shape(stage)?;
    let text = stage.letters(7);
    let mut wire = stage.connect()?;
    wire.send(&shape.wrap(b""))?;
    wire.listen_for(GAP);
    let did = format!("sent an empty message, and then {}", say::quoted(&text));
    wire.send(&shape.wrap(&text)).map_err(|m| m.with_did(&did))?;
    let answers = answers(shape, &text);
    let empty = shape.wrapped(b"");
    let both = empty.iter().flat_map(|empty| answers.iter().map(move |answer| [&empty[..], answer].concat()));
    let wants: Vec<Vec<u8>> = answers.iter().cloned().chain(both).collect();
    let want = "an empty message or nothing, and then the other text";
    let which = wire.expect_any(&wants).map_err(|m| m.with_did(&did).with_want(want))?;
    let said =
        if which < answers.len() { "it answers nothing to an empty message" } else { "it answers an empty message" };
    Ok(Some(said.to_owned()))
}

fn huge(stage: &mut Stage) -> Played {
    let shape = shape(stage)?;
    let announced = shape.most().min(u64::from(u32::MAX));
    if announced < LEAST_HUGE {
        return Err(Miss::skip(format!("a header like this announces at most {announced} bytes")));
    }
    let mut wire = stage.connect()?;
    let text = stage.letters(5);
    exchange(&mut wire, shape, &text)?;
    let before = stage.actor().map(|actor| actor.look().memory_bytes);
    let beginning = stage.letters(64 * 1024);
    let did = format!("sent a header that announces {announced} bytes, and 65536 of them");
    // Who refuses does not take them.
    let _ = wire.send(&[shape.header(announced), beginning].concat());
    wire.listen_for(Duration::from_millis(500));
    let refused = wire.end().is_some() || !wire.heard().is_empty();
    if let (Some(before), Some(actor)) = (before, stage.actor()) {
        let mib = actor.look().memory_bytes.saturating_sub(before) >> 20;
        if mib > MOST_GROWN {
            let got = format!("{mib} MiB of memory more than before");
            let fault = actor.fault(Transport::Answered, "it refuses, or waits, and takes little memory", got);
            return Err(fault.with_did(&did));
        }
    }
    wire.reset();
    still_alive(stage, shape, &did)?;
    Ok(Some(if refused { "it refuses them" } else { "it waits for them" }.to_owned()))
}

fn garbage(stage: &mut Stage) -> Played {
    let shape = shape(stage)?;
    let words = ["-5", "abcd"].into_iter().filter_map(|word| Some((word, shape.padded(word)?)));
    let words: Vec<_> = words.collect();
    if words.is_empty() {
        return Err(Miss::skip("every header of this kind is a length"));
    }
    for (word, header) in words {
        let mut wire = stage.connect()?;
        let text = stage.letters(8);
        wire.send(&[header, text].concat())?;
        wire.listen_for(Duration::from_millis(300));
        wire.reset();
        still_alive(stage, shape, &format!("sent `{word}` where a length belongs"))?;
    }
    Ok(None)
}

fn eof_inside(stage: &mut Stage) -> Played {
    let shape = shape(stage)?;
    let text = stage.letters(40);
    let message = shape.wrap(&text);
    let mut wire = stage.connect()?;
    let did = "sent half a message, and ended our side";
    wire.send(&message[..message.len() - 20])?;
    wire.fin();
    wire.listen_to_the_end();
    // It may say what is missing, or nothing.
    wire.take_heard();
    if wire.end().is_none() {
        wire.expect_end().map_err(|m| m.with_did(did))?;
    }
    still_alive(stage, shape, did).map(|()| None)
}

fn one_write(stage: &mut Stage) -> Played {
    let shape = shape(stage)?;
    let mut wire = stage.connect()?;
    let mut times = Vec::new();
    for _ in 0..50 {
        let text = stage.letters(16);
        let begun = Instant::now();
        exchange(&mut wire, shape, &text)?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let (quick, median) = (times[12], times[25]);
    let said = format!("median {:.1} ms", median.as_secs_f64() * 1000.0);
    // A machine that is busy is slow now and then; a program that waits is slow each time but the first ones, which
    // the kernel acknowledges at once.
    if median < Duration::from_millis(20) || quick < Duration::from_millis(15) {
        return Ok(Some(said));
    }
    let fault = wire.fault(Transport::Answered, "less than 20 ms", said);
    Err(fault.with_did("sent 50 messages of 16 bytes, each after the answer to the last"))
}

/// Longer than any delay that would join two segments on this machine, and short enough for a header of 64.
const GAP: Duration = Duration::from_millis(30);
/// Less is no burden to anybody.
const LEAST_HUGE: u64 = 1 << 28;
/// Of memory, in MiB, for a message that is not there.
const MOST_GROWN: u64 = 64;
