//! Where reports go.

use std::path::{Path, PathBuf};

use clap::Args;
use rustix::fs::{Access, access};

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

/// Each report has a file of its own, which can be written; stdout is taken. Afterwards it would be too late to say so.
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
        check_place(path).map_err(|why| Failure::bad_words(format!("{flag} {}: {why}", path.display())))?;
    }
    Ok(())
}

fn check_place(path: &Path) -> Result<(), String> {
    let may_write = |at: &Path| access(at, Access::WRITE_OK).is_ok();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match () {
        () if path.is_dir() => Err("it is a folder; name a file in it".to_owned()),
        () if path.exists() && may_write(path) => Ok(()),
        () if path.exists() => Err("it cannot be written; name another file".to_owned()),
        () if !folder.is_dir() => {
            Err(format!("there is no folder {}; make it, or name another file", folder.display()))
        }
        () if !may_write(folder) => Err(format!("nothing can be written in {}; name another file", folder.display())),
        () => Ok(()),
    }
}
