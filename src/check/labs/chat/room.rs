//! Room: people who have come in, and what they say and hear.

use std::time::Duration;

use crate::check::actor::Actor;
use crate::check::case::Played;
use crate::check::dialogue::line_end;
use crate::check::document::Transport;
use crate::check::fault::Miss;
use crate::check::say;
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
        let form = told.and_then(|dialogue| dialogue.say.clone()).unwrap_or_else(|| PLAIN.to_owned());
        Ok(Self { wire, nick, form, line_end: line_end(stage).to_owned() })
    }

    pub(super) fn says(&mut self, text: &str) -> Result<(), Miss> {
        self.wire.send(framed(&self.form, &self.line_end, text).as_bytes())
    }

    /// Everything until this text has come, or nothing more does.
    pub(super) fn hears(&mut self, text: &str) -> Option<String> {
        let all = self.hears_until(|all| all.contains(text));
        all.contains(text).then_some(all)
    }

    /// Everything until it is enough, or nothing more comes.
    pub(super) fn hears_until(&mut self, is_enough: impl Fn(&str) -> bool) -> String {
        let mut all = String::new();
        loop {
            let heard = self.wire.hear();
            all.push_str(&String::from_utf8_lossy(&heard));
            if heard.is_empty() || is_enough(&all) {
                return all;
            }
        }
    }

    /// It hears this, which `who` said.
    pub(super) fn must_hear(&mut self, text: &str, did: &str) -> Result<String, Miss> {
        self.hears(text).ok_or_else(|| self.hears_nothing_of(text, did))
    }

    /// It hears something about this nick.
    pub(super) fn must_hear_of(&mut self, nick: &str, did: &str) -> Result<String, Miss> {
        let all = self.hears_until(|all| names(all, nick));
        if names(&all, nick) { Ok(all) } else { Err(self.hears_nothing_of(nick, did)) }
    }

    fn hears_nothing_of(&self, text: &str, did: &str) -> Miss {
        let transport = if self.wire.end().is_some() { Transport::Fin } else { Transport::Timeout };
        let miss = self.wire.fault(transport, format!("{text:?}, at {}", self.nick), "it does not come");
        miss.with_did(did)
    }
}

/// What is sent to say `text`. A line end behind the text stands behind all of it; within JSON the text is escaped.
fn framed(form: &str, line_end: &str, text: &str) -> String {
    let bare = text.strip_suffix('\n').unwrap_or(text);
    let json = serde_json::Value::from(bare).to_string();
    let said = if form.starts_with('{') && !form.starts_with(PLAIN) { json.trim_matches('"') } else { bare };
    let end = if line_end.is_empty() { &text[bare.len()..] } else { line_end };
    let filled = form.replace("{text}", said);
    if filled.ends_with('\n') { filled } else { filled + end }
}

/// Whether this nick is in what was heard; a server may write it in letters of another size.
pub(super) fn names(heard: &str, nick: &str) -> bool {
    heard.to_lowercase().contains(&nick.to_lowercase())
}

/// Whether a line is signed with this nick and no more: `nick(2)`, `nick-2` and `nick#2` are somebody else.
pub(super) fn is_signed(line: &str, nick: &str) -> bool {
    let (line, nick) = (line.to_lowercase(), nick.to_lowercase());
    line.match_indices(&nick).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let behind = line[at + nick.len()..].chars().next();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
            && behind.is_none_or(|c| c.is_whitespace() || BEHIND_A_NICK.contains(c))
    })
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

/// Plays it. Who answers what is said with words of its own, and tells nobody, may want it said otherwise, and is not
/// blamed for that.
pub(super) fn in_our_words(stage: &mut Stage, play: fn(&mut Stage) -> Played) -> Played {
    match play(stage) {
        Err(Miss::Fail(fault)) if fault.transport == Transport::Timeout && stage.setting.dialogue.is_none() => {
            let program = fault.program.clone().or_else(|| stage.actor().map(Actor::account));
            stage.kill_if_ours();
            // What is found out is no part of what went wrong.
            let mut apart = Stage::new(stage.case, stage.setting, None);
            let skip = answer_to_nobody(&mut apart).ok().flatten();
            Err(skip.unwrap_or_else(|| Miss::Fail(Box::new(fault.seen(program)))))
        }
        played => played,
    }
}

fn answer_to_nobody(stage: &mut Stage) -> Result<Option<Miss>, Miss> {
    let [mut one, mut two, _three] = three(stage)?;
    let text = text(stage);
    one.says(&text)?;
    let answer = String::from_utf8_lossy(&one.wire.hear()).into_owned();
    if two.hears(&text).is_some() || !is_its_own(&answer, [&text, &one.nick]) {
        return Ok(None);
    }
    let answer = say::quoted(answer.trim().as_bytes());
    let does = format!("it answers {answer} to what is said, and tells nobody what that was");
    Ok(Some(Miss::skip(format!("{does}; tell how to speak to it by --dialogue FILE"))))
}

/// Whether an answer is neither nothing nor what we said.
fn is_its_own(answer: &str, [text, nick]: [&str; 2]) -> bool {
    !answer.trim().is_empty() && !names(answer, text) && !names(answer, nick)
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

/// A text as it is.
const PLAIN: &str = "{text}";
/// What may stand right behind a nick that ends there.
const BEHIND_A_NICK: &str = ":>])|,;\"'»";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_end_stands_behind_the_form() {
        let json = r#"{"text": "{text}"}"#;
        for (form, line_end, text, sent) in [
            (PLAIN, "", "abc", "abc"),
            (PLAIN, "", "abc\n", "abc\n"),
            (PLAIN, "\n", "abc\n", "abc\n"),
            (PLAIN, "\r\n", "abc\n", "abc\r\n"),
            (PLAIN, "\n", "abc\ndef: g\n", "abc\ndef: g\n"),
            ("MSG {text}", "\n", "abc\n", "MSG abc\n"),
            ("MSG {text}\r\n", "", "abc\n", "MSG abc\r\n"),
            (json, "\n", "abc\n", "{\"text\": \"abc\"}\n"),
            (json, "\n", "a\nb\n", "{\"text\": \"a\\nb\"}\n"),
        ] {
            assert_eq!(framed(form, line_end, text), sent, "{form} {text:?}");
        }
    }

    #[test]
    fn a_nick_with_something_behind_it_is_another() {
        for line in
            ["Ala: hi", "[12:30] <Ala> hi", "[ala] hi", "(Ala) hi", "Ala > hi", r#"{"nick": "Ala"}"#, "said Ala"]
        {
            assert!(is_signed(line, "Ala"), "{line}");
        }
        for line in ["Ala(2): hi", "<Ala-2> hi", "Ala#2: hi", "ala_2: hi", "Ala2 > hi", "Koala: hi", "guest7: hi"] {
            assert!(!is_signed(line, "Ala"), "{line}");
        }
        assert!(names("* ALA is here", "Ala"));
    }

    #[test]
    fn an_answer_of_its_own_has_nothing_of_ours_in_it() {
        for (answer, own) in
            [("Unknown command\n", true), ("", false), ("\r\n", false), ("You: zabc", false), ("Qala joined", false)]
        {
            assert_eq!(is_its_own(answer, ["zabc", "Qala"]), own, "{answer}");
        }
    }
}
