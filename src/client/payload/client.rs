//! One client of a payload: dials, sends the pattern while it receives it back, half-closes, and reads to the end.

use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::rc::Rc;

use socket2::SockRef;
use tokio::time::{Instant, timeout_at};

use super::check::Check;
use super::report::{Fault, Report};
use super::{Payload, Run};
use crate::client::Account;
use crate::net::{Ending, Stream, dial};
use crate::seeded::Pattern;

/// One client's end of the conversation.
struct Client {
    run: Rc<Run>,
    stream: Stream,
    pattern: Pattern,
    account: RefCell<Account>,
    /// When bytes last moved, on the runtime's clock.
    moved: Cell<Instant>,
    /// Why sending stopped. The system tells each error once, so the receiving side may only see an end.
    unsendable: Cell<Option<io::Error>>,
}

/// Runs client `number` to its end.
pub(super) async fn run(number: usize, run: Rc<Run>) -> Report {
    let stream = match dial(&run.payload.address, &run.payload.dial).await {
        Ok(stream) => stream,
        Err(error) => return unreached(number, Fault::Unreached(error)),
    };
    let account = RefCell::new(Account::open(&run.emitter, &socket(&stream)));
    let begun = Instant::now();
    let pattern = Pattern::new(run.payload.seed, number);
    let client = Client { run, stream, pattern, account, moved: Cell::new(begun), unsendable: Cell::new(None) };
    let verdict = tokio::select! {
        verdict = client.receive() => verdict,
        never = client.send() => match never {},
    };
    client.report(number, begun, verdict)
}

fn unreached(client: usize, fault: Fault) -> Report {
    Report { client, sent: 0, received: 0, lasted: std::time::Duration::ZERO, verdict: Err(fault) }
}

impl Client {
    /// Sends the pattern and half-closes. It never returns: the receiving side sees every end, also those that sending
    /// meets first.
    async fn send(&self) -> std::convert::Infallible {
        match self.send_all().await {
            // A connection that is gone shows it to the receiving side.
            Ok(()) => drop(socket(&self.stream).shutdown(Shutdown::Write)),
            Err(error) => self.unsendable.set(Some(error)),
        }
        std::future::pending().await
    }

    async fn send_all(&self) -> io::Result<()> {
        let size = self.payload().size;
        let mut at = 0;
        while at < size {
            self.stream.writable().await?;
            at += self.send_some(at, size)?;
            // A peer that takes everything at once must not keep the others waiting.
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    fn send_some(&self, at: u64, size: u64) -> io::Result<u64> {
        let mut scratch = self.run.scratch.borrow_mut();
        let due = scratch.len().min(usize::try_from(size - at).unwrap_or(usize::MAX));
        let piece = &mut scratch[..due];
        self.pattern.fill(at, piece);
        match self.stream.try_write(piece) {
            Ok(count) => {
                self.moved.set(Instant::now());
                self.account.borrow_mut().sent(&piece[..count]);
                Ok(count as u64)
            }
            Err(e) if is_passing(&e) => Ok(0),
            Err(e) => Err(e),
        }
    }

    /// Receives to the peer's end and checks each byte.
    async fn receive(&self) -> Result<(), Fault> {
        let mut check = Check::new(self.pattern, self.payload().size);
        loop {
            let deadline = self.moved.get() + self.payload().idle;
            let arrived = match timeout_at(deadline, self.stream.readable()).await {
                Ok(ready) => ready.and_then(|()| self.receive_some(&mut check)),
                Err(_) if self.moved.get() + self.payload().idle > Instant::now() => continue,
                Err(_) => return Err(check.suspicion().unwrap_or_else(|| self.idle())),
            };
            match arrived {
                Ok(Some(verdict)) => return verdict,
                Ok(None) => tokio::task::yield_now().await,
                Err(error) => return Err(check.suspicion().unwrap_or_else(|| self.broken(error))),
            }
        }
    }

    /// The verdict, where what came brings one.
    fn receive_some(&self, check: &mut Check) -> io::Result<Option<Result<(), Fault>>> {
        let mut scratch = self.run.scratch.borrow_mut();
        let piece = match self.stream.try_read(&mut scratch) {
            Ok(0) => return self.ended(check).map(Some),
            Ok(count) => &scratch[..count],
            Err(e) if is_passing(&e) => return Ok(None),
            Err(e) => return Err(e),
        };
        self.moved.set(Instant::now());
        self.run.received.set(self.run.received.get() + piece.len() as u64);
        self.account.borrow_mut().received(piece);
        Ok(check.take(piece).err().map(Err))
    }

    /// What the peer's end means.
    fn ended(&self, check: &Check) -> io::Result<Result<(), Fault>> {
        match (check.end(), self.unsendable.take()) {
            (Err(Fault::Short { .. }), Some(error)) => Err(error),
            (verdict, _) => Ok(verdict),
        }
    }

    fn report(self, client: usize, begun: Instant, verdict: Result<(), Fault>) -> Report {
        let account = self.account.into_inner();
        account.closed(match &verdict {
            Ok(()) | Err(Fault::Short { .. }) => Ending::PeerClosed,
            Err(Fault::Idle { .. }) => Ending::TimedOut,
            Err(Fault::Broken { error, .. }) => io::Error::new(error.kind(), error.to_string()).into(),
            Err(_) => Ending::WeClosed,
        });
        let (sent, received) = (account.session.bytes_out, account.session.bytes_in);
        Report { client, sent, received, lasted: begun.elapsed(), verdict }
    }

    fn idle(&self) -> Fault {
        let received = self.account.borrow().session.bytes_in;
        Fault::Idle { received, of: self.payload().size, idle: self.payload().idle }
    }

    fn broken(&self, error: io::Error) -> Fault {
        let received = self.account.borrow().session.bytes_in;
        Fault::Broken { received, of: self.payload().size, error }
    }

    fn payload(&self) -> &Payload {
        &self.run.payload
    }
}

fn socket(stream: &Stream) -> SockRef<'_> {
    match stream {
        Stream::Tcp(stream) => stream.into(),
        Stream::Unix(stream) => stream.into(),
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
