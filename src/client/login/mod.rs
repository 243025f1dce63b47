//! Login: gets a person into a `login` server. Resumes with the token of the last visit where there is one, asks for
//! name and password where there is none, and keeps the new token. No connection is open while a person types: each
//! try has one of its own, so that nobody's patience runs out over a password. What is said afterwards is the
//! terminal's business.

/// The token between two visits.
mod token;

use std::io;

use zeroize::Zeroizing;

use super::question::{Echo, Interview, Reply};
use super::screen::Screen;
use super::terminal::Farewell;
use super::trouble::Trouble;
use super::wire::Wire;
use crate::event::Untrusted;
use crate::framing::{Codec, Delimiter, Framing};
use crate::net::Ending;

pub(crate) use token::TokenFile;

/// Somebody who wants to get in, and what they need for it.
pub(crate) struct Visitor<'a> {
    pub(crate) framing: Framing,
    pub(crate) tokens: &'a TokenFile,
    /// What is told meanwhile goes there.
    pub(crate) screen: &'a Screen,
    /// Another connection.
    pub(crate) dial: &'a dyn Fn() -> Result<Wire, Trouble>,
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

/// What a server does not agree to, and why.
#[derive(Debug, PartialEq, Eq)]
struct Refused {
    code: String,
    text: String,
}

impl Visitor<'_> {
    /// Gets in, and gives the connection on which that is: what came behind the last answer is still to be received
    /// from it. A farewell is that of a person who has had enough.
    ///
    /// # Errors
    /// Where the server turns us away, and where a connection or the terminal fails. No connection is then left.
    pub(crate) fn enter(&self) -> Result<Result<Wire, Farewell>, Trouble> {
        let entered = match self.come_back()? {
            Some(wire) => Ok(wire),
            None => self.introduce(),
        };
        match entered {
            Ok(wire) => Ok(Ok(wire)),
            Err(Stop::Farewell(farewell)) => Ok(Err(farewell)),
            Err(Stop::Trouble(trouble)) => Err(trouble),
        }
    }

    /// By the token of the last visit, if there is one and it is still good. Where there is none, it is found out
    /// whether anybody answers, and takes passwords, before a person types one.
    fn come_back(&self) -> Result<Option<Wire>, Trouble> {
        let token = self.tokens.read().unwrap_or_else(|e| {
            self.screen.show(&format!("cannot use the kept token in {}: {e}", self.tokens.path().display()));
            None
        });
        let Some(token) = token else {
            let wire = (self.dial)()?;
            let greeted = Call::new(&wire, self.framing).greeting();
            hang_up(&wire, greeted.as_ref().map_or_else(Trouble::ending, |()| Ending::WeClosed));
            return greeted.map(|()| None);
        };
        Ok(match self.attempt(&Zeroizing::new(format!("RESUME {}", *token)))? {
            Ok(wire) => Some(wire),
            Err(refused) => {
                // Only what the server does not know any more is of no use any more.
                if matches!(refused.code.as_str(), "token" | "expired" | "revoked") {
                    self.tokens.remove();
                }
                self.screen.show(&format!("not resumed: {}", shown(&refused.text)));
                None
            }
        })
    }

    /// By name and password, until the server agrees.
    fn introduce(&self) -> Result<Wire, Stop> {
        let mut interview = Interview::new().map_err(terminal)?;
        loop {
            let name = ask(&mut interview, "Name: ", Echo::Shown)?;
            if name.is_empty() {
                continue;
            }
            let password = ask(&mut interview, "Password: ", Echo::Hidden)?;
            let words = Zeroizing::new(format!("{} {}", *name, *password));
            match self.attempt(&Zeroizing::new(format!("LOGIN {}", *words)))? {
                Ok(wire) => return Ok(wire),
                Err(refused) => {
                    self.screen.show(&shown(&refused.text));
                    if refused.code != "denied" || !is_new(&mut interview, &name)? {
                        continue;
                    }
                }
            }
            // The password was typed unseen, so it is typed again.
            if ask(&mut interview, "Password again: ", Echo::Hidden)? != password {
                self.screen.show("the two passwords differ");
                continue;
            }
            match self.attempt(&Zeroizing::new(format!("REGISTER {}", *words)))? {
                Ok(wire) => return Ok(wire),
                Err(refused) => self.screen.show(&shown(&refused.text)),
            }
        }
    }

    /// Says `command` on a connection of its own, which is kept where the server agrees.
    fn attempt(&self, command: &str) -> Result<Result<Wire, Refused>, Trouble> {
        let wire = (self.dial)()?;
        let entered = self.talk(&wire, command);
        let ending = match &entered {
            Ok(Ok(())) => return Ok(Ok(wire)),
            Ok(Err(_)) => Ending::WeClosed,
            Err(trouble) => trouble.ending(),
        };
        hang_up(&wire, ending);
        entered.map(|entered| entered.map(|()| wire))
    }

    fn talk(&self, wire: &Wire, command: &str) -> Result<Result<(), Refused>, Trouble> {
        let mut call = Call::new(wire, self.framing);
        call.greeting()?;
        match call.ask(command)? {
            Ok(granted) => self.keep(&granted, &mut call).map(Ok),
            // It takes nothing from us now, whatever it is told.
            Err(refused) if matches!(refused.code.as_str(), "limit" | "insecure") => Err(turned_away(&refused.text)),
            Err(refused) => Ok(Err(refused)),
        }
    }

    /// Keeps the token in `token TOKEN expires TIME`, and says who we are.
    fn keep(&self, granted: &str, call: &mut Call<'_>) -> Result<(), Trouble> {
        let words: Vec<&str> = granted.split_whitespace().collect();
        let ["token", token, "expires", until] = words[..] else {
            return Err(turned_away("the server answered without a token"));
        };
        if let Err(e) = self.tokens.write(token) {
            self.screen.show(&format!("the token cannot be kept in {}: {e}", self.tokens.path().display()));
        }
        let name = call.ask("WHOAMI")?.map_err(|refused| turned_away(&refused.text))?;
        self.screen.show(&format!(
            "logged in as {} until {}; `exit` leaves and can be resumed, LOGOUT ends the session",
            shown(&name),
            shown(until)
        ));
        Ok(())
    }
}

/// Commands and answers on one connection.
struct Call<'a> {
    wire: &'a Wire,
    codec: Codec,
}

impl<'a> Call<'a> {
    fn new(wire: &'a Wire, framing: Framing) -> Self {
        Self { wire, codec: Codec::new(framing) }
    }

    /// The server says first what it understands; a person is asked for it anyway.
    fn greeting(&mut self) -> Result<(), Trouble> {
        answer(&self.hear()?).map(drop).map_err(|refused| turned_away(&refused.text))
    }

    fn ask(&mut self, command: &str) -> Result<Result<String, Refused>, Trouble> {
        let mut out = Zeroizing::new(Vec::new());
        // A line typed has no line end within, and none is too long for any header but the shortest.
        if self.codec.encode(command.as_bytes(), self.line_end(), &mut out).is_err() {
            return Ok(Err(Refused { code: "name".into(), text: "that is too long".into() }));
        }
        self.wire.send(&out)?;
        Ok(answer(&self.hear()?))
    }

    fn line_end(&self) -> Delimiter {
        match self.codec.framing() {
            Framing::Burst | Framing::Lines => Delimiter::Lf,
            _ => Delimiter::None,
        }
    }

    /// The next message. What came behind it is left to whoever receives next.
    fn hear(&mut self) -> Result<Zeroizing<String>, Trouble> {
        let mut buf = Zeroizing::new([0; 4096]);
        loop {
            let count = self.wire.receive(&mut *buf)?;
            if count == 0 {
                return Err(turned_away("the server closed the connection"));
            }
            // One at a time: answers are short, and the codec has nothing left when one is whole.
            for at in 0..count {
                self.codec.push(&buf[at..=at]);
                if let Some(message) = self.codec.decode().map_err(Trouble::Framing)? {
                    self.wire.put_back(&buf[at + 1..count]);
                    return Ok(String::from_utf8_lossy(&Zeroizing::new(message.bytes)).into_owned().into());
                }
            }
        }
    }
}

/// `OK …`, `ERR code text`; another server may say anything, which is no consent.
fn answer(line: &str) -> Result<String, Refused> {
    if let Some(rest) = line.strip_prefix("OK").filter(|rest| rest.is_empty() || rest.starts_with(' ')) {
        return Ok(rest.trim_start().to_owned());
    }
    let rest = line.strip_prefix("ERR ").unwrap_or(line);
    let (code, text) = rest.split_once(' ').unwrap_or((rest, rest));
    Err(Refused { code: code.to_owned(), text: text.to_owned() })
}

/// Ends the connection, and waits until that is told: a question comes next.
fn hang_up(wire: &Wire, ending: Ending) {
    wire.cut();
    wire.closed(ending);
    wire.catch_up();
}

fn ask(interview: &mut Interview, question: &str, echo: Echo) -> Result<Zeroizing<String>, Stop> {
    match interview.ask(question, echo, &mut io::stdout()).map_err(terminal)? {
        Reply::Line(line) => Ok(Zeroizing::new(line.trim().to_owned())),
        Reply::Nothing => Err(Stop::Farewell(Farewell::Done)),
        Reply::Signal(signal) => Err(Stop::Farewell(Farewell::Signal(signal))),
    }
}

/// Somebody who is not known may be new.
fn is_new(interview: &mut Interview, name: &str) -> Result<bool, Stop> {
    let question = format!("Register {} as a new name? [y/N] ", shown(name));
    Ok(ask(interview, &question, Echo::Shown)?.eq_ignore_ascii_case("y"))
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn terminal(error: io::Error) -> Trouble {
    Trouble::Terminal(error.to_string())
}

fn turned_away(why: &str) -> Trouble {
    Trouble::TurnedAway(shown(why))
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
        assert_eq!(answer("OK anna"), Ok("anna".into()));
        assert_eq!(answer("OK"), Ok(String::new()));
        let err = |code: &str, text: &str| Err(Refused { code: code.into(), text: text.into() });
        assert_eq!(answer("ERR denied wrong name"), err("denied", "wrong name"));
        assert_eq!(answer("220 mail.example.org"), err("220", "mail.example.org"));
        assert_eq!(answer("OKAY then"), err("OKAY", "then"));
        assert_eq!(answer(""), err("", ""));
    }
}
