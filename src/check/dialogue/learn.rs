//! Learn: talks to a server as its lab would, answers what it understands, and writes down what was said as a dialogue.
//! It is a proposal: whoever knows the program has to read it.

use super::presets::{NAME_ASKED, PASSWORD_ASKED};
use super::{Dialogue, Pattern};
use crate::check::fault::Miss;
use crate::check::stage::Stage;
use crate::check::wire::Reach;

/// The text of a dialogue file.
///
/// # Errors
/// Where the server is not there, or says nothing that is understood.
pub(crate) fn learn(stage: &mut Stage) -> Result<String, Miss> {
    let lab = stage.case.lab.name;
    let Some((_, exchange)) = LEARNED.iter().find(|(name, _)| *name == lab) else {
        return Err(Miss::skip(format!("the lab {lab} has no dialogue")));
    };
    let visitor = Visitor {
        name: String::from_utf8_lossy(&stage.letters(7)).into_owned(),
        password: format!("Pw-{}-47", String::from_utf8_lossy(&stage.letters(6))),
    };
    let session = Session::hold(stage, &visitor)?;
    if session.turns.is_empty() {
        let said = session.last.trim();
        return Err(Miss::skip(match said {
            "" => "it says nothing, and so there is nothing to learn".to_owned(),
            _ => format!("it asks for neither a name nor a password; it says {:?}", said),
        }));
    }
    let mut proposal = format!("{HEAD}{}", session.proposal(exchange));
    if lab == "login" {
        // Who has registered comes again.
        proposal.push_str(&format!("\n{}", Session::hold(stage, &visitor)?.proposal("login")));
    }
    debug_assert!(proposal.parse::<Dialogue>().is_ok(), "{proposal}");
    Ok(proposal)
}

struct Visitor {
    name: String,
    password: String,
}

/// The labs in which programs speak in words of their own, and the exchange of each that is learned.
pub(crate) const LEARNED: [(&str, &str); 4] =
    [("identify", "introduce"), ("login", "register"), ("rps", "join"), ("chat", "join")];

/// A question and what was said to it.
struct Turn {
    asked: String,
    answer: &'static str,
}

/// What came of it.
struct Session {
    turns: Vec<Turn>,
    /// What was said behind the last answer.
    last: String,
}

impl Session {
    fn hold(stage: &mut Stage, Visitor { name, password }: &Visitor) -> Result<Self, Miss> {
        let mut wire = stage.dial(Reach::default())?;
        let (mut turns, mut last) = (Vec::new(), String::from_utf8_lossy(&wire.hear()).into_owned());
        let (names, passwords) = (Pattern::known(NAME_ASKED), Pattern::known(PASSWORD_ASKED));
        while turns.len() < MOST_TURNS {
            let asked = last.trim().lines().last().unwrap_or_default().to_owned();
            let (answer, said) = match () {
                () if passwords.fits(&asked) => ("{password}", password),
                () if names.fits(&asked) && turns.iter().all(|turn: &Turn| turn.answer != "{name}") => ("{name}", name),
                () => break,
            };
            wire.send(said.as_bytes())?;
            turns.push(Turn { asked, answer });
            last = String::from_utf8_lossy(&wire.hear()).into_owned();
        }
        // What stands for this visitor stands for everybody.
        Ok(Self { turns, last: last.replace(name, "{name}") })
    }

    fn proposal(&self, exchange: &str) -> String {
        let mut text = format!("[{exchange}]\nsteps = [\n");
        for Turn { asked, answer } in &self.turns {
            text.push_str(&format!("    {{ expect = {}, send = \"{answer}\" }},\n", quoted(&expression(asked))));
        }
        text.push_str("]\n");
        let answer = self.last.trim().lines().next().unwrap_or_default();
        if !answer.is_empty() {
            text.push_str(&format!(
                "# It said {} in the end.\naccepted = {}\n",
                quoted(answer),
                quoted(&expression(answer))
            ));
        }
        text
    }
}

/// What fits this text, with any number for each number and anybody for the visitor.
fn expression(text: &str) -> String {
    let mut expression = String::new();
    for (at, part) in text.split("{name}").enumerate() {
        if at > 0 {
            expression.push_str(".+");
        }
        let mut digits = false;
        for c in part.chars() {
            if c.is_ascii_digit() {
                expression.push_str(if digits { "" } else { r"\d+" });
            } else {
                expression.push_str(&regex::escape(&c.to_string()));
            }
            digits = c.is_ascii_digit();
        }
    }
    expression
}

/// A string of TOML, whose escapes are those of JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

const HEAD: &str = "# How it speaks, as one visit went. Read it, and mend what only fits that visit.\n";
const MOST_TURNS: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proposal_is_a_dialogue_that_fits_another_visit() {
        let turn = |asked: &str, answer| Turn { asked: asked.to_owned(), answer };
        let turns = vec![turn("Login \"guest\" [1]:", "{name}"), turn("Hasło:", "{password}")];
        let session = Session { turns, last: "Witaj, {name}! Jesteś 3. gościem\n".to_owned() };
        let dialogue = session.proposal("register").parse::<Dialogue>().unwrap();
        let register = dialogue.register.unwrap();
        assert!(register.steps[0].expect.as_ref().unwrap().fits("Login \"guest\" [27]:"));
        assert_eq!(register.steps[1].send.as_deref(), Some("{password}"));
        assert!(register.accepted.unwrap().fits("Witaj, Ola! Jesteś 14. gościem"));
    }
}
