//! Command: what somebody types, told apart. Pure; whether it can be done is the room's question.

use jiff::SignedDuration;

use super::bans;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command<'a> {
    Say(&'a str),
    Whisper { to: &'a str, text: &'a str },
    Nick(&'a str),
    Who,
    Help,
    Quit,
    Kick { nick: &'a str, reason: &'a str },
    Ban { whom: &'a str, length: Option<SignedDuration>, reason: &'a str },
    Unban(&'a str),
    Bans,
    Mute(&'a str),
    Unmute(&'a str),
    Stop,
}

/// Who types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rank {
    Member,
    Admin,
}

/// Why it is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Misused {
    #[error("Unknown command; /help lists them.")]
    Unknown,
    #[error("Only the admin can do that.")]
    NotYours,
    #[error("It is said so: {0}")]
    Usage(&'static str),
}

impl<'a> Command<'a> {
    /// Everything that does not begin with a slash is said, and so is what begins with two, without the first.
    ///
    /// # Errors
    /// Where it is a command that is none, not theirs, or lacks something.
    pub(super) fn parse(line: &'a str, rank: Rank) -> Result<Self, Misused> {
        let Some(words) = line.strip_prefix('/') else { return Ok(Self::Say(line)) };
        if words.starts_with('/') {
            return Ok(Self::Say(words));
        }
        let (verb, rest) = cut(words);
        let verb = verb.to_ascii_lowercase();
        let Some((_, theirs, usage, read)) = COMMANDS.iter().find(|(known, ..)| *known == verb) else {
            return Err(Misused::Unknown);
        };
        if *theirs == Rank::Admin && rank == Rank::Member {
            return Err(Misused::NotYours);
        }
        read(rest).ok_or(Misused::Usage(usage))
    }
}

/// What may be typed, and what each is for.
pub(super) fn help(rank: Rank) -> impl Iterator<Item = String> {
    let lines = HELP.iter().filter(move |(theirs, _)| *theirs == Rank::Member || rank == Rank::Admin);
    lines.map(|(_, line)| format!("* {line}"))
}

/// The first word and what stands behind it.
fn cut(words: &str) -> (&str, &str) {
    let (first, rest) = words.split_once(' ').unwrap_or((words, ""));
    (first, rest.trim_start())
}

/// The word, where it is exactly one.
fn one(words: &str) -> Option<&str> {
    (!words.is_empty() && !words.contains(' ')).then_some(words)
}

fn nothing<'a>(words: &str, command: Command<'a>) -> Option<Command<'a>> {
    words.is_empty().then_some(command)
}

fn whisper(words: &str) -> Option<Command<'_>> {
    let (to, text) = cut(words);
    (!text.is_empty()).then_some(Command::Whisper { to, text })
}

fn kick(words: &str) -> Option<Command<'_>> {
    let (nick, reason) = cut(words);
    (!nick.is_empty()).then_some(Command::Kick { nick, reason })
}

fn ban(words: &str) -> Option<Command<'_>> {
    let (whom, rest) = cut(words);
    if whom.is_empty() {
        return None;
    }
    let (first, behind) = cut(rest);
    let (word, reason) = cut(behind);
    // `for being rude` is a reason.
    if first != "for" || !word.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(Command::Ban { whom, length: None, reason: rest });
    }
    Some(Command::Ban { whom, length: Some(bans::length(word)?), reason })
}

/// A verb, whose it is, how it is said, and how what stands behind it is read.
type Row = (&'static str, Rank, &'static str, for<'a> fn(&'a str) -> Option<Command<'a>>);

const COMMANDS: &[Row] = &[
    ("who", Rank::Member, "/who", |words| nothing(words, Command::Who)),
    ("nick", Rank::Member, "/nick NEW", |words| one(words).map(Command::Nick)),
    ("msg", Rank::Member, "/msg NICK TEXT", whisper),
    // People say goodbye with it.
    ("quit", Rank::Member, "/quit", |_| Some(Command::Quit)),
    ("help", Rank::Member, "/help", |_| Some(Command::Help)),
    ("kick", Rank::Admin, "/kick NICK [REASON]", kick),
    ("ban", Rank::Admin, "/ban NICK|ADDR [for 30s|10m|2h|7d] [REASON]", ban),
    ("unban", Rank::Admin, "/unban NICK|ADDR", |words| one(words).map(Command::Unban)),
    ("bans", Rank::Admin, "/bans", |words| nothing(words, Command::Bans)),
    ("mute", Rank::Admin, "/mute NICK", |words| one(words).map(Command::Mute)),
    ("unmute", Rank::Admin, "/unmute NICK", |words| one(words).map(Command::Unmute)),
    ("stop", Rank::Admin, "/stop", |words| nothing(words, Command::Stop)),
];

const HELP: &[(Rank, &str)] = &[
    (Rank::Member, "/who shows who is here, /nick NEW changes your nick, /quit leaves."),
    (Rank::Member, "/msg NICK TEXT is for NICK alone. A line that begins with // is said with one /."),
    (Rank::Admin, "/kick NICK [REASON], /ban NICK|ADDR [for 30s|10m|2h|7d] [REASON], /unban NICK|ADDR, /bans."),
    (Rank::Admin, "/mute NICK, /unmute NICK, /stop ends the server."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_told_apart() {
        let ten_minutes = Some(SignedDuration::from_mins(10));
        for (line, command) in [
            ("hello", Command::Say("hello")),
            ("  /quit", Command::Say("  /quit")),
            ("//quit", Command::Say("/quit")),
            ("/who", Command::Who),
            ("/WHO", Command::Who),
            ("/nick  bob", Command::Nick("bob")),
            ("/msg bob  hi  there", Command::Whisper { to: "bob", text: "hi  there" }),
            ("/quit bye", Command::Quit),
            ("/help me", Command::Help),
            ("/kick bob", Command::Kick { nick: "bob", reason: "" }),
            ("/kick bob too loud", Command::Kick { nick: "bob", reason: "too loud" }),
            ("/ban ::1", Command::Ban { whom: "::1", length: None, reason: "" }),
            ("/ban bob for 10m", Command::Ban { whom: "bob", length: ten_minutes, reason: "" }),
            ("/ban bob for 10m too loud", Command::Ban { whom: "bob", length: ten_minutes, reason: "too loud" }),
            ("/ban bob for good", Command::Ban { whom: "bob", length: None, reason: "for good" }),
            ("/ban bob for", Command::Ban { whom: "bob", length: None, reason: "for" }),
            ("/unban bob", Command::Unban("bob")),
            ("/bans", Command::Bans),
            ("/mute bob", Command::Mute("bob")),
            ("/unmute bob", Command::Unmute("bob")),
            ("/stop", Command::Stop),
        ] {
            assert_eq!(Command::parse(line, Rank::Admin), Ok(command), "{line}");
        }
    }

    #[test]
    fn what_lacks_something_is_shown_how_it_is_said() {
        for line in
            ["/nick", "/nick a b", "/msg", "/msg bob", "/who am i", "/kick", "/ban", "/ban bob for 10x", "/stop it"]
        {
            let verb = &line[..line.find(' ').unwrap_or(line.len())];
            let misused = Command::parse(line, Rank::Admin).unwrap_err();
            assert!(matches!(misused, Misused::Usage(usage) if usage.starts_with(verb)), "{line}: {misused}");
        }
        for line in ["/", "/ who", "/whom", "/me waves"] {
            assert_eq!(Command::parse(line, Rank::Admin), Err(Misused::Unknown), "{line}");
        }
    }

    #[test]
    fn what_the_admin_may_a_member_may_not() {
        for (verb, rank, ..) in COMMANDS {
            let refused = Command::parse(&format!("/{verb}"), Rank::Member) == Err(Misused::NotYours);
            assert_eq!(refused, *rank == Rank::Admin, "{verb}");
            let told = help(Rank::Admin).any(|line| line.contains(&format!("/{verb}")));
            assert!(told || *verb == "help", "{verb}");
        }
        assert!(help(Rank::Member).all(|line| !line.contains("/kick")));
    }
}
