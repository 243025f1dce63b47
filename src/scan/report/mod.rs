//! Report: news as people and programs read them. A report is told everything and writes what its readers want.

use std::io::{self, Write};
use std::time::Duration;

use super::{News, Plan, Totals};

/// A way to write down a scan.
pub(crate) trait Report {
    /// Before the first news.
    ///
    /// # Errors
    /// Those of `out`, here as below.
    fn begin(&mut self, _plan: &Plan, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    fn tell(&mut self, news: &News, out: &mut dyn Write) -> io::Result<()>;

    /// Behind the last news.
    fn end(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()>;
}

/// All of a scan in a few numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Summary {
    pub(crate) totals: Totals,
    pub(crate) elapsed: Duration,
    pub(crate) seed: u64,
}
