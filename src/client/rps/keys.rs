//! Keys: what somebody means by what they press. A digit is a choice at once; a letter alone is one when nothing follows
//! it for a moment, because it may be the beginning of a word; a word is one at Enter. Pure, the time is handed in.

use std::time::{Duration, Instant};

use crate::framing::incomplete_tail;

/// What is being typed.
#[derive(Debug, Default)]
pub(super) struct Keys {
    line: String,
    /// The beginning of a character.
    cut: Vec<u8>,
    /// When the last key was pressed that is still in the line.
    since: Option<Instant>,
    sequence: Sequence,
}

/// Keys that send more than a character, such as arrows; they mean nothing here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Sequence {
    #[default]
    None,
    Begun,
    Within,
}

/// What was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A choice, or another word for the server.
    Word(String),
    /// `exit`, or the end of input.
    Leave,
}

impl Keys {
    pub(super) fn press(&mut self, bytes: &[u8], now: Instant) -> Vec<Meaning> {
        self.cut.extend_from_slice(bytes);
        let rest = self.cut.split_off(self.cut.len() - incomplete_tail(&self.cut));
        let text = String::from_utf8_lossy(&std::mem::replace(&mut self.cut, rest)).into_owned();
        text.chars().filter_map(|key| self.key(key, now)).collect()
    }

    fn key(&mut self, key: char, now: Instant) -> Option<Meaning> {
        match (self.sequence, key) {
            (Sequence::Begun, '[' | 'O') => self.sequence = Sequence::Within,
            (Sequence::Begun, _) | (Sequence::Within, '@'..='~') => self.sequence = Sequence::None,
            (Sequence::Within, _) => {}
            (Sequence::None, '\x1b') => self.sequence = Sequence::Begun,
            (Sequence::None, '\r' | '\n') => return self.enter(),
            (Sequence::None, '\x04') if self.line.is_empty() => return Some(Meaning::Leave),
            (Sequence::None, '\x15') => self.line.clear(),
            (Sequence::None, '\x08' | '\x7f') => drop(self.line.pop()),
            (Sequence::None, key) if !key.is_control() && self.line.chars().count() < LONGEST => {
                if self.line.is_empty() && key.is_ascii_digit() {
                    return choice(key).map(|word| Meaning::Word(word.into()));
                }
                self.line.push(key);
                self.since = Some(now);
            }
            (Sequence::None, _) => {}
        }
        None
    }

    fn enter(&mut self) -> Option<Meaning> {
        let line = std::mem::take(&mut self.line);
        meaning(&line)
    }

    /// The key that was pressed alone, if that is long enough ago.
    pub(super) fn lone(&mut self, now: Instant) -> Option<Meaning> {
        let word = self.lone_choice()?;
        if self.due()? > now {
            return None;
        }
        self.line.clear();
        Some(Meaning::Word(word.into()))
    }

    /// When [`lone`](Self::lone) gives something.
    pub(super) fn due(&self) -> Option<Instant> {
        self.lone_choice()?;
        Some(self.since? + ALONE)
    }

    fn lone_choice(&self) -> Option<&'static str> {
        let mut keys = self.line.chars();
        choice(keys.next()?).filter(|_| keys.next().is_none())
    }

    /// What is shown behind the prompt.
    pub(super) fn line(&self) -> &str {
        &self.line
    }
}

/// What a typed line means; nothing, where there is nothing in it.
pub(super) fn meaning(line: &str) -> Option<Meaning> {
    let line = line.trim();
    let mut keys = line.chars();
    match (keys.next(), keys.next()) {
        (None, _) => None,
        (Some(key), None) => Some(Meaning::Word(choice(key).map_or_else(|| line.to_owned(), str::to_owned))),
        _ if line == "exit" => Some(Meaning::Leave),
        _ => Some(Meaning::Word(line.to_owned())),
    }
}

/// The choice of a key: the first letter of its word in English, elsewhere one that no other choice begins with.
fn choice(key: char) -> Option<&'static str> {
    match key {
        'r' | 'R' | 'k' | 'K' | 'к' | 'К' | '1' => Some("rock"),
        'p' | 'P' | 'б' | 'Б' | '2' => Some("paper"),
        's' | 'S' | 'n' | 'N' | 'н' | 'Н' | '3' => Some("scissors"),
        _ => None,
    }
}

/// A key is alone when nothing follows it for so long: longer than somebody who types a word takes for the next letter.
const ALONE: Duration = Duration::from_millis(400);
/// Characters of a line; every word is shorter, and a longer line would not fit behind the prompt.
const LONGEST: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn word(word: &str) -> Meaning {
        Meaning::Word(word.into())
    }

    #[test]
    fn a_key_alone_is_a_choice_after_a_moment_and_a_digit_at_once() {
        let now = Instant::now();
        let mut keys = Keys::default();
        for (key, choice) in [("r", "rock"), ("P", "paper"), ("s", "scissors"), ("k", "rock"), ("н", "scissors")] {
            assert_eq!(keys.press(key.as_bytes(), now), []);
            assert_eq!((keys.lone(now), keys.due()), (None, Some(now + ALONE)));
            assert_eq!(keys.lone(now + ALONE), Some(word(choice)));
            assert_eq!((keys.line(), keys.due()), ("", None));
        }
        assert_eq!(keys.press(b"132", now), [word("rock"), word("scissors"), word("paper")]);
        keys.press(b"x", now);
        assert_eq!(keys.due(), None);
    }

    #[test]
    fn a_word_is_what_stands_there_at_enter() {
        let now = Instant::now();
        let mut keys = Keys::default();
        assert_eq!(keys.press("stein\rnożyce\rr\r\r".as_bytes(), now), [word("stein"), word("nożyce"), word("rock")]);
        keys.press(b"s", now);
        keys.press(b"t", now + ALONE / 2);
        assert_eq!(keys.lone(now + ALONE * 2), None);
        assert_eq!(keys.press(b"\x7f\x7f\x7fpapre\x7f\x7fer\r", now), [word("paper")]);
        assert_eq!(keys.press(b"junk\x15ab\x1b[A\x1bOB\x1b[1;5C\x04c\r", now), [word("abc")]);
        assert_eq!(keys.press(b"exit\r\x04", now), [Meaning::Leave, Meaning::Leave]);
    }

    #[test]
    fn a_character_cut_by_a_read_is_one() {
        let mut keys = Keys::default();
        let now = Instant::now();
        let meant: Vec<Meaning> = "ножницы\r".bytes().flat_map(|byte| keys.press(&[byte], now)).collect();
        assert_eq!(meant, [word("ножницы")]);
    }

    proptest! {
        #[test]
        fn no_keys_get_a_control_into_the_line(bytes: Vec<u8>) {
            let mut keys = Keys::default();
            keys.press(&bytes, Instant::now());
            prop_assert!(!keys.line().chars().any(char::is_control) && keys.line().chars().count() <= LONGEST);
        }
    }
}
