//! The words of `bench`.

/// How the server is reached.
mod connection;
/// When something is said.
mod load;
/// Where reports go.
mod reports;
/// What is said, and how long each of it is.
mod saying;

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::quantity;
use super::report_files::check_paths;
use crate::bench::{Condition, Load, Needs, per_second};
use crate::commands::bench::{self, CommandLine, Deed, Form, Server, StartPlace};
use crate::commands::{Failure, Plan};
use crate::net::{Address, AddressError, Families};
use connection::ConnectionWords;
use load::{EndWords, LoadWords};
use reports::ReportWords;
use saying::SayingWords;

/// Press a server that sends back what it gets, check every byte of that, and say how fast it was
///
/// Times are those from when a message was due (response) and from when it went out (service). The verdict says what
/// kept the figures from being higher: the server, the network, or this program, which then ends with 3.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, override_usage = USAGE, args_conflicts_with_subcommands = true)]
#[command(subcommand_help_heading = "Runs of the past")]
pub(super) struct Words {
    #[command(subcommand)]
    past: Option<Past>,
    // Not a doc comment: rustdoc would take the brackets for a link.
    #[arg(id = "address", value_name = "ADDR", num_args = 0.., help = ADDRESS)]
    addresses: Vec<String>,
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

impl Words {
    pub(super) fn plan(mut self) -> Result<Plan, Failure> {
        if let Some(past) = self.past.take() {
            return past.plan().map(Plan::Compare);
        }
        self.check_poisson()?;
        self.check_gates()?;
        let plan = bench::Plan {
            reaching: self.connection.reaching(),
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
        let deaf = commands.iter().find(|command| !command.has_port());
        let hearing = commands.iter().find(|command| command.has_port());
        let refuse = |command: &CommandLine, why: &str| Err(Failure::bad_words(format!("`{}` {why}", command.text)));
        match (self.address()?, deaf, hearing) {
            (None, Some(deaf), _) => refuse(deaf, NO_PORT_IN_COMMAND),
            (None, None, _) if self.connection.family.families() == Families::V6 => Err(Failure::bad_words(NO_IPV4)),
            (None, None, _) => Ok(StartPlace::FreePort),
            (Some(Address::Unix(_)), _, Some(hearing)) => refuse(hearing, NO_PORT_OF_A_SOCKET),
            (Some(address), ..) => Ok(StartPlace::Named(address)),
        }
    }

    /// ADDR, where there is one and it can be reached as the other words say.
    fn address(&self) -> Result<Option<Address>, Failure> {
        let refuse = |why: String| Err(Failure::bad_words(why));
        let address: Address = match self.addresses.as_slice() {
            [] => return Ok(None),
            [one] => one.parse().map_err(|e: AddressError| Failure::bad_words(e.to_string()))?,
            words if words.iter().any(|word| word == "compare") => return refuse(COMPARE_IS_FIRST.into()),
            [_, more, ..] => return refuse(format!("`{more}` is one word too many; write one address, HOST:PORT")),
        };
        match &address {
            address if address.port() == Some(0) => refuse(NOBODY_AT_0.into()),
            Address::Unix(_) if !self.connection.source.is_empty() => refuse(NO_SOURCE.into()),
            _ => Ok(Some(address)),
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
        Ok(bench::Compare { a, b, stdout: if json { Form::Json } else { Form::Text }, html })
    }
}

fn positive(word: &str) -> Result<u64, String> {
    match quantity::count(word)? {
        0 => Err("it must be at least 1".into()),
        count => Ok(count),
    }
}

fn positive_size(word: &str) -> Result<u64, String> {
    match quantity::size(word)? {
        0 => Err("it must be at least 1 byte".into()),
        size => Ok(size),
    }
}

fn rounds(word: &str) -> Result<u32, String> {
    within(quantity::count(word)?, FEWEST_ROUNDS..=MOST_ROUNDS)
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

fn command_line(word: &str) -> Result<CommandLine, String> {
    CommandLine::new(word).ok_or_else(|| {
        "it is no command; write a program and its arguments, close each quote, and {port} where the port goes".into()
    })
}

const USUAL_ROUNDS: u32 = 10;
/// An interval for a median needs some values around it.
const FEWEST_ROUNDS: u32 = 3;
const MOST_ROUNDS: u32 = 1000;
/// A message each 100 ns, which no single machine makes.
const MOST_RATE: f64 = 10e6;
const NOBODY_AT_0: &str = "nobody can be reached at port 0; name the server's port, or leave ADDR out with --serve";
const COMPARE_IS_FIRST: &str = "`compare` goes in front of everything else; write bench compare A.json B.json";
const NO_SOURCE: &str = "--source is for TCP, and a Unix socket has no local IP address; leave it out";
const NO_IPV4: &str = "-6 has no place for a server on 127.0.0.1; leave it out, or name an address, such as [::1]:5555";
const NO_PORT_IN_COMMAND: &str =
    "has no {port} for the free port that is chosen; write {port} in it, or as ADDR where it listens";
const NO_PORT_OF_A_SOCKET: &str = "has {port} in it, and a Unix socket has none; write the path in its place";

const USAGE: &str = "sockeye bench [OPTIONS] ADDR
       sockeye bench [OPTIONS] --serve 'COMMAND {port}'
       sockeye bench compare A.json B.json";

const ADDRESS: &str = "HOST:PORT, PORT, [IPV6]:PORT or unix:PATH of a server that runs";

const EXAMPLES: &str = "\
Examples:
  sockeye bench 5555                              50 connections, as fast as answers come, for 10 s
  sockeye bench 5555 -c 1k -s 64-1400 --depth 8   more of everything
  sockeye bench 5555 --rate 50k --poisson         50000 messages a second, whatever the server does
  sockeye bench 5555 --rate 50k --fail-if 'p99>2ms' 'errors>0' 'rate<0.99'
                                                  end with 1 where one of these holds
  sockeye bench --serve './echo {port}' --find-rate 'p99<2ms'
                                                  the highest rate that keeps it
  sockeye bench --serve './old {port}' --vs './new {port}' -d 2s
                                                  which of two servers is faster
  sockeye bench 5555 --json >a.json               a run to keep
  sockeye bench compare a.json b.json             two of them beside each other

Exit codes: 0 done, 1 something failed or --fail-if, 2 bad words, 3 this program was the limit.";

#[cfg(test)]
mod tests;
