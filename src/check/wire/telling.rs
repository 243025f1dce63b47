//! Telling: what came over a wire instead of what was wanted, in words.

use std::time::Duration;

use super::{ANSWER, End, Wire};
use crate::check::actor;
use crate::check::document::Transport;
use crate::check::fault::{Fault, Miss};
use crate::check::say;
use crate::check::scene::Scene;

impl Wire {
    /// What came instead of one of `wants`; the nearest of them is what is named.
    pub(super) fn differs(&mut self, wants: &[Vec<u8>]) -> Miss {
        let same = |want: &[u8]| self.heard.iter().zip(want).take_while(|(a, b)| a == b).count();
        let want = wants.iter().max_by_key(|want| same(want)).map_or(&[][..], Vec::as_slice);
        let at = same(want);
        let heard = self.heard.clone();
        let all: Vec<String> = wants.iter().map(|want| say::amount(want)).collect();
        let got = match (self.end, heard.len()) {
            (Some(_), _) => self.story(&say::amount(&heard)),
            (None, 0) => format!("nothing within {} s", self.seconds(ANSWER)),
            (None, n) if at == n => {
                format!("{n} of {} bytes, then nothing for {} s", want.len(), self.seconds(ANSWER))
            }
            (None, _) => format!("{}, wrong from byte {at} on", say::amount(&heard)),
        };
        let transport = match self.end {
            _ if at < heard.len() => Transport::Answered,
            Some(End::Fin) => Transport::Fin,
            Some(End::Rst) => Transport::Rst,
            None => Transport::Timeout,
        };
        let fault = self.bare_fault(transport, all.join(", or "), got);
        if heard.is_empty() { fault.into() } else { fault.at(&heard, at).into() }
    }

    /// Nothing came of what was wanted, and nobody waits for it any more.
    pub(crate) fn silence(&self, want: impl Into<String>) -> Miss {
        let (transport, got) = match self.end {
            Some(End::Fin) => (Transport::Fin, self.story("nothing")),
            Some(End::Rst) => (Transport::Rst, self.story("nothing")),
            None => (Transport::Timeout, format!("nothing within {} s", self.seconds(ANSWER))),
        };
        self.fault(transport, want, got)
    }

    pub(super) fn surplus(&mut self, want: &str) -> Miss {
        let heard = self.heard.clone();
        let got = say::amount(&heard);
        self.bare_fault(Transport::Answered, want, got).at(&heard, 0).into()
    }

    /// What came, how the connection ended, and the program with it.
    pub(super) fn story(&self, came: &str) -> String {
        let ended = match self.end {
            Some(End::Fin) => format!("{came}, then FIN"),
            Some(End::Rst) => format!("{came}, then RST"),
            None => came.to_owned(),
        };
        with_death(&self.scene, ended)
    }

    pub(crate) fn fault(&self, transport: Transport, want: impl Into<String>, got: impl Into<String>) -> Miss {
        self.bare_fault(transport, want, got).into()
    }

    fn bare_fault(&self, transport: Transport, want: impl Into<String>, got: impl Into<String>) -> Fault {
        let fault = Fault::new(died_or(&self.scene, transport), want, got).seen(self.scene.account());
        if self.said.is_empty() { fault } else { fault.did(format!("sent {}", say::amount(&self.said))) }
    }

    pub(super) fn seconds(&self, span: Duration) -> f64 {
        (self.scene.stretched(span).as_secs_f64() * 10.0).round() / 10.0
    }
}

/// A connection that ended because the program did is that first of all.
pub(super) fn died_or(scene: &Scene, transport: Transport) -> Transport {
    let by_its_end = matches!(transport, Transport::Fin | Transport::Rst | Transport::Refused | Transport::Timeout);
    if by_its_end && scene.ended_soon().is_some() { Transport::Died } else { transport }
}

pub(super) fn with_death(scene: &Scene, story: String) -> String {
    match scene.ended_soon() {
        Some(ended) => format!("{story}; the program ended: {}", actor::how(ended)),
        None => story,
    }
}
