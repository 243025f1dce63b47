//! Transcript: what was said and done, in the order of the wire, a line each.

use crate::check::document::{Deed, Moment, Transport};
use crate::check::say::says_how_many;

use super::words::{Count, Millis, printable};

/// All of it: `   12.3 ms  #1  sent 5 bytes: "hello"`.
pub(super) fn text(transcript: &[Moment]) -> String {
    let line = |moment: &Moment| {
        let connection = match moment.connection {
            0 => String::new(),
            number => format!("#{number}"),
        };
        format!("{:>10}  {connection:3} {}\n", Millis(moment.at_us).to_string(), words(&moment.deed))
    };
    transcript.iter().map(line).collect()
}

/// What happened, on one line.
pub(super) fn words(deed: &Deed) -> String {
    match deed {
        Deed::Connected { from, to } => format!("connected from {} to {}", printable(from), printable(to)),
        Deed::NotConnected { to, why } => format!("not connected to {}: {}", printable(to), printable(why)),
        Deed::Sent { bytes, text } => data("sent", *bytes, text),
        Deed::Received { bytes, text } => data("received", *bytes, text),
        Deed::FinSent => "sent FIN: no more from us".to_owned(),
        Deed::FinReceived => "received FIN: no more from the program".to_owned(),
        Deed::ResetSent => "sent RST".to_owned(),
        Deed::ResetReceived => "received RST".to_owned(),
        Deed::Waited { ms } => format!("waited {ms} ms"),
        Deed::Started { command } => format!("started {}", printable(command)),
        Deed::Typed { text } => format!("typed {}", printable(text)),
        Deed::Signalled { name } => format!("sent the signal {}", printable(name)),
        Deed::Ended { how } => format!("ended: {}", printable(how)),
    }
}

fn data(verb: &str, bytes: u64, text: &str) -> String {
    let count = Count(usize::try_from(bytes).unwrap_or(usize::MAX), "byte");
    match printable(text) {
        text if text.is_empty() => format!("{verb} {count}"),
        text if says_how_many(&text, bytes) => format!("{verb} {text}"),
        text => format!("{verb} {count}: {text}"),
    }
}

/// How a conversation went, in the word of the document.
pub(super) const fn outcome(transport: Transport) -> &'static str {
    match transport {
        Transport::NotReady => "not-ready",
        Transport::Refused => "refused",
        Transport::Timeout => "timeout",
        Transport::Fin => "fin",
        Transport::Rst => "rst",
        Transport::Died => "died",
        Transport::Spun => "spun",
        Transport::Answered => "answered",
    }
}
