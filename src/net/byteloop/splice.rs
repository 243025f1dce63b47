//! Pipe: bytes that go from socket to socket inside the kernel (splice(2)), without the two copies through our own
//! memory, at a lower rate (`docs/performance.md`).

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};

/// A pipe in the kernel, and how much is in it.
pub(super) struct Pipe {
    reader: OwnedFd,
    writer: OwnedFd,
    filled: usize,
}

impl Pipe {
    /// # Errors
    /// Where the process has no two descriptors left.
    pub(super) fn new() -> io::Result<Self> {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        // A smaller pipe works as well, only slower; `fs.pipe-user-pages-soft` may forbid a large one.
        let _ = fcntl_setpipe_size(&writer, LARGEST);
        Ok(Self { reader, writer, filled: 0 })
    }

    /// Bytes in the pipe.
    pub(super) fn filled(&self) -> usize {
        self.filled
    }

    /// Takes what the socket has, at most one pipe full; 0 at the end of the stream. The pipe must be empty.
    pub(super) fn fill_from(&mut self, stream: &impl AsFd) -> io::Result<usize> {
        let count = splice(stream, None, &self.writer, None, LARGEST, FLAGS)?;
        self.filled += count;
        Ok(count)
    }

    /// Gives everything in the pipe to the socket: how much it took, and "would block" where that was not all.
    pub(super) fn empty_into(&mut self, stream: &impl AsFd) -> (usize, io::Result<()>) {
        let before = self.filled;
        while self.filled > 0 {
            match splice(&self.reader, None, stream, None, self.filled, FLAGS) {
                Ok(count) => self.filled -= count,
                Err(e) => return (before - self.filled, Err(e.into())),
            }
        }
        (before, Ok(()))
    }
}

const LARGEST: usize = 1 << 20;
const FLAGS: SpliceFlags = SpliceFlags::MOVE.union(SpliceFlags::NONBLOCK);
