//! Messages as a client packs and unpacks them, written without a look at our own codec.
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its part")]

use std::io::Read;

/// Every word that `--framing` takes.
pub(crate) const FRAMINGS: [&str; 8] = ["burst", "lines", "u16be", "u16le", "u32be", "u32le", "u64be", "ascii10"];

/// A message as it goes over the wire; in bursts and lines with LF.
pub(crate) fn pack(framing: &str, message: &[u8]) -> Vec<u8> {
    let length = message.len();
    let header = match framing {
        "u16be" => (length as u16).to_be_bytes().to_vec(),
        "u16le" => (length as u16).to_le_bytes().to_vec(),
        "u32be" => (length as u32).to_be_bytes().to_vec(),
        "u32le" => (length as u32).to_le_bytes().to_vec(),
        "u64be" => (length as u64).to_be_bytes().to_vec(),
        "ascii10" => format!("{length:10}").into_bytes(),
        _ => return [message, b"\n"].concat(),
    };
    [&header, message].concat()
}

/// The next message; `None` where the stream has ended.
#[track_caller]
pub(crate) fn unpack(framing: &str, stream: &mut impl Read) -> Option<String> {
    let mut header = vec![0; pack(framing, b"").len()];
    let message = if matches!(framing, "burst" | "lines") {
        let mut line = Vec::new();
        while !line.ends_with(b"\n") {
            if stream.read(&mut header).unwrap() == 0 {
                assert!(line.is_empty(), "the end of {line:?} is missing");
                return None;
            }
            line.push(header[0]);
        }
        line.pop();
        line
    } else {
        if stream.read(&mut header[..1]).unwrap() == 0 {
            return None;
        }
        stream.read_exact(&mut header[1..]).unwrap();
        let add = |length: usize, byte: &u8| length << 8 | usize::from(*byte);
        let length = match framing {
            "ascii10" => std::str::from_utf8(&header).unwrap().trim_start_matches(' ').parse().unwrap(),
            _ if framing.ends_with("be") => header.iter().fold(0, add),
            _ => header.iter().rev().fold(0, add),
        };
        let mut message = vec![0; length];
        stream.read_exact(&mut message).unwrap();
        message
    };
    Some(String::from_utf8(message).unwrap())
}
