//! Script: a match without a person. Every line of stdin answers one question, so that a script can bring all its
//! choices at once and each is for a round of its own. What the server says goes to stdout, a line each.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;

use super::super::speech::Speech;
use super::super::trouble::Trouble;
use super::super::wire::Wire;
use super::board::Board;
use super::hearing::Hearing;
use super::keys::{Meaning, meaning};
use crate::net::Ending;

/// Plays one match. Where a choice is asked for and stdin has ended, the match is left. A closed stdout is an ordinary
/// end.
///
/// # Errors
/// Where the conversation fails or ends before the match does, stdin cannot be read or stdout cannot be written to.
pub(crate) fn play_script(wire: &Wire, speech: Speech) -> Result<(), Trouble> {
    let script = Script {
        wire,
        hearing: Hearing::new(speech),
        board: Board::default(),
        input: Input::default(),
        manner: Manner::Playing,
    };
    match script.play() {
        Ok(ending) => {
            wire.closed(ending);
            Ok(())
        }
        Err(trouble) => {
            wire.cut();
            wire.closed(trouble.ending());
            Err(trouble)
        }
    }
}

struct Script<'a> {
    wire: &'a Wire,
    hearing: Hearing,
    board: Board,
    input: Input,
    manner: Manner,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Playing,
    /// It has said that it has said everything.
    Leaving,
}

impl Script<'_> {
    fn play(mut self) -> Result<Ending, Trouble> {
        let mut stdin = File::from(io::stdin().as_fd().try_clone_to_owned().map_err(Trouble::Stdin)?);
        let mut buf = vec![0; BUFFER];
        loop {
            self.answer()?;
            // Whoever is not asked does not read: what stdin brings then is for later questions.
            let asked = self.board.asks() && self.manner == Manner::Playing;
            let ready = self.wire.wait(&[stdin.as_fd()][..usize::from(asked)], self.hearing.patience())?;
            if ready.others.contains(&true) {
                self.input.read(&mut stdin)?;
            }
            let (lines, over) = if ready.peer {
                match self.wire.receive(&mut buf)? {
                    0 => (self.hearing.finish()?.into_iter().collect(), true),
                    count => (self.hearing.take(&buf[..count])?, false),
                }
            } else if ready.others.contains(&true) {
                (Vec::new(), false)
            } else {
                (self.hearing.rest()?.into_iter().collect(), false)
            };
            match self.tell(&lines) {
                Ok(()) if over && self.manner == Manner::Playing && !self.board.is_over() => {
                    return Err(Trouble::CutShort);
                }
                Ok(()) if over => return Ok(Ending::PeerClosed),
                Ok(()) => {}
                Err(e) if e.kind() == ErrorKind::BrokenPipe => {
                    self.wire.cut();
                    return Ok(Ending::WeClosed);
                }
                Err(e) => return Err(Trouble::Stdout(e)),
            }
        }
    }

    /// Sends the next line, where one is asked for and has come.
    fn answer(&mut self) -> Result<(), Trouble> {
        while self.board.asks() && self.manner == Manner::Playing {
            match self.input.line().map(|line| meaning(&line)) {
                Some(Some(Meaning::Word(word))) => {
                    self.wire.send(&self.hearing.pack(&word)?)?;
                    self.board.chose(&word);
                }
                // An empty line is no answer.
                Some(None) => {}
                None if !self.input.over => return Ok(()),
                Some(Some(Meaning::Leave)) | None => {
                    self.manner = Manner::Leaving;
                    self.wire.half_close();
                }
            }
        }
        Ok(())
    }

    fn tell(&mut self, lines: &[String]) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        for line in lines {
            self.board.hear(line);
            writeln!(stdout, "{line}")?;
        }
        stdout.flush()
    }
}

/// stdin in lines.
#[derive(Default)]
struct Input {
    held: Vec<u8>,
    over: bool,
}

impl Input {
    fn read(&mut self, stdin: &mut File) -> Result<(), Trouble> {
        let mut buf = [0; 4096];
        match stdin.read(&mut buf) {
            Ok(0) => self.over = true,
            Ok(count) => self.held.extend_from_slice(&buf[..count]),
            Err(e) if matches!(e.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
            Err(e) => return Err(Trouble::Stdin(e)),
        }
        Ok(())
    }

    /// The next line; the last one, and one that is too long for any server, even without an end.
    fn line(&mut self) -> Option<String> {
        let end = self.held.iter().position(|b| *b == b'\n').map(|at| at + 1);
        let unended = (self.over && !self.held.is_empty()) || self.held.len() > LONGEST_LINE;
        let end = end.or(unended.then_some(self.held.len()))?;
        let line: Vec<u8> = self.held.drain(..end).collect();
        Some(String::from_utf8_lossy(&line).into_owned())
    }
}

/// A read takes at most so much.
const BUFFER: usize = 4096;
/// Bytes of a line that is still waited for.
const LONGEST_LINE: usize = 64 * 1024;
