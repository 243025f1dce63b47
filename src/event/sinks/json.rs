//! JSON lines: one object an event, with a `schema` number that changes when a consumer would have to.

use serde::Serialize;

use crate::event::{Event, Fact, Totals, Trouble, Untrusted};

/// An event as its consumers read it; what does not apply is left out. Sizes are in bytes, durations in microseconds.
#[derive(Debug, Default, Serialize)]
struct Object {
    schema: u32,
    ts: String,
    event: &'static str,
    service: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    conn: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    local: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// The bytes themselves, escaped as in the text form; of many, the first 4096.
    #[serde(skip_serializing_if = "Option::is_none")]
    dump: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_out: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_us: Option<u64>,
    /// How many lines were lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connections: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disconnections: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipts: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sendings: Option<u64>,
}

const SCHEMA: u32 = 1;

pub(super) fn line(event: &Event) -> String {
    let ts = format!("{:.6}", event.at);
    let object = Object { schema: SCHEMA, ts, service: event.service, conn: event.conn, ..of(&event.fact) };
    let mut line = serde_json::to_string(&object).expect("strings and numbers always serialise");
    line.push('\n');
    line
}

fn of(fact: &Fact) -> Object {
    let new = |event| Object { event, ..Object::default() };
    match fact {
        Fact::Start => new("start"),
        Fact::Listen { on } => Object { local: Some(on.to_string()), ..new("listen") },
        Fact::Connect { peer, local, .. } => {
            Object { peer: Some(peer.to_string()), local: Some(local.to_string()), ..new("connect") }
        }
        Fact::Receive { bytes, dump } => {
            Object { bytes: Some(*bytes), dump: dump.as_ref().map(Untrusted::escaped), ..new("recv") }
        }
        Fact::Send { bytes, dump } => {
            Object { bytes: Some(*bytes), dump: dump.as_ref().map(Untrusted::escaped), ..new("send") }
        }
        Fact::Disconnect { ending, bytes_in, bytes_out, lasted, .. } => Object {
            cause: Some(ending.to_string()),
            bytes_in: Some(*bytes_in),
            bytes_out: Some(*bytes_out),
            duration_us: Some(micros(*lasted)),
            ..new("disconnect")
        },
        Fact::Stop { totals, lasted } => Object {
            connections: Some(totals.connected),
            bytes_in: Some(totals.received_bytes),
            bytes_out: Some(totals.sent_bytes),
            duration_us: Some(micros(*lasted)),
            ..new("stop")
        },
        Fact::Lost { trouble: Trouble::Lines(count) } => Object { lines: Some(*count), ..new("lost") },
        Fact::Lost { trouble: Trouble::Accept(error) } => {
            Object { cause: Some(format!("error: {error}")), ..new("lost") }
        }
        Fact::Summary { hidden } => summary(hidden),
    }
}

fn summary(hidden: &Totals) -> Object {
    Object {
        event: "summary",
        connections: Some(hidden.connected),
        disconnections: Some(hidden.disconnected),
        receipts: Some(hidden.received),
        bytes_in: Some(hidden.received_bytes),
        sendings: Some(hidden.sent),
        bytes_out: Some(hidden.sent_bytes),
        ..Object::default()
    }
}

fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Way;
    use crate::net::Endpoint;

    fn of_fact(fact: Fact) -> serde_json::Value {
        let at = "2026-11-21T03:24:00.123456Z".parse().unwrap();
        let line = line(&Event { at, service: "echo", conn: Some(3), fact });
        assert_eq!(line.matches('\n').count(), 1);
        serde_json::from_str(&line).unwrap()
    }

    #[test]
    fn an_event_has_the_fields_of_the_schema_and_no_others() {
        let peer = || Endpoint::Ip("192.0.2.1:7".parse().unwrap());
        let object = of_fact(Fact::Connect { way: Way::In, peer: peer(), local: peer() });
        let expected = serde_json::json!({
            "schema": 1, "ts": "2026-11-21T03:24:00.123456Z", "event": "connect", "service": "echo", "conn": 3,
            "peer": "192.0.2.1:7", "local": "192.0.2.1:7",
        });
        assert_eq!(object, expected);
    }

    #[test]
    fn bytes_of_a_peer_arrive_escaped() {
        let dump = Some(Untrusted::cut(b"\x1b[2J\n\xff", 100));
        let object = of_fact(Fact::Receive { bytes: 6, dump });
        assert_eq!(object["dump"], r"\u{1b}[2J\n\xff");
        assert_eq!((&object["event"], &object["bytes"]), (&"recv".into(), &6.into()));
    }
}
