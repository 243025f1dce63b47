//! Labs: the catalogue. A lab is a file with a table of rows and the functions that play them; a new case is one row.

/// 100 kB are received, and then sent back.
mod bulk;
/// A room for many, with an admin at the server.
mod chat;
/// A client, which finds us where it looks for its server.
mod client;
/// One client, one connection: what comes goes back.
pub(crate) mod echo;
/// What a server tells of what happens to it.
mod events;
/// Messages with a header that holds their length.
mod frame;
/// What its conversations are made of.
mod framed;
/// `Hello` is greeted, `Time` is told the time.
mod greet;
/// Knows its visitors by their address.
mod identify;
/// What a server tells in a file.
mod log;
/// Accounts with passwords.
pub(crate) mod login;
/// The same with many clients at once.
mod many;
/// One message, one answer behind a prefix, and the end.
mod oneshot;
/// A server that moves away from a port that is taken.
mod port;
/// Questions that are answered well and badly.
mod prompt;
/// Rock-paper-scissors for two.
mod rps;
/// The program looks which of our ports are open.
mod scan;
/// What every server has to do before anything can be asked of it.
mod start;
/// Many messages in reply to one another.
mod talk;
/// What comes goes back in upper case.
mod upper;
/// `TIME` is told the time in UTC.
mod utc;

use super::case::Lab;

/// All labs, in the order of the sheets.
pub(crate) const LABS: &[&Lab] = &[
    &start::LAB,
    &echo::LAB,
    &many::LAB,
    &upper::LAB,
    &oneshot::LAB,
    &bulk::LAB,
    &events::LAB,
    &log::LAB,
    &client::LAB,
    &prompt::LAB,
    &port::LAB,
    &identify::LAB,
    &login::LAB,
    &rps::LAB,
    &chat::LAB,
    &greet::LAB,
    &utc::LAB,
    &scan::LAB,
    &frame::LAB,
    &talk::LAB,
];

/// The lab of this name.
pub(crate) fn find(name: &str) -> Option<&'static Lab> {
    LABS.iter().find(|lab| lab.name == name).copied()
}
