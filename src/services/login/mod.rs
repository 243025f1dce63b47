//! Login: accounts with passwords, and sessions by token.

/// What can be said.
mod command;
/// What may be a password.
mod password;
/// How fast guesses may come.
mod throttle;
/// What is kept in the place of a password by a client.
mod token;
/// What is kept of a password.
mod verifier;
