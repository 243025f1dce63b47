//! Looker: looks at open ports on a thread of its own while the scan goes on. Findings stay here, on the thread of the
//! engine; only what has to be dialled goes over, so whatever becomes of a look, its finding is not lost.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::Seen;
use super::backlog::Backlog;
use super::look::{Effort, look};
use super::probe::Whom;
use crate::scan::{Finding, News};

/// Looks at open ports, several at once, while the scan goes on.
pub(crate) struct Looker {
    backlog: Backlog,
    /// Closed when no more will come.
    jobs: Option<mpsc::Sender<Job>>,
    seen: Receiver<(usize, Seen)>,
    /// How many are on the thread, or behind it and not yet taken.
    away: usize,
    /// Dropped, it ends the thread.
    leave: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// A port to look at.
struct Job {
    number: usize,
    whom: Whom,
    effort: Effort,
}

impl Looker {
    /// One that gives each port `patience` for each thing that it is asked.
    ///
    /// # Errors
    /// Where the system grants no thread.
    pub(crate) fn open(patience: Duration) -> io::Result<Self> {
        let (jobs, wanted) = mpsc::channel(AHEAD);
        // It has room for all that is away, so the thread never waits in it.
        let (done, seen) = sync_channel(AHEAD);
        let (leave, left) = oneshot::channel();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let work = move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = left => {}
                    () = work(wanted, &done, patience) => {}
                }
            });
        };
        let thread = thread::Builder::new().name("banner".to_owned()).spawn(work)?;
        Ok(Self { backlog: Backlog::default(), jobs: Some(jobs), seen, away: 0, leave, thread })
    }

    /// Passes news on to `tell`, in their order for each host: an open port when it was looked at, a host's report behind
    /// the last of its ports, progress at once. Waits for some milliseconds at most, and only where [`Backlog`] is full;
    /// what does not fit even then goes without a look, and says so.
    pub(crate) fn pass(&mut self, news: News, tell: &mut dyn FnMut(News)) {
        self.take_what_is_done(tell);
        match news {
            News::Unbegun { .. } | News::Progress(_) => tell(news),
            News::Host(report) => self.backlog.hold(report).into_iter().for_each(|report| tell(News::Host(report))),
            News::Open(finding) => self.take_in(finding, tell),
        }
        self.send_off();
    }

    /// Passes on what is still being looked at; whatever is not done soon after `stop` is set goes without.
    pub(crate) fn finish(mut self, stop: &AtomicBool, tell: &mut dyn FnMut(News)) {
        while !self.backlog.is_empty() && !stop.load(Ordering::Relaxed) {
            self.send_off();
            if !self.backlog.has_waiting() {
                // So that its end is seen, even where a look that panicked is missing.
                self.jobs = None;
            }
            match self.seen.recv_timeout(GLANCE) {
                Ok((number, seen)) => self.bring_back(number, seen, tell),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.take_what_is_done(tell);
        self.backlog.give_up().into_iter().for_each(&mut *tell);
        drop(self.leave);
        // It has no more to say, and if it panicked, nothing of it is missing.
        let _ = self.thread.join();
    }

    fn take_in(&mut self, finding: Finding, tell: &mut dyn FnMut(News)) {
        if self.backlog.is_full()
            && let Ok((number, seen)) = self.seen.recv_timeout(HOLD_UP)
        {
            self.bring_back(number, seen, tell);
        }
        if self.backlog.is_full() {
            let seen = Seen { service: None, why: "not looked at: too many wait".to_owned(), bytes: Vec::new() };
            tell(News::Open(Finding { seen: Some(seen), ..finding }));
        } else {
            self.backlog.add(finding);
        }
    }

    fn send_off(&mut self) {
        while self.away < AHEAD
            && let Some((number, finding, effort)) = self.backlog.take_waiting()
        {
            let whom = Whom { address: finding.host.at(finding.port), name: finding.host.name.clone() };
            self.away += 1;
            // Where the thread is gone, `finish` gives up what it had.
            let _ = self.jobs.as_ref().map(|jobs| jobs.try_send(Job { number, whom, effort }));
        }
    }

    fn take_what_is_done(&mut self, tell: &mut dyn FnMut(News)) {
        while let Ok((number, seen)) = self.seen.try_recv() {
            self.bring_back(number, seen, tell);
        }
    }

    fn bring_back(&mut self, number: usize, seen: Seen, tell: &mut dyn FnMut(News)) {
        self.away -= 1;
        self.backlog.done(number, Some(seen)).into_iter().for_each(tell);
    }
}

/// Looks at what comes in, until nobody can send more.
async fn work(mut wanted: mpsc::Receiver<Job>, done: &SyncSender<(usize, Seen)>, patience: Duration) {
    let mut looks = JoinSet::new();
    loop {
        tokio::select! {
            job = wanted.recv(), if looks.len() < AT_ONCE => {
                let Some(Job { number, whom, effort }) = job else { break };
                let done = done.clone();
                looks.spawn(async move {
                    let seen = look(&whom.address, &whom, patience, effort).await;
                    // There is room for it, unless nobody wants it any more.
                    let _ = done.try_send((number, seen));
                });
            }
            Some(_) = looks.join_next() => {}
        }
    }
    while looks.join_next().await.is_some() {}
}

/// Looks at once: a connection each.
const AT_ONCE: usize = 64;

/// How far the engine's thread sends ahead, so that looks go on while it is busy: some 2 MiB of answers at worst.
const AHEAD: usize = 1024;

/// How long the engine is held up for each port that does not fit: far less than any of its deadlines.
const HOLD_UP: Duration = Duration::from_millis(5);

/// How soon an order to stop is seen.
const GLANCE: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpListener, TcpStream};

    use super::*;
    use crate::scan::Progress;
    use crate::scan::banner::backlog::tests::{finding, report};

    /// Accepts for ever and gives each connection to `serve`, on a thread that ends with the process.
    fn listener(serve: fn(TcpStream) -> io::Result<()>) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || serve(stream));
            }
        });
        port
    }

    fn echo(mut stream: TcpStream) -> io::Result<()> {
        let mut buffer = [0; 1024];
        loop {
            let count = stream.read(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            stream.write_all(&buffer[..count])?;
        }
    }

    fn greets(mut stream: TcpStream) -> io::Result<()> {
        stream.write_all(b"SSH-2.0-test\r\n")?;
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).map(|_| ())
    }

    fn words(news: &News) -> String {
        match news {
            News::Open(finding) => {
                format!(
                    "{} {}",
                    finding.port,
                    finding.seen.as_ref().and_then(|seen| seen.service.as_deref()).unwrap_or("-")
                )
            }
            News::Host(_) => "host".to_owned(),
            News::Unbegun { .. } => "unbegun".to_owned(),
            News::Progress(_) => "progress".to_owned(),
        }
    }

    #[test]
    fn a_host_is_reported_behind_its_ports_and_progress_at_once() {
        let (ssh, echo) = (listener(greets), listener(echo));
        let mut told = Vec::new();
        let mut tell = |news: News| told.push(words(&news));
        let mut looker = Looker::open(PATIENCE).unwrap();
        looker.pass(News::Open(finding(ssh)), &mut tell);
        looker.pass(News::Open(finding(echo)), &mut tell);
        looker.pass(News::Host(report()), &mut tell);
        looker.pass(News::Progress(Progress::default()), &mut tell);
        looker.finish(&AtomicBool::new(false), &mut tell);
        assert_eq!((told[0].as_str(), told[3].as_str()), ("progress", "host"), "{told:?}");
        told[1..3].sort();
        let mut ports = [format!("{ssh} ssh"), format!("{echo} echo")];
        ports.sort();
        assert_eq!(told[1..3], ports);
    }

    #[test]
    fn a_look_ends_with_a_reset_so_that_no_port_stays_in_time_wait() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let peer = thread::spawn(move || greets(listener.accept().unwrap().0));
        let mut looker = Looker::open(PATIENCE).unwrap();
        looker.pass(News::Open(finding(port)), &mut |_| {});
        looker.finish(&AtomicBool::new(false), &mut |_| {});
        assert_eq!(peer.join().unwrap().unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }

    #[test]
    fn a_host_without_open_ports_is_reported_at_once() {
        let mut told = Vec::new();
        let mut looker = Looker::open(PATIENCE).unwrap();
        looker.pass(News::Host(report()), &mut |news| told.push(words(&news)));
        assert_eq!(told, ["host"]);
    }

    #[test]
    fn more_ports_than_are_looked_at_at_once_come_out_once_each() {
        let port = listener(greets);
        let mut told = Vec::new();
        let mut looker = Looker::open(PATIENCE).unwrap();
        for _ in 0..2000 {
            looker.pass(News::Open(finding(port)), &mut |news| told.push(words(&news)));
        }
        looker.pass(News::Host(report()), &mut |news| told.push(words(&news)));
        looker.finish(&AtomicBool::new(false), &mut |news| told.push(words(&news)));
        assert_eq!(told.len(), 2001);
        assert!(told[..2000].iter().all(|line| *line == format!("{port} ssh")), "{:?}", told.first());
        assert_eq!(told[2000], "host");
    }

    #[test]
    fn who_is_told_to_stop_gives_back_what_it_has() {
        // Accepted by the system, and never answered.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = silent.local_addr().unwrap().port();
        let mut told = Vec::new();
        let mut looker = Looker::open(Duration::from_secs(3600)).unwrap();
        for _ in 0..1500 {
            looker.pass(News::Open(finding(port)), &mut |news| told.push(words(&news)));
        }
        looker.pass(News::Host(report()), &mut |news| told.push(words(&news)));
        looker.finish(&AtomicBool::new(true), &mut |news| told.push(words(&news)));
        assert_eq!(told.len(), 1501);
        assert!(told[..1500].iter().all(|line| *line == format!("{port} -")));
        assert_eq!(told[1500], "host");
    }

    #[test]
    fn what_does_not_fit_goes_without_a_look_and_says_so() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = silent.local_addr().unwrap().port();
        let (mut told, mut unseen) = (0, 0);
        let mut tell = |news: News| {
            let News::Open(finding) = news else { return };
            told += 1;
            unseen += usize::from(finding.seen.is_some_and(|seen| seen.why == "not looked at: too many wait"));
        };
        let mut looker = Looker::open(Duration::from_secs(3600)).unwrap();
        for _ in 0..(1 << 16) + 20 {
            looker.pass(News::Open(finding(port)), &mut tell);
        }
        looker.finish(&AtomicBool::new(true), &mut tell);
        assert_eq!((told, unseen), ((1 << 16) + 20, 20));
    }

    #[test]
    fn who_resets_or_is_gone_is_told_so() {
        let resets = listener(|stream| socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)));
        // Nobody listens there, and nobody else gets it.
        let kept = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        kept.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        let gone = kept.local_addr().unwrap().as_socket().unwrap().port();
        for (port, why) in [(resets, "resets at once"), (gone, "not reached again: connection refused")] {
            let mut told = Vec::new();
            let mut looker = Looker::open(PATIENCE).unwrap();
            looker.pass(News::Open(finding(port)), &mut |news| told.push(news));
            looker.finish(&AtomicBool::new(false), &mut |news| told.push(news));
            let News::Open(Finding { seen: Some(seen), .. }) = &told[0] else { panic!("{told:?}") };
            assert_eq!(seen.why, why);
        }
    }

    const PATIENCE: Duration = Duration::from_secs(2);
}
