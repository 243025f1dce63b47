//! Alarm: waiting for sockets, but not past an instant. A wait of epoll ends on the millisecond and a wake-up takes some
//! 50 us, so the last stretch before an instant is looked through and not slept through.

use std::io::{self, ErrorKind};
use std::time::Duration;

use mio::{Events, Poll};

/// Waits of one worker.
#[derive(Debug)]
pub(super) struct Alarm {
    #[cfg(target_os = "linux")]
    timer: std::os::fd::OwnedFd,
    /// How long before an instant sleeping ends.
    lead: u64,
}

impl Alarm {
    /// With a `lead` of nothing it only ever sleeps, for machines where looking would take the server's CPU away.
    ///
    /// # Errors
    /// Where the system grants no timer.
    pub(super) fn new(poll: &Poll, lead: Duration) -> io::Result<Self> {
        let lead = lead.as_nanos() as u64;
        #[cfg(not(target_os = "linux"))]
        return Ok(Self { lead });
        #[cfg(target_os = "linux")]
        {
            use std::os::fd::AsRawFd;

            use rustix::time::{TimerfdClockId, TimerfdFlags, timerfd_create};
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            let mut source = mio::unix::SourceFd(&timer.as_raw_fd());
            // Edge-triggered: each end of the timer is an event, although nobody reads it.
            poll.registry().register(&mut source, TIMER, mio::Interest::READABLE)?;
            Ok(Self { timer, lead })
        }
    }

    /// Fills `events` with what is ready, at once where something is, and at the latest so many nanoseconds from now.
    /// Whether it only looked, and found nothing.
    ///
    /// # Errors
    /// Where the event queue fails.
    pub(super) fn wait(&self, poll: &mut Poll, events: &mut Events, most: u64) -> io::Result<Looked> {
        if most <= self.lead.max(1) {
            look(poll, events, Duration::ZERO)?;
            return Ok(if events.is_empty() { Looked::InVain } else { Looked::Around });
        }
        let sleep = most - self.lead;
        match Duration::from_nanos(sleep) {
            long if long >= COARSE => look(poll, events, long - MILLISECOND)?,
            short => self.doze(poll, events, short)?,
        }
        Ok(Looked::Around)
    }

    #[cfg(target_os = "linux")]
    fn doze(&self, poll: &mut Poll, events: &mut Events, sleep: Duration) -> io::Result<()> {
        use rustix::time::{Itimerspec, TimerfdTimerFlags, Timespec, timerfd_settime};
        let it_value = Timespec::try_from(sleep).expect("it is a few milliseconds");
        let once = Itimerspec { it_interval: Timespec::default(), it_value };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &once)?;
        // The timer ends it; the bound is for a timer that would not.
        look(poll, events, COARSE * 2)
    }

    #[cfg(not(target_os = "linux"))]
    fn doze(&self, poll: &mut Poll, events: &mut Events, sleep: Duration) -> io::Result<()> {
        look(poll, events, Duration::from_millis(sleep.as_millis() as u64))
    }
}

/// How a wait went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looked {
    Around,
    /// It was too short to sleep, and nothing was there.
    InVain,
}

fn look(poll: &mut Poll, events: &mut Events, most: Duration) -> io::Result<()> {
    match poll.poll(events, Some(most)) {
        Err(e) if e.kind() == ErrorKind::Interrupted => Ok(()),
        done => done,
    }
}

/// Connections count up from 0 and never meet it.
#[cfg(target_os = "linux")]
const TIMER: mio::Token = mio::Token(usize::MAX);
const MILLISECOND: Duration = Duration::from_millis(1);
/// From here on epoll's own clock is fine enough: what it is late, the next and shorter wait makes good.
const COARSE: Duration = Duration::from_millis(3);
