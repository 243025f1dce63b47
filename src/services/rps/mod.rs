//! Rock-paper-scissors: the first two who come play each other, the next two each other, to three wins.

/// Rock, paper or scissors, in many words.
mod choice;
/// The rounds of two players.
mod game;
/// What players are told.
mod line;
/// Who waits, and who plays whom.
mod lobby;
