//! Login: gets a person into a `login` server. Resumes with the token of the last visit where there is one, asks for
//! name and password where there is none, and keeps the new token. What is said afterwards is the terminal's business.

/// What a person types.
mod prompt;
/// The token between two visits.
mod token;

use signal_hook::consts::SIGINT;

use super::screen::Screen;
use super::terminal::Farewell;
use super::trouble::Trouble;
use super::wire::Wire;
use crate::event::Untrusted;
use crate::framing::{Codec, Delimiter, Framing};
use crate::net::Ending;
use prompt::{Prompt, Typed};

pub(crate) use token::TokenFile;

/// Gets in over `wire`; what is told meanwhile goes to `screen`. `None` is in; a farewell ends the conversation.
///
/// # Errors
/// Where the server turns us away, and where the connection or the terminal fails. The conversation has then ended.
pub(crate) fn log_in(
    wire: &Wire,
    framing: Framing,
    tokens: &TokenFile,
    screen: &Screen,
) -> Result<Option<Farewell>, Trouble> {
    let mut door = Door { wire, codec: Codec::new(framing), tokens, screen };
    match door.pass() {
        Ok(()) => Ok(None),
        Err(Stop::Farewell(farewell)) => {
            wire.closed(Ending::WeClosed);
            Ok(Some(farewell))
        }
        Err(Stop::Trouble(trouble)) => {
            wire.closed(trouble.ending());
            Err(trouble)
        }
    }
}

/// Why nobody gets in now.
enum Stop {
    Farewell(Farewell),
    Trouble(Trouble),
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

/// What the server says to a command.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Ok(String),
    Err { code: String, text: String },
}

impl Answer {
    /// `OK …`, `ERR code text`; another server may say anything, which is no consent.
    fn parse(line: &str) -> Self {
        if let Some(rest) = line.strip_prefix("OK").filter(|rest| rest.is_empty() || rest.starts_with(' ')) {
            return Self::Ok(rest.trim_start().to_owned());
        }
        let rest = line.strip_prefix("ERR ").unwrap_or(line);
        let (code, text) = rest.split_once(' ').unwrap_or((rest, rest));
        Self::Err { code: code.to_owned(), text: text.to_owned() }
    }
}

/// The way in.
struct Door<'a> {
    wire: &'a Wire,
    codec: Codec,
    tokens: &'a TokenFile,
    screen: &'a Screen,
}

impl Door<'_> {
    fn pass(&mut self) -> Result<(), Stop> {
        self.greeting()?;
        if self.resume()? { Ok(()) } else { self.introduce(&mut Prompt::open()?) }
    }

    /// The server says first what it understands; a person is asked for it anyway.
    fn greeting(&mut self) -> Result<(), Stop> {
        match Answer::parse(&self.hear()?) {
            Answer::Ok(_) => Ok(()),
            Answer::Err { text, .. } => Err(turned_away(&text)),
        }
    }

    /// Whether the token of the last visit was still good.
    fn resume(&mut self) -> Result<bool, Stop> {
        let token = match self.tokens.read() {
            Ok(Some(token)) => token,
            Ok(None) => return Ok(false),
            Err(e) => {
                self.screen.show(&format!("cannot use the kept token in {}: {e}", self.tokens.path().display()));
                return Ok(false);
            }
        };
        match self.ask(&format!("RESUME {token}"))? {
            Answer::Ok(granted) => {
                self.keep(&granted)?;
                Ok(true)
            }
            Answer::Err { code, text } => {
                // Only what the server does not know any more is of no use any more.
                if matches!(code.as_str(), "token" | "expired" | "revoked") {
                    self.tokens.remove();
                }
                self.screen.show(&format!("not resumed: {}", shown(&text)));
                Ok(false)
            }
        }
    }

    /// By name and password, until the server agrees.
    fn introduce(&mut self, prompt: &mut Prompt) -> Result<(), Stop> {
        loop {
            let name = typed(prompt.ask("Name: ")?)?;
            let password = typed(prompt.ask_secretly("Password: ")?)?;
            match self.ask(&format!("LOGIN {name} {password}"))? {
                Answer::Ok(granted) => return self.keep(&granted),
                Answer::Err { code, text } => {
                    self.screen.show(&shown(&text));
                    if code == "denied" && self.register(prompt, &name, &password)? {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Somebody who is not known may be new. The password was typed unseen, so it is typed again.
    fn register(&mut self, prompt: &mut Prompt, name: &str, password: &str) -> Result<bool, Stop> {
        let new = typed(prompt.ask(&format!("Register {} as a new name? [y/N] ", shown(name)))?)?;
        if !new.trim().eq_ignore_ascii_case("y") {
            return Ok(false);
        }
        if typed(prompt.ask_secretly("Password again: ")?)? != password {
            self.screen.show("the two passwords differ");
            return Ok(false);
        }
        match self.ask(&format!("REGISTER {name} {password}"))? {
            Answer::Ok(granted) => self.keep(&granted).map(|()| true),
            Answer::Err { text, .. } => {
                self.screen.show(&shown(&text));
                Ok(false)
            }
        }
    }

    /// Keeps the token in `token TOKEN expires TIME`, and says who we are.
    fn keep(&mut self, granted: &str) -> Result<(), Stop> {
        let words: Vec<&str> = granted.split_whitespace().collect();
        let ["token", token, "expires", until] = words[..] else {
            return Err(turned_away(&format!("the server answered without a token: {granted}")));
        };
        if let Err(e) = self.tokens.write(token) {
            self.screen.show(&format!("the token cannot be kept in {}: {e}", self.tokens.path().display()));
        }
        match self.ask("WHOAMI")? {
            Answer::Ok(name) => self.screen.show(&format!(
                "logged in as {} until {}; `exit` leaves and can be resumed, LOGOUT ends the session",
                shown(&name),
                shown(until)
            )),
            Answer::Err { text, .. } => return Err(turned_away(&text)),
        }
        Ok(())
    }

    fn ask(&mut self, command: &str) -> Result<Answer, Stop> {
        let mut out = Vec::new();
        // A line typed has no line end within, and none is too long for any header but the shortest.
        if self.codec.encode(command.as_bytes(), self.line_end(), &mut out).is_err() {
            return Ok(Answer::Err { code: "name".into(), text: "that is too long".into() });
        }
        self.wire.send(&out)?;
        self.hear().map(|line| Answer::parse(&line))
    }

    fn line_end(&self) -> Delimiter {
        match self.codec.framing() {
            Framing::Burst | Framing::Lines => Delimiter::Lf,
            _ => Delimiter::None,
        }
    }

    /// The next message.
    fn hear(&mut self) -> Result<String, Stop> {
        let mut buf = [0; 4096];
        loop {
            let decoded = self.codec.decode().map_err(|e| turned_away(&e.to_string()))?;
            if let Some(message) = decoded {
                return Ok(String::from_utf8_lossy(&message.bytes).into_owned());
            }
            let room = self.codec.room().min(buf.len());
            match self.wire.receive(&mut buf[..room])? {
                0 => return Err(turned_away("the server closed the connection")),
                count => self.codec.push(&buf[..count]),
            };
        }
    }
}

fn typed(typed: Typed) -> Result<String, Stop> {
    match typed {
        Typed::Line(line) => Ok(line.trim().to_owned()),
        Typed::Nothing => Err(Stop::Farewell(Farewell::Done)),
        Typed::Interrupted => Err(Stop::Farewell(Farewell::Signal(SIGINT))),
    }
}

fn turned_away(why: &str) -> Stop {
    Stop::Trouble(Trouble::TurnedAway(shown(why)))
}

/// One line of somebody else's, as a terminal may show it.
fn shown(text: &str) -> String {
    Untrusted::cut(text.as_bytes(), MOST_SHOWN).escaped()
}

const MOST_SHOWN: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ok_is_consent() {
        assert_eq!(Answer::parse("OK anna"), Answer::Ok("anna".into()));
        assert_eq!(Answer::parse("OK"), Answer::Ok(String::new()));
        let err = |code: &str, text: &str| Answer::Err { code: code.into(), text: text.into() };
        assert_eq!(Answer::parse("ERR denied wrong name"), err("denied", "wrong name"));
        assert_eq!(Answer::parse("220 mail.example.org"), err("220", "mail.example.org"));
        assert_eq!(Answer::parse("OKAY then"), err("OKAY", "then"));
        assert_eq!(Answer::parse(""), err("", ""));
    }
}
