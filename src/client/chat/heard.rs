//! Heard: what a line of a `chat` server means for somebody who watches the room. Pure. What it does not know is a line
//! to be shown like any other, so that it works at other servers too.

use std::ops::Range;

/// What follows from a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard<'l> {
    /// A nick is asked for.
    Question,
    /// We are in, so called.
    Welcome(&'l str),
    Joined(&'l str),
    /// Left, was kicked or was banned.
    Left(&'l str),
    Renamed {
        old: &'l str,
        new: &'l str,
    },
    /// We are no longer wanted.
    ShownOut,
    /// Somebody speaks.
    Message,
    Other,
}

/// What it means. Whoever speaks has `<` in front, so that no member can say one of these.
pub(super) fn heard(line: &str) -> Heard<'_> {
    if line == "Nick?" {
        return Heard::Question;
    }
    let Some(told) = line.strip_prefix("* ") else {
        return if speaker(line).is_some() { Heard::Message } else { Heard::Other };
    };
    if ["You were kicked by ", "You were banned by ", "You are banned "].iter().any(|begin| told.starts_with(begin)) {
        return Heard::ShownOut;
    }
    if let Some((nick, _)) = told.strip_prefix("You are ").and_then(|rest| rest.split_once(". Here: ")) {
        return Heard::Welcome(nick);
    }
    match told.split(' ').collect::<Vec<_>>()[..] {
        [nick, "joined"] => Heard::Joined(nick),
        [old, "is", "now", new] => Heard::Renamed { old, new },
        [nick, "left", ..] | [nick, "was", "kicked" | "banned", "by", ..] => Heard::Left(nick),
        _ => Heard::Other,
    }
}

/// Where the nick of whoever speaks stands in the line.
pub(super) fn speaker(line: &str) -> Option<Range<usize>> {
    let start = match line.strip_prefix('[') {
        // One of the last messages, behind its time.
        Some(past) => past.find("] ")? + "[] ".len(),
        None => 0,
    };
    let names = line[start..].strip_prefix('<')?;
    let names = &names[..names.find("> ")?];
    let (skipped, name) = match names.strip_prefix("you to ") {
        Some(name) => ("you to ".len(), name),
        None => (0, names.strip_suffix(" to you").unwrap_or(names)),
    };
    let at = start + "<".len() + skipped;
    (!name.is_empty() && !name.contains(' ')).then_some(at..at + name.len())
}

/// The names in `Here: a, b, c.`, which may take several lines.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Roll {
    pub(super) names: Vec<String>,
    /// How many there are whose names are not told.
    pub(super) others: usize,
}

impl Roll {
    /// Takes what the line tells of it. Whether that was all.
    pub(super) fn take(&mut self, line: &str) -> Option<Ended> {
        let told = line.strip_prefix("* ")?;
        let told = match told.split_once("Here: ") {
            Some((_, names)) => names.strip_suffix(" /help lists commands.").unwrap_or(names),
            None if self.names.is_empty() => return None,
            None => told,
        };
        let (names, ended) = match (told.strip_suffix('.'), told.strip_suffix(',')) {
            (Some(names), _) => (names, Ended::Yes),
            (_, Some(names)) => (names, Ended::No),
            _ => return None,
        };
        let (names, others) = split_others(names);
        self.others = self.others.saturating_add(others);
        names.split(", ").filter(|name| !name.is_empty()).for_each(|name| self.push(name));
        Some(ended)
    }

    /// What is too much is only counted.
    fn push(&mut self, name: &str) {
        if self.names.len() < MOST_NAMES && name.len() <= LONGEST_NAME {
            self.names.push(name.to_owned());
        } else {
            self.others = self.others.saturating_add(1);
        }
    }
}

/// Whether a list has been told to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Yes,
    No,
}

/// `a, b and 7 more`, `and 7 more` or `a, b`.
fn split_others(names: &str) -> (&str, usize) {
    let split = || {
        let (names, others) = names.strip_suffix(" more")?.rsplit_once("and ")?;
        Some((names.trim_end(), others.parse().ok()?))
    };
    split().unwrap_or((names, 0))
}

/// More than any server here tells; a server that never stops telling fills no more than this.
pub(super) const MOST_NAMES: usize = 10_000;
/// Bytes: more than the 24 letters of any script that a nick here has.
pub(super) const LONGEST_NAME: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_a_server_mean_something() {
        for (line, meaning) in [
            ("Nick?", Heard::Question),
            ("* You are alice. Here: admin, alice. /help lists commands.", Heard::Welcome("alice")),
            ("* bob joined", Heard::Joined("bob")),
            ("* bob left", Heard::Left("bob")),
            ("* bob left (too slow)", Heard::Left("bob")),
            ("* bob was kicked by admin: go home", Heard::Left("bob")),
            ("* bob was banned by admin for 2h", Heard::Left("bob")),
            ("* bob is now rob", Heard::Renamed { old: "bob", new: "rob" }),
            ("* bob was muted by admin", Heard::Other),
            ("* You were kicked by admin: go home", Heard::ShownOut),
            ("* You are banned for good: loud", Heard::ShownOut),
            ("* The server is stopping.", Heard::Other),
            ("<bob> * alice left", Heard::Message),
            ("<bob> Nick?", Heard::Message),
            ("bob left", Heard::Other),
            ("", Heard::Other),
        ] {
            assert_eq!(heard(line), meaning, "{line}");
        }
    }

    #[test]
    fn a_speaker_is_found_in_messages_of_every_kind() {
        for (line, name) in [
            ("<bob> hi", Some("bob")),
            ("<bob to you> hi", Some("bob")),
            ("<you to żaneta> hi", Some("żaneta")),
            ("[12:59:55] <bob> hi", Some("bob")),
            ("* <bob> hi", None),
            ("<> hi", None),
            ("<a b> hi", None),
            ("[x", None),
            ("<bob", None),
        ] {
            assert_eq!(speaker(line).map(|at| &line[at]), name, "{line}");
        }
    }

    #[test]
    fn a_roll_may_take_several_lines_and_may_not_name_everybody() {
        let told = |lines: &[&str]| {
            let mut roll = Roll::default();
            let ended: Vec<_> = lines.iter().map(|line| roll.take(line)).collect();
            (roll.names.join("+"), roll.others, ended)
        };
        let yes = Some(Ended::Yes);
        assert_eq!(told(&["* Here: admin, bob."]), ("admin+bob".into(), 0, vec![yes]));
        assert_eq!(told(&["* You are a. Here: a, b and 7 more. /help lists commands."]), ("a+b".into(), 7, vec![yes]));
        assert_eq!(
            told(&["* Here: a, b,", "* c,", "* and 201 more."]),
            ("a+b+c".into(), 201, vec![Some(Ended::No), Some(Ended::No), yes])
        );
        assert_eq!(told(&["* bob joined"]), (String::new(), 0, vec![None]));
        assert_eq!(told(&["<bob> Here: x."]), (String::new(), 0, vec![None]));
    }

    #[test]
    fn a_roll_that_never_ends_is_bounded() {
        let mut roll = Roll::default();
        let line = format!("* Here: {} and {} more,", "x, ".repeat(MOST_NAMES / 2).trim_end_matches(", "), usize::MAX);
        (0..3).for_each(|_| assert_eq!(roll.take(&line), Some(Ended::No)));
        assert_eq!((roll.names.len(), roll.others), (MOST_NAMES, usize::MAX));
        let mut roll = Roll::default();
        roll.take(&format!("* Here: a, {}.", "b".repeat(LONGEST_NAME + 1)));
        assert_eq!((roll.names.join(" "), roll.others), ("a".into(), 1));
    }
}
