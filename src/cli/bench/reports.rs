//! Where reports go.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::commands::Failure;
use crate::commands::bench::{Form, Live, Reports};

#[derive(Debug, Args)]
#[command(next_help_heading = "Reports")]
pub(super) struct ReportWords {
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

impl ReportWords {
    pub(super) fn reports(&self) -> Result<Reports, Failure> {
        check_paths(&[
            ("--csv", self.csv.as_deref()),
            ("--hgrm", self.hgrm.as_deref()),
            ("--html", self.html.as_deref()),
        ])?;
        Ok(Reports {
            stdout: if self.json { Form::Json } else { Form::Text },
            csv: self.csv.clone(),
            hgrm: self.hgrm.clone(),
            html: self.html.clone(),
            live: if self.screen { Live::Screen } else { Live::Line },
        })
    }
}

/// Each report has a file of its own; stdout is taken.
pub(in crate::cli) fn check_paths(reports: &[(&str, Option<&Path>)]) -> Result<(), Failure> {
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
