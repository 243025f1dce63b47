//! News: what those of us that launch a program tell us through a pipe, one line each.

use std::io::{self, PipeReader, Read};
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::error::Reason;

/// How a program ended. What is no end of its own is ours: it used too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ended {
    Exit(i32),
    Signal(i32),
    OverMemory,
    OverOutput,
    OverProcesses,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum News {
    /// The number of the parent of the program, as the one that started it sees it.
    Keeper(u32),
    /// The number of the program, as its parent sees it.
    Started(u32),
    /// Something failed before there was a program; in the start of the program itself where there is no `step`.
    Failed {
        step: Option<String>,
        errno: i32,
    },
    Ended(Ended),
}

impl News {
    /// Whoever does not listen any more needs no news.
    pub(super) fn send(&self, pipe: impl AsFd) {
        let Ok(mut line) = serde_json::to_vec(self) else { return };
        line.push(b'\n');
        // Short enough that the kernel takes all of it or nothing.
        let _ = rustix::io::write(pipe, &line);
    }

    /// What was tried and went wrong.
    pub(super) fn failed(step: &str, error: &io::Error) -> Self {
        // What the standard library or Landlock says by itself has no number.
        let errno = error.raw_os_error().unwrap_or(Errno::INVAL.raw_os_error());
        Self::Failed { step: Some(step.to_owned()), errno }
    }

    /// Why there is no program.
    pub(super) fn failure(&self) -> Option<io::Error> {
        let Self::Failed { step, errno } = self else { return None };
        let error = io::Error::from_raw_os_error(*errno);
        Some(match step {
            None => error,
            Some(step) => io::Error::new(error.kind(), format!("it could not {step}: {}", Reason(&error))),
        })
    }
}

/// Our end of the pipe. It never blocks.
pub(super) struct Inbox {
    pipe: PipeReader,
    begun: Vec<u8>,
    is_closed: bool,
}

impl Inbox {
    pub(super) fn of(pipe: PipeReader) -> io::Result<Self> {
        never_block(&pipe)?;
        Ok(Self { pipe, begun: Vec::new(), is_closed: false })
    }

    /// The next of what has come.
    pub(super) fn next(&mut self) -> Option<News> {
        self.read();
        while let Some(end) = self.begun.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.begun.drain(..=end).collect();
            if let Ok(news) = serde_json::from_slice(&line) {
                return Some(news);
            }
        }
        None
    }

    /// Waits until there may be a next one. Blocks the thread.
    pub(super) fn wait(&self, patience: Duration) {
        let mut fds = [PollFd::new(&self.pipe, PollFlags::IN)];
        // Interrupted is as good as nothing there.
        let _ = Timespec::try_from(patience).map(|patience| poll(&mut fds, Some(&patience)));
    }

    fn read(&mut self) {
        let mut chunk = [0; 1024];
        loop {
            match self.pipe.read(&mut chunk) {
                Ok(0) => {
                    self.is_closed = true;
                    return;
                }
                Ok(n) => {
                    self.begun.extend_from_slice(&chunk[..n]);
                    // No news are as long: somebody else has found the pipe.
                    if self.begun.len() > MOST_BEGUN {
                        self.begun.clear();
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    /// Whether nobody can send any more.
    pub(super) fn is_closed(&self) -> bool {
        self.is_closed
    }
}

const MOST_BEGUN: usize = 16 * 1024;

pub(super) fn never_block(pipe: impl AsFd) -> io::Result<()> {
    Ok(fcntl_setfl(&pipe, fcntl_getfl(&pipe)? | OFlags::NONBLOCK)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_come_whole_and_in_order() {
        let (reader, writer) = io::pipe().unwrap();
        let mut inbox = Inbox::of(reader).unwrap();
        assert_eq!(inbox.next(), None);
        News::Keeper(17).send(&writer);
        News::Started(2).send(&writer);
        rustix::io::write(&writer, b"{\"Ended\":").unwrap();
        assert_eq!([inbox.next(), inbox.next(), inbox.next()], [Some(News::Keeper(17)), Some(News::Started(2)), None]);
        rustix::io::write(&writer, b"{\"Signal\":9}}\n").unwrap();
        assert_eq!(inbox.next(), Some(News::Ended(Ended::Signal(9))));
        assert!(!inbox.is_closed());
        drop(writer);
        assert_eq!(inbox.next(), None);
        assert!(inbox.is_closed());
    }

    #[test]
    fn a_failure_says_what_was_tried_unless_it_was_the_program() {
        let failed = |step: Option<&str>| News::Failed { step: step.map(str::to_owned), errno: 2 };
        let text = |news: News| news.failure().unwrap().to_string();
        assert_eq!(text(failed(None)), "No such file or directory (os error 2)");
        assert_eq!(text(failed(Some("go to its folder"))), "it could not go to its folder: no such file or directory");
        assert!(News::Started(2).failure().is_none());
    }
}
