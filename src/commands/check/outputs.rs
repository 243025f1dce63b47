//! Where reports go.

use std::io;

use super::Reports;
use crate::check::document::Document;
use crate::check::report::terminal::{self, Looks, Passes};
use crate::check::report::{Hints, without_hints};
use crate::commands::{Failure, Talk, Volume, print};

/// Writes what is asked for.
///
/// # Errors
/// Where a report cannot be written; those before it are.
pub(super) fn tell(document: &Document, reports: &Reports, talk: Talk) -> Result<(), Failure> {
    let document = match reports.hints {
        Hints::Shown => document.clone(),
        Hints::Hidden => without_hints(document.clone()),
    };
    let text = match reports.stdout {
        Some(form) => form.write(&document),
        None => terminal::text(&document, looks(talk)),
    };
    print::to_stdout(|out| out.write_all(text.as_bytes()))?;
    for (form, path) in &reports.files {
        print::to_file(Some(path), |out| out.write_all(form.write(&document).as_bytes()))?;
    }
    Ok(())
}

fn looks(talk: Talk) -> Looks {
    Looks {
        colour: talk.paint.on(&io::stdout()),
        columns: print::columns().unwrap_or(USUAL_COLUMNS),
        passes: if talk.volume == Volume::Verbose { Passes::Listed } else { Passes::Counted },
    }
}

const USUAL_COLUMNS: usize = 100;
