//! The words of `connect`.

use std::io::IsTerminal;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::data::{DataWords, platform_dir};
use super::events::EventWords;
use super::family::FamilyWords;
use super::{quantity, seed};
use crate::client::{LineEnd, Speech};
use crate::commands::connect::{self, Dialogue, Dump, Entrance, Events, Game, Place};
use crate::commands::{Failure, Plan, Talk, Volume};
use crate::event::Level;
use crate::event::sinks::Format;
use crate::framing::{Delimiter, Framing};
use crate::net::{Address, Dial};
use crate::store;

/// Talk to a server, line by line, as a pipe, or with data that checks itself
///
/// On a terminal it edits lines and remembers them, except those that begin with a space or are commands with a
/// password: `exit` or Ctrl-D ends, Ctrl-C stops. Otherwise stdin goes to the server and what comes back to stdout, byte
/// for byte; events are then told only with --verbose or --log.
///
/// With the word `login` in front, it asks for name and password, unseen, at a server of `serve login` (localhost:5562
/// where no address is given), keeps a token for the next visit, and goes on as without it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, mut_arg("log", |arg| arg.help("Append events to FILE instead of stderr")))]
#[command(mut_arg("data", |arg| arg.help("Where `login` keeps its token [default: the platform's data folder]")))]
pub(super) struct Words {
    // Not a doc comment: rustdoc would take the brackets for a link.
    #[arg(id = "address", value_name = "[login|rps|chat] ADDR [PORT]", num_args = 0..=3, help = ADDRESS)]
    words: Vec<String>,
    /// Ask for host and port
    #[arg(long)]
    ask: bool,
    /// Send lines with CRLF at their ends
    #[arg(long)]
    crlf: bool,
    /// Send each line as one message, and show each message as one line; burst passes everything as it comes, which is
    /// also the default
    #[arg(long, value_name = "FRAMING", value_parser = super::one_of(&Framing::ALL, Framing::name))]
    framing: Option<Framing>,
    /// Dump what passes both ways on stderr, with offsets and times
    #[arg(long)]
    hex: bool,
    /// With chat: line by line, as without a terminal, instead of on the whole screen; for screen readers
    #[arg(long)]
    plain: bool,
    /// Read flags from a TOML file: the same names as here
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    data: DataWords,
    #[command(flatten)]
    connection: ConnectionWords,
    #[command(flatten)]
    payload: PayloadWords,
    #[command(flatten)]
    events: EventWords,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
struct ConnectionWords {
    #[command(flatten)]
    family: FamilyWords,
    /// Connect from this local address, or address and port
    #[arg(long, value_name = "IP[:PORT]", value_parser = source)]
    source: Option<SocketAddr>,
    /// Give up when nobody answers for so long
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = quantity::positive_duration)]
    connect_timeout: Duration,
    /// Fail when nothing moves in either direction for so long [default: never; 10s with --payload]
    #[arg(long, value_name = "DURATION", value_parser = quantity::positive_duration)]
    idle_timeout: Option<Duration>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Payload")]
struct PayloadWords {
    /// Send so much generated data, receive it back and check every byte
    #[arg(long, value_name = "SIZE", value_parser = quantity::size)]
    #[arg(conflicts_with_all = ["ask", "crlf", "framing", "hex"])]
    payload: Option<u64>,
    /// How many clients do it at once
    #[arg(long, value_name = "N", default_value = "1", requires = "payload", value_parser = quantity::positive_count)]
    clients: usize,
    /// Generate the same data as the run that printed this seed
    #[arg(long, value_name = "S", requires = "payload")]
    seed: Option<u64>,
}

impl Words {
    pub(super) fn plan(self, talk: Talk) -> Result<Plan, Failure> {
        let events = Events {
            level: self.level(talk),
            format: self.events.format(talk, |talk| Format::Words(talk.paint.on(&std::io::stderr()))),
            log: self.events.log.clone(),
        };
        let plan = connect::Plan {
            place: self.place()?,
            dial: self.connection.dial(),
            idle: self.connection.idle_timeout,
            words: self.words()?,
            events,
        };
        Ok(Plan::Connect(plan))
    }

    fn level(&self, talk: Talk) -> Level {
        let beside_what_is_said = self.events.log.is_none() && talk.volume < Volume::Verbose;
        match self.mode() {
            // The bytes for a login server may be a password, and their number tells how long it is.
            Mode::Login => self.events.level_or(Level::Connections).min(Level::Connections),
            // Who has a room read aloud wants no bytes counted between two messages.
            Mode::Chat if beside_what_is_said => self.events.level_or(Level::Connections),
            Mode::Plain | Mode::Rps | Mode::Chat => self.events.level_or(Level::Messages),
        }
    }

    /// The mode, the words behind its name, and its port.
    fn mode_words(&self) -> (Mode, &[String], u16) {
        let named = self.words.first().and_then(|word| MODES.iter().find(|(name, ..)| word == name));
        match named {
            Some((_, mode, port)) => (*mode, &self.words[1..], *port),
            None => (Mode::Plain, &self.words, DEFAULT_PORT),
        }
    }

    fn mode(&self) -> Mode {
        self.mode_words().0
    }

    /// Whether a room may have the whole screen. A dump would tear it, and a dumb terminal cannot place its cursor.
    fn may_draw(&self) -> bool {
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        !self.plain && !self.hex && !is_dumb
    }

    fn place(&self) -> Result<Place, Failure> {
        let person = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        let (mode, words, port) = self.mode_words();
        let named = match words {
            [] => None,
            [address] => Some(address.parse()),
            [host, port] => Some(Address::of_words(host, port)),
            [_, _, more, ..] => {
                return Err(Failure::bad_words(format!("`{more}` is one word too many; write HOST PORT or HOST:PORT")));
            }
        };
        let bare = named.is_none() && mode == Mode::Plain;
        let address = named.unwrap_or_else(|| Ok(Address::local(port)));
        let address = address.map_err(|e| Failure::bad_words(e.to_string()))?;
        let asking = self.ask || (bare && person && self.payload.payload.is_none());
        Ok(if asking { Place::Asked(address) } else { Place::Named(address) })
    }

    fn words(&self) -> Result<connect::Words, Failure> {
        let mode = self.mode();
        if self.data.is_named() && mode != Mode::Login {
            return Err(Failure::bad_words(DATA_IS_FOR_LOGIN));
        }
        if self.plain && mode != Mode::Chat {
            return Err(Failure::bad_words(PLAIN_IS_FOR_CHAT));
        }
        if let Some(size) = self.payload.payload {
            return match mode {
                Mode::Plain => {
                    let seed = self.payload.seed.unwrap_or_else(seed::of_the_clock);
                    Ok(connect::Words::Generated { size, clients: self.payload.clients, seed })
                }
                Mode::Login | Mode::Rps | Mode::Chat => Err(Failure::bad_words(PAYLOAD_IS_FOR_ECHO)),
            };
        }
        let (speech, dump) = (self.speech()?, self.dump());
        Ok(match mode {
            Mode::Rps => connect::Words::Game(Game { speech, dump }),
            Mode::Login => {
                // What is typed to a login server may be a password.
                let (history, entrance) = (None, self.entrance()?);
                connect::Words::Dialogue(Dialogue { speech, dump, history, entrance })
            }
            Mode::Chat => {
                // What is said may be for one alone.
                let (history, entrance) = (None, Entrance::Open);
                let dialogue = Dialogue { speech, dump, history, entrance };
                if self.may_draw() { connect::Words::Room(dialogue) } else { connect::Words::Dialogue(dialogue) }
            }
            Mode::Plain => {
                let (history, entrance) = (history(), Entrance::Open);
                connect::Words::Dialogue(Dialogue { speech, dump, history, entrance })
            }
        })
    }

    fn dump(&self) -> Dump {
        if self.hex { Dump::Hex } else { Dump::None }
    }

    /// That of a login server.
    fn entrance(&self) -> Result<Entrance, Failure> {
        match self.data.place() {
            _ if self.hex => Err(Failure::bad_words("--hex would show passwords; leave it out with login")),
            Some(store::Place::Dir(data)) => Ok(Entrance::Login { data }),
            _ => Err(Failure::bad_words("login keeps a token in a folder; name one with --data")),
        }
    }

    fn speech(&self) -> Result<Speech, Failure> {
        match (self.framing, self.crlf) {
            (None | Some(Framing::Burst), true) => Ok(Speech::Bytes(LineEnd::CrLf)),
            (None | Some(Framing::Burst), false) => Ok(Speech::Bytes(LineEnd::Lf)),
            (Some(Framing::Lines), true) => Ok(Speech::Messages(Framing::Lines, Delimiter::CrLf)),
            (Some(Framing::Lines), false) => Ok(Speech::Messages(Framing::Lines, Delimiter::Lf)),
            (Some(framing), false) => Ok(Speech::Messages(framing, Delimiter::None)),
            (Some(framing), true) => Err(Failure::bad_words(format!(
                "--crlf is about line ends, and --framing {framing} has none; leave one of the two out"
            ))),
        }
    }
}

impl ConnectionWords {
    fn dial(&self) -> Dial {
        Dial { families: self.family.families(), source: self.source, timeout: self.connect_timeout }
    }
}

/// An address with a port, or without one for any port.
fn source(word: &str) -> Result<SocketAddr, String> {
    let bare = || word.trim_matches(['[', ']']).parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 0));
    word.parse().or_else(|_| bare()).map_err(|_| "it is no IP address; write 192.0.2.1, ::1 or 192.0.2.1:4000".into())
}

/// In the platform's data directory; `None` where there is no home.
fn history() -> Option<PathBuf> {
    Some(platform_dir()?.join("connect.history"))
}

/// How it is talked, and to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Plain,
    Login,
    Rps,
    Chat,
}

/// The words that ask for the client of a service, and its port.
const MODES: &[(&str, Mode, u16)] =
    &[("login", Mode::Login, 5562), ("rps", Mode::Rps, 5563), ("chat", Mode::Chat, 5564)];

const PAYLOAD_IS_FOR_ECHO: &str =
    "--payload is for servers that send back what they get; leave it out with login, rps and chat";
const PLAIN_IS_FOR_CHAT: &str = "--plain is for chat; everything else is line by line anyway";
const DATA_IS_FOR_LOGIN: &str = "--data is where `connect login` keeps its token; leave it out without login";
const ADDRESS: &str = "HOST:PORT, PORT, [IPV6]:PORT or unix:PATH; asked for on a terminal, else localhost:5555";
/// That of `serve echo`.
const DEFAULT_PORT: u16 = 5555;

const EXAMPLES: &str = "\
Examples:
  sockeye connect 5555                            talk to localhost, line by line
  sockeye connect example.org 80 --crlf <request  send a file with CRLF line ends
  sockeye connect unix:/run/admin.sock            a Unix socket
  sockeye connect 5555 --framing u32be            each line a message behind its length
  sockeye connect 5555 --hex                      see every byte that passes
  sockeye connect login                           log in at localhost:5562, or resume the last session
  sockeye connect rps                             play rock-paper-scissors at localhost:5563
  sockeye connect chat                            talk in the room at localhost:5564, on the whole screen
  sockeye connect 5555 --payload 100KiB           send 102400 bytes and check what comes back
  sockeye connect 5555 --payload 1MiB --clients 8 the same, eight times at once";
