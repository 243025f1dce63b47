//! The words of `bench`.

/// What is said to the server, and how long each of it is.
mod saying;

use std::fmt::Display;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};

use super::family::FamilyWords;
use super::quantity;
use crate::bench::{Condition, Connecting, Crowd, Load, Needs, Pace, Spacing, Stop, per_second};
use crate::commands::bench::{self, CommandLine, Deed, Form, Live, PORT, Reaching, Reports, Server, StartPlace};
use crate::commands::{Failure, Plan};
use crate::net::{Address, Families};
use saying::SayingWords;

/// Press a server that sends back what it gets, check every byte of that, and say how fast it was
///
/// Times are those from when a message was due (response) and from when it went out (service). The verdict says what
/// kept the figures from being higher: the server, the network, or this program, which then ends with 3.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true, subcommand_value_name = "compare A.json B.json")]
#[command(subcommand_help_heading = "Runs of the past")]
pub(super) struct Words {
    #[command(subcommand)]
    past: Option<Past>,
    /// HOST:PORT, PORT, [IPV6]:PORT or unix:PATH of a server that runs
    #[arg(value_name = "ADDR")]
    address: Option<Address>,
    #[command(flatten)]
    load: LoadWords,
    #[command(flatten)]
    saying: SayingWords,
    #[command(flatten)]
    end: EndWords,
    #[command(flatten)]
    connection: ConnectionWords,
    #[command(flatten)]
    server: ServerWords,
    #[command(flatten)]
    judging: JudgingWords,
    #[command(flatten)]
    reports: ReportWords,
    /// Read flags from a TOML file: the same names as here
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Past {
    /// Hold two runs beside each other that --json wrote
    Compare {
        /// The run to compare with
        #[arg(value_name = "A.json")]
        a: PathBuf,
        /// The run that is compared
        #[arg(value_name = "B.json")]
        b: PathBuf,
        /// As JSON
        #[arg(long)]
        json: bool,
        /// Write one page with both runs in each plot
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Load")]
struct LoadWords {
    /// How many connections
    #[arg(short, long, value_name = "N", default_value = "50", value_parser = connections)]
    connections: usize,
    /// How many threads press [default: half the processors]
    #[arg(long, value_name = "N", value_parser = workers)]
    workers: Option<usize>,
    /// How many messages may be under way on a connection [default: 1]
    #[arg(long, value_name = "N", value_parser = depth)]
    depth: Option<u32>,
    /// So many messages a second in all, whether answers come or not [default: the next when an answer has come]
    #[arg(long, value_name = "N", value_parser = rate)]
    rate: Option<f64>,
    /// Let the messages of a rate come by chance, as from many people
    #[arg(long)]
    poisson: bool,
    /// As many messages under way as the connection takes, for throughput
    #[arg(long, conflicts_with_all = ["rate", "depth", "churn"])]
    stream: bool,
    /// A new connection for each message
    #[arg(long, conflicts_with = "depth")]
    churn: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "End")]
struct EndWords {
    /// Measure for so long [default: 10s, where nothing else ends it]
    #[arg(short, long, value_name = "DURATION", value_parser = quantity::positive_duration)]
    duration: Option<Duration>,
    /// Until so many messages have been answered
    #[arg(short = 'n', long, value_name = "N", value_parser = positive)]
    messages: Option<u64>,
    /// Until so many bytes have been sent
    #[arg(long, value_name = "SIZE", value_parser = positive_size)]
    bytes: Option<u64>,
    /// The same load before that, not measured [default: 1s; 0 with --messages or --bytes]
    #[arg(long, value_name = "DURATION", value_parser = quantity::duration)]
    warmup: Option<Duration>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
struct ConnectionWords {
    #[command(flatten)]
    family: FamilyWords,
    /// Connect from these local addresses in turn; several with commas
    #[arg(long, value_name = "IP", value_delimiter = ',', value_parser = source)]
    source: Vec<IpAddr>,
    /// At most so many new connections a second [default: as many as the server takes]
    #[arg(long, value_name = "N", value_parser = rate)]
    connect_rate: Option<f64>,
    /// Hold so many more connections open that say nothing
    #[arg(long, value_name = "N", default_value = "0", value_parser = held)]
    hold: usize,
    /// Give up a connection that is not made for so long
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = quantity::positive_duration)]
    connect_timeout: Duration,
    /// Give up a connection on which an answer is due and nothing comes for so long
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = quantity::positive_duration)]
    idle_timeout: Duration,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Server")]
struct ServerWords {
    /// Report what this process uses: CPU for each message, memory, context switches
    #[arg(long, value_name = "PID", value_parser = pid, conflicts_with = "serve")]
    server_pid: Option<u32>,
    /// Start the server, wait until it listens, and stop it at the end; without ADDR it is told a free port of 127.0.0.1
    #[arg(long, value_name = "COMMAND {port}", value_parser = command_line)]
    serve: Option<CommandLine>,
    /// Compare with this server: both in turn, and the ratio of each round
    #[arg(long, value_name = "COMMAND {port}", value_parser = command_line, requires = "serve")]
    #[arg(conflicts_with_all = ["find_rate", "fail_if", "csv", "hgrm"])]
    vs: Option<CommandLine>,
    /// How many rounds --vs takes, each as long as a run alone [default: 10]
    #[arg(long, value_name = "N", value_parser = rounds, requires = "vs")]
    rounds: Option<u32>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Judging")]
struct JudgingWords {
    /// Find the highest rate that keeps this, such as 'p99<2ms'
    #[arg(long, value_name = "CONDITION", conflicts_with_all = ["rate", "stream"])]
    find_rate: Option<Condition>,
    /// End with 1 where one of these holds, such as 'p99>2ms' 'errors>0' 'rate<0.99'
    ///
    /// Of response time: p50, p90, p99, p99.9, p99.99, max, mean; of other times the same with service., connect.,
    /// first-byte. or lag. in front. Then errors, rate (messages a second; 0.99 or 99% is of --rate) and server-cpu (time
    /// for each message).
    #[arg(long, value_name = "CONDITION", num_args = 1..)]
    fail_if: Vec<Condition>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Reports")]
struct ReportWords {
    /// As JSON, which `compare` reads
    #[arg(long)]
    json: bool,
    /// Write a line for each second
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write percentiles as HdrHistogram's plotter reads them
    #[arg(long, value_name = "FILE")]
    hgrm: Option<PathBuf>,
    /// Write one page with plots
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Show the run on the whole terminal instead of in a line
    #[arg(long)]
    screen: bool,
}

impl Words {
    pub(super) fn plan(mut self) -> Result<Plan, Failure> {
        if let Some(past) = self.past.take() {
            return past.plan().map(Plan::Compare);
        }
        self.check_poisson()?;
        self.check_gates()?;
        let families = self.connection.family.families();
        let plan = bench::Plan {
            reaching: Reaching { families, timeout: self.connection.connect_timeout },
            gates: self.judging.fail_if.clone(),
            deed: self.deed()?,
            reports: self.reports.reports()?,
            // Last, since it reads files.
            load: self.load()?,
        };
        Ok(Plan::Bench(Box::new(plan)))
    }

    fn check_poisson(&self) -> Result<(), Failure> {
        if self.load.poisson && self.load.rate.is_none() && self.judging.find_rate.is_none() {
            return Err(Failure::bad_words(
                "--poisson is how the messages of a rate come; add --rate or --find-rate, or leave it out",
            ));
        }
        Ok(())
    }

    /// What is asked of a run has to be measured by it.
    fn check_gates(&self) -> Result<(), Failure> {
        let has_rate = self.load.rate.is_some() || self.judging.find_rate.is_some();
        let has_process = self.server.server_pid.is_some() || self.server.serve.is_some();
        let gates = self.judging.fail_if.iter().map(|gate| ("--fail-if", gate));
        for (flag, gate) in gates.chain(self.judging.find_rate.iter().map(|keeps| ("--find-rate", keeps))) {
            let lacking = match gate.needs() {
                Needs::AskedRate if !has_rate => "is a share of a rate that nobody asked for; add --rate",
                Needs::ServerProcess if !has_process => "is about the server's process; add --server-pid or --serve",
                _ => continue,
            };
            return Err(Failure::bad_words(format!("{flag} {gate}: it {lacking}")));
        }
        Ok(())
    }

    fn deed(&self) -> Result<Deed, Failure> {
        if let (Some(one), Some(other)) = (&self.server.serve, &self.server.vs) {
            let pair = [one.clone(), other.clone()];
            let rounds = self.server.rounds.unwrap_or(USUAL_ROUNDS);
            return Ok(Deed::Versus { place: self.start_place(&pair)?, pair, rounds });
        }
        let server = self.server()?;
        match &self.judging.find_rate {
            None => Ok(Deed::Once(server)),
            Some(keeps) if keeps.is_kept_by_less_load() => {
                Ok(Deed::Find { server, keeps: keeps.clone(), spacing: self.load.spacing() })
            }
            Some(keeps) => Err(Failure::bad_words(format!(
                "--find-rate {keeps}: less load does not keep it, so there is no highest rate; write p99<2ms, errors<=0 \
                 or rate>0.99"
            ))),
        }
    }

    fn server(&self) -> Result<Server, Failure> {
        match (&self.server.serve, self.address()?) {
            (Some(command), _) => {
                let place = self.start_place(std::slice::from_ref(command))?;
                Ok(Server::Started { command: command.clone(), place })
            }
            (None, Some(address)) => Ok(Server::Running { address, pid: self.server.server_pid }),
            (None, None) => Err(Failure::bad_words(
                "there is no address; write HOST:PORT of a server, or start one with --serve 'COMMAND {port}'",
            )),
        }
    }

    /// Where all of these can be told to listen.
    fn start_place(&self, commands: &[CommandLine]) -> Result<StartPlace, Failure> {
        let refuse = |command: &CommandLine, why: &str| Failure::bad_words(format!("`{}` {why}", command.text));
        match self.address()? {
            None => match commands.iter().find(|command| !command.has_port()) {
                None => Ok(StartPlace::FreePort),
                Some(deaf) => Err(refuse(
                    deaf,
                    "has no {port} for the free port that is chosen; write {port} in it, or the address it listens on \
                     as ADDR",
                )),
            },
            Some(address) if address.port().is_none() => match commands.iter().find(|command| command.has_port()) {
                None => Ok(StartPlace::Named(address)),
                Some(_) => Err(Failure::bad_words(format!(
                    "{PORT} stands for a port, and a Unix socket has none; write its path into the command"
                ))),
            },
            Some(address) => Ok(StartPlace::Named(address)),
        }
    }

    /// ADDR, where there is one and it can be reached as the other words say.
    fn address(&self) -> Result<Option<Address>, Failure> {
        match &self.address {
            Some(address) if address.port() == Some(0) => Err(Failure::bad_words(
                "nobody can be reached at port 0; name the server's port, or leave ADDR out with --serve 'COMMAND {port}'",
            )),
            Some(Address::Unix(_)) if !self.connection.source.is_empty() => {
                Err(Failure::bad_words("--source is for TCP, and a Unix socket has no local IP address; leave it out"))
            }
            address => Ok(address.clone()),
        }
    }

    fn load(self) -> Result<Load, Failure> {
        Ok(Load {
            pace: self.load.pace(),
            stop: self.end.stop(),
            warmup: self.end.warmup(),
            patience: self.connection.idle_timeout,
            crowd: self.connection.crowd(&self.load)?,
            workload: self.saying.workload(self.load.connecting())?,
        })
    }
}

impl Past {
    fn plan(self) -> Result<bench::Compare, Failure> {
        let Self::Compare { a, b, json, html } = self;
        if [&a, &b].iter().any(|read| html.as_ref() == Some(*read)) {
            return Err(Failure::bad_words("--html would overwrite one of the runs; give it a file of its own"));
        }
        check_paths(&[("--html", html.as_deref())])?;
        Ok(bench::Compare { a, b, stdout: form(json), html })
    }
}

impl LoadWords {
    fn pace(&self) -> Pace {
        let depth = self.depth.unwrap_or(1);
        match self.rate {
            Some(rate) => Pace::Open { rate, spacing: self.spacing(), depth },
            None => Pace::Closed { depth: (!self.stream).then_some(depth) },
        }
    }

    fn spacing(&self) -> Spacing {
        if self.poisson { Spacing::Poisson } else { Spacing::Even }
    }

    fn connecting(&self) -> Connecting {
        if self.churn { Connecting::Anew } else { Connecting::Once }
    }

    /// The other half of the processors is for a server beside us, and a worker without a connection has no work.
    fn workers(&self) -> usize {
        let half = std::thread::available_parallelism().map_or(1, |all| all.get() / 2);
        self.workers.unwrap_or_else(|| half.min(self.connections).clamp(1, MOST_WORKERS))
    }
}

impl EndWords {
    fn stop(&self) -> Stop {
        let usual = (!self.is_counted()).then_some(USUAL_DURATION);
        Stop { after: self.duration.or(usual), messages: self.messages, bytes: self.bytes }
    }

    fn warmup(&self) -> Duration {
        let usual = if self.is_counted() { Duration::ZERO } else { USUAL_WARMUP };
        self.warmup.unwrap_or(usual)
    }

    fn is_counted(&self) -> bool {
        self.messages.is_some() || self.bytes.is_some()
    }
}

impl ConnectionWords {
    fn crowd(&self, load: &LoadWords) -> Result<Crowd, Failure> {
        let families = self.family.families();
        if let Some(other) = self.source.iter().find(|source| !is_of(families, source)) {
            return Err(Failure::bad_words(format!(
                "--source {other} is of the other family; leave -4 and -6 out, or name another address"
            )));
        }
        Ok(Crowd {
            connections: load.connections,
            held: self.hold,
            connect_rate: self.connect_rate,
            sources: self.source.clone(),
            workers: load.workers(),
        })
    }
}

fn is_of(families: Families, ip: &IpAddr) -> bool {
    match families {
        Families::Both => true,
        Families::V4 => ip.is_ipv4(),
        Families::V6 => ip.is_ipv6(),
    }
}

impl ReportWords {
    fn reports(&self) -> Result<Reports, Failure> {
        check_paths(&[
            ("--csv", self.csv.as_deref()),
            ("--hgrm", self.hgrm.as_deref()),
            ("--html", self.html.as_deref()),
        ])?;
        Ok(Reports {
            stdout: form(self.json),
            csv: self.csv.clone(),
            hgrm: self.hgrm.clone(),
            html: self.html.clone(),
            live: if self.screen { Live::Screen } else { Live::Line },
        })
    }
}

fn form(json: bool) -> Form {
    if json { Form::Json } else { Form::Text }
}

/// Each report has a file of its own; stdout is taken.
fn check_paths(reports: &[(&str, Option<&Path>)]) -> Result<(), Failure> {
    let named: Vec<(&str, &Path)> = reports.iter().filter_map(|(flag, path)| path.map(|path| (*flag, path))).collect();
    for (at, (flag, path)) in named.iter().enumerate() {
        if path.as_os_str() == "-" {
            return Err(Failure::bad_words(format!("{flag} -: stdout is for the report; name a file")));
        }
        if let Some((earlier, _)) = named[..at].iter().find(|(_, other)| other == path) {
            return Err(Failure::bad_words(format!(
                "{earlier} and {flag} would be written to one place, {}; give each a file of its own",
                path.display()
            )));
        }
    }
    Ok(())
}

fn connections(word: &str) -> Result<usize, String> {
    within(quantity::count(word)?, 1..=MOST_CONNECTIONS)
}

fn held(word: &str) -> Result<usize, String> {
    within(quantity::count(word)?, 0..=MOST_CONNECTIONS)
}

fn workers(word: &str) -> Result<usize, String> {
    within(quantity::count(word)?, 1..=MOST_WORKERS)
}

fn depth(word: &str) -> Result<u32, String> {
    within(quantity::count(word)?, 1..=MOST_DEPTH)
}

fn rounds(word: &str) -> Result<u32, String> {
    within(quantity::count(word)?, FEWEST_ROUNDS..=MOST_ROUNDS)
}

fn positive(word: &str) -> Result<u64, String> {
    within(quantity::count(word)?, 1..=u64::MAX)
}

fn positive_size(word: &str) -> Result<u64, String> {
    match quantity::size(word)? {
        0 => Err("it must be at least 1 byte".into()),
        size => Ok(size),
    }
}

/// A number in its bounds, as small as they are.
fn within<T: TryFrom<u64> + PartialOrd + Display + Copy>(number: u64, bounds: RangeInclusive<T>) -> Result<T, String> {
    let found = T::try_from(number).ok().filter(|number| bounds.contains(number));
    found.ok_or_else(|| format!("it must be from {} to {}", bounds.start(), bounds.end()))
}

fn rate(word: &str) -> Result<f64, String> {
    let rate = per_second(word).ok_or("it is no rate; write 500, 50k or 0.5 messages a second")?;
    if rate > 0.0 && rate <= MOST_RATE { Ok(rate) } else { Err("it must be more than 0 and at most 10M".into()) }
}

fn pid(word: &str) -> Result<u32, String> {
    let pid = word.parse().ok().filter(|pid| (1..=i32::MAX as u32).contains(pid));
    pid.ok_or_else(|| "it is no process; write the number that `pidof` or `ps` says".into())
}

fn source(word: &str) -> Result<IpAddr, String> {
    word.trim_matches(['[', ']']).parse().map_err(|_| "it is no IP address; write 192.0.2.1 or ::1".into())
}

fn command_line(word: &str) -> Result<CommandLine, String> {
    CommandLine::new(word).ok_or_else(|| {
        "it is no command; write a program and its arguments, close each quote, and {port} where the port goes".into()
    })
}

const USUAL_DURATION: Duration = Duration::from_secs(10);
/// A server has its memory and its caches after that, and TCP its window.
const USUAL_WARMUP: Duration = Duration::from_secs(1);
const USUAL_ROUNDS: u32 = 10;
/// An interval for a median needs some values around it.
const FEWEST_ROUNDS: u32 = 3;
const MOST_ROUNDS: u32 = 1000;
/// A message has 18 bits for the number of its connection.
const MOST_CONNECTIONS: usize = (1 << 18) - 1;
const MOST_WORKERS: usize = 256;
/// As many as a socket's usual buffers hold of the smallest messages, and more than any protocol needs.
const MOST_DEPTH: u32 = 1 << 16;
/// A message each 100 ns, which no single machine makes.
const MOST_RATE: f64 = 10e6;

const EXAMPLES: &str = "\
Examples:
  sockeye bench 5555                                      50 connections, as fast as answers come, for 10 s
  sockeye bench 5555 -c 1k -s 64 --depth 8 -d 1m          more of everything
  sockeye bench 5555 --rate 50k --poisson                 50000 messages a second, whatever the server does
  sockeye bench 5555 --rate 50k --fail-if 'p99>2ms' 'rate<0.99'
                                                          end with 1 where it is too slow
  sockeye bench --serve './echo {port}' --find-rate 'p99<2ms'
                                                          the highest rate that keeps it
  sockeye bench --serve './old {port}' --vs './new {port}' -d 2s
                                                          which of two servers is faster
  sockeye bench 5555 --json >a.json                       a run to keep
  sockeye bench compare a.json b.json --html ab.html      two of them beside each other
Exit codes: 0 done, 1 a fault or --fail-if, 2 bad words, 3 this program was the limit, 130/143 stopped by a signal.";

#[cfg(test)]
mod tests;
