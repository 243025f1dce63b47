//! Address: a place as a user names it, before any name is looked up. Used for listening and for dialling alike.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::str::FromStr;

use super::NetError;

/// A place to listen on or to reach, as the user named it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Address {
    /// `HOST:PORT` or `PORT` (then the host is `localhost`); the host is a name or an IP address without brackets.
    Host { host: String, port: u16 },
    /// `:PORT`: every interface, IPv4 and IPv6. Dialled, it means `localhost`.
    Everywhere { port: u16 },
    /// `unix:PATH`
    Unix(PathBuf),
}

/// Why a word is no address; the text says what would be one.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum AddressError {
    #[error("no address given; write HOST:PORT, PORT, :PORT, [IPV6]:PORT or unix:PATH")]
    Empty,
    #[error("`{0}` has no port; write {0}:PORT")]
    NoPort(String),
    #[error("`{0}` is no port; a port is a number from 0 to 65535")]
    BadPort(String),
    #[error("`{0}` is an IPv6 address without brackets; write [ADDRESS]:PORT")]
    Unbracketed(String),
    #[error("`{0}` is no IPv6 address in brackets followed by a port; write [::1]:5555")]
    BadBrackets(String),
    #[error("`{0}` is no host name")]
    BadHost(String),
    #[error("`unix:` needs a path; write unix:/tmp/sockeye.sock")]
    NoPath,
}

impl Address {
    /// The address of `host` (a name, an IPv4 or a bare IPv6 address) and `port`, as two words.
    ///
    /// # Errors
    /// Where the port is no number from 0 to 65535 or the host no name.
    pub(crate) fn of_words(host: &str, port: &str) -> Result<Self, AddressError> {
        let port = parse_port(port)?;
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        check_host(host)?;
        Ok(Self::Host { host: host.to_owned(), port })
    }

    /// `localhost` with `port`.
    pub(crate) fn local(port: u16) -> Self {
        Self::Host { host: LOCALHOST.to_owned(), port }
    }

    /// The port, where there is one.
    pub(crate) fn port(&self) -> Option<u16> {
        match self {
            Self::Host { port, .. } | Self::Everywhere { port } => Some(*port),
            Self::Unix(_) => None,
        }
    }

    /// The same place with another port; a path stays what it is.
    pub(crate) fn with_port(&self, port: u16) -> Self {
        match self {
            Self::Host { host, .. } => Self::Host { host: host.clone(), port },
            Self::Everywhere { .. } => Self::Everywhere { port },
            Self::Unix(path) => Self::Unix(path.clone()),
        }
    }

    /// The IP addresses behind the host, in the resolver's order; `localhost` is both loopbacks without asking
    /// (RFC 6761 section 6.3), IPv4 first. Blocks while the resolver works. Empty for a path.
    ///
    /// # Errors
    /// Where the name cannot be resolved.
    pub(crate) fn resolve(&self) -> Result<Vec<SocketAddr>, NetError> {
        let (host, port) = match self {
            Self::Host { host, port } => (host.as_str(), *port),
            Self::Everywhere { port } => (LOCALHOST, *port),
            Self::Unix(_) => return Ok(Vec::new()),
        };
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(ip, port)]);
        }
        if host.eq_ignore_ascii_case(LOCALHOST) {
            return Ok(vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()]);
        }
        let found = (host, port).to_socket_addrs().map_err(|source| NetError::new("resolve", host, source))?;
        Ok(found.collect())
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(word: &str) -> Result<Self, AddressError> {
        if word.is_empty() {
            return Err(AddressError::Empty);
        }
        if let Some(path) = word.strip_prefix("unix:") {
            return if path.is_empty() { Err(AddressError::NoPath) } else { Ok(Self::Unix(path.into())) };
        }
        if word.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(Self::local(parse_port(word)?));
        }
        if word.starts_with('[') {
            return word.parse::<std::net::SocketAddrV6>().map_or_else(
                |_| Err(AddressError::BadBrackets(word.to_owned())),
                |v6| Ok(Self::Host { host: scoped(&v6), port: v6.port() }),
            );
        }
        if word.parse::<Ipv6Addr>().is_ok() {
            return Err(AddressError::Unbracketed(word.to_owned()));
        }
        match word.rsplit_once(':') {
            None => Err(AddressError::NoPort(word.to_owned())),
            Some(("", port)) => Ok(Self::Everywhere { port: parse_port(port)? }),
            Some((host, _)) if host.parse::<Ipv6Addr>().is_ok() => Err(AddressError::Unbracketed(word.to_owned())),
            Some((host, port)) => Self::of_words(host, port),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Host { host, port } => write!(f, "{host}:{port}"),
            Self::Everywhere { port } => write!(f, ":{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// The IPv6 address with its zone (`fe80::1%2`), which the resolver understands.
fn scoped(v6: &std::net::SocketAddrV6) -> String {
    match v6.scope_id() {
        0 => v6.ip().to_string(),
        zone => format!("{}%{zone}", v6.ip()),
    }
}

/// A port from its digits.
///
/// # Errors
/// Where the word is no number from 0 to 65535.
pub(crate) fn parse_port(word: &str) -> Result<u16, AddressError> {
    word.parse().map_err(|_| AddressError::BadPort(word.to_owned()))
}

/// A host is not judged beyond what no resolver would take: emptiness, white space, control characters, colons.
fn check_host(host: &str) -> Result<(), AddressError> {
    let literal = host.parse::<IpAddr>().is_ok();
    let odd = host.is_empty() || host.chars().any(|c| c == ':' || c.is_whitespace() || c.is_control());
    if odd && !literal { Err(AddressError::BadHost(host.to_owned())) } else { Ok(()) }
}

const LOCALHOST: &str = "localhost";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_command_line_is_read_and_shown_again() {
        for (word, shown) in [
            ("5555", "localhost:5555"),
            (":5555", ":5555"),
            ("0", "localhost:0"),
            ("example.org:80", "example.org:80"),
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("[::1]:80", "[::1]:80"),
            ("[fe80::1%2]:80", "[fe80::1%2]:80"),
            ("unix:/tmp/a b.sock", "unix:/tmp/a b.sock"),
        ] {
            let address: Address = word.parse().unwrap_or_else(|e| panic!("{word}: {e}"));
            assert_eq!(address.to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_address_is_told_with_the_fix() {
        for (word, fix) in [
            ("", "HOST:PORT"),
            ("99999", "65535"),
            ("localhost", "localhost:PORT"),
            ("localhost:http", "65535"),
            ("localhost:", "65535"),
            ("::1", "[ADDRESS]:PORT"),
            ("fe80:::80", "[ADDRESS]:PORT"),
            ("[::1]", "[::1]:5555"),
            ("[nonsense]:5", "[::1]:5555"),
            ("a b:5", "no host name"),
            ("a:b:5", "no host name"),
            ("unix:", "unix:/tmp"),
        ] {
            let error = word.parse::<Address>().expect_err(word);
            assert!(error.to_string().contains(fix), "{word}: {error}");
        }
    }

    #[test]
    fn two_words_take_a_bare_ipv6_address() {
        assert_eq!(Address::of_words("::1", "7").unwrap().to_string(), "[::1]:7");
        assert_eq!(Address::of_words("[::1]", "7").unwrap().to_string(), "[::1]:7");
        assert!(Address::of_words("", "7").is_err());
    }

    #[test]
    fn localhost_is_both_loopbacks() {
        let both: Vec<String> = Address::local(9).resolve().unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(both, ["127.0.0.1:9", "[::1]:9"]);
    }
}
