//! stub
use super::{Exit, Failure, Talk};
#[derive(Debug)]
pub(crate) struct Plan {}
pub(crate) fn run(_plan: Plan, _talk: Talk) -> Result<Exit, Failure> {
    todo!()
}
