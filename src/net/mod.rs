//! Sockets: addresses, listening, dialling, one conversation's stream, and the bare-TCP fast path. Knows nothing of
//! services, events or the command line; everything above stands on it.

/// What a user writes to name a place: `HOST:PORT`, `PORT`, `:PORT`, `[v6]:PORT`, `unix:PATH`.
mod address;
/// The event loop for services that only pass bytes through: one buffer a worker, nothing held for an idle connection.
pub(crate) mod byteloop;
/// One conversation: a stream that may be wrapped, and who is at its two ends.
mod conn;
/// Reaching an address: both families raced as RFC 8305 says.
mod dial;
/// How a conversation ended: ordinary ends are values.
mod ending;
/// One end of a socket as people read it.
mod endpoint;
/// Errors that say what was tried, on which address, and why it failed.
mod error;
/// Opening listeners: both families, the next free port, several acceptors on one address.
mod listen;

pub(crate) use address::{Address, AddressError, parse_port};
pub(crate) use conn::{Conn, LARGEST_RECV};
pub(crate) use dial::{Dial, Families, Stream, dial};
pub(crate) use ending::Ending;
pub(crate) use endpoint::{Endpoint, network};
pub(crate) use error::{NetError, Reason};
pub(crate) use listen::{Acceptor, Listener, PortRule, SocketFile, listen};
