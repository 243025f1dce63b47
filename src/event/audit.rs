//! Audit: who was let in, who was not and who was sent away, in a log of its own that is kept longer and read by fewer than event lines.
//! Nobody waits for it: what its queue cannot take is dropped, counted, and admitted to in the next line.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::net::IpAddr;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// The way to the log, from any thread. When the last one is dropped, what was noted is on its way to the disk.
#[derive(Clone, Debug)]
pub(crate) struct AuditLog(Option<Arc<Desk>>);

#[derive(Debug)]
struct Desk {
    /// Taken away when nothing more will be noted.
    queue: Option<SyncSender<Record>>,
    lost: Arc<AtomicU64>,
    ended: Mutex<Receiver<()>>,
}

/// What was done, or tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Act {
    /// Somebody said the right password.
    Ok,
    Fail,
    /// It was too busy to look at a password.
    Busy,
    /// It was too soon after a failure.
    Locked,
    /// A token was given out.
    Issue,
    /// A token was taken, and another given out.
    Resume,
    /// A session was too old.
    Expire,
    /// Sessions were ended before their time.
    Revoke,
    /// A token that was replaced was shown again.
    Replay,
    Create,
    PasswordChange,
    Delete,
    /// Somebody was sent out of a room.
    Kick,
    Ban,
    Unban,
    Mute,
    Unmute,
    /// Somebody at the console ended the server.
    Stop,
}

/// A line of the log. It holds no password, no token, and no name that nobody has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Record {
    schema: u32,
    #[serde(serialize_with = "as_text")]
    ts: Timestamp,
    event: Act,
    /// Nothing for a Unix socket.
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// Of a member of a room.
    #[serde(skip_serializing_if = "Option::is_none")]
    nick: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text_too")]
    until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "in_micros")]
    wait_us: Option<Duration>,
    /// How often the same has happened, where not each time is written down.
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "in_micros")]
    hash_us: Option<Duration>,
    /// How many records before this one are missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    lost: Option<u64>,
}

impl Record {
    pub(crate) fn new(event: Act, ts: Timestamp) -> Self {
        let (ip, account, token, nick, reason, until) = (None, None, None, None, None, None);
        let (wait_us, times, hash_us, lost) = (None, None, None, None);
        Self { schema: 1, ts, event, ip, account, token, nick, reason, until, wait_us, times, hash_us, lost }
    }

    pub(crate) fn from(self, ip: Option<IpAddr>) -> Self {
        Self { ip, ..self }
    }

    /// The name of an account that exists; for any other, something that cannot be turned into what was typed.
    pub(crate) fn account(self, name: impl Into<String>) -> Self {
        Self { account: Some(name.into()), ..self }
    }

    /// Eight digits of its hash.
    pub(crate) fn token(self, id: String) -> Self {
        Self { token: Some(id), ..self }
    }

    /// What a member of a room is called.
    pub(crate) fn nick(self, nick: impl Into<String>) -> Self {
        Self { nick: Some(nick.into()), ..self }
    }

    pub(crate) fn because(self, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: Some(reason.into()), ..self }
    }

    /// When what was done will be over by itself.
    pub(crate) fn until(self, until: Option<Timestamp>) -> Self {
        Self { until, ..self }
    }

    /// How often it has happened by now.
    pub(crate) fn times(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }

    /// How long it waited for its turn, and how long the password took.
    pub(crate) fn took(self, waited: Duration, hashed: Duration) -> Self {
        Self { wait_us: Some(waited), hash_us: Some(hashed), ..self }
    }
}

impl AuditLog {
    /// Appends to the file at `path`, which nobody else may read: one that others can is refused. A file that is moved away is begun anew, so that a
    /// rotation needs no signal.
    ///
    /// # Errors
    /// Where it cannot be opened, others can, or the system grants no thread.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let output = Output { file: append_to(path)?, path: path.to_owned(), torn: false };
        let (queue, records) = sync_channel(QUEUE);
        let (ending, ended) = sync_channel(1);
        let lost = Arc::new(AtomicU64::new(0));
        let missing = Arc::clone(&lost);
        thread::Builder::new().name("audit".into()).spawn(move || {
            write(&records, output, &missing);
            // Nobody may be waiting any more.
            let _ = ending.send(());
        })?;
        Ok(Self(Some(Arc::new(Desk { queue: Some(queue), lost, ended: Mutex::new(ended) }))))
    }

    /// A log that keeps nothing.
    pub(crate) fn mute() -> Self {
        Self(None)
    }

    pub(crate) fn note(&self, record: Record) {
        let Some(desk) = &self.0 else { return };
        if desk.queue.as_ref().is_some_and(|queue| queue.try_send(record).is_err()) {
            desk.lost.fetch_add(1, Relaxed);
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.queue = None;
        if let Ok(ended) = self.ended.get_mut() {
            let _ = ended.recv_timeout(FAREWELL);
        }
    }
}

struct Output {
    file: File,
    path: PathBuf,
    /// Whether the last line has no end.
    torn: bool,
}

impl Output {
    /// Where the path is another file by now, or none, that one is written; a path that cannot be opened leaves us with
    /// the file we have.
    fn follow(&mut self) {
        let here = self.file.metadata().map(|meta| (meta.dev(), meta.ino())).ok();
        let there = self.path.metadata().map(|meta| (meta.dev(), meta.ino())).ok();
        if here != there
            && let Ok(file) = append_to(&self.path)
        {
            (self.file, self.torn) = (file, false);
        }
    }

    /// Writes a line with one call; false where it could not be written to its end.
    fn write(&mut self, line: &str) -> bool {
        let line = if self.torn { format!("\n{line}\n") } else { format!("{line}\n") };
        let written = self.file.write(line.as_bytes()).unwrap_or(0);
        self.torn = written < line.len() && (self.torn || written > 0);
        written == line.len()
    }
}

/// Writes what comes until nothing more can come.
fn write(records: &Receiver<Record>, mut output: Output, lost: &AtomicU64) {
    while let Ok(mut record) = records.recv() {
        output.follow();
        let missing = lost.swap(0, Relaxed);
        record.lost = (missing > 0).then_some(missing);
        if !serde_json::to_string(&record).is_ok_and(|line| output.write(&line)) {
            lost.fetch_add(missing + 1, Relaxed);
        }
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    match file.metadata()?.mode() & 0o7777 {
        mode if mode & 0o077 != 0 => {
            Err(io::Error::new(ErrorKind::PermissionDenied, format!("open to others (mode {mode:o})")))
        }
        _ => Ok(file),
    }
}

fn as_text<S: Serializer>(ts: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{ts:.3}"))
}

#[expect(clippy::ref_option, reason = "serde calls it so")]
fn as_text_too<S: Serializer>(ts: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{:.3}", ts.unwrap_or_default()))
}

#[expect(clippy::ref_option, reason = "serde calls it so")]
fn in_micros<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_some(&duration.map(|duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)))
}

/// Records that may wait for the disk.
const QUEUE: usize = 1024;
/// How long the end of the program waits for a slow disk.
const FAREWELL: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn lines(path: &Path) -> Vec<String> {
        fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn what_was_noted_is_a_line_each_for_its_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.jsonl");
        let log = AuditLog::open(&path).unwrap();
        let ip = Some("192.0.2.1".parse().unwrap());
        log.note(
            Record::new(Act::Fail, at(0))
                .from(ip)
                .account("anna\n\"")
                .because("wrong password")
                .took(Duration::from_millis(2), Duration::from_micros(25)),
        );
        log.note(Record::new(Act::PasswordChange, at(1)).token("0badf00d".into()));
        log.note(Record::new(Act::Ban, at(2)).nick("bob").because("loud".to_owned()).until(Some(at(602))));
        drop(log);
        assert_eq!(
            lines(&path),
            [
                r#"{"schema":1,"ts":"1970-01-01T00:00:00.000Z","event":"fail","ip":"192.0.2.1","account":"anna\n\"","reason":"wrong password","wait_us":2000,"hash_us":25}"#,
                r#"{"schema":1,"ts":"1970-01-01T00:00:01.000Z","event":"password_change","token":"0badf00d"}"#,
                r#"{"schema":1,"ts":"1970-01-01T00:00:02.000Z","event":"ban","nick":"bob","reason":"loud","until":"1970-01-01T00:10:02.000Z"}"#,
            ]
        );
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_log_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.jsonl");
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(AuditLog::open(&path).unwrap_err().to_string(), "open to others (mode 644)");
    }

    #[test]
    fn a_log_that_is_moved_away_is_begun_anew() {
        let dir = tempfile::tempdir().unwrap();
        let [path, moved] = ["audit.jsonl", "audit.jsonl.1"].map(|name| dir.path().join(name));
        let log = AuditLog::open(&path).unwrap();
        log.note(Record::new(Act::Ok, at(0)));
        drop(log);
        let log = AuditLog::open(&path).unwrap();
        fs::rename(&path, &moved).unwrap();
        log.note(Record::new(Act::Ok, at(1)));
        drop(log);
        assert_eq!((lines(&path).len(), lines(&moved).len()), (1, 1));
    }

    #[test]
    fn what_cannot_be_written_is_counted_and_admitted_to() {
        let lost = AtomicU64::new(3);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.jsonl");
        for (file, left) in
            [(File::options().write(true).open("/dev/full").unwrap(), 5), (append_to(&path).unwrap(), 0)]
        {
            let (queue, records) = sync_channel(2);
            // A path that cannot be opened keeps the file.
            let output = Output { file, path: dir.path().join("no/such"), torn: false };
            for second in 0..2 {
                queue.send(Record::new(Act::Ok, at(second))).unwrap();
            }
            drop(queue);
            write(&records, output, &lost);
            assert_eq!(lost.load(Relaxed), left);
        }
        let lines = lines(&path);
        assert!(lines[0].ends_with(r#""lost":5}"#) && !lines[1].contains("lost"), "{lines:?}");
    }
}
