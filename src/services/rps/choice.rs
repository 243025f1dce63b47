//! Choice: what a player can show, its words in four languages, and which of two wins.

use unicode_normalization::UnicodeNormalization;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    Rock,
    Paper,
    Scissors,
}

impl Choice {
    /// The choice that `text` is a word for, in any case and in any of Unicode's forms. The zero byte that a C program
    /// sends behind its string is no part of the word.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let word = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        // A word is never longer than this, and a message may be.
        let word: String = word.nfkc().take(LONGEST + 1).flat_map(char::to_lowercase).collect();
        let (_, choice) = WORDS.iter().find(|(words, _)| words.contains(&word.as_str()))?;
        Some(*choice)
    }

    pub(super) fn beats(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::Rock, Self::Scissors) | (Self::Paper, Self::Rock) | (Self::Scissors, Self::Paper)
        )
    }

    /// Its English word.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rock => "rock",
            Self::Paper => "paper",
            Self::Scissors => "scissors",
        }
    }
}

/// English, Polish (with and without its marks), Russian and German. *Papier* is Polish and German, and paper in both.
const WORDS: [(&[&str], Choice); 3] = [
    (&["rock", "kamień", "kamien", "камень", "stein"], Choice::Rock),
    (&["paper", "papier", "бумага"], Choice::Paper),
    (&["scissors", "nożyce", "nozyce", "ножницы", "schere"], Choice::Scissors),
];

/// Characters of the longest word.
const LONGEST: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [Choice; 3] = [Choice::Rock, Choice::Paper, Choice::Scissors];

    #[test]
    fn every_word_is_known_in_any_case_and_form() {
        for (words, choice) in WORDS {
            for word in words {
                assert!(word.chars().count() <= LONGEST, "{word}");
                let forms = [
                    (*word).to_owned(),
                    word.to_uppercase(),
                    word.nfd().collect(),
                    word.to_uppercase().nfd().collect(),
                    format!(" \t{word}\r"),
                    format!("{word}\0"),
                ];
                for form in forms {
                    assert_eq!(Choice::parse(&form), Some(choice), "{form:?}");
                }
            }
        }
        assert_eq!(Choice::parse("ｒｏｃｋ"), Some(Choice::Rock));
        assert_eq!(Choice::parse("Nożyce"), Some(Choice::Scissors));
    }

    #[test]
    fn nothing_else_is_a_choice() {
        for word in ["", " ", "r", "1", "rocks", "rock paper", "scissorss", "papie", "kamieńń", "ro\u{200b}ck", "\0"]
        {
            assert_eq!(Choice::parse(word), None, "{word:?}");
        }
        assert_eq!(Choice::parse(&"scissors".repeat(8000)), None);
    }

    #[test]
    fn each_beats_one_and_is_beaten_by_the_other() {
        for one in ALL {
            assert!(!one.beats(one));
            assert_eq!(ALL.iter().filter(|other| one.beats(**other)).count(), 1);
            assert_eq!(ALL.iter().filter(|other| other.beats(one)).count(), 1);
            assert_eq!(Choice::parse(one.name()), Some(one));
        }
        assert!(Choice::Rock.beats(Choice::Scissors) && Choice::Scissors.beats(Choice::Paper));
    }

    proptest! {
        #[test]
        fn capitals_and_marks_typed_apart_make_no_difference(
            (words, choice) in prop::sample::select(&WORDS[..]),
            which: usize,
            capitals: u8,
            apart: bool,
        ) {
            let word = words[which % words.len()].chars().enumerate();
            let word: String = word.flat_map(|(at, c)| {
                if capitals >> at & 1 == 1 { c.to_uppercase().collect::<Vec<_>>() } else { vec![c] }
            }).collect();
            let word = if apart { word.nfd().collect() } else { word };
            prop_assert_eq!(Choice::parse(&word), Some(choice));
        }

        #[test]
        fn no_text_does_harm(text: String) {
            Choice::parse(&text);
        }
    }
}
