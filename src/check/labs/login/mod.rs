//! Login: a server that keeps accounts with passwords. Its words are its own; what counts is who comes in and who does
//! not, and what can be read in its files.

/// Somebody who says who they are.
mod desk;
/// What the cases do.
mod plays;
/// What it has written, and what can be read in it.
mod stored;
/// What is given to who has come in.
mod token;
/// How a server may be spoken to.
pub(crate) mod ways;

use crate::check::case::{Lab, Part, Role, Row};
use crate::check::document::Level;
use crate::check::labs::start;

pub(crate) const LAB: Lab = Lab {
    name: "login",
    role: Role::Server,
    summary: "a server where people register with a name and a password, and come in by them",
    sheet: "sheet R, task 8",
    parts: &[start::SERVER, Part { prefix: "auth", rows: ROWS }],
    answers: |_| Vec::new(),
};

const ROWS: &[Row] = &[
    Row {
        name: "register-login",
        level: Level::Must,
        needs: &[],
        title: "who has registered a name and a password comes in by them on another connection",
        why: "this is what the server is for",
        bug: "what was registered is forgotten when the connection ends, or compared with a line end that is still there",
        fix: "keep the account where all connections find it; strip() what was received before it is kept or compared",
        play: plays::register_login,
    },
    Row {
        name: "wrong",
        level: Level::Must,
        needs: &["register-login"],
        title: "other passwords do not open the account: not a random one, a part, a longer one, or one in other case",
        why: "a password is right or wrong, and nearly right is wrong",
        bug: "everything is accepted, or `if password in stored` compares parts",
        fix: "compare the whole hash, with hmac.compare_digest()",
        play: plays::wrong,
    },
    Row {
        name: "unknown",
        level: Level::Must,
        needs: &["register-login"],
        title: "a name that nobody has registered does not come in, and the server goes on",
        why: "people mistype their names",
        bug: "`users[name]` raises KeyError and ends the conversation, or the server",
        fix: "`stored = users.get(name)`, and say the same as to a wrong password",
        play: plays::unknown,
    },
    Row {
        name: "no-plaintext",
        level: Level::Must,
        needs: &["register-login"],
        title: "the password is in no file that the server writes, not even in base64 or hexadecimal",
        why: "whoever gets the file gets all passwords, and people use the same one elsewhere",
        bug: "the password is written as it came, or encoded, which is not hashed",
        fix: "keep hashlib.scrypt(password, salt=os.urandom(16), …), or argon2, and the salt",
        play: plays::no_plaintext,
    },
    Row {
        name: "not-echoed",
        level: Level::Must,
        needs: &["register-login"],
        title: "neither the right nor a wrong password comes back over the wire, or is printed",
        why: "logs are read by others than the person",
        bug: "print(data), or an error message that repeats what was typed",
        fix: "print who came in, never what they typed",
        play: plays::not_echoed,
    },
    Row {
        name: "salt",
        level: Level::Should,
        needs: &["no-plaintext"],
        title: "of two people with the same password different things are stored",
        why: "equal hashes show who shares a password, and are looked up in tables made once for all",
        bug: "md5(password) or sha256(password) without a salt, or with one salt for all",
        fix: "os.urandom(16) as the salt of each account, kept beside its hash",
        play: plays::salt,
    },
    Row {
        name: "retries",
        level: Level::Should,
        needs: &["wrong"],
        title: "after ten wrong passwords the eleventh wrong one is refused as well, and others still come in",
        why: "programs guess, and they guess more than three times",
        bug: "the loop of three tries falls through into the part for people who are in",
        fix: "return after the last wrong try; wait longer after each",
        play: plays::retries,
    },
    Row {
        name: "token-works",
        level: Level::Should,
        needs: &["register-login"],
        title: "the token that was given at the login opens the session again on another connection",
        why: "the sheet gives points for a session that is held by a token, as a cookie does",
        bug: "the token is given and not kept",
        fix: "keep sessions[token] = name, and look there first",
        play: plays::token_works,
    },
    Row {
        name: "token-forged",
        level: Level::Should,
        needs: &["token-works"],
        title: "a token with one character changed, cut short or made longer opens nothing",
        why: "else nobody needs a real one",
        bug: "only the beginning is compared, or anything of the right length is taken",
        fix: "look the whole token up; hmac.compare_digest() where it is compared",
        play: plays::token_forged,
    },
    Row {
        name: "token-fresh",
        level: Level::Should,
        needs: &["token-works"],
        title: "two logins give two tokens, each of at least 128 bits that nobody can guess",
        why: "a token that can be guessed is a password that everybody knows",
        bug: "the token is the name, a counter, a hash of the name, or random.random()",
        fix: "secrets.token_urlsafe(32) at each login",
        play: plays::token_fresh,
    },
    Row {
        name: "restart",
        level: Level::Should,
        needs: &["register-login"],
        title: "the server is killed after somebody has registered and started again, and they still come in",
        why: "an account that is gone tomorrow is none",
        bug: "accounts are kept in memory only, or the file is written when the program ends well",
        fix: "write the file as soon as somebody registers, and read it at the start",
        play: plays::restart,
    },
    Row {
        name: "pieces",
        level: Level::Should,
        needs: &["register-login"],
        title: "a password that arrives in two pieces is one password",
        why: "TCP cuts where it likes",
        bug: "each recv() is taken for a whole answer",
        fix: "read up to the line end, or by a length in front",
        play: plays::pieces,
    },
];
