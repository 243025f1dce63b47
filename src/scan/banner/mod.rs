//! Banner: what an open port says by itself or when it is asked, and what that makes it.
//!
//! ```text
//! News ─▶ Looker ─▶ Backlog        order, bounds, nothing lost: on the engine's thread
//!            │ jobs, at most 1,024   ▲ what was seen
//!            └────▶ look × 64 ──────┘  on a thread of its own: listen, ask, ask something else
//!                     └─▶ PROBES       pure: bytes in, a name and a reason out
//! ```

/// What is being looked at, and what waits for that: order, without sockets.
mod backlog;
/// Names and end of a certificate.
mod certificate;
/// One port, from listening to the last question.
mod look;
/// The thread that looks, and the door to it.
mod looker;
/// The table of protocols: what each is asked, and what gives it away.
mod probe;
/// What gives the protocols away, one function each.
mod signs;
/// Connections that are only looked at: dialled, heard within bounds, dropped.
mod stream;
/// TLS towards anybody, for a look at who is behind it.
mod tls;

pub(crate) use looker::Looker;

/// What an open port said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The protocol, in the words of the IANA where it has some: `ssh`, `http`, `tls`, `redis`; none where nothing that
    /// came is known.
    pub(crate) service: Option<String>,
    /// What of it told us so, for people: `SSH-2.0-OpenSSH_9.6`, `HTTP/1.1 200, server nginx`, names of a certificate.
    /// One line, the peer's part of it escaped already.
    pub(crate) why: String,
    /// The first bytes, at most [`LARGEST`]; inside TLS those that were hidden in it.
    pub(crate) bytes: Vec<u8>,
}

/// More than this of what a port says is not read.
pub(crate) const LARGEST: usize = 1024;
