//! Signs: what gives a protocol away, one function for each row of the table. They are strict, because every answer is
//! shown to all of them. Pure.

use jiff::Timestamp;

use super::probe::{Answer, Told};
use crate::event::Untrusted;

/// RFC 862; whatever question it was that came back.
pub(super) fn echo(answer: &Answer) -> Option<Told> {
    ours(answer, answer.sent, "our own bytes came back").filter(|_| !answer.after_end)
}

pub(super) fn upper(answer: &Answer) -> Option<Told> {
    ours(answer, &answer.sent.to_ascii_uppercase(), "our own bytes came back in upper case")
}

pub(super) fn prefix(answer: &Answer) -> Option<Told> {
    starts(answer, b"SERVER RECEIVED: ")
}

pub(super) fn collect(answer: &Answer) -> Option<Told> {
    ours(answer, answer.sent, "our own bytes came back once our side had ended").filter(|_| answer.after_end)
}

pub(super) fn ssh(answer: &Answer) -> Option<Told> {
    starts(answer, b"SSH-")
}

pub(super) fn smtp(answer: &Answer) -> Option<Told> {
    greeting(answer, &["220", "421", "554"], "SMTP", &[25, 465, 587, 2525])
}

pub(super) fn ftp(answer: &Answer) -> Option<Told> {
    greeting(answer, &["220", "120", "421"], "FTP", &[21, 990, 2121])
}

pub(super) fn nntp(answer: &Answer) -> Option<Told> {
    greeting(answer, &["200", "201"], "NNTP", &[119, 563])
}

/// RFC 3501 section 7.1.
pub(super) fn imap(answer: &Answer) -> Option<Told> {
    starts(answer, b"* OK").or_else(|| starts(answer, b"* PREAUTH")).or_else(|| starts(answer, b"* BYE"))
}

/// RFC 1939 section 4. As an answer, `+OK` is said by many.
pub(super) fn pop3(answer: &Answer) -> Option<Told> {
    starts(answer, b"+OK").filter(|_| answer.sent.is_empty() || [110, 995].contains(&answer.port))
}

/// A packet is a length of three bytes, a number, and here either protocol 10 and a version, or an error and its words.
pub(super) fn mysql(answer: &Answer) -> Option<Told> {
    let (head, body) = answer.bytes.split_at_checked(4)?;
    let length = usize::from(head[0]) | usize::from(head[1]) << 8 | usize::from(head[2]) << 16;
    if head[3] != 0 || length < body.len() || length > super::LARGEST {
        return None;
    }
    match body {
        [10, rest @ ..] => {
            let version = &rest[..rest.iter().position(|byte| *byte == 0)?];
            version.first()?.is_ascii_digit().then(|| is(format!("protocol 10, version {}", shown(version))))
        }
        [0xff, _, _, words @ ..] if words.is_ascii() && !words.is_empty() => Some(is(shown(words))),
        _ => None,
    }
}

/// RFC 6143 section 7.1.1.
pub(super) fn rfb(answer: &Answer) -> Option<Told> {
    starts(answer, b"RFB 0")
}

pub(super) fn rsync(answer: &Answer) -> Option<Told> {
    starts(answer, b"@RSYNCD: ")
}

pub(super) fn svn(answer: &Answer) -> Option<Told> {
    starts(answer, b"( success ( ")
}

pub(super) fn nats(answer: &Answer) -> Option<Told> {
    starts(answer, b"INFO {")
}

pub(super) fn irc(answer: &Answer) -> Option<Told> {
    let line = first_line(answer.bytes);
    let words = line.strip_prefix(b":").and_then(|line| line.splitn(2, |byte| *byte == b' ').nth(1)).unwrap_or(line);
    (words.starts_with(b"NOTICE AUTH ") || words.starts_with(b"NOTICE * ")).then(|| is(shown(line)))
}

/// RFC 864: mostly begins at the first printable character.
pub(super) fn chargen(answer: &Answer) -> Option<Told> {
    answer
        .bytes
        .windows(16)
        .next()
        .filter(|start| start.windows(2).all(|pair| pair[0].checked_add(1) == Some(pair[1])))?;
    starts(answer, &answer.bytes[..1])
}

/// RFC 854: IAC, then WILL, WON'T, DO or DON'T, then the option.
pub(super) fn telnet(answer: &Answer) -> Option<Told> {
    let [0xff, verb @ 251..=254, option, ..] = answer.bytes else { return None };
    let verb = ["WILL", "WON'T", "DO", "DON'T"][usize::from(verb - 251)];
    Some(is(format!("IAC {verb} {option}")))
}

pub(super) fn identify(answer: &Answer) -> Option<Told> {
    let hello = || first_line(answer.bytes).ends_with(b"!").then(|| starts(answer, b"Hello, ")).flatten();
    starts(answer, b"What is your name?").or_else(hello).filter(|_| answer.sent.is_empty())
}

pub(super) fn login(answer: &Answer) -> Option<Told> {
    starts(answer, b"OK REGISTER NAME PASSWORD").or_else(|| starts(answer, b"ERR insecure "))
}

pub(super) fn rps(answer: &Answer) -> Option<Told> {
    starts(answer, b"Rock-paper-scissors, ")
}

pub(super) fn chat(answer: &Answer) -> Option<Told> {
    starts(answer, b"Nick?")
}

/// RFC 9112 section 4. Who calls our `HEAD` a bad request may want it inside TLS; the body that says so is not sent to
/// a `HEAD`.
pub(super) fn http(answer: &Answer) -> Option<Told> {
    if answer.bytes.starts_with(b"<") && !answer.sent.is_empty() {
        // What HTTP 0.9 answers to the marker, and what some servers still do.
        return Some(Told { why: None, ask: &["http"] });
    }
    let line = starts(answer, b"HTTP/1.").or_else(|| starts(answer, b"HTTP/2"))?.why?;
    let bad = first_line(answer.bytes).get(8..12) == Some(b" 400");
    let ask: &[&str] = match answer.sent {
        [b'H', b'E', b'A', b'D', ..] if bad => &["tls"],
        // Others are told by a bad request only that this is HTTP.
        [b'H', b'E', b'A', b'D', ..] => &[],
        _ => &["http"],
    };
    let server = header(answer.bytes, b"server").map(|server| format!(", server {}", shown(server)));
    Some(Told { why: Some(line + server.as_deref().unwrap_or_default()), ask })
}

/// RFC 8446 section 5.1: a record of a handshake (22) with a ServerHello (2), or of an alert (21), both with a major
/// version of 3.
pub(super) fn tls(answer: &Answer) -> Option<Told> {
    let ask: &[&str] = &["tls"];
    match answer.bytes {
        [22, 3, 0..=4, _, _, 2, ..] => Some(Told { why: Some("a ServerHello".into()), ask }),
        [21, 3, 0..=4, 0, 2, 1..=2, alert, ..] => {
            Some(Told { why: Some(format!("TLS alert {}", alert_name(*alert))), ask })
        }
        _ => None,
    }
}

/// The line protocol, also where it refuses us.
pub(super) fn redis(answer: &Answer) -> Option<Told> {
    let signs: [&[u8]; 5] = [b"+PONG", b"-NOAUTH ", b"-DENIED Redis", b"-ERR unknown command", b"-LOADING Redis"];
    signs.iter().find_map(|sign| starts(answer, sign))
}

/// One byte to an SSLRequest, or an error message whose first field is a severity.
pub(super) fn postgresql(answer: &Answer) -> Option<Told> {
    match answer.bytes {
        [byte @ (b'S' | b'N')] if answer.sent == b"\0\0\0\x08\x04\xd2\x16\x2f" => {
            Some(is(format!("{} to an SSLRequest", char::from(*byte))))
        }
        [b'E', 0, _, _, _, b'S', fields @ ..] if fields.starts_with(b"FATAL\0") || fields.starts_with(b"ERROR\0") => {
            let words = fields.split(|byte| *byte == 0).find_map(|field| field.strip_prefix(b"M"));
            Some(is(format!("an error: {}", shown(words.unwrap_or(b"FATAL")))))
        }
        _ => None,
    }
}

pub(super) fn memcache(answer: &Answer) -> Option<Told> {
    if answer.bytes == b"ERROR\r\n" && !answer.sent.starts_with(b"version") {
        return Some(Told { why: None, ask: &["memcache"] });
    }
    starts(answer, b"VERSION ")
}

pub(super) fn greet(answer: &Answer) -> Option<Told> {
    if answer.bytes.starts_with(b"Unknown command") {
        return Some(Told { why: None, ask: &["greet", "utc"] });
    }
    time(answer).filter(|_| answer.sent == b"Time")
}

pub(super) fn utc(answer: &Answer) -> Option<Told> {
    time(answer).filter(|_| answer.sent == b"TIME" && first_line(answer.bytes).ends_with(b"Z"))
}

/// MQTT 3.1.1 section 3.2: two bytes behind the header, the second of which is the return code; MQTT 5 has more of them.
pub(super) fn mqtt(answer: &Answer) -> Option<Told> {
    let words =
        ["accepted", "version refused", "identifier refused", "unavailable", "bad credentials", "not authorized"];
    match answer.bytes {
        [0x20, 2, 0 | 1, code] if usize::from(*code) < words.len() => {
            Some(is(format!("CONNACK: {}", words[usize::from(*code)])))
        }
        [0x20, length, 0, code, ..] if *code >= 0x80 && answer.bytes.len() == usize::from(*length) + 2 => {
            Some(is(format!("CONNACK: code {code}")))
        }
        _ => None,
    }
}

/// AMQP 0-9-1 section 2.3.5: a method frame on channel 0 with Connection.Start; or the header of the version it has.
pub(super) fn amqp(answer: &Answer) -> Option<Told> {
    match answer.bytes {
        [1, 0, 0, _, _, _, _, 0, 10, 0, 10, major, minor, ..] => {
            Some(is(format!("Connection.Start, version {major}-{minor}")))
        }
        [b'A', b'M', b'Q', b'P', id, major, minor, revision] => {
            Some(is(format!("a header of version {major}.{minor}.{revision}, protocol {id}")))
        }
        _ => None,
    }
}

/// RFC 1035 section 4.1.1, with the length in front that TCP needs (4.2.2).
pub(super) fn domain(answer: &Answer) -> Option<Told> {
    match answer.bytes {
        [_, _, 0x73, 0x6f, flags, codes, ..] if flags & 0x80 != 0 && answer.sent.starts_with(b"\0\x11\x73\x6f") => {
            Some(is(format!("a response with code {}", codes & 0x0f)))
        }
        _ => None,
    }
}

/// ISO 8073 section 13.4 in a TPKT (RFC 1006).
pub(super) fn rdp(answer: &Answer) -> Option<Told> {
    let [3, 0, 0, length, _, 0xd0, ..] = answer.bytes else { return None };
    (usize::from(*length) == answer.bytes.len()).then(|| is("a connection confirm".into()))
}

pub(super) fn rtsp(answer: &Answer) -> Option<Told> {
    starts(answer, b"RTSP/1.").or_else(|| starts(answer, b"RTSP/2."))
}

pub(super) fn sip(answer: &Answer) -> Option<Told> {
    starts(answer, b"SIP/2.0 ")
}

/// RFC 867 leaves the form open.
pub(super) fn daytime(answer: &Answer) -> Option<Told> {
    let line = first_line(answer.bytes);
    let shape =
        |at: &[u8]| at.iter().enumerate().all(|(i, c)| if i % 3 == 2 { *c == b':' } else { c.is_ascii_digit() });
    let whole = answer.ended && answer.sent.is_empty() && line.trim_ascii().len() == answer.bytes.trim_ascii().len();
    (whole && line.windows(8).any(shape)).then(|| is(shown(line)))
}

/// RFC 8446 section 6.
fn alert_name(alert: u8) -> String {
    let name = match alert {
        0 => "close_notify",
        10 => "unexpected_message",
        22 => "record_overflow",
        40 => "handshake_failure",
        47 => "illegal_parameter",
        50 => "decode_error",
        70 => "protocol_version (it has none of 1.2 and 1.3)",
        80 => "internal_error",
        112 => "unrecognized_name",
        116 => "certificate_required",
        120 => "no_application_protocol",
        number => return number.to_string(),
    };
    name.to_owned()
}

fn is(why: String) -> Told {
    Told { why: Some(why), ask: &[] }
}

/// Told by the first line, where that begins so.
fn starts(answer: &Answer, sign: &[u8]) -> Option<Told> {
    answer.bytes.starts_with(sign).then(|| is(shown(first_line(answer.bytes))))
}

/// Told by what came back of what was sent. Eight bytes are no accident; what had no small letter in it does not tell
/// echo from upper.
fn ours(answer: &Answer, sent: &[u8], why: &str) -> Option<Told> {
    let whole = sent.len().min(super::LARGEST);
    if whole < 8 || !answer.bytes.starts_with(&sent[..whole.min(answer.bytes.len()).max(8)]) {
        let short = !sent.is_empty() && whole < 8 && answer.bytes.starts_with(sent);
        return short.then_some(Told { why: None, ask: &["echo"] });
    }
    let certain = answer.sent.iter().any(u8::is_ascii_lowercase);
    Some(Told { why: certain.then(|| why.to_owned()), ask: if certain { &[] } else { &["echo"] } })
}

/// A reply with one of `codes` in its first line, and the protocol's name in it, unless it came on one of its ports.
fn greeting(answer: &Answer, codes: &[&str], name: &str, ports: &[u16]) -> Option<Told> {
    let line = first_line(answer.bytes);
    let coded = codes.iter().any(|code| line.starts_with(code.as_bytes())) && matches!(line.get(3), Some(b' ' | b'-'));
    let text = answer.bytes.to_ascii_uppercase();
    let named = text.windows(name.len()).any(|word| word == name.as_bytes());
    match (coded, named, ports.contains(&answer.port)) {
        (true, true, _) => Some(is(shown(line))),
        (true, false, true) => Some(is(format!("{} (port {})", shown(line), answer.port))),
        _ => None,
    }
}

fn time(answer: &Answer) -> Option<Told> {
    let line = first_line(answer.bytes);
    let time: Option<Timestamp> = std::str::from_utf8(line).ok().and_then(|line| line.parse().ok());
    time.map(|_| is(shown(line)))
}

/// The value of a header; `name` in small letters.
fn header<'a>(bytes: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let lines = bytes.split(|byte| *byte == b'\n').skip(1).take_while(|line| !line.trim_ascii().is_empty());
    let mut fields = lines.filter_map(|line| line.split_at_checked(line.iter().position(|byte| *byte == b':')?));
    fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value[1..].trim_ascii())
}

fn first_line(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end()
}

/// At most 160 bytes of a peer, escaped.
pub(super) fn shown(bytes: &[u8]) -> String {
    let text = Untrusted::cut(bytes, SHOWN).escaped();
    if bytes.len() > SHOWN { text + "…" } else { text }
}

/// Two lines of a terminal.
const SHOWN: usize = 160;
