//! Look: one port, from listening to the last question. Every question has a fresh connection, every step a deadline,
//! and all of them share a time.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout};

use super::probe::{self, Answer, PRINTERS, Probe, Request, Told, Whom};
use super::signs::shown;
use super::stream::{Dial, End, Heard, Wait, hear, is_shortage};
use super::{Seen, tls};
use crate::net::Reason;

/// How much a port is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effort {
    /// All questions there is time for: [`QUESTIONS`].
    Full,
    /// The likeliest question, for a host whose ports are silent by the hundred.
    Little,
}

/// What is behind the port that `dial` reaches: what it says by itself within `patience`, or to one of our questions, for
/// each of which it has as long. No more of them are begun once it took as much time as `effort` allows.
pub(super) async fn look<D: Dial>(dial: &D, whom: &Whom, patience: Duration, effort: Effort) -> Seen {
    let left = patience * if effort == Effort::Full { QUESTIONS } else { 2 };
    let mut look = Look { dial, whom, patience, left, known: Known::default() };
    look.examine().await;
    look.known.into_seen()
}

struct Look<'a, D> {
    dial: &'a D,
    whom: &'a Whom,
    patience: Duration,
    /// How much of its time it has left.
    left: Duration,
    known: Known,
}

/// What came of a question.
struct Reply {
    request: Request,
    sent: Vec<u8>,
    heard: Heard,
    /// It came only when we had ended our side.
    after_end: bool,
}

/// What was learned so far.
#[derive(Default)]
struct Known {
    service: Option<String>,
    why: Option<String>,
    /// What told us so, or the first that came at all.
    bytes: Vec<u8>,
    asked: usize,
    /// How the latest connection ended.
    end: Option<End>,
}

/// Whether to go on.
enum Next {
    /// Nothing more can be learned.
    Done,
    /// These may tell more.
    Ask(&'static [&'static str]),
    Go,
}

impl<D: Dial> Look<'_, D> {
    async fn examine(&mut self) {
        let port = self.whom.address.port();
        let mut questions = probe::questions(port);
        // Whoever is at home there waits to be asked; the odd one who does not is heard behind the question too.
        let waits = questions.first().is_some_and(|probe| probe.ports.contains(&port));
        let heard = self.listen(if waits { self.patience / 8 } else { self.patience }).await;
        let silent = heard.bytes.is_empty();
        let gone = silent && !matches!(heard.end, End::Open);
        match self.learn(Reply { request: Request::Nothing, sent: Vec::new(), heard, after_end: false }) {
            Next::Done => return,
            Next::Ask(names) if !self.prefer(&mut questions, names) => return,
            Next::Ask(_) => {}
            Next::Go if gone || !silent || PRINTERS.contains(&port) => return,
            Next::Go => {}
        }
        while !questions.is_empty() && !self.left.is_zero() {
            self.known.asked += 1;
            let request = questions.remove(0).request;
            match if request == Request::Handshake { self.shake_hands().await } else { self.ask(request).await } {
                Next::Done => return,
                Next::Ask(names) if !self.prefer(&mut questions, names) => return,
                Next::Ask(_) | Next::Go => {}
            }
        }
    }

    async fn listen(&mut self, patience: Duration) -> Heard {
        match self.dial.dial(self.patience).await {
            Ok(mut stream) => {
                let begun = Instant::now();
                let heard = hear(&mut stream, patience, |bytes| self.wait(&[], bytes)).await;
                self.spend(begun);
                heard
            }
            Err(error) => Heard { bytes: Vec::new(), end: End::Unreached(error) },
        }
    }

    async fn ask(&mut self, request: Request) -> Next {
        let sent = request.bytes(self.whom);
        let mut stream = match self.dial.dial(self.patience).await {
            Ok(stream) => stream,
            Err(error) => return self.lose(error),
        };
        let begun = Instant::now();
        // Whether it takes everything does not matter, if only it answers.
        let _ = timeout(self.patience, say(&mut stream, &sent)).await;
        let mut heard = hear(&mut stream, self.patience, |bytes| self.wait(&sent, bytes)).await;
        let after_end = request == Request::Marker && heard.bytes.is_empty() && matches!(heard.end, End::Open);
        if after_end && stream.shutdown().await.is_ok() {
            heard = hear(&mut stream, self.patience, |bytes| self.wait(&sent, bytes)).await;
        }
        self.spend(begun);
        self.learn(Reply { request, sent, heard, after_end })
    }

    async fn shake_hands(&mut self) -> Next {
        let stream = match self.dial.dial(self.patience).await {
            Ok(stream) => stream,
            Err(error) => return self.lose(error),
        };
        let begun = Instant::now();
        let tls::Session { words, sent, heard } = tls::handshake(stream, self.whom, self.patience).await;
        self.spend(begun);
        let reply = Reply { request: Request::Handshake, sent, heard, after_end: false };
        let Some(words) = words else { return self.learn(reply) };
        let known = probe::recognise(&self.answer(&reply)).and_then(|(probe, told)| Some((probe, told.why?)));
        // Of a handshake that came to nothing, only the outside was heard.
        let known = known.filter(|(probe, _)| probe.request != Request::Handshake);
        let service = known.as_ref().and_then(|(probe, _)| probe.secured).unwrap_or("tls");
        let why = known.map_or_else(|| words.clone(), |(_, why)| format!("{words}; {why}"));
        self.settle(service, why, reply.heard.bytes);
        Next::Done
    }

    /// What went by while the peer could have spoken; how long this machine needed for a connection is not its fault.
    fn spend(&mut self, begun: Instant) {
        self.left = self.left.saturating_sub(begun.elapsed());
    }

    /// A port that cannot be reached any more has nothing more to say.
    fn lose(&mut self, error: io::Error) -> Next {
        self.known.end = Some(End::Unreached(error));
        Next::Done
    }

    fn learn(&mut self, reply: Reply) -> Next {
        let told = probe::recognise(&self.answer(&reply));
        let Reply { request, heard: Heard { bytes, end }, .. } = reply;
        self.known.end = Some(end);
        match told {
            Some((probe, Told { why: Some(why), ask })) => {
                // A protocol's answer to its own question says more than one to another's.
                if self.known.service.is_none() || probe.request == request {
                    self.settle(probe.name, why, bytes);
                }
                if ask.is_empty() { Next::Done } else { Next::Ask(ask) }
            }
            Some((_, Told { why: None, ask })) => {
                self.keep(bytes);
                Next::Ask(ask)
            }
            // Something better than nothing is known, and this was the question that might have told more.
            None if self.known.service.is_some() => Next::Done,
            None => {
                self.keep(bytes);
                Next::Go
            }
        }
    }

    /// Puts the questions with these names first, in their order; says whether there is any use in going on.
    fn prefer(&self, questions: &mut [&'static Probe], names: &[&str]) -> bool {
        questions.sort_by_key(|probe| names.iter().position(|name| probe.name == *name).unwrap_or(names.len()));
        let left = questions.first().is_some_and(|probe| names.contains(&probe.name));
        left || self.known.service.is_none()
    }

    fn settle(&mut self, service: &str, why: String, bytes: Vec<u8>) {
        self.known.service = Some(service.to_owned());
        self.known.why = Some(why);
        if !bytes.is_empty() {
            self.known.bytes = bytes;
        }
    }

    fn keep(&mut self, bytes: Vec<u8>) {
        if self.known.bytes.is_empty() {
            self.known.bytes = bytes;
        }
    }

    /// Headers may follow a status line; everything else that is known and ends its line is complete.
    fn wait(&self, sent: &[u8], bytes: &[u8]) -> Wait {
        let answer = Answer { port: self.whom.address.port(), sent, bytes, ended: false, after_end: false };
        let (known, line) = (probe::recognise(&answer).is_some(), bytes.ends_with(b"\n"));
        let headers = bytes.starts_with(b"HTTP/") && !bytes.ends_with(b"\r\n\r\n");
        match (known, line) {
            (true, true) if !headers => Wait::Over,
            (false, false) => Wait::Long,
            _ => Wait::Short,
        }
    }

    fn answer<'a>(&self, reply: &'a Reply) -> Answer<'a> {
        let Reply { sent, heard, after_end, .. } = reply;
        let ended = matches!(heard.end, End::Closed);
        Answer { port: self.whom.address.port(), sent, bytes: &heard.bytes, ended, after_end: *after_end }
    }
}

impl Known {
    fn into_seen(self) -> Seen {
        let why = self.why.unwrap_or_else(|| match (&self.bytes[..], self.asked, &self.end) {
            ([], 0, Some(End::Closed)) => "closes without a word".to_owned(),
            // One that comes at once is seen while dialling, or just behind it.
            ([], 0, Some(End::Failed(error) | End::Unreached(error))) if is_reset(error) => "resets at once".to_owned(),
            (_, _, Some(End::Unreached(error))) if is_shortage(error) => {
                format!("this machine was short: {}", Reason(error))
            }
            ([], _, Some(End::Unreached(error))) => format!("not reached again: {}", Reason(error)),
            ([], 0, Some(End::Failed(error))) => format!("silent, then {}", Reason(error)),
            ([], 0, _) => "silent; printers are not asked".to_owned(),
            ([], asked, _) => format!("silent to {asked} questions"),
            (bytes, 0, _) => format!("not known: {}", shown(bytes)),
            (bytes, ..) => format!("not known, an answer: {}", shown(bytes)),
        });
        Seen { service: self.service, why, bytes: self.bytes }
    }
}

fn is_reset(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::NotConnected | io::ErrorKind::BrokenPipe)
}

async fn say(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

/// So many times its patience a look may take before its last question: enough for all that is likely.
const QUESTIONS: u32 = 8;

#[cfg(test)]
mod tests;
