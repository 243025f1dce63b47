//! `store`: shows what outlives the process.

use super::{Exit, Failure, print};
use crate::store::{self, Place, Role, StoreError, Table};

/// What is to be shown.
#[derive(Debug)]
pub(crate) struct Dump {
    /// `None` where there is no folder to keep anything in.
    pub(crate) data: Option<Place>,
    pub(crate) tables: Vec<Table>,
}

/// Prints every row as a JSON line.
///
/// # Errors
/// Where there is no store, it cannot be read, or stdout cannot be written to.
pub(crate) fn run(plan: &Dump) -> Result<Exit, Failure> {
    let place = plan.data.as_ref().ok_or(StoreError::Nowhere)?;
    if *place == Place::Memory {
        return Err(Failure::bad_words("what is kept in memory ends with its server; name a folder with --data"));
    }
    // Only a writer closes itself, and nothing is written here.
    let store = store::open(place, Role::Reader, drop)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|e| Failure::failed(format!("cannot wait for the store: {e}")))?;
    for table in &plan.tables {
        let mut lines = runtime.block_on(store.dump(*table))?.join("\n");
        if !lines.is_empty() {
            lines.push('\n');
            print::run(lines.as_bytes())?;
        }
    }
    Ok(Exit::Done)
}
