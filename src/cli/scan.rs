//! The words of `scan`.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::num::{NonZeroU16, NonZeroU32};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::family::FamilyWords;
use super::{quantity, seed};
use crate::commands::scan::{self, Deed, Output, Permission, Place};
use crate::commands::{Failure, Plan};
use crate::net::Reason;
use crate::scan::report::{Form, Reasons};
use crate::scan::target::{self, Addresses, Wanted, Word};
use crate::scan::{Ports, Terms};

/// Look which TCP ports of which hosts are open
///
/// Every port ends as open, closed, filtered, unreachable or not tested, and the sums add up: what this machine could
/// not ask is never called closed, and ends with 3. Root is not needed. Scan what is yours, or whose owner agrees.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Words {
    #[command(flatten)]
    targets: TargetWords,
    #[command(flatten)]
    ports: PortWords,
    #[command(flatten)]
    pace: PaceWords,
    #[command(flatten)]
    reports: ReportWords,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Targets")]
struct TargetWords {
    /// A name, an address, 192.0.2.0/24, 2001:db8::/120, 192.0.2.1-20; several with commas or as words
    #[arg(value_name = "TARGET", value_delimiter = ',', required_unless_present = "input_list")]
    targets: Vec<Word>,
    /// -iL FILE: Read more targets from FILE, or from stdin where it is -; what follows a # is a comment
    #[arg(long, value_name = "FILE")]
    input_list: Option<PathBuf>,
    /// Leave these out, written as targets are
    #[arg(long, value_name = "TARGET", value_delimiter = ',')]
    exclude: Vec<Word>,
    /// Scan all addresses of a name, not only its first
    #[arg(long)]
    all_addresses: bool,
    #[command(flatten)]
    family: FamilyWords,
    /// The owners of more than 256 public addresses agree
    #[arg(long)]
    i_have_permission: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Ports")]
struct PortWords {
    /// Which ports: 22,80,8000-8100,-1024,60000-,http*; - is all [default: the 1000 commonest]
    #[arg(short, long, value_name = "PORTS", allow_hyphen_values = true, conflicts_with = "top")]
    ports: Option<Ports>,
    /// The N commonest ports, in an order of our own
    #[arg(long, value_name = "N", value_parser = top)]
    top: Option<NonZeroU16>,
    /// Leave these out, written as ports are
    #[arg(long, value_name = "PORTS", allow_hyphen_values = true)]
    exclude_ports: Option<Ports>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Pace")]
struct PaceWords {
    /// At most so many probes a second [default: 500 where a target is public, else as many as the network takes]
    #[arg(long, value_name = "N", value_parser = positive)]
    rate: Option<NonZeroU32>,
    /// Wait for an answer so long [default: by how long answers take]
    #[arg(long, value_name = "DURATION", value_parser = patience)]
    timeout: Option<Duration>,
    /// Ask silent ports again so often [default: by how much is lost]
    #[arg(long, value_name = "N", value_parser = retries)]
    retries: Option<u32>,
    /// The same order of hosts and ports as the scan that printed this seed
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Leave a host alone that has more open ports than this
    #[arg(long, value_name = "N", value_parser = positive)]
    max_open: Option<NonZeroU32>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Reports")]
struct ReportWords {
    /// Ask open ports what they are, each question for at most so long [default: 2s]
    #[arg(long, value_name = "DURATION", num_args = 0..=1, require_equals = true, default_missing_value = "2s")]
    #[arg(value_parser = patience)]
    banner: Option<Duration>,
    /// Say why a port is what it is
    #[arg(long)]
    reason: bool,
    /// As JSON: a line a finding as it is found, and a summary
    #[arg(long)]
    json: bool,
    /// -oG FILE: Write what nmap's grepable output would say, to stdout where FILE is -
    #[arg(long, value_name = "FILE")]
    grepable: Option<PathBuf>,
    /// -oX FILE: Write what nmap's XML output would say, to stdout where FILE is -
    #[arg(long, value_name = "FILE")]
    xml: Option<PathBuf>,
    /// Scan again and again, with so long a pause, and report what changes; Ctrl-C ends it
    #[arg(long, value_name = "DURATION", value_parser = quantity::positive_duration)]
    #[arg(conflicts_with = "dry_run")]
    watch: Option<Duration>,
    /// Print what would be done, and connect nowhere; names are looked up
    #[arg(long)]
    dry_run: bool,
}

/// nmap's options of two letters in front of a file, which are no short options to clap, and what they are here.
const TWO_LETTERS: &[(&str, &str)] = &[("-iL", "--input-list"), ("-oG", "--grepable"), ("-oX", "--xml")];

/// The words of a scan with [`TWO_LETTERS`] in long; all others as they are.
pub(super) fn spelled_out(mut words: Vec<OsString>) -> Vec<OsString> {
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    if let Some(verb) = words[..end].iter().position(|word| word == "scan") {
        for word in &mut words[verb..end] {
            if let Some((_, long)) = TWO_LETTERS.iter().find(|(short, _)| word == short) {
                *word = (*long).into();
            }
        }
    }
    words
}

impl Words {
    pub(super) fn plan(self) -> Result<Plan, Failure> {
        let Self { targets, ports, pace, reports } = self;
        let plan = scan::Plan {
            permission: if targets.i_have_permission { Permission::Given } else { Permission::NotSaid },
            ports: ports.ports()?,
            terms: pace.terms(),
            banner: reports.banner,
            reasons: if reports.reason { Reasons::Shown } else { Reasons::Hidden },
            deed: reports.deed(),
            outputs: reports.outputs()?,
            // Last, since it may wait for stdin.
            wanted: targets.wanted()?,
        };
        Ok(Plan::Scan(Box::new(plan)))
    }
}

impl TargetWords {
    fn wanted(self) -> Result<Wanted, Failure> {
        let mut words = self.targets;
        if let Some(path) = &self.input_list {
            words.extend(list(path)?);
        }
        let addresses = if self.all_addresses { Addresses::All } else { Addresses::First };
        Ok(Wanted { words, excluded: self.exclude, addresses, families: self.family.families() })
    }
}

fn list(path: &Path) -> Result<Vec<Word>, Failure> {
    let (input, name): (Box<dyn BufRead>, _) = if is_standard(path) {
        (Box::new(std::io::stdin().lock()), "stdin".to_owned())
    } else {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|e| {
            Failure::bad_words(format!("cannot read targets from {name}: {}; check the path", Reason(&e)))
        })?;
        (Box::new(BufReader::new(file)), name)
    };
    target::read(input).map_err(|e| Failure::bad_words(format!("cannot read targets from {name}: {e}")))
}

/// stdin where something is read, stdout where something is written.
fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

impl PortWords {
    fn ports(self) -> Result<Ports, Failure> {
        let ports = self.ports.unwrap_or_else(|| Ports::commonest(self.top.unwrap_or(USUAL_PORTS)));
        match self.exclude_ports {
            None => Ok(ports),
            Some(excluded) => ports.without(&excluded).map_err(|e| Failure::bad_words(format!("--exclude-ports: {e}"))),
        }
    }
}

impl PaceWords {
    fn terms(&self) -> Terms {
        Terms {
            rate: self.rate,
            timeout: self.timeout,
            retries: self.retries,
            seed: self.seed.unwrap_or_else(seed::of_the_clock),
            max_open: self.max_open,
            descriptors: usize::MAX,
        }
    }
}

impl ReportWords {
    fn deed(&self) -> Deed {
        match self.watch {
            _ if self.dry_run => Deed::Show,
            Some(pause) => Deed::Watch(pause),
            None => Deed::Scan,
        }
    }

    /// One on stdout, whichever it is, and those in files.
    fn outputs(self) -> Result<Vec<Output>, Failure> {
        let json = self.json.then_some((Form::Json, Place::Stdout));
        let file = |path: PathBuf| if is_standard(&path) { Place::Stdout } else { Place::File(path) };
        let grepable = self.grepable.map(|path| (Form::Grepable, file(path)));
        let xml = self.xml.map(|path| (Form::Xml, file(path)));
        let mut outputs: Vec<Output> =
            [json, grepable, xml].into_iter().flatten().map(|(form, place)| Output { form, place }).collect();
        if outputs.iter().all(|output| output.place != Place::Stdout) {
            outputs.insert(0, Output { form: Form::Table, place: Place::Stdout });
        }
        let twice = |(at, output): (usize, &Output)| outputs[..at].iter().any(|other| other.place == output.place);
        if outputs.iter().enumerate().any(twice) {
            return Err(Failure::bad_words("two reports would be written to one place; give each a file of its own"));
        }
        Ok(outputs)
    }
}

fn top(word: &str) -> Result<NonZeroU16, String> {
    let count = u16::try_from(quantity::count(word)?).ok().and_then(NonZeroU16::new);
    count.ok_or_else(|| "it must be from 1 to 65535".into())
}

fn positive(word: &str) -> Result<NonZeroU32, String> {
    let count = u32::try_from(quantity::count(word)?).ok().and_then(NonZeroU32::new);
    count.ok_or_else(|| "it must be from 1 to 4294967295".into())
}

fn retries(word: &str) -> Result<u32, String> {
    let count = word.parse().ok().filter(|count| *count <= MOST_RETRIES);
    count.ok_or_else(|| format!("it must be from 0 to {MOST_RETRIES}"))
}

/// How long one answer may take.
fn patience(word: &str) -> Result<Duration, String> {
    let patience = quantity::positive_duration(word)?;
    if patience > LONGEST_PATIENCE { Err("it must be at most 5m".into()) } else { Ok(patience) }
}

const USUAL_PORTS: NonZeroU16 = NonZeroU16::new(1000).expect("it is not 0");
/// Who has been silent so often is silent.
const MOST_RETRIES: u32 = 20;
/// The kernel itself gives up after about two minutes.
const LONGEST_PATIENCE: Duration = Duration::from_secs(300);

const EXAMPLES: &str = "\
Examples:
  sockeye scan localhost                          the 1000 commonest ports
  sockeye scan 192.168.1.0/24 -p 22,80,8000-8100  a network
  sockeye scan ::1 -p - --banner                  all ports, and what answers there
  sockeye scan example.org -p 'http*' --dry-run   what would be done
  sockeye scan -iL hosts.txt --json >found.jsonl  targets from a file, findings for a program
  sockeye scan 10.0.0.1-20 --top 100 --watch 30s  what changes";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_letters_are_spelled_out_behind_scan_and_nowhere_else() {
        for (typed, meant) in [
            ("sockeye scan -iL f -oG g -oX -", "sockeye scan --input-list f --grepable g --xml -"),
            ("sockeye -q scan -iL f", "sockeye -q scan --input-list f"),
            ("sockeye connect -iL", "sockeye connect -iL"),
            ("sockeye scan -- -iL", "sockeye scan -- -iL"),
            ("sockeye", "sockeye"),
        ] {
            let spelled = spelled_out(typed.split(' ').map(OsString::from).collect());
            assert_eq!(spelled.join(" ".as_ref()), meant);
        }
    }
}
