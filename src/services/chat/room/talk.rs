//! Talk: what members do, and what the admin does as one of them.

use std::sync::Arc;

use super::{ADMIN, Cause, Id, NOBODY, Room};
use crate::services::chat::command::{self, Command, Misused, Rank};
use crate::services::chat::flood::{Flow, Rate};
use crate::services::chat::nick::Nick;
use crate::services::chat::speech;

impl Room {
    pub(super) fn hear_member(&mut self, id: Id, bytes: &[u8]) {
        // A line of nothing is nothing said, but somebody has to read it too.
        if !self.is_heard(id) {
            return;
        }
        let text = speech::shown(bytes);
        if text.is_empty() {
            return;
        }
        match parse(&text, Rank::Member) {
            Err(why) => self.refuse(id, why),
            Ok(Command::Say(_) | Command::Whisper { .. } | Command::Nick(_)) if self.is_silenced(id) => {
                self.refuse(id, "You are muted: nobody saw that.");
            }
            Ok(Command::Nick(word)) => self.rename(id, word),
            Ok(command) => self.do_as_anybody(id, command),
        }
    }

    pub(super) fn hear_admin(&mut self, id: Id, bytes: &[u8]) {
        let text = speech::shown(bytes);
        if text.is_empty() {
            return;
        }
        match parse(&text, Rank::Admin) {
            Err(why) => self.refuse(id, why),
            Ok(Command::Nick(_)) => self.refuse(id, "The admin is always admin."),
            Ok(command) => self.do_as_admin(id, command),
        }
    }

    /// What is the same whoever does it.
    pub(super) fn do_as_anybody(&mut self, id: Id, command: Command<'_>) {
        match command {
            Command::Say(text) => self.say(id, text),
            Command::Whisper { to, text } => self.whisper(id, to, text),
            Command::Who => self.show_who(id),
            Command::Help => {
                let rank = if self.consoles.contains(&id) { Rank::Admin } else { Rank::Member };
                command::help(rank).for_each(|line| self.tell(id, &line));
            }
            Command::Quit => self.leave(id, Cause::Left),
            // All others belong to one of the two ranks, which has done them.
            _ => {}
        }
    }

    /// Whether somebody is not too fast; if they are, what becomes of it is done.
    fn is_heard(&mut self, id: Id) -> bool {
        let (Some(rate), Some(member)) = (self.terms.rate, self.members.get_mut(&id)) else { return true };
        let flow = member.bucket.take(rate, self.now);
        match flow {
            Flow::Heard | Flow::Dropped => {}
            Flow::Again(dropped) => {
                self.refuse(id, format_args!("You are heard again; lines that nobody saw: {dropped}."));
            }
            Flow::Warned => {
                self.refuse(id, format_args!("{} Nobody sees what you send until you pause.", too_fast(rate)));
            }
            Flow::Overrun => {
                self.refuse(id, too_fast(rate));
                self.leave(id, Cause::Flooding);
            }
        }
        matches!(flow, Flow::Heard | Flow::Again(_))
    }

    fn is_silenced(&self, id: Id) -> bool {
        self.members.get(&id).is_some_and(|member| self.is_muted(&member.nick))
    }

    fn say(&mut self, id: Id, text: &str) {
        let line: Arc<str> = format!("<{}> {text}", self.name_of(id)).into();
        self.history.keep(self.now, Arc::clone(&line));
        self.broadcast(line);
    }

    /// Only the two see it, the admin neither unless it is one of them.
    fn whisper(&mut self, id: Id, to: &str, text: &str) {
        let from = self.name_of(id).to_owned();
        if Nick::parse(to).is_ok_and(|nick| nick.is_admin()) {
            if self.consoles.is_empty() {
                return self.refuse(id, "Nobody is at the console.");
            }
            self.tell(id, &format!("<you to {ADMIN}> {text}"));
            let line = format!("<{from} to you> {text}");
            self.consoles.clone().into_iter().for_each(|console| self.tell(console, &line));
            return;
        }
        let Some((other, nick)) = self.named(to) else { return self.refuse(id, NOBODY) };
        self.tell(id, &format!("<you to {nick}> {text}"));
        self.tell(other, &format!("<{from} to you> {text}"));
    }

    fn rename(&mut self, id: Id, word: &str) {
        let nick = match Nick::parse(word) {
            Ok(nick) => nick,
            Err(why) => return self.refuse(id, format_args!("Sorry, {why}.")),
        };
        // Their own nick may be written in another way.
        let Some(old) = self.members.get(&id).map(|member| member.nick.clone()) else { return };
        self.disown(&old);
        if let Some(why) = self.refusal(&nick) {
            self.own(id, &old);
            return self.refuse(id, why);
        }
        self.own(id, &nick);
        let line = format!("* {old} is now {nick}");
        if let Some(member) = self.members.get_mut(&id) {
            member.nick = nick;
        }
        self.announce(&line);
    }

    fn show_who(&mut self, id: Id) {
        let (nicks, others) = self.roll(LISTED);
        let mut lines: Vec<String> = nicks.chunks(IN_A_LINE).map(|nicks| nicks.join(", ")).collect();
        if others > 0 {
            lines.push(format!("and {others} more"));
        }
        let last = lines.len() - 1;
        for (nth, line) in lines.iter().enumerate() {
            let (begin, end) = (if nth == 0 { "Here: " } else { "" }, if nth == last { "." } else { "," });
            self.tell(id, &format!("* {begin}{line}{end}"));
        }
    }

    /// The name that stands in front of what somebody says.
    fn name_of(&self, id: Id) -> &str {
        self.members.get(&id).map_or(ADMIN, |member| member.nick.as_str())
    }
}

/// The command in a text that is not too long for others to be shown.
fn parse(text: &str, rank: Rank) -> Result<Command<'_>, TooLong> {
    if text.len() > LONGEST {
        return Err(TooLong::Line(text.len()));
    }
    Ok(Command::parse(text, rank)?)
}

/// Why a line is not taken.
#[derive(Clone, Copy, Debug, thiserror::Error)]
enum TooLong {
    #[error("Nobody saw that: it has {0} bytes, and a line at most {LONGEST}.")]
    Line(usize),
    #[error("{0}")]
    Misused(#[from] Misused),
}

fn too_fast(rate: Rate) -> String {
    format!("Too fast: at most {} lines a second, {} at once.", rate.lines, rate.burst)
}

/// Bytes of a line as others see it.
const LONGEST: usize = 4096;
/// How many nicks a list shows: all of them are at most 100 KB, which is less than a queue holds.
const LISTED: usize = 1000;
const IN_A_LINE: usize = 50;
