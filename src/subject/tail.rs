//! Tail: the end of what a program wrote to stderr. A thread reads all of it, so that the program never waits for us,
//! and keeps the last 4 KiB.

use std::convert::Infallible;
use std::io::{self, PipeReader, Read};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// What is kept of a pipe, and whether more can come. The thread ends when nobody can write to the pipe any more.
pub(super) struct Tail {
    kept: Arc<Mutex<Vec<u8>>>,
    reading: Receiver<Infallible>,
}

impl Tail {
    pub(super) fn of(pipe: PipeReader) -> io::Result<Self> {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let (until_dropped, reading) = mpsc::channel();
        let keeper = Arc::clone(&kept);
        thread::Builder::new().name("stderr".to_owned()).spawn(move || keep(pipe, &keeper, until_dropped))?;
        Ok(Self { kept, reading })
    }

    /// What has come so far.
    pub(super) fn so_far(&self) -> Vec<u8> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What has come when nobody can write any more, which is so soon after the program and its kin have ended. Where
    /// one of them got away with the pipe, what has come so far.
    pub(super) fn to_the_end(&self) -> Vec<u8> {
        let _ = self.reading.recv_timeout(LAST_WORDS);
        self.so_far()
    }
}

/// `_reading` is dropped when this returns, which is how the other side learns of it.
fn keep(mut pipe: PipeReader, kept: &Mutex<Vec<u8>>, _reading: Sender<Infallible>) {
    let mut chunk = [0; MOST];
    loop {
        match pipe.read(&mut chunk) {
            Ok(0) => return,
            Ok(n) => push(&mut kept.lock().unwrap_or_else(PoisonError::into_inner), &chunk[..n]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

fn push(kept: &mut Vec<u8>, chunk: &[u8]) {
    kept.extend_from_slice(chunk);
    kept.drain(..kept.len().saturating_sub(MOST));
}

/// About what a terminal shows at once.
const MOST: usize = 4096;

/// All that is left to do is to empty a pipe of 64 KiB.
const LAST_WORDS: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_end_of_much_text_is_kept() {
        let (pipe, mut writer) = io::pipe().unwrap();
        let tail = Tail::of(pipe).unwrap();
        for line in 0..10_000 {
            writeln!(writer, "line {line}").unwrap();
        }
        drop(writer);
        let text = String::from_utf8(tail.to_the_end()).unwrap();
        assert_eq!(text.len(), MOST);
        assert!(text.ends_with("line 9998\nline 9999\n"), "{text}");
    }
}
