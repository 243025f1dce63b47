//! Token: what a login server gives to who has come in, so that they need no password the next time.

use std::sync::LazyLock;

use regex::Regex;

use super::desk::{Desk, Person};
use super::plays::{enters, registered};
use super::ways::{NONSENSE, plain};
use crate::check::dialogue::{Answer, Dialogue, Exchange, REFUSED, WELCOME};
use crate::check::fault::Miss;
use crate::check::stage::Stage;

/// A token and whose it is.
pub(super) struct Token {
    pub(super) person: Person,
    pub(super) text: String,
}

impl Token {
    /// Somebody registers and comes in.
    pub(super) fn given(stage: &mut Stage, way: &Dialogue) -> Result<Self, Miss> {
        let person = registered(stage, way)?;
        let desk = enters(stage, way, &person)?;
        let text = in_answer(way, desk.last_words(), &person);
        desk.leave();
        match text {
            Some(text) => Ok(Self { person, text }),
            None => Err(Miss::skip("the login gives no token")),
        }
    }
}

/// The token in what is said to who comes in.
pub(super) fn in_answer(way: &Dialogue, answer: &str, person: &Person) -> Option<String> {
    let told = way.login.as_ref().and_then(|login| login.accepted.as_ref()?.0.captures(answer)?.name("token"));
    if let Some(token) = told {
        return Some(token.as_str().to_owned());
    }
    static NAMED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?i)(?:token|токен\w*|cookie)["']?\s*(?:is\b|to\b|ist\b|[:=]|[—-]\s)?\s*["'<]?([\w+/=.-]{4,})"#)
            .expect("it is sound, as a test shows")
    });
    static LONG: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"[\w+/=.-]{16,}").expect("it is sound, as a test shows"));
    // A long word of letters only is a word.
    let longest =
        LONG.find_iter(answer).map(|word| word.as_str()).filter(|word| word.chars().any(|c| c.is_ascii_digit()));
    let named = NAMED.captures(answer).and_then(|found| found.get(1)).map(|word| word.as_str());
    let words = named.into_iter().chain(longest).map(|word| word.trim_end_matches('.'));
    words
        .into_iter()
        .find(|word| word.is_ascii() && *word != person.name && *word != person.password)
        .map(str::to_owned)
}

/// `way` with a way to come in by a token that works for this one.
pub(super) fn resuming(stage: &mut Stage, way: &Dialogue, owner: (&Person, &str)) -> Result<Dialogue, Miss> {
    if way.resume.is_some() {
        return Ok(way.clone());
    }
    let mut understood = None;
    for form in FORMS {
        let way = Dialogue { resume: Some(resume(form)), ..way.clone() };
        let desk = Desk::resume(stage, &way, owner)?;
        if desk.is_in() && !desk.last_words().contains(owner.1) {
            return Ok(way);
        }
        if understood.is_none() && matches!(desk.answer, Answer::Refused(_)) {
            let no = plain(desk.last_words(), owner.0);
            drop(desk);
            let nonsense =
                Dialogue { resume: Some(resume(&form.replacen(form_verb(form), NONSENSE, 1))), ..way.clone() };
            let tried = Desk::resume(stage, &nonsense, owner)?;
            // What it refuses otherwise than nonsense it has understood.
            let differs = !form_verb(form).is_empty() && plain(tried.last_words(), owner.0) != no;
            understood = differs.then_some(way);
        }
    }
    understood
        .ok_or_else(|| Miss::skip("how to come in by a token is not known; tell it in [resume] of --dialogue FILE"))
}

fn resume(form: &str) -> Exchange {
    let steps: &[(&str, &str)] = match form {
        "" => &[(ASKED, "{token}")],
        form => &[("", form)],
    };
    Exchange::asking(steps).answered(WELCOME, REFUSED)
}

/// The word before the token.
fn form_verb(form: &str) -> &str {
    form.split_once(' ').map_or("", |(verb, _)| verb)
}

/// Tokens that are nearly this one.
pub(super) fn forged(token: &str) -> Vec<(String, &'static str)> {
    let mut letters: Vec<char> = token.chars().collect();
    // In the middle, because the last letter of base64 may say less than a byte.
    let middle = letters.len() / 2;
    letters[middle] = if letters[middle] == 'a' { 'b' } else { 'a' };
    let cut: String = token.chars().take(middle).collect();
    vec![
        (letters.into_iter().collect(), "with one character changed"),
        (cut, "cut in half"),
        (format!("{token}a"), "with a letter more"),
    ]
}

/// Why two tokens of one person can be guessed.
pub(super) fn weakness(first: &str, second: &str, name: &str) -> Option<String> {
    if first == second {
        return Some("both logins gave the same token".to_owned());
    }
    let is_hex = first.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    let letters = first.chars().filter(char::is_ascii_alphanumeric).count();
    let bits = if is_hex { letters * 4 } else { letters * 6 };
    let differing = first.chars().zip(second.chars()).filter(|(a, b)| a != b).count();
    match () {
        () if first.contains(name) && letters < name.len() + 22 => {
            Some(format!("the token {first:?} is made of the name"))
        }
        () if bits < 128 => Some(format!("the token {first:?} has {bits} bits at most")),
        () if differing < 8 => Some(format!("{first:?} and {second:?} differ in {differing} characters only")),
        () => None,
    }
}

const ASKED: &str = r"token|токен|cookie|sesj|сесси|sitzung";
const FORMS: [&str; 7] =
    ["", "RESUME {token}", "TOKEN {token}", "token {token}", "{token}", "AUTH {token}", "/token {token}"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_the_long_word_that_is_nobodys_name() {
        let person = Person { name: "u1234567890123456".to_owned(), password: "K7".to_owned(), seat: 0 };
        let way = Dialogue::default();
        for (answer, token) in [
            ("Welcome u1234567890123456! Your token: 9f86d081884c7d659a2feaa0.", Some("9f86d081884c7d659a2feaa0")),
            // Whose first letter may be a dash.
            ("OK token -Z7K-7 expires 2026-01-01T00:00:00Z", Some("-Z7K-7")),
            ("OK token alaxyz expires 2026-01-01T00:00:00Z", Some("alaxyz")),
            ("Ваш токен: a-b-c", Some("a-b-c")),
            ("Welcome", None),
            ("Congratulationsandmanythanks", None),
        ] {
            assert_eq!(in_answer(&way, answer, &person).as_deref(), token, "{answer}");
        }
    }

    #[test]
    fn tokens_that_can_be_guessed_are_named_so() {
        let hash = "9f86d081884c7d659a2feaa0c55ad015";
        for (first, second, weak) in [
            (hash, hash, true),
            (hash, "9f86d081884c7d659a2feaa0c55ad016", true),
            ("0.8444218515250481", "0.7579544029403025", true),
            (hash, "a3bf4f1b2b0b822cd15d6c15b0f00a08", false),
            ("ala-token-for-you-00001", "ala-token-for-you-00002", true),
        ] {
            assert_eq!(weakness(first, second, "ala").is_some(), weak, "{first}");
        }
    }

    #[test]
    fn what_is_forged_is_not_the_token() {
        assert!(forged("abcdefgh").iter().all(|(forged, _)| forged != "abcdefgh"));
    }
}
