//! Inside: what a process of ours does that was started to launch a program.

use std::ffi::OsString;

use super::order::{Order, Role};
use super::{becoming, keeper, namespaces, walls};

/// Does what the words of the hidden verb say. Where it returns there is nothing more to do than to end.
pub(crate) fn inside(words: &[OsString]) {
    let Some((order, command)) = Order::read(words) else { return };
    match order.role {
        Role::Outer => namespaces::hold(&order, command),
        Role::Keeper => keeper::run(&order, command),
        Role::Program => becoming::start(&order, command),
        Role::Trial => walls::try_all(),
        Role::Witness => walls::witness(&order),
    }
}
