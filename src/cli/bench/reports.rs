//! Where reports go.

use std::path::PathBuf;

use clap::Args;

use crate::cli::report_files::check_paths;
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
