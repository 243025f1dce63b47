//! Text lines: `TIME SERVICE #CONN WORDS`. The words of each event are fixed, so that people and scripts find them.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use super::Colour;
use crate::event::{Event, Fact, Totals, Trouble, Untrusted, Way};
use crate::net::Reason;

pub(super) fn line(event: &Event, colour: Colour) -> String {
    let dim = colour.style(Style::new().dimmed());
    let paint = colour.style(style_of(&event.fact));
    let conn = event.conn.map(|id| format!(" #{id}")).unwrap_or_default();
    let (at, service) = (event.at, event.service);
    format!("{dim}{at:.3} {service}{conn}{dim:#} {paint}{}{paint:#}\n", Words(&event.fact))
}

pub(super) fn words_line(event: &Event, colour: Colour) -> String {
    let paint = colour.style(Style::new().dimmed());
    format!("{paint}{}{paint:#}\n", Words(&event.fact))
}

impl Colour {
    /// The style, or none where there is no colour.
    pub(crate) fn style(self, style: Style) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Coloured => style,
        }
    }
}

fn style_of(fact: &Fact) -> Style {
    let colour = match fact {
        Fact::Listen { .. } | Fact::Connect { .. } => AnsiColor::Green,
        Fact::Disconnect { ending, .. } if ending.is_ordinary() => AnsiColor::Cyan,
        Fact::Disconnect { .. } => AnsiColor::Yellow,
        Fact::Lost { .. } => AnsiColor::Red,
        _ => return Style::new(),
    };
    colour.on_default()
}

/// A fact in its words.
struct Words<'a>(&'a Fact);

impl Display for Words<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Fact::Start => f.write_str("started"),
            Fact::Listen { on } => write!(f, "listening on {on}"),
            Fact::Connect { way: Way::In, peer, .. } => write!(f, "connected from {peer}"),
            Fact::Connect { way: Way::Out, peer, .. } => write!(f, "connected to {peer}"),
            Fact::Receive { bytes, dump } => write!(f, "received {bytes} bytes{}", Dump(dump.as_ref())),
            Fact::Send { bytes, dump } => write!(f, "sent {bytes} bytes{}", Dump(dump.as_ref())),
            Fact::Disconnect { way: Way::Out, ending, .. } => write!(f, "disconnected ({ending})"),
            Fact::Disconnect { ending, bytes_in, bytes_out, lasted, .. } => {
                write!(f, "disconnected ({ending}, {bytes_in} bytes in, {bytes_out} bytes out, {})", Lasted(*lasted))
            }
            Fact::Stop { totals, lasted } => {
                let Totals { connected, received_bytes, sent_bytes, .. } = totals;
                write!(f, "stopped ({connected} connections, {received_bytes} bytes in, {sent_bytes} bytes out, ")?;
                write!(f, "{})", Lasted(*lasted))
            }
            Fact::Lost { trouble: Trouble::Lines(count) } => {
                write!(f, "lost {count} lines, because the log was full or stalled")
            }
            Fact::Lost { trouble: Trouble::Accept(error) } => {
                write!(f, "cannot accept now ({}); connections wait until one leaves", Reason(error))
            }
            Fact::Summary { hidden } => summary(f, hidden),
        }
    }
}

fn summary(f: &mut Formatter<'_>, hidden: &Totals) -> fmt::Result {
    let parts = [
        (hidden.connected, "connected", None),
        (hidden.received, "received", Some(hidden.received_bytes)),
        (hidden.sent, "sent", Some(hidden.sent_bytes)),
        (hidden.disconnected, "disconnected", None),
    ];
    f.write_str("summary:")?;
    let mut comma = "";
    for (count, word, bytes) in parts {
        if count > 0 {
            write!(f, "{comma} {count} {word}")?;
            if let Some(bytes) = bytes {
                write!(f, " ({bytes} bytes)")?;
            }
            comma = ",";
        }
    }
    f.write_str(" more than shown")
}

/// What was received or sent, where the level asks for it.
struct Dump<'a>(Option<&'a Untrusted>);

impl Display for Dump<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |bytes| write!(f, ": {}", bytes.quoted()))
    }
}

/// A duration as people read it: three digits are enough.
pub(crate) struct Lasted(pub(crate) Duration);

impl Display for Lasted {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        match seconds {
            s if s < 1e-3 => write!(f, "{:.0} us", s * 1e6),
            s if s < 1.0 => write!(f, "{:.1} ms", s * 1e3),
            s if s < 120.0 => write!(f, "{s:.1} s"),
            s => write!(f, "{} min {:.0} s", (s / 60.0).floor(), s % 60.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Ending, Endpoint};

    fn peer() -> Endpoint {
        Endpoint::Ip("192.0.2.1:7".parse().unwrap())
    }

    #[test]
    fn every_event_has_its_fixed_words() {
        let totals = Totals { connected: 3, received_bytes: 5, sent_bytes: 6, ..Totals::default() };
        let hidden = Totals { received: 2, received_bytes: 9, disconnected: 1, ..Totals::default() };
        let lasted = Duration::from_millis(1500);
        let gone = |way| Fact::Disconnect { way, ending: Ending::PeerClosed, bytes_in: 1, bytes_out: 2, lasted };
        let dump = Some(Untrusted::cut(b"hi\n", 100));
        for (fact, words) in [
            (Fact::Start, "started"),
            (Fact::Listen { on: peer() }, "listening on 192.0.2.1:7"),
            (Fact::Connect { way: Way::In, peer: peer(), local: peer() }, "connected from 192.0.2.1:7"),
            (Fact::Connect { way: Way::Out, peer: peer(), local: peer() }, "connected to 192.0.2.1:7"),
            (Fact::Receive { bytes: 1, dump: None }, "received 1 bytes"),
            (Fact::Send { bytes: 3, dump }, r#"sent 3 bytes: "hi\n""#),
            (gone(Way::In), "disconnected (peer closed, 1 bytes in, 2 bytes out, 1.5 s)"),
            (gone(Way::Out), "disconnected (peer closed)"),
            (Fact::Stop { totals, lasted }, "stopped (3 connections, 5 bytes in, 6 bytes out, 1.5 s)"),
            (Fact::Summary { hidden }, "summary: 2 received (9 bytes), 1 disconnected more than shown"),
        ] {
            assert_eq!(Words(&fact).to_string(), words);
        }
    }

    #[test]
    fn a_line_is_time_service_connection_and_words() {
        let at = "2026-11-21T03:24:00.1234Z".parse().unwrap();
        let event = Event { at, service: "echo", conn: Some(3), fact: Fact::Receive { bytes: 12, dump: None } };
        assert_eq!(line(&event, Colour::Plain), "2026-11-21T03:24:00.123Z echo #3 received 12 bytes\n");
        assert!(line(&event, Colour::Coloured).contains("\x1b[2m"));
    }

    #[test]
    fn durations_are_read_at_a_glance() {
        for (micros, text) in [(15, "15 us"), (1_500, "1.5 ms"), (2_340_000, "2.3 s"), (125_000_000, "2 min 5 s")] {
            assert_eq!(Lasted(Duration::from_micros(micros)).to_string(), text);
        }
    }
}
