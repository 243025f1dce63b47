//! Plays: what the cases of login do.

use std::time::Duration;

use super::desk::{Desk, Person};
use super::stored::{Files, keeps, readable, shared, written};
use super::token::{self, Token};
use super::ways::{known, plain};
use crate::check::case::Played;
use crate::check::dialogue::{Answer, Dialogue};
use crate::check::document::Transport;
use crate::check::fault::{Fault, Miss};
use crate::check::say;
use crate::check::stage::Stage;

pub(super) fn register_login(stage: &mut Stage) -> Played {
    let way = known(stage)?;
    let person = registered(stage, &way)?;
    let entered = enters(stage, &way, &person)?;
    Ok(match entered.answer {
        Answer::Accepted(text) => {
            Some(format!("it says {} to who comes in", say::quoted(say::escaped(text.trim().as_bytes()).as_bytes())))
        }
        _ => None,
    })
}

pub(super) fn wrong(stage: &mut Stage) -> Played {
    let way = known(stage)?;
    let person = registered(stage, &way)?;
    let right = plain(enters(stage, &way, &person)?.last_words(), &person);
    for (password, what) in near(stage, &person.password) {
        let guest = Person { password, ..person.clone() };
        let tried = Desk::log_in(stage, &way, &guest)?;
        refused(&tried, &guest, &right).map_err(|m| {
            m.with_did(&format!("registered with the password {:?}, and came with {what}", person.password))
        })?;
    }
    Ok(None)
}

/// Passwords that are not this one.
fn near(stage: &mut Stage, password: &str) -> [(String, String); 4] {
    let other = Person::new(stage).password;
    let (part, longer) = (password[..password.len() - 3].to_owned(), format!("{password}x"));
    let swapped =
        password.chars().map(|c| if c.is_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() });
    let swapped: String = swapped.collect();
    [(other, "another"), (part, "its beginning"), (longer, "a letter more"), (swapped, "other case")]
        .map(|(password, what)| (password.clone(), format!("{what}, {password:?}")))
}

/// Whether it was a no; an answer that we do not understand is one where it is not that to the right password.
fn refused(tried: &Desk, guest: &Person, right: &str) -> Result<(), Miss> {
    let let_in = match &tried.answer {
        Answer::Accepted(_) => true,
        Answer::Other(text) => plain(text, guest) == right,
        _ => false,
    };
    if let_in { Err(tried.miss("a no")) } else { Ok(()) }
}

pub(super) fn unknown(stage: &mut Stage) -> Played {
    let way = known(stage)?;
    let person = Person::new(stage);
    let made = Desk::register(stage, &way, &person)?;
    let making = made.said_by_anybody(&person);
    made.leave();
    let known = enters(stage, &way, &person)?;
    let (entering, right) = (known.said_by_anybody(&person), plain(known.last_words(), &person));
    known.leave();
    let stranger = Person { seat: person.seat, ..Person::new(stage) };
    let tried = Desk::log_in(stage, &way, &stranger)?;
    if !tried.gave_the_name(&stranger) {
        return Err(Miss::skip("it knows people by their address, and asks them for no name"));
    }
    let did = format!("came with the name {:?}, which nobody has registered", stranger.name);
    if entering == making && tried.is_in() {
        tried.leave();
        // An account has a password.
        let guest = Person { password: Person::new(stage).password, ..stranger };
        let again = Desk::log_in(stage, &way, &guest)?;
        refused(&again, &guest, &right).map_err(|m| m.with_did(&format!("{did}, and again with another password")))?;
        return Ok(Some("it makes an account for everybody who has none".to_owned()));
    }
    refused(&tried, &stranger, &right).map_err(|m| m.with_did(&did))?;
    if tried.answer == Answer::Silent || broke(stage) {
        return Err(tried.miss("a no, and no traceback").with_did(&did));
    }
    let ended = tried.answer == Answer::Ended;
    tried.leave();
    enters(stage, &way, &person).map_err(|m| m.with_did(&format!("{did}; then somebody came who has")))?;
    Ok(ended.then(|| "it ends the connection without a word".to_owned()))
}

/// Whether an exception went uncaught.
fn broke(stage: &Stage) -> bool {
    stage.actor().is_some_and(|actor| actor.ending().is_some() || actor.uncaught().is_some())
}

pub(super) fn no_plaintext(stage: &mut Stage) -> Played {
    stage.command()?;
    let way = known(stage)?;
    let before = files(stage)?;
    let person = registered(stage, &way)?;
    enters(stage, &way, &person)?.leave();
    let kept = kept(stage, &before)?;
    let Some(reading) = readable(&kept, &person.password) else {
        let names: Vec<String> =
            kept.iter().map(|(file, _)| say::escaped(file.as_os_str().as_encoded_bytes())).collect();
        return Ok(Some(format!("looked into {}", names.join(", "))));
    };
    let got = format!("{} has it {}", say::escaped(reading.file.as_os_str().as_encoded_bytes()), reading.form);
    let fault = Fault::new(Transport::Answered, "no file with the password in it", got);
    Err(fault.did(format!("registered with the password {:?}", person.password)).at(reading.bytes, reading.at).into())
}

fn files(stage: &mut Stage) -> Result<Files, Miss> {
    stage.listening()?;
    Ok(stage.place()?.files())
}

/// What has been written by now.
fn kept(stage: &mut Stage, before: &Files) -> Result<Files, Miss> {
    let kept = written(files(stage)?, before);
    if kept.is_empty() {
        return Err(Miss::skip("it has written no file in its folder, so nothing could be looked at"));
    }
    Ok(kept)
}

pub(super) fn not_echoed(stage: &mut Stage) -> Played {
    let way = known(stage)?;
    let person = Person::new(stage);
    let guest = Person { password: Person::new(stage).password, ..person.clone() };
    let visits = [
        ("registered", Desk::register(stage, &way, &person)?, &person),
        ("came in", Desk::log_in(stage, &way, &person)?, &person),
        ("came with a wrong password", Desk::log_in(stage, &way, &guest)?, &guest),
    ];
    for (did, visit, who) in &visits {
        if let Some(at) = visit.talk.heard.find(&who.password) {
            let fault = Fault::new(Transport::Answered, "no word of the password", "it came back over the wire");
            return Err(fault.did(format!("{did} with {:?}", who.password)).at(visit.talk.heard.as_bytes(), at).into());
        }
    }
    drop(visits);
    stage.scene.breathe(MOMENT);
    let Some(actor) = stage.actor() else { return Ok(None) };
    let printed = actor.output() + &actor.stderr();
    match [&person.password, &guest.password].into_iter().find_map(|password| printed.find(password.as_str())) {
        None => Ok(None),
        Some(at) => {
            let fault = Fault::new(Transport::Answered, "no word of the password", "the server printed it");
            Err(fault.did("registered, came in, and came with a wrong password").at(printed.as_bytes(), at).into())
        }
    }
}

pub(super) fn salt(stage: &mut Stage) -> Played {
    stage.command()?;
    let way = known(stage)?;
    let before = files(stage)?;
    let one = registered(stage, &way)?;
    let other = Person { password: one.password.clone(), ..Person::new(stage) };
    let second = Desk::register(stage, &way, &other)?;
    if !matches!(second.answer, Answer::Accepted(_) | Answer::Other(_)) {
        return Err(Miss::skip("it does not take two people with the same password"));
    }
    second.leave();
    let third = registered(stage, &way)?;
    let kept = kept(stage, &before)?;
    if let Some(hash) = shared(&kept, [&one.name, &other.name, &third.name]) {
        let want = "two people's stored passwords that have nothing in common";
        let fault = Fault::new(Transport::Answered, want, format!("both have {}", say::escaped(hash.as_bytes())));
        return Err(fault.did("registered two people with the same password").into());
    }
    if keeps(&kept, &one.name) && keeps(&kept, &other.name) {
        return Ok(None);
    }
    Err(Miss::skip("nothing was found in its files that is kept under the names"))
}

pub(super) fn retries(stage: &mut Stage) -> Played {
    let way = known(stage)?;
    let (person, other) = (registered(stage, &way)?, registered(stage, &way)?);
    let right = plain(enters(stage, &way, &person)?.last_words(), &person);
    let mut desk: Option<Desk> = None;
    for time in 1..=TRIES {
        let guest = Person { password: Person::new(stage).password, ..person.clone() };
        // On the same connection where it asks again, because there the tries are counted.
        let goes_on = match &mut desk {
            Some(desk) => desk.once_more(&way, &guest)?,
            None => false,
        };
        if !goes_on {
            desk = None;
        }
        let tried = match desk.take() {
            Some(desk) => desk,
            None => Desk::log_in(stage, &way, &guest)?,
        };
        refused(&tried, &guest, &right)
            .map_err(|m| m.with_did(&format!("came with {time} wrong passwords in turn")))?;
        desk = Some(tried);
    }
    drop(desk);
    let did = format!("somebody came with {TRIES} wrong passwords; then another came with the right one");
    enters(stage, &way, &other).map_err(|m| m.with_did(&did))?.leave();
    let late = Desk::log_in(stage, &way, &person)?;
    Ok((!late.is_in()).then(|| {
        format!("the right password is then answered by {}", say::quoted(late.last_words().trim().as_bytes()))
    }))
}

pub(super) fn token_works(stage: &mut Stage) -> Played {
    let way = known(stage)?;
    let Token { person, text, .. } = Token::given(stage, &way)?;
    let way = token::resuming(stage, &way, (&person, &text))?;
    let resumed = Desk::resume(stage, &way, (&person, &text))?;
    if resumed.is_in() { Ok(None) } else { Err(resumed.miss("a yes to the token that was given at the login")) }
}

pub(super) fn token_forged(stage: &mut Stage) -> Played {
    let way = known(stage)?;
    let Token { person, text, .. } = Token::given(stage, &way)?;
    let way = token::resuming(stage, &way, (&person, &text))?;
    let right = Desk::resume(stage, &way, (&person, &text))?;
    let right = plain(right.last_words(), &person);
    for (forged, what) in token::forged(&text) {
        let tried = Desk::resume(stage, &way, (&person, &forged))?;
        refused(&tried, &person, &right).map_err(|m| m.with_did(&format!("came with the token {what}")))?;
    }
    Ok(None)
}

pub(super) fn token_fresh(stage: &mut Stage) -> Played {
    let way = known(stage)?;
    let first = Token::given(stage, &way)?;
    let again = enters(stage, &way, &first.person)?;
    let Some(second) = token::in_answer(&way, again.last_words(), &first.person) else {
        return Err(Miss::skip("the second login gave no token"));
    };
    match token::weakness(&first.text, &second, &first.person.name) {
        None => Ok(None),
        Some(why) => Err(Miss::answer("two tokens that nobody can guess", why).with_did("logged in twice")),
    }
}

pub(super) fn restart(stage: &mut Stage) -> Played {
    stage.command()?;
    let way = known(stage)?;
    let person = registered(stage, &way)?;
    stage.kill();
    let did = "registered, killed the server, started it again, and came with the right password";
    enters(stage, &way, &person).map_err(|m| m.with_did(did))?;
    Ok(None)
}

pub(super) fn pieces(stage: &mut Stage) -> Played {
    let way = known(stage)?;
    let person = Person::new(stage);
    let made = Desk::register(stage, &way, &person)?;
    // Who ends what it says may take that for an end as well.
    let ends = made.talk.heard.ends_with('\n');
    let way = if way.line_end.is_empty() && ends { Dialogue { line_end: "\n".to_owned(), ..way } } else { way };
    made.leave();
    let whole = Desk::log_in(stage, &way, &person)?;
    if way.line_end.is_empty() || !whole.is_in() {
        return Err(Miss::skip("its messages have no end, so that two pieces are two messages to it"));
    }
    whole.leave();
    let desk = Desk::log_in_by_pieces(stage, &way, &person)?;
    if desk.is_in() {
        return Ok(None);
    }
    Err(desk.miss("a yes").with_did("came with the right password, its last three letters in a segment of their own"))
}

/// Somebody new, with an account.
pub(super) fn registered(stage: &mut Stage, way: &Dialogue) -> Result<Person, Miss> {
    let person = Person::new(stage);
    let desk = Desk::register(stage, way, &person)?;
    match desk.answer {
        Answer::Accepted(_) | Answer::Other(_) => desk.leave(),
        _ => return Err(desk.miss("a yes to a new name and a password")),
    }
    Ok(person)
}

/// Somebody who has an account comes in.
pub(super) fn enters(stage: &mut Stage, way: &Dialogue, person: &Person) -> Result<Desk, Miss> {
    let desk = Desk::log_in(stage, way, person)?;
    if desk.is_in() {
        return Ok(desk);
    }
    let did = format!("registered {:?} with {:?}, and came again with both", person.name, person.password);
    Err(desk.miss("a yes to the right name and password").with_did(&did))
}

const TRIES: usize = 11;
const MOMENT: Duration = Duration::from_millis(200);
