//! The command line: words become plans. The only room that knows clap, and the only one that reads arguments,
//! environment and configuration files.

/// `accounts`.
mod accounts;
/// `bench`.
mod bench;
/// What can be said about the room of `chat`.
mod chat;
/// `check`.
mod check;
/// Keys of a configuration file, which stand in for flags that were not typed.
mod config;
/// `connect`.
mod connect;
/// Where data is kept.
mod data;
/// What both verbs say about where events go.
mod events;
/// Which IP families.
mod family;
/// What `serve` is told about `login`.
mod login;
/// Durations, sizes and counts.
mod quantity;
/// Whether reports can be written where they are to go.
mod report_files;
/// `scan`.
mod scan;
/// What makes chance repeatable.
mod seed;
/// `serve`.
mod serve;
/// `store`.
mod store;

use std::error::Error;
use std::ffi::OsString;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::error::{ContextKind, ErrorKind};
use clap::{Arg, Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::commands::{self, Exit, Failure, Paint, Plan, Talk, Volume};

/// The other end of the socket: answers, talks, presses, looks, judges, and tells you honestly what happened.
#[derive(Debug, Parser)]
#[command(name = "sockeye", version, max_term_width = 100, disable_help_subcommand = true, after_help = EXAMPLES)]
struct Words {
    #[command(flatten)]
    manners: Manners,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Serve(Box<serve::Words>),
    Connect(Box<connect::Words>),
    Bench(Box<bench::Words>),
    Scan(Box<scan::Words>),
    Check(Box<check::Words>),
    Accounts(Box<accounts::Words>),
    Store(store::Words),
    /// Print completions for a shell
    Completions {
        shell: clap_complete::Shell,
    },
    /// Print the man page of sockeye, or of one verb, such as serve or store-dump
    Man {
        verb: Option<String>,
    },
}

/// How we speak: the same for every verb.
#[derive(Debug, Args)]
#[command(next_help_heading = "Talk")]
struct Manners {
    /// Say nothing on stderr, except about wrong words
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Say more on stderr
    #[arg(short, long, global = true)]
    verbose: bool,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: When,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

/// Runs the program that the words ask for.
pub(crate) fn run(words: impl IntoIterator<Item = OsString>) -> Exit {
    match parse(words) {
        Ok((plan, talk)) => commands::run(plan, talk),
        Err(Refusal::Clap(error)) => refuse(&error),
        Err(Refusal::Sentence(failure)) => {
            Talk { volume: Volume::Normal, paint: Paint::Never }.say(&failure.sentence);
            failure.exit
        }
    }
}

/// Why words make no plan.
enum Refusal {
    /// They do not fit the grammar, or ask for help.
    Clap(clap::Error),
    /// They fit it and make no sense.
    Sentence(Failure),
}

impl From<clap::Error> for Refusal {
    fn from(error: clap::Error) -> Self {
        Self::Clap(error)
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Sentence(failure)
    }
}

fn parse(words: impl IntoIterator<Item = OsString>) -> Result<(Plan, Talk), Refusal> {
    let words: Vec<OsString> = words.into_iter().collect();
    // Not in the grammar, which takes longer to be made than a program to be started.
    if words.get(1).is_some_and(|verb| verb == commands::launched::VERB) {
        return Ok((Plan::Launched(words[2..].to_vec()), Talk { volume: Volume::Quiet, paint: Paint::Never }));
    }
    let words = scan::spelled_out(words);
    let typed = command().try_get_matches_from(&words)?;
    let matches = config::complete(&command(), &words, typed)?;
    let Words { manners, verb } = Words::from_arg_matches(&matches)?;
    let talk = manners.talk();
    let plan = match verb {
        Verb::Serve(words) => words.plan(talk)?,
        Verb::Connect(words) => words.plan(talk)?,
        Verb::Bench(words) => words.plan()?,
        Verb::Scan(words) => words.plan()?,
        Verb::Check(words) => words.plan()?,
        Verb::Accounts(words) => words.plan(),
        Verb::Store(words) => words.plan(),
        Verb::Completions { shell } => Plan::Print(completions(shell)),
        Verb::Man { verb } => Plan::Print(man(verb.as_deref())?),
    };
    Ok((plan, talk))
}

/// The grammar. A value that begins with a minus gets our own answer, not clap's about flags.
fn command() -> Command {
    let takes_value = |arg: &Arg| arg.get_action().takes_values() && !arg.is_positional();
    let lenient = |arg: Arg| if takes_value(&arg) { arg.allow_negative_numbers(true) } else { arg };
    Words::command().mut_subcommands(|verb| verb.mut_args(lenient))
}

impl Manners {
    fn talk(&self) -> Talk {
        let volume = match (self.quiet, self.verbose) {
            (true, _) => Volume::Quiet,
            (_, true) => Volume::Verbose,
            _ => Volume::Normal,
        };
        // https://no-color.org: present and not empty, whatever it holds.
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let paint = match self.color {
            When::Always => Paint::Always,
            When::Never => Paint::Never,
            When::Auto if no_color => Paint::Never,
            When::Auto => Paint::Auto,
        };
        Talk { volume, paint }
    }
}

/// Help and version go to stdout and are no failure. Everything else is cut to its one sentence and the way out.
fn refuse(error: &clap::Error) -> Exit {
    if !error.use_stderr() {
        // A closed stdout ends quietly.
        let _ = error.print();
        return Exit::Done;
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
        return Exit::BadWords;
    }
    Talk { volume: Volume::Normal, paint: Paint::Never }.say(&sentence(error));
    Exit::BadWords
}

/// What clap spreads over paragraphs, in one line: the error and its tips. A value that was refused is told in our own
/// words, which know the way out.
fn sentence(error: &clap::Error) -> String {
    if let (ErrorKind::ValueValidation, Some(why)) = (error.kind(), error.source()) {
        let word = |kind| error.get(kind).map(ToString::to_string).unwrap_or_default();
        let (arg, value) = (word(ContextKind::InvalidArg), word(ContextKind::InvalidValue));
        let flag = arg.split([' ', '[']).next().filter(|flag| flag.starts_with('-'));
        return flag.map_or_else(|| why.to_string(), |flag| format!("{flag} {value}: {why}"));
    }
    if let (ErrorKind::MissingRequiredArgument, Some(missing)) = (error.kind(), error.get(ContextKind::InvalidArg)) {
        return format!("{missing} is missing; try --help");
    }
    let text = error.to_string();
    let wanted = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"))
        .filter(|line| !line.is_empty());
    let joined = wanted.collect::<Vec<_>>().join(" ");
    let plain = joined.strip_prefix("error: ").unwrap_or(&joined);
    format!("{}; try --help", plain.replace(" tip: ", "; "))
}

/// One of a few values, by its name.
fn one_of<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    let find = move |word: String| all.iter().copied().find(|one| name(*one) == word);
    PossibleValuesParser::new(all.iter().map(|one| name(*one)))
        .map(move |word| find(word).expect("no other word gets past the parser"))
}

fn completions(shell: clap_complete::Shell) -> Vec<u8> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Words::command(), "sockeye", &mut text);
    text
}

fn man(verb: Option<&str>) -> Result<Vec<u8>, Failure> {
    let mut command = Words::command();
    command.build();
    let command = match verb {
        None => command,
        Some(verb) => subcommand(&command, verb)?,
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut text)
        .map_err(|e| Failure::failed(format!("cannot make the man page: {e}")))?;
    Ok(text)
}

fn subcommand(command: &Command, verb: &str) -> Result<Command, Failure> {
    let verbs: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
    // That of `store dump` is sockeye-store-dump(1).
    let found = verb.split('-').try_fold(command, |command, word| command.find_subcommand(word));
    let found = found
        .cloned()
        .ok_or_else(|| Failure::bad_words(format!("no verb is called `{verb}`; there are {}", verbs.join(", "))))?;
    Ok(found.display_name(format!("sockeye-{verb}")).name(format!("sockeye-{verb}")))
}

const EXAMPLES: &str = "\
Examples:
  sockeye serve echo                      an echo server on localhost:5555, every event a line
  sockeye connect 5555                    talk to it, line by line
  sockeye connect 5555 <question >answer  the same as a pipe
  sockeye connect 5555 --payload 100KiB   send 102400 bytes, receive them back, check each one
  sockeye bench 5555                      press it, check every byte, say how fast it was
  sockeye scan 192.168.1.0/24 -p 22,80    which of these ports are open
  sockeye check echo -- python3 server.py judge a program that somebody wrote
  sockeye serve --help                    every option of a verb";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_are_sound() {
        Words::command().debug_assert();
    }

    #[test]
    fn a_refusal_is_one_line_with_the_way_out() {
        let error = Words::command().try_get_matches_from(["sockeye", "serve", "--wrokers", "2"]).unwrap_err();
        let sentence = sentence(&error);
        assert_eq!(sentence.lines().count(), 1);
        assert!(sentence.contains("--workers"), "{sentence}");
    }
}
