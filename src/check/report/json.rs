//! JSON: the document itself, and back. What was written elsewhere is not trusted: whatever its strings say, a terminal
//! can show them.

use serde_json::Value;
use thiserror::Error;

use crate::check::document::Document;
use crate::event::Untrusted;

/// What `schema` of a document is. Another number, where a reader would have to change.
pub(crate) const SCHEMA: u32 = 1;

/// Why a text is no check.
#[derive(Debug, Error)]
pub(crate) enum ReadError {
    #[error("it is not JSON: {0}")]
    NotJson(serde_json::Error),
    #[error("it is JSON, but not of `sockeye check --json`: it has no schema number")]
    NoSchema,
    #[error("it was written with schema {0}, and this sockeye reads schema {SCHEMA}")]
    OtherSchema(u64),
    #[error("it is not whole, or not of `sockeye check --json`: {0}")]
    NotACheck(serde_json::Error),
}

/// Indented, since people look into it.
pub(super) fn write(document: &Document) -> String {
    serde_json::to_string_pretty(document).expect("it has no map, and nothing that fails") + "\n"
}

/// The check that was written as this text.
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
    serde_json::from_value(value).map_err(ReadError::NotACheck)
}

/// Escapes in all strings what a terminal would obey; lines of output stay lines. What is escaped already stays as it is.
fn tame(value: &mut Value) {
    match value {
        Value::String(text) => *text = Untrusted::text(text.as_bytes()),
        Value::Array(values) => values.iter_mut().for_each(tame),
        Value::Object(fields) => fields.values_mut().for_each(tame),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::report::sample;

    #[test]
    fn what_is_written_is_read_as_it_was() {
        for document in [sample::dead(), sample::perfect(), sample::hostile("a\nb\\n")] {
            let text = write(&document);
            assert!(text.ends_with("}\n") && !text.ends_with("\n\n"));
            assert_eq!(read(&text).unwrap(), document);
        }
    }

    #[test]
    fn what_is_no_check_is_refused_in_a_sentence() {
        for (text, sentence) in [
            ("verdict: good", "it is not JSON: expected value at line 1 column 1"),
            ("[1, 2]", "it is JSON, but not of `sockeye check --json`: it has no schema number"),
            ("{\"schema\": 2}", "it was written with schema 2, and this sockeye reads schema 1"),
            ("{\"schema\": 1}", "it is not whole, or not of `sockeye check --json`: missing field `sockeye`"),
        ] {
            assert_eq!(read(text).unwrap_err().to_string(), sentence);
        }
    }

    #[test]
    fn what_was_written_elsewhere_moves_no_cursor() {
        let read = read(&write(&sample::hostile("\x1b[2J\u{202e}\n"))).unwrap();
        assert_eq!(read.lab, "\\u{1b}[2J\\u{202e}\n");
    }
}
