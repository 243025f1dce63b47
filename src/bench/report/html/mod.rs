//! Html: a run, or several, as one page.

use std::io::{self, Write};

use super::document::Document;

pub(crate) fn write(_runs: &[(String, &Document)], _out: &mut dyn Write) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
