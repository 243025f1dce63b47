//! Terminal: the one that a program of ours has for itself: what it printed there, and what is typed there.
//!
//! A program has to find all it knows from a real one: it may ask for a line, hide what is typed, switch to single keys.
//! But what we type must not stand in what it printed, and whether it hides what is typed (`getpass`) must be seen. So
//! echo is on, and EXTPROC with it, which tells the kernel that somebody else does the echoing: us, and we do not. With
//! EXTPROC the kernel makes no lines either, so that they are handed over one by one, each when the one before was read.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl, fstat};
use rustix::io::Errno;
use rustix::process::Pid;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{LocalModes, OptionalActions, OutputModes, Winsize, tcgetattr, tcsetattr, tcsetwinsize};

use super::kept::{Kept, Most};

pub(super) struct Terminal {
    master: OwnedFd,
    /// Held open, so that the terminal outlives a program that closes its end, and tells what is still unread.
    slave: OwnedFd,
    paper: Mutex<Paper>,
    keys: Mutex<VecDeque<Key>>,
}

/// What was printed.
struct Paper {
    kept: Kept,
    last_print: Instant,
    /// What was typed where the program does the echoing itself, as readline does; its echo is left out.
    expected: VecDeque<u8>,
    /// What has come of that echo so far.
    echoed: Vec<u8>,
}

/// What is typed at once.
enum Key {
    /// A line with its end, or what stands before the end of input.
    Text(Vec<u8>),
    /// The rest of one that did not fit.
    Rest(Vec<u8>),
    /// Not to be given to the program before the line is complete.
    Unfinished(Vec<u8>),
    End,
}

impl Terminal {
    /// # Errors
    ///
    /// Where the system has no terminals to give.
    pub(super) fn open() -> io::Result<Self> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let slave = ioctl_tiocgptpeer(&master, flags)?;
        fcntl_setfl(&master, fcntl_getfl(&master)? | OFlags::NONBLOCK)?;
        let mut modes = tcgetattr(&slave)?;
        modes.output_modes.remove(OutputModes::OPOST);
        modes.local_modes.insert(LocalModes::ECHO | LocalModes::ICANON | LocalModes::EXTPROC);
        tcsetattr(&slave, OptionalActions::Now, &modes)?;
        tcsetwinsize(&slave, Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 })?;
        let kept = Kept::at_most(Most { head: 64 * 1024, tail: 64 * 1024 });
        let (expected, echoed) = (VecDeque::new(), Vec::new());
        let paper = Mutex::new(Paper { kept, last_print: Instant::now(), expected, echoed });
        Ok(Self { master, slave, paper, keys: Mutex::default() })
    }

    /// The end that the program gets.
    pub(super) fn slave(&self) -> BorrowedFd<'_> {
        self.slave.as_fd()
    }

    /// The end that can be waited on.
    pub(super) fn master(&self) -> BorrowedFd<'_> {
        self.master.as_fd()
    }

    /// Its number among the devices, by which it is found again among the files of a process.
    pub(super) fn device(&self) -> io::Result<u64> {
        Ok(fstat(&self.slave)?.st_rdev)
    }

    /// Which group of processes has it.
    pub(super) fn foreground(&self) -> Option<Pid> {
        rustix::termios::tcgetpgrp(&self.master).ok()
    }

    /// Reads what was printed meanwhile, at most about a MiB, so that it comes to an end.
    pub(super) fn drain(&self) {
        let (mut paper, mut chunk) = (self.paper(), [0; CHUNK]);
        for _ in 0..MOST_CHUNKS {
            match rustix::io::read(&self.master, &mut chunk) {
                Ok(0) => return,
                Ok(n) => paper.print(&chunk[..n]),
                Err(Errno::INTR) => {}
                // Nothing there, or nobody who could print.
                Err(_) => return,
            }
        }
    }

    /// The beginning and the end of what was printed.
    pub(super) fn text(&self) -> Vec<u8> {
        self.drain();
        let paper = self.paper();
        let mut text = paper.kept.text();
        text.extend_from_slice(&paper.echoed);
        text
    }

    /// How much was printed.
    pub(super) fn printed(&self) -> u64 {
        let paper = self.paper();
        paper.kept.total() + paper.echoed.len() as u64
    }

    pub(super) fn last_print(&self) -> Instant {
        self.paper().last_print
    }

    /// Types it. A line is given to the program when it has read the one before; this does not wait for it.
    ///
    /// # Errors
    ///
    /// Where the program leaves a MiB unread.
    pub(super) fn type_in(&self, bytes: &[u8]) -> io::Result<()> {
        let mut keys = self.keys();
        if keys.iter().map(Key::len).sum::<usize>() + bytes.len() > MOST_UNREAD {
            return Err(io::Error::new(io::ErrorKind::WouldBlock, "the program does not read what is typed"));
        }
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let mut line = line.to_vec();
            if let Some(Key::Unfinished(begun)) = keys.back_mut() {
                line.splice(..0, std::mem::take(begun));
                keys.pop_back();
            }
            keys.push_back(if line.ends_with(b"\n") { Key::Text(line) } else { Key::Unfinished(line) });
        }
        drop(keys);
        self.feed();
        Ok(())
    }

    /// Types the end of input, Ctrl-D.
    pub(super) fn end_input(&self) {
        let mut keys = self.keys();
        if let Some(Key::Unfinished(begun)) = keys.back_mut() {
            let begun = std::mem::take(begun);
            keys.pop_back();
            keys.push_back(Key::Text(begun));
        }
        keys.push_back(Key::End);
        drop(keys);
        self.feed();
    }

    /// Gives the program what it is ready for. Whether something is left.
    pub(super) fn feed(&self) -> bool {
        let mut keys = self.keys();
        let makes_lines = self.modes().is_none_or(|modes| modes.contains(LocalModes::ICANON));
        while let Some(key) = keys.pop_front() {
            let is_rest = matches!(key, Key::Rest(_));
            let waits = makes_lines && (matches!(key, Key::Unfinished(_)) || !is_rest && self.is_unread());
            if waits {
                keys.push_front(key);
                break;
            }
            let text = key.into_bytes();
            let written = rustix::io::write(&self.master, &text).unwrap_or_default();
            self.expect_echo(&text[..written]);
            if written < text.len() {
                let rest = text[written..].to_vec();
                keys.push_front(if written == 0 && !is_rest { Key::Text(rest) } else { Key::Rest(rest) });
                break;
            }
        }
        !keys.is_empty()
    }

    /// Whether something of what was typed has not been read.
    pub(super) fn has_unread(&self) -> bool {
        let is_waiting = self.feed();
        // What is not a line yet is for nobody to read.
        let is_only_begun = matches!(self.keys().front(), Some(Key::Unfinished(_)));
        is_waiting && !is_only_begun || self.is_unread()
    }

    fn modes(&self) -> Option<LocalModes> {
        tcgetattr(&self.slave).ok().map(|modes| modes.local_modes)
    }

    /// Asking makes the kernel pass on what it holds, so that what was typed a moment ago counts.
    fn is_unread(&self) -> bool {
        let mut fds = [PollFd::new(&self.slave, PollFlags::IN)];
        poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok() && fds[0].revents().contains(PollFlags::IN)
    }

    fn expect_echo(&self, typed: &[u8]) {
        let does_its_own = self.modes().is_some_and(|modes| !modes.intersects(LocalModes::ICANON | LocalModes::ECHO));
        if does_its_own && typed.ends_with(b"\n") {
            self.paper().expected.extend(typed);
        }
    }

    fn paper(&self) -> MutexGuard<'_, Paper> {
        self.paper.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keys(&self) -> MutexGuard<'_, VecDeque<Key>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Paper {
    fn print(&mut self, chunk: &[u8]) {
        self.last_print = Instant::now();
        let mut chunk = chunk;
        while let (Some(expected), Some((first, rest))) = (self.expected.front(), chunk.split_first()) {
            // The line may end in CR LF.
            if first != expected && !(*first == b'\r' && *expected == b'\n') {
                self.expected.clear();
                break;
            }
            self.echoed.push(*first);
            if first == expected {
                self.expected.pop_front();
            }
            if *first == b'\n' {
                self.echoed.clear();
            }
            chunk = rest;
        }
        if self.expected.is_empty() {
            self.kept.push(&std::mem::take(&mut self.echoed));
        }
        self.kept.push(chunk);
    }
}

impl Key {
    fn len(&self) -> usize {
        match self {
            Self::Text(text) | Self::Rest(text) | Self::Unfinished(text) => text.len(),
            Self::End => 1,
        }
    }

    fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Text(text) | Self::Rest(text) | Self::Unfinished(text) => text,
            Self::End => vec![END_OF_TRANSMISSION],
        }
    }
}

/// Ctrl-D, which nobody has made another key here.
const END_OF_TRANSMISSION: u8 = 4;

/// What the kernel gives at once.
const CHUNK: usize = 4096;
const MOST_CHUNKS: usize = 256;

/// More than anybody types.
const MOST_UNREAD: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(typed: &str, chunks: &[&str]) -> String {
        let kept = Kept::at_most(Most { head: 100, tail: 100 });
        let expected = typed.bytes().collect();
        let mut paper = Paper { kept, last_print: Instant::now(), expected, echoed: Vec::new() };
        chunks.iter().for_each(|chunk| paper.print(chunk.as_bytes()));
        String::from_utf8([paper.kept.text(), paper.echoed].concat()).unwrap()
    }

    #[test]
    fn the_echo_of_a_line_is_left_out_and_nothing_else() {
        for (typed, chunks, left) in [
            ("9090\n", &["9090\nok\n"][..], "ok\n"),
            ("9090\n", &["90", "90\r\n", "ok\n"], "ok\n"),
            ("9090\n", &["9091\n"], "9091\n"),
            ("9090\n", &["9", "0", "ninety"], "90ninety"),
            ("a\nb\n", &["a\nb\nc\n"], "c\n"),
            ("a\n", &["a"], "a"),
        ] {
            assert_eq!(printed(typed, chunks), left, "{chunks:?}");
        }
    }

    #[test]
    fn lines_are_given_one_by_one_and_nothing_is_echoed() {
        let terminal = Terminal::open().unwrap();
        terminal.type_in(b"one\ntwo\nthr").unwrap();
        assert!(terminal.has_unread());
        let mut chunk = [0; 64];
        for line in [&b"one\n"[..], b"two\n"] {
            let n = rustix::io::read(terminal.slave(), &mut chunk).unwrap();
            assert_eq!(&chunk[..n], line);
            terminal.feed();
        }
        assert!(!terminal.has_unread());
        terminal.type_in(b"ee\n").unwrap();
        assert_eq!(rustix::io::read(terminal.slave(), &mut chunk), Ok(6));
        terminal.end_input();
        assert_eq!(rustix::io::read(terminal.slave(), &mut chunk), Ok(0));
        assert_eq!(terminal.text(), b"");
    }

    #[test]
    fn what_is_printed_comes_as_it_was_printed() {
        let terminal = Terminal::open().unwrap();
        rustix::io::write(terminal.slave(), b"a\r\nb\n\tc").unwrap();
        assert_eq!(terminal.text(), b"a\r\nb\n\tc");
        assert_eq!(terminal.printed(), 7);
    }
}
