//! Fault: what can be wrong with answers and connections, each with the word that reports have for it.

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FaultKind {
    Missing,
    Duplicate,
    Corrupt,
    Cut,
    Reordered,
    Surplus,
    Unexpected,
    ClosedEarly,
    Reset,
    Stalled,
    Unconnected,
}

/// Every kind, with its word and what is counted.
pub(crate) const FAULTS: &[(FaultKind, &str, &str)] = &[
    (FaultKind::Missing, "missing", "messages that were never answered while later ones were"),
    (FaultKind::Duplicate, "duplicate", "answers that came again"),
    (FaultKind::Corrupt, "corrupt", "answers with other bytes"),
    (FaultKind::Cut, "cut", "answers that lack bytes"),
    (FaultKind::Reordered, "reordered", "answers that came behind the answer to a later message"),
    (FaultKind::Surplus, "surplus", "bytes that answer nothing"),
    (FaultKind::Unexpected, "unexpected", "answers that the script does not allow"),
    (FaultKind::ClosedEarly, "closed early", "connections that ended while answers were due"),
    (FaultKind::Reset, "reset", "connections that were reset"),
    (FaultKind::Stalled, "stalled", "connections on which nothing came while answers were due"),
    (FaultKind::Unconnected, "unconnected", "connections that could not be made"),
];

impl FaultKind {
    pub(crate) fn name(self) -> &'static str {
        FAULTS.iter().find(|(kind, ..)| *kind == self).map_or("fault", |(_, name, _)| name)
    }
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    /// How many messages, connections or bytes, as its kind counts.
    pub(crate) count: u64,
    /// Where and what, without the connection's number: `message 17, byte 12: expected "…", received "…"`. Safe for a
    /// terminal.
    pub(crate) what: String,
}
