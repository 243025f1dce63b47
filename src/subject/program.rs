//! Program: somebody else's server, started from a command line, waited for, and stopped with everything that came from
//! it. No shell stands between.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal};

use super::error::SubjectError;
use super::kin::{Ending, Kin, Mark};
use super::listening::is_listening;
use super::poll::poll;
use super::process::Process;
use super::tail::Tail;

/// A program that runs until it is stopped or dropped. Both take as long as it takes to end, at most about four
/// seconds, and block the thread.
///
/// It has its own process group, so that Ctrl-C in the terminal ends us and not it; nothing on stdin; and its stdout
/// is discarded. Whoever kills us with SIGKILL leaves it running.
pub(crate) struct Program {
    command: String,
    pid: u32,
    stderr: Tail,
    /// `None` when all is over, and its number may be somebody else's.
    running: Option<(Child, Kin)>,
}

impl Program {
    /// Starts `command`, which is split into words as a shell would. In every word `{port}` becomes `port` and `{host}`
    /// becomes 127.0.0.1; it need have neither.
    ///
    /// # Errors
    ///
    /// When the words are none or a quote is open, when somebody listens on the port already, and when the system
    /// cannot start it.
    pub(crate) fn start(command: &str, port: u16) -> Result<Self, SubjectError> {
        let words = words(command, port)?;
        if is_listening(port) {
            return Err(SubjectError::PortTaken { command: command.to_owned(), port });
        }
        Self::spawn(command, &words).map_err(|source| SubjectError::Start { command: command.to_owned(), source })
    }

    fn spawn(command: &str, words: &[String]) -> io::Result<Self> {
        let (name, arguments) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let (reader, writer) = io::pipe()?;
        // Before the program, so that nothing which can fail comes after it.
        let stderr = Tail::of(reader)?;
        let mark = Mark::new();
        let (variable, value) = mark.variable();
        let mut child = Command::new(name);
        child.args(arguments).env(variable, value).process_group(0);
        child.stdin(Stdio::null()).stdout(Stdio::null()).stderr(writer);
        let child = child.spawn()?;
        let pid = child.id();
        let leader = Pid::from_child(&child);
        Ok(Self { command: command.to_owned(), pid, stderr, running: Some((child, Kin::of(leader, mark))) })
    }

    /// The number of the process that the command line started, for [`Watch::of`](super::Watch::of).
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Returns as soon as somebody listens on `port`, at most after `patience`. Blocks the thread.
    ///
    /// # Errors
    ///
    /// When the program ends before, and then what was left of it has been stopped; and when it takes too long.
    pub(crate) fn wait_until_listening(&mut self, port: u16, patience: Duration) -> Result<(), SubjectError> {
        // Who has ended does not listen, whoever else does.
        let listening =
            poll(patience, || if self.has_ended() { Some(false) } else { is_listening(port).then_some(true) });
        let command = self.command.clone();
        match listening {
            Some(true) => Ok(()),
            Some(false) => {
                let status = self.end();
                Err(SubjectError::Ended { command, port, status, stderr: self.stderr.to_the_end() })
            }
            None => Err(SubjectError::Silent { command, port, patience, stderr: self.stderr.so_far() }),
        }
    }

    /// Whether the program is over. One that ended well and left somebody behind made itself a daemon, and is not.
    pub(crate) fn has_ended(&self) -> bool {
        let Some((_, kin)) = &self.running else { return true };
        match kin.ending() {
            None => false,
            Some(Ending::Well) => kin.is_alone(),
            Some(Ending::Badly) => true,
        }
    }

    /// The end of what it has written to stderr so far, at most 4 KiB, as it wrote it.
    pub(crate) fn stderr(&self) -> Vec<u8> {
        self.stderr.so_far()
    }

    /// Stops the program and everything that came from it: SIGTERM, and SIGKILL for whoever is there two seconds later.
    /// Dropping it does the same.
    pub(crate) fn stop(mut self) {
        self.end();
    }

    /// Gives how the program itself ended, where that can be known and was not asked before.
    fn end(&mut self) -> Option<ExitStatus> {
        let (mut child, kin) = self.running.take()?;
        let others = kin.others();
        kin.signal(&others, Signal::TERM);
        poll(GRACE, || (kin.ending().is_some() && !others.iter().any(Process::is_alive)).then_some(()));
        // Who is started while the others are killed is found the next time.
        poll(GRACE, || {
            let others = kin.others();
            kin.signal(&others, Signal::KILL);
            (kin.ending().is_some() && others.is_empty() && kin.is_alone()).then_some(())
        });
        // Not `wait`: who hangs in the kernel cannot be killed, and is not to take us with it.
        child.try_wait().ok().flatten()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
    }
}

fn words(command: &str, port: u16) -> Result<Vec<String>, SubjectError> {
    let words = shell_words::split(command).map_err(|_| SubjectError::Quoting { command: command.to_owned() })?;
    if words.is_empty() {
        return Err(SubjectError::Empty);
    }
    let port = port.to_string();
    Ok(words.into_iter().map(|word| word.replace("{port}", &port).replace("{host}", "127.0.0.1")).collect())
}

/// What a server may need to say goodbye to its clients; nobody wants to wait longer at the end of a run.
const GRACE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use std::fs;
    use std::net::TcpListener;
    use std::path::Path;
    use std::time::Instant;

    use super::super::listening::tests::quiet_port;
    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn a_command_is_split_as_a_shell_would_and_knows_its_port() {
        let split = words("serve --at '{host}:{port}' \"a b\" x{port}y", 5555).unwrap();
        assert_eq!(split, ["serve", "--at", "127.0.0.1:5555", "a b", "x5555y"]);
    }

    #[test]
    fn what_is_no_command_is_not_started() {
        let error = |command| Program::start(command, 0).err().map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(error(" "), "cannot start a program from an empty command line");
        assert_eq!(error("cat 'x"), "cannot split `cat 'x` into words: a quote is not closed");
        assert_eq!(error("/no/such --x"), "cannot start `/no/such --x`: no such file or directory");
    }

    #[test]
    fn a_program_is_not_started_where_another_listens() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let error = Program::start("true", port).err().unwrap();
        assert!(matches!(error, SubjectError::PortTaken { .. }), "{error}");
    }

    #[test]
    fn a_program_that_ends_early_tells_how_and_its_last_words() {
        let port = quiet_port();
        let mut program = Program::start("sh -c 'echo port {port} >&2; exit 3'", port).unwrap();
        let error = program.wait_until_listening(port, LONG).unwrap_err();
        let end = format!("ended with exit status 3 before it listened on port {port}");
        assert!(error.to_string().ends_with(&end), "{error}");
        assert_eq!(error.stderr(), format!("port {port}\n").as_bytes());
    }

    #[test]
    fn a_program_that_does_not_listen_is_not_waited_for_longer_than_patience() {
        let port = quiet_port();
        let mut program = Program::start("sleep 1000", port).unwrap();
        let error = program.wait_until_listening(port, Duration::from_millis(5)).unwrap_err();
        assert!(error.to_string().ends_with("within 5ms"), "{error}");
    }

    #[test]
    fn a_program_is_waited_for_until_somebody_listens() {
        let mut program = Program::start("sleep 1000", 0).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        program.wait_until_listening(listener.local_addr().unwrap().port(), LONG).unwrap();
    }

    #[test]
    fn a_program_that_ends_when_asked_is_not_waited_for() {
        let begun = Instant::now();
        Program::start("sleep 1000", 0).unwrap().stop();
        assert!(begun.elapsed() < GRACE, "{:?}", begun.elapsed());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_program_that_does_not_want_to_end_is_killed() {
        let folder = tempfile::tempdir().unwrap();
        let ready = folder.path().join("ready");
        let script = format!("trap \"\" TERM; echo $$ > {}; sleep 1000; sleep 1000", ready.display());
        let program = Program::start(&format!("sh -c '{script}'"), 0).unwrap();
        let shell = process_in(&ready);
        assert_eq!(shell.pid, program.pid());
        program.stop();
        assert!(!shell.is_known());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_grandchild_that_left_the_group_is_stopped_too() {
        let folder = tempfile::tempdir().unwrap();
        let ready = folder.path().join("ready");
        let grandchild = format!("echo $$ > {}; exec sleep 1000", ready.display());
        let program = Program::start(&format!("sh -c 'setsid sh -c \"$0\" & wait' '{grandchild}'"), 0).unwrap();
        let sleeper = process_in(&ready);
        assert_ne!(sleeper.group, program.pid());
        drop(program);
        assert!(!sleeper.is_alive());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_daemon_is_the_program_although_its_parents_ended_and_is_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let ready = folder.path().join("ready");
        let daemon = format!("echo $$ > {}; exec sleep 1000", ready.display());
        let program = Program::start(&format!("sh -c '(setsid sh -c \"$0\" &)' '{daemon}'"), 0).unwrap();
        let sleeper = process_in(&ready);
        let kin = &program.running.as_ref().unwrap().1;
        poll(LONG, || kin.ending()).expect("the shell ends");
        assert!(!program.has_ended());
        program.stop();
        assert!(!sleeper.is_alive());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_a_failed_program_left_behind_is_stopped_before_that_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let ready = folder.path().join("ready");
        let script = format!("sleep 1000 & echo $! > {}; exit 1", ready.display());
        let port = quiet_port();
        let mut program = Program::start(&format!("sh -c '{script}'"), port).unwrap();
        let sleeper = process_in(&ready);
        program.wait_until_listening(port, LONG).unwrap_err();
        assert!(!sleeper.is_alive());
    }

    /// The process that wrote its number there.
    fn process_in(file: &Path) -> Process {
        poll(LONG, || fs::read_to_string(file).ok()?.strip_suffix('\n')?.parse().ok().map(Process::find))
            .expect("the script comes to its number")
            .expect("the process is there")
    }
}
