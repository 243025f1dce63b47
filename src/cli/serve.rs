//! `serve`: which services where, and within which limits.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::chat::ChatWords;
use super::data::DataWords;
use super::events::EventWords;
use super::login::LoginWords;
use super::quantity;
use crate::commands::serve::{self, Asking, Wish};
use crate::commands::{Failure, Plan, Talk};
use crate::event::Level;
use crate::event::sinks::{Format, SinkPlan, Target};
use crate::framing::Framing;
use crate::net::byteloop::Copying;
use crate::net::{Address, PortRule};
use crate::server::{Limits, Visits};
use crate::services::{Entry, LARGEST_COLLECTION, Options, SERVICES, names};

/// Answer: serve echo, greet, identify, login, or any others of `--list`
#[derive(Debug, Args)]
#[command(after_help = format!("Services:\n{}\n{EXAMPLES}", list()), mut_arg("data", |arg| arg.help(DATA)))]
pub(super) struct Words {
    /// What to serve, each with an address of its own if need be; `all` is everything
    #[arg(value_name = "SERVICE[=ADDR]", value_parser = service)]
    services: Vec<ServiceWord>,
    // Not a doc comment: rustdoc would take the brackets for a link.
    #[arg(long, value_name = "ADDR", help = ON)]
    on: Vec<Address>,
    /// Where a named port is taken, move on to the next free one
    #[arg(long)]
    next_port: bool,
    /// Ask for host and port
    #[arg(long)]
    ask: bool,
    /// List the services and their ports
    #[arg(long)]
    list: bool,
    /// End after one conversation
    #[arg(long)]
    once: bool,
    /// Write one `SERVICE ADDR` line per listener to FILE once all listen
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Read flags from a TOML file: the same names as here
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// How messages are told apart; `collect`, and `echo` and `upper` in bursts, take bytes as they come
    #[arg(long, value_name = "FRAMING", default_value_t, value_parser = super::one_of(&Framing::ALL, Framing::name), help_heading = "Services")]
    framing: Framing,
    #[command(flatten)]
    data: DataWords,
    /// Take at most SIZE bytes at once
    #[arg(long, value_name = "SIZE", value_parser = chunk, help_heading = "Services")]
    chunk: Option<usize>,
    /// What `prefix` puts in front of a message
    #[arg(long, value_name = "TEXT", default_value_t = Options::default().prefix, help_heading = "Services")]
    prefix: String,
    /// How many bytes `collect` waits for, at most 64MiB
    #[arg(long, value_name = "SIZE", value_parser = collection, default_value = "100KiB", help_heading = "Services")]
    collect: usize,
    /// How long a player of `rps` may take to choose
    #[arg(long, value_name = "DURATION", value_parser = quantity::positive_duration, default_value = "60s", help_heading = "Services")]
    turn_timeout: Duration,
    /// Pass streams through the kernel instead of our memory (Linux): no copies, but a lower rate
    #[arg(long, help_heading = "Services")]
    splice: bool,

    /// Threads that serve [default: one for each core]
    #[arg(long, value_name = "N", value_parser = workers, help_heading = "Limits")]
    workers: Option<usize>,
    /// Turn away who comes when N connections are open
    #[arg(long, value_name = "N", value_parser = quantity::positive_count, help_heading = "Limits")]
    max_conns: Option<usize>,
    /// The same for each IPv4 address and each IPv6 /64
    #[arg(long, value_name = "N", value_parser = quantity::positive_count, help_heading = "Limits")]
    max_conns_per_ip: Option<usize>,
    /// Close a connection on which nothing moves for this long
    #[arg(long, value_name = "DURATION", value_parser = quantity::positive_duration, help_heading = "Limits")]
    idle_timeout: Option<Duration>,
    /// How long conversations may go on after SIGTERM or SIGINT
    #[arg(long, value_name = "DURATION", value_parser = quantity::duration, default_value = "10s", help_heading = "Limits")]
    drain: Duration,

    #[command(flatten)]
    login: LoginWords,
    #[command(flatten)]
    chat: ChatWords,
    #[command(flatten)]
    events: EventWords,
}

/// `echo`, `echo=:5555`, `all`.
#[derive(Clone, Debug)]
struct ServiceWord {
    entries: &'static [Entry],
    address: Option<Address>,
}

fn service(word: &str) -> Result<ServiceWord, String> {
    let (name, address) = word.split_once('=').map_or((word, None), |(name, address)| (name, Some(address)));
    let address = address.map(str::parse).transpose().map_err(|e: crate::net::AddressError| format!("{word}: {e}"))?;
    let at = SERVICES.iter().position(|entry| entry.name == name);
    let entries = match at {
        Some(at) => &SERVICES[at..=at],
        None if name == "all" && address.is_none() => SERVICES,
        None if name == "all" => return Err("`all` takes no address, each service needs its own".into()),
        None => return Err(format!("no service is called `{name}`; there are {} and all", names())),
    };
    Ok(ServiceWord { entries, address })
}

fn chunk(word: &str) -> Result<usize, String> {
    match quantity::size(word)? {
        0 => Err("it must be at least 1 byte".into()),
        size => Ok(usize::try_from(size).unwrap_or(usize::MAX)),
    }
}

fn collection(word: &str) -> Result<usize, String> {
    let size = usize::try_from(quantity::size(word)?).unwrap_or(usize::MAX);
    if size > LARGEST_COLLECTION { Err("it must be at most 64MiB".into()) } else { Ok(size) }
}

fn workers(word: &str) -> Result<usize, String> {
    match quantity::positive_count(word)? {
        number if number > MOST_WORKERS => Err(format!("it must be at most {MOST_WORKERS}")),
        number => Ok(number),
    }
}

impl Words {
    /// # Errors
    /// Where the words fit the grammar and make no sense together.
    pub(super) fn plan(self, talk: Talk) -> Result<Plan, Failure> {
        if self.list {
            return Ok(Plan::Print(list().into_bytes()));
        }
        let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST_WORKERS);
        let console = |talk: Talk| Format::Text(talk.paint.on(&std::io::stdout()));
        let sink = SinkPlan {
            level: self.events.level_or(Level::Messages),
            format: self.events.format(talk, console),
            target: self.events.log.clone().map_or_else(Target::stdout, Target::File),
        };
        let asking = if self.ask { Asking::Yes { other_port: self.rule_for_named() } } else { Asking::No };
        Ok(Plan::Serve(serve::Plan {
            wishes: self.wishes()?,
            options: self.options(),
            data: self.data.place(),
            limits: self.limits(),
            workers: self.workers.unwrap_or_else(cores),
            copying: if self.splice { Copying::Splice } else { Copying::Buffer },
            sink,
            ready_file: self.ready_file,
            drain: self.drain,
            asking,
        }))
    }

    fn options(&self) -> Options {
        let (framing, chunk, prefix, collect) = (self.framing, self.chunk, self.prefix.clone(), self.collect);
        let (flood, admin_socket) = (self.chat.flood(), self.chat.admin_socket.clone());
        let (login, turn_timeout) = (self.login.terms(), self.turn_timeout);
        Options { framing, chunk, prefix, collect, login, flood, admin_socket, turn_timeout }
    }

    fn limits(&self) -> Limits {
        Limits {
            conns: self.max_conns,
            conns_per_ip: self.max_conns_per_ip,
            idle: self.idle_timeout,
            visits: if self.once { Visits::One } else { Visits::Any },
        }
    }

    /// Every service at every address that is meant for it; those that a user named come first, so that a default port
    /// never takes one of theirs.
    fn wishes(&self) -> Result<Vec<Wish>, Failure> {
        let wishes = self.all_wishes();
        if wishes.is_empty() {
            let names = names();
            return Err(Failure::bad_words(format!(
                "no service is named; there are {names} and all, as in `sockeye serve echo`"
            )));
        }
        if self.ask && wishes.len() > 1 {
            return Err(Failure::bad_words("--ask asks for one address; name one service, or its addresses yourself"));
        }
        if !self.on.is_empty() && self.services.iter().all(|word| word.address.is_some()) {
            return Err(Failure::bad_words("--on is for services without an address, and all of them have one"));
        }
        refuse_twice(&wishes)?;
        Ok(wishes)
    }

    fn all_wishes(&self) -> Vec<Wish> {
        let named = |(entry, address): (&'static Entry, &Address)| {
            let (address, rule) = (address.clone(), self.rule_for_named());
            Wish { entry, address, rule }
        };
        let mut wishes: Vec<Wish> = self.named().map(named).collect();
        let taken = wishes.iter().filter_map(|wish| wish.address.port()).collect::<Vec<_>>();
        let unnamed = || self.services.iter().filter(|word| word.address.is_none() && self.on.is_empty());
        let entries = || unnamed().flat_map(|word| word.entries);
        for entry in entries() {
            let neighbours = entries().map(|other| other.port).filter(|port| *port != entry.port);
            let avoid = neighbours.chain(taken.iter().copied()).collect();
            wishes.push(Wish { entry, address: Address::local(entry.port), rule: PortRule::Next { avoid } });
        }
        wishes
    }

    /// What a user put somewhere, with `=ADDR` or `--on`.
    fn named(&self) -> impl Iterator<Item = (&'static Entry, &Address)> {
        self.services.iter().flat_map(|word| {
            let places = word.address.as_ref().map_or(&self.on[..], std::slice::from_ref);
            word.entries.iter().flat_map(move |entry| places.iter().map(move |address| (entry, address)))
        })
    }

    fn rule_for_named(&self) -> PortRule {
        if self.next_port { PortRule::Next { avoid: Vec::new() } } else { PortRule::Exact }
    }
}

/// Two wishes for one place are a mistake, unless one of them is a default that moves on.
fn refuse_twice(wishes: &[Wish]) -> Result<(), Failure> {
    for (at, Wish { entry, address, rule }) in wishes.iter().enumerate() {
        let clashes = |other: &&Wish| {
            let same = *rule == other.rule || entry.name == other.entry.name;
            *address == other.address && address.port() != Some(0) && same
        };
        let Some(other) = wishes[..at].iter().find(clashes) else { continue };
        let (first, second) = (other.entry.name, entry.name);
        let both = if first == second {
            format!("{first} is twice for")
        } else {
            format!("{first} and {second} are both for")
        };
        return Err(Failure::bad_words(format!(
            "{both} {address}; give each an address of its own, as in {second}=ADDR"
        )));
    }
    Ok(())
}

fn list() -> String {
    SERVICES.iter().map(|entry| format!("{:10} {:5}  {}\n", entry.name, entry.port, entry.about)).collect()
}

const DATA: &str =
    "Keep names, accounts and sessions in this folder; `:memory:` keeps nothing [default: the platform's data folder]";
const ON: &str = "Listen here: PORT on localhost, :PORT on every interface, HOST:PORT, [IPV6]:PORT or unix:PATH";
/// More threads than this help nobody on any machine that we know of.
const MOST_WORKERS: usize = 1024;

const EXAMPLES: &str = "\
Examples:
  sockeye serve echo                       on localhost:5555
  sockeye serve echo=:7 upper=[::1]:5000   two services, the first on every interface
  sockeye serve all --log events.log       every service on its own port
  sockeye serve collect --collect 1MiB --once
  sockeye serve chat --events connections  you are its admin, and no bytes are counted between messages
  sockeye serve echo --on unix:/tmp/echo.sock --on 5555
  sockeye serve echo --on 127.0.0.1:0 --ready-file ready   for tests: a free port, and no race

Exit codes: 0 drained after a signal or after --once, 1 failed, 2 bad words, 130/143 stopped by a second signal.";
