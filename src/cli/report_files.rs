//! Report files: whether what is to be told can be written where it was said, before the work is done.

use std::path::Path;

use rustix::fs::{Access, access};

use crate::commands::Failure;

/// Each report has a file of its own, which can be written; stdout is taken. Afterwards it would be too late to say so.
pub(super) fn check_paths(reports: &[(&str, Option<&Path>)]) -> Result<(), Failure> {
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
