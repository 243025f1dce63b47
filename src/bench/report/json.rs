//! JSON: a run as one line, and back. What was written elsewhere is not trusted: whatever its strings say, a terminal
//! can show them.

use std::io::{self, Write};

use serde_json::Value;
use thiserror::Error;

use crate::event::Untrusted;

use super::document::{Document, SCHEMA};

/// Why a text is no run.
#[derive(Debug, Error)]
pub(crate) enum ReadError {
    #[error("it is not JSON: {0}")]
    NotJson(serde_json::Error),
    #[error("it is JSON, but not of `sockeye bench --json`: it has no schema number")]
    NoSchema,
    #[error("it was written with schema {0}, and this sockeye reads schema {SCHEMA}")]
    OtherSchema(u64),
    #[error("it is not whole, or not of `sockeye bench --json`: {0}")]
    NotARun(serde_json::Error),
}

/// One line.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(document: &Document, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, document)?;
    writeln!(out)
}

/// The run that was written as this text.
///
/// # Errors
/// Where it is none, or one of another schema.
pub(crate) fn read(text: &str) -> Result<Document, ReadError> {
    let mut value: Value = serde_json::from_str(text).map_err(ReadError::NotJson)?;
    let schema = value.get("schema").and_then(Value::as_u64).ok_or(ReadError::NoSchema)?;
    if schema != u64::from(SCHEMA) {
        return Err(ReadError::OtherSchema(schema));
    }
    tame(&mut value);
    serde_json::from_value(value).map_err(ReadError::NotARun)
}

/// Escapes in all strings what a terminal would obey; what is escaped already stays as it is. Names of fields need
/// none: unknown ones are dropped.
fn tame(value: &mut Value) {
    match value {
        Value::String(text) => *text = Untrusted::text(text.as_bytes()).replace('\n', "\\n").replace('\t', "\\t"),
        Value::Array(values) => values.iter_mut().for_each(tame),
        Value::Object(fields) => fields.values_mut().for_each(tame),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::report::sample;

    #[test]
    fn what_is_written_is_one_line_and_read_as_it_was() {
        for document in [sample::document(), sample::closed()] {
            let mut out = Vec::new();
            write(&document, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert_eq!((text.lines().count(), text.ends_with('\n')), (1, true));
            assert_eq!(read(&text).unwrap(), document);
        }
    }

    #[test]
    fn what_is_no_run_is_refused_in_a_sentence() {
        for (text, sentence) in [
            ("latency: low", "it is not JSON: expected value at line 1 column 1"),
            ("[1, 2]", "it is JSON, but not of `sockeye bench --json`: it has no schema number"),
            ("{\"schema\": 9}", "it was written with schema 9, and this sockeye reads schema 1"),
            ("{\"schema\": 1}", "it is not whole, or not of `sockeye bench --json`: missing field `sockeye`"),
        ] {
            assert_eq!(read(text).unwrap_err().to_string(), sentence, "{text}");
        }
    }

    #[test]
    fn what_a_foreign_file_says_reaches_no_terminal_unescaped() {
        let mut document = sample::document();
        document.setup.address = "\u{1b}[2J\n".into();
        let text = serde_json::to_string(&document).unwrap();
        assert_eq!(read(&text).unwrap().setup.address, "\\u{1b}[2J\\n");
    }
}
