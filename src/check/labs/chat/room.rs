//! Room: people who have come in, and what they say and hear.

use std::time::Duration;

use crate::check::case::Played;
use crate::check::dialogue::line_end;
use crate::check::document::Transport;
use crate::check::fault::Miss;
use crate::check::stage::Stage;
use crate::check::wire::{Reach, Wire};

/// Somebody in the room.
pub(super) struct Member {
    pub(super) wire: Wire,
    pub(super) nick: String,
    /// How a `{text}` is said, and what stands behind it.
    form: String,
    line_end: String,
}

impl Member {
    /// Comes in under a nick of its own.
    pub(super) fn join(stage: &mut Stage) -> Result<Self, Miss> {
        let nick = nick(stage);
        let (wire, _) = come(stage, &nick, Reach::default())?;
        let told = stage.setting.dialogue.as_ref();
        let form = told.and_then(|dialogue| dialogue.say.clone()).unwrap_or_else(|| "{text}".to_owned());
        Ok(Self { wire, nick, form, line_end: line_end(stage).to_owned() })
    }

    pub(super) fn says(&mut self, text: &str) -> Result<(), Miss> {
        let said = self.form.replace("{text}", text);
        let end = if said.ends_with('\n') { "" } else { &self.line_end };
        self.wire.send(format!("{said}{end}").as_bytes())
    }

    /// Everything until this text has come, or nothing more does.
    pub(super) fn hears(&mut self, text: &str) -> Option<String> {
        let mut all = String::new();
        loop {
            let heard = self.wire.hear();
            all.push_str(&String::from_utf8_lossy(&heard));
            if all.contains(text) {
                return Some(all);
            }
            if heard.is_empty() {
                return None;
            }
        }
    }

    /// It hears this, which `who` said.
    pub(super) fn must_hear(&mut self, text: &str, did: &str) -> Result<String, Miss> {
        self.hears(text).ok_or_else(|| {
            let transport = if self.wire.end().is_some() { Transport::Fin } else { Transport::Timeout };
            let miss = self.wire.fault(transport, format!("{text:?}, at {}", self.nick), "it does not come");
            miss.with_did(did)
        })
    }
}

/// Three people who have come in, one after the other, and heard all about it.
pub(super) fn three(stage: &mut Stage) -> Result<[Member; 3], Miss> {
    let mut members = [Member::join(stage)?, Member::join(stage)?, Member::join(stage)?];
    members.iter_mut().for_each(|member| drop(member.wire.hear_within(SETTLING)));
    Ok(members)
}

/// Gives a nick, whether it is asked for or not; what is said then.
pub(super) fn come(stage: &mut Stage, nick: &str, reach: Reach) -> Result<(Wire, String), Miss> {
    let mut wire = stage.dial(reach)?;
    wire.hear_within(SETTLING);
    let dialogue = stage.setting.dialogue.as_ref();
    let told = dialogue.and_then(|dialogue| Some(dialogue.join.as_ref()?.said_by(nick)));
    let (texts, end) = (told.unwrap_or_else(|| vec![nick.to_owned()]), line_end(stage));
    let mut said = Vec::new();
    for text in texts {
        wire.send(format!("{text}{end}").as_bytes())?;
        said.extend(wire.hear_within(SETTLING));
    }
    Ok((wire, String::from_utf8_lossy(&said).into_owned()))
}

/// A name that nobody else has and no word contains.
pub(super) fn nick(stage: &mut Stage) -> String {
    String::from_utf8_lossy(&stage.letters(7)).replacen(|_: char| true, "Q", 1)
}

pub(super) fn text(stage: &mut Stage) -> String {
    format!("z{}", String::from_utf8_lossy(&stage.letters(11)))
}

/// What one says the other hears: without that, not hearing somebody means nothing.
pub(super) fn is_a_room(stage: &mut Stage, [one, two]: [&mut Member; 2]) -> Result<(), Miss> {
    let text = text(stage);
    one.says(&text)?;
    two.must_hear(&text, &format!("{} said {text:?}", one.nick)).map(drop)
}

/// Both others still hear each other.
pub(super) fn talk_on(stage: &mut Stage, [mut one, mut two]: [Member; 2], did: &str) -> Played {
    for _ in 0..2 {
        let text = text(stage);
        one.says(&text)?;
        two.must_hear(&text, &format!("{did}; then {} said {text:?}", one.nick))?;
        std::mem::swap(&mut one, &mut two);
    }
    Ok(None)
}

/// Whoever greets, or tells others, does so at once.
pub(super) const SETTLING: Duration = Duration::from_millis(400);
