//! Writer: the thread behind a sink. It takes events from the queue, makes lines of them as long as the pace allows,
//! and once a window says in one line what it kept back and what was lost.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::Format;
use super::output::Output;
use crate::event::emitter::{Desk, Message};
use crate::event::pace::LIMIT;
use crate::event::{Class, Event, Fact, Totals, Trouble};

/// The thread behind a sink.
pub(super) struct Writer {
    desk: Arc<Desk>,
    output: Output,
    format: Format,
    /// Lines that wait to be written together.
    lines: String,
    line_count: u64,
    /// Lines of each class in this window.
    shown: [u32; 2],
    /// What this thread itself kept back in this window, by service.
    hidden: BTreeMap<&'static str, Totals>,
    /// What earlier summaries have accounted for, by service.
    summed: BTreeMap<&'static str, Totals>,
}

impl Writer {
    pub(super) fn new(desk: Arc<Desk>, output: Output, format: Format) -> Self {
        let (hidden, summed) = (BTreeMap::new(), BTreeMap::new());
        Self { desk, output, format, lines: String::new(), line_count: 0, shown: [0; 2], hidden, summed }
    }

    /// Until the last emitter and reporter is gone.
    pub(super) fn run(mut self, messages: &Receiver<Message>) {
        // While nothing happens, nothing wakes this thread.
        while let Ok(first) = messages.recv() {
            self.take(first);
            if self.run_window(messages).is_err() {
                break;
            }
        }
        self.turn();
        self.flush();
    }

    /// Writes what comes, window after window, until a window passes in which nothing was told.
    fn run_window(&mut self, messages: &Receiver<Message>) -> Result<(), RecvTimeoutError> {
        let mut end = Instant::now() + WINDOW;
        loop {
            while let Ok(message) = messages.try_recv() {
                self.take(message);
                if self.line_count >= BATCH {
                    break;
                }
            }
            self.flush();
            match messages.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(message) => self.take(message),
                Err(RecvTimeoutError::Timeout) => {
                    let busy = self.turn();
                    self.flush();
                    if !busy {
                        return Ok(());
                    }
                    end = Instant::now() + WINDOW;
                }
                Err(RecvTimeoutError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
            }
        }
    }

    fn take(&mut self, message: Message) {
        if self.desk.reopen.swap(false, Relaxed) {
            self.flush();
            self.output.reopen();
        }
        let event = match message {
            Message::Event(event) => event,
            Message::Wake => return,
            Message::Mark(reached) => {
                self.flush();
                // Whoever asked may have waited long enough.
                let _ = reached.try_send(());
                return;
            }
        };
        if let Some(class) = event.fact.class() {
            let shown = &mut self.shown[class as usize];
            *shown += 1;
            if *shown > LIMIT {
                *self.hidden.entry(event.service).or_default() += counts(&event.fact);
                return;
            }
        }
        if matches!(event.fact, Fact::Stop { .. }) {
            // The workers have ended: what they kept back is told before the farewell, not after it.
            self.turn();
        }
        self.write(&event);
    }

    /// Ends a window: says what was kept back and what was lost, and mutes what overflowed. False where all was quiet.
    fn turn(&mut self) -> bool {
        let mut hidden = std::mem::take(&mut self.hidden);
        for (service, all) in self.hidden_by_workers() {
            let before = self.summed.insert(service, all).unwrap_or_default();
            *hidden.entry(service).or_default() += all - before;
        }
        hidden.retain(|_, totals| *totals != Totals::default());
        let sum = hidden.values().fold(Totals::default(), |sum, more| sum + *more);
        let shown = std::mem::take(&mut self.shown);
        let overflowed = |class: Class| {
            let kept_back = if class == Class::Detail { sum.details() } else { sum.connections() };
            kept_back + u64::from(shown[class as usize].min(LIMIT)) > u64::from(LIMIT)
        };
        self.desk.window.turn(overflowed);
        let quiet = hidden.is_empty() && shown == [0; 2];
        for (service, hidden) in hidden {
            self.write(&event_now(service, Fact::Summary { hidden }));
        }
        let lost = self.admit_losses();
        !quiet || lost
    }

    fn hidden_by_workers(&self) -> BTreeMap<&'static str, Totals> {
        let mut hidden: BTreeMap<&'static str, Totals> = BTreeMap::new();
        for tally in self.desk.tallies().iter() {
            *hidden.entry(tally.service).or_default() += tally.hidden();
        }
        hidden
    }

    /// Tells how many lines were lost, as soon as lines can be written again.
    fn admit_losses(&mut self) -> bool {
        self.flush();
        let lost = self.desk.lost.swap(0, Relaxed) + self.output.take_lost();
        if lost > 0 {
            let admission = self.format.line(&event_now("sockeye", Fact::Lost { trouble: Trouble::Lines(lost) }));
            if !self.output.write(admission.as_bytes(), 0) {
                self.output.lose(lost);
            }
        }
        lost > 0
    }

    fn write(&mut self, event: &Event) {
        self.lines.push_str(&self.format.line(event));
        self.line_count += 1;
    }

    fn flush(&mut self) {
        if self.line_count > 0 {
            self.output.write(self.lines.as_bytes(), self.line_count);
            self.lines.clear();
            self.line_count = 0;
        }
    }
}

fn event_now(service: &'static str, fact: Fact) -> Event {
    Event { at: Timestamp::now(), service, conn: None, fact }
}

/// What an event that is kept back adds to the next summary.
fn counts(fact: &Fact) -> Totals {
    match fact {
        Fact::Connect { .. } => Totals::connected(),
        Fact::Disconnect { .. } => Totals::disconnected(),
        Fact::Receive { bytes, .. } => Totals::received(*bytes),
        Fact::Send { bytes, .. } => Totals::sent(*bytes),
        _ => Totals::default(),
    }
}

/// How long a window lasts.
const WINDOW: Duration = Duration::from_secs(1);
/// Lines that are written with one system call.
const BATCH: u64 = 256;
