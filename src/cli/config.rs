//! Configuration files: TOML whose keys are the long flags of the verb. A key stands in for a flag that was not typed,
//! so values are parsed and refused in one place.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use toml::{Table, Value};

use super::sentence;
use crate::commands::Failure;

/// `typed` completed by the file that `--config` names, where it does.
///
/// # Errors
/// Where the file cannot be read, is no TOML, or has a key or value that the verb does not take.
pub(super) fn complete(command: &Command, words: &[OsString], typed: ArgMatches) -> Result<ArgMatches, Failure> {
    let mut command = command.clone();
    // Flags that all verbs share become flags of each.
    command.build();
    let Some((verb, given)) = typed.subcommand() else { return Ok(typed) };
    let Ok(Some(path)) = given.try_get_one::<PathBuf>("config") else { return Ok(typed) };
    let verb = command.find_subcommand(verb).expect("clap matched this verb");
    let table = read(path)?;
    let typed_args: Vec<&Arg> = verb.get_arguments().filter(|arg| is_typed(given, arg)).collect();
    let mut from_file = Vec::new();
    for (key, value) in &table {
        let arg = arg_of(verb, key).ok_or_else(|| unknown_key(path, verb, key))?;
        if !typed_args.iter().any(|typed| stands_in_for(verb, typed, arg)) {
            let wrong = |why| Failure::bad_words(format!("{}: `{key}` {why}", path.display()));
            from_file.extend(words_of(arg, value).map_err(wrong)?);
        }
    }
    // Behind `--` a flag would be taken for a service.
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let completed = words[..end].iter().chain(&from_file).chain(&words[end..]);
    // What was typed has been accepted before, so it is about a key.
    let blame = |e: clap::Error| {
        let sentence = sentence(&e).replace("'--", "'");
        Failure::bad_words(format!("{}: {}", path.display(), sentence.strip_prefix("--").unwrap_or(&sentence)))
    };
    command.clone().try_get_matches_from(completed).map_err(blame)
}

fn is_typed(given: &ArgMatches, arg: &Arg) -> bool {
    given.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine)
}

/// What was typed goes before the same key of the file, before keys that cannot stand beside it, and, since what has no
/// name belongs together, before all words without a flag.
fn stands_in_for(verb: &Command, typed: &Arg, key: &Arg) -> bool {
    let excludes =
        |one: &Arg, other: &Arg| verb.get_arg_conflicts_with(one).iter().any(|arg| arg.get_id() == other.get_id());
    typed.get_id() == key.get_id()
        || typed.is_positional() && key.is_positional()
        || excludes(typed, key)
        || excludes(key, typed)
}

fn read(path: &Path) -> Result<Table, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| {
        Failure::bad_words(format!(
            "cannot read the configuration {}: {}; check the path",
            path.display(),
            crate::net::Reason(&e)
        ))
    })?;
    text.parse().map_err(|e: toml::de::Error| {
        let at = e.span().map_or(0, |span| text[..span.start].matches('\n').count());
        let line = crate::event::Untrusted::text(text.lines().nth(at).unwrap_or_default().trim().as_bytes());
        Failure::bad_words(format!("{}:{}: {} in `{line}`", path.display(), at + 1, e.message()))
    })
}

/// A flag by its long name; the services, which have none, by theirs.
fn arg_of<'c>(verb: &'c Command, key: &str) -> Option<&'c Arg> {
    verb.get_arguments().find(|arg| key_of(arg) == Some(key))
}

/// `--config` inside a file would make no sense, nor would what ends the program at once.
fn key_of(arg: &Arg) -> Option<&str> {
    let reading = matches!(arg.get_id().as_str(), "config" | "help" | "version" | "list");
    let name = if arg.is_positional() { Some(arg.get_id().as_str()) } else { arg.get_long() };
    name.filter(|_| !reading)
}

fn unknown_key(path: &Path, verb: &Command, key: &str) -> Failure {
    let mut keys: Vec<&str> = verb.get_arguments().filter_map(key_of).collect();
    keys.sort_unstable();
    Failure::bad_words(format!("{}: there is no key `{key}`; the keys are {}", path.display(), keys.join(", ")))
}

/// The words that somebody would have typed.
fn words_of(arg: &Arg, value: &Value) -> Result<Vec<OsString>, &'static str> {
    let takes_value = !matches!(arg.get_action(), ArgAction::SetTrue | ArgAction::Count);
    let word = |value: &Value| -> Result<OsString, &'static str> {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Integer(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            _ => return Err("takes a text or a number"),
        };
        match arg.get_long() {
            Some(long) => Ok(format!("--{long}={text}").into()),
            None if text.starts_with('-') => Err("takes words, not flags"),
            None => Ok(text.into()),
        }
    };
    match (value, takes_value) {
        (Value::Boolean(false), false) => Ok(Vec::new()),
        (Value::Boolean(true), false) => {
            Ok(arg.get_long().map(|long| format!("--{long}").into()).into_iter().collect())
        }
        (_, false) => Err("is true or false"),
        (Value::Array(values), true) if matches!(arg.get_action(), ArgAction::Append) => {
            values.iter().map(word).collect()
        }
        (Value::Array(_), true) => Err("takes one value"),
        (value, true) => Ok(vec![word(value)?]),
    }
}
