//! Files: where a program may write, by Landlock, which the kernel has from 5.13 on. Reading is not its business: who
//! is not to see something has it covered.

use std::ffi::OsString;

use landlock::{
    ABI, AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, Scope,
    path_beneath_rules,
};

/// Lets this process, and all that come from it, write to these places alone, and send signals to each other alone. As
/// much of it as the kernel knows.
pub(super) fn write_only_to(places: &[OsString]) -> Result<(), RulesetError> {
    let writing = AccessFs::from_write(RULES);
    let ruleset = Ruleset::default().set_compatibility(CompatLevel::BestEffort);
    let ruleset = ruleset.handle_access(writing)?.scope(Scope::Signal)?.create()?;
    // What is not there needs no rule.
    let ruleset = ruleset.add_rules(path_beneath_rules(places, writing))?;
    ruleset.add_rules(path_beneath_rules(DEVICES, writing))?.restrict_self()?;
    Ok(())
}

/// One later they would speak of what can be asked of a device, and of terminals a program may ask everything.
const RULES: ABI = ABI::V4;

/// What swallows everything or is one's own anyway, what gives new terminals, and the shared memory that locks between processes are made of,
/// which has random names where it is not one's own.
const DEVICES: &[&str] =
    &["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx", "/dev/shm"];
