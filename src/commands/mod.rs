//! Commands: one page a verb. Each assembles what its plan asks for, runs it, and chooses the exit code.

/// `accounts`: sees to those of `login`.
pub(crate) mod accounts;
/// Host and port asked from a person, with safe defaults.
mod ask;
/// `bench`: presses a server.
pub(crate) mod bench;
/// `check`: judges.
pub(crate) mod check;
/// `connect`: talks to a server.
pub(crate) mod connect;
/// The admin at the server's terminal.
mod console;
/// What a crash leaves behind.
mod coredump;
/// How many files may be open.
mod descriptors;
/// What the end of a command means.
mod exit;
/// The start of a stranger's program, which is the work of a process of ours that nobody types.
pub(crate) mod launched;
/// Text that is ready: completions, the man page, lists.
pub(crate) mod print;
/// `scan`: looks.
pub(crate) mod scan;
/// A password from a person or a pipe.
mod secret;
/// `serve`: answers.
pub(crate) mod serve;
/// Signals that end something else than the program.
mod signals;
/// The order to end what is under way.
mod stop;
/// `store`: shows what outlives the process.
pub(crate) mod store;
/// What is said to the person who started us.
mod talk;

pub(crate) use exit::{Exit, Failure};
pub(crate) use talk::{Paint, Talk, Volume};

/// What is to be done, free of mistakes in its words.
#[derive(Debug)]
pub(crate) enum Plan {
    Serve(serve::Plan),
    Connect(connect::Plan),
    Bench(Box<bench::Plan>),
    Compare(bench::Compare),
    Scan(Box<scan::Plan>),
    Check(Box<check::Deed>),
    Accounts(accounts::Plan),
    Dump(store::Dump),
    /// The words behind the hidden verb.
    Launched(Vec<std::ffi::OsString>),
    Print(Vec<u8>),
}

/// Does it. Failures have been said when this returns.
pub(crate) fn run(plan: Plan, talk: Talk) -> Exit {
    let done = match plan {
        Plan::Serve(plan) => serve::run(plan, talk),
        Plan::Connect(plan) => connect::run(plan, talk),
        Plan::Bench(plan) => bench::run(*plan, talk),
        Plan::Compare(plan) => bench::compare(&plan),
        Plan::Scan(plan) => scan::run(*plan, talk),
        Plan::Check(deed) => check::run(*deed, talk),
        Plan::Accounts(plan) => accounts::run(plan, talk),
        Plan::Dump(plan) => store::run(&plan),
        Plan::Launched(words) => Ok(launched::run(&words)),
        Plan::Print(text) => print::run(&text),
    };
    done.unwrap_or_else(|failure| {
        // Wrong words are told even to those who want to hear nothing.
        let least = if failure.exit == Exit::BadWords { Volume::Normal } else { Volume::Quiet };
        Talk { volume: talk.volume.max(least), ..talk }.say(&failure.sentence);
        failure.exit
    })
}
