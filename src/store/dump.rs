//! Dump: rows as JSON lines, for people and their scripts. Verifiers and tokens are not in it.

use std::fmt::Write;

use jiff::Timestamp;
use serde::Serialize;

/// A row, without its secrets.
#[derive(Debug, Serialize)]
#[serde(tag = "table", rename_all = "lowercase")]
pub(super) enum Row {
    People {
        ip: String,
        name: String,
        since: String,
    },
    Accounts {
        name: String,
        key: String,
        created: String,
    },
    Sessions {
        id: String,
        account: String,
        created: String,
        seen: String,
        expires: String,
        idle_s: u64,
        /// When it was ended before its time.
        revoked: Option<String>,
        /// How many tokens it has had, as far as they are remembered.
        tokens: u32,
    },
    Bans {
        nick: Option<String>,
        address: Option<String>,
        reason: String,
        since: String,
        /// Nothing where it has no end.
        until: Option<String>,
    },
    Matches {
        ended: String,
        winner: String,
        loser: String,
        /// The winner's rounds first.
        score: String,
        /// `played`, or what the loser did: `left`, `silent`.
        how: String,
    },
}

impl Row {
    /// One line without its end. What people chose can drive no terminal: everything but plain ASCII is escaped.
    pub(super) fn line(&self) -> String {
        let json = serde_json::to_string(self).expect("strings and numbers always serialise");
        let mut line = String::with_capacity(json.len());
        for c in json.chars() {
            match c {
                ' '..='~' => line.push(c),
                // Such characters stand inside strings only.
                _ => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                    // Writing to a String cannot fail.
                    let _ = write!(line, "\\u{unit:04x}");
                }),
            }
        }
        line
    }
}

pub(super) fn time(at: Timestamp) -> String {
    format!("{at:.6}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_its_table_and_hides_nothing_in_its_characters() {
        let row = |name: &str| Row::People { ip: "::1".into(), name: name.into(), since: time(Timestamp::UNIX_EPOCH) };
        let line = row("\u{1b}[2J \"Łu\u{202e}🐟\n").line();
        let escaped = r#""\u001b[2J \"\u0141u\u202e\ud83d\udc1f\n""#;
        let whole =
            format!(r#"{{"table":"people","ip":"::1","name":{escaped},"since":"1970-01-01T00:00:00.000000Z"}}"#);
        assert_eq!(line, whole);
        let back: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(back["name"], "\u{1b}[2J \"Łu\u{202e}🐟\n");
    }
}
