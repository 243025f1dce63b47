//! Script: requests and the answers that are to come to them, read from TOML. Pure.
//!
//! ```toml
//! [[begin]]                   # once on each connection; without `send`, a greeting is waited for
//! matches = '^REGISTER'
//!
//! [[exchange]]                # again and again, in turn
//! send = "TIME"
//! matches = '^\d{4}-\d\d-\d\dT.*Z$'
//!
//! [[exchange]]
//! send = "Hello"
//! expect = "Unknown command"
//! ```

use regex::bytes::Regex;
use serde::Deserialize;

use crate::event::Untrusted;
use crate::framing::{Codec, Delimiter, Framing};

/// Requests and answers, in the order of the file.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) name: String,
    pub(super) begin: Vec<Exchange>,
    /// At least one.
    pub(super) exchanges: Vec<Exchange>,
}

/// A request and what is to come.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    /// Without framing; none where something is only waited for.
    pub(super) send: Option<Vec<u8>>,
    pub(super) expect: Expect,
}

/// Which answer is right.
#[derive(Clone, Debug)]
pub(super) enum Expect {
    Exactly(Vec<u8>),
    Matching(Regex),
    Anything,
}

/// Why a text is no script.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {why}")]
pub(crate) struct ScriptError {
    name: String,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sheet {
    #[serde(default)]
    begin: Vec<Row>,
    #[serde(default)]
    exchange: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    send: Option<String>,
    send_hex: Option<String>,
    expect: Option<String>,
    expect_hex: Option<String>,
    matches: Option<String>,
}

impl Script {
    /// The script that `text` is; `name` is for what is said of it.
    ///
    /// # Errors
    /// In one sentence with the number of the row.
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self, ScriptError> {
        let wrong = |why| ScriptError { name: name.to_owned(), why };
        let sheet: Sheet = toml::from_str(text).map_err(|e| wrong(at_line(text, &e)))?;
        if sheet.exchange.is_empty() {
            return Err(wrong("there is no [[exchange]]; write one with send and expect".into()));
        }
        let rows = |rows: Vec<Row>, what: &str| -> Result<Vec<Exchange>, ScriptError> {
            let numbered = (1..).zip(rows);
            numbered
                .map(|(number, row)| row.exchange().map_err(|why| wrong(format!("{what} {number}: {why}"))))
                .collect()
        };
        Ok(Self {
            begin: rows(sheet.begin, "begin")?,
            exchanges: rows(sheet.exchange, "exchange")?,
            name: name.to_owned(),
        })
    }

    /// Why it cannot be spoken in this framing, if so.
    pub(crate) fn misfit(&self, framing: Framing) -> Option<String> {
        let rows = || self.begin.iter().chain(&self.exchanges);
        if framing == Framing::Burst && rows().any(|row| !matches!(row.expect, Expect::Exactly(_))) {
            return Some(
                "answers that are not given byte for byte need --framing lines, or another that tells messages apart"
                    .into(),
            );
        }
        let unsayable = rows().filter_map(|row| row.send.as_deref()).find_map(|send| {
            let said = Codec::new(framing).encode(send, Delimiter::Lf, &mut Vec::new());
            if framing == Framing::Burst { None } else { said.err() }
        });
        unsayable.map(|e| format!("a request does not fit --framing {framing}: {e}"))
    }

    /// The row of message `number` of a connection.
    pub(super) fn row(&self, number: u64) -> &Exchange {
        let begun = self.begin.len() as u64;
        match number.checked_sub(begun) {
            None => &self.begin[number as usize],
            Some(number) => &self.exchanges[(number % self.exchanges.len() as u64) as usize],
        }
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> u64 {
        (self.begin.len() + self.exchanges.len()) as u64
    }
}

impl Row {
    fn exchange(self) -> Result<Exchange, String> {
        let send = bytes(self.send, self.send_hex, "send")?;
        let exact = bytes(self.expect, self.expect_hex, "expect")?;
        let expect = match (exact, self.matches) {
            (Some(_), Some(_)) => return Err("it has both expect and matches; keep one".into()),
            (Some(exact), None) => Expect::Exactly(exact),
            (None, Some(pattern)) => {
                let regex = Regex::new(&pattern)
                    .map_err(|e| format!("matches is no regular expression: {}", last_line(&e.to_string())))?;
                Expect::Matching(regex)
            }
            (None, None) => Expect::Anything,
        };
        Ok(Exchange { send, expect })
    }
}

fn bytes(text: Option<String>, hex: Option<String>, what: &str) -> Result<Option<Vec<u8>>, String> {
    match (text, hex) {
        (Some(_), Some(_)) => Err(format!("it has both {what} and {what}_hex; keep one")),
        (text, None) => Ok(text.map(String::into_bytes)),
        (None, Some(hex)) => {
            let digits: Vec<u8> = hex.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
            let pair = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
            let bytes = digits.chunks(2).map(|chunk| if chunk.len() == 2 { pair(chunk) } else { None });
            let bytes: Option<Vec<u8>> = bytes.collect();
            bytes.map(Some).ok_or_else(|| format!("{what}_hex is not pairs of hexadecimal digits"))
        }
    }
}

fn at_line(text: &str, error: &toml::de::Error) -> String {
    let at = error.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count());
    let line = Untrusted::text(text.lines().nth(at).unwrap_or_default().trim().as_bytes());
    format!("line {}: {} in `{line}`", at + 1, error.message())
}

fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or_default().trim_start_matches("error: ")
}

impl Expect {
    /// Whether this answer is right.
    pub(super) fn allows(&self, answer: &[u8]) -> bool {
        match self {
            Self::Exactly(exact) => exact == answer,
            Self::Matching(regex) => regex.is_match(answer),
            Self::Anything => true,
        }
    }

    /// What would be right, in words.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Exactly(exact) => Untrusted::cut(exact, SHOWN).quoted(),
            Self::Matching(regex) => {
                format!("what matches '{}'", Untrusted::cut(regex.as_str().as_bytes(), 200).escaped())
            }
            Self::Anything => "anything".to_owned(),
        }
    }
}

/// Bytes shown of an answer.
pub(super) const SHOWN: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_says_what_is_sent_and_what_is_right() {
        let text = "[[begin]]\nexpect = 'hi'\n[[exchange]]\nsend = 'TIME'\nmatches = '^\\d+$'\n[[exchange]]\nsend_hex = '00 fF'\n";
        let script = Script::parse("s.toml", text).unwrap();
        assert_eq!(script.len(), 3);
        assert_eq!(script.row(0).send, None);
        assert_eq!(script.row(1).send.as_deref(), Some(&b"TIME"[..]));
        assert_eq!(script.row(2).send.as_deref(), Some(&[0, 255][..]));
        assert_eq!(script.row(3).send, script.row(1).send, "the loop begins again behind what begins");
        assert!(script.row(1).expect.allows(b"12") && !script.row(1).expect.allows(b"x"));
        assert!(script.misfit(Framing::Lines).is_none());
        assert!(script.misfit(Framing::Burst).unwrap().contains("--framing lines"));
    }

    #[test]
    fn what_is_no_script_is_refused_with_its_row() {
        for (text, word) in [
            ("", "no [[exchange]]"),
            ("[[exchange]]\nsned = 'x'", "line 2: unknown field"),
            ("[[exchange]]\nsend = 'x'\n[[exchange]]\nmatches = '('", "exchange 2: matches is no regular expression"),
            ("[[exchange]]\nexpect = 'x'\nmatches = 'x'", "exchange 1: it has both"),
            ("[[exchange]]\nsend = 'x'\nsend_hex = '00'", "exchange 1: it has both send and send_hex"),
            ("[[exchange]]\nsend_hex = '0'", "exchange 1: send_hex is not"),
            ("[[exchange", "line 1: "),
        ] {
            let error = Script::parse("s.toml", text).unwrap_err().to_string();
            assert!(error.starts_with("s.toml: ") && error.contains(word), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }
}
