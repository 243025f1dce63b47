//! Which lab: the word that names it, and what was typed beside it by mistake.

use crate::check::case::Lab;
use crate::check::dialogue::LEARNED;
use crate::check::{labs, near};
use crate::commands::Failure;
use crate::net::Address;

/// The lab of this name.
///
/// # Errors
/// Where there is none; it says which may have been meant.
pub(super) fn lab(name: &str) -> Result<&'static Lab, Failure> {
    labs::find(name).ok_or_else(|| {
        let names: Vec<&str> = labs::LABS.iter().map(|lab| lab.name).collect();
        Failure::bad_words(match near::meant(name, names.iter().copied()) {
            Some(meant) => format!("no lab is called `{name}`; did you mean {meant}? `check list` lists all"),
            None => format!("no lab is called `{name}`; there are {}", names.join(", ")),
        })
    })
}

/// The lab of this name, in which programs speak in words of their own.
///
/// # Errors
/// Where there is none, or nothing of it can be learned; it says of which it can.
pub(super) fn learned(name: &str) -> Result<&'static Lab, Failure> {
    let lab = lab(name)?;
    let learned = LEARNED.map(|(name, _)| name);
    if learned.contains(&lab.name) {
        return Ok(lab);
    }
    let names = learned.join(", ");
    Err(Failure::bad_words(format!("{name} has no dialogue that could be learned; these have: {names}")))
}

/// Words behind the lab have `--` in front of them, so that flags of the program are its own.
///
/// # Errors
/// Where there are any; it says how they are to be written.
pub(super) fn nothing_stray(name: &str, stray: &[String]) -> Result<(), Failure> {
    let Some(first) = stray.first() else { return Ok(()) };
    let command = shell_words::join(stray);
    let is_address = stray.len() == 1 && first.parse::<Address>().is_ok();
    Err(match labs::find(name) {
        Some(_) if is_address => {
            Failure::bad_words(format!("write --addr before the address: sockeye check {name} --addr {command}"))
        }
        Some(_) => Failure::bad_words(format!("write -- before the command: sockeye check {name} -- {command}")),
        None => match near::meant(name, labs::LABS.iter().map(|lab| lab.name)) {
            Some(meant) => Failure::bad_words(format!(
                "no lab is called `{name}`; did you mean {meant}? And write -- before the command: sockeye check {meant} \
                 -- {command}"
            )),
            None => Failure::bad_words(format!(
                "no lab is called `{name}`; write the lab, and -- before the command: sockeye check LAB -- {} {command}; \
                 `check list` lists the labs",
                shell_words::quote(name)
            )),
        },
    })
}
