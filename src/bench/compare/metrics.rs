//! Metrics: what two runs are compared by, which direction is better, and where the figures stand.

use serde::Serialize;

use crate::bench::figure;
use crate::bench::report::document::{Distribution, Document, Second};

/// One row of every comparison.
pub(super) struct Metric {
    pub(super) name: &'static str,
    /// Of the numbers in JSON.
    pub(super) unit: &'static str,
    pub(super) better: Better,
    /// Whether it says nothing about the server when the generator was at its limit.
    pub(super) limited: bool,
    /// Ratios so near to 1 are the same figure, as finely as it is measured.
    pub(super) resolution: f64,
    pub(super) of_run: fn(&Document) -> Option<f64>,
    /// `None` where seconds do not have it.
    pub(super) of_second: Option<fn(&Second) -> Option<f64>>,
    /// As people read it.
    pub(super) show: fn(f64) -> String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Better {
    Higher,
    Lower,
}

/// What kept a rate from being higher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    Generator,
    Other,
}

pub(super) const METRICS: &[Metric] = &[
    Metric {
        name: "rate",
        unit: "messages/s",
        better: Better::Higher,
        limited: true,
        resolution: 0.0,
        of_run: |run| Some(run.rate.messages_per_s),
        of_second: Some(|second| Some(second.answered as f64 / second.lasted_us * 1e6)),
        show: figure::rate,
    },
    Metric {
        name: "throughput",
        unit: "MB/s",
        better: Better::Higher,
        limited: true,
        resolution: 0.0,
        of_run: |run| Some(run.rate.mb_per_s),
        // A byte a microsecond is a megabyte a second.
        of_second: Some(|second| Some(second.bytes_in as f64 / second.lasted_us)),
        show: figure::megabytes,
    },
    Metric {
        name: "response p50",
        of_run: |run| known(&run.latency.response, |found| found.p50_us),
        of_second: Some(|second| (second.answered > 0).then_some(second.response_p50_us)),
        ..LATENCY
    },
    Metric {
        name: "response p99",
        of_run: |run| known(&run.latency.response, |found| found.p99_us),
        of_second: Some(|second| (second.answered > 0).then_some(second.response_p99_us)),
        ..LATENCY
    },
    Metric {
        name: "service p50",
        of_run: |run| known(&run.latency.service, |found| found.p50_us),
        of_second: Some(|second| (second.answered > 0).then_some(second.service_p50_us)),
        ..LATENCY
    },
    Metric {
        name: "service p99",
        of_run: |run| known(&run.latency.service, |found| found.p99_us),
        of_second: Some(|second| (second.answered > 0).then_some(second.service_p99_us)),
        ..LATENCY
    },
    Metric {
        name: "server CPU/message",
        of_run: |run| run.server.map(|server| server.cpu_us_per_message).filter(|_| run.counts.answered > 0),
        ..CPU
    },
    Metric {
        name: "generator CPU/message",
        of_run: |run| Some(run.generator.cpu_us_per_message).filter(|_| run.counts.answered > 0),
        ..CPU
    },
];

const LATENCY: Metric = Metric {
    name: "",
    unit: "us",
    better: Better::Lower,
    limited: false,
    resolution: HISTOGRAMS,
    of_run: |_| None,
    of_second: None,
    show: figure::duration,
};

const CPU: Metric = Metric { unit: "us/message", show: figure::cost, resolution: 0.0, ..LATENCY };

/// Histograms keep three digits, so that each side may be off by a thousandth.
const HISTOGRAMS: f64 = 0.002;

/// Distributions of nothing hold zeros, which are no measurement.
fn known(found: &Distribution, of: fn(&Distribution) -> f64) -> Option<f64> {
    (found.count > 0).then(|| of(found))
}
