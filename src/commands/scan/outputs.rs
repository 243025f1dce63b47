//! Outputs: where reports go, stdout and files. Files are opened before the first probe leaves.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use crate::commands::{Exit, Failure, Talk, print};
use crate::net::Reason;
use crate::scan::report::{Form, Looks, Reasons, Report, Summary, Unwatchable};
use crate::scan::{self, News};

/// A report and where it goes.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) form: Form,
    pub(crate) place: Place,
}

/// Where a report goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Stdout,
    File(PathBuf),
}

/// How reports on stdout look.
pub(super) fn looks(talk: Talk, reasons: Reasons) -> Looks {
    Looks { colour: talk.paint.on(&io::stdout()), reasons, columns: print::columns(), clock: Timestamp::now }
}

/// All reports of a scan.
pub(super) struct Outputs {
    open: Vec<Writing>,
    /// Set when there is nobody left to tell.
    stop: Arc<AtomicBool>,
    failure: Option<Failure>,
}

struct Writing {
    report: Box<dyn Report>,
    out: Box<dyn Write>,
    name: String,
}

impl Outputs {
    /// Opens all of them, each with the report that `make` makes.
    ///
    /// # Errors
    /// Where a file cannot be written to.
    pub(super) fn open(
        outputs: Vec<Output>,
        stop: Arc<AtomicBool>,
        make: impl Fn(&Output) -> Result<Box<dyn Report>, Unwatchable>,
    ) -> Result<Self, Failure> {
        let mut open = Vec::new();
        for output in outputs {
            let report = make(&output).map_err(|e| Failure::bad_words(e.to_string()))?;
            let (out, name): (Box<dyn Write>, _) = match output.place {
                Place::Stdout => (Box::new(BufWriter::new(io::stdout())), "stdout".to_owned()),
                Place::File(path) => {
                    let name = path.display().to_string();
                    let file = File::create(path)
                        .map_err(|e| Failure::failed(format!("cannot write {name}: {}; check the path", Reason(&e))))?;
                    (Box::new(BufWriter::new(file)), name)
                }
            };
            open.push(Writing { report, out, name });
        }
        Ok(Self { open, stop, failure: None })
    }

    pub(super) fn begin(&mut self, plan: &scan::Plan) {
        self.each(|writing| writing.report.begin(plan, &mut writing.out));
    }

    pub(super) fn tell(&mut self, news: &News) {
        self.each(|writing| writing.report.tell(news, &mut writing.out));
    }

    pub(super) fn end(&mut self, summary: &Summary) {
        self.each(|writing| {
            writing.report.end(summary, &mut writing.out)?;
            writing.out.flush()
        });
    }

    /// Whoever cannot be written to is told no more: a stdout that closed has had enough, anything else is a failure.
    fn each(&mut self, write: impl Fn(&mut Writing) -> io::Result<()>) {
        let failure = &mut self.failure;
        self.open.retain_mut(|writing| match write(writing) {
            Ok(()) => true,
            Err(e) if e.kind() == ErrorKind::BrokenPipe => false,
            Err(e) => {
                let failed = || Failure::failed(format!("cannot write {}: {}", writing.name, Reason(&e)));
                failure.get_or_insert_with(failed);
                false
            }
        });
        if self.open.is_empty() {
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    /// How it ends: as the scan did, where somebody was there to hear all of it.
    ///
    /// # Errors
    /// What kept one of them from being written.
    pub(super) fn close(self, exit: Exit) -> Result<Exit, Failure> {
        match self.failure {
            Some(failure) => Err(failure),
            None if self.open.is_empty() => Ok(Exit::Done),
            None => Ok(exit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::Totals;
    use crate::scan::report::Opening;

    /// A report of one line at the end.
    struct Line;

    impl Report for Line {
        fn open(&mut self, _opening: Opening, _out: &mut dyn Write) -> io::Result<()> {
            Ok(())
        }

        fn tell(&mut self, _news: &News, _out: &mut dyn Write) -> io::Result<()> {
            Ok(())
        }

        fn end(&mut self, _summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
            writeln!(out, "done")
        }
    }

    /// A place that answers every write with this.
    struct Broken(ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn outputs(places: Vec<Box<dyn Write>>) -> Outputs {
        let writing = |out| Writing { report: Box::new(Line), out, name: "place".to_owned() };
        let stop = Arc::default();
        Outputs { open: places.into_iter().map(writing).collect(), stop, failure: None }
    }

    fn summary() -> Summary {
        Summary { totals: Totals::default(), elapsed: std::time::Duration::ZERO, seed: 0 }
    }

    #[test]
    fn a_stdout_that_closed_stops_the_scan_quietly() {
        let mut outputs = outputs(vec![Box::new(Broken(ErrorKind::BrokenPipe))]);
        outputs.end(&summary());
        assert!(outputs.stop.load(Ordering::Relaxed));
        assert_eq!(outputs.close(Exit::CouldNotJudge).unwrap(), Exit::Done);
    }

    #[test]
    fn a_file_goes_on_without_a_stdout_that_closed() {
        let mut outputs = outputs(vec![Box::new(Broken(ErrorKind::BrokenPipe)), Box::new(io::sink())]);
        outputs.end(&summary());
        assert!(!outputs.stop.load(Ordering::Relaxed));
        assert_eq!(outputs.close(Exit::CouldNotJudge).unwrap(), Exit::CouldNotJudge);
    }

    #[test]
    fn a_disk_that_is_full_is_a_failure_with_its_place() {
        let mut outputs = outputs(vec![Box::new(Broken(ErrorKind::StorageFull)), Box::new(io::sink())]);
        outputs.end(&summary());
        let failure = outputs.close(Exit::Done).unwrap_err();
        assert!(failure.sentence.starts_with("cannot write place: "), "{failure:?}");
        assert_eq!(failure.exit, Exit::Failed);
    }
}
