//! Where reports go.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::check::report::Form;
use crate::check::report::Hints;
use crate::cli::report_files::check_paths;
use crate::commands::Failure;
use crate::commands::check::Reports;

#[derive(Debug, Args)]
#[command(next_help_heading = "Reports")]
pub(super) struct ReportWords {
    /// As JSON, all of it
    #[arg(long, conflicts_with = "tap")]
    json: bool,
    /// As TAP 14
    #[arg(long)]
    tap: bool,
    /// Write JUnit's XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write CTRF's JSON
    #[arg(long, value_name = "FILE")]
    ctrf: Option<PathBuf>,
    /// Write a result for GitHub Classroom, with points for each case
    #[arg(long, value_name = "FILE")]
    classroom: Option<PathBuf>,
    /// Write one page, with a diagram of each case that failed
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Do not say what a failure usually means, as in an exam
    #[arg(long)]
    no_hints: bool,
}

impl ReportWords {
    pub(super) fn reports(&self) -> Result<Reports, Failure> {
        let named = [
            ("--junit", &self.junit, Form::Junit),
            ("--ctrf", &self.ctrf, Form::Ctrf),
            ("--classroom", &self.classroom, Form::Classroom),
            ("--html", &self.html, Form::Html),
        ];
        let paths: Vec<(&str, Option<&Path>)> = named.iter().map(|(flag, path, _)| (*flag, path.as_deref())).collect();
        check_paths(&paths)?;
        let files = named.into_iter().filter_map(|(_, path, form)| path.clone().map(|path| (form, path)));
        let stdout = match (self.json, self.tap) {
            (true, _) => Some(Form::Json),
            (_, true) => Some(Form::Tap),
            _ => None,
        };
        let hints = if self.no_hints { Hints::Hidden } else { Hints::Shown };
        Ok(Reports { stdout, files: files.collect(), hints })
    }
}
