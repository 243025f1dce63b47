//! Outbox: the lines that wait for one member, bounded by bytes and by age. It belongs to the member's thread: the post
//! puts lines in, the member's conversation takes them out, and neither waits for the other.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::framing::Delimiter;

/// What waits for one member.
#[derive(Debug)]
pub(super) struct Outbox {
    lines: RefCell<VecDeque<(Instant, Rc<[u8]>)>>,
    bytes: Cell<usize>,
    /// When the oldest of those lines was put in that were taken and are not sent yet.
    under_way: Cell<Option<Instant>>,
    state: Cell<State>,
    line_end: Cell<Delimiter>,
    news: Notify,
}

/// What is to become of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// More may come.
    Open,
    /// What is there is still sent, and nothing more comes.
    Closed,
    /// It is too far behind for anything more.
    Overflowed,
}

impl Outbox {
    /// Empty, for a member whose lines end so.
    pub(super) fn new(line_end: Delimiter) -> Self {
        Self {
            lines: RefCell::default(),
            bytes: Cell::new(0),
            under_way: Cell::new(None),
            state: Cell::new(State::Open),
            line_end: Cell::new(line_end),
            news: Notify::new(),
        }
    }

    /// Puts a line in; a member for whom there is no room is given up.
    pub(super) fn put(&self, line: Rc<[u8]>, now: Instant) {
        if self.state.get() != State::Open {
            return;
        }
        if self.bytes.get() + line.len() > MOST_BEHIND {
            self.lines.take();
            self.state.set(State::Overflowed);
        } else {
            self.bytes.set(self.bytes.get() + line.len());
            self.lines.borrow_mut().push_back((now, line));
        }
        self.news.notify_one();
    }

    /// Nothing more will be put in.
    pub(super) fn close(&self) {
        if self.state.get() == State::Open {
            self.state.set(State::Closed);
        }
        self.news.notify_one();
    }

    /// Moves lines to the end of `out`, which is empty, as many as one write takes. What was taken before has been sent.
    pub(super) fn take(&self, out: &mut Vec<u8>) {
        let mut lines = self.lines.borrow_mut();
        self.under_way.set(lines.front().map(|(since, _)| *since));
        while lines.front().is_some_and(|(_, line)| out.is_empty() || out.len() + line.len() <= MOST_AT_ONCE) {
            let Some((_, line)) = lines.pop_front() else { break };
            self.bytes.set(self.bytes.get() - line.len());
            out.extend_from_slice(&line);
        }
        if lines.is_empty() {
            // Whoever is not behind holds no memory for it.
            *lines = VecDeque::new();
        }
    }

    /// Whether everything was taken that will ever be put in.
    pub(super) fn is_done(&self) -> bool {
        self.state.get() == State::Closed && self.lines.borrow().is_empty()
    }

    /// Whether the member was given up.
    pub(super) fn has_overflowed(&self) -> bool {
        self.state.get() == State::Overflowed
    }

    /// How many bytes are in it.
    #[cfg(feature = "simulation")]
    pub(super) fn held(&self) -> usize {
        self.lines.borrow().iter().map(|(_, line)| line.len()).sum()
    }

    /// When what was taken last is too old to be still on its way.
    pub(super) fn deadline(&self) -> Instant {
        self.under_way.get().unwrap_or_else(Instant::now) + OLDEST
    }

    /// What the member's lines end with.
    pub(super) fn line_end(&self) -> Delimiter {
        self.line_end.get()
    }

    /// A member who ends lines so reads them so; one who ends them with nothing reads them with LF.
    pub(super) fn speaks(&self, end: Delimiter) {
        if end != Delimiter::None {
            self.line_end.set(end);
        }
    }

    /// Waits until something was put in or it was closed, since the last call.
    ///
    /// # Cancel safety
    /// Dropping it loses nothing.
    pub(super) async fn news(&self) {
        self.news.notified().await;
    }

    /// Waits until the member is too far behind by bytes.
    ///
    /// # Cancel safety
    /// Dropping it loses nothing: whoever takes looks at what is there first.
    pub(super) async fn overflows(&self) {
        while !self.has_overflowed() {
            self.news.notified().await;
        }
    }
}

/// How many bytes a member may be behind, besides what one write holds.
const MOST_BEHIND: usize = 256 * 1024;
/// How old a line may get before it is sent.
const OLDEST: Duration = Duration::from_secs(10);
/// How much goes out in one write.
const MOST_AT_ONCE: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn line(length: usize) -> Rc<[u8]> {
        vec![b'x'; length].into()
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_too_far_behind_is_given_up_and_holds_nothing() {
        let outbox = Outbox::new(Delimiter::Lf);
        for _ in 0..256 {
            outbox.put(line(1024), Instant::now());
        }
        assert_eq!(outbox.state.get(), State::Open);
        outbox.put(line(1), Instant::now());
        outbox.overflows().await;
        assert!(outbox.lines.borrow().is_empty() && !outbox.is_done());
    }

    #[tokio::test(start_paused = true)]
    async fn lines_go_out_together_and_in_order_and_the_oldest_sets_the_deadline() {
        let outbox = Outbox::new(Delimiter::Lf);
        let begun = Instant::now();
        outbox.put((*b"one\n").into(), begun);
        tokio::time::advance(Duration::from_secs(3)).await;
        outbox.put((*b"two\n").into(), Instant::now());
        let mut out = Vec::new();
        outbox.take(&mut out);
        assert_eq!((&out[..], outbox.deadline()), (&b"one\ntwo\n"[..], begun + OLDEST));
        outbox.close();
        assert!(outbox.is_done());
    }
}
