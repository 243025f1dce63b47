//! Post: brings what the room says to the members on one worker's thread. The room hands each post a batch for all of
//! its members; a line is encoded once for them, and nobody on this thread waits for anybody.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::outbox::Outbox;
use super::room::{Effect, Id};
use crate::framing::{Codec, Delimiter, Framing};

/// What the room has for the members of all posts.
pub(super) type Batch = Arc<[Effect]>;

/// The members on this thread.
#[derive(Debug)]
pub(super) struct Post {
    members: RefCell<HashMap<Id, Rc<Member>>>,
    codec: Codec,
}

/// One of them, as the post sees it.
#[derive(Debug)]
struct Member {
    outbox: Rc<Outbox>,
    /// Whether lines for everybody are for this one too.
    entered: Cell<bool>,
}

impl Post {
    /// Open as long as somebody holds it, and served by a task of this thread.
    pub(super) fn open(framing: Framing, batches: mpsc::Receiver<Batch>) -> Rc<Self> {
        let post = Rc::new(Self::new(framing));
        tokio::task::spawn_local(serve(Rc::downgrade(&post), batches));
        post
    }

    /// For members of whom nobody has come yet.
    pub(super) fn new(framing: Framing) -> Self {
        Self { members: RefCell::default(), codec: Codec::new(framing) }
    }

    /// From now on what is for `id` lands in this outbox.
    pub(super) fn admit(&self, id: Id, outbox: Rc<Outbox>) {
        self.members.borrow_mut().insert(id, Rc::new(Member { outbox, entered: false.into() }));
    }

    /// Whether lines for everybody are for this one too.
    pub(super) fn has_entered(&self, id: Id) -> bool {
        self.members.borrow().get(&id).is_some_and(|member| member.entered.get())
    }

    /// Whoever has left gets nothing more.
    pub(super) fn forget(&self, id: Id) {
        self.members.borrow_mut().remove(&id);
    }

    /// Puts each line into the outboxes of those it is for.
    pub(super) fn bring(&self, batch: &[Effect], now: Instant) {
        for effect in batch {
            match effect {
                Effect::Enter(id) => self.with(*id, |member| member.entered.set(true)),
                Effect::ToAll { line, .. } => {
                    let sheet = Sheet::new(&self.codec, line);
                    let members = self.members.borrow();
                    members.values().filter(|member| member.entered.get()).for_each(|member| sheet.put(member, now));
                }
                Effect::To { id, line } => {
                    let sheet = Sheet::new(&self.codec, line);
                    self.with(*id, |member| sheet.put(member, now));
                }
                Effect::Close(id) => {
                    self.with(*id, |member| member.outbox.close());
                    self.forget(*id);
                }
                Effect::KeepBan(_) | Effect::LiftBan(_) | Effect::Audit(_) | Effect::Stop => {}
            }
        }
    }

    /// Somebody who is at another post, or has left, is nobody here.
    fn with(&self, id: Id, then: impl FnOnce(&Member)) {
        if let Some(member) = self.members.borrow().get(&id) {
            then(member);
        }
    }
}

/// Until nobody holds the post any more, or the room is gone.
async fn serve(post: Weak<Post>, mut batches: mpsc::Receiver<Batch>) {
    while let Some(batch) = batches.recv().await {
        let Some(post) = post.upgrade() else { return };
        // In pieces, so that whoever does read is not behind by what came at once.
        for piece in batch.chunks(AT_ONCE) {
            post.bring(piece, Instant::now());
            tokio::task::yield_now().await;
        }
    }
    // Nothing more will come for anybody.
    if let Some(post) = post.upgrade() {
        post.members.borrow_mut().drain().for_each(|(_, member)| member.outbox.close());
    }
}

/// Effects that members are brought before they may send: lines of 4 KiB at most, and so less than they may be behind.
const AT_ONCE: usize = 32;

/// One line as it goes over the wire, encoded when it is needed and once for each line end that somebody uses.
struct Sheet<'a> {
    codec: &'a Codec,
    line: &'a str,
    lf: OnceCell<Rc<[u8]>>,
    crlf: OnceCell<Rc<[u8]>>,
}

impl<'a> Sheet<'a> {
    fn new(codec: &'a Codec, line: &'a str) -> Self {
        Self { codec, line, lf: OnceCell::new(), crlf: OnceCell::new() }
    }

    fn put(&self, member: &Member, now: Instant) {
        let end = member.outbox.line_end();
        let encoded = if end == Delimiter::CrLf { &self.crlf } else { &self.lf };
        member.outbox.put(Rc::clone(encoded.get_or_init(|| self.encode(end))), now);
    }

    fn encode(&self, end: Delimiter) -> Rc<[u8]> {
        let mut out = Vec::with_capacity(self.line.len() + 16);
        // The room says lines of a few kilobytes without line ends, which every framing can say.
        if self.codec.encode(self.line.as_bytes(), end, &mut out).is_err() {
            out.clear();
        }
        out.into()
    }
}
