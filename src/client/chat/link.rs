//! Link: the connection to the room, which comes, goes and comes again. It never waits: whoever runs it does, for
//! `Link::socket` and for as long as `Link::patience` says.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::client::arriving::Arriving;
use crate::client::speech::{Incoming, Outgoing, Rendering, Speech};
use crate::client::trouble::Trouble;
use crate::client::wire::Wire;
use crate::net::Ending;

/// Another connection; it may take its time, on a thread of its own.
pub(crate) type Dialler = Arc<dyn Fn() -> Result<Wire, Trouble> + Send + Sync>;

/// Connections, one after another.
pub(super) struct Link {
    dialler: Dialler,
    speech: Speech,
    phase: Phase,
    /// How long the next wait is.
    delay: Duration,
    /// When the last connection came about.
    since: Instant,
}

enum Phase {
    Up(Box<Line>),
    Dialling { done: UnixStream, result: Receiver<Result<Wire, Trouble>> },
    Waiting { until: Instant },
    Down,
}

/// A connection, and what is under way on it.
struct Line {
    wire: Wire,
    incoming: Incoming,
    outgoing: Outgoing,
    arriving: Arriving,
    /// The beginning of a line, and since when nothing came behind it.
    begun: String,
    since: Instant,
    /// What the peer does not take yet.
    queue: VecDeque<Vec<u8>>,
}

/// What has become of it.
#[derive(Debug)]
pub(super) enum News {
    /// A whole line of the server, safe for a terminal.
    Line(String),
    Connected,
    /// The connection is gone, for this reason.
    Lost(Option<Trouble>),
    /// Nobody answered.
    Failed(Trouble),
    Dialling,
}

impl Link {
    pub(super) fn new(dialler: Dialler, speech: Speech, wire: Wire) -> Self {
        let phase = Phase::Up(Box::new(Line::new(wire, speech)));
        Self { dialler, speech, phase, delay: FIRST_DELAY, since: Instant::now() }
    }

    /// What to wait for, if there is something.
    pub(super) fn socket(&self) -> Option<(BorrowedFd<'_>, PollFlags)> {
        match &self.phase {
            Phase::Up(line) if line.queue.is_empty() => Some((line.wire.as_fd(), PollFlags::IN)),
            Phase::Up(line) => Some((line.wire.as_fd(), PollFlags::IN | PollFlags::OUT)),
            Phase::Dialling { done, .. } => Some((done.as_fd(), PollFlags::IN)),
            Phase::Waiting { .. } | Phase::Down => None,
        }
    }

    /// How long to wait at most.
    pub(super) fn patience(&self) -> Option<Duration> {
        match &self.phase {
            Phase::Up(line) => {
                let begun = (!line.begun.is_empty()).then(|| LULL.saturating_sub(line.since.elapsed()));
                // One that is over is told by the next turn.
                let idle = line.wire.patience().unwrap_or(Some(Duration::ZERO));
                begun.into_iter().chain(idle).min()
            }
            Phase::Waiting { until } => Some(until.saturating_duration_since(Instant::now())),
            Phase::Dialling { .. } | Phase::Down => None,
        }
    }

    /// Does what can be done without waiting.
    pub(super) fn turn(&mut self) -> Vec<News> {
        match &mut self.phase {
            Phase::Up(line) => {
                let mut lines = Vec::new();
                let done = line.turn(&mut lines);
                let mut news: Vec<News> = lines.into_iter().map(News::Line).collect();
                match done {
                    Ok(true) => {}
                    Ok(false) => news.push(self.lose(None)),
                    Err(trouble) => news.push(self.lose(Some(trouble))),
                }
                news
            }
            Phase::Dialling { done, result } if is_ready(done.as_fd(), PollFlags::IN) => {
                let wire = result.recv().unwrap_or_else(|_| Err(Trouble::Socket(io::ErrorKind::Other.into())));
                match wire {
                    Ok(wire) => {
                        self.phase = Phase::Up(Box::new(Line::new(wire, self.speech)));
                        self.since = Instant::now();
                        vec![News::Connected]
                    }
                    Err(trouble) => {
                        self.phase = Phase::Down;
                        vec![News::Failed(trouble)]
                    }
                }
            }
            Phase::Waiting { until } if *until <= Instant::now() => {
                self.dial();
                vec![News::Dialling]
            }
            Phase::Dialling { .. } | Phase::Waiting { .. } | Phase::Down => Vec::new(),
        }
    }

    /// Sends a line, as soon as the peer takes it.
    ///
    /// # Errors
    /// Where it cannot be sent; the connection is as it was.
    pub(super) fn say(&mut self, text: &str) -> Result<(), String> {
        let Phase::Up(line) = &mut self.phase else { return Err("there is no connection".to_owned()) };
        line.say(text)
    }

    /// Connects again when the next delay is over, and says how long that is.
    pub(super) fn wait(&mut self) -> Duration {
        let delay = self.delay;
        self.phase = Phase::Waiting { until: Instant::now() + delay };
        self.delay = (delay * 2).min(LAST_DELAY);
        delay
    }

    /// The server had let us in: the next delay is the first again, unless the stay was so short that the room would
    /// see nothing but us coming and going.
    pub(super) fn had_stayed(&mut self) {
        if self.since.elapsed() >= LAST_DELAY {
            self.delay = FIRST_DELAY;
        }
    }

    /// Connects now, unless that is under way.
    pub(super) fn dial(&mut self) {
        if matches!(self.phase, Phase::Dialling { .. }) {
            return;
        }
        let begin = || {
            let (ours, theirs) = UnixStream::pair()?;
            let (sender, result) = channel();
            let dialler = Arc::clone(&self.dialler);
            let call = move || {
                // Whoever does not wait any more does not want it.
                let _ = sender.send(dialler());
                drop(theirs);
            };
            thread::Builder::new().name("dialler".into()).spawn(call)?;
            Ok::<_, io::Error>(Phase::Dialling { done: ours, result })
        };
        match begin() {
            Ok(phase) => self.phase = phase,
            Err(_) => drop(self.wait()),
        }
    }

    /// Ends it in good order: what was said last gets there, and the server has a moment to end as well.
    pub(super) fn part(mut self) {
        let Phase::Up(line) = &mut self.phase else { return };
        let until = Instant::now() + FAREWELL;
        let mut rest = Vec::new();
        while line.turn(&mut rest).is_ok_and(|is_open| is_open) && !line.queue.is_empty() && Instant::now() < until {
            line.wire.has_more_within(Duration::from_millis(10));
        }
        line.wire.half_close();
        while line.wire.has_more_within(until.saturating_duration_since(Instant::now()))
            && line.turn(&mut rest).is_ok_and(|is_open| is_open)
        {
            rest.clear();
        }
        line.wire.cut();
        line.wire.closed(Ending::WeClosed);
    }

    fn lose(&mut self, trouble: Option<Trouble>) -> News {
        if let Phase::Up(line) = &self.phase {
            line.wire.cut();
            line.wire.closed(trouble.as_ref().map_or(Ending::PeerClosed, Trouble::ending));
        }
        self.phase = Phase::Down;
        News::Lost(trouble)
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("speech", &self.speech).finish_non_exhaustive()
    }
}

impl Line {
    fn new(wire: Wire, speech: Speech) -> Self {
        Self {
            wire,
            incoming: Incoming::new(speech, Rendering::Text),
            outgoing: Outgoing::new(speech),
            arriving: Arriving::default(),
            begun: String::new(),
            since: Instant::now(),
            queue: VecDeque::new(),
        }
    }

    /// Sends and receives what can be. Whether the peer may have more to say.
    fn turn(&mut self, lines: &mut Vec<String>) -> Result<bool, Trouble> {
        while !self.queue.is_empty() && is_ready(self.wire.as_fd(), PollFlags::OUT) {
            let next = self.queue.pop_front().unwrap_or_default();
            self.wire.send(&next)?;
        }
        if !is_ready(self.wire.as_fd(), PollFlags::IN) {
            self.wire.patience()?;
            if self.since.elapsed() >= LULL {
                self.end_line(lines);
            }
            return Ok(true);
        }
        let mut buf = [0; BUFFER];
        let count = self.wire.receive(&mut buf)?;
        if count == 0 {
            self.begun += &self.arriving.finish();
            self.end_line(lines);
            return self.incoming.finish().map(|()| false);
        }
        let (bytes, sound) = self.incoming.translate(&buf[..count]);
        self.begun += &self.arriving.take(&bytes);
        self.since = Instant::now();
        let end = self.begun.rfind('\n').map_or(0, |at| at + 1);
        let rest = self.begun.split_off(end);
        lines.extend(std::mem::replace(&mut self.begun, rest).lines().map(str::to_owned));
        if self.begun.len() > LONGEST {
            self.end_line(lines);
        }
        sound.map(|()| true)
    }

    /// What came without a line end, and nothing behind it: a question perhaps.
    fn end_line(&mut self, lines: &mut Vec<String>) {
        if !self.begun.is_empty() {
            lines.push(std::mem::take(&mut self.begun));
        }
    }

    fn say(&mut self, text: &str) -> Result<(), String> {
        if self.queue.len() == MOST_QUEUED {
            return Err("the server takes nothing".to_owned());
        }
        let line = format!("{text}\n");
        let (bytes, sound) = self.outgoing.translate(line.as_bytes());
        let bytes = bytes.into_owned();
        sound.map_err(|trouble| trouble.to_string())?;
        self.queue.push_back(bytes);
        Ok(())
    }
}

fn is_ready(fd: BorrowedFd<'_>, what: PollFlags) -> bool {
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let mut fds = [PollFd::from_borrowed_fd(fd, what)];
    poll(&mut fds, Some(&now)).is_ok_and(|ready| ready > 0)
}

const FIRST_DELAY: Duration = Duration::from_secs(1);
const LAST_DELAY: Duration = Duration::from_secs(30);
/// How long leaving waits for the server's end. A wait of a second or more is none in [`Wire::has_more_within`].
const FAREWELL: Duration = Duration::from_millis(500);
/// How long a line may lack its end before it is shown without one.
const LULL: Duration = Duration::from_millis(200);
/// A read takes at most so much, so that keys are not kept waiting.
const BUFFER: usize = 16 * 1024;
/// Bytes of a line without an end, before it is taken for one.
const LONGEST: usize = 64 * 1024;
/// Lines; more are not typed while a server takes none.
const MOST_QUEUED: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{Account, LineEnd};
    use crate::event::Emitter;
    use socket2::{SockRef, Socket};
    use std::io::{Read, Write};

    fn wire() -> (Wire, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let account = Account::open(&Emitter::mute(), &SockRef::from(&ours));
        (Wire::new(Socket::from(ours), account), theirs)
    }

    fn link() -> (Link, UnixStream) {
        let (wire, peer) = wire();
        let refuse = || Err(Trouble::TurnedAway("nobody is there".into()));
        (Link::new(Arc::new(refuse), Speech::Bytes(LineEnd::Lf), wire), peer)
    }

    fn lines(news: &[News]) -> Vec<&str> {
        news.iter().filter_map(|news| if let News::Line(line) = news { Some(line.as_str()) } else { None }).collect()
    }

    #[test]
    fn lines_are_whole_wherever_they_are_cut_and_safe() {
        let (mut link, mut peer) = link();
        peer.write_all("<a> ż\x1b[2J\r\n<b".as_bytes()).unwrap();
        assert_eq!(lines(&link.turn()), ["<a> ż\\u{1b}[2J"]);
        peer.write_all(b"> x\nNick?").unwrap();
        assert_eq!(lines(&link.turn()), ["<b> x"]);
        assert!(link.patience().is_some_and(|patience| patience <= LULL), "a question may lack its line end");
        thread::sleep(link.patience().unwrap());
        assert_eq!(lines(&link.turn()), ["Nick?"]);
    }

    #[test]
    fn delays_grow_until_the_server_lets_us_in() {
        let (mut link, _peer) = link();
        let delays: Vec<u64> = (0..7).map(|_| link.wait().as_secs()).collect();
        assert_eq!(delays, [1, 2, 4, 8, 16, 30, 30]);
        link.had_stayed();
        assert_eq!(link.wait().as_secs(), 30, "that was no stay");
        link.since = Instant::now().checked_sub(LAST_DELAY).unwrap();
        link.had_stayed();
        assert_eq!(link.wait().as_secs(), 1);
    }

    #[test]
    fn an_end_is_told_and_dialling_keeps_nobody_waiting() {
        let (mut link, peer) = link();
        drop(peer);
        assert!(matches!(link.turn()[..], [News::Lost(None)]));
        assert!(link.say("x").is_err());
        link.dial();
        let (fd, flags) = link.socket().unwrap();
        poll(&mut [PollFd::from_borrowed_fd(fd, flags)], None).unwrap();
        assert!(matches!(link.turn()[..], [News::Failed(_)]));
    }

    #[test]
    fn what_a_server_does_not_take_waits_and_is_bounded() {
        let (mut link, mut peer) = link();
        for _ in 0..MOST_QUEUED {
            link.say("hello").unwrap();
        }
        assert!(link.say("hello").is_err());
        link.turn();
        link.say("bye").unwrap();
        link.turn();
        let mut said = vec![0; 6 * MOST_QUEUED + 4];
        peer.read_exact(&mut said).unwrap();
        assert!(said.ends_with(b"hello\nbye\n"));
    }
}
