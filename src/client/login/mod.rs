//! Login: gets a person into a `login` server. Resumes with the token of the last visit where there is one, asks for
//! name and password where there is none, and keeps the new token. No connection is open while a person types: each
//! try has one of its own, so that nobody's patience runs out over a password. What is said afterwards is the
//! terminal's business.

/// The token between two visits.
mod token;

use std::io;
use std::time::{Duration, Instant};

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
        let interview = Interview::new().map_err(terminal)?;
        match (Visit { visitor: self, interview, trusting: false }).enter() {
            Ok(wire) => Ok(Ok(wire)),
            Err(Stop::Farewell(farewell)) => Ok(Err(farewell)),
            Err(Stop::Trouble(trouble)) => Err(trouble),
        }
    }
}

/// A visitor on their way in.
struct Visit<'a> {
    visitor: &'a Visitor<'a>,
    interview: Interview,
    /// Whether secrets may go where others can read them.
    trusting: bool,
}

impl Visit<'_> {
    fn enter(&mut self) -> Result<Wire, Stop> {
        match self.come_back()? {
            Some(wire) => Ok(wire),
            None => self.introduce(),
        }
    }

    /// By the token of the last visit, if there is one and it is still good. Where there is none, it is found out
    /// whether anybody answers, and takes passwords, before a person types one.
    fn come_back(&mut self) -> Result<Option<Wire>, Stop> {
        let tokens = self.visitor.tokens;
        let token = tokens.read().unwrap_or_else(|e| {
            self.show(&format!("cannot use the kept token in {}: {e}", tokens.path().display()));
            None
        });
        let Some(token) = token else {
            let wire = self.reach()?;
            hang_up(&wire, Ending::WeClosed);
            return Ok(None);
        };
        Ok(match self.attempt(&Zeroizing::new(format!("RESUME {}", *token)))? {
            Ok(wire) => Some(wire),
            Err(refused) => {
                // Only what the server does not know any more is of no use any more.
                if matches!(refused.code.as_str(), "token" | "expired" | "revoked") {
                    tokens.remove();
                }
                self.show(&format!("not resumed: {}", shown(&refused.text)));
                None
            }
        })
    }

    /// By name and password, until the server agrees.
    fn introduce(&mut self) -> Result<Wire, Stop> {
        loop {
            let name = self.ask_word("name", Echo::Shown)?;
            let password = self.ask_word("password", Echo::Hidden)?;
            let words = Zeroizing::new(format!("{} {}", *name, *password));
            match self.attempt(&Zeroizing::new(format!("LOGIN {}", *words)))? {
                Ok(wire) => return Ok(wire),
                Err(refused) if refused.code == "denied" => {
                    // Which of the two it is, the server does not tell.
                    let new = format!("Register {} as a new name?", shown(&name));
                    if !self.agrees(&format!("No such name, or a wrong password. {new}"))? {
                        continue;
                    }
                }
                Err(refused) => {
                    self.show(&shown(&refused.text));
                    continue;
                }
            }
            // The password was typed unseen, so it is typed again.
            if self.ask("Password again: ", Echo::Hidden)? != password {
                self.show("the two passwords differ");
                continue;
            }
            match self.attempt(&Zeroizing::new(format!("REGISTER {}", *words)))? {
                Ok(wire) => return Ok(wire),
                Err(refused) => self.show(&shown(&refused.text)),
            }
        }
    }

    /// Says `command` on a connection of its own, which is kept where the server agrees.
    fn attempt(&mut self, command: &str) -> Result<Result<Wire, Refused>, Stop> {
        let wire = self.reach()?;
        let entered = self.talk(&wire, command);
        let ending = match &entered {
            Ok(Ok(())) => return Ok(Ok(wire)),
            Ok(Err(_)) => Ending::WeClosed,
            Err(trouble) => trouble.ending(),
        };
        hang_up(&wire, ending);
        Ok(entered?.map(|()| wire))
    }

    /// Another connection, to a server that has greeted, and to which a secret may be said.
    fn reach(&mut self) -> Result<Wire, Stop> {
        let wire = (self.visitor.dial)()?;
        Call::new(&wire, self.visitor.framing).greeting().inspect_err(|trouble| hang_up(&wire, trouble.ending()))?;
        if self.trusting || !wire.can_be_overheard() {
            return Ok(wire);
        }
        hang_up(&wire, Ending::WeClosed);
        self.show("that is another machine, reached over plain TCP: whoever is on the way can read your password");
        self.trusting = self.agrees("Log in all the same?")?;
        if self.trusting { self.reach() } else { Err(Stop::Farewell(Farewell::Done)) }
    }

    fn talk(&self, wire: &Wire, command: &str) -> Result<Result<(), Refused>, Trouble> {
        let mut call = Call::new(wire, self.visitor.framing);
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
        let tokens = self.visitor.tokens;
        if let Err(e) = tokens.write(token) {
            self.show(&format!("the token cannot be kept in {}: {e}", tokens.path().display()));
        }
        let name = call.ask("WHOAMI")?.map_err(|refused| turned_away(&refused.text))?;
        self.show(&format!(
            "logged in as {} until {}; `exit` leaves and can be resumed, LOGOUT ends the session",
            shown(&name),
            shown(until)
        ));
        Ok(())
    }

    /// A name or a password: without spaces, because they separate the two.
    fn ask_word(&mut self, what: &str, echo: Echo) -> Result<Zeroizing<String>, Stop> {
        let question = if echo == Echo::Shown { "Name: " } else { "Password: " };
        loop {
            let answer = self.ask(question, echo)?;
            match answer.split_whitespace().count() {
                0 => self.show(&format!("type a {what}, or Ctrl-D to leave")),
                1 => return Ok(answer),
                _ => self.show(&format!("a {what} has no spaces")),
            }
        }
    }

    fn agrees(&mut self, question: &str) -> Result<bool, Stop> {
        Ok(self.ask(&format!("{question} [y/N] "), Echo::Shown)?.eq_ignore_ascii_case("y"))
    }

    /// What is told while a person answers is shown behind the answer.
    fn ask(&mut self, question: &str, echo: Echo) -> Result<Zeroizing<String>, Stop> {
        self.visitor.screen.asking();
        let reply = self.interview.ask(question, echo, &mut io::stdout());
        self.visitor.screen.free();
        match reply.map_err(terminal)? {
            Reply::Line(line) => Ok(Zeroizing::new(line.trim().to_owned())),
            Reply::Nothing => Err(Stop::Farewell(Farewell::Done)),
            Reply::Signal(signal) => Err(Stop::Farewell(Farewell::Signal(signal))),
        }
    }

    fn show(&self, sentence: &str) {
        self.visitor.screen.show(sentence);
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

    /// The server says first what it understands; a person is asked for it anyway. Nothing is said to another one.
    fn greeting(&mut self) -> Result<(), Trouble> {
        let line = self.hear(Some(Instant::now() + PATIENCE))?;
        match answer(&line) {
            Ok(_) => Ok(()),
            Err(refused) if line.starts_with("ERR ") => Err(turned_away(&refused.text)),
            Err(_) => Err(Trouble::Ungreeted),
        }
    }

    fn ask(&mut self, command: &str) -> Result<Result<String, Refused>, Trouble> {
        let mut out = Zeroizing::new(Vec::new());
        // A line typed has no line end within, and none is too long for any header but the shortest.
        if self.codec.encode(command.as_bytes(), self.line_end(), &mut out).is_err() {
            return Ok(Err(Refused { code: "name".into(), text: "that is too long".into() }));
        }
        self.wire.send(&out)?;
        Ok(answer(&self.hear(None)?))
    }

    /// Whether something comes until then.
    fn has_more(&self, until: Instant) -> bool {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            // A signal that ends nothing makes a wait shorter.
            if self.wire.has_more_within(left) || left.is_zero() {
                return !left.is_zero();
            }
        }
    }

    fn line_end(&self) -> Delimiter {
        match self.codec.framing() {
            Framing::Burst | Framing::Lines => Delimiter::Lf,
            _ => Delimiter::None,
        }
    }

    /// The next message, in time where there is a limit. What came behind it is left to whoever receives next.
    fn hear(&mut self, until: Option<Instant>) -> Result<Zeroizing<String>, Trouble> {
        let mut buf = Zeroizing::new([0; 4096]);
        loop {
            if until.is_some_and(|until| !self.has_more(until)) {
                return Err(Trouble::Ungreeted);
            }
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
/// How long a server may take for its first words, which need nothing but the way.
const PATIENCE: Duration = Duration::from_secs(5);

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
