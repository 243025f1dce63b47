//! Stranger: somebody who speaks to another kind of server, known by how they begin. No framing is needed for it, and
//! most would wait in vain for the rest of what is no message.

/// What to say to whoever begins so.
pub(super) fn answer_to(bytes: &[u8]) -> Option<&'static str> {
    openings().find(|(opening, _)| bytes.starts_with(opening)).map(|(_, answer)| answer)
}

/// Whether more could make a stranger of whoever begins so.
pub(super) fn may_be(bytes: &[u8]) -> bool {
    openings().any(|(opening, _)| opening.len() > bytes.len() && opening.starts_with(bytes))
}

fn openings() -> impl Iterator<Item = (&'static [u8], &'static str)> {
    HTTP.iter().map(|verb| (*verb, NO_WEB)).chain([(TLS_HELLO, NO_TLS)])
}

const NO_WEB: &str = "* This is a chat, not a web server; connect with nc or sockeye connect chat.";
const NO_TLS: &str = "* This is a chat in plain text, not TLS.";
/// The last one is that of HTTP/2.
const HTTP: [&[u8]; 10] =
    [b"GET ", b"HEAD ", b"POST ", b"PUT ", b"DELETE ", b"CONNECT ", b"OPTIONS ", b"TRACE ", b"PATCH ", b"PRI "];
/// A handshake record of any version.
const TLS_HELLO: &[u8] = b"\x16\x03";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_known_by_their_first_bytes_however_they_are_cut() {
        for begun in [&b"GET / HTTP/1.1\r\n"[..], b"PRI * HTTP/2.0", b"OPTIONS *", b"\x16\x03\x01\x02\0"] {
            let known = (0..=begun.len()).find(|cut| answer_to(&begun[..*cut]).is_some()).unwrap();
            assert!((0..known).all(|cut| may_be(&begun[..cut])), "{begun:?}");
            assert!((known..=begun.len()).all(|cut| answer_to(&begun[..cut]).is_some()), "{begun:?}");
        }
        for nick in [&b"GET"[..], b"GETA", b"get /", b"alice", b"\x16", b"\0\0\0\x03GET", b"         3"] {
            assert_eq!(answer_to(nick), None, "{nick:?}");
        }
        assert!(!may_be(b"GET\n") && !may_be(b"\x16\0"));
    }
}
