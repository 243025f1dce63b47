//! Host: the world above a byte loop, as far as the loop must know it. `server::bytes` is one; a test can be another.

use std::io;
use std::net::SocketAddr;

use mio::net::TcpStream;

use crate::net::Ending;

/// The world above a byte loop: who is let in, and who is told what happens. Called on the loop's thread; it must not
/// block.
pub(crate) trait Host {
    /// What the host keeps of a connection; it lies in the loop's table, so its size counts for every idle peer.
    type Guest;

    /// A connection came in at the listener number `door`. An error is a last line for the peer.
    ///
    /// # Errors
    /// Where the host will not have it.
    fn admit(&mut self, door: usize, stream: &TcpStream, peer: SocketAddr) -> Result<Self::Guest, String>;
    fn received(&mut self, door: usize, guest: &mut Self::Guest, bytes: &[u8]);
    fn sent(&mut self, door: usize, guest: &mut Self::Guest, bytes: &[u8]);
    /// Bytes `[in, out]` that the loop itself did not see.
    fn passed(&mut self, door: usize, guest: &mut Self::Guest, counts: [u64; 2]);
    /// The connection is over: how, and how many bytes of its answer were still here.
    fn left(&mut self, door: usize, guest: Self::Guest, how: (Ending, usize));
    /// Nothing can be accepted at `door` for now.
    fn cannot_accept(&mut self, door: usize, error: io::Error);
    /// Asked at the start and after each `Waker::wake`.
    fn orders(&self) -> Orders;
}

/// What a loop is to do from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Orders {
    /// Accept and serve.
    Serve,
    /// Accept nothing more, and end with the last conversation.
    Drain,
    /// End now.
    Close,
}
