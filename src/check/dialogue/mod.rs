//! Dialogue: how a program speaks whose words nobody has laid down: what it asks, what is said to it, and how it says
//! yes and no. Ours and the usual ones are known; others are written in a file, or learned from a session.
//!
//! A file is TOML. Each exchange is a list of steps, `expect` (a regular expression for what it says) and `send` (what
//! is said then, with `{name}`, `{password}`, `{token}` and `{text}` in it), and two expressions more: `accepted` and
//! `refused`. Steps may be passed over, so that one exchange fits a program that asks sometimes more and sometimes less.

/// Finds out how a program speaks.
mod learn;
/// Ways to speak that many programs share.
mod presets;
/// One conversation in such words.
mod talk;

use std::str::FromStr;

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

pub(crate) use learn::{LEARNED, learn};
pub(crate) use presets::{NAME_ASKED, PASSWORD_ASKED, REFUSED, WELCOME, YES};
pub(crate) use talk::{Answer, Talk, Words, line_end, or_in_lines};

/// How a program speaks.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dialogue {
    /// What stands behind everything we say: nothing, unless told otherwise.
    #[serde(default)]
    pub(crate) line_end: String,
    /// `identify`: how a stranger gives a name.
    pub(crate) introduce: Option<Exchange>,
    /// `login`: how an account is made.
    pub(crate) register: Option<Exchange>,
    /// `login`: how somebody comes in by a password.
    pub(crate) login: Option<Exchange>,
    /// `login`: how somebody comes in by a token.
    pub(crate) resume: Option<Exchange>,
    /// `chat` and `rps`: how somebody comes to be with the others.
    pub(crate) join: Option<Exchange>,
    /// `chat`: how a `{text}` is said.
    pub(crate) say: Option<String>,
    /// `chat`: what the admin types to have `{name}` out.
    pub(crate) kick: Option<String>,
    /// `rps`: what is said for each choice.
    pub(crate) choices: Option<Choices>,
    /// `rps`: how a round is told to who has won it, and to who has lost it.
    pub(crate) won: Option<Pattern>,
    pub(crate) lost: Option<Pattern>,
}

/// What is said in turn to come to a yes or a no.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exchange {
    #[serde(default)]
    pub(crate) steps: Vec<Step>,
    /// Without one everything is a yes that is neither a question nor a no. A group called `token` is kept.
    pub(crate) accepted: Option<Pattern>,
    pub(crate) refused: Option<Pattern>,
}

/// When it says this, that is said. Without `expect` it is said in any case; without `send` it is only waited for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    pub(crate) expect: Option<Pattern>,
    pub(crate) send: Option<String>,
}

/// The words for the three.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choices {
    pub(crate) rock: String,
    pub(crate) paper: String,
    pub(crate) scissors: String,
}

/// A regular expression that does not look at the case of letters.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Pattern(pub(crate) Regex);

impl FromStr for Dialogue {
    type Err = String;

    /// # Errors
    /// Says what is wrong, and where.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.len() > MOST_BYTES {
            return Err(format!("it has more than {} KiB, too much for a dialogue", MOST_BYTES >> 10));
        }
        let dialogue: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        let exchanges = [
            ("introduce", &dialogue.introduce),
            ("register", &dialogue.register),
            ("login", &dialogue.login),
            ("resume", &dialogue.resume),
            ("join", &dialogue.join),
        ];
        for (name, exchange) in exchanges {
            let Some(exchange) = exchange else { continue };
            if exchange.steps.len() > MOST_STEPS {
                return Err(format!("`{name}` has more than {MOST_STEPS} steps"));
            }
            if exchange.steps.iter().any(|step| step.expect.is_none() && step.send.is_none()) {
                return Err(format!("a step of `{name}` has neither `expect` nor `send`"));
            }
        }
        Ok(dialogue)
    }
}

impl Exchange {
    /// The one that asks for these in turn.
    pub(crate) fn asking(steps: &[(&str, &str)]) -> Self {
        let step = |(expect, send): &(&str, &str)| Step {
            expect: (!expect.is_empty()).then(|| Pattern::known(expect)),
            send: Some((*send).to_owned()),
        };
        Self { steps: steps.iter().map(step).collect(), accepted: None, refused: None }
    }

    /// What is said in turn by somebody of this name, whatever is said to that.
    pub(crate) fn said_by(&self, name: &str) -> Vec<String> {
        let said = self.steps.iter().filter_map(|step| step.send.as_deref());
        said.map(|text| text.replace("{name}", name)).collect()
    }

    pub(crate) fn answered(self, accepted: &str, refused: &str) -> Self {
        Self { accepted: Some(Pattern::known(accepted)), refused: Some(Pattern::known(refused)), ..self }
    }
}

impl Pattern {
    /// One of our own.
    pub(crate) fn known(text: &str) -> Self {
        Self::try_from(text.to_owned()).expect("patterns of ours are sound, as their test shows")
    }

    pub(crate) fn fits(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let built = RegexBuilder::new(&text).case_insensitive(true).multi_line(true).size_limit(MOST_COMPILED).build();
        built.map(Self).map_err(|error| format!("`{text}` is no regular expression: {error}"))
    }
}

/// A dialogue is a page.
const MOST_BYTES: usize = 64 << 10;
const MOST_STEPS: usize = 32;
const MOST_COMPILED: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialogue_is_read_from_toml() {
        let text = r#"
            line_end = "\r\n"
            kick = "!out {name}"
            [login]
            steps = [
                { expect = "login:", send = "{name}" },
                { expect = "pass", send = "{password}" },
            ]
            accepted = "welcome (?<token>\\S+)"
            refused = "go away"
            [choices]
            rock = "1"
            paper = "2"
            scissors = "3"
        "#;
        let dialogue = text.parse::<Dialogue>().unwrap();
        let login = dialogue.login.unwrap();
        assert_eq!((login.steps.len(), dialogue.line_end.as_str()), (2, "\r\n"));
        assert!(login.accepted.unwrap().fits("WELCOME abc"));
        assert!(dialogue.register.is_none());
    }

    #[test]
    fn what_is_no_dialogue_is_named() {
        let many = format!("[join]\nsteps = [{}]", "{ send = \"a\" },".repeat(33));
        let long = "# ".repeat(MOST_BYTES);
        for (text, named) in [
            (long.as_str(), "64 KiB"),
            ("[lgoin]", "lgoin"),
            ("[login]\nsteps = [{ expect = \"(\" }]", "regular expression"),
            ("[login]\nsteps = [{}]", "neither"),
            ("[login]\naccepted = 3", "accepted"),
            (many.as_str(), "more than 32"),
        ] {
            let why = text.parse::<Dialogue>().unwrap_err();
            assert!(why.contains(named), "{text}: {why}");
        }
    }
}
