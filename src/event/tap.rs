//! Tap: a stream that tells what passes through it and remembers when something last did.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::{Reporter, Session};
use crate::net::Ending;

/// A stream between a service and `S` that reports every byte it passes on.
pub(crate) struct Tap<S> {
    stream: S,
    account: Rc<Account>,
}

/// What a tap knows, for those who look at the conversation from outside.
pub(crate) struct Account {
    reporter: Rc<Reporter>,
    session: RefCell<Session>,
    /// When bytes last moved.
    pub(crate) moved: Cell<Instant>,
    /// Whether bytes wait for the peer to take them.
    pub(crate) unsent: Cell<bool>,
}

impl Account {
    pub(crate) fn new(reporter: Rc<Reporter>, session: Session) -> Rc<Self> {
        let (session, moved, unsent) = (RefCell::new(session), Cell::new(Instant::now()), Cell::new(false));
        Rc::new(Self { reporter, session, moved, unsent })
    }

    /// The conversation is over.
    pub(crate) fn disconnected(&self, ending: Ending) {
        self.reporter.disconnected(&self.session.borrow(), ending);
    }
}

impl<S> Tap<S> {
    pub(crate) fn new(stream: S, account: Rc<Account>) -> Self {
        Self { stream, account }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let new = &buf.filled()[before..];
        if !new.is_empty() {
            let account = &self.account;
            account.moved.set(Instant::now());
            account.reporter.received(&mut account.session.borrow_mut(), new);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        let account = &self.account;
        account.unsent.set(written.is_pending());
        if let Poll::Ready(Ok(count)) = written {
            account.moved.set(Instant::now());
            account.reporter.sent(&mut account.session.borrow_mut(), &bytes[..count]);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
