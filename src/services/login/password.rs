//! Password: one that may be hashed. What breaks a rule is refused before it costs anything, and what was a password
//! is overwritten when it is dropped.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// A password of allowed length, in Unicode's form C, so that it is the same from every keyboard.
#[derive(Clone)]
pub(crate) struct Password(Zeroizing<String>);

/// Why a text is no password. The words are fit to be sent to whoever typed it, and say nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadPassword {
    #[error("a password has {SHORTEST} to {LONGEST} bytes")]
    Length,
    #[error("a password has no spaces")]
    Spaced,
    #[error("a password is text without control characters")]
    NoText,
    #[error("this password is one of the commonest; choose another")]
    Common,
}

impl Password {
    /// One that somebody says they have.
    ///
    /// # Errors
    /// Where no password can be so. Nothing was then looked up or hashed.
    pub(crate) fn parse(text: &str) -> Result<Self, BadPassword> {
        // Before anything is done with it: the length is not ours.
        if text.len() > LONGEST {
            return Err(BadPassword::Length);
        }
        if text.contains(char::is_whitespace) {
            return Err(BadPassword::Spaced);
        }
        // U+FFFD stands for bytes that were no text, so two passwords could have become one.
        if text.contains(|c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER) {
            return Err(BadPassword::NoText);
        }
        // Composing adds a few bytes at most; with so much room no half of it is left behind by a reallocation.
        let mut composed = Zeroizing::new(String::with_capacity(4 * LONGEST));
        composed.extend(text.nfc());
        if (SHORTEST..=LONGEST).contains(&composed.len()) { Ok(Self(composed)) } else { Err(BadPassword::Length) }
    }

    /// One that somebody wants to have.
    ///
    /// # Errors
    /// Also where everybody would guess it.
    pub(crate) fn choose(text: &str) -> Result<Self, BadPassword> {
        let password = Self::parse(text)?;
        let small = Zeroizing::new(password.0.to_lowercase());
        if COMMONEST.contains(&small.as_str()) { Err(BadPassword::Common) } else { Ok(password) }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What is hashed.
    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

const SHORTEST: usize = 8;
const LONGEST: usize = 1024;

/// The commonest of published leaks that are long enough, in small letters.
const COMMONEST: [&str; 64] = [
    "password",
    "12345678",
    "123456789",
    "1234567890",
    "qwertyuiop",
    "password1",
    "password123",
    "iloveyou",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "superman",
    "trustno1",
    "starwars",
    "whatever",
    "computer",
    "michelle",
    "jennifer",
    "11111111",
    "00000000",
    "88888888",
    "87654321",
    "987654321",
    "qwerty123",
    "1q2w3e4r",
    "1q2w3e4r5t",
    "1qaz2wsx",
    "zaq12wsx",
    "qwertyui",
    "asdfghjkl",
    "asdfasdf",
    "abcd1234",
    "abc12345",
    "a1234567",
    "passw0rd",
    "p@ssw0rd",
    "p@ssword",
    "letmein1",
    "welcome1",
    "admin123",
    "administrator",
    "changeme",
    "charlie1",
    "dragon123",
    "monkey123",
    "samantha",
    "corvette",
    "butterfly",
    "liverpool",
    "mercedes",
    "midnight",
    "internet",
    "basketball",
    "123123123",
    "123qweasd",
    "12341234",
    "11223344",
    "qazwsxedc",
    "hallo123",
    "passwort",
    "haslo123",
    "polska123",
    "qwerty12345",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_8_to_1024_bytes_of_text() {
        for (text, wrong) in [
            ("s3cretpa", None),
            ("zażółć", None),
            ("short-1", Some(BadPassword::Length)),
            ("", Some(BadPassword::Length)),
            ("two words-1", Some(BadPassword::Spaced)),
            ("nbsp\u{a0}nbsp", Some(BadPassword::Spaced)),
            ("bell\u{7}bell", Some(BadPassword::NoText)),
            ("no\u{fffd}text\u{fffd}", Some(BadPassword::NoText)),
        ] {
            assert_eq!(Password::parse(text).err(), wrong, "{text:?}");
        }
        assert!(Password::parse(&"a".repeat(1024)).is_ok());
        assert_eq!(Password::parse(&"a".repeat(1025)).err(), Some(BadPassword::Length));
        assert_eq!(Password::parse(&"a".repeat(1 << 20)).err(), Some(BadPassword::Length));
        // 1,024 bytes as typed, 1,536 composed: each of these letters is decomposed for good.
        assert_eq!(Password::parse(&"\u{344}".repeat(512)).err(), Some(BadPassword::Length));
    }

    #[test]
    fn the_same_characters_are_the_same_password_from_every_keyboard() {
        let bytes = |text| Password::parse(text).unwrap().bytes().to_vec();
        assert_eq!(bytes("za\u{17c}\u{f3}\u{142}\u{107}"), bytes("zaz\u{307}o\u{301}\u{142}c\u{301}"));
        assert_ne!(bytes("S3cretpa"), bytes("s3cretpa"));
    }

    #[test]
    fn the_commonest_are_not_to_be_chosen() {
        for text in ["password", "PassWord123", "1Q2W3E4R", "Passwort"] {
            assert_eq!(Password::choose(text).err(), Some(BadPassword::Common), "{text}");
            assert!(Password::parse(text).is_ok(), "who has it can still say it");
        }
        assert!(Password::choose("correct-horse").is_ok());
        let odd = COMMONEST.iter().find(|word| **word != word.to_lowercase() || Password::parse(word).is_err());
        assert_eq!(odd, None);
    }

    #[test]
    fn no_form_of_a_password_shows_it() {
        assert_eq!(format!("{:?}", Password::parse("s3cretpass")), "Ok(Password)");
    }
}
