//! Output: the place lines are written to. Lines go out whole, with one system call for as many as there are; what
//! cannot be written is dropped and counted, never waited for twice.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::Target;

/// An open place for lines.
pub(super) struct Output {
    writer: Box<dyn Write + Send>,
    /// The log file's path, to open it anew.
    path: Option<PathBuf>,
    /// The end of a line whose beginning is written already.
    rest: Vec<u8>,
    lost: u64,
    /// Called when the console goes away; a console that is gone swallows everything.
    closed: Option<Box<dyn FnOnce() + Send>>,
}

impl Output {
    pub(super) fn open(target: Target, closed: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let (writer, path): (Box<dyn Write + Send>, _) = match target {
            Target::File(path) => (Box::new(append_to(&path)?), Some(path)),
            Target::Stream(stream) => (stream, None),
        };
        Ok(Self { writer, path, rest: Vec::new(), lost: 0, closed: Some(Box::new(closed)) })
    }

    /// Opens the log's path anew; where that fails the old file goes on, so that nothing is lost.
    pub(super) fn reopen(&mut self) {
        if let Some(file) = self.path.as_deref().and_then(|path| append_to(path).ok()) {
            self.writer = Box::new(file);
            self.rest.clear();
        }
    }

    /// Writes `count` whole lines. False where some were dropped; they are then counted as lost.
    pub(super) fn write(&mut self, lines: &[u8], count: u64) -> bool {
        let rest = std::mem::take(&mut self.rest);
        if let Err((unwritten, error)) = write_out(&mut self.writer, &rest) {
            self.rest = unwritten.to_vec();
            self.lost += count;
            return self.gives_up(&error);
        }
        let Err((unwritten, error)) = write_out(&mut self.writer, lines) else { return true };
        if self.gives_up(&error) {
            return true;
        }
        let written = lines.len() - unwritten.len();
        let torn = written > 0 && lines[written - 1] != b'\n';
        let line_end = unwritten.iter().position(|b| *b == b'\n').map_or(unwritten.len(), |at| at + 1);
        let (rest, dropped) = unwritten.split_at(if torn { line_end } else { 0 });
        self.rest = rest.to_vec();
        self.lost += dropped.iter().filter(|b| **b == b'\n').count().min(count as usize) as u64;
        false
    }

    /// Whether the console has gone, so that from now on nothing is written and nothing lost.
    fn gives_up(&mut self, error: &io::Error) -> bool {
        let Some(closed) = self.closed.take_if(|_| error.kind() == ErrorKind::BrokenPipe) else { return false };
        self.writer = Box::new(io::sink());
        (self.rest, self.lost) = (Vec::new(), 0);
        closed();
        true
    }

    /// Counts lines as lost.
    pub(super) fn lose(&mut self, lines: u64) {
        self.lost += lines;
    }

    /// How many lines were lost since the last call.
    pub(super) fn take_lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

/// Writes all of `bytes`, or says what is left of them and why.
fn write_out<'b>(writer: &mut impl Write, mut bytes: &'b [u8]) -> Result<(), (&'b [u8], io::Error)> {
    while !bytes.is_empty() {
        match writer.write(bytes) {
            Ok(0) => return Err((bytes, ErrorKind::WriteZero.into())),
            Ok(count) => bytes = &bytes[count..],
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err((bytes, e)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A disk with this much room left.
    #[derive(Clone)]
    struct Disk(Arc<Mutex<(Vec<u8>, usize)>>);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let (held, room) = &mut *self.0.lock().unwrap();
            let count = bytes.len().min(*room);
            if count == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            *room -= count;
            held.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_loses_whole_lines_and_counts_them() {
        let disk = Disk(Arc::new(Mutex::new((Vec::new(), 6))));
        let mut output = Output::open(Target::Stream(Box::new(disk.clone())), || {}).unwrap();
        assert!(!output.write(b"one\ntwo\nthree\n", 3));
        assert!(!output.write(b"four\n", 1));
        disk.0.lock().unwrap().1 = 100;
        assert!(output.write(b"five\n", 1));
        assert_eq!(output.take_lost(), 2);
        assert_eq!(disk.0.lock().unwrap().0, b"one\ntwo\nfive\n");
    }

    #[test]
    fn a_closed_console_is_told_once_and_swallows_the_rest() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let told = Arc::new(Mutex::new(0));
        let counter = Arc::clone(&told);
        let mut output = Output::open(Target::Stream(Box::new(Gone)), move || *counter.lock().unwrap() += 1).unwrap();
        assert!(output.write(b"one\n", 1));
        assert!(output.write(b"two\n", 1));
        assert_eq!((*told.lock().unwrap(), output.take_lost()), (1, 0));
    }

    #[test]
    fn a_log_that_was_moved_away_is_opened_anew() {
        let dir = tempfile::tempdir().unwrap();
        let (path, moved) = (dir.path().join("log"), dir.path().join("log.1"));
        let mut output = Output::open(Target::File(path.clone()), || {}).unwrap();
        output.write(b"one\n", 1);
        std::fs::rename(&path, &moved).unwrap();
        output.write(b"two\n", 1);
        output.reopen();
        output.write(b"three\n", 1);
        assert_eq!(std::fs::read(moved).unwrap(), b"one\ntwo\n");
        assert_eq!(std::fs::read(path).unwrap(), b"three\n");
    }
}
