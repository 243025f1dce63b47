//! Login: accounts with passwords, and sessions by token.

/// What can be said.
mod command;
/// Threads for passwords, and the queue before them.
mod hashing;
/// What may be a password.
mod password;
/// Who holds which session.
mod presence;
/// How fast guesses may come.
mod throttle;
/// What is kept in the place of a password by a client.
mod token;
/// What is kept of a password.
mod verifier;
