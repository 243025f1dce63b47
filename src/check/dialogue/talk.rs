//! Talk: one conversation with a program in words of its own.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use regex::{Captures, Regex};

use super::{Dialogue, Exchange, Pattern, Step, YES};
use crate::check::case::Played;
use crate::check::document::Transport;
use crate::check::fault::Miss;
use crate::check::stage::Stage;
use crate::check::wire::{ANSWER, End, Wire};

/// A connection, and how what is said on it ends.
pub(crate) struct Talk {
    pub(crate) wire: Wire,
    line_end: String,
    /// All that it has said.
    pub(crate) heard: String,
    /// All that was said to it, a text a line.
    pub(crate) said: String,
    pieces: Pieces,
    nudges: Nudges,
    /// How long an answer may take.
    patience: Duration,
    /// The beginning of a letter whose end has not come yet.
    half: Vec<u8>,
}

/// Whether an end of line is tried where nothing is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nudges {
    Tried,
    /// What nobody answers is nothing unusual.
    Never,
}

/// How a text is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pieces {
    One,
    Two,
}

/// What stands in the braces of what is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) token: String,
    pub(crate) text: String,
}

/// What an exchange came to, with what was said last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Accepted(String),
    Refused(String),
    /// It asks again what it was told.
    AskedAgain(String),
    /// It says something that we do not understand.
    Other(String),
    /// It says nothing any more, and stays.
    Silent,
    /// It ended the connection, without a yes or a no.
    Ended,
}

impl Talk {
    pub(crate) fn new(wire: Wire, line_end: &str) -> Self {
        let (heard, said, half) = (String::new(), String::new(), Vec::new());
        let (pieces, nudges, patience) = (Pieces::One, Nudges::Tried, ANSWER);
        Self { wire, line_end: line_end.to_owned(), heard, said, pieces, nudges, patience, half }
    }

    /// What it says next; nothing where it says nothing in time.
    pub(crate) fn hear(&mut self) -> String {
        self.hear_within(self.patience)
    }

    pub(crate) fn hear_within(&mut self, span: Duration) -> String {
        let bytes = self.wire.hear_within(span);
        self.keep(&bytes)
    }

    fn keep(&mut self, bytes: &[u8]) -> String {
        self.half.extend_from_slice(bytes);
        let whole = match str::from_utf8(&self.half) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => self.half.len(),
        };
        let text = String::from_utf8_lossy(&self.half[..whole]).into_owned();
        self.half.drain(..whole);
        self.heard.push_str(&text);
        text
    }

    /// Says `text`, with what ends it.
    pub(crate) fn say(&mut self, text: &str) -> Result<(), Miss> {
        self.said.push_str(text);
        self.said.push('\n');
        let bytes = format!("{text}{}", self.line_end).into_bytes();
        if self.pieces == Pieces::One || text.len() <= TAIL {
            return self.wire.send(&bytes);
        }
        let (head, tail) = bytes.split_at(text.len() - TAIL);
        self.wire.send(head)?;
        let begun = Instant::now();
        self.wire.listen_for(APART);
        if begun.elapsed() > TOO_FAR_APART {
            return Err(Miss::Unjudged("this machine was too busy to send two pieces of a text in time".to_owned()));
        }
        self.wire.send(tail)
    }

    /// From now on the end of each text comes in a segment of its own.
    pub(crate) fn say_in_pieces(&mut self) {
        self.pieces = Pieces::Two;
    }

    /// Says `text` and hears the answer.
    pub(crate) fn ask(&mut self, text: &str) -> Result<String, Miss> {
        self.say(text)?;
        self.hear_or_nudge()
    }

    /// The same, and yes to whoever asks whether that is right.
    pub(crate) fn ask_and_confirm(&mut self, text: &str) -> Result<String, Miss> {
        let answer = self.ask(text)?;
        match YES.iter().find(|(asked, _)| Pattern::known(asked).fits(&answer)) {
            Some((_, yes)) if !self.is_over() => Ok(answer + &self.ask(yes)?),
            _ => Ok(answer),
        }
    }

    /// The answer to what was said. Who waits for the end of a line gets it, where nobody has told us so before.
    fn hear_or_nudge(&mut self) -> Result<String, Miss> {
        let answer = self.hear();
        if self.nudges == Nudges::Never || !answer.is_empty() || !self.line_end.is_empty() || self.is_over() {
            return Ok(answer);
        }
        self.wire.send(b"\n")?;
        let answer = self.hear();
        if !answer.is_empty() || self.is_over() {
            "\n".clone_into(&mut self.line_end);
        }
        Ok(answer)
    }

    pub(crate) fn line_end(&self) -> &str {
        &self.line_end
    }

    /// Lets other cases know what ends what is said, where it was found out here.
    pub(crate) fn remember(&self, stage: &Stage) {
        if !self.line_end.is_empty() && self.line_end != line_end(stage) {
            // Whoever came first was right.
            let _ = stage.setting.spoken.set(Dialogue { line_end: self.line_end.clone(), ..Dialogue::default() });
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.wire.end().is_some()
    }

    pub(crate) fn was_reset(&self) -> bool {
        self.wire.end() == Some(End::Rst)
    }

    /// Goes through `exchange` to its yes or no.
    pub(crate) fn hold(&mut self, exchange: &Exchange, words: &Words) -> Result<Answer, Miss> {
        // A greeting is no answer to what is said unasked.
        let greeting = match exchange.steps.first() {
            Some(Step { expect: None, .. }) => self.hear_within(GREETING),
            _ => self.hear(),
        };
        self.hold_on(exchange, words, greeting)
    }

    /// The same, where it has said `text` already.
    pub(crate) fn hold_on(&mut self, exchange: &Exchange, words: &Words, text: String) -> Result<Answer, Miss> {
        let mut course = Course::new(exchange);
        let mut told = String::new();
        let mut text = text;
        for _ in 0..MOST_TURNS {
            if let Some(step) = course.unasked() {
                self.say(&words.fill(step))?;
                text = self.hear_or_nudge()?;
            }
            if text.is_empty() {
                return Ok(course.silence(told, self.wire.end()));
            }
            told = std::mem::take(&mut text);
            text = match course.turn(&told) {
                Turn::Say(step) => {
                    self.say(&words.fill(&step))?;
                    self.hear_or_nudge()?
                }
                Turn::Over(answer) => return Ok(answer),
                Turn::Listen => self.hear(),
            };
        }
        Ok(Answer::Other(told))
    }
}

/// What ends what is said to the program of this stage, as far as that is known.
pub(crate) fn line_end<'a>(stage: &Stage<'a>) -> &'a str {
    let dialogue = stage.setting.dialogue.as_ref().or_else(|| stage.setting.spoken.get());
    dialogue.map_or("", |dialogue| &dialogue.line_end)
}

/// Plays it; where nobody answers, once more with a line end behind all that is said, as who reads lines needs it.
pub(crate) fn or_in_lines(stage: &mut Stage, play: fn(&mut Stage) -> Played) -> Played {
    let played = play(stage);
    let is_deaf = matches!(&played, Err(Miss::Fail(fault)) if fault.transport == Transport::Timeout);
    let is_told = stage.setting.dialogue.is_some() || !line_end(stage).is_empty();
    if !is_deaf || is_told {
        return played;
    }
    stage.kill_if_ours();
    // Whoever came first was right.
    let _ = stage.setting.spoken.set(Dialogue { line_end: "\n".to_owned(), ..Dialogue::default() });
    play(stage).or(played)
}

/// By chance a token may have any word in it.
fn without_tokens(text: &str) -> String {
    static LONG: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("[A-Za-z0-9_+/=.-]{16,}").expect("it is sound, as a test shows"));
    let kept = |found: &Captures| {
        let word = &found[0];
        if word.contains(|c: char| c.is_ascii_digit()) { String::new() } else { word.to_owned() }
    };
    LONG.replace_all(text, kept).into_owned()
}

/// How far an exchange is.
struct Course<'a> {
    exchange: &'a Exchange,
    used: Vec<bool>,
    /// Behind the last that was used.
    next: usize,
    said: bool,
}

enum Turn {
    Say(String),
    Over(Answer),
    Listen,
}

impl<'a> Course<'a> {
    fn new(exchange: &'a Exchange) -> Self {
        Self { exchange, used: vec![false; exchange.steps.len()], next: 0, said: false }
    }

    /// What is to be said without being asked.
    fn unasked(&mut self) -> Option<&str> {
        let step = self.exchange.steps.get(self.next).filter(|step| step.expect.is_none())?;
        self.used[self.next] = true;
        self.next += 1;
        self.said = true;
        step.send.as_deref()
    }

    /// A question is answered before anything is made of the words around it: who says that a name is not known, and
    /// asks for a password, has refused nothing.
    fn turn(&mut self, text: &str) -> Turn {
        let Exchange { steps, accepted, refused } = self.exchange;
        let fits = |pattern: &Option<Pattern>| pattern.as_ref().is_some_and(|pattern| pattern.fits(text));
        if let Some(at) = (0..steps.len()).find(|at| !self.used[*at] && fits(&steps[*at].expect)) {
            self.used[at] = true;
            self.next = at + 1;
            let Some(send) = &steps[at].send else { return Turn::Listen };
            self.said = true;
            return Turn::Say(send.clone());
        }
        // Before anything was said there is nothing to refuse.
        if self.said && refused.as_ref().is_some_and(|pattern| pattern.fits(&without_tokens(text))) {
            return Turn::Over(Answer::Refused(text.to_owned()));
        }
        // Nor to accept, unless it is only listened to.
        if fits(accepted) && (self.said || steps.iter().all(|step| step.send.is_none())) {
            return Turn::Over(Answer::Accepted(text.to_owned()));
        }
        if steps.iter().zip(&self.used).any(|(step, used)| *used && fits(&step.expect)) {
            return Turn::Over(Answer::AskedAgain(text.to_owned()));
        }
        if accepted.is_none() && self.said && self.next == steps.len() {
            return Turn::Over(Answer::Accepted(text.to_owned()));
        }
        Turn::Listen
    }

    /// It says nothing more, and whether it has ended.
    fn silence(&self, told: String, end: Option<End>) -> Answer {
        match (told.is_empty(), end) {
            (false, _) if self.said => Answer::Other(told),
            (_, Some(_)) => Answer::Ended,
            (false, None) => Answer::Other(told),
            (true, None) => Answer::Silent,
        }
    }
}

impl Words {
    fn fill(&self, step: &str) -> String {
        let Self { name, password, token, text } = self;
        let mut filled = String::new();
        let mut rest = step;
        // One pass, so that a name with braces in it stays what it is.
        while let Some(at) = rest.find('{') {
            filled.push_str(&rest[..at]);
            rest = &rest[at..];
            let known = [("{name}", name), ("{password}", password), ("{token}", token), ("{text}", text)];
            match known.into_iter().find(|(mark, _)| rest.starts_with(mark)) {
                Some((mark, value)) => {
                    filled.push_str(value);
                    rest = &rest[mark.len()..];
                }
                None => {
                    filled.push('{');
                    rest = &rest[1..];
                }
            }
        }
        filled + rest
    }
}

/// Bytes in the second piece.
const TAIL: usize = 3;
const APART: Duration = Duration::from_millis(30);
/// Whoever takes a silence for the end of a text takes one of at least 100 ms for it.
const TOO_FAR_APART: Duration = Duration::from_millis(80);
/// Whoever greets does so at once.
const GREETING: Duration = Duration::from_millis(300);
const MOST_TURNS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn said(turn: Turn) -> String {
        match turn {
            Turn::Say(text) => text,
            Turn::Over(answer) => format!("{answer:?}"),
            Turn::Listen => "…".to_owned(),
        }
    }

    #[test]
    fn a_token_is_no_word() {
        assert_eq!(without_tokens("OK token x0Zq-err-81c884c7d659a2"), "OK token ");
        assert_eq!(
            without_tokens("authentication-failed, незарегистрированный"),
            "authentication-failed, незарегистрированный"
        );
    }

    #[test]
    fn steps_are_passed_over_where_they_are_not_asked_for() {
        let exchange = Exchange::asking(&[("register", "1"), ("name", "{name}"), ("pass", "{password}")])
            .answered("welcome", "wrong");
        let mut course = Course::new(&exchange);
        assert_eq!(said(course.turn("Hello")), "…");
        assert_eq!(said(course.turn("Your name is not known. Name?")), "{name}");
        assert_eq!(said(course.turn("pass:")), "{password}");
        assert_eq!(said(course.turn("welcome")), r#"Accepted("welcome")"#);
    }

    #[test]
    fn a_no_and_a_question_that_comes_again_are_told_apart_from_a_yes() {
        let exchange = Exchange::asking(&[("pass", "{password}")]).answered("welcome", "wrong");
        for (text, answer) in
            [("wrong. pass:", r#"Refused("wrong. pass:")"#), ("pass:", r#"AskedAgain("pass:")"#), ("hm", "…")]
        {
            let mut course = Course::new(&exchange);
            assert_eq!(said(course.turn("wrong or not, pass?")), "{password}");
            assert_eq!(said(course.turn(text)), answer);
        }
    }

    #[test]
    fn braces_in_a_name_are_left_alone() {
        let words = Words { name: "{password}".to_owned(), password: "x".to_owned(), ..Words::default() };
        assert_eq!(words.fill("LOGIN {name} {password} {else}"), "LOGIN {password} x {else}");
    }
}
