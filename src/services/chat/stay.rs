//! Stay: one member's conversation, from the door to the end. It says what the member says to the hall, and what the
//! room says to the member; the room decides about everything else.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Sleep, sleep, sleep_until, timeout};

use super::hall::{Ask, Hall};
use super::outbox::Outbox;
use super::post::Post;
use super::room::{Cause, Id};
use super::stranger;
use crate::framing::{Delimiter, Framing, Message};
use crate::net::Ending;
use crate::services::messages::Messages;

/// Where conversations find the hall, and the post of their thread.
pub(super) struct Counter {
    pub(super) hall: Hall,
    /// Tells the counters of one process apart.
    number: u64,
}

thread_local! {
    /// The posts on this thread, by counter and framing.
    static POSTS: RefCell<HashMap<(u64, &'static str), Weak<Post>>> = RefCell::default();
}

impl Counter {
    pub(super) fn new(hall: Hall) -> Self {
        Self { hall, number: COUNTERS.fetch_add(1, Ordering::Relaxed) }
    }

    /// The post on this thread; the first who asks opens it.
    async fn post(&self, framing: Framing) -> Rc<Post> {
        let key = (self.number, framing.name());
        if let Some(post) = POSTS.with_borrow(|posts| posts.get(&key).and_then(Weak::upgrade)) {
            return post;
        }
        let (sender, batches) = mpsc::channel(BATCHES);
        let post = Post::open(framing, batches);
        self.hall.tell(Ask::Post(sender)).await;
        // Not before: whoever gives up while it waits leaves nothing behind that the hall does not know.
        POSTS.with_borrow_mut(|posts| posts.insert(key, Rc::downgrade(&post)));
        post
    }
}

/// One member, or one console of the admin.
pub(super) struct Stay {
    talk: Messages,
    seat: Seat,
    door: Door,
    /// When whoever has no nick by then has to go.
    limit: Option<Pin<Box<Sleep>>>,
}

/// How much is known of somebody by the way they begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    /// Nothing yet: a stranger's first message might never end.
    Wary,
    /// Enough; and a burst ends by silence, so that the room sees what it is.
    Open,
}

/// What the room has of somebody. Dropped, they have left.
struct Seat {
    counter: Arc<Counter>,
    post: Rc<Post>,
    id: Id,
    outbox: Rc<Outbox>,
    /// Why, unless nobody could say so.
    left: bool,
}

/// How a conversation ended.
enum End {
    /// The room has closed it.
    Closed,
    /// They speak to another kind of server, and the room has heard so.
    Strange,
    Left(Cause),
    Failed(io::Error),
}

impl Stay {
    /// # Cancel safety
    /// Dropping it lets nobody in.
    pub(super) async fn of_member(counter: &Arc<Counter>, talk: Messages, framing: Framing) -> Self {
        let ip = talk.peer().ip();
        Self::begin(counter, talk, framing, |id| Ask::Arrives(id, ip)).await
    }

    /// # Cancel safety
    /// Dropping it lets nobody in.
    pub(super) async fn of_admin(counter: &Arc<Counter>, talk: Messages) -> Self {
        Self::begin(counter, talk, Framing::Burst, Ask::Console).await
    }

    async fn begin(counter: &Arc<Counter>, talk: Messages, framing: Framing, arrival: impl FnOnce(Id) -> Ask) -> Self {
        let post = counter.post(framing).await;
        let (id, outbox) = (counter.hall.next_id(), Rc::new(Outbox::new(Delimiter::Lf)));
        post.admit(id, Rc::clone(&outbox));
        let seat = Seat { counter: Arc::clone(counter), post, id, outbox, left: false };
        seat.counter.hall.tell(arrival(id)).await;
        let door = if framing == Framing::Burst { Door::Open } else { Door::Wary };
        Self { talk, seat, door, limit: Some(Box::pin(sleep(TIME_AT_DOOR))) }
    }

    /// Until one side has had enough.
    ///
    /// # Errors
    /// Where the stream fails; a reset is one.
    ///
    /// # Cancel safety
    /// Dropping it, the member has timed out.
    #[expect(clippy::manual_async_fn, reason = "an async fn keeps room for its argument twice")]
    pub(super) fn hold(mut self) -> impl Future<Output = io::Result<Ending>> {
        // Boxed, so that the end takes room only when it comes.
        async move {
            let end = self.converse().await;
            Box::pin(self.finish(end)).await
        }
    }

    async fn finish(mut self, end: End) -> io::Result<Ending> {
        match end {
            End::Closed => timeout(PATIENCE, self.talk.part()).await.unwrap_or(Ok(Ending::TimedOut)),
            // It does not read, so there is nothing to say.
            End::Left(cause @ Cause::TooSlow) => {
                self.seat.leave(cause).await;
                Ok(Ending::Limit)
            }
            End::Strange => self.see_out().await,
            End::Left(cause) => {
                self.seat.leave(cause).await;
                self.see_out().await
            }
            End::Failed(error) => {
                self.seat.leave(Cause::Reset).await;
                Err(error)
            }
        }
    }

    /// What it said last is still answered; then the room closes it.
    async fn see_out(mut self) -> io::Result<Ending> {
        if timeout(PATIENCE, self.hear_out()).await.is_err() {
            return Ok(Ending::TimedOut);
        }
        timeout(PATIENCE, self.talk.part()).await.unwrap_or(Ok(Ending::TimedOut))
    }

    /// Brings what the room has for somebody who says nothing more.
    async fn hear_out(&mut self) {
        let Self { talk, seat, .. } = self;
        while deliver(talk, &seat.outbox).await.is_none() && !seat.outbox.is_done() {
            seat.outbox.news().await;
        }
    }

    async fn converse(&mut self) -> End {
        loop {
            let Self { talk, seat, door, limit } = self;
            if let Some(end) = deliver(talk, &seat.outbox).await {
                return end;
            }
            if seat.outbox.is_done() {
                return End::Closed;
            }
            if seat.outbox.has_overflowed() {
                return End::Left(Cause::TooSlow);
            }
            let received = tokio::select! {
                biased;
                () = seat.outbox.news() => continue,
                received = receive(talk, *door) => received,
                () = passes(limit) => {
                    *limit = None;
                    if seat.post.has_entered(seat.id) { continue } else { return End::Left(Cause::TimedOut) }
                }
            };
            match received {
                Ok(Said::Strange(bytes)) => {
                    seat.counter.hall.tell(Ask::Says(seat.id, bytes)).await;
                    return End::Strange;
                }
                Ok(Said::Message(Some(message))) => {
                    *door = Door::Open;
                    seat.outbox.speaks(message.end);
                    seat.counter.hall.tell(Ask::Says(seat.id, message.bytes)).await;
                }
                Ok(Said::Message(None)) => {
                    return End::Left(if talk.is_broken() { Cause::Broken } else { Cause::Left });
                }
                Err(error) => return End::Failed(error),
            }
        }
    }
}

/// What came from somebody.
enum Said {
    /// As [`Messages::receive`] gives it.
    Message(Option<Message>),
    /// How a stranger begins.
    Strange(Vec<u8>),
}

/// # Cancel safety
/// Dropping it loses nothing.
async fn receive(talk: &mut Messages, door: Door) -> io::Result<Said> {
    if door == Door::Wary {
        let begun = talk.opening(stranger::may_be).await?;
        if stranger::answer_to(begun).is_some() {
            return Ok(Said::Strange(begun.to_vec()));
        }
    }
    talk.receive().await.map(Said::Message)
}

async fn passes(limit: &mut Option<Pin<Box<Sleep>>>) {
    match limit {
        Some(limit) => limit.await,
        None => std::future::pending().await,
    }
}

/// Sends all there is, until nothing is left: the news of what came meanwhile is used up. How it ended where the member
/// does not read it.
async fn deliver(talk: &mut Messages, outbox: &Outbox) -> Option<End> {
    loop {
        talk.put(|out| outbox.take(out));
        if talk.is_flushed() {
            return None;
        }
        tokio::select! {
            biased;
            flushed = talk.flush() => if let Err(error) = flushed { return Some(End::Failed(error)) },
            () = outbox.overflows() => return Some(End::Left(Cause::TooSlow)),
            () = sleep_until(outbox.deadline()) => return Some(End::Left(Cause::TooSlow)),
        }
    }
}

impl Seat {
    async fn leave(&mut self, cause: Cause) {
        self.counter.hall.tell(Ask::Leaves(self.id, cause)).await;
        self.left = true;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.post.forget(self.id);
        if !self.left {
            self.counter.hall.tell_at_once(Ask::Leaves(self.id, Cause::TimedOut));
        }
    }
}

static COUNTERS: AtomicU64 = AtomicU64::new(0);
/// Batches that may wait for a worker's post.
const BATCHES: usize = 64;
/// How long somebody may take to choose a nick.
const TIME_AT_DOOR: Duration = Duration::from_secs(60);
/// How long somebody who is told goodbye may take to read it.
const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use tokio::task::LocalSet;

    use super::*;
    use crate::net::{Conn, Endpoint};

    fn somebody() -> (tokio::io::DuplexStream, Messages) {
        let (ours, theirs) = tokio::io::duplex(1024);
        (ours, Messages::new(Conn::new(theirs, Endpoint::Unix(None), Endpoint::Unix(None)), Framing::Burst))
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_dropped_while_saying_goodbye_has_left_all_the_same() {
        let (hall, mut heard) = Hall::deaf(2);
        let counter = Arc::new(Counter::new(hall));
        let stay = async {
            let (stream, talk) = somebody();
            let stay = Stay::of_member(&counter, talk, Framing::Burst).await;
            drop(stream);
            // The hall is full: nobody hears the goodbye.
            assert!(timeout(PATIENCE, stay.hold()).await.is_err());
        };
        LocalSet::new().run_until(stay).await;
        assert!(matches!(counter.hall.urgent()[..], [Ask::Leaves(Id(0), Cause::TimedOut)]));
        assert!(matches!(heard.try_recv(), Ok(Ask::Post(_))));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_has_no_nick_has_a_minute() {
        let (hall, mut heard) = Hall::deaf(8);
        let counter = Arc::new(Counter::new(hall));
        let stay = async {
            let (_stream, talk) = somebody();
            let stay = Stay::of_member(&counter, talk, Framing::Lines).await;
            let begun = tokio::time::Instant::now();
            tokio::task::spawn_local(stay.hold());
            // Without it the post would close everybody's outbox.
            let _post = heard.recv().await;
            assert!(matches!(heard.recv().await, Some(Ask::Arrives(..))));
            assert!(matches!(heard.recv().await, Some(Ask::Leaves(Id(0), Cause::TimedOut))));
            assert!((TIME_AT_DOOR..TIME_AT_DOOR * 2).contains(&begun.elapsed()));
        };
        LocalSet::new().run_until(stay).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_post_that_the_hall_was_not_told_of_serves_nobody() {
        let (hall, mut heard) = Hall::deaf(1);
        let counter = Arc::new(Counter::new(hall));
        let stays = async {
            counter.hall.tell(Ask::Stops).await;
            let (first, second) = (somebody(), somebody());
            let second = Stay::of_member(&counter, second.1, Framing::Burst);
            let mut second = std::pin::pin!(second);
            let first = timeout(PATIENCE, Stay::of_member(&counter, first.1, Framing::Burst));
            tokio::select! {
                biased;
                first = first => assert!(first.is_err()),
                _ = &mut second => panic!("nobody listens"),
            }
            assert!(matches!(heard.recv().await, Some(Ask::Stops)));
            tokio::select! {
                _ = &mut second => panic!("it comes after its post"),
                ask = heard.recv() => assert!(matches!(ask, Some(Ask::Post(_)))),
            }
        };
        LocalSet::new().run_until(stays).await;
    }
}
