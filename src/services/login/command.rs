//! Command: what somebody says to `login`, from the words of one message. Pure; the words become names, passwords and
//! tokens where they are used.

use std::fmt;

/// Something that `login` can be asked for, with the words of the message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Command<'a> {
    Register { name: &'a str, password: &'a str },
    Login { name: &'a str, password: &'a str },
    Resume { token: &'a str },
    WhoAmI,
    Passwd { old: &'a str, new: &'a str },
    Logout,
    Quit,
}

/// Why a message is no command. The words are fit to be sent to the peer, and hold none of its own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoCommand {
    #[error("say one of {}", VERBS.map(|verb| verb.0).join(", "))]
    Unknown,
    #[error("say it as `{0}`, words separated by spaces")]
    Words(String),
}

impl<'a> Command<'a> {
    /// The command that the message `text` holds. The first word may be in any case.
    ///
    /// # Errors
    /// Where there is no such command, or it has too few words or too many.
    pub(super) fn parse(text: &'a str) -> Result<Self, NoCommand> {
        let mut words = text.split_whitespace();
        let verb = words.next().unwrap_or_default();
        let known = VERBS.into_iter().find(|(name, _)| verb.eq_ignore_ascii_case(name));
        let (name, takes) = known.ok_or(NoCommand::Unknown)?;
        let command = match (name, words.next(), words.next()) {
            ("REGISTER", Some(name), Some(password)) => Self::Register { name, password },
            ("LOGIN", Some(name), Some(password)) => Self::Login { name, password },
            ("PASSWD", Some(old), Some(new)) => Self::Passwd { old, new },
            ("RESUME", Some(token), None) => Self::Resume { token },
            ("WHOAMI", None, None) => Self::WhoAmI,
            ("LOGOUT", None, None) => Self::Logout,
            ("QUIT", None, None) => Self::Quit,
            _ => return Err(NoCommand::Words(format!("{name}{takes}"))),
        };
        if words.next().is_some() { Err(NoCommand::Words(format!("{name}{takes}"))) } else { Ok(command) }
    }
}

/// All that can be said, in one line.
pub(super) fn everything() -> String {
    VERBS.map(|(name, takes)| format!("{name}{takes}")).join(" | ")
}

/// The words may be secrets.
impl fmt::Debug for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Register { .. } => "Register",
            Self::Login { .. } => "Login",
            Self::Resume { .. } => "Resume",
            Self::WhoAmI => "WhoAmI",
            Self::Passwd { .. } => "Passwd",
            Self::Logout => "Logout",
            Self::Quit => "Quit",
        })
    }
}

/// Every command and the words behind it.
const VERBS: [(&str, &str); 7] = [
    ("REGISTER", " NAME PASSWORD"),
    ("LOGIN", " NAME PASSWORD"),
    ("RESUME", " TOKEN"),
    ("WHOAMI", ""),
    ("PASSWD", " OLD NEW"),
    ("LOGOUT", ""),
    ("QUIT", ""),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_become_commands() {
        for (text, command) in [
            ("REGISTER anna s3cretpass", Command::Register { name: "anna", password: "s3cretpass" }),
            ("LOGIN anna s3cretpass", Command::Login { name: "anna", password: "s3cretpass" }),
            ("login  anna\ts3cretpass ", Command::Login { name: "anna", password: "s3cretpass" }),
            ("LOGIN Łukasz zażółć-gęślą", Command::Login { name: "Łukasz", password: "zażółć-gęślą" }),
            ("RESUME sky1_x", Command::Resume { token: "sky1_x" }),
            ("WhoAmI", Command::WhoAmI),
            ("PASSWD old-one new-one", Command::Passwd { old: "old-one", new: "new-one" }),
            ("LOGOUT", Command::Logout),
            (" QUIT ", Command::Quit),
        ] {
            assert!(Command::parse(text) == Ok(command), "{text}");
        }
    }

    #[test]
    fn what_is_no_command_is_told_how_to_say_it() {
        for (text, sentence) in [
            ("", "say one of REGISTER, LOGIN, RESUME, WHOAMI, PASSWD, LOGOUT, QUIT"),
            ("GET / HTTP/1.1", "say one of REGISTER, LOGIN, RESUME, WHOAMI, PASSWD, LOGOUT, QUIT"),
            ("LOGIN", "say it as `LOGIN NAME PASSWORD`, words separated by spaces"),
            ("LOGIN anna", "say it as `LOGIN NAME PASSWORD`, words separated by spaces"),
            ("register anna two words", "say it as `REGISTER NAME PASSWORD`, words separated by spaces"),
            ("RESUME", "say it as `RESUME TOKEN`, words separated by spaces"),
            ("QUIT now", "say it as `QUIT`, words separated by spaces"),
        ] {
            assert_eq!(Command::parse(text).unwrap_err().to_string(), sentence, "{text}");
        }
    }

    #[test]
    fn no_form_of_a_command_shows_its_words() {
        let shown = format!("{:?}", Command::parse("PASSWD old-secret new-secret"));
        assert!(!shown.contains("secret"), "{shown}");
    }

    proptest::proptest! {
        #[test]
        fn no_message_is_too_odd(text in "\\PC*|(?i:register|login|resume|passwd|quit)[ \\t\\PC]{0,40}") {
            if let Err(no) = Command::parse(&text) {
                assert!(!no.to_string().contains(char::is_control));
            }
        }
    }
}
