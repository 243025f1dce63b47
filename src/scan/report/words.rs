//! Words: what others chose (names, what a service says), fit for one line of a report. What is escaped already stays as
//! it is.

use std::fmt::{self, Display, Formatter};

use crate::event::Untrusted;
use crate::scan::Host;

/// Text of somebody else without anything that could end a line or move a cursor.
pub(super) fn printable(text: &str) -> String {
    Untrusted::text(text.as_bytes()).replace('\n', "\\n").replace('\t', "\\t")
}

/// The address of a host, without a port: `192.0.2.1`, `fe80::1%2`.
pub(super) fn address(host: &Host) -> String {
    let ip = host.address.ip();
    match host.address {
        std::net::SocketAddr::V6(v6) if v6.scope_id() != 0 => format!("{ip}%{}", v6.scope_id()),
        _ => ip.to_string(),
    }
}

/// A host as people know it: `localhost (127.0.0.1)`.
pub(super) struct Named<'a>(pub(super) &'a Host);

impl Display for Named<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let address = address(self.0);
        match &self.0.name {
            Some(name) => write!(f, "{} ({address})", printable(name)),
            None => f.write_str(&address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printable_stays_and_what_is_escaped_is_not_escaped_again() {
        for (text, shown) in [
            ("SSH-2.0-OpenSSH_9.6", "SSH-2.0-OpenSSH_9.6"),
            ("a\nb\tc\x1b[2J\u{9b}\u{202e}", "a\\nb\\tc\\u{1b}[2J\\u{9b}\\u{202e}"),
            ("Łódź", "Łódź"),
        ] {
            assert_eq!(printable(text), shown);
            assert_eq!(printable(shown), shown);
        }
    }
}
