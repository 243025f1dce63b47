//! Engine: sockets, and who gets the next one.

use std::io;
use std::sync::atomic::AtomicBool;

use super::{News, Plan, Totals};

pub(super) fn run(_plan: &Plan, _stop: &AtomicBool, _tell: &mut dyn FnMut(News)) -> io::Result<Totals> {
    todo!()
}
