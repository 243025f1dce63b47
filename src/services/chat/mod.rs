//! Chat: many people in one room. Here is the room as a pure machine: what happens goes in with its time, what is to be
//! done comes out as values, and no socket, clock or task is needed to try it.

/// Who may not come in.
mod bans;
/// What somebody types, told apart.
mod command;
/// How fast somebody may talk.
mod flood;
/// What a newcomer has missed.
mod history;
/// What a member is called.
mod nick;
/// Who is there, and what comes of what they do.
mod room;
/// What others see of the bytes that somebody sends.
mod speech;
