//! NetError: what was tried, on which address, and why it failed. The way out is added by `commands`, which knows the flags.

use std::{fmt, io};

/// An operation of the network that failed: `cannot listen on 127.0.0.1:80: permission denied`.
#[derive(Debug)]
pub(crate) struct NetError {
    operation: &'static str,
    address: String,
    source: io::Error,
}

impl NetError {
    /// `operation` as it stands after "cannot": `listen on`, `connect to`, `resolve`.
    pub(crate) fn new(operation: &'static str, address: impl ToString, source: io::Error) -> Self {
        Self { operation, address: address.to_string(), source }
    }

    /// What was tried, as it stands after "cannot".
    pub(crate) fn operation(&self) -> &'static str {
        self.operation
    }

    /// The address as it was named.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The kind of the failure, to branch on.
    pub(crate) fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }
}

impl fmt::Display for NetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} {}: {}", self.operation, self.address, Reason(&self.source))
    }
}

impl std::error::Error for NetError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// An I/O error in plain words, without the error number that the standard library adds.
pub(crate) struct Reason<'a>(pub(crate) &'a io::Error);

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        let plain = text.split(" (os error").next().unwrap_or_default();
        let plain = plain.strip_prefix("failed to lookup address information: ").unwrap_or(plain);
        let mut chars = plain.chars();
        match chars.next() {
            Some(first) => write!(f, "{}{}", first.to_lowercase(), chars.as_str()),
            None => f.write_str("unknown error"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reads_as_one_sentence_without_its_number() {
        let source = io::Error::from_raw_os_error(rustix::io::Errno::ADDRINUSE.raw_os_error());
        let error = NetError::new("listen on", "127.0.0.1:80", source);
        assert_eq!(error.to_string(), "cannot listen on 127.0.0.1:80: address already in use");
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }
}
