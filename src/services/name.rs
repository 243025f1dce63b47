//! Name: what a person wants to be called, held against a rule, and the key that names of one look have in common.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_security::skeleton;

/// A name that can be shown in any line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name(String);

/// What a name may hold. None has controls, marks of direction or characters that cannot be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Several words, and emoji that are joined from others.
    Words,
    /// One word, so that something can be said behind it.
    Word,
    /// Letters and digits of any script, `_` and `-`: nothing that a line may be punctuated with.
    Nick,
}

/// Why a text is no name. The words are fit to be sent to whoever typed it, and say nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadName {
    #[error("a name has at least one visible character")]
    Empty,
    #[error("a name has at most {0} characters")]
    TooLong(usize),
    #[error("a name has no control characters and none that cannot be seen")]
    Unprintable,
    #[error("a name has no spaces")]
    Spaced,
    #[error("a name here has only letters, digits, _ and -")]
    Unlettered,
}

impl Name {
    /// The name in `text`, without the white space around it.
    ///
    /// # Errors
    /// Where the rule forbids it.
    pub(crate) fn parse(text: &str, rule: Rule) -> Result<Self, BadName> {
        // One more than allowed shows that it is too long, however long it is.
        let most = rule.most();
        let name: Vec<char> = text.trim().nfc().take(most + 1).collect();
        if name.len() > most {
            return Err(BadName::TooLong(most));
        }
        for (at, c) in name.iter().enumerate() {
            let joins =
                *c == JOINER && at > 0 && !name[at - 1].is_ascii() && name.get(at + 1).is_some_and(|c| !c.is_ascii());
            match rule {
                // It stands for bytes that were no text, so two names could have become one.
                _ if *c == char::REPLACEMENT_CHARACTER => return Err(BadName::Unprintable),
                Rule::Word | Rule::Nick if c.is_whitespace() && !c.is_control() => return Err(BadName::Spaced),
                Rule::Words if joins || is_space(*c) => {}
                Rule::Nick if is_printable(*c) && !is_lettered(&name[..=at]) => return Err(BadName::Unlettered),
                _ if is_printable(*c) => {}
                _ => return Err(BadName::Unprintable),
            }
        }
        let name = Self(name.into_iter().collect());
        if name.key().is_empty() { Err(BadName::Empty) } else { Ok(name) }
    }

    /// As it was typed, in Unicode's form C.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What names that a person could take for one another have in common: compatibility form, case folded, and every
    /// character replaced by the plainest one that looks like it (the skeleton of Unicode's UTS 39). Only for
    /// comparing.
    pub(crate) fn key(&self) -> String {
        let plain: String = fold(&self.0.nfkc().collect::<String>());
        // A skeleton has capitals again: that of 0 is O.
        fold(&skeleton(&plain).collect::<String>())
    }

    /// The same with capitals looked at as capitals: `I` is taken for `l`, and a Cyrillic `В` for `B`, which small
    /// letters are not. Names of which any key or look are equal can be taken for one another.
    pub(crate) fn look(&self) -> String {
        fold(&skeleton(&self.0.nfkc().collect::<String>()).collect::<String>())
    }
}

impl Rule {
    /// The most characters of a name.
    fn most(self) -> usize {
        match self {
            Self::Words | Self::Word => LONGEST,
            Self::Nick => LONGEST_NICK,
        }
    }
}

/// Without the difference between capitals and small letters. There and back through the capitals joins at least what
/// Unicode's case folding joins (`ẞ`, `ß` and `ss`; the three small sigmas), and needs no tables of its own.
fn fold(text: &str) -> String {
    let through = text.chars().flat_map(char::to_lowercase).flat_map(char::to_uppercase);
    through.flat_map(char::to_lowercase).collect()
}

/// A space of any script; what ends lines or paragraphs is none.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() && !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether the last of `name` may stand there in a nick. A mark stands on a letter, few on one: a pile of them would reach
/// into other lines.
fn is_lettered(name: &[char]) -> bool {
    let Some((c, before)) = name.split_last() else { return false };
    if is_combining_mark(*c) {
        let marks = before.iter().rev().take_while(|c| is_combining_mark(**c)).count();
        return marks < before.len() && marks < MOST_MARKS && is_seen(*c);
    }
    matches!(c, '_' | '-') || c.is_alphanumeric() && is_seen(*c)
}

/// Some letters are empty: those that fill up a syllable, for example.
fn is_seen(c: char) -> bool {
    c.is_ascii() || skeleton(c.encode_utf8(&mut [0; 4])).next().is_some()
}

/// Neither a control, a mark of direction, of zero width, nor unassigned. The standard library escapes those; a
/// combining mark it escapes only where no character stands before it.
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\'' | '"' | '\\') || ['x', c].iter().collect::<String>().escape_debug().nth(1) == Some(c)
}

/// The most characters of a name.
const LONGEST: usize = 64;
/// Of one that stands in front of every line.
const LONGEST_NICK: usize = 24;
/// Devanagari puts three marks on a letter, Thai and Vietnamese two.
const MOST_MARKS: usize = 3;
/// Makes one emoji of two.
const JOINER: char = '\u{200d}';

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> String {
        Name::parse(text, Rule::Words).unwrap().key()
    }

    #[test]
    fn names_of_people_are_names() {
        for text in [
            "Łukasz",
            "a,b;\"c",
            "O'Neill",
            "\\o/",
            "山田\u{3000}太郎",
            "🦈",
            "👩\u{200d}🚀",
            "ما",
            "x\u{301}",
            "Anna Maria",
        ] {
            let name = Name::parse(text, Rule::Words).unwrap_or_else(|e| panic!("{text:?}: {e}"));
            assert_eq!(name.as_str().nfd().collect::<String>(), text.nfd().collect::<String>());
        }
        assert_eq!(Name::parse(" Jürgen\t", Rule::Word).unwrap().as_str(), "Jürgen");
        assert_eq!(Name::parse("Ju\u{308}rgen", Rule::Word).unwrap().as_str(), "Jürgen");
    }

    #[test]
    fn what_cannot_be_shown_is_refused() {
        let unprintable = [
            "a\x1b[31mb",
            "a\nb",
            "a\tb",
            "a\0b",
            "a\u{202e}b",
            "a\u{200b}b",
            "a\u{200d}b",
            "👩\u{200d}",
            "a\u{2028}b",
            "\u{85}a\u{85}b",
            "a\u{feff}b",
            "a\u{ad}b",
            "a\u{e0041}b",
            "a\u{fffe}b",
            "a\u{fffd}b",
        ];
        for text in unprintable {
            assert_eq!(Name::parse(text, Rule::Words), Err(BadName::Unprintable), "{text:?}");
        }
        for text in ["", " ", "\t", "\u{3164}", "\u{34f}", "\u{fe0f}"] {
            assert_eq!(Name::parse(text, Rule::Words), Err(BadName::Empty), "{text:?}");
        }
        assert!(Name::parse(&"ł".repeat(64), Rule::Word).is_ok());
        assert_eq!(Name::parse(&"l".repeat(65), Rule::Word), Err(BadName::TooLong(64)));
        for text in ["a b", "a\u{a0}b", "a\u{3000}b"] {
            assert_eq!(Name::parse(text, Rule::Word), Err(BadName::Spaced), "{text:?}");
        }
        assert_eq!(Name::parse("👩\u{200d}🚀", Rule::Word), Err(BadName::Unprintable));
    }

    #[test]
    fn names_of_one_look_have_one_key() {
        let alike = [
            ["alice", "Alice"],
            ["alice", "аlice"],
            ["alice", "ａｌｉｃｅ"],
            ["alice", "alice\u{fe0f}"],
            ["ALICO", "ALIC0"],
            ["straße", "STRASSE"],
            ["STRAẞE", "strasse"],
            ["σοφός", "ΣΟΦΌΣ"],
            ["mary", "rnary"],
            ["bob1", "bobl"],
            ["ﬁn", "fin"],
            ["Ångström", "A\u{30a}ngstro\u{308}m"],
        ];
        for [one, other] in alike {
            assert_eq!(key(one), key(other), "{one} {other}");
        }
        for [one, other] in
            [["alice", "alicia"], ["jurgen", "jürgen"], ["anna", "anja"], ["bob1", "bob2"], ["Łukasz", "Lukasz"]]
        {
            assert_ne!(key(one), key(other), "{one} {other}");
        }
    }

    #[test]
    fn a_nick_has_letters_and_digits_of_any_script_and_two_signs() {
        let longest = "ł".repeat(24);
        for text in ["alice", "_", "a-1_b", "Łukasz", "мария", "山田太郎", "हिन्दी", "สวัสดี", "x\u{302}\u{301}", &longest]
        {
            assert!(Name::parse(text, Rule::Nick).is_ok(), "{text:?}");
        }
        for (text, why) in [
            ("a b", BadName::Spaced),
            ("a\u{3000}b", BadName::Spaced),
            ("a\tb", BadName::Unprintable),
            ("a\u{202e}", BadName::Unprintable),
            ("\u{301}", BadName::Unlettered),
            ("a\u{334}\u{334}\u{334}\u{334}", BadName::Unlettered),
            ("<a>", BadName::Unlettered),
            ("a:", BadName::Unlettered),
            ("a*", BadName::Unlettered),
            ("a/b", BadName::Unlettered),
            ("🦈", BadName::Unlettered),
            ("a\u{3164}", BadName::Unlettered),
            ("", BadName::Empty),
            ("ł\u{300}łłłłłłłłłłłłłłłłłłłłłłłł", BadName::TooLong(24)),
        ] {
            assert_eq!(Name::parse(text, Rule::Nick), Err(why), "{text:?}");
        }
    }

    #[test]
    fn capitals_that_look_alike_have_one_look() {
        let look = |text| Name::parse(text, Rule::Nick).unwrap().look();
        for [one, other] in [["Bob", "Вob"], ["Ivan", "lvan"], ["bobI", "bobl"], ["ADMIN", "ADMlN"], ["Helen", "Неlen"]]
        {
            assert_eq!(look(one), look(other), "{one} {other}");
        }
        assert_ne!(look("alice"), look("alicia"));
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_typed_is_refused_or_safe_to_show(text in "\\PC{0,70}|[\\x00-\\u{20ff}]{0,8}") {
            for rule in [Rule::Word, Rule::Words, Rule::Nick] {
                let Ok(name) = Name::parse(&text, rule) else { continue };
                assert!((1..=rule.most()).contains(&name.as_str().chars().count()));
                assert!(!name.as_str().contains(char::is_control));
                assert!(Name::parse(name.as_str(), rule).as_ref() == Ok(&name), "{name:?}");
            }
        }
    }
}
