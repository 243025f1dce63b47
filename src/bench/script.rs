//! Script: requests and the answers that are to come to them, read from a TOML file. Pure.
//!
//! ```toml
//! [[begin]]                  # once a connection, before the loop
//! matches = '^Welcome'       # a row that sends nothing waits for a message
//!
//! [[exchange]]               # again and again, in this order
//! send = "TIME"              # or send_hex = "00ff"
//! matches = '^\d{4}-'        # or expect = "…", expect_hex = "…"; none of them: any answer
//! ```

use regex::bytes::Regex;
use serde::Deserialize;

/// Requests and answers, in the order of the file.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) name: String,
    begin: Vec<Row>,
    /// At least one.
    exchanges: Vec<Row>,
}

/// One request and its answer.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Where there is none, it only waits for a message.
    pub(super) send: Option<Vec<u8>>,
    pub(super) expect: Expect,
}

/// What an answer has to be.
#[derive(Clone, Debug)]
pub(super) enum Expect {
    Anything,
    Exactly(Vec<u8>),
    /// Found anywhere in the message; the pattern says `^` and `$` where it wants all of it.
    Matching(Regex),
}

/// Why a text is no script: one sentence with the file's name and the row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {what}")]
pub(crate) struct ScriptError {
    name: String,
    what: String,
}

impl Script {
    /// Reads the text of the file `name`.
    ///
    /// # Errors
    /// Where it is no TOML, has no exchange, or a row of it cannot be understood.
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self, ScriptError> {
        read(text)
            .map(|(begin, exchanges)| Self { name: name.to_owned(), begin, exchanges })
            .map_err(|what| ScriptError { name: name.to_owned(), what })
    }

    /// All rows, those of the beginning first.
    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.begin.iter().chain(&self.exchanges)
    }

    /// Which row message `number` of a connection is, as [`Self::rows`] counts.
    pub(super) fn place(&self, number: u64) -> usize {
        let begin = self.begin.len() as u64;
        let Some(later) = number.checked_sub(begin) else { return number as usize };
        (begin + later % self.exchanges.len() as u64) as usize
    }

    pub(super) fn row(&self, place: usize) -> &Row {
        self.begin.get(place).unwrap_or_else(|| &self.exchanges[place - self.begin.len()])
    }

    /// `begin 1`, `exchange 2`
    pub(super) fn title(&self, place: usize) -> String {
        match place.checked_sub(self.begin.len()) {
            Some(exchange) => title("exchange", exchange),
            None => title("begin", place),
        }
    }
}

fn read(text: &str) -> Result<(Vec<Row>, Vec<Row>), String> {
    let file: File = toml::from_str(text).map_err(|error| one_line(&error))?;
    if file.exchange.is_empty() {
        return Err("there is no [[exchange]]".to_owned());
    }
    Ok((rows("begin", file.begin)?, rows("exchange", file.exchange)?))
}

fn rows(kind: &str, rows: Vec<toml::Table>) -> Result<Vec<Row>, String> {
    let read = |(at, row)| Row::read(row).map_err(|what| format!("{}: {what}", title(kind, at)));
    rows.into_iter().enumerate().map(read).collect()
}

fn title(kind: &str, at: usize) -> String {
    format!("{kind} {}", at + 1)
}

/// What serde says has several lines where it points at the text.
fn one_line(error: &toml::de::Error) -> String {
    error.message().split('\n').map(str::trim).collect::<Vec<_>>().join(", ")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    begin: Vec<toml::Table>,
    #[serde(default)]
    exchange: Vec<toml::Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    send: Option<String>,
    send_hex: Option<String>,
    expect: Option<String>,
    expect_hex: Option<String>,
    matches: Option<String>,
}

impl Row {
    fn read(row: toml::Table) -> Result<Self, String> {
        let words: Words = row.try_into().map_err(|error| one_line(&error))?;
        let send = match (words.send, words.send_hex) {
            (Some(_), Some(_)) => return Err("`send` and `send_hex` exclude one another".to_owned()),
            (Some(text), None) => Some(text.into_bytes()),
            (None, hex) => hex.map(|hex| bytes_of("send_hex", &hex)).transpose()?,
        };
        let expect = match (words.expect, words.expect_hex, words.matches) {
            (None, None, None) => Expect::Anything,
            (Some(text), None, None) => Expect::Exactly(text.into_bytes()),
            (None, Some(hex), None) => Expect::Exactly(bytes_of("expect_hex", &hex)?),
            (None, None, Some(pattern)) => Expect::Matching(regex_of(&pattern)?),
            _ => return Err("one of `expect`, `expect_hex` and `matches` is enough".to_owned()),
        };
        Ok(Self { send, expect })
    }
}

fn regex_of(pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).map_err(|error| {
        // Its first lines draw the pattern and an arrow; the last one is the sentence.
        let text = error.to_string();
        let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
        format!("`matches` is no regular expression: {reason}")
    })
}

fn bytes_of(key: &str, hex: &str) -> Result<Vec<u8>, String> {
    let digits: Vec<u8> = hex.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let wrong = || format!("`{key}` is no hexadecimal bytes, as in \"00ff\"");
    let (pairs, []) = digits.as_chunks::<2>() else { return Err(wrong()) };
    let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
    pairs.iter().map(byte).collect::<Option<_>>().ok_or_else(wrong)
}

fn digit(hex: u8) -> Option<u8> {
    char::from(hex).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Script, String> {
        Script::parse("greet.toml", text).map_err(|error| error.to_string())
    }

    #[test]
    fn rows_come_in_their_order_the_beginning_once_and_the_exchanges_again_and_again() {
        let script = parse(
            r#"
            [[begin]]
            matches = "^Welcome"

            [[exchange]]
            send = "TIME"

            [[exchange]]
            send_hex = "00 fF"
            expect_hex = "01"
            "#,
        );
        let script = script.unwrap();
        let titles: Vec<String> = (0..6).map(|number| script.title(script.place(number))).collect();
        assert_eq!(titles, ["begin 1", "exchange 1", "exchange 2", "exchange 1", "exchange 2", "exchange 1"]);
        assert_eq!(script.row(0).send, None);
        assert_eq!(script.row(1).send.as_deref(), Some(&b"TIME"[..]));
        assert_eq!(script.row(2).send.as_deref(), Some(&b"\x00\xff"[..]));
        assert!(matches!(&script.row(2).expect, Expect::Exactly(bytes) if bytes == b"\x01"));
        assert!(matches!(script.row(1).expect, Expect::Anything));
    }

    #[test]
    fn what_is_wrong_is_said_in_one_sentence_with_its_row() {
        for (text, what) in [
            ("", "there is no [[exchange]]"),
            ("[[begin]]\nsend = 'a'", "there is no [[exchange]]"),
            ("[[exchange]]\nsend = 'a'\n[[exchange]]\nsent = 'b'", "exchange 2: unknown field `sent`"),
            ("[[begin]]\nsend = 1\n[[exchange]]", "begin 1: invalid type: integer `1`, expected a string"),
            ("[[exchange]]\nexpect = 'a'\nmatches = 'b'", "exchange 1: one of `expect`, `expect_hex` and `matches`"),
            ("[[exchange]]\nsend = 'a'\nsend_hex = '00'", "exchange 1: `send` and `send_hex` exclude one another"),
            ("[[exchange]]\nmatches = 'a('", "exchange 1: `matches` is no regular expression: unclosed group"),
            ("[[exchange]]\nsend_hex = '0'", "exchange 1: `send_hex` is no hexadecimal bytes"),
            ("[[exchange]]\nexpect_hex = '0g'", "exchange 1: `expect_hex` is no hexadecimal bytes"),
            ("[[exchanges]]", "unknown field `exchanges`"),
            ("exchange = 1", "invalid type: integer `1`"),
            ("[[exchange", "unclosed"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with("greet.toml: ") && error.contains(what), "{text}: {error}");
            assert!(!error.contains('\n'), "{error:?}");
        }
    }
}
