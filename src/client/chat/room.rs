//! Room: everything that is seen of a chat, and what follows from a line of the server or a key. Pure: no socket, no
//! terminal, no clock; `view` draws it.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::heard::{Ended, Heard, LONGEST_NAME, MOST_NAMES, Roll, heard, speaker};
use super::line::LineEditor;
use super::scroll::{Kind, Looks, Page, Scroll, Shown};

/// A room as one member sees it.
#[derive(Debug)]
pub(super) struct Room {
    /// Where it is, as the person named it.
    pub(super) place: String,
    /// What we are called there, as soon as the server has said so, and want to be called the next time.
    pub(super) nick: Option<String>,
    pub(super) members: Members,
    pub(super) stay: Stay,
    pub(super) scroll: Scroll,
    pub(super) editor: LineEditor,
    /// Who is here, while that is being told.
    telling: Option<Roll>,
}

/// Who is here, in the order of the alphabet.
#[derive(Debug, Default)]
pub(super) struct Members {
    pub(super) nicks: Vec<String>,
    /// How many there are whose nicks were not told.
    pub(super) others: usize,
}

/// How far in we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stay {
    /// Connected, and the server has asked for nothing. Another kind of server never does.
    Door,
    /// Our nick of the last time is offered to it.
    Offered,
    /// It waits for a nick from the person.
    Asked,
    In,
    /// Not connected, and what is done about it.
    Away(String),
    /// Not connected, and nothing is done about it: we were shown out.
    Out,
}

/// What a key asks of the outside.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// This line goes to the server.
    Say(String),
    /// Another connection.
    Dial,
    /// The person is done.
    Leave,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-Z.
    Suspend,
    /// The screen is drawn from nothing.
    Redraw,
}

impl Room {
    pub(super) fn new(place: String) -> Self {
        Self {
            place,
            nick: None,
            members: Members::default(),
            stay: Stay::Door,
            scroll: Scroll::default(),
            editor: LineEditor::default(),
            telling: None,
        }
    }

    /// A line of the server, which is safe for a terminal, at this time of the day. What is said in answer by itself.
    pub(super) fn hear(&mut self, line: &str, at: &str) -> Option<Effect> {
        let meaning = heard(line);
        if meaning == Heard::Question && self.stay == Stay::Door {
            // The nick of the last time is offered once; whoever is refused is asked like everybody.
            if let Some(nick) = &self.nick {
                self.stay = Stay::Offered;
                return Some(Effect::Say(nick.clone()));
            }
        }
        self.learn(&meaning);
        self.call_roll(line, &meaning);
        let kind = if meaning == Heard::Message { Kind::Message } else { Kind::Told };
        if meaning != Heard::Question {
            let text = line.replace('\t', "    ");
            let speaker = speaker(&text);
            self.scroll.push(Shown { at: at.to_owned(), text, kind, speaker });
        }
        None
    }

    fn learn(&mut self, meaning: &Heard<'_>) {
        match *meaning {
            Heard::Question => self.stay = Stay::Asked,
            Heard::Welcome(nick) => {
                self.stay = Stay::In;
                self.nick = Some(nick.to_owned());
            }
            Heard::Joined(nick) => self.members.add(nick),
            Heard::Left(nick) => self.members.remove(nick),
            Heard::Renamed { old, new } => {
                self.members.remove(old);
                self.members.add(new);
                if self.nick.as_deref() == Some(old) {
                    self.nick = Some(new.to_owned());
                }
            }
            Heard::ShownOut => self.stay = Stay::Out,
            Heard::Message | Heard::Other => {}
        }
    }

    fn call_roll(&mut self, line: &str, meaning: &Heard<'_>) {
        if !matches!(meaning, Heard::Other | Heard::Welcome(_)) {
            return;
        }
        let mut roll = self.telling.take().unwrap_or_default();
        match roll.take(line) {
            Some(Ended::Yes) => self.members = roll.into(),
            Some(Ended::No) => self.telling = Some(roll),
            None => {}
        }
    }

    /// Something that this program says.
    pub(super) fn note(&mut self, text: &str, at: &str) {
        let (at, text) = (at.to_owned(), format!("-- {text}"));
        self.scroll.push(Shown { at, text, kind: Kind::Ours, speaker: None });
    }

    /// There is a connection.
    pub(super) fn connected(&mut self) {
        self.stay = Stay::Door;
        (self.members, self.telling) = (Members::default(), None);
    }

    /// There is none any more. Whoever was shown out stays out.
    pub(super) fn lost(&mut self, plan: String) {
        if self.stay != Stay::Out {
            self.stay = Stay::Away(plan);
        }
        (self.members, self.telling) = (Members::default(), None);
    }

    /// The window of the terminal is looked at, or is not.
    pub(super) fn look(&mut self, where_to: Looks) {
        self.scroll.look(where_to);
    }

    /// A key, while so much is seen at once.
    pub(super) fn press(&mut self, key: KeyEvent, page: Page) -> Option<Effect> {
        if key.modifiers.intersects(KeyModifiers::CONTROL) {
            return self.press_control(key.code);
        }
        if key.modifiers.contains(KeyModifiers::ALT) {
            return None;
        }
        match key.code {
            KeyCode::Enter => return self.enter(),
            KeyCode::Char(c) => self.editor.insert(c.encode_utf8(&mut [0; 4])),
            KeyCode::Left => self.editor.left(),
            KeyCode::Right => self.editor.right(),
            KeyCode::Home => self.editor.home(),
            // At the end of the line it is the end of the room that is meant.
            KeyCode::End => {
                self.editor.end();
                self.scroll.follow();
            }
            KeyCode::Backspace => self.editor.backspace(),
            KeyCode::Delete => self.editor.delete(),
            KeyCode::Up => self.editor.older(),
            KeyCode::Down => self.editor.newer(),
            KeyCode::PageUp => self.scroll.up(page),
            KeyCode::PageDown => self.scroll.down(page),
            _ => {}
        }
        None
    }

    fn press_control(&mut self, key: KeyCode) -> Option<Effect> {
        match key {
            KeyCode::Char('c') => return Some(Effect::Interrupt),
            KeyCode::Char('d') if self.editor.text().is_empty() => return Some(Effect::Leave),
            KeyCode::Char('d') => self.editor.delete(),
            KeyCode::Char('z') => return Some(Effect::Suspend),
            KeyCode::Char('l') => return Some(Effect::Redraw),
            // What Enter sends in a terminal that is pasted into.
            KeyCode::Char('j' | 'm') => return self.enter(),
            KeyCode::Char('a') => self.editor.home(),
            KeyCode::Char('e') => self.editor.end(),
            KeyCode::Char('b') => self.editor.left(),
            KeyCode::Char('f') => self.editor.right(),
            KeyCode::Char('h') => self.editor.backspace(),
            KeyCode::Char('w') => self.editor.erase_word(),
            KeyCode::Char('u') => self.editor.erase_to_start(),
            KeyCode::Char('k') => self.editor.erase_to_end(),
            KeyCode::Char('p') => self.editor.older(),
            KeyCode::Char('n') => self.editor.newer(),
            _ => {}
        }
        None
    }

    /// The line is done. What cannot be sent now stays where it is.
    fn enter(&mut self) -> Option<Effect> {
        let line = self.editor.text().trim_end().to_owned();
        match &self.stay {
            _ if line == "/quit" => Some(Effect::Leave),
            _ if line.is_empty() => None,
            Stay::Away(_) | Stay::Out if line == "/connect" => {
                self.editor.take();
                Some(Effect::Dial)
            }
            Stay::Away(_) | Stay::Out | Stay::Offered => None,
            // It is about to be asked which nick we want, and what is typed is none.
            Stay::Door if self.nick.is_some() => None,
            Stay::Asked | Stay::Door | Stay::In => {
                self.editor.take();
                self.scroll.answered();
                Some(Effect::Say(line))
            }
        }
    }
}

impl Members {
    pub(super) fn count(&self) -> usize {
        self.nicks.len().saturating_add(self.others)
    }

    fn add(&mut self, nick: &str) {
        match self.place_of(nick) {
            Ok(_) => {}
            Err(at) if self.nicks.len() < MOST_NAMES && nick.len() <= LONGEST_NAME => {
                self.nicks.insert(at, nick.to_owned());
            }
            Err(_) => self.others = self.others.saturating_add(1),
        }
    }

    fn remove(&mut self, nick: &str) {
        match self.place_of(nick) {
            Ok(at) => drop(self.nicks.remove(at)),
            // One of those whose nicks were not told.
            Err(_) => self.others = self.others.saturating_sub(1),
        }
    }

    fn place_of(&self, nick: &str) -> Result<usize, usize> {
        self.nicks.binary_search_by_key(&order(nick), |known| order(known))
    }
}

impl From<Roll> for Members {
    fn from(roll: Roll) -> Self {
        let mut members = Self { nicks: Vec::new(), others: roll.others };
        roll.names.iter().for_each(|nick| members.add(nick));
        members
    }
}

fn order(nick: &str) -> (String, &str) {
    (nick.to_lowercase(), nick)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: Page = Page { columns: 40, rows: 5 };
    const WELCOME: &str = "* You are alice. Here: admin, bob, alice. /help lists commands.";

    fn key(room: &mut Room, code: KeyCode) -> Option<Effect> {
        room.press(KeyEvent::new(code, KeyModifiers::NONE), PAGE)
    }

    fn control(room: &mut Room, c: char) -> Option<Effect> {
        room.press(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL), PAGE)
    }

    fn types(room: &mut Room, line: &str) -> Option<Effect> {
        line.chars().for_each(|c| assert_eq!(key(room, KeyCode::Char(c)), None));
        key(room, KeyCode::Enter)
    }

    fn hears(room: &mut Room, lines: &[&str]) {
        lines.iter().for_each(|line| assert_eq!(room.hear(line, "08:00"), None, "{line}"));
    }

    /// alice, who is in.
    fn alice() -> Room {
        let mut room = Room::new("localhost:5564".to_owned());
        hears(&mut room, &["Nick?"]);
        assert_eq!(types(&mut room, "alice "), Some(Effect::Say("alice".into())));
        hears(&mut room, &[WELCOME]);
        room
    }

    #[test]
    fn who_is_here_follows_what_the_server_tells() {
        let mut room = alice();
        let here = |room: &Room| room.members.nicks.join(" ");
        assert_eq!((here(&room), room.nick.as_deref()), ("admin alice bob".into(), Some("alice")));
        for (line, nicks) in [
            ("* Carol joined", "admin alice bob Carol"),
            ("* Carol joined", "admin alice bob Carol"),
            ("* bob is now rob", "admin alice Carol rob"),
            ("<rob> * Carol left", "admin alice Carol rob"),
            ("* Carol left (too slow)", "admin alice rob"),
            ("* rob was kicked by admin: bye", "admin alice"),
            ("* dora joined", "admin alice dora"),
            ("* dora was banned by admin", "admin alice"),
            ("* Here: admin, eve,", "admin alice"),
            ("* fay.", "admin eve fay"),
        ] {
            hears(&mut room, &[line]);
            assert_eq!(here(&room), nicks, "{line}");
        }
        hears(&mut room, &["* Here: admin and 7 more.", "* gus left"]);
        assert_eq!((here(&room), room.members.count()), ("admin".into(), 7));
    }

    #[test]
    fn more_members_than_can_be_are_counted_without_harm() {
        let mut room = alice();
        hears(&mut room, &[&format!("* Here: a and {} more.", usize::MAX), "* bob joined"]);
        assert_eq!(room.members.count(), usize::MAX);
        hears(&mut room, &["* Here: a.", &format!("* {} joined", "b".repeat(LONGEST_NAME + 1))]);
        assert_eq!((room.members.nicks.len(), room.members.count()), (1, 2));
    }

    #[test]
    fn the_same_nick_is_offered_again_and_only_once() {
        let mut room = alice();
        hears(&mut room, &["* alice is now ala"]);
        room.lost("again in 1 s".into());
        assert_eq!(room.members.count(), 0);
        assert_eq!(types(&mut room, "hm"), None);
        assert_eq!(room.editor.text(), "hm", "what cannot be sent is kept");
        control(&mut room, 'u');
        assert_eq!(types(&mut room, "/connect"), Some(Effect::Dial), "who does not want to wait need not");
        types(&mut room, "hm");
        room.connected();
        assert_eq!(key(&mut room, KeyCode::Enter), None, "no nick");
        assert_eq!(room.hear("Nick?", ""), Some(Effect::Say("ala".into())));
        assert_eq!(key(&mut room, KeyCode::Enter), None, "no nick");
        hears(&mut room, &["* Sorry, that nick is taken, or looks like one that is.", "Nick?"]);
        assert_eq!(room.stay, Stay::Asked);
        control(&mut room, 'u');
        assert_eq!(types(&mut room, "no nick"), Some(Effect::Say("no nick".into())));
        room.connected();
        assert_eq!(room.hear("Nick?", ""), Some(Effect::Say("ala".into())), "what was never ours is not offered");
    }

    #[test]
    fn a_server_that_asks_for_nothing_can_be_talked_to() {
        let mut room = Room::new(String::new());
        hears(&mut room, &["<anonymous> hi"]);
        assert_eq!(types(&mut room, "hello"), Some(Effect::Say("hello".into())));
        room.lost(String::new());
        room.connected();
        assert_eq!(types(&mut room, "hello"), Some(Effect::Say("hello".into())));
    }

    #[test]
    fn whoever_was_shown_out_stays_out_until_they_ask() {
        let mut room = alice();
        hears(&mut room, &["* You were kicked by admin: go home"]);
        room.lost("again in 1 s".into());
        assert_eq!(room.stay, Stay::Out);
        assert_eq!(types(&mut room, "/connect"), Some(Effect::Dial));
    }

    #[test]
    fn there_are_three_ways_out_and_an_interrupt() {
        let mut room = alice();
        assert_eq!(control(&mut room, 'd'), Some(Effect::Leave));
        assert_eq!(types(&mut room, "/quit"), Some(Effect::Leave));
        assert_eq!(control(&mut room, 'd'), None, "a line is being typed");
        assert_eq!(control(&mut room, 'u'), None);
        assert_eq!(control(&mut room, 'c'), Some(Effect::Interrupt));
        assert_eq!(types(&mut room, ""), None);
        assert_eq!(types(&mut room, "hello"), Some(Effect::Say("hello".into())));
    }

    #[test]
    fn what_came_meanwhile_is_new_until_something_is_said() {
        let mut room = alice();
        room.look(Looks::Elsewhere);
        hears(&mut room, &["<bob> hi", "<bob> there?"]);
        room.note("that is ours", "");
        assert_eq!(room.scroll.unseen(), 3);
        room.look(Looks::Here);
        assert_eq!(room.scroll.unseen(), 0);
        let news = |room: &Room| {
            room.scroll.page(PAGE).iter().filter(|row| matches!(row, super::super::scroll::Row::New)).count()
        };
        assert_eq!(news(&room), 1);
        types(&mut room, "yes");
        assert_eq!(news(&room), 0);
    }
}
