//! Referee: runs the lobby, on a thread of its own, for the players of all workers. They reach it by a bounded channel,
//! and it reaches each of them by a small mailbox; whoever lets that fill up does not listen, and has left.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::choice::Choice;
use super::line::Line;
use super::lobby::{Command, Effect, How, Keeping, Lobby, Player, Record, TableId};
use crate::net::byteloop::Orders;
use crate::store::{Match, MatchEnd, Store, StoreError};

/// The way to the referee. Dropped, it waits until the results of all matches that were won are kept.
pub(super) struct Referee {
    /// Taken only at the end.
    requests: Option<mpsc::Sender<Request>>,
    orders: watch::Sender<Orders>,
    thread: Option<JoinHandle<()>>,
    last: AtomicU64,
}

/// Somebody's place in the lobby, which they leave by dropping it.
pub(super) struct Seat<'a> {
    player: Player,
    referee: &'a Referee,
    letters: mpsc::Receiver<Letter>,
    /// Its end is how the referee learns that they have left.
    _presence: oneshot::Sender<()>,
}

/// What a player is told at once.
#[derive(Debug, Default)]
pub(super) struct Letter {
    pub(super) lines: Vec<Line>,
    pub(super) then: Then,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Then {
    #[default]
    Stay,
    /// It was the last letter.
    Part,
}

enum Request {
    Join { player: Player, from: Arc<str>, mailbox: mpsc::Sender<Letter>, left: oneshot::Receiver<()> },
    Say { player: Player, choice: Option<Choice>, taken: oneshot::Sender<()> },
}

impl Referee {
    /// For rounds that last at most `turn`.
    ///
    /// # Errors
    /// Where the system grants no thread.
    pub(super) fn new(turn: Duration, store: Arc<dyn Store>) -> io::Result<Self> {
        let (requests, waiting) = mpsc::channel(QUEUE);
        let (orders, heard) = watch::channel(Orders::Serve);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let evening = Evening {
            lobby: Lobby::new(turn),
            mailboxes: HashMap::new(),
            stays: JoinSet::new(),
            keeping: JoinSet::new(),
            heeded: Orders::Serve,
            store,
        };
        let thread =
            thread::Builder::new().name("rps".into()).spawn(move || runtime.block_on(evening.pass(waiting, heard)))?;
        Ok(Self { requests: Some(requests), orders, thread: Some(thread), last: AtomicU64::new(0) })
    }

    /// Lets somebody in; `None` where there is nobody to do it.
    ///
    /// # Cancel safety
    /// Dropping it lets nobody in.
    pub(super) async fn join(&self, from: &str) -> Option<Seat<'_>> {
        let player = Player(self.last.fetch_add(1, Ordering::Relaxed));
        let (mailbox, letters) = mpsc::channel(MAILBOX);
        let (presence, left) = oneshot::channel();
        self.ask(Request::Join { player, from: from.into(), mailbox, left }).await?;
        Some(Seat { player, referee: self, letters, _presence: presence })
    }

    /// Told before the server obeys: when it closes, everybody's conversation ends, and nobody has left a match.
    pub(super) fn heed(&self, orders: Orders) {
        self.orders.send_replace(orders);
    }

    async fn ask(&self, request: Request) -> Option<()> {
        self.requests.as_ref()?.send(request).await.ok()
    }
}

impl Drop for Referee {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            // One that has panicked has said so.
            let _ = thread.join();
        }
    }
}

impl Seat<'_> {
    /// The next letter; `None` where the referee does not write any more.
    ///
    /// # Cancel safety
    /// Dropping it loses nothing.
    pub(super) async fn letter(&mut self) -> Option<Letter> {
        self.letters.recv().await
    }

    /// Hands in a choice, or something that is none, and waits until the referee has taken it, so that nobody can hand
    /// in more than is answered.
    ///
    /// # Cancel safety
    /// Dropping it may hand it in all the same.
    pub(super) async fn say(&self, choice: Option<Choice>) {
        let (taken, done) = oneshot::channel();
        if self.referee.ask(Request::Say { player: self.player, choice, taken }).await.is_some() {
            // A referee who has gone shows in the mailbox.
            let _ = done.await;
        }
    }
}

/// What the referee has to do with.
struct Evening {
    lobby: Lobby,
    mailboxes: HashMap<Player, mpsc::Sender<Letter>>,
    /// Ends when a player leaves.
    stays: JoinSet<Player>,
    keeping: JoinSet<(TableId, Result<(), StoreError>)>,
    heeded: Orders,
    store: Arc<dyn Store>,
}

enum Happening {
    Asked(Request),
    Left(Player),
    Kept(TableId, Keeping),
    /// It is time to look at the lobby.
    Due,
    Orders,
}

impl Evening {
    /// Until nobody can come any more.
    async fn pass(mut self, mut requests: mpsc::Receiver<Request>, mut orders: watch::Receiver<Orders>) {
        loop {
            let due = self.lobby.next_due().map(Instant::from_std);
            let happening = tokio::select! {
                biased;
                Ok(()) = orders.changed() => Happening::Orders,
                Some(Ok(player)) = self.stays.join_next() => Happening::Left(player),
                Some(kept) = self.keeping.join_next() => match kept {
                    Ok((table, kept)) => Happening::Kept(table, kept.map_or(Keeping::Failed, |()| Keeping::Done)),
                    // The store does not panic; its own threads may, and then it answers.
                    Err(_) => continue,
                },
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => Happening::Due,
                request = requests.recv() => match request {
                    Some(request) => Happening::Asked(request),
                    None => break,
                },
            };
            // First of all: whoever leaves because the server closes has not left by their own will.
            self.heed(*orders.borrow_and_update());
            match happening {
                Happening::Asked(request) => self.answer(request),
                Happening::Left(player) => self.apply(Command::Leave(player)),
                Happening::Kept(table, keeping) => self.apply(Command::Kept(table, keeping)),
                Happening::Due => self.apply(Command::Look),
                Happening::Orders => {}
            }
        }
        while self.keeping.join_next().await.is_some() {}
    }

    fn heed(&mut self, orders: Orders) {
        if orders > self.heeded {
            self.heeded = orders;
            self.apply(if orders == Orders::Close { Command::Close } else { Command::Drain });
        }
    }

    fn answer(&mut self, request: Request) {
        match request {
            Request::Join { player, from, mailbox, left } => {
                self.mailboxes.insert(player, mailbox);
                self.stays.spawn(async move {
                    // Nothing is ever sent there.
                    let _ = left.await;
                    player
                });
                self.apply(Command::Join(player, from));
            }
            Request::Say { player, choice, taken } => {
                self.apply(Command::Choose(player, choice));
                // Who has gone does not need to know.
                let _ = taken.send(());
            }
        }
    }

    fn apply(&mut self, command: Command) {
        if let Command::Leave(player) = command {
            self.mailboxes.remove(&player);
        }
        let mut deaf = self.carry_out(command);
        while let Some(player) = deaf.pop() {
            deaf.extend(self.carry_out(Command::Leave(player)));
        }
    }

    /// Gives those who do not listen.
    fn carry_out(&mut self, command: Command) -> Vec<Player> {
        let mut letters: BTreeMap<Player, Letter> = BTreeMap::new();
        for effect in self.lobby.apply(command, Instant::now().into_std()) {
            match effect {
                Effect::Tell(player, line) => letters.entry(player).or_default().lines.push(line),
                Effect::Dismiss(player) => letters.entry(player).or_default().then = Then::Part,
                Effect::Keep(table, record) => self.keep(table, record),
            }
        }
        letters.into_iter().filter_map(|(player, letter)| self.send(player, letter)).collect()
    }

    /// Gives whoever does not listen.
    fn send(&mut self, player: Player, letter: Letter) -> Option<Player> {
        let then = letter.then;
        let sent = self.mailboxes.get(&player)?.try_send(letter);
        if then == Then::Part || sent.is_err() {
            self.mailboxes.remove(&player);
        }
        // One whose mailbox is gone is about to be known to have left.
        matches!(sent, Err(TrySendError::Full(_))).then_some(player)
    }

    fn keep(&mut self, table: TableId, record: Record) {
        let (store, played) = (Arc::clone(&self.store), stored(&record, Timestamp::now()));
        self.keeping.spawn(async move { (table, store.keep_match(played).await) });
    }
}

fn stored(record: &Record, ended: Timestamp) -> Match {
    let how = match record.how {
        How::Played => MatchEnd::Played,
        How::Left => MatchEnd::Left,
        How::Silent => MatchEnd::Silent,
    };
    let score = (record.score.mine, record.score.theirs);
    Match { ended, winner: record.winner.to_string(), loser: record.loser.to_string(), score, how }
}

/// Requests that wait; each player has one at most, and more players wait for room.
const QUEUE: usize = 256;
/// Letters to somebody who says nothing meanwhile: each opponent who comes and goes makes two.
const MAILBOX: usize = 16;
